"""Whole trainings in the simulator against the CPU: every layer, loss and optimizer."""

import numpy as np
import pytest

import nnkit
from nnkit import cuda, optimizers
from nnkit.engine.cuda.options import options
from nnkit.models import pace
from tests.layers.test_gradients import LAYERS, LOSSES, label

pytestmark = pytest.mark.filterwarnings(
    "ignore:(divide by zero|invalid value|overflow):RuntimeWarning"
)

OPTIMIZERS = [
    optimizers.SGD(0.1),
    optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipvalue=0.01),
    optimizers.Adam(0.01, weight_decay=0.01, global_clipnorm=0.1),
    optimizers.Adam(0.01, amsgrad=True),
    optimizers.RMSprop(0.01, clipnorm=0.1),
    optimizers.RMSprop(0.01, momentum=0.5, centered=True),
]


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    nnkit.set_device("cpu")
    options.fuse = "auto"


def trained(make, x, y):
    """Weights and predictions after two steps of two rows and one of one, on both devices."""
    for device in ("cpu", "cuda"):
        nnkit.set_device(device)
        nnkit.utils.set_random_seed(5)
        model = make()
        model.fit(x, y, batch_size=2, epochs=1, verbose=0)
        yield [*model.get_weights(), model.predict(x[:1])]


def compare(make, x, y):
    on_cpu, on_gpu = trained(make, x, y)
    for mine, theirs in zip(on_gpu, on_cpu, strict=True):
        np.testing.assert_allclose(mine, theirs, 1e-5, 1e-6)


@pytest.mark.parametrize(("layer", "input_shape"), LAYERS, ids=map(label, LAYERS))
def test_layer(layer, input_shape, rng):
    def make():
        own = type(layer).from_config(layer.get_config() | {"dtype": "float32"})
        model = nnkit.Sequential([nnkit.Input(input_shape), own])
        model.compile(optimizers.SGD(0.1), "mse")
        return model

    x = rng.normal(size=(5, *input_shape)).astype(np.float32)
    y = rng.normal(size=(5, *layer.compute_output_shape((None, *input_shape))[1:]))
    compare(make, x, np.broadcast_to(y, (5, *y.shape[1:])))


@pytest.mark.parametrize(("loss", "y_true", "kind"), LOSSES, ids=map(label, LOSSES))
def test_loss(loss, y_true, kind, rng):
    last = {"probabilities": "softmax", "logits": None}[kind]
    if loss.name == "binary_crossentropy" and last:
        last = "sigmoid"
    metric = "accuracy" if "crossentropy" in loss.name else "mae"

    def make():
        model = nnkit.Sequential([nnkit.Input((3,)), nnkit.layers.Dense(4, activation=last)])
        model.compile(optimizers.SGD(0.1), loss, metrics=[metric])
        return model

    compare(make, rng.normal(size=(3, 3)), y_true)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: str(o.hyperparameters()))
def test_optimizer(optimizer, rng):
    def make():
        model = nnkit.Sequential([nnkit.Input((3,)), nnkit.layers.Dense(2)])
        model.compile(type(optimizer).from_config(optimizer.get_config()), "mse")
        return model

    compare(make, rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))


@pytest.mark.parametrize("fuse", ["none", "three", "persistent"])
def test_small_models_are_fused(fuse, rng, monkeypatch):
    """A whole epoch at once, with a last partial batch, which is not fused."""
    monkeypatch.setattr(pace.Pace, "chunks", lambda self, n, size, single: [(0, 2, 4), (4, 1, 1)])
    options.fuse = fuse

    def make():
        dense = nnkit.layers.Dense
        model = nnkit.Sequential([nnkit.Input((3,)), dense(4, "tanh"), dense(2, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    compare(make, rng.normal(size=(9, 3)).astype(np.float32), np.arange(9) % 2)


@nnkit.kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def cube(x, y):
    """y = x^3."""
    for i in range(x.size):
        y[i] = x[i] * x[i] * x[i]


@cuda.twin(cube, cuda.elements("y"))
def cube_on_gpu(x, y):
    """y = x^3."""
    i = cuda.thread()
    while i < x.size:
        y[i] = x[i] * x[i] * x[i]
        i += cuda.threads()


class Cube(nnkit.layers.Layer):
    """A layer of kernels of one's own, without a true gradient."""

    recordable = True

    def forward(self, x, training=False):
        y = self.empty(x.shape)
        cube(x, y)
        return y

    def backward(self, dy):
        dx = self.empty(dy.shape)
        cube(dy, dx)
        return dx


def test_a_kernel_of_ones_own(rng):
    def make():
        model = nnkit.Sequential([nnkit.Input((3,)), nnkit.layers.Dense(2), Cube()])
        model.compile(optimizers.SGD(1e-3), "mse")
        return model

    compare(make, rng.uniform(size=(5, 3)), rng.uniform(size=(5, 2)))


def test_a_twin_has_the_same_parameters():
    with pytest.raises(TypeError, match=r"must have its parameters \(x, y\), but has \(x, z\)"):
        cuda.twin(cube, cuda.elements("z"))(lambda x, z: None)


def test_weighted_samples_of_uint8_without_shuffling(rng):
    def make():
        parts = [nnkit.layers.Rescaling(1 / 255), nnkit.layers.Dense(2)]
        model = nnkit.Sequential([nnkit.Input((3,)), *parts])
        model.compile("sgd", "mse")
        return model

    x, y, weight = (
        rng.integers(0, 255, (4, 3)).astype(np.uint8),
        rng.normal(size=(4, 2)),
        [1, 2] * 2,
    )
    losses = []
    for device in ("cpu", "cuda"):
        nnkit.set_device(device)
        nnkit.utils.set_random_seed(5)
        model = make()
        model.fit(x, y, 2, sample_weight=np.array(weight), shuffle=False, verbose=0)
        losses.append(model.evaluate(x, y, verbose=0))
    np.testing.assert_allclose(losses[1], losses[0], 1e-5)
