"""A weight is read like an array: its current values, by copies; only assign writes it."""

import copy
import pickle

import numpy as np
import pytest

import nnkit
from nnkit.engine.variable import Variable
from nnkit.layers import Dense, Layer

VALUES = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]], np.float32)
OTHER = np.array([[1.0, 2.0, 3.0], [2.0, 1.0, -3.0]], np.float32)


@pytest.fixture
def weight():
    return Variable(VALUES.copy(), "kernel")


READS = {
    "asarray": np.asarray,
    "array": lambda w: np.array(w, np.float64),
    "array of weights": lambda w: np.array([w, w]),
    "asarray of another type": lambda w: np.asarray(w, dtype="float16"),
    "index": lambda w: w[0],
    "number": lambda w: w[1, 2],
    "slice": lambda w: w[:, ::-1],
    "mask": lambda w: w[w > 0],
    "new axis": lambda w: w[..., None],
    "len": len,
    "list": list,
    "in": lambda w: (0.5 in w, 7 in w),
    "abs": np.abs,
    "exp": np.exp,
    "divmod": lambda w: divmod(w, 2),
    "sum": np.sum,
    "mean over an axis": lambda w: np.mean(w, axis=0),
    "concatenate": lambda w: np.concatenate([w, w]),
    "norm": np.linalg.norm,
    "where": lambda w: np.where(w > 0, w, 0),
    "einsum": lambda w: np.einsum("ij,ij->i", w, w),
    "allclose": lambda w: np.allclose(w, VALUES),
    "array_equal": lambda w: np.array_equal(w, VALUES),
    "reduce": lambda w: np.maximum.reduce(w, axis=1),
    "outer": lambda w: np.subtract.outer(w, w),
    "shape": np.shape,
    "ndim": lambda w: (w.ndim, np.ndim(w)),
    "size": lambda w: (w.size, w.itemsize, w.nbytes),
    "T": lambda w: w.T,
    "reshape": lambda w: w.reshape(3, -1),
    "ravel": lambda w: w.ravel(),
    "mean": lambda w: w.mean(),
    "std": lambda w: w.std(axis=1, keepdims=True),
    "argmax": lambda w: w.argmax(axis=1),
    "astype": lambda w: w.astype("int64"),
    "tolist": lambda w: w.tolist(),
    "copy": lambda w: w.copy(),
    "equal": lambda w: w == VALUES,
    "equal to a number": lambda w: w == 0,
    "not equal": lambda w: w != 0,
    "less": lambda w: w < OTHER,
    "reflected less": lambda w: w > OTHER,
    "plus": lambda w: w + 1,
    "reflected minus": lambda w: OTHER - w,
    "with itself": lambda w: w * w - w,
    "matmul": lambda w: w @ OTHER.T,
    "reflected matmul": lambda w: OTHER.T @ w,
    "power": lambda w: w**2,
    "reflected division": lambda w: 1 / (w + 10),
    "negative": lambda w: -w,
    "dlpack": lambda w: np.from_dlpack(w),
    "format": lambda w: [f"{n:.1f}" for n in w[0]],
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_as_an_array(weight, read):
    """The same as for the array, and nothing that is handed out is the weight's memory."""
    found, expected = read(weight), read(VALUES)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)
    if isinstance(found, np.ndarray):
        assert found.dtype == expected.dtype
        assert not np.shares_memory(found, weight.value)
        weight.assign(weight + 1)
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(read(weight), read(weight.value))


PUBLIC = [n for n in dir(Variable) if hasattr(np.ndarray, n) and not n.startswith("_")]
PUBLIC = [n for n in PUBLIC if hasattr(Variable(VALUES, "kernel"), n)]  # Not those that write.


@pytest.mark.parametrize("method", PUBLIC)
def test_every_method_there_is(weight, method):
    """Nothing that arrays have is there under the same name with another meaning."""
    theirs = getattr(VALUES.copy(), method)
    ours = getattr(weight, method)
    assert callable(ours) == callable(theirs)
    if not callable(theirs):
        np.testing.assert_array_equal(ours, theirs)


def write(statement):
    def run(weight):
        exec(statement, {"np": np, "weight": weight})

    return run


@pytest.mark.parametrize(
    "statement",
    [
        "weight[0] = 1",
        "weight[...] = 1",
        "weight += 1",
        "weight *= 2",
        "weight @= np.eye(3)",
        "np.add(weight, 1, out=weight)",
        "np.add.at(weight, 0, 1)",
        "np.copyto(weight, 0)",
        "np.fill_diagonal(weight, 0)",
        "np.put(weight, [0], 1)",
        "np.place(weight, np.ones((2, 3), bool), 1)",
        "np.putmask(weight, True, 1)",
        "weight.fill(0)",
        "weight.sort()",
        "weight.flat[0] = 1",
        "weight.T = 0",
        "weight.mean = 0",
        "del weight[0]",
    ],
)
def test_only_assign_writes(weight, statement):
    with pytest.raises((TypeError, AttributeError)):
        write(statement)(weight)
    np.testing.assert_array_equal(weight.value, VALUES)


def test_what_the_errors_say(weight):
    with pytest.raises(TypeError, match="written by assign"):
        weight[0] = 1
    with pytest.raises(TypeError, match="written by assign"):
        weight += 1
    with pytest.raises(AttributeError, match="a weight has no 'fill': it is written by assign"):
        weight.fill(0)
    assert not hasattr(weight, "sort")
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(weight)
    with pytest.raises(ValueError, match="read as a copy"):
        weight.__array__(copy=False)  # As NumPy 2 calls it.
    with pytest.raises(ValueError, match="size 1"):
        float(weight)
    with pytest.raises(TypeError, match="unsized"):
        len(Variable(np.array(1.0), "step"))


def test_of_one_number():
    one = Variable(np.array([2.5]), "scale")
    assert (float(one), int(one), complex(one), one.item()) == (2.5, 2, 2.5 + 0j, 2.5)
    assert np.ones(3)[Variable(np.array([2]), "i").numpy()] == 1


def test_identity_is_the_hash(weight):
    """Two weights of equal values are two keys."""
    twin = Variable(VALUES.copy(), "kernel")
    assert len({weight, twin}) == 2
    assert {weight: 1, twin: 2}[twin] == 2
    assert weight in {weight}
    assert twin not in {weight}


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda w: pickle.loads(pickle.dumps(w))]
)
def test_copies_stand_alone(weight, again):
    twin = again(weight)
    weight.assign(OTHER)
    np.testing.assert_array_equal(twin, VALUES)
    assert twin.name == "kernel"
    assert twin.gradient.shape == VALUES.shape


def test_equal_weights_of_one_shape_are_told_apart():
    """Where weights are looked for among others, equal values don't matter."""
    model = nnkit.Sequential([nnkit.Input((2,)), *(Dense(2) for _ in range(3))])
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    model.layers[1].trainable = False
    model.compile("sgd", "mse")
    assert len(model.trainable_weights) == 4
    x = np.ones((4, 2), np.float32)
    model.fit(x, x, epochs=1, verbose=0)
    model.layers[1].trainable, model.layers[0].trainable = True, False
    model.compile("sgd", "mse")
    before = [w.numpy() for w in model.weights]
    model.fit(x, x, epochs=1, verbose=0)
    changed = [bool((w != b).any()) for w, b in zip(model.weights, before, strict=True)]
    assert changed == [False, False, True, True, True, True]


class InNumPy(Layer):
    """Uses its weight as the array that it is."""

    def build(self, input_shape):
        self.factor = self.add_weight("factor", input_shape[1:], "ones")

    def forward(self, x, training=False):
        self.x = x
        return x * self.factor

    def backward(self, dy):
        self.factor.gradient[...] = (dy * self.x).sum(axis=0)
        return dy * self.factor


def test_in_a_layer_of_your_own(rng):
    nnkit.testing.check_layer(InNumPy(), (3,))
    x, y = rng.normal(size=(8, 3)).astype("f4"), rng.normal(size=(8, 3)).astype("f4")
    model = nnkit.Sequential([nnkit.Input((3,)), InNumPy()])
    model.compile("sgd", "mse")
    model.fit(x, y, epochs=3, batch_size=4, shuffle=False, verbose=0)
    factor = np.ones(3)
    for _ in range(3):
        for rows in (slice(0, 4), slice(4, 8)):
            slope = 2 * (x[rows] * factor - y[rows]) * x[rows] / 12
            factor -= 0.01 * slope.sum(axis=0)
    np.testing.assert_allclose(model.layers[0].factor, factor, 1e-5)


def test_a_kernel_takes_no_weight(weight):
    """Its value would be a copy, which a replay reads after it is gone."""
    y = np.empty_like(VALUES)
    with pytest.raises(TypeError, match="a kernel takes arrays, ints and floats, not Variable"):
        nnkit.launch.tanh(weight, y)


class Hidden:
    def __init__(self, weight):
        self.weight = weight


class ByExpression(Layer):
    def build(self, input_shape):
        self.hidden = Hidden(self.add_weight("factor", input_shape[1:], "ones"))

    def call(self, x):
        return x * self.hidden.weight


def test_an_expression_takes_no_weight_for_a_constant(weight):
    """It would never be trained."""
    with pytest.raises(TypeError, match="would stay as it is now"):
        ByExpression()(np.ones((1, 3), np.float32))
    from nnkit.symbolic import tensor

    x = tensor.matrix()
    for wrong in (lambda: weight * x, lambda: x * weight, lambda: np.multiply(weight, x)):
        with pytest.raises(TypeError, match="would stay as it is now"):
            wrong()
    assert tensor.dot(x, weight.numpy().T).ndim == 2


def test_an_assigned_gradient_counts_in_every_row():
    table = Variable(np.ones((4, 2), np.float32), "embeddings")
    table.rows_used = np.zeros(4, np.uint8)
    table.gradient = np.full((4, 2), 3.0)
    np.testing.assert_array_equal(table.rows_used, 1)
