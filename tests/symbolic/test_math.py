import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

import nnkit.symbolic.tensor as T
from nnkit.symbolic import config, function, grad
from nnkit.symbolic.tensor import formulas
from nnkit.symbolic.tensor import math as numbers
from tests.symbolic.checks import assert_gradients, value_of

few = settings(max_examples=3, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 2**32 - 1)
shapes = array_shapes(min_dims=0, max_dims=3, max_side=3)

# The reference, and an interval without kinks and poles.
UNARY = {
    "neg": (np.negative, -2, 2),
    "inv": (np.reciprocal, 0.5, 2),
    "abs_": (np.abs, -2, -0.1),
    "sqr": (np.square, -2, 2),
    "sqrt": (np.sqrt, 0.3, 3),
    "exp": (np.exp, -2, 2),
    "exp2": (np.exp2, -2, 2),
    "expm1": (np.expm1, -2, 2),
    "log": (np.log, 0.3, 3),
    "log2": (np.log2, 0.3, 3),
    "log10": (np.log10, 0.3, 3),
    "log1p": (np.log1p, -0.5, 3),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -3, 3),
    "softplus": (lambda x: np.log(1 + np.exp(x)), -3, 3),
    "sin": (np.sin, -3, 3),
    "cos": (np.cos, -3, 3),
    "tan": (np.tan, -1, 1),
    "arcsin": (np.arcsin, -0.9, 0.9),
    "arccos": (np.arccos, -0.9, 0.9),
    "arctan": (np.arctan, -3, 3),
    "sinh": (np.sinh, -2, 2),
    "cosh": (np.cosh, -2, 2),
    "tanh": (np.tanh, -3, 3),
    "arcsinh": (np.arcsinh, -3, 3),
    "arccosh": (np.arccosh, 1.3, 3),
    "arctanh": (np.arctanh, -0.8, 0.8),
    "deg2rad": (np.deg2rad, -90, 90),
    "rad2deg": (np.rad2deg, -1, 1),
    "erf": (np.vectorize(math.erf, [float]), -2, 2),
    "erfc": (np.vectorize(math.erfc, [float]), -2, 2),
    "gamma": (np.vectorize(math.gamma, [float]), 0.5, 4),
    "gammaln": (np.vectorize(math.lgamma, [float]), 0.5, 9),
    "identity": (np.positive, -2, 2),
}
BINARY = {
    "add": (np.add, -2, 2),
    "sub": (np.subtract, -2, 2),
    "mul": (np.multiply, -2, 2),
    "true_div": (np.true_divide, 0.5, 2),
    "pow": (np.power, 0.5, 2),
    "maximum": (np.maximum, -2, 2),
    "minimum": (np.minimum, -2, 2),
    "arctan2": (np.arctan2, 0.5, 2),
    "logaddexp": (np.logaddexp, -2, 2),
}
WITHOUT_GRADIENT = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "neq": np.not_equal,
    "int_div": np.floor_divide,
    "mod": np.mod,
}


@pytest.mark.parametrize("name", UNARY)
@few
@given(shape=shapes, seed=seeds)
def test_functions_of_one_tensor(name, shape, seed):
    reference, low, high = UNARY[name]
    x = np.random.default_rng(seed).uniform(low, high, shape)
    np.testing.assert_allclose(value_of(getattr(T, name), x), reference(x), rtol=1e-13)
    single = value_of(getattr(T, name), x.astype("float32"))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, reference(x), rtol=1e-3, atol=1e-4)
    assert_gradients(getattr(T, name), x)


@pytest.mark.parametrize("name", BINARY)
@few
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3), seed=seeds)
def test_functions_of_two_tensors(name, shapes, seed):
    reference, low, high = BINARY[name]
    rng = np.random.default_rng(seed)
    x, y = (rng.uniform(low, high, shape) for shape in shapes.input_shapes)
    np.testing.assert_allclose(value_of(getattr(T, name), x, y), reference(x, y), rtol=1e-13)
    assert_gradients(getattr(T, name), x, y)


@pytest.mark.parametrize("name", WITHOUT_GRADIENT)
@few
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3), seed=seeds)
def test_comparisons_and_remainders(name, shapes, seed):
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(1, 4, shape) for shape in shapes.input_shapes)
    wanted = WITHOUT_GRADIENT[name](x, y)
    for dtype in ("int64", "float64"):
        value = value_of(getattr(T, name), x.astype(dtype), y)
        np.testing.assert_array_equal(value, wanted)
        assert value.dtype == (wanted.dtype if wanted.dtype == bool else dtype)


def test_gradient_of_a_remainder():
    assert_gradients(T.mod, np.array([5.3, -5.3, 2.1]), np.array([2.0, 2.0, -0.8]))


@pytest.mark.parametrize("name", ["add", "mul", "maximum", "true_div"])
@pytest.mark.parametrize("x", ["bool", "int8", "int64", "float32", "float64"])
@pytest.mark.parametrize("y", ["int8", "int32", "float32", "float64"])
def test_dtypes_are_those_of_numpy(name, x, y):
    a, b = np.ones((2, 1), x), np.full(3, 2, y)
    value = value_of(getattr(T, name), a, b)
    wanted = getattr(np, {"true_div": "true_divide", "mul": "multiply"}.get(name, name))(a, b)
    integers = name == "true_div" and np.result_type(a, b).kind != "f"
    assert value.dtype == ("float64" if integers else wanted.dtype)
    np.testing.assert_allclose(value, wanted, rtol=1e-3)


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [("bool", "float32"), ("int8", "float32"), ("int16", "float32"), ("int32", "float64")],
)
def test_functions_of_integers_are_floats(dtype, wanted):
    value = value_of(T.exp, np.array([0, 1], dtype))
    assert value.dtype == wanted
    np.testing.assert_allclose(value, np.exp(np.array([0.0, 1.0])), rtol=1e-6)


def test_a_quotient_of_integers_is_floatx():
    assert T.true_div(T.lscalar(), 2).dtype == "float64"
    config.floatX = "float32"
    try:
        assert (T.lscalar() / T.iscalar()).dtype == "float32"
    finally:
        config.floatX = "float64"


def test_operators():
    x, y = np.array([7.0, -7.0]), np.array([2.0, 4.0])
    cases = [
        (lambda x, y: 1 + x - y * 2, 1 + x - y * 2),
        (lambda x, y: 1 / x + x / 2 - (3 - y), 1 / x + x / 2 - (3 - y)),
        (lambda x, y: 9 // y + x // 2 + x % y + 9 % y, 9 // y + x // 2 + x % y + 9 % y),
        (lambda x, y: 2**x + x**2 - (-x) + abs(x), 2**x + x**2 + x + abs(x)),
        (lambda x, y: (x > y) & (x < 9) | ~(y >= 4), (x > y) & (x < 9) | ~(y >= 4)),
        (lambda x, y: np.ones(2) + x, 1 + x),
    ]
    for expression, wanted in cases:
        np.testing.assert_allclose(value_of(expression, x, y), wanted, rtol=1e-14)


def test_python_numbers_do_not_widen():
    x = T.fvector()
    for y in (x + 1, x * 0.5, 2 - x, x**2, x**0.5, x**-1, T.maximum(x, 0), T.clip(x, 0, 1)):
        assert y.dtype == "float32"
    for name in ("log2", "log10", "exp2", "erf", "sigmoid", "deg2rad", "softplus"):
        assert grad(T.sum(getattr(T, name)(x)), x).dtype == "float32"


@pytest.mark.parametrize("power", [2, 0.5, 1, -1, 0, 3, 2.5, -2])
def test_constant_powers(power):
    x = np.array([0.5, 1.0, 2.0])
    np.testing.assert_allclose(value_of(lambda x: x**power, x), x**power, rtol=1e-14)
    assert_gradients(lambda x: x**power, x)


def test_simple_powers_are_recognised():
    x = T.dvector()
    assert [str((x**p).owner.op) for p in (2, 0.5, 1, -1, 3)] == [
        "sqr",
        "sqrt",
        "identity",
        "inv",
        "pow",
    ]
    assert (T.bvector() ** 2).dtype == "int8"


def test_powers_of_integers():
    x = np.array([1, 2, -3])
    np.testing.assert_array_equal(value_of(lambda x: x**3, x), x**3)
    np.testing.assert_array_equal(value_of(lambda x: x ** np.array([-1, -1, 2]), x), [1, 0, 9])


def test_the_gradient_of_a_power_at_zero_is_finite():
    x = T.dvector("x")
    f = function([x], grad(T.sum(x**3 + x**2 + 0 * x), x), mode="FAST_COMPILE")
    np.testing.assert_array_equal(f([0.0, 1.0]), [0, 5])


def test_extreme_arguments():
    x = np.array([-800.0, -40.0, 0.0, 40.0, 800.0])
    np.testing.assert_allclose(
        value_of(T.sigmoid, x), [0, np.exp(-40.0), 0.5, 1, 1], rtol=1e-14, atol=1e-300
    )
    np.testing.assert_allclose(
        value_of(T.softplus, x), [0, np.exp(-40.0), np.log(2), 40, 800], rtol=1e-14, atol=1e-300
    )
    assert_gradients(T.softplus, np.array([-700.0, 700.0]))


def test_maximum_of_equal_numbers_has_one_gradient():
    x, y = T.dscalars("x y")
    f = function([x, y], grad(T.maximum(x, y), [x, y]), mode="FAST_COMPILE")
    assert [float(g) for g in f(1.0, 1.0)] == [1, 0]


def test_clip():
    x = np.array([-2.0, -0.5, 0.5, 2.0])
    low, high = np.array([-1.0]), np.array(1.0)
    np.testing.assert_array_equal(value_of(T.clip, x, low, high), [-1, -0.5, 0.5, 1])
    np.testing.assert_array_equal(value_of(lambda x: x.clip(-1, 1), x), [-1, -0.5, 0.5, 1])
    assert_gradients(T.clip, x, low, high)


def test_switch():
    x, y = np.array([[-1.0, 2.0]]), np.array([[3.0], [4.0]])
    np.testing.assert_array_equal(
        value_of(lambda x, y: T.switch(x > 0, x, y), x, y), np.where(x > 0, x, y)
    )
    assert_gradients(lambda x, y: T.where(x > 0, x * y, y), x, y)
    half = value_of(lambda c: T.switch(c, 1, 2), np.array([0.5, 0.0]))
    np.testing.assert_array_equal(half, [1, 2])
    assert half.dtype == np.int8


def test_bits_and_truth():
    a, b = np.array([True, True, False]), np.array([True, False, False])
    for name, reference in [
        ("and_", np.logical_and),
        ("or_", np.logical_or),
        ("xor", np.logical_xor),
    ]:
        np.testing.assert_array_equal(value_of(getattr(T, name), a, b), reference(a, b))
    np.testing.assert_array_equal(value_of(T.invert, b), ~b)
    x, y = np.array([12, 5]), np.array([10, 3])
    np.testing.assert_array_equal(value_of(lambda x, y: (x & y) | ~x, x, y), (x & y) | ~x)
    with pytest.raises(TypeError, match=r"and_ takes bools and integers, got 'x' \(.*float64"):
        T.and_(T.dvector("x"), b)
    assert value_of(lambda a: 1 - a, a).dtype == np.int8
    assert value_of(T.sub, a, b).tolist() == [0, 1, 0]
    assert value_of(T.neg, a).tolist() == [-1, -1, 0]


def test_allclose():
    x = np.array([1.0, 2.0])
    assert value_of(T.allclose, x, x + 1e-9)
    assert not value_of(T.allclose, x, x + 1e-3)


def test_what_is_no_number():
    x = np.array([1.0, np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(value_of(T.isnan, x), np.isnan(x))
    np.testing.assert_array_equal(value_of(T.isinf, x), np.isinf(x))
    y = np.array([1 + 1e-9, np.nan, np.inf, np.inf])
    for equal_nan in (False, True):
        value = value_of(lambda x, y, e=equal_nan: T.isclose(x, y, equal_nan=e), x, y)
        np.testing.assert_array_equal(value, np.isclose(x, y, equal_nan=equal_nan))


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc"])
def test_rounding(name):
    x = np.array([-1.5, -0.2, 0.5, 2.7])
    np.testing.assert_array_equal(value_of(getattr(T, name), x), getattr(np, name)(x))
    large = np.array([2**62 + 1])
    np.testing.assert_array_equal(value_of(getattr(T, name), large), large)


def test_round_modes():
    x = np.array([-2.5, -0.5, 0.5, 1.5, 2.4])
    np.testing.assert_array_equal(value_of(T.round, x), np.rint(x))
    away = value_of(lambda x: x.round("half_away_from_zero"), x)
    np.testing.assert_array_equal(away, [-3, -1, 1, 2, 2])
    np.testing.assert_array_equal(value_of(T.sgn, x), np.sign(x))
    with pytest.raises(ValueError, match="half_to_even"):
        T.round(T.dscalar(), "up")


def test_steps_have_no_gradient():
    x = T.dvector("x")
    for y in (T.floor(x), T.sgn(x), T.cast(x > 0, "float64"), x // 2):
        f = function([x], grad(T.sum(y + 3 * x), x), mode="FAST_COMPILE")
        np.testing.assert_array_equal(f([1.5, -1.5]), [3, 3])


def test_the_gamma_functions_derivatives():
    x = np.array([0.5, 1.0, 2.0, 10.5, -0.5])
    euler = 0.5772156649015329
    psi = value_of(T.psi, x)
    np.testing.assert_allclose(psi[:3], [-euler - 2 * np.log(2), -euler, 1 - euler], rtol=1e-13)
    np.testing.assert_allclose(value_of(T.tri_gamma, x)[1], np.pi**2 / 6, rtol=1e-13)
    assert_gradients(T.gammaln, x)
    assert_gradients(T.psi, x)
    poles = np.array([0.0, -1.0, 200.0])
    np.testing.assert_array_equal(value_of(T.gamma, poles), [np.inf, np.nan, np.inf])
    np.testing.assert_array_equal(value_of(T.gammaln, poles[:2]), [np.inf, np.inf])


def test_cast():
    x = np.array([1.7, -1.7])
    assert value_of(lambda x: T.cast(x, "int32"), x).tolist() == [1, -1]
    assert value_of(lambda x: x.astype("floatX"), x.astype("float32")).dtype == np.float64
    variable = T.dvector()
    assert T.cast(variable, "float64") is variable
    assert T.cast(2, "floatX").data.dtype == np.float64
    assert_gradients(lambda x: T.cast(T.cast(x, "float32"), "float64") * 0 + x, x)


def test_in_the_shape_of_another():
    x = np.array([[np.nan, 2.0]])
    assert value_of(T.zeros_like, x).tolist() == [[0, 0]]
    assert value_of(lambda x: x.ones_like("int8"), x).dtype == np.int8
    assert value_of(T.fill, x, np.array(3)).tolist() == [[3, 3]]
    assert_gradients(T.second, np.ones((1, 2)), np.array(3.0))


def test_a_copy_has_its_own_name():
    x = T.dvector("x")
    assert (x.copy().name, x.copy("y").name, x.name) == (None, "y", "x")


def test_sums_and_products_of_several():
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(value_of(lambda x: T.add(x, 1, x), x), [3, 5])
    np.testing.assert_array_equal(value_of(lambda x: T.mul(x, 2, x), x), [2, 8])


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "FAST_RUN"])
def test_an_axis_broadcasts_only_if_it_says_so(mode):
    x, y = T.dmatrices("x y")
    f = function([x, y], T.exp(x) * y, mode=mode)
    for shape in ((1, 3), (3, 3)):
        with pytest.raises(ValueError, match=rf"axis 0 of .* size {shape[0]}.*'y'.* of size 2"):
            f(np.ones(shape), np.ones((2, 3)))
    row = T.drow("row")
    f = function([row, y], row * y, mode=mode)
    assert f(np.ones((1, 3)), np.ones((2, 3))).shape == (2, 3)


def test_a_list_of_variables_is_a_tensor():
    x = np.array(2.0)
    assert value_of(lambda x: T.sum([x, 3, x * x]), x) == 9


def test_all_functions_of_numbers_are_imported_from_math_too():
    for name in formulas.__all__:
        assert getattr(numbers, name) is getattr(T, name)
