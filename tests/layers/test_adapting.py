"""Layers that adapt to data before they are trained."""

import pickle

import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense, Normalization
from nnkit.models import clone_model


def batches(x, size=3):
    return [x[i : i + size] for i in range(0, len(x), size)]


@pytest.mark.parametrize("axis", [-1, None, [1, 2], 1])
@pytest.mark.parametrize("kind", ["array", "list", "generator", "pairs"])
def test_mean_and_variance(axis, kind, rng):
    x = 1000 + rng.normal(size=(7, 2, 3)).astype(np.float32)
    given = {
        "array": x,
        "list": batches(x),
        "generator": (batch for batch in batches(x)),
        "pairs": [(batch, None) for batch in batches(x)],
    }[kind]
    layer = Normalization(axis, dtype="float64")
    layer.adapt(given)
    kept = {-1: (2,), 1: (1,), None: ()}.get(axis, (1, 2)) if axis != [1, 2] else (1, 2)
    over = tuple({0, 1, 2} - set(kept))
    wide = x.astype(float)
    np.testing.assert_allclose(layer.adapt_mean.value, wide.mean(axis=over))
    np.testing.assert_allclose(layer.adapt_variance.value, wide.var(axis=over))
    want = wide - wide.mean(axis=over, keepdims=True)
    np.testing.assert_allclose(layer(x), want / wide.std(axis=over, keepdims=True), 1e-6)


def test_adapting_again_forgets(rng):
    layer, first, second = Normalization(), *rng.normal(size=(2, 8, 3))
    layer.adapt(first)
    layer.adapt(second)
    np.testing.assert_allclose(layer.adapt_mean.value, second.mean(axis=0), 1e-5)


def test_a_vector_is_a_batch_of_numbers():
    layer = Normalization(axis=None)
    layer.adapt([1.0, 2.0, 3.0, 4.0, 5.0])
    np.testing.assert_allclose(layer([1.0, 2.0, 3.0]), np.array([-2, -1, 0]) / 2**0.5, 1e-6)


def test_what_was_adapted_is_trained_with_and_saved(rng, tmp_path):
    """By weights, in files and copies; not by what was found when the step was recorded."""
    x, y = 5 + 3 * rng.normal(size=(40, 3)), rng.normal(size=(40, 1))
    layer = Normalization()
    model = nnkit.Sequential([nnkit.Input((3,)), layer, Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    before = model.predict(x, verbose=0)
    np.testing.assert_allclose(before[:, 0], x.sum(axis=1), 1e-4)
    layer.adapt(x)
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    np.testing.assert_allclose(model.predict(x, verbose=0)[:, 0], scaled.sum(axis=1), 1e-3, 1e-4)
    model.fit(x, y, epochs=2, verbose=0)
    np.testing.assert_allclose(layer.adapt_mean.value, x.mean(axis=0), 1e-5)
    wanted = model.predict(x, verbose=0)
    model.save(tmp_path / "model.h5")
    model.save_weights(tmp_path / "model.weights.h5")
    again = nnkit.load_model(tmp_path / "model.h5")
    cloned = clone_model(model)
    cloned.load_weights(tmp_path / "model.weights.h5")
    for other in (again, cloned, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(x, verbose=0), wanted)


def test_any_size_of_the_other_axes(rng):
    x = nnkit.Input((None, 3))
    layer = Normalization()
    layer.adapt(rng.normal(size=(4, 5, 3)))
    model = nnkit.Model(x, layer(x))
    for steps in (1, 7):
        assert model.predict(np.ones((2, steps, 3)), verbose=0).shape == (2, steps, 3)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: Normalization(mean=1.0), "give both mean and variance"),
        (lambda: Normalization(mean=[1.0, 2.0], variance=[1.0]), "have one shape"),
        (lambda: Normalization(mean=1.0, variance=-1.0), "variance must be at least 0"),
        (lambda: Normalization(None, mean=[1.0], variance=[1.0]), "at most as many axes"),
        (lambda: Normalization(0).adapt(np.ones((2, 3))), r"has axis \[0\], but inputs"),
        (lambda: Normalization(3).adapt(np.ones((2, 3))), r"has axis \[3\], but inputs"),
        (lambda: Normalization().adapt([]), "no data to adapt to"),
        (lambda: Normalization().adapt([np.ones((2, 3)), np.ones((2, 4))]), "normalization"),
        (lambda: Normalization().adapt("abc"), "takes an array, or an iterable of batches"),
        (lambda: Normalization(mean=1.0, variance=1.0).adapt(np.ones((2, 3))), "was given mean"),
        (
            lambda: Normalization(mean=[1.0, 2.0], variance=[1.0, 1.0])(np.ones((2, 3))),
            r"have shape \(2,\), which doesn't fit axis",
        ),
    ],
)
def test_errors(act, message):
    with pytest.raises((TypeError, ValueError), match=message):
        act()
