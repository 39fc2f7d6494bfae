"""Wrong input is refused before any work is done, by an error that says what to change."""

import copy

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential, callbacks
from nnkit.layers import Activation, Dense, Dropout, Flatten, Layer, Reshape, Softmax, Tanh

N = 6
X = np.random.default_rng(0).normal(size=(N, 4)).astype("float32")
LABELS = np.arange(N) % 3
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
NUMBERS = np.linspace(-1, 1, N)
ONES = np.ones(N)


def changed(array, where, value):
    array = np.array(array, "float64")
    array[where] = value
    return array


class Sparse:
    """What scipy's matrices look like to NumPy: an object."""

    shape = (N, 4)

    def toarray(self):
        return X


class Frame:
    """What pandas gives: a table that can be made an array."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


# Loss, units of the last layer, its activation, right targets.
MODELS = {
    "sparse": ("sparse_categorical_crossentropy", 3, "softmax", LABELS),
    "onehot": ("categorical_crossentropy", 3, "softmax", ONE_HOT),
    "binary": ("binary_crossentropy", 1, "sigmoid", LABELS > 0),
    "one": ("mse", 1, None, NUMBERS),
    "three": ("mse", 3, None, ONE_HOT),
}


def network(kind):
    loss, units, activation, _ = MODELS[kind]
    model = Sequential([Input((4,)), Dense(units, activation)])
    model.compile("adam", loss, metrics=["accuracy"])
    model.fit(X, MODELS[kind][3], verbose=0)
    return model


@pytest.fixture(scope="module")
def networks():
    return {kind: network(kind) for kind in MODELS}


# Model, arguments of fit that differ from right ones, error, what it says.
FIT = [
    ("sparse", {"x": X[:, :3]}, ValueError, r"x has samples of shape \(3,\), .* takes \(4,\)"),
    ("sparse", {"x": X[:, None]}, ValueError, r"samples of shape \(1, 4\), .* takes \(4,\)"),
    ("sparse", {"x": X[:, :0]}, ValueError, r"x has samples of shape \(0,\)"),
    ("sparse", {"x": X[0], "y": LABELS[:4]}, ValueError, r"needs a batch axis: x\[None\]"),
    ("sparse", {"x": 3.0}, ValueError, "x is the single number 3.0; it needs a batch axis"),
    ("sparse", {"y": 1}, ValueError, "y is the single number 1; it needs a batch axis"),
    ("sparse", {"x": None}, TypeError, "x is missing"),
    ("sparse", {"y": None}, TypeError, "y is missing"),
    ("sparse", {"x": X[:0], "y": LABELS[:0]}, ValueError, "at least one sample, got none"),
    ("sparse", {"y": LABELS[:4]}, ValueError, "equally many samples: x has 6, y has 4"),
    ("sparse", {"x": changed(X, (4, 1), np.nan)}, ValueError, "x contains NaN.*in sample 4"),
    ("sparse", {"x": changed(X, (2, 0), -np.inf)}, ValueError, "x contains NaN.*in sample 2"),
    ("sparse", {"x": changed(X, (3, 0), 1e300)}, ValueError, "in float32.*in sample 3"),
    ("one", {"y": changed(NUMBERS, 5, np.nan)}, ValueError, "y contains NaN.*in sample 5"),
    ("one", {"y": changed(NUMBERS, 1, 1e39)}, ValueError, "in float32.*in sample 1"),
    ("sparse", {"x": "abc"}, TypeError, "x must be an array of numbers, got str 'abc'"),
    ("sparse", {"x": [["a"] * 4] * N}, TypeError, "x must be an array of numbers.*<U1"),
    ("sparse", {"x": X.astype(object)}, TypeError, "x must be an array of numbers.*object"),
    ("sparse", {"x": [[10**30] * 4] * N}, TypeError, "x must be an array of numbers.*object"),
    ("sparse", {"x": X + 1j}, TypeError, "x must be an array of numbers.*complex64"),
    ("sparse", {"x": X.astype("M8[s]")}, TypeError, "x must be an array of numbers.*datetime64"),
    ("sparse", {"x": np.zeros(N, [("a", "f4")])}, TypeError, "x must be an array of numbers"),
    ("sparse", {"x": Sparse()}, TypeError, r"got Sparse; give x.toarray\(\)"),
    ("sparse", {"x": Frame([["a"] * 4] * N)}, TypeError, "got Frame of dtype <U1"),
    ("sparse", {"x": len}, TypeError, "got builtin_function_or_method"),
    ("sparse", {"x": np.ma.masked_greater(X, 0)}, TypeError, r"x has masked .*: x.filled\(value"),
    ("sparse", {"x": [[1, 2], [3]]}, TypeError, "x is not one array of numbers"),
    ("sparse", {"x": {"a": X}}, TypeError, "x is a dictionary; the model has one input"),
    ("sparse", {"x": iter([X])}, ValueError, "is a list_iterator, .* each batch has the targets"),
    ("sparse", {"y": ONE_HOT}, ValueError, r"one-hot targets go with categorical_crossentropy"),
    ("sparse", {"y": LABELS[:, None, None]}, ValueError, r"labels must have shape \(n,\)"),
    ("sparse", {"y": LABELS - 1}, ValueError, r"from 0 to 2 for 3 outputs, but y\[0\] is -1"),
    ("sparse", {"y": LABELS + 1}, ValueError, r"from 0 to 2 for 3 outputs, but y\[2\] is 3"),
    ("sparse", {"y": LABELS + 0.5}, ValueError, r"whole numbers .* but y\[0\] is 0.5"),
    ("sparse", {"y": np.full(N, 2**63 + 1, "u8")}, ValueError, r"y\[0\] is 9223372036854775809"),
    ("sparse", {"y": list("abcabc")}, TypeError, "y must be an array of numbers.*<U1"),
    ("onehot", {"y": LABELS}, ValueError, r"labels go with sparse_.*to_categorical\(y, 3\)"),
    ("onehot", {"y": LABELS[:, None]}, ValueError, r"labels go with sparse_.*to_categorical\(y"),
    ("onehot", {"y": changed(ONE_HOT, (3, 1), np.nan)}, ValueError, "y contains NaN.*in sample 3"),
    ("binary", {"y": changed(LABELS, 2, np.inf)}, ValueError, "y contains NaN.*in sample 2"),
    ("binary", {"y": ONE_HOT[:, :2]}, ValueError, r"\(6, 2\) don't fit outputs of shape \(n, 1\)"),
    ("one", {"y": np.ones((N, 2))}, ValueError, r"\(6, 2\) don't fit outputs of shape \(n, 1\)"),
    ("one", {"y": NUMBERS[None]}, ValueError, "equally many samples: x has 6, y has 1"),
    ("one", {"y": np.ones((N, 1, 1))}, ValueError, r"\(6, 1, 1\) don't fit outputs of shape"),
    ("three", {"y": NUMBERS}, ValueError, r"\(6,\) don't fit outputs of shape \(n, 3\)"),
    ("three", {"y": NUMBERS[:, None]}, ValueError, r"\(6, 1\) don't fit outputs of shape \(n, 3\)"),
    ("sparse", {"batch_size": 0}, ValueError, "batch_size must be a whole number from 1"),
    ("sparse", {"batch_size": -3}, ValueError, "batch_size must be a whole number from 1"),
    ("sparse", {"batch_size": 2.5}, TypeError, "batch_size must be a whole number from 1"),
    ("sparse", {"batch_size": "32"}, TypeError, "batch_size must be a whole number from 1"),
    ("sparse", {"batch_size": True}, TypeError, "batch_size must be a whole number from 1"),
    ("sparse", {"validation_batch_size": 0}, ValueError, "validation_batch_size must be a whole"),
    ("sparse", {"epochs": -1}, ValueError, "epochs must be a whole number from 0"),
    ("sparse", {"epochs": 1.0}, TypeError, "epochs must be a whole number from 0"),
    ("sparse", {"initial_epoch": -1}, ValueError, "initial_epoch must be a whole number"),
    ("sparse", {"verbose": 3}, ValueError, "verbose must be 'auto', 0, 1 or 2, got 3"),
    ("sparse", {"shuffle": "batch"}, TypeError, "shuffle must be True or False, got 'batch'"),
    ("sparse", {"check_numerics": 1}, TypeError, "check_numerics must be True or False"),
    ("sparse", {"callbacks": "early"}, TypeError, "callbacks must be an object such as"),
    ("sparse", {"callbacks": [callbacks.History]}, TypeError, "got the class History"),
    ("sparse", {"callbacks": [print]}, TypeError, "callbacks must be an object such as"),
    ("sparse", {"validation_split": -0.1}, ValueError, r"validation_split must be .* in \[0, 1\)"),
    ("sparse", {"validation_split": 1}, ValueError, r"validation_split must be .* in \[0, 1\)"),
    ("sparse", {"validation_split": "0.1"}, TypeError, r"validation_split must be .* in \[0, 1\)"),
    ("sparse", {"validation_split": 0.9}, ValueError, "of 6 samples leaves nothing to train"),
    ("sparse", {"validation_freq": 0}, ValueError, "validation_freq must be a whole number"),
    ("sparse", {"validation_data": X}, ValueError, r"validation_data is \(x, y\) or \(x, y, sam"),
    ("sparse", {"validation_data": (X,)}, ValueError, r"validation_data is \(x, y\) or"),
    ("sparse", {"validation_data": (X, LABELS + 1)}, ValueError, "^validation_data: .*labels"),
    ("sparse", {"validation_data": (X[:2], LABELS)}, ValueError, "^validation_data: .*x has 2"),
    ("sparse", {"validation_data": (X, None)}, TypeError, "^validation_data: y is missing"),
    ("sparse", {"validation_data": (X, LABELS, ONES[1:])}, ValueError, "^validation_data: .*has 5"),
    ("sparse", {"sample_weight": ONES[1:]}, ValueError, "y has 6, sample_weight has 5"),
    ("sparse", {"sample_weight": np.ones((N, 2))}, ValueError, r"must have shape \(6,\), got"),
    ("sparse", {"sample_weight": changed(ONES, 3, np.nan)}, ValueError, "sample_weight contains N"),
    ("sparse", {"sample_weight": 2.0}, ValueError, "sample_weight is the single number"),
    ("sparse", {"sample_weight": ONES, "class_weight": {0: 2}}, ValueError, "not both"),
    ("sparse", {"class_weight": [1, 2, 3]}, TypeError, r"class_weight is a dictionary \{class"),
    ("sparse", {"class_weight": "balanced"}, TypeError, r"class_weight is a dictionary \{class"),
    ("sparse", {"class_weight": {"a": 1}}, TypeError, "whole number from 0 to 2, got 'a'"),
    ("sparse", {"class_weight": {3: 1.0}}, ValueError, "whole number from 0 to 2, got 3"),
    ("sparse", {"class_weight": {-1: 1.0}}, ValueError, "whole number from 0 to 2, got -1"),
    ("sparse", {"class_weight": {0: -np.inf}}, ValueError, "class 0 must be a number in"),
    ("sparse", {"class_weight": {0: np.nan}}, ValueError, "class 0 must be a number in"),
    ("sparse", {"class_weight": {0: None}}, TypeError, "class 0 must be a number in"),
    ("sparse", {"class_weight": {0: 1e300}}, ValueError, "class 0 must be a number in"),
    ("one", {"class_weight": {0: 2.0}}, ValueError, "y has fractions; give sample_weight"),
    ("sparse", {"batchsize": 3}, TypeError, "fit has no argument 'batchsize'; did you mean 'batch"),
    ("sparse", {"jobs": 3}, TypeError, "has no argument.* It takes: .*validation_split"),
    ("sparse", {"steps_per_epoch": 0}, ValueError, "steps_per_epoch must be a whole number from 1"),
    ("sparse", {"validation_steps": "2"}, TypeError, "validation_steps must be a whole number"),
]


def state(model):
    optimizer = copy.copy(model.optimizer.__dict__)
    slots = {name: flat.copy() for name, flat in model.session().slots.items()}
    return model.get_weights(), optimizer, slots, model.history, model.compiled


@pytest.mark.parametrize(("kind", "wrong", "error", "message"), FIT)
def test_fit_refuses_and_changes_nothing(networks, kind, wrong, error, message):
    model = networks[kind]
    before = state(model)
    with pytest.raises(error, match=message):
        model.fit(**({"x": X, "y": MODELS[kind][3], "verbose": 0, "epochs": 2} | wrong))
    np.testing.assert_equal(state(model), before)


# Method, arguments, error, what it says.
OTHERS = [
    ("evaluate", (), TypeError, "x is missing"),
    ("evaluate", (X, LABELS, 0), ValueError, "evaluate: batch_size must be a whole number"),
    ("evaluate", (X, LABELS + 1), ValueError, "labels must be whole numbers"),
    ("predict", (None,), TypeError, "x is missing"),
    ("predict", (X[0],), ValueError, r"a single sample needs a batch axis: x\[None\]"),
    ("predict", ([],), ValueError, r"x has samples of shape \(\)"),
    ("predict", ("abc",), TypeError, "x must be an array of numbers"),
    ("predict", (X, 0), ValueError, "predict: batch_size must be a whole number"),
    ("predict", (X, 1.5), TypeError, "predict: batch_size must be a whole number"),
    ("predict", (X, None, 7), ValueError, "verbose must be 'auto', 0, 1 or 2"),
    ("predict_on_batch", (3,), ValueError, "x is the single number"),
    ("predict_on_batch", (iter(X),), TypeError, "x must be an array"),
    ("test_on_batch", (None, LABELS), TypeError, "x is missing"),
    (
        "train_on_batch",
        (X[0], LABELS[0]),
        ValueError,
        r"a single sample needs a batch axis: x\[None\]",
    ),
    ("train_on_batch", (X,), TypeError, "y is missing"),
    ("set_weights", (None,), TypeError, "weights are given as a list of arrays, got None"),
    ("set_weights", ([np.ones((4, 3))],), ValueError, "has 2 weights, got 1"),
    (
        "set_weights",
        ([np.ones((4, 2)), np.ones(2)],),
        ValueError,
        r"dense/kernel: expected \(4, 3\), got \(4, 2\); dense/bias: expected \(3,\), got \(2,\)",
    ),
    (
        "set_weights",
        ([np.ones((4, 3)), ["a"] * 3],),
        TypeError,
        "dense/bias must be an array",
    ),
    ("compile", ("adm", "mse"), ValueError, "unknown optimizer 'adm'; did you mean 'adam'"),
    ("compile", ("sgd", "msee"), ValueError, "unknown loss 'msee'; did you mean 'mse'"),
    ("compile", ("sgd", "mse", {"metrics": ["acuracy"]}), ValueError, "did you mean 'accuracy'"),
    (
        "compile",
        ("sgd", "mse", {"metrics": "accuracy"}),
        TypeError,
        r"metrics is a list, for example",
    ),
    (
        "compile",
        ("sgd", "mse", {"metrics": ["mae", "mae"]}),
        ValueError,
        "two results would be called 'mae'",
    ),
    ("compile", ("sgd", "mse", ["mae"]), TypeError, "loss_weights must be a number .*mae"),
    ("compile", ("sgd", 3), TypeError, "loss: expected an object or the name of one, got 3"),
    (
        "compile",
        ("sgd", "mse", {"metrics": [np]}),
        TypeError,
        "metric: expected an object or the name of one",
    ),
    ("compile", (print, "mse"), TypeError, "optimizer: expected an object or the name of one"),
    ("compile", ("sgd", nnkit.metrics.MeanSquaredError()), TypeError, "loss: expected an object"),
]


@pytest.mark.parametrize(("method", "given", "error", "message"), OTHERS)
def test_other_methods_refuse_and_change_nothing(networks, method, given, error, message):
    model = networks["sparse"]
    before = state(model)
    named = given[-1] if given and isinstance(given[-1], dict) else {}
    with pytest.raises(error, match=message):
        getattr(model, method)(*given[: len(given) - bool(named)], **named)
    np.testing.assert_equal(state(model), before)
    model.fit(X, LABELS, epochs=0, verbose=0)


# What makes an object, error, what it says.
OBJECTS = [
    (lambda: Dense(), TypeError, "Dense: missing a required argument: 'units'"),
    (lambda: Dense(0), ValueError, "Dense: units must be a whole number from 1"),
    (lambda: Dense(3.0), TypeError, "Dense: units must be a whole number from 1"),
    (lambda: Dense(3, activaton="tanh"), TypeError, "Dense has no argument 'activaton'; did you"),
    (lambda: Dense(3, "rleu"), ValueError, "unknown activation 'rleu'; did you mean 'relu'"),
    (lambda: Dense(3, 4), TypeError, r"activation must be a name \(.*\), a function or a layer"),
    (lambda: Dense(3, kernel_initializer="zeroes"), ValueError, "did you mean 'zeros'"),
    (lambda: Dense(3, dtype="float16"), ValueError, "dtype is 'float32' or 'float64'"),
    (lambda: Dense(3, input_shape=4), TypeError, "input_shape must be a tuple"),
    (lambda: Dense(3, input_shape=(-4,)), ValueError, "input_shape must be a whole number from 1"),
    (lambda: Dense(3, trainable="no"), TypeError, "trainable must be True or False"),
    (lambda: Dense(3, name="a\nb"), ValueError, "characters that can be seen"),
    (lambda: Dense(3, name="a//b"), ValueError, "nor with nothing before, between or after"),
    (lambda: Dense(3, name=".."), ValueError, "not of dots alone"),
    (lambda: Dropout(2), ValueError, r"rate must be a number in \[0, 1\]"),
    (lambda: Input(4), TypeError, r"must be a tuple of whole numbers, got 4: write \(4,\)"),
    (lambda: Input((0, 4)), ValueError, "shape must be a whole number from 1"),
    (
        lambda: nnkit.optimizers.SGD(rate=0.1),
        TypeError,
        "SGD has no argument 'rate'.*learning_rate",
    ),
    (lambda: nnkit.optimizers.Adam(beta1=0.1), TypeError, "did you mean 'beta_1'"),
    (lambda: nnkit.optimizers.SGD(-1), ValueError, "learning_rate must be a number in"),
    (lambda: Sequential(Dense(3)), TypeError, "layers must be a list of layers, got <Dense"),
    (lambda: Sequential(layer=[]), TypeError, "Sequential has no argument 'layer'; did you mean"),
    (lambda: Sequential([Dense]), TypeError, r"Dense is a class; add an object: Dense\(...\)"),
    (lambda: Sequential([None]), TypeError, "a Sequential is made of layers, got None"),
    (lambda: Sequential([(4,), Dense(3)]), TypeError, r"a Sequential is made of layers, got \(4,"),
    (lambda: Sequential([Dense(3), Input((4,))]), ValueError, "Input must be the first layer"),
    (lambda: Sequential([Input((4,)), Input((4,))]), ValueError, "Input must be the first layer"),
    (
        lambda: Sequential([Dense(3, name="a"), Tanh(name="a")]),
        ValueError,
        "give one another name=",
    ),
    (lambda: Sequential([Input((4,)), Reshape((3,))]), ValueError, "cannot build 'reshape'.*3"),
    (lambda: Sequential([Input((4,)), Softmax(axis=2)]), ValueError, "cannot build 'softmax'"),
    (lambda: Sequential([Dense(3)]).build(), TypeError, r"for example \(None, 784\), got None"),
    (lambda: Sequential([Dense(3)]).build(4), TypeError, r"for example \(None, 784\), got 4"),
    (lambda: Sequential([Dense(3)]).build((4,)), ValueError, r"has a batch axis, .* got \(4,\)"),
    (lambda: Sequential([Dense(3)]).count_params(), ValueError, "the model has no weights yet"),
    (lambda: Sequential([Dense(3)]).set_weights([]), ValueError, "the model has no weights yet"),
    (lambda: Sequential([Dense(3)]).predict(X[:, 0]), ValueError, r"axis for it: x\[:, None\]"),
    (lambda: Sequential().pop(), ValueError, "there is no layer to remove"),
    (lambda: Sequential([Dense(3)]).fit(X, X), RuntimeError, "call compile.* before fit"),
    (lambda: Sequential([Dense(3)]).evaluate(X, X), RuntimeError, "call compile.* before evalua"),
    (lambda: Sequential([Dense(3)]).train_on_batch(X, X), RuntimeError, "before train_on_batch"),
]


def test_without_a_loss_there_is_nothing_to_learn():
    model = Sequential([Input((4,)), Dense(3)])
    model.compile("sgd")
    for method in (model.fit, model.train_on_batch):
        for data in ((X,), (X, X[:, :3])):
            with pytest.raises(ValueError, match="compile needs a loss, for example"):
                method(*data)


@pytest.mark.parametrize(("make", "error", "message"), OBJECTS)
def test_objects_that_cannot_be(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_mixed_data_types_are_refused_before_anything_is_built():
    model = Sequential([Dense(2), Dense(1, dtype="float64", name="other")])
    with pytest.raises(ValueError, match="layer 'other' is float64, but the model is float32"):
        model.predict(X)
    assert not model.built
    assert not model.weights


class Scale(Layer):
    def build(self, input_shape):
        self.factor = self.add_weight("factor", input_shape[1:], "ones")

    def forward(self, x, training=False):
        return x * self.factor.value


@pytest.mark.parametrize("activation", [Scale(), Dense(2), Flatten()])
def test_an_activation_has_no_weights_and_keeps_the_shape(activation):
    """Such weights would be trained, but neither be saved nor counted."""
    with pytest.raises(ValueError, match="has no weights and keeps the shape, unlike"):
        Sequential([Input((2, 4)), Dense(3, activation)])


def test_an_activation_layer_may_be_an_activation():
    layer = Dense(4, Activation(Tanh()), kernel_initializer="identity")
    np.testing.assert_allclose(layer(X), np.tanh(X), rtol=1e-5)
    np.testing.assert_allclose(Sequential([layer]).predict(X), np.tanh(X), rtol=1e-5)


def test_a_failed_build_leaves_nothing_behind():
    model = Sequential([Dense(4), Flatten(), Reshape((2, 6))])
    with pytest.raises(ValueError, match="cannot build 'reshape'"):
        model.predict(np.ones((2, 5, 7)))
    assert not model.built
    assert not model.weights
    assert model.predict(np.ones((2, 3, 5))).shape == (2, 2, 6)
    with pytest.raises(ValueError, match="was built for inputs of shape"):
        model.build((None, 3, 7))
    assert model.input_shape == (None, 3, 5)


def test_a_layer_that_does_not_fit_is_not_added(networks):
    model = networks["sparse"]
    before = state(model)
    with pytest.raises(ValueError, match="cannot build 'reshape'"):
        model.add(Reshape((2,)))
    np.testing.assert_equal(state(model), before)
    assert [layer.name for layer in model.layers] == ["dense"]
    model.fit(X, LABELS, epochs=0, verbose=0)


def test_softmax_of_one_number_is_warned_of():
    with pytest.warns(UserWarning, match="over an axis of size 1.*did you mean a sigmoid"):
        model = Sequential([Input((4,)), Dense(1, "softmax")])
    for loss in ("sparse_categorical_crossentropy", "categorical_crossentropy"):
        model.compile("sgd", loss)
        with pytest.raises(ValueError, match="is 0 for a single output: use binary_crossentropy"):
            model.fit(X, np.zeros(N), verbose=0)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("sparse", {"x": Frame(X), "y": Frame(LABELS)}),
        ("sparse", {"x": X.tolist(), "y": LABELS.tolist()}),
        ("sparse", {"x": np.ma.masked_array(X)}),
        ("sparse", {"y": LABELS[:, None]}),
        ("sparse", {"y": LABELS.astype("float64")}),
        ("sparse", {"batch_size": 2**30}),
        ("sparse", {"callbacks": ()}),
        ("sparse", {"callbacks": callbacks.History()}),
        ("sparse", {"sample_weight": np.ones((N, 1), bool)}),
        ("sparse", {"class_weight": {np.int64(0): np.float32(1)}}),
        ("sparse", {"epochs": np.int64(1), "initial_epoch": 0}),
        ("one", {"y": NUMBERS[:, None]}),
        ("three", {"y": ONE_HOT[..., None]}),
        ("binary", {"class_weight": {0: 1, 1: 1}}),
    ],
)
def test_other_forms_of_right_input(kind, given):
    results = []
    for arguments in ({}, given):
        nnkit.utils.set_random_seed(0)
        data = {"x": X, "y": MODELS[kind][3], "verbose": 0, "shuffle": False}
        results.append(network(kind).fit(**(data | arguments)).history)
    assert results[0] == results[1]


@pytest.mark.parametrize("arguments", [{"epochs": 0}, {"epochs": 2, "initial_epoch": 5}])
def test_no_epochs_is_no_work(networks, arguments):
    weights = networks["one"].get_weights()
    assert networks["one"].fit(X, NUMBERS, verbose=0, **arguments).history == {}
    np.testing.assert_equal(networks["one"].get_weights(), weights)


def test_predicting_nothing(networks):
    assert networks["sparse"].predict(X[:0]).shape == (0, 3)
