"""Every array that a user gives comes through one door, which iterates over nothing unknown."""

import array
import collections

import numpy as np
import pytest

import nnkit
import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit import Input, Sequential
from nnkit.conversion import to_numpy
from nnkit.layers import LSTM, Bidirectional, Dense, Embedding, Layer

X, Y = np.ones((4, 3), np.float32), np.ones((4, 2), np.float32)


class Batches:
    """A data set: its length is that of batches, and no index is out of range."""

    def __len__(self):
        return 4

    def __getitem__(self, i):
        if i == 1000:
            raise AssertionError("NumPy iterates over it")
        return np.ones((8, 3), np.float32), np.zeros(8)


class Adapter:
    """What other libraries' arrays are: nothing but a protocol."""

    def __init__(self, **methods):
        self.__dict__.update(methods)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        ((1.5, 2), [1.5, 2]),
        (range(3), [0, 1, 2]),
        ([range(2), (2, 3)], [[0, 1], [2, 3]]),
        (collections.deque([1, 2]), [1, 2]),
        (array.array("d", [1, 2]), [1, 2]),
        (bytearray(b"ab"), [97, 98]),
        (memoryview(np.arange(4.0).reshape(2, 2)), [[0, 1], [2, 3]]),
        (np.float32(2), 2),
        (True, True),
        ([np.arange(2), np.arange(2)], [[0, 1], [0, 1]]),
        (Adapter(__array_interface__=X.__array_interface__), X),
        ([], []),
    ],
)
def test_arrays_of_all_kinds(value, expected):
    found = to_numpy(value, "x")
    np.testing.assert_array_equal(found, expected)


def test_dlpack_alone():
    class Tensor:
        def __dlpack__(self, **options):
            return X.__dlpack__(**options)

        def __dlpack_device__(self):
            return X.__dlpack_device__()

    assert np.shares_memory(to_numpy(Tensor(), "x"), X)


@pytest.mark.parametrize("given", [X.astype(">f4"), [X.astype(">f4")[0]] * 4])
def test_another_byte_order(given):
    found = to_numpy(given, "x")
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, X)


def test_another_byte_order_in_a_program():
    given, x = np.arange(6).reshape(2, 3).astype(">f8"), T.dmatrix("x")
    shared = theano.shared(given, borrow=True)
    for expression in (T.exp(shared) + x, T.exp(given) + x):
        np.testing.assert_allclose(theano.function([x], expression)(given), np.exp(given) + given)


def test_an_array_is_not_copied():
    assert to_numpy(X, "x") is X
    assert np.shares_memory(to_numpy(X.T, "x"), X)


def cyclic():
    inner = []
    inner.extend([inner, inner])
    return inner


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "x is missing"),
        (Batches(), "got Batches; taken are lists"),
        ([Batches()], "but holds Batches; taken"),
        ([[1, 2], [Batches(), 3]], "but holds Batches; taken"),
        (Batches, "got the class Batches"),
        (cyclic(), "does one contain itself"),
        ((i for i in range(3)), "got a generator; collect"),
        ([iter([1])], "holds a list_iterator; collect"),
        ({1, 2}, "got set; taken are lists"),
        ({"a": 1}.keys(), "got dict_keys; taken"),
        ({"a": 1}, "got a dictionary of 1 entries"),
        ("abc", "got str 'abc'"),
        (b"abc", "got bytes b'abc'"),
        (["a", "b"], r"dtype <U1; give names of classes numbers first"),
        ([None], "but holds None"),
        (object(), "got object"),
        (np.array([1, None]), "got ndarray of dtype object"),
        ([1j], "got list of dtype complex128"),
        ([[1, 2], [3]], "not one array of numbers: setting an array element"),
        ([10**30], "got list of dtype object"),
        (np.zeros(2, [("a", "f4")]), "got ndarray of dtype"),
        (np.zeros(2, "M8[s]"), "got ndarray of dtype datetime64"),
        (np.ma.masked_greater(np.arange(3), 1), r"has masked entries; .*x.filled\(value\)"),
        ([np.ma.masked_greater(np.arange(3), 1)], "has masked entries"),
    ],
)
def test_what_is_refused(value, message):
    with pytest.raises(TypeError, match=message):
        to_numpy(value, "x")


def test_an_error_of_another_library_is_one_of_ours():
    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("call detach first")

    with pytest.raises(TypeError, match="x is not one array of numbers: call detach first"):
        to_numpy(Broken(), "x")


def test_numbers_out_of_range_do_not_wrap():
    with pytest.raises(OverflowError):
        to_numpy([300], "x", "int8")


def model():
    network = Sequential([Input((3,)), Dense(2)])
    network.compile("sgd", "mse")
    return network


def given_by(returned, layer=Layer):
    class Own(layer):
        recordable = True

        def forward(self, x, training=False):
            return returned

    return Sequential([Input((3,)), Own(), Dense(2)])


class Ramp(nnkit.initializers.Initializer):
    def __call__(self, shape, dtype="float32"):
        return Batches()


class Bound(nnkit.constraints.Constraint):
    def __call__(self, w):
        return Batches()


V = T.dmatrix("v")
DOORS = {
    "fit y": lambda b: model().fit(X, b),
    "fit in lists": lambda b: model().fit([b], [b]),
    "sample_weight": lambda b: model().fit(X, Y, sample_weight=b),
    "class_weight": lambda b: model().fit(X, Y, class_weight=b),
    "validation_data": lambda b: model().fit(X, Y, validation_data=(b, b)),
    "evaluate": lambda b: model().evaluate(X, b),
    "predict": lambda b: model().predict([b]),
    "predict_on_batch": lambda b: model().predict_on_batch(b),
    "test_on_batch": lambda b: model().test_on_batch(b, Y),
    "train_on_batch": lambda b: model().train_on_batch(X, b),
    "call": lambda b: model()(b),
    "set_weights": lambda b: model().set_weights([b, b]),
    "assign": lambda b: model().weights[0].assign(b),
    "a weight's operator": lambda b: model().weights[0] + b,
    "to a weight's operator": lambda b: [b] - model().weights[0],
    "a function of a weight": lambda b: np.maximum(b, model().weights[0]),
    "check_layer": lambda b: nnkit.testing.check_layer(Dense(2), b),
    "layer": lambda b: Dense(2)(b),
    "mask": lambda b: LSTM(2)(np.ones((1, 2, 3)), mask=b),
    "initial_state": lambda b: LSTM(2)(np.ones((1, 2, 3)), initial_state=b),
    "bidirectional": lambda b: Bidirectional(LSTM(2))(b),
    "Embedding": lambda b: Embedding(2, 2, weights=b),
    "activation": nnkit.activations.relu,
    "loss": lambda b: nnkit.losses.MeanSquaredError()(X, b),
    "loss, y_true": lambda b: nnkit.losses.MeanSquaredError()(b, X),
    "loss, weights": lambda b: nnkit.losses.MeanSquaredError()(X, X, sample_weight=b),
    "function of a loss": lambda b: nnkit.losses.mean_squared_error(b, X),
    "function of a metric": lambda b: nnkit.metrics.binary_accuracy(X, [b]),
    "metric": lambda b: nnkit.metrics.MeanSquaredError().update_state(b, X),
    "constraint": lambda b: nnkit.constraints.NonNeg()(b),
    "to_categorical": nnkit.utils.to_categorical,
    "ops": lambda b: nnkit.ops.concatenate(b),
    "what an initializer returns": lambda b: Dense(2, kernel_initializer=Ramp())(X),
    "what a constraint returns": lambda b: nnkit.constraints.get(Bound()).apply(X.copy()),
    "what forward returns": lambda b: given_by(b).predict(X),
    "shared": theano.shared,
    "set_value": lambda b: theano.shared(X).set_value(b),
    "argument": lambda b: theano.function([V], V * 2)(b),
    "default": lambda b: theano.In(V, value=b),
    "constant": lambda b: V + b,
    "index": lambda b: V[b],
    "shape": lambda b: V.reshape(b),
    "axis": lambda b: V.sum(axis=b),
    "verify_grad": lambda b: T.verify_grad(lambda x: x, [b]),
}


@pytest.mark.parametrize("door", DOORS)
def test_no_door_iterates_over_a_data_set(door):
    with pytest.raises((TypeError, IndexError), match="Batches"):
        DOORS[door](Batches())
