import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, valid_tuple_axes

import nnkit.symbolic.tensor as T
from nnkit.symbolic import function, grad
from tests.symbolic.checks import assert_gradients, value_of

few = settings(max_examples=4, deadline=None, derandomize=True, database=None)


@st.composite
def tensors_and_axes(draw):
    shape = draw(array_shapes(min_dims=1, max_dims=3, max_side=3))
    axis = draw(st.none() | st.integers(-len(shape), len(shape) - 1) | valid_tuple_axes(len(shape)))
    return np.random.default_rng(draw(st.integers(0, 999))).permutation(
        np.linspace(-2, 2.3, int(np.prod(shape)))
    ).reshape(shape), axis


REFERENCES = {
    "sum": np.sum,
    "prod": np.prod,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "var": np.var,
    "std": np.std,
    "logsumexp": lambda x, **options: np.log(np.sum(np.exp(x), **options)),
}


@pytest.mark.parametrize("name", REFERENCES)
@few
@given(tensors_and_axes(), st.booleans())
def test_reductions(name, case, keepdims):
    x, axis = case
    options = {"axis": axis, "keepdims": keepdims}
    reduce = getattr(T, name)
    np.testing.assert_allclose(
        value_of(reduce, x, **options), REFERENCES[name](x, **options), rtol=1e-12, atol=1e-14
    )
    assert value_of(reduce, x.astype("float32"), **options).dtype == np.float32
    if name != "std" or np.all(np.std(x, axis=axis) > 0.1):  # The root has no slope at 0.
        assert_gradients(lambda x: reduce(x, **options), x)


@pytest.mark.parametrize("name", ["all", "any", "argmax", "argmin"])
@few
@given(tensors_and_axes(), st.booleans())
def test_reductions_without_gradient(name, case, keepdims):
    x, axis = case
    axis = None if isinstance(axis, tuple) and name.startswith("arg") else axis
    options = {"axis": axis, "keepdims": keepdims}
    value = value_of(getattr(T, name), x, **options)
    wanted = getattr(np, name)(x, **options)
    np.testing.assert_array_equal(value, wanted)
    assert value.dtype == wanted.dtype


def test_methods():
    x = np.array([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
    for name in ("sum", "prod", "mean", "var", "std", "max", "min", "argmax", "argmin"):
        wanted = getattr(x, name)(axis=1, keepdims=True)
        value = value_of(lambda x, name=name: getattr(x, name)(axis=1, keepdims=True), x)
        np.testing.assert_allclose(value, wanted, rtol=1e-14)
    np.testing.assert_array_equal(value_of(lambda x: (x > 2).all(axis=0), x), [False, False, True])
    np.testing.assert_array_equal(value_of(lambda x: (x > 2).any(axis=0), x), [True, True, True])


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "float32", "float64"])
def test_dtypes(dtype):
    x = np.ones(300, dtype)
    for name in ("sum", "prod", "max", "mean"):
        value, wanted = value_of(getattr(T, name), x), getattr(np, name)(x)
        assert (value.dtype, value) == (wanted.dtype, wanted)


def test_dtypes_asked_for():
    x = np.full(3, 0.1, "float32")
    for name in ("sum", "prod", "mean"):
        reduce = getattr(T, name)
        assert value_of(reduce, x, dtype="float64").dtype == np.float64
        wide = value_of(reduce, x, acc_dtype="float64")
        np.testing.assert_allclose(wide, getattr(np, name)(x.astype(float)), rtol=1e-6)
        assert value_of(reduce, x, dtype="float32", acc_dtype="float64").dtype == np.float32
    assert value_of(T.sum, np.ones(300, "int8"), dtype="int64") == 300


def test_several_axes_of_argmax():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    value = value_of(T.argmax, x, axis=(0, 2))
    np.testing.assert_array_equal(value, x.transpose(1, 0, 2).reshape(3, 8).argmax(1))
    largest, place = T.max_and_argmax(T.dmatrix("x"), axis=1)
    assert (largest.ndim, place.dtype) == (1, "int64")


def test_equal_largest_elements_all_have_the_gradient():
    x = T.dvector("x")
    f = function([x], grad(T.max(x), x), mode="FAST_COMPILE")
    np.testing.assert_array_equal(f([1.0, 3.0, 3.0]), [0, 1, 1])


@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_the_gradient_of_a_product_with_zeros(zeros):
    x = np.array([[2.0, 3.0, -0.5], [1.5, 1.0, 2.0]])
    x[0, :zeros] = 0
    assert_gradients(lambda x: T.prod(x, axis=1), x)


def test_second_derivatives():
    x = np.array([0.5, 1.5, -0.7])
    for reduce in (T.prod, T.var, T.logsumexp):
        assert_gradients(lambda x, reduce=reduce: grad(reduce(x), x), x)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 0.5, np.inf, -np.inf])
def test_norms(order):
    x = np.array([[1.0, -2.0, 2.5], [0.5, 3.0, -0.25]])
    wanted = np.linalg.norm(x, order, axis=1)
    np.testing.assert_allclose(value_of(lambda x: x.norm(order, axis=1), x), wanted, rtol=1e-13)
    if order != 0:
        assert_gradients(lambda x: T.norm(x, order, axis=1), x)


def test_logsumexp_of_extreme_numbers():
    x = np.array([[1000.0, 1000.0], [-1000.0, -np.inf], [-np.inf, -np.inf], [np.inf, 0.0]])
    wanted = [1000 + np.log(2), -1000, -np.inf, np.inf]
    np.testing.assert_allclose(value_of(T.logsumexp, x, axis=1), wanted, rtol=1e-14)


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_cumulative_sums(axis):
    x = np.arange(6.0).reshape(2, 3) - 2
    np.testing.assert_array_equal(value_of(T.cumsum, x, axis=axis), np.cumsum(x, axis))
    assert_gradients(lambda x: T.cumsum(x, axis) ** 2, x)
    assert value_of(T.cumsum, np.ones(3, "int8")).dtype == np.int64


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_cumulative_products(axis):
    x = np.arange(1.0, 7.0).reshape(2, 3) - 2.5
    np.testing.assert_array_equal(value_of(T.cumprod, x, axis=axis), np.cumprod(x, axis))
    np.testing.assert_array_equal(value_of(lambda x: x.cumprod(axis), x), np.cumprod(x, axis))
    assert_gradients(lambda x: T.cumprod(x, axis) ** 2, x)


@pytest.mark.parametrize("x", [[2.0, 0.0, 3.0, 4.0], [0.0, 5.0, 0.0, 2.0], [1.0, 2.0, 3.0, 0.0]])
def test_cumulative_products_of_zeros(x):
    x = np.array(x)
    weights = np.array([1.0, 10.0, 100.0, 1000.0])
    found = value_of(lambda x: T.grad((T.cumprod(x) * weights).sum(), x), x)
    others = [np.cumprod([1.0 if j == i else x[j] for j in range(4)]) for i in range(4)]
    expected = [weights[i:] @ others[i][i:] for i in range(4)]
    np.testing.assert_allclose(found, expected)
    assert_gradients(lambda x: T.cumprod(x[::-1])[1:] * 2, x)


def test_var_with_fewer_degrees_of_freedom():
    x = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(value_of(T.var, x, ddof=1), np.var(x, ddof=1), rtol=1e-14)
    np.testing.assert_allclose(value_of(T.var, x, corrected=True), np.var(x), rtol=1e-14)
    assert value_of(T.ptp, x) == 3


def test_axes_may_be_constants():
    x = np.ones((2, 3))
    assert value_of(lambda x: T.sum(x, axis=T.constant(0)), x).tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("axis", "error", "message"),
    [
        (2, ValueError, r"'x' \(.*matrix.*\) has 2 axes, so no axis 2"),
        ((0, -2), ValueError, "an axis of 'x' .* twice"),
        (0.5, TypeError, r"axis is an integer or several of them, got 0\.5"),
        ("rows", TypeError, "got str 'rows'"),
    ],
)
def test_wrong_axes(axis, error, message):
    for reduce in (T.sum, T.max, T.argmax, T.mean, T.cumsum):
        with pytest.raises(error, match=message):
            reduce(T.dmatrix("x"), axis=axis)
