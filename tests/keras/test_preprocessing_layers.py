"""Layers that adapt to data, or turn values into others, against Keras's; and their files."""

import numpy as np
import pytest

import nnkit
from nnkit import layers
from tests.keras.theirs import QUIET, assert_close, keras, loaded

pytestmark = QUIET


@pytest.mark.parametrize("axis", [-1, 1, None, [1, 2]])
@pytest.mark.parametrize("invert", [False, True])
def test_normalization_adapts_as_keras(axis, invert, rng):
    x = (3 + 2 * rng.normal(size=(9, 3, 4))).astype(np.float32)
    ours, theirs = (module.layers.Normalization(axis, invert=invert) for module in (nnkit, keras))
    for layer in (ours, theirs):
        layer.adapt(x)
    assert_close(ours.adapt_mean.value, theirs.adapt_mean)
    assert_close(ours.adapt_variance.value, theirs.adapt_variance)
    assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("file", ["model.h5", "model.weights.h5"])
def test_what_was_adapted_goes_both_ways(file, rng, tmp_path):
    x = 3 + 2 * rng.normal(size=(9, 4)).astype(np.float32)
    ours = nnkit.Sequential([nnkit.Input((4,)), layers.Normalization(), layers.Dense(2)])
    theirs = keras.Sequential(
        [keras.Input((4,)), keras.layers.Normalization(), keras.layers.Dense(2)]
    )
    ours.layers[0].adapt(x)
    path = str(tmp_path / file)
    if file == "model.h5":
        ours.save(path)
        theirs = loaded(path)
    else:
        ours.save_weights(path)
        theirs.load_weights(path)
    assert_close(theirs(x), ours.predict(x, verbose=0))
    theirs.layers[0].adapt(2 * x)
    theirs.layers[0].finalize_state()
    if file == "model.h5":
        theirs.save(path)
        ours = nnkit.load_model(path)
    else:
        theirs.save_weights(path)
        ours.load_weights(path)
    assert_close(ours.predict(x, verbose=0), theirs(x))


@pytest.mark.parametrize("file", ["model.h5", "model.weights.h5"])
def test_spectral_normalization_goes_both_ways(file, rng, tmp_path):
    """It is applied as it is; on JAX, Keras drops the kernel that it normalised in a step."""
    x, path = rng.normal(size=(9, 4)).astype(np.float32), str(tmp_path / file)
    ours = nnkit.Sequential(
        [nnkit.Input((4,)), layers.SpectralNormalization(layers.Dense(2, "tanh"), 2)]
    )
    wrapped = keras.layers.SpectralNormalization(keras.layers.Dense(2, "tanh"), 2)
    theirs = keras.Sequential([keras.Input((4,)), wrapped])
    ours.compile("sgd", "mse")
    ours.fit(x, rng.normal(size=(9, 2)), verbose=0)
    if file == "model.h5":
        ours.save(path)
        theirs = loaded(path)
    else:
        ours.save_weights(path)
        theirs.load_weights(path)
    assert_close(theirs(x), ours.predict(x, verbose=0))
    assert_close(ours.layers[0].vector_u.value, theirs.layers[0].vector_u)
    new, u = theirs.layers[0].normalized_weights()[::-1]
    ours.layers[0](x, training=True)
    assert_close(ours.layers[0].layer.kernel.value, new)
    assert_close(ours.layers[0].vector_u.value, u)
    theirs.save(path) if file == "model.h5" else theirs.save_weights(path)
    if file == "model.h5":
        ours = nnkit.load_model(path)
    else:
        ours.load_weights(path)
    assert_close(ours.predict(x, verbose=0), theirs(x))


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 3)])
def test_category_encoding(mode, shape, rng):
    x = rng.integers(0, 4, shape)
    assert_close(layers.CategoryEncoding(4, mode)(x), keras.layers.CategoryEncoding(4, mode)(x))


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_discretization(mode, rng):
    x = rng.normal(size=(5, 3)).astype(np.float32)
    x[0] = [-0.5, 0.25, 1.0]
    ours, theirs = (
        module.layers.Discretization(bin_boundaries=[-0.5, 0.25, 1.0], output_mode=mode)
        for module in (nnkit, keras)
    )
    assert_close(ours(x), theirs(x))
    assert ours(x).dtype == np.asarray(theirs(x)).dtype


@pytest.mark.parametrize("epsilon", [0.01, 0.2])
@pytest.mark.parametrize("size", [7, 1000])
def test_discretization_finds_the_boundaries_of_keras(epsilon, size, rng):
    from keras.src.layers.preprocessing import discretization as theirs

    x = rng.normal(size=(size, 3)).astype(np.float32)
    made = theirs.Discretization(num_bins=5, epsilon=epsilon)
    ours = layers.Discretization(num_bins=5, epsilon=epsilon)
    parts = [x[: size // 2], x[size // 2 :]]
    for part in parts:  # Its adapt needs TensorFlow.
        made.update_state(part)
    made.finalize_state()
    ours.adapt(parts)
    assert_close(ours.bin_boundaries, made.bin_boundaries)


@pytest.mark.filterwarnings("ignore:(?s).*one_hot input should be integer")
@pytest.mark.parametrize(
    "made",
    [
        layers.CategoryEncoding(4, output_mode="one_hot"),
        layers.CategoryEncoding(4),
        layers.Discretization([0.5, 1.5], output_mode="multi_hot"),
        layers.Discretization(num_bins=3, output_mode="one_hot"),
    ],
    ids=str,
)
def test_encodings_go_both_ways(made, rng, tmp_path):
    x, path = rng.integers(0, 4, (6, 3)).astype(np.float32), str(tmp_path / "model.h5")
    if getattr(made, "num_bins", None):
        made.adapt(x)
    ours = nnkit.Sequential([nnkit.Input((3,)), made, layers.Dense(2)])
    ours.save(path)
    theirs = loaded(path)
    assert_close(theirs(x), ours.predict(x, verbose=0))
    theirs.save(path)
    assert_close(nnkit.load_model(path).predict(x, verbose=0), theirs(x))
