"""Layers, losses, metrics and optimizers of one's own: in NumPy, of kernels, right and wrong."""

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential, launch
from nnkit.layers import Dense, Layer, Tanh
from nnkit.losses import Loss
from nnkit.metrics import Metric
from nnkit.optimizers import Optimizer

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 4)).astype("float32")  # 70 = 2 * 32 + 6: with a smaller last batch.
Y = RNG.normal(size=70).astype("float32")


def network(*middle, optimizer="sgd", loss="mse", metrics=None, seed=5, **compiled):
    nnkit.utils.set_random_seed(seed)
    layers = [Input((4,)), Dense(6, kernel_initializer=nnkit.initializers.RandomNormal(seed=1))]
    layers += [*middle, Dense(1, kernel_initializer=nnkit.initializers.RandomNormal(seed=2))]
    model = Sequential(layers)
    model.compile(optimizer, loss, metrics=metrics, **compiled)
    model._seed = seed
    return model


def results(model, x=X, y=Y):
    """All numbers that a training gives."""
    history = model.fit(x, y, epochs=4, verbose=0, validation_split=0.3).history
    found = [*history.values(), model.evaluate(x, y, batch_size=33, verbose=0, return_dict=True)]
    return [*found, model.predict(x, batch_size=20), *model.get_weights()]


def assert_close(one, two, rtol=1e-5):
    for a, b in zip(one, two, strict=True):
        a, b = (list(v.values()) if isinstance(v, dict) else v for v in (a, b))
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-5)


class NumpyTanh(Layer):
    def forward(self, x, training=False):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy):
        return dy * (1 - self.y**2)


class KernelTanh(Layer):
    recordable = True

    def forward(self, x, training=False):
        self.y = self.empty(x.shape)
        launch.tanh(x, self.y)
        return self.y

    def backward(self, dy):
        dx = self.empty(dy.shape)
        launch.tanh_backward(dy, self.y, dx)
        return dx


class Float64Tanh(NumpyTanh):
    def forward(self, x, training=False):
        self.y = np.tanh(x.astype("float64"))
        return self.y


class ListTanh(NumpyTanh):
    def forward(self, x, training=False):
        return super().forward(x).tolist()

    def backward(self, dy):
        return super().backward(dy).tolist()


@pytest.mark.parametrize("layer", [NumpyTanh, KernelTanh, Float64Tanh, ListTanh])
@pytest.mark.parametrize("eager", [False, True])
def test_layers(layer, eager):
    mine = network(layer(), run_eagerly=eager)
    assert_close(results(mine), results(network(Tanh())))
    assert mine.predict(X).dtype == np.float32


class Shift(Layer):
    """Takes the running mean away: weights that no optimizer changes."""

    def build(self, input_shape):
        self.mean = self.add_weight("mean", input_shape[1:], "zeros", trainable=False)
        self.scale = self.add_weight("scale", input_shape[1:], "ones")
        self.steps = 0

    def forward(self, x, training=False):
        if training:
            self.steps += 1
            self.mean.value[...] = 0.9 * self.mean.value + 0.1 * x.mean(axis=0)
        self.centred = x - self.mean.value
        return self.centred * self.scale.value

    def backward(self, dy):
        self.scale.gradient[...] = (dy * self.centred).sum(axis=0)
        return dy * self.scale.value


def test_a_layer_with_state_is_replayed_and_counts_each_step_once():
    replayed, python = network(Shift()), network(Shift(), run_eagerly=True)
    assert_close(results(replayed), results(python))
    assert replayed.layers[1].steps == python.layers[1].steps == 8
    mean = replayed.layers[1].mean.numpy()
    assert np.abs(mean).max() > 0
    replayed.predict(X)
    np.testing.assert_array_equal(replayed.layers[1].mean.numpy(), mean)
    assert not any(step.eager for step in replayed.session().records._steps.values())


class NumpyError(Loss):
    def forward(self, y_true, y_pred):
        self.difference = y_pred - y_true.reshape(y_pred.shape)
        return (self.difference**2).mean(axis=-1)

    def backward(self, weights):
        d = self.difference
        return 2 * d / d.shape[-1] * weights.reshape(*d.shape[:-1], 1)


class NumpyDeviation(Metric):
    def forward(self, y_true, y_pred):
        return abs(y_pred - y_true.reshape(y_pred.shape)).mean(axis=-1)


class NumpyMomentum(Optimizer):
    slots = ("speed",)

    def update(self, gradients, parameters, slots, rate, iteration):
        slots["speed"] *= 0.9
        slots["speed"] -= (rate * gradients).astype(gradients.dtype)
        parameters += slots["speed"]


PARTS = {
    "loss": ({"loss": NumpyError()}, {}),
    "metric": ({"metrics": [NumpyDeviation()]}, {"metrics": ["mae"]}),
    "optimizer": (
        {"optimizer": NumpyMomentum(0.01, clipnorm=1.0, weight_decay=0.01)},
        {"optimizer": nnkit.optimizers.SGD(0.01, momentum=0.9, clipnorm=1.0, weight_decay=0.01)},
    ),
}


@pytest.mark.parametrize("part", PARTS)
def test_parts_in_numpy_do_what_kernels_do(part):
    mine, reference = PARTS[part]
    model = network(Tanh(), **mine)
    assert_close(results(model), results(network(Tanh(), **reference)))
    assert not any(step.eager for step in model.session().records._steps.values())


def test_everything_in_numpy_at_once():
    model = network(
        Shift(), NumpyTanh(), loss=NumpyError(), metrics=[NumpyDeviation()],
        optimizer=NumpyMomentum(0.01),
    )  # fmt: skip
    python = network(
        Shift(), NumpyTanh(), loss=NumpyError(), metrics=[NumpyDeviation()],
        optimizer=NumpyMomentum(0.01), run_eagerly=True,
    )  # fmt: skip
    assert_close(results(model), results(python))
    assert model.optimizer.iterations == python.optimizer.iterations == 8


def test_a_loss_in_numpy_has_rows_for_every_step():
    rng = np.random.default_rng(1)
    x, y, w = rng.normal(size=(9, 3, 2)), rng.normal(size=(9, 3, 1)), rng.uniform(size=(9, 3))
    found = []
    for loss, metric in (("mse", "mae"), (NumpyError(), NumpyDeviation())):
        model = Sequential([Input((3, 2)), Dense(1, kernel_initializer="ones")])
        model.compile("sgd", loss, metrics=[metric])
        for _ in range(3):
            logs = model.train_on_batch(x, y, sample_weight=w)
        found.append([*logs, *model.get_weights()])
    assert_close(*found)


def layer(**methods):
    """A layer of the class Mine that passes data on, but for some methods."""
    usual = {"forward": lambda self, x, training=False: x * 1, "backward": lambda self, dy: dy * 1}
    return type("Mine", (Layer,), usual | methods)()


def in_place(self, x, training=False):
    x *= 2
    return x


WRONG_LAYERS = [
    ({"forward": lambda s, x, training=False: x[:, :2]}, ValueError, r"'mine': forward .*\(32, 2"),
    ({"forward": lambda s, x, training=False: None}, TypeError, "'mine': what forward .* missing"),
    ({"forward": lambda s, x, training=False: "a"}, TypeError, "'mine': .*forward returned .* 'a'"),
    ({"forward": lambda s, x, training=False: x + 1j}, TypeError, "'mine': .* of dtype complex64"),
    ({"forward": Layer.forward}, TypeError, "Mine must define forward"),
    ({"forward": in_place}, ValueError, "read-only"),
    ({"backward": lambda s, dy: None}, ValueError, r"'mine': backward must .* returned None"),
    ({"backward": lambda s, dy: dy[:1]}, ValueError, r"'mine': backward must .* shape \(1, 6\)"),
    ({"backward": Layer.backward}, TypeError, "Mine must define backward"),
    ({"backward": lambda s, dy: 1 / 0}, ZeroDivisionError, "division by zero"),
    ({"build": lambda s, shape: s.add_weight("w", ("a", 3))}, TypeError, "the shape of 'w' must"),
]


@pytest.mark.parametrize(("methods", "error", "message"), WRONG_LAYERS)
def test_wrong_layers(methods, error, message):
    with pytest.raises(error, match=message) as caught:
        network(layer(**methods)).fit(X, Y, verbose=0)
    said = str(caught.value) + "".join(getattr(caught.value, "__notes__", []))
    assert "mine" in said.lower()


def test_a_layer_that_raises_later_leaves_a_model_that_goes_on():
    calls = []

    def forward(self, x, training=False):
        calls.append(training)
        if len(calls) == 5:
            raise ZeroDivisionError("once")
        return x * 1

    model = network(layer(forward=forward))
    with pytest.raises(ZeroDivisionError, match="once") as caught:
        model.fit(X, Y, epochs=3, verbose=0)
    assert "'mine'" in caught.value.__notes__[0]
    assert len(model.history.history["loss"]) == 1
    model.fit(X, Y, epochs=3, verbose=0)
    np.testing.assert_allclose(model.predict(X), model(X), rtol=1e-5)


def test_a_layer_whose_shape_changes_later_is_named():
    sizes = iter([6] * 4 + [5] * 99)

    def forward(self, x, training=False):
        return x[:, : next(sizes)] * 1

    with pytest.raises(ValueError, match="'mine'"):
        network(layer(forward=forward)).fit(X, Y, epochs=3, verbose=0)


WRONG_PARTS = [
    (Loss, {"forward": lambda s, t, p: (p - t).mean()}, r"forward .* shape \(32,\), got \(\)"),
    (Loss, {"forward": lambda s, t, p: p - t}, r"forward .* shape \(32,\), got \(32, 1\)"),
    (Loss, {"forward": lambda s, t, p: None}, "what forward returned is missing"),
    (Loss, {"backward": lambda s, w: w}, r"backward .* shape \(32, 1\), got \(32,\)"),
    (Loss, {"backward": lambda s, w: None}, "what backward returned is missing"),
    (Metric, {"forward": lambda s, t, p: (p - t).mean()}, r"forward .* \(32,\), got \(\)"),
    (Metric, {"forward": lambda s, t, p: p - t}, r"forward .* \(32,\), got \(32, 1\)"),
    (Metric, {"forward": lambda s, t, p: None}, "what forward returned is missing"),
]


@pytest.mark.parametrize(("base", "methods", "message"), WRONG_PARTS)
def test_wrong_losses_and_metrics(base, methods, message):
    """A result of another size would be read beyond its end."""
    part = type("Mine", ({Loss: NumpyError, Metric: NumpyDeviation}[base],), methods)()
    given = {"loss": part} if base is Loss else {"metrics": [part]}
    model = network(**given)
    with pytest.raises((TypeError, ValueError), match="^mine: " + message):
        model.fit(X, Y, verbose=0)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("base", [Layer, Loss, Metric, Optimizer])
def test_forgetting_the_base_is_found_at_once(base):
    def forgets(self):
        self.mine = 1

    with pytest.raises(TypeError, match=r"Mine.__init__ must call super\(\).__init__\(\) before"):
        type("Mine", (base,), {"__init__": forgets})()


@pytest.mark.parametrize(
    ("base", "given", "message"),
    [
        (Loss, "loss", r"Mine must define forward\(self, y_true, y_pred\)"),
        (Metric, "metrics", r"Mine must define forward\(self, y_true, y_pred\)"),
        (Optimizer, "optimizer", r"Mine must define update\(self, gradients"),
    ],
)
def test_what_a_part_must_define_is_said(base, given, message):
    part = type("Mine", (base,), {})()
    model = network(**{given: [part] if given == "metrics" else part})
    with pytest.raises(TypeError, match=message):
        model.fit(X, Y, verbose=0)


def test_options_may_pass_through_keywords():
    class Power(Layer):
        def __init__(self, **options):
            self.power = options.pop("power", 2)
            super().__init__(**options)

    assert Power(power=3, name="cube").get_config()["power"] == 3
    with pytest.raises(TypeError, match="Power has no argument 'nmae'; did you mean 'name'"):
        Power(nmae="cube")


@pytest.mark.parametrize("stated", ["abc", 3, None, (), (None, -1), (None, 2.5), (None, "3")])
def test_what_is_no_output_shape(stated):
    class Stated(NumpyTanh):
        def compute_output_shape(self, input_shape):
            return stated

    with pytest.raises(TypeError, match="build 'stated': compute_output_shape must return a tuple"):
        Sequential([Input((4,)), Stated(), Dense(1)])
