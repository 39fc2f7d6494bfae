"""The text of generated loops: each function of the table, broadcasting, strides, sums."""

import numpy as np
import pytest

import nnkit.symbolic.tensor as T
from nnkit.symbolic import function
from nnkit.symbolic.run.fusion import fusable, fuse
from nnkit.symbolic.tensor.elementwise import Cast, Elemwise, elementwise
from nnkit.symbolic.tensor.formulas import SCALARS
from nnkit.symbolic.tensor.variable import TensorType, constant


def variable(shape, dtype="float64"):
    return TensorType(dtype, [n == 1 for n in shape])()


def run(root, arrays, axes=()):
    """The loop's result, and NumPy's."""
    known = {id(v): array for v, array in arrays.items()}

    def value(v):
        if id(v) in known:
            return known[id(v)]
        return v.data if hasattr(v, "data") else v.owner.op.perform(*map(value, v.owner.inputs))

    expected = np.asarray(value(root))
    shape = expected.shape
    expected = expected.sum(axis=axes) if axes else expected
    out = np.empty(expected.shape, expected.dtype)
    kernel, arguments = fuse(
        root, lambda v: v.owner is not None, lambda v: known[id(v)], shape, out, axes
    )
    kernel(*arguments)
    return out, expected, kernel


def operands(scalar, dtype):
    """Numbers that a function is defined for, and the special ones."""
    count = 1 + max(i for i in range(3) if f"{{{i}}}" in scalar.source)
    base = [0.5, 1, 2, -1, -0.25, 3, 0] if "float" in dtype else [1, 2, 3, -2, 5, 1, 2]
    array = np.array(base * 7, dtype)
    others = [np.repeat(np.array(base, dtype), 7) for _ in range(count - 1)]
    if "float" in dtype:
        special = np.array([np.nan, np.inf, -np.inf], dtype)
        array = np.append(array, special)
        others = [np.append(o, np.ones(3, dtype)) for o in others]
    return [array, *others]


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
@pytest.mark.parametrize("name", [n for n, s in SCALARS.items() if s.source and n != "second"])
def test_each_function_is_numpys(name, dtype):
    arrays = operands(SCALARS[name], dtype)
    inputs = [variable(a.shape, dtype) for a in arrays]
    try:
        root = Elemwise(SCALARS[name])(*inputs)
        with np.errstate(all="ignore"):
            Elemwise(SCALARS[name]).perform(*arrays)
    except (TypeError, ValueError):
        return  # Not defined for this data type.
    if not fusable(root.owner):
        return
    out, expected, _ = run(root, dict(zip(inputs, arrays, strict=True)))
    assert out.dtype == expected.dtype
    np.testing.assert_allclose(
        out, expected, rtol=2e-6 if expected.dtype == "float32" else 1e-12, atol=1e-6
    )


@pytest.mark.parametrize("axes", [(), (0,), (1,), (0, 1)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_broadcasting_and_sums(axes, order):
    rng = np.random.default_rng(0)
    shapes = [(5, 7), (1, 7), (5, 1), (1, 1)]
    inputs = [variable(s) for s in shapes]
    arrays = {
        v: np.array(rng.normal(size=s), order=order) for v, s in zip(inputs, shapes, strict=True)
    }
    x, row, column, one = inputs
    for root in (
        elementwise("add", elementwise("mul", x, row), 0.5),
        elementwise("mul", elementwise("tanh", elementwise("add", column, one)), x),
        elementwise("second", x, one),
        elementwise("add", x, elementwise("exp", x)),
    ):
        out, expected, _ = run(root, arrays, axes)
        np.testing.assert_allclose(out, expected, rtol=1e-12)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 2), (0, 1), (1, 2), (0, 1, 2)])
def test_sums_over_any_axes(axes):
    x, y = variable((2, 3, 4)), variable((1, 3, 1))
    rng = np.random.default_rng(0)
    arrays = {x: rng.normal(size=(2, 3, 4)), y: rng.normal(size=(1, 3, 1))}
    out, expected, _ = run(elementwise("mul", x, y), arrays, axes)
    np.testing.assert_allclose(out, expected, rtol=1e-12)


def test_a_chain_is_one_flat_loop():
    x = variable((3, 4, 5), "float32")
    root = x
    for _ in range(5):
        root = elementwise("tanh", elementwise("mul", root, constant(2, dtype="float32")))
    array = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
    out, expected, kernel = run(root, {x: array})
    assert kernel.split == {"a0", "y"}
    np.testing.assert_allclose(out, expected, rtol=1e-5)


def test_one_text_is_one_kernel():
    kernels = set()
    for shape in ((3, 4), (50,)):
        x = variable(shape)
        kernels.add(run(elementwise("exp", x), {x: np.zeros(shape)})[2])
    assert len(kernels) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.1, -3.0])
def test_literals(value):
    x = variable((3,), "float32")
    root = elementwise("mul", x, constant(value, dtype="float32"))
    out, expected, _ = run(root, {x: np.array([1, 2, 3], "float32")})
    np.testing.assert_array_equal(out, expected)


def test_casts():
    x = variable((4,))
    root = elementwise("add", Cast("int32")(x), Cast("int8")(x))
    out, expected, _ = run(root, {x: np.array([1.9, -1.9, 0, 100])})
    np.testing.assert_array_equal(out, expected)
    assert out.dtype == "int32"


def test_what_a_loop_can_do():
    x = variable((4,))
    assert fusable(elementwise("exp", x).owner)
    assert not fusable(None)
    without = [n for n, s in SCALARS.items() if not s.source]
    assert not any(fusable(elementwise(n, x).owner) for n in without)


def test_arithmetic_is_done_as_written():
    """(x + 1e8) - 1e8 is not x: whoever writes it wants the rounding."""
    x = T.fvector("x")
    values = np.array([0.3, 5.0, -7.7], np.float32)
    big = np.float32(1e8)
    f = function([x], (x + big) - big)
    np.testing.assert_array_equal(f(values), (values + big) - big)
    third = function([x], x / np.float32(3))
    np.testing.assert_array_equal(third(values), values / np.float32(3))
