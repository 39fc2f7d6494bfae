"""Trainings in the simulator against the CPU: fused steps, kernels of one's own, weights."""

import numpy as np
import pytest

import nnkit
from nnkit import cuda, optimizers
from nnkit.engine.cuda.options import options
from nnkit.engine.cuda.simulator import Simulator
from nnkit.errors import DeviceError
from nnkit.kernels.cuda.fused import barrier
from nnkit.training.loops import Batches, Pace
from tests.cuda.simulator import compare

pytestmark = pytest.mark.filterwarnings(
    "ignore:(divide by zero|invalid value|overflow):RuntimeWarning"
)


@pytest.mark.parametrize("fuse", ["none", "three", "persistent"])
def test_small_models_are_fused(fuse, rng, monkeypatch):
    """A whole epoch at once, with a last partial batch, which is not fused."""
    epoch = [Batches(0, 2, 4, 0), Batches(4, 1, 1, 4)]
    monkeypatch.setattr(Pace, "chunks", lambda self, block, single: epoch)
    options.fuse = fuse

    def make():
        dense = nnkit.layers.Dense
        model = nnkit.Sequential([nnkit.Input((3,)), dense(4, "tanh"), dense(2, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    compare(make, rng.normal(size=(9, 3)).astype(np.float32), np.arange(9) % 2)


def test_three_kernels_go_on_where_blocks_did_not_meet(rng, monkeypatch):
    """The simulator runs blocks one after the other, so the first one waits in vain."""
    monkeypatch.setattr(barrier, "_PATIENCE", 3)
    monkeypatch.setattr(Simulator, "multiprocessors", 2)
    nnkit.set_device("cuda")
    dense = nnkit.layers.Dense
    model = nnkit.Sequential([nnkit.Input((9,)), dense(3, "tanh"), dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y, before = rng.normal(size=(8, 9)), np.arange(8) % 2, model.get_weights()
    with pytest.raises(DeviceError, match="did not meet"):
        model.fit(x, y, batch_size=2, verbose=0)
    for weights, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, old)
    model.fit(x, y, batch_size=2, verbose=0)
    assert all((w != old).any() for w, old in zip(model.get_weights(), before, strict=True))


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


def test_two_inputs_and_two_outputs(rng):
    """The words' vectors are shared with a layer of the image; one output counts for less."""

    def make():
        layers = nnkit.layers
        image, words = nnkit.Input((3,)), nnkit.Input((2,), dtype="int32")
        shared = layers.Dense(3, "tanh", kernel_regularizer="l2")
        vectors = layers.Flatten()(layers.Embedding(4, 2)(words))
        h = layers.Concatenate()([shared(image), shared(layers.Dense(3)(vectors))])
        outputs = [layers.Dense(2, "softmax", name="kind")(h), layers.Dense(1, name="size")(h)]
        model = nnkit.Model([image, words], outputs)
        losses = ["sparse_categorical_crossentropy", "mse"]
        model.compile("adam", losses, metrics=[["accuracy"], ["mae"]], loss_weights=[1, 0.3])
        return model

    x = [rng.normal(size=(5, 3)).astype(np.float32), rng.integers(0, 4, (5, 2))]
    compare(make, x, [np.arange(5) % 2, rng.normal(size=(5, 1))])


def test_batches_of_a_generator_give_the_bits_of_arrays(rng):
    """Blocks are placed one after the other; evaluations and predictions read them, too."""
    nnkit.set_device("cuda")
    x, y = rng.normal(size=(7, 3)).astype(np.float32), np.arange(7) % 2
    batches = [(x[i : i + 2], y[i : i + 2]) for i in range(0, 7, 2)]

    def results(*data, **options):
        nnkit.utils.set_random_seed(3)
        dense = nnkit.layers.Dense
        model = nnkit.Sequential([nnkit.Input((3,)), dense(4, "tanh"), dense(2, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        history = model.fit(*data, epochs=2, shuffle=False, verbose=0, **options).history
        measured = model.evaluate(*data, verbose=0, **options)
        return history, measured, model.predict(data[0], **options), model.get_weights()

    class Pairs(nnkit.utils.PyDataset):
        def __len__(self):
            return len(batches)

        def __getitem__(self, index):
            return batches[index]

    np.testing.assert_equal(results(Pairs()), results(x, y, batch_size=2))
