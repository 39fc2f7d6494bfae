"""Layers, losses, metrics and activations of which only the formula is written."""

import copy
import pickle
import re

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential, ops, registry
from nnkit.layers import Activation, Dense, Lambda, Layer
from nnkit.losses import FunctionLoss
from nnkit.metrics import FunctionMetric
from nnkit.testing import check_layer, check_loss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 4)).astype("float32")  # 70 = 2 * 32 + 6: with a smaller last batch.
Y = RNG.normal(size=70).astype("float32")


class Affine(Layer):
    def build(self, input_shape):
        self.scale = self.add_weight("scale", input_shape[1:], "ones")
        self.shift = self.add_weight("shift", input_shape[1:], "zeros")

    def call(self, x):
        return x * self.scale + self.shift


class HandAffine(Affine):
    def forward(self, x, training=False):
        self.x = x
        return x * self.scale.value + self.shift.value

    def backward(self, dy):
        self.scale.gradient[...] = (dy * self.x).sum(axis=0)
        self.shift.gradient[...] = dy.sum(axis=0)
        return dy * self.scale.value


class Projection(Layer):
    """A weight that is used twice, one in a list, one that is not trained, and another shape."""

    def __init__(self, units=3, **options):
        super().__init__(**options)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units))
        self.more = [self.add_weight("bias", (self.units,), "ones")]
        self.mean = self.add_weight("mean", (1,), "ones", trainable=False)
        self.table = np.arange(self.units, dtype="float32")

    def call(self, x, training=None):
        z = x @ self.kernel + self.more[0] * self.more[0]
        return ops.tanh(z - 0.1 * self.mean) + self.table + 0.01 * ops.sum(self.kernel**2)


class InTraining(Layer):
    def call(self, x, training=None):
        return x * 2 if training else x


LAYERS = [
    (Affine(), (5,)),
    (Affine(), (3, 1)),
    (Projection(2), (4,)),
    (Projection(), (2, 4)),
    (InTraining(), (3,)),
    (Lambda(lambda x: x * ops.sigmoid(x)), (4,)),
    (Lambda(lambda x, power: x**power, arguments={"power": 3}), (2, 2)),
    (Lambda(lambda x: ops.concatenate([x, x**2], axis=-1)), (2, 3)),
    (Lambda(lambda x: ops.reshape(x, (-1, 6))), (2, 3)),
    (Lambda(lambda x: x - ops.mean(x, axis=-1, keepdims=True)), (5,)),
    (Lambda(lambda x: ops.sum(x, axis=1)), (2, 3)),
    (Lambda(lambda x: x[:, ::2]), (5,)),
    (Dense(3, activation=lambda x: ops.where(x > 0, x, 0.1 * x)), (4,)),
    (Activation(ops.softplus), (4,)),
]


@pytest.mark.parametrize(("layer", "input_shape"), LAYERS)
def test_gradients_recording_and_description(layer, input_shape):
    check_layer(layer, input_shape)


def network(layer, eager=False, loss="mse", metrics=None):
    nnkit.utils.set_random_seed(5)
    model = Sequential([Input((4,)), Dense(6), layer, Dense(1)])
    model.compile("sgd", loss, metrics=metrics, run_eagerly=eager)
    return model


def results(model):
    model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    return [*model.evaluate(X, Y, verbose=0, return_dict=True).values(), *model.get_weights()]


def assert_close(one, two):
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("eager", [False, True])
def test_it_learns_what_a_layer_by_hand_learns(eager):
    assert_close(results(network(Affine(), eager)), results(network(HandAffine())))


@pytest.mark.parametrize(
    ("function", "recorded"),
    [
        (lambda x: ops.tanh(x) * ops.sum(x, axis=-1, keepdims=True), True),
        (lambda x: ops.softmax(x) @ np.eye(6, dtype="float32"), True),
        (lambda x: x * ops.stop_gradient(x), True),
        (lambda x: x, True),
        (lambda x: ops.take(x, [3, 1, 3], axis=1), False),
    ],
)
def test_steps_are_recorded_where_there_are_kernels(function, recorded):
    model = network(Lambda(function))
    assert_close(results(model), results(network(Lambda(function), eager=True)))
    graph = model.held.graph([(None, 4)], training=True)
    assert all(use.part.recordable for use in graph.uses) == recorded


def test_a_stopped_gradient():
    layer = Lambda(lambda x: x * ops.stop_gradient(x))
    layer(X)
    np.testing.assert_array_equal(layer.backward(np.ones_like(X)), X)


def test_a_frozen_layer_and_the_first_of_a_model():
    frozen = network(Affine(trainable=False))
    before = frozen.layers[1].get_weights()
    frozen.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(frozen.layers[1].get_weights(), before)
    model = Sequential([Affine(), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert np.abs(model.layers[0].scale.numpy() - 1).max() > 0


def test_shapes_follow():
    layer = Lambda(lambda x: ops.reshape(x, (-1, 2)))
    assert layer.compute_output_shape((None, 6)) == (None, 2)
    assert Lambda(lambda x: x[:, :2]).compute_output_shape((None, 6, None)) == (None, 2, None)
    assert Lambda(lambda x: x, output_shape=(7,)).compute_output_shape((None, 6)) == (None, 7)


def test_one_layer_takes_inputs_of_several_shapes():
    layer = Lambda(lambda x: x + ops.mean(x, axis=0))
    for shape in ((2, 3), (2, 1), (5, 2, 1)):
        x = RNG.normal(size=shape).astype("float32")
        np.testing.assert_allclose(layer(x), x + x.mean(axis=0), rtol=1e-5)


def test_copies_and_pickles_leave_the_expression_behind():
    layer = Affine()
    y = layer(X)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        twin.scale.assign(np.full(4, 2.0))
        np.testing.assert_allclose(twin(X), 2 * y)
    np.testing.assert_array_equal(layer(X), y)


def test_numbers_have_the_layers_type():
    layer = Lambda(lambda x: 0.1 * x / 3 + 1e-7, dtype="float32")
    assert layer(X).dtype == np.float32
    assert Lambda(lambda x: x * 0.1, dtype="float64")(X).dtype == np.float64


# ------------------------------------------------------------------- losses, metrics, names


def log_cosh(y_true, y_pred):
    return ops.mean(ops.log(ops.cosh(y_pred - y_true)), axis=-1)


def squares(y_true, y_pred):
    return ops.square(y_pred - y_true)


LOSSES = [
    log_cosh,
    squares,
    lambda y_true, y_pred: ops.mean(squares(y_true, y_pred)),
    lambda y_true, y_pred: ops.sum(ops.abs(y_pred) * 0.3, axis=-1),
]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 1)])
def test_losses(loss, shape):
    check_loss(nnkit.losses.get(loss), RNG.normal(size=shape), RNG.normal(size=shape))


def test_a_function_is_the_loss_that_it_says():
    mine = network(Dense(3), loss=squares, metrics=[squares])
    known = network(Dense(3), loss="mse", metrics=["mse"])
    assert_close(results(mine), results(known))
    assert mine.metrics_names == ["loss", "squares"]


def test_a_loss_for_the_whole_batch_is_that_of_every_row():
    loss = nnkit.losses.get(lambda y_true, y_pred: ops.mean(squares(y_true, y_pred)))
    assert loss(Y, X[:, 0]) == pytest.approx(nnkit.losses.get("mse")(Y, X[:, 0]), rel=1e-6)


def test_a_metric_called_accuracy_is_better_larger():
    def my_accuracy(y_true, y_pred):
        return ops.equal(y_true > 0, y_pred > 0)

    metric = nnkit.metrics.get(my_accuracy)
    metric.update_state([1.0, -1.0, 2.0, 3.0], [0.5, 3.0, 2.0, 1.0])
    assert metric.result() == 0.75
    assert (metric.name, metric.direction) == ("my_accuracy", None)
    assert pickle.loads(pickle.dumps(FunctionMetric(squares))).function is squares


@pytest.fixture
def registered():
    """Functions that files may name, for one test."""
    before = dict(registry._functions)

    @nnkit.saving.register
    def half_of(x):
        return x / 2

    nnkit.saving.register(squares)
    yield half_of
    registry._functions.clear()
    registry._functions.update(before)


@pytest.mark.usefixtures("registered")
def test_registered_functions_have_names(tmp_path):
    model = Sequential([Input((4,)), Dense(3, activation="half_of"), Lambda("half_of"), Dense(1)])
    model.compile("sgd", "squares", metrics=["squares", FunctionMetric(squares, "own")])
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.h5")
    same = nnkit.load_model(tmp_path / "model.h5")
    np.testing.assert_array_equal(same.predict(X), model.predict(X))
    assert isinstance(same.loss, FunctionLoss)
    assert same.loss.function is squares
    assert same.layers[1].name == model.layers[1].name == "half_of"
    assert same.layers[1].get_config()["function"] == "half_of"
    assert same.metrics_names == ["loss", "squares", "own"]


@pytest.mark.parametrize(
    ("layer", "compiled", "message"),
    [
        (Lambda(lambda x: x), {}, r"layer 'lambda': function is <function .* a file can't hold"),
        (Dense(6, activation=ops.tanh), {}, "layer 'dense.*': activation is .* a file can't hold"),
        (Dense(6), {"loss": log_cosh}, "compile: loss is .* under @nnkit.saving.register"),
        (Dense(6), {"metrics": [log_cosh]}, "compile: metrics is .* a file can't hold"),
    ],
)
def test_code_is_not_written(layer, compiled, message, tmp_path):
    model = network(layer, **compiled)
    with pytest.raises(ValueError, match=message):
        model.save(tmp_path / "model.h5")
    assert list(tmp_path.iterdir()) == []
    model.save_weights(tmp_path / "model.weights.h5")


def test_names_of_functions_are_checked(registered):
    def half_of(x):
        return x

    half_of.__qualname__ = "elsewhere"
    with pytest.raises(ValueError, match="a function called 'half_of' is registered already"):
        nnkit.saving.register(half_of)
    with pytest.raises(TypeError, match="functions that have a name"):
        nnkit.saving.register(lambda x: x)
    with pytest.raises(ValueError, match="registered function 'half_off'; did you mean 'half_of'"):
        Lambda("half_off")
    assert Lambda("half_of").function is registered


# -------------------------------------------------------------------------------- bad input


def mine(function):
    """A layer called mine."""
    return Lambda(function, name="mine")


WRONG = [
    (lambda: mine(np.cbrt)(X), TypeError, "use nnkit.ops"),
    (lambda: mine(lambda x: x if x > 0 else -x)(X), TypeError, "ops.where instead of if"),
    (lambda: mine(lambda x: None)(X), TypeError, "'mine': call must return what .* got None"),
    (lambda: mine(lambda x: np.ones(3))(X), TypeError, "'mine': call must return what"),
    (lambda: mine(lambda x: x.value)(X), AttributeError, "value"),
    (lambda: Lambda({"code": "AAAA"}), TypeError, "a file never holds code"),
    (lambda: Lambda(Dense), TypeError, "Lambda needs a function"),
    (lambda: Lambda(), TypeError, "missing a required argument: 'function'"),
    (lambda: nnkit.losses.get(lambda t, p: 0)(Y, Y), ValueError, "a value for each row .* got 0"),
    (
        lambda: nnkit.losses.get(lambda t, p: ops.expand_dims(t, 0))(Y, Y),
        ValueError,
        "got 3 axes",
    ),
    (lambda: FunctionLoss(3), TypeError, "loss needs a function"),
]


@pytest.mark.parametrize(("do", "error", "message"), WRONG)
def test_bad_input(do, error, message):
    with pytest.raises(error) as caught:
        do()
    said = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert re.search(message, said)


def test_a_layer_with_neither_says_what_it_needs():
    with pytest.raises(TypeError, match=r"must define forward.* or call\(self, x\)"):
        Layer().forward(X)
    with pytest.raises(TypeError, match="must define backward"):
        Layer().backward(X)
