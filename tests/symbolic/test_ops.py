"""nnkit.ops against NumPy, by the names and arguments of ``keras.ops``."""

import math
import pickle

import numpy as np
import pytest

from nnkit import ops
from nnkit.symbolic.tensor import TensorType

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3))
Y = RNG.uniform(0.5, 2, (2, 3))
STACK = RNG.normal(size=(4, 2, 3))
COLUMNS = RNG.normal(size=(3, 5))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


SAME = [
    "absolute",
    "abs",
    "sign",
    "square",
    "exp",
    "expm1",
    "sin",
    "cos",
    "tan",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "negative",
    "floor",
    "ceil",
    "round",
    "isnan",
    "isinf",
    "ravel",
    "transpose",
    "zeros_like",
    "ones_like",
    "squeeze",
]
POSITIVE = ["sqrt", "log", "log1p", "log2", "log10", "reciprocal"]
BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "true_divide",
    "floor_divide",
    "mod",
    "maximum",
    "minimum",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "arctan2",
]
OVER = ["sum", "mean", "prod", "max", "min", "var", "std", "any", "all", "argmax", "argmin"]

CASES = {
    **{name: (getattr(ops, name), getattr(np, name), (X,)) for name in SAME},
    **{name: (getattr(ops, name), getattr(np, name), (Y,)) for name in POSITIVE},
    **{name: (getattr(ops, name), getattr(np, name), (X, Y)) for name in BINARY},
    "power": (ops.power, np.power, (Y, X)),
    "rsqrt": (ops.rsqrt, lambda x: x**-0.5, (Y,)),
    "arcsin": (ops.arcsin, np.arcsin, (Y / 2,)),
    "arccos": (ops.arccos, np.arccos, (Y / 2,)),
    "erf": (ops.erf, np.vectorize(math.erf), (X,)),
    "logical_not": (ops.logical_not, np.logical_not, (X,)),
    "where": (lambda x, y: ops.where(x > y, x, y), np.maximum, (X, Y)),
    "clip": (lambda x: ops.clip(x, -0.5, 1), lambda x: np.clip(x, -0.5, 1), (X,)),
    "sigmoid": (ops.sigmoid, sigmoid, (X,)),
    "log_sigmoid": (ops.log_sigmoid, lambda x: np.log(sigmoid(x)), (X,)),
    "softplus": (ops.softplus, lambda x: np.log(1 + np.exp(x)), (X,)),
    "softsign": (ops.softsign, lambda x: x / (1 + abs(x)), (X,)),
    "silu": (ops.silu, lambda x: x * sigmoid(x), (X,)),
    "relu": (ops.relu, lambda x: np.maximum(x, 0), (X,)),
    "relu6": (ops.relu6, lambda x: np.clip(x, 0, 6), (9 * X,)),
    "leaky_relu": (ops.leaky_relu, lambda x: np.where(x > 0, x, 0.2 * x), (X,)),
    "elu": (ops.elu, lambda x: np.where(x > 0, x, np.exp(x) - 1), (X,)),
    "selu": (
        ops.selu,
        lambda x: 1.05070098 * np.where(x > 0, x, 1.67326324 * (np.exp(x) - 1)),
        (X,),
    ),
    "gelu": (
        lambda x: ops.gelu(x, approximate=False),
        lambda x: x * (1 + np.vectorize(math.erf)(x / 2**0.5)) / 2,
        (X,),
    ),
    "hard_sigmoid": (ops.hard_sigmoid, lambda x: np.clip(x / 6 + 0.5, 0, 1), (4 * X,)),
    "softmax": (ops.softmax, softmax, (X,)),
    "softmax over rows": (lambda x: ops.softmax(x, axis=0), lambda x: softmax(x, 0), (X,)),
    "log_softmax": (ops.log_softmax, lambda x: np.log(softmax(x)), (X,)),
    "logsumexp": (
        lambda x: ops.logsumexp(x, axis=1, keepdims=True),
        lambda x: np.log(np.exp(x).sum(axis=1, keepdims=True)),
        (X,),
    ),
    "norm": (lambda x: ops.norm(x, axis=-1), lambda x: np.linalg.norm(x, axis=-1), (X,)),
    "norm 1": (
        lambda x: ops.norm(x, 1, axis=-1),
        lambda x: np.linalg.norm(x, 1, axis=-1),
        (X,),
    ),
    **{
        f"norm {order} over {axis}": (
            lambda x, order=order, axis=axis: ops.norm(x, order, axis, keepdims=True),
            lambda x, order=order, axis=axis: np.linalg.norm(x, order, axis, keepdims=True),
            (values,),
        )
        for values, axis in ((X, None), (STACK, (2, 0)), (STACK, (0, -1)))
        for order in ("fro", 1, -1, np.inf, -np.inf)
    },
    "norm 3 of whole numbers": (
        lambda x: ops.norm(x, 3),
        lambda x: np.linalg.norm(x, 3),
        (np.array([100, -7, 3], np.int8),),
    ),
    "norm of a stack": (ops.norm, np.linalg.norm, (STACK,)),
    "logsumexp of whole numbers": (
        ops.logsumexp,
        lambda x: np.log(np.exp(x).sum()),
        (np.array([3, 1]),),
    ),
    "dot": (ops.dot, np.dot, (X, COLUMNS)),
    "matmul": (ops.matmul, np.matmul, (X, COLUMNS)),
    "matmul of a stack": (ops.matmul, np.matmul, (STACK, COLUMNS)),
    "matmul with a stack": (ops.matmul, np.matmul, (COLUMNS.T, STACK.swapaxes(1, 2))),
    "matmul of stacks": (ops.matmul, np.matmul, (STACK, STACK.swapaxes(1, 2))),
    "matmul of a vector": (ops.matmul, np.matmul, (X[:, 0], STACK)),
    "matmul with a vector": (ops.matmul, np.matmul, (STACK, X[0])),
    "shape": (
        lambda x: ops.reshape(x, (ops.shape(x)[1], -1)),
        lambda x: x.reshape(x.shape[1], -1),
        (X,),
    ),
    "reshape": (lambda x: ops.reshape(x, 6), lambda x: x.reshape(6), (X,)),
    "swapaxes": (lambda x: ops.swapaxes(x, 0, 2), lambda x: x.swapaxes(0, 2), (STACK,)),
    "moveaxis": (lambda x: ops.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, 0, -1), (STACK,)),
    "expand_dims": (lambda x: ops.expand_dims(x, 1), lambda x: x[:, None], (X,)),
    "concatenate": (
        lambda x, y: ops.concatenate([x, y]),
        lambda x, y: np.concatenate([x, y]),
        (X, Y),
    ),
    "stack": (lambda x, y: ops.stack([x, y]), lambda x, y: np.stack([x, y]), (X, Y)),
    "split": (
        lambda x: ops.add(*ops.split(x, 2, axis=0)),
        lambda x: np.add(*np.split(x, 2, axis=0)),
        (STACK,),
    ),
    "split at": (
        lambda x: ops.split(x, [1, 3], axis=-1)[1],
        lambda x: np.split(x, [1, 3], axis=-1)[1],
        (COLUMNS,),
    ),
    "tile": (lambda x: ops.tile(x, (2, 1)), lambda x: np.tile(x, (2, 1)), (X,)),
    "repeat": (lambda x: ops.repeat(x, 2, axis=1), lambda x: np.repeat(x, 2, axis=1), (X,)),
    "take": (
        lambda x: ops.take(x, [2, 0], axis=1),
        lambda x: np.take(x, [2, 0], axis=1),
        (X,),
    ),
    "cast": (lambda x: ops.cast(x, "int32"), lambda x: x.astype("int32"), (X,)),
    "full_like": (lambda x: ops.full_like(x, 7), lambda x: np.full_like(x, 7), (X,)),
    "one_hot": (
        lambda x: ops.one_hot(x, 3),
        lambda x: np.eye(3)[x],
        (np.array([2, 0]),),
    ),
    "one_hot first": (
        lambda x: ops.one_hot(x, 3, axis=0),
        lambda x: np.eye(3)[x].T,
        (np.array([2, 0]),),
    ),
    "stop_gradient": (ops.stop_gradient, np.array, (X,)),
}
for name in OVER:
    CASES[name] = getattr(ops, name), getattr(np, name), (STACK,)
    CASES[f"{name} over one"] = (
        lambda x, name=name: getattr(ops, name)(x, axis=1, keepdims=True),
        lambda x, name=name: getattr(np, name)(x, axis=1, keepdims=True),
        (STACK,),
    )


@pytest.mark.parametrize("name", CASES)
def test_it_computes_what_numpy_does(name):
    mine, reference, arrays = CASES[name]
    inputs = [TensorType(str(a.dtype), [False] * a.ndim)() for a in arrays]
    found = mine(*inputs).eval(dict(zip(inputs, arrays, strict=True)))
    expected = np.asarray(reference(*arrays))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(("order", "axis"), [(2, None), ("nuc", None), ("fro", 0), (0, (0, 1))])
def test_no_such_norm(order, axis):
    with pytest.raises(ValueError, match=rf"no ord={order!r} over {1 if axis == 0 else 2} axes"):
        ops.norm(X, order, axis)


def test_gelu_by_tanh_is_near():
    x = TensorType("float64", [False])()
    near, exact = ops.gelu(x), ops.gelu(x, approximate=False)
    assert np.abs((near - exact).eval({x: np.linspace(-5, 5, 101)})).max() < 1e-3


def test_names_that_do_the_same():
    assert ops.swish is ops.silu
    assert pickle.loads(pickle.dumps(ops.tanh)) is ops.tanh
    assert ops.ndim(TensorType("float64", [False] * 3)()) == 3


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ab,bc->ac", [(2, 3), (3, 4)]),
        ("...x,xy->...y", [(2, 3, 4), (4, 5)]),
        ("abc,cde->adbe", [(2, 3, 4), (4, 5, 6)]),
        ("abc,bcd->adc", [(2, 3, 4), (3, 4, 5)]),
        ("ab...,bc->ac...", [(2, 3, 4, 5), (3, 6)]),
        ("...ij,...jk", [(5, 2, 3), (5, 3, 4)]),
        ("ba,bc", [(2, 3), (2, 4)]),
        ("ab,cd->ad", [(2, 3), (4, 5)]),
        ("ab,bc,cd->ad", [(2, 3), (3, 4), (4, 5)]),
        ("ij->", [(2, 3)]),
        ("a,a->a", [(1,), (1,)]),
    ],
)
def test_einsum(subscripts, shapes, rng):
    arrays = [rng.normal(size=shape) for shape in shapes]
    found = ops.einsum(subscripts, *arrays).eval()
    np.testing.assert_allclose(found, np.einsum(subscripts, *arrays), 1e-10)


@pytest.mark.parametrize(
    ("subscripts", "message"),
    [
        ("aa->a", "a letter twice"),
        ("ab,bc->ac", "is for 2 operands, got 1"),
        ("abc->a", "has an operand of 2 axes"),
        ("ab->c", "a letter of no operand"),
        ("a1->a", "subscripts are such as"),
    ],
)
def test_einsum_that_does_not_fit(subscripts, message):
    with pytest.raises(ValueError, match=message):
        ops.einsum(subscripts, np.ones((2, 2)))
