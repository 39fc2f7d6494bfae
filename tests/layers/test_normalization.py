import numpy as np
import pytest

import nnkit
from nnkit.engine.dispatch import empty, launch, recording
from nnkit.engine.memory import Arena
from nnkit.engine.program import Program
from nnkit.engine.tape import Tape
from nnkit.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Embedding,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    SpectralNormalization,
    TimeDistributed,
    UnitNormalization,
)


def test_running_statistics_follow_the_batch(rng):
    """Keras's formula: the variance is the biased one."""
    layer, x = BatchNormalization(momentum=0.9, dtype="float64"), 3 + 2 * rng.normal(size=(50, 4))
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean.value, 0.1 * x.mean(axis=0))
    np.testing.assert_allclose(layer.moving_variance.value, 0.9 + 0.1 * x.var(axis=0))
    before = layer.get_weights()
    layer(x)
    for now, then in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_weights_are_in_keras_order():
    layer = BatchNormalization()
    layer.ensure_built((None, 3))
    names = [weight.name for weight in layer.weights]
    assert names == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [weight.name for weight in layer.trainable_weights] == ["gamma", "beta"]


def test_a_frozen_layer_is_as_in_inference(rng):
    layer, x = BatchNormalization(dtype="float64"), rng.normal(size=(5, 3))
    layer(x, training=True)
    layer.trainable = False
    before = layer.get_weights()
    np.testing.assert_array_equal(layer(x, training=True), layer(x))
    for now, then in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    factor = 1 / np.sqrt(layer.moving_variance.value + layer.epsilon)
    layer(x, training=True)
    np.testing.assert_allclose(layer.backward(x), x * factor)


def test_channels_first_is_channels_last_with_the_axes_swapped(rng):
    x = rng.normal(size=(4, 6, 5, 3))
    last, first = BatchNormalization(dtype="float64"), BatchNormalization(axis=1, dtype="float64")
    y = last(x, training=True)
    np.testing.assert_allclose(first(x.transpose(0, 3, 1, 2), True), y.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(first.moving_variance.value, last.moving_variance.value)


@pytest.mark.parametrize(
    ("shape", "axis", "within"),
    [
        ((5, 4, 3), -1, False),
        ((5, 4, 3), 1, False),
        ((5, 4, 2, 3), 3, False),
        ((5, 4, 3, 2), 2, False),
        ((5, 4, 3), -1, True),
        ((5, 4, 3, 2), 2, True),
    ],
)
def test_masked_steps_are_no_part_of_the_statistics(shape, axis, within, rng):
    """Whatever stands in them. They are normalised like the others, and pass their gradient on."""
    x, dy, mask = rng.normal(size=shape), rng.normal(size=shape), rng.uniform(size=shape[:2]) < 0.6
    made = BatchNormalization(axis - (within and axis > 0), 0.9, dtype="float64")
    layer = TimeDistributed(made) if within else made
    kept = np.broadcast_to(mask.reshape(5, 4, *[1] * (len(shape) - 2)), shape)
    x[:, 0], dy[:, 0] = 1e6, 0.0
    kept = kept & (np.arange(4) > 0).reshape(1, 4, *[1] * (len(shape) - 2))
    n = shape[axis]

    def of_channels(a):
        return np.moveaxis(a, axis, 0).reshape(n, -1)

    y = layer(x, training=True, mask=mask & (np.arange(4) > 0))
    seen = [values[counts] for values, counts in zip(*map(of_channels, (x, kept)), strict=True)]
    empty = np.array([not len(values) for values in seen])
    mean, variance = np.array([[v.mean(), v.var()] if len(v) else [0, 0] for v in seen]).T
    np.testing.assert_allclose(made.moving_mean.value, 0.1 * mean, atol=1e-12)
    np.testing.assert_allclose(made.moving_variance.value, np.where(empty, 1, 0.9 + 0.1 * variance))
    z = (of_channels(x) - mean[:, None]) / np.sqrt(variance + 1e-3)[:, None]
    np.testing.assert_allclose(of_channels(y), z)
    dx, g = of_channels(layer.backward(dy)), of_channels(dy)
    count = np.maximum(of_channels(kept).sum(axis=1), 1)[:, None]
    rest = (g.sum(axis=1, keepdims=True) + z * (g * z).sum(axis=1, keepdims=True)) / count
    want = (g - np.where(of_channels(kept), rest, 0)) / np.sqrt(variance + 1e-3)[:, None]
    np.testing.assert_allclose(dx, want, 1e-9, 1e-9)
    np.testing.assert_allclose(made.gamma.gradient, (g * z).sum(axis=1))


def test_a_batch_that_is_masked_altogether_leaves_the_averages(rng):
    layer, x = BatchNormalization(), rng.normal(size=(4, 3, 2))
    layer(x, training=True)
    before = layer.get_weights()
    assert np.isfinite(layer(x, training=True, mask=np.zeros((4, 3), bool))).all()
    assert np.isfinite(layer.backward(np.ones_like(x, np.float32))).all()
    for now, then in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("shape", [(600, 1), (40, 7, 5, 3), (257, 33)])
def test_many_blocks(shape, rng):
    """With more rows than one block holds, and a last block that is smaller."""
    x = (100 + rng.normal(size=shape)).astype(np.float32)
    layer = BatchNormalization(epsilon=1e-6)
    y, axes = layer(x, training=True), tuple(range(len(shape) - 1))
    wide = x.astype(float)
    want = (wide - wide.mean(axis=axes)) / np.sqrt(wide.var(axis=axes) + 1e-6)
    np.testing.assert_allclose(y, want, atol=1e-4)


@pytest.mark.parametrize("layer", [BatchNormalization, LayerNormalization])
def test_large_means(layer, rng):
    x = (1e4 + rng.normal(size=(200, 64))).astype(np.float32)
    y = layer()(x, training=True)
    axis = 0 if layer is BatchNormalization else 1
    np.testing.assert_allclose(y.std(axis=axis), 1, atol=2e-3)
    np.testing.assert_allclose(y.mean(axis=axis), 0, atol=2e-3)


@pytest.mark.parametrize("layer", [BatchNormalization, LayerNormalization])
def test_results_do_not_depend_on_the_workers(layer, rng):
    """A recorded step, replayed by one thread and by several."""
    made, x = layer(), rng.normal(size=(301, 40)).astype(np.float32)
    made.ensure_built((None, 40))
    tape = Tape({})
    with recording(tape):
        dy = empty(x.shape, x.dtype)
        launch.copy(x, dy)
        made.forward(x, True)
        made.backward(dy)
    results = []
    for workers in (1, 2, 3):
        for weight, start in zip(made.weights, (1, 2, 3, 4), strict=False):
            weight.assign(np.full(weight.shape, start))
        Program(tape, Arena(), workers).run(2)
        results.append([w.numpy() for w in made.weights] + [made.gamma.gradient.copy()])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("layer", [BatchNormalization, LayerNormalization])
def test_no_rows(layer):
    made = layer()
    y = made(np.zeros((0, 5)), training=True)
    assert y.shape == made.backward(y).shape == (0, 5)
    assert all(np.isfinite(weight).all() for weight in made.get_weights())


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (BatchNormalization(axis=0), (2, 3), r"\(BatchNormalization\) has axis 0, but inputs of"),
        (BatchNormalization(axis=2), (2, 3), "axis from 1 to 1"),
        (BatchNormalization(axis=-2), (2, 3), "axis -2"),
        (LayerNormalization(axis=0), (2, 3), r"\(LayerNormalization\) has axis \[0\]"),
        (LayerNormalization(axis=1), (2, 3, 4), "must be the last axis, or the last few"),
        (LayerNormalization(axis=[1, 1]), (2, 3, 4), "the last few"),
        (LayerNormalization(axis=[0, 1]), (2, 3), "without the batch"),
        (LayerNormalization(axis=[]), (2, 3), "the last axis"),
        (LayerNormalization(axis=[1, 2, 3]), (2, 3, 4), "the last few"),
    ],
)
def test_axes_that_do_not_fit(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer(np.zeros(shape))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"axis": 1.5}, "axis must be a whole number"),
        ({"epsilon": 0}, r"epsilon must be a number in \(0, inf\)"),
        ({"center": 1}, "center must be True or False"),
        ({"gamma_initializer": "one_s"}, "unknown initializer 'one_s'; did you mean 'ones'"),
        ({"momentun": 0.9}, "has no argument 'momentun'"),
    ],
)
@pytest.mark.parametrize("layer", [BatchNormalization, LayerNormalization])
def test_arguments(layer, arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        layer(**arguments)


@pytest.mark.parametrize("momentum", [-0.1, 1.1, "a"])
def test_momentum(momentum):
    with pytest.raises((TypeError, ValueError), match=r"momentum must be a number in \[0, 1\]"):
        BatchNormalization(momentum=momentum)


def spectral(w, u, iterations):
    """The kernel divided by its largest singular value, and the new vector."""
    rows = w.reshape(-1, w.shape[-1])
    for _ in range(iterations):
        v = u @ rows.T / np.linalg.norm(u @ rows.T)
        u = v @ rows / np.linalg.norm(v @ rows)
    return w / (v @ rows @ u.T).item(), u


@pytest.mark.parametrize("iterations", [1, 4])
@pytest.mark.parametrize(
    ("made", "shape", "weight"),
    [
        (Dense(3, "tanh"), (5, 4), "kernel"),
        (Conv2D(2, 3), (5, 4, 4, 3), "kernel"),
        (Embedding(6, 3), (5, 4), "embeddings"),
    ],
)
def test_spectral_normalization(made, shape, weight, iterations, rng):
    """Each step in training replaces the kernel; the rest is what the layer does with that."""
    inner = type(made).from_config(made.get_config() | {"dtype": "float64"})
    layer = SpectralNormalization(inner, iterations)
    x = rng.integers(0, 6, shape) if weight == "embeddings" else rng.normal(size=shape)
    layer.ensure_built((None, *shape[1:]))
    kernel, alone = getattr(inner, weight), type(made).from_config(inner.get_config())
    alone.ensure_built((None, *shape[1:]))
    assert layer.weights[0].shape == layer.vector_u.shape == (1, kernel.shape[-1])
    for _ in range(3):
        before = kernel.numpy()
        np.testing.assert_array_equal(layer(x), inner(x))
        np.testing.assert_array_equal(kernel.value, before)
        wanted, u = spectral(before, layer.vector_u.numpy(), iterations)
        y = layer.forward(layer.as_inputs(x), training=True)
        np.testing.assert_allclose(kernel.value, wanted, 1e-10)
        np.testing.assert_allclose(layer.vector_u.value, u, 1e-10)
        alone.set_weights(inner.get_weights())
        dy = rng.normal(size=y.shape)
        np.testing.assert_allclose(layer.backward(dy), alone_gradient(alone, x, y, dy))
        for mine, other in zip(inner.trainable_weights, alone.trainable_weights, strict=True):
            np.testing.assert_allclose(mine.gradient, other.gradient)


def alone_gradient(layer, x, y, dy):
    parts = layer.parts()
    found = layer.as_inputs(x)
    for part in parts:
        found = part.forward(found, True)
    np.testing.assert_allclose(found, y)
    for part in reversed(parts):
        dy = part.backward(dy)
    return dy


def test_a_kernel_of_zeros_stays_and_the_vector_too(rng):
    layer = SpectralNormalization(Dense(3, kernel_initializer="zeros", dtype="float64"))
    layer.ensure_built((None, 4))
    u = layer.vector_u.numpy()
    layer(np.ones((2, 4)), training=True)
    np.testing.assert_array_equal(layer.layer.kernel.value, 0)
    np.testing.assert_allclose(layer.vector_u.value, u / np.linalg.norm(u), 1e-6)
    layer.layer.kernel.assign(rng.normal(size=(4, 3)))
    for _ in range(100):
        layer(np.ones((2, 4)), training=True)
    assert np.linalg.norm(layer.layer.kernel.value, 2) == pytest.approx(1, rel=1e-6)


def test_spectral_normalization_needs_a_kernel():
    with pytest.raises(ValueError, match=r"'flatten' \(Flatten\) has neither"):
        SpectralNormalization(nnkit.layers.Flatten())(np.ones((2, 3)))


def test_groups_of_a_sample_are_normalised_by_themselves(rng):
    x = (50 + rng.normal(size=(3, 4, 5, 6))).astype(np.float32)
    layer = GroupNormalization(3, epsilon=1e-6)
    parts = x.astype(float).reshape(3, 20, 3, 2)
    want = parts - parts.mean(axis=(1, 3), keepdims=True)
    want /= np.sqrt(parts.var(axis=(1, 3), keepdims=True) + 1e-6)
    np.testing.assert_allclose(layer(x), want.reshape(x.shape), atol=1e-4)
    first = GroupNormalization(3, axis=1, epsilon=1e-6)
    y = first(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(y, want.reshape(x.shape).transpose(0, 3, 1, 2), atol=1e-4)


@pytest.mark.parametrize("shape", [(0, 4, 6), (2, 0, 6)])
def test_groups_of_nothing(shape):
    layer = GroupNormalization(3)
    y = layer(np.ones(shape, np.float32), training=True)
    assert y.shape == layer.backward(y).shape == shape
    np.testing.assert_array_equal(layer.gamma.gradient, 0)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (GroupNormalization(), (2, 6), "groups=32, which must divide the number of channels, 6"),
        (GroupNormalization(2, axis=3), (2, 6), "has axis 3, but inputs of shape"),
        (RMSNormalization(1), (2, 6, 3), "must be the last axis"),
        (UnitNormalization(0), (2, 6), r"has axis \[0\], but inputs"),
        (UnitNormalization([1, -1]), (2, 6), "each at most once"),
    ],
)
def test_axes_and_groups_that_do_not_fit(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer(np.ones(shape))


def test_a_vector_of_zeros_has_a_finite_gradient():
    layer = UnitNormalization(dtype="float64")
    np.testing.assert_array_equal(layer(np.zeros((2, 3)), training=True), 0)
    assert np.isfinite(layer.backward(np.ones((2, 3)))).all()
