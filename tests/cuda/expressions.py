"""Expressions whose generated kernels are compared: of the CPU, in the simulator, and compiled."""

import numpy as np

from nnkit.kernels.generated import loops
from nnkit.symbolic.run.fusion import fusable, fuse
from nnkit.symbolic.tensor.elementwise import Cast, Elemwise, Sum, elementwise
from nnkit.symbolic.tensor.formulas import SCALARS
from nnkit.symbolic.tensor.variable import TensorType, constant
from tests.symbolic.test_codegen import operands

FUNCTIONS = [name for name, scalar in SCALARS.items() if scalar.source and name != "second"]
# Shapes of operands that broadcast to the shape of the loop, and the axes that are added up. The
# simulator's grid has 24 threads, so that these go around in it.
BROADCASTS = [
    [(53,)],
    [(1,)],
    [(5, 7), (1, 7)],
    [(7, 5), (7, 1)],
    [(9, 11), (1, 11), (9, 1), (1, 1)],
    [(4, 3, 5), (1, 3, 1)],
    [(4, 3, 5), (4, 1, 5), (1, 3, 5)],
    [(2, 1, 3), (1, 4, 3)],
    [(3, 2, 2, 5), (3, 1, 2, 1), (1, 2, 1, 5)],
]
SUMS = [
    ([(53,)], (0,)),
    ([(1,)], (0,)),
    ([(1, 3)], (0,)),
    *(([(9, 11), (1, 11), (9, 1)], axes) for axes in ((0,), (1,), (0, 1))),
    *(([(37, 3)], axes) for axes in ((0,), (1,), (0, 1))),
    *(([(4, 3, 5), (1, 3, 1)], axes) for axes in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2))),
    *(([(4, 3, 5), (4, 1, 5), (1, 3, 5)], axes) for axes in ((0,), (1,), (2,), (0, 1, 2))),
    *(([(3, 2, 2, 5), (3, 1, 2, 1), (1, 2, 1, 5)], axes) for axes in ((0, 2), (1, 3), (2, 3))),
]


def kernel_of(root, arrays, axes=()):
    """The generated kernel of an expression of arrays by variable, its arguments, and its output.

    It has been run on the CPU, so that the output is what must come out.
    """
    known = {id(v): array for v, array in arrays.items()}
    shape = np.broadcast_shapes(*(a.shape for a in known.values()))
    kept = [n for i, n in enumerate(shape) if i not in axes]
    out = np.empty(kept, (Sum(axes)(root) if axes else root).dtype)
    kernel, arguments = fuse(
        root, lambda v: v.owner is not None, lambda v: known[id(v)], shape, out, axes
    )
    kernel(*arguments)
    return kernel, arguments, out


def function(name, dtype):
    """A function of the table for all that it is defined for; None if no loop has it."""
    arrays = operands(SCALARS[name], dtype)
    if name in ("gamma", "gammaln"):  # Python's, in the simulator, raises at the poles.
        arrays = [a[a > 0][:20] for a in arrays]
    if name in ("int_div", "mod") and dtype == "float32":
        arrays = [a[np.isfinite(arrays[0]) & (arrays[1] != 0)] for a in arrays]
    inputs = [TensorType(dtype, [False])() for _ in arrays]
    try:
        root = Elemwise(SCALARS[name])(*inputs)
        with np.errstate(all="ignore"):
            SCALARS[name].compute(*arrays)
    except (TypeError, ValueError):
        return None
    return kernel_of(root, dict(zip(inputs, arrays, strict=True))) if fusable(root.owner) else None


def mixed(shapes, axes=(), dtype="float32", order="C"):
    """``tanh(x y) + z ...`` of operands that broadcast, perhaps added up."""
    rng = np.random.default_rng(0)
    inputs = [TensorType(dtype, [n == 1 for n in shape])() for shape in shapes]
    arrays = [np.array(rng.normal(size=s, scale=3), dtype, order=order) for s in shapes]
    half = constant(2, dtype=dtype)
    root = elementwise("add", elementwise("mul", inputs[0], half), inputs[-1])
    root = elementwise("tanh", root) if dtype.startswith("float") else root
    for x in inputs[1:-1]:
        root = elementwise("sub", root, x)
    return kernel_of(root, dict(zip(inputs, arrays, strict=True)), axes)


def in_place():
    """``y = y - 0.5 g``, as an update computes it."""
    y, g = (TensorType("float32", [False])() for _ in range(2))
    values, gradient = np.arange(53, dtype=np.float32), np.ones(53, np.float32)
    root = elementwise("sub", y, elementwise("mul", g, constant(0.5, dtype="float32")))
    known = {id(y): values, id(g): gradient}
    kernel, arguments = fuse(
        root, lambda v: v.owner is not None, lambda v: known[id(v)], (53,), values
    )
    return kernel, arguments, values


def casts():
    """Between floats, integers and bools."""
    x = TensorType("float32", [False])()
    small = elementwise("add", Cast("int32")(x), Cast("int8")(x))
    root = elementwise("switch", Cast("bool")(small), Cast("uint8")(x), Cast("int64")(x))
    return kernel_of(root, {x: np.array([1.9, -1.9, 0, 100, 0.5], np.float32)})


def loops_of(dtype):
    """Calls of the kernels of ``loops.py``: each kernel and its arguments, the output last."""
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 5, (9, 5)).astype(dtype)  # Equal numbers, too.
    indices = np.array([0, -1, 3, 0, 8, -9, 4])
    few = np.array([0, -1, 3, 0, 2, -5, 4], np.int32)
    y = rng.integers(0, 9, (indices.size, 5)).astype(dtype)
    yield loops.take, [x, indices, np.empty((indices.size, 5), dtype)]
    yield loops.pick, [x, indices, few, np.empty(indices.size, dtype)]
    for replace in (0, 1):
        yield loops.put_rows, [y, indices, replace, 9, 0, x.copy()]
        yield loops.put_rows, [y[:, ::-1], indices, replace, 20, 9, x.copy()]
        yield loops.put, [y[:, 0].copy(), indices, few, replace, x.copy()]
        yield loops.put, [y[:1, 0].copy(), indices, few, replace, x.copy()]
    yield from draws_of(dtype)
    matrices = [x, x[:1, :1].copy(), rng.normal(size=(2, 37)).astype(dtype)]
    if dtype.startswith("float"):
        matrices.append(np.array([[0, np.nan, 3], [np.nan] * 3, [-np.inf, 0, 0]], dtype))
    for matrix in matrices:
        for kernel in (loops.argmax, loops.argmin):
            yield kernel, [matrix, np.empty(len(matrix), np.int64)]
        for kernel in (loops.maximum, loops.minimum, loops.product):
            yield kernel, [matrix, np.empty(len(matrix), dtype)]


def draws_of(dtype):
    """Calls of the kernels of random numbers."""
    state = np.array([2**63 + 5, 7, 2**64 - 8], np.uint64)
    yield loops.next_state, [state, np.empty(3, np.uint64)]
    if dtype.startswith("float"):
        yield loops.draw_uniform, [state, 0, np.empty(53, dtype)]
        yield loops.draw_normal, [state, 0, np.empty(53, dtype)]
    for p in ([0.3], np.linspace(0, 1, 53)):
        yield loops.draw_bernoulli, [state, np.array(p, np.float32), 0, np.empty(53, dtype)]
