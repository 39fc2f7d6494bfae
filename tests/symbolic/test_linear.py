import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnkit.symbolic.tensor as T
from tests.symbolic.checks import assert_gradients, value_of

few = settings(max_examples=3, deadline=None, derandomize=True, database=None)
sizes = st.integers(1, 3)


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("", "i"),
        ("ij", ""),
        ("i", "i"),
        ("ij", "j"),
        ("i", "ij"),
        ("ij", "jk"),
        ("hij", "jk"),
        ("ij", "hjk"),
        ("hij", "j"),
        ("j", "hjk"),
    ],
)
@few
@given(st.fixed_dictionaries(dict.fromkeys("hijk", sizes)))
def test_dot(a, b, sizes):
    x, y = (normal(*(sizes[axis] for axis in axes)) for axes in (a, b))
    np.testing.assert_allclose(value_of(T.dot, x, y), np.dot(x, y), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(value_of(lambda x, y: x.dot(y), x, y), np.dot(x, y), atol=1e-12)
    assert_gradients(T.dot, x, y)


@pytest.mark.parametrize(
    ("a", "b", "axes"),
    [
        ("hij", "ijk", 2),
        ("ij", "kl", 0),
        ("hij", "jik", [[1, 2], [1, 0]]),
        ("hij", "kih", [(-2, 0), (1, 2)]),
        ("hij", "kj", [2, 1]),
        ("hij", "jhi", [[2, 0, 1], [0, 1, 2]]),
    ],
)
@few
@given(st.fixed_dictionaries(dict.fromkeys("hijkl", sizes)))
def test_tensordot(a, b, axes, sizes):
    x, y = (normal(*(sizes[axis] for axis in names)) for names in (a, b))
    value = value_of(T.tensordot, x, y, axes=axes)
    np.testing.assert_allclose(value, np.tensordot(x, y, axes), rtol=1e-12, atol=1e-14)
    assert_gradients(lambda x, y: T.tensordot(x, y, axes), x, y)


@pytest.mark.parametrize(
    ("a", "b"),
    [("hij", "hjk"), ("hij", "jk"), ("ij", "hjk"), ("hij", "j"), ("j", "hjk"), ("ij", "jk")],
)
@few
@given(st.fixed_dictionaries(dict.fromkeys("hijk", sizes)))
def test_matmul(a, b, sizes):
    x, y = (normal(*(sizes[axis] for axis in axes)) for axes in (a, b))
    np.testing.assert_allclose(value_of(T.matmul, x, y), x @ y, rtol=1e-12, atol=1e-14)
    assert_gradients(T.matmul, x, y)


def test_matmul_broadcasts():
    x, y = normal(1, 2, 3), normal(4, 3, 2)
    np.testing.assert_allclose(value_of(T.matmul, x, y), x @ y, rtol=1e-12)
    assert_gradients(T.matmul, x, y)


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        ("hij", "hjk", "hik"),
        ("hi", "hij", "hj"),
        ("hij", "hj", "hi"),
        ("hi", "hi", "h"),
        ("h", "h", "h"),
        ("h", "hij", "hij"),
        ("hij", "h", "hij"),
    ],
)
def test_batched_dot(a, b, result):
    sizes = dict(zip("hijk", (3, 2, 4, 2), strict=True))
    x, y = (normal(*(sizes[axis] for axis in axes)) for axes in (a, b))
    wanted = np.einsum(f"{a},{b}->{result}", x, y)
    np.testing.assert_allclose(value_of(T.batched_dot, x, y), wanted, rtol=1e-12, atol=1e-14)
    assert_gradients(T.batched_dot, x, y)


def test_outer_and_inner():
    x, y = normal(3), normal(2)
    np.testing.assert_array_equal(value_of(T.outer, x, y), np.outer(x, y))
    np.testing.assert_array_equal(value_of(T.outer, normal(2, 2), y), np.outer(normal(2, 2), y))
    assert_gradients(T.outer, x, y)
    a, b = normal(2, 3), normal(4, 3)
    np.testing.assert_allclose(value_of(T.inner, a, b), np.inner(a, b), rtol=1e-12)
    np.testing.assert_array_equal(value_of(T.inner, a, np.array(2.0)), 2 * a)


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (3, 2), (1, 1)])
def test_diagonals(shape):
    x = normal(*shape)
    np.testing.assert_array_equal(value_of(T.diagonal, x), np.diagonal(x))
    np.testing.assert_array_equal(value_of(lambda x: x.diagonal(), x), np.diagonal(x))
    np.testing.assert_array_equal(value_of(T.diag, x), np.diag(x))
    np.testing.assert_allclose(value_of(T.trace, x), np.trace(x), rtol=1e-14)
    assert_gradients(lambda x: T.diagonal(x) ** 2, x)
    np.testing.assert_array_equal(value_of(T.diag, x[0]), np.diag(x[0]))
    assert_gradients(lambda x: T.diag(x) ** 2, x[0])
    for k in (-2, -1, 1, 2):
        np.testing.assert_array_equal(value_of(lambda x, k=k: T.diag(x, k), x), np.diag(x, k))
        np.testing.assert_array_equal(value_of(lambda x, k=k: T.diag(x, k), x[0]), np.diag(x[0], k))
        if np.diag(x, k).size:
            assert_gradients(lambda x, k=k: T.diag(x, k) ** 2, x)
        assert_gradients(lambda x, k=k: T.diag(x, k) ** 2, x[0])


@pytest.mark.parametrize(("offset", "axis1", "axis2"), [(0, 0, 1), (1, 1, -1), (-1, 2, 0)])
def test_diagonals_of_some_axes(offset, axis1, axis2):
    x = normal(2, 3, 4)
    wanted = np.diagonal(x, offset, axis1, axis2)
    np.testing.assert_array_equal(value_of(lambda x: x.diagonal(offset, axis1, axis2), x), wanted)
    assert_gradients(lambda x: T.diagonal(x, offset, axis1, axis2) ** 2, x)


def test_dtypes():
    a, b = np.ones((2, 2), "int8"), np.ones((2, 2), "float32")
    for product in (T.dot, T.tensordot, T.matmul, T.outer):
        assert value_of(product, a, b).dtype == np.float32
        assert value_of(product, a, b.astype(float)).dtype == np.float64


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: T.tensordot(x, x, [[2], [0]]),
            ValueError,
            "'x' .* has 2 axes, so not the axes",
        ),
        (lambda x: T.tensordot(x, x, [[0, 0], [0, 1]]), ValueError, "axis of 'x' .* twice"),
        (lambda x: T.tensordot(x, x, 3), ValueError, "2 axes, so not the last 3"),
        (lambda x: T.tensordot(x, x, [[0], [0, 1]]), ValueError, "as many axes of a as of b"),
        (lambda x: T.tensordot(x, x, [[0], [0], [0]]), ValueError, "integer or a pair"),
        (lambda x: T.matmul(x, 2), TypeError, "matmul takes no scalars"),
        (lambda x: T.batched_dot(x, 2), TypeError, "one to three axes"),
        (lambda x: T.diagonal(x.sum()), TypeError, "diagonal takes matrices"),
        (lambda x: T.diagonal(x, 0, 1, -1), ValueError, "axis 1 twice"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call(T.dmatrix("x"))
