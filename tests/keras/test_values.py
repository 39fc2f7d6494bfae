"""Activations and initializers against Keras's."""

import numpy as np
import pytest

import nnkit
from nnkit.layers.graph import Graph
from tests.keras.theirs import QUIET, jax, keras
from tests.layers.catalogue import ACTIVATIONS, INITIALIZERS, label

pytestmark = QUIET


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name, rng):
    """Values and slopes, with large numbers and 0 among them."""
    x = np.concatenate([np.linspace(-30, 30, 241), [-1e4, 1e4, 1e-4]]).astype(np.float32)
    x = rng.permutation(x).reshape(4, 61)
    dy = rng.normal(size=x.shape).astype(np.float32)
    graph = Graph.of(nnkit.layers.Activation(name), x.shape, training=True)
    y, slope = jax.vjp(keras.activations.get(name), x)
    np.testing.assert_allclose(graph.forward([x])[0], y, 1e-5, 1e-6)
    np.testing.assert_allclose(graph.backward([dy], propagate=True)[0], slope(dy)[0], 1e-5, 1e-6)


@pytest.mark.parametrize(
    "made",
    [m for m in INITIALIZERS if not isinstance(m, nnkit.initializers.FunctionInitializer)],
    ids=label,
)
def test_initializer(made):
    """Equal values; if they are drawn, an equal distribution."""
    nnkit.utils.set_random_seed(1)
    keras.utils.set_random_seed(1)
    described = {"class_name": type(made).__name__, "config": made.get_config()}
    theirs = keras.initializers.deserialize(described)
    if "seed" not in made.get_config():
        for shape in [(4, 3), (3, 4), (1, 1)]:
            np.testing.assert_array_equal(made(shape), theirs(shape))
        return
    for shape in [(200, 150), (3, 3, 40, 80)]:
        ours, values = made(shape), np.asarray(theirs(shape))
        scale = values.std()
        chances = [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999]
        near = np.quantile(ours, chances) - np.quantile(values, chances)
        np.testing.assert_allclose(near / scale, 0, atol=0.2)
        np.testing.assert_allclose(near[2:7] / scale, 0, atol=0.04)
        np.testing.assert_allclose(ours.std(), scale, 0.02)
        np.testing.assert_allclose([ours.min(), ours.max()], [values.min(), values.max()], 0.2)
        matrix, other = (v.reshape(-1, shape[-1]).astype(float) for v in (ours, values))
        if type(made).__name__ == "Orthogonal":
            np.testing.assert_allclose(matrix.T @ matrix, other.T @ other, atol=1e-4)
