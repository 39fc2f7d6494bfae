import pickle

import numpy as np
import pytest

import nnkit
from nnkit.layers import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    Layer,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
    TimeDistributed,
)
from nnkit.utils import set_random_seed


def test_share_and_scale():
    y = Dropout(0.2, seed=1)(np.ones((100, 100)), training=True)
    assert set(np.unique(y)) == {0, np.float32(1.25)}
    assert (y == 0).mean() == pytest.approx(0.2, abs=0.02)


def test_backward_drops_the_same(rng):
    layer, x = Dropout(0.5, dtype="float64"), np.ones((10, 10))
    np.testing.assert_array_equal(layer(x, training=True), layer.backward(x))


def test_nothing_happens_outside_training():
    layer, x = Dropout(0.5), np.ones((2, 3), np.float32)
    assert layer(x) is x
    assert layer.backward(x) is x
    assert Dropout(0.0)(x, training=True) is x


def test_rate_one_gives_zeros():
    layer = Dropout(1, dtype="float64")
    np.testing.assert_array_equal(layer(np.ones((4, 5)), training=True), np.zeros((4, 5)))


def test_what_is_dropped_depends_on_seed_and_counter():
    x = np.ones((20, 20))
    first = Dropout(0.5, seed=1)(x, training=True)
    np.testing.assert_array_equal(first, Dropout(0.5, seed=1)(x, training=True))
    assert not np.array_equal(first, Dropout(0.5, seed=2)(x, training=True))
    later = Dropout(0.5, seed=1)
    later.counter = np.array([1])
    assert not np.array_equal(first, later(x, training=True))


def test_every_call_on_arrays_draws_anew():
    layer, x = Dropout(0.5, dtype="float64"), np.ones((20, 20))
    first, second = (layer(x, training=True) for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(layer.backward(x), second)


def monte_carlo(**options):
    """A model that drops in predictions, too."""
    x = nnkit.Input((16,))
    y = Dropout(0.5, seed=3)(x, training=True)
    model = nnkit.Model(x, nnkit.ops.sum(y, axis=1, keepdims=True))
    model.compile("sgd", "mse", **options)
    return model


@pytest.mark.parametrize("eager", [False, True])
def test_every_prediction_and_batch_draws_anew(eager):
    """Y. Gal and Z. Ghahramani, 2016, average such predictions: equal ones would seem certain."""
    model, x = monte_carlo(run_eagerly=eager), np.random.default_rng(0).random((12, 16))
    rows = np.repeat(x[:1], 12, axis=0)
    found = [model.predict(rows, batch_size=3, verbose=0) for _ in range(4)]
    assert len(np.unique(found)) == 48
    again = monte_carlo(run_eagerly=eager)
    np.testing.assert_array_equal(again.predict(rows, batch_size=3, verbose=0), found[0])
    many = np.concatenate([model.predict(rows, verbose=0) for _ in range(100)])
    assert many.mean() == pytest.approx(x[0].sum(), rel=0.05)


def test_evaluation_draws_anew_for_each_batch_and_step():
    model, x = monte_carlo(), np.ones((12, 16), np.float32)
    y = np.zeros((12, 1))
    whole, batches = (model.evaluate(x, y, batch_size=size, verbose=0) for size in (12, 3))
    assert batches != whole
    assert model.evaluate(x, y, batch_size=3, verbose=0) == batches
    one = [model.evaluate(x[:3], y[:3], verbose=0) for _ in range(2)]
    assert one[0] == one[1] != batches
    model.optimizer.steps_done += 1
    assert model.evaluate(x[:3], y[:3], verbose=0) != one[0]


def test_default_seeds_follow_set_random_seed():
    state = np.random.get_state()
    set_random_seed(5)
    key = Dropout(0.5).key
    assert Dropout(0.5).key != key
    set_random_seed(5)
    assert Dropout(0.5).key == key
    np.random.set_state(state)


def test_config_keeps_the_given_seed():
    assert Dropout(0.5).get_config()["seed"] is None
    assert Dropout(0.5, seed=3).get_config()["seed"] == 3


def test_pickle():
    layer = pickle.loads(pickle.dumps(Dropout(0.5, seed=3)))
    np.testing.assert_array_equal(
        layer(np.ones((9, 9)), training=True),
        Dropout(0.5, seed=3)(np.ones((9, 9)), training=True),
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.5,), r"rate must be a number in \[0, 1\]"),
        ((-0.1,), "rate must be"),
        (("a",), "rate must be"),
        ((0.5, 3), "noise_shape must be a tuple"),
        ((0.5, (None, 0)), "noise_shape must be a whole number from 1"),
        ((0.5, None, 1.5), "seed must be a whole number"),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Dropout(*arguments)


@pytest.mark.parametrize(
    "noise_shape", [(None, 1, None), (6, 5, 1), (1, 1, 7), (1, 5, 7), (None, None, None)]
)
def test_shared_decisions(noise_shape):
    layer, x = Dropout(0.5, noise_shape, seed=1, dtype="float64"), np.ones((6, 5, 7))
    y = layer(x, training=True)
    size = [n or size for n, size in zip(noise_shape, x.shape, strict=True)]
    first = y[tuple(slice(0, n) for n in size)]
    np.testing.assert_array_equal(y, np.broadcast_to(first, x.shape))
    assert set(np.unique(y)) == {0, 2}
    np.testing.assert_array_equal(layer.backward(x), y)


def test_whole_features_and_channels():
    x = np.ones((8, 3, 4, 5))
    y = SpatialDropout1D(0.5, seed=1)(x[0], training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    y = SpatialDropout2D(0.5, seed=1)(x, training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    y = SpatialDropout2D(0.5, "channels_first", seed=1)(x, training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[..., :1, :1], y.shape))
    assert set(np.unique(y)) == {0, 2}


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Dropout(0.5, (None, 2)), (4, 3)),
        (Dropout(0.5, (None, 1)), (4, 3, 2)),
        (Dropout(0.5, (1,) * 6), (1,) * 6),
        (SpatialDropout1D(0.5), (4, 3)),
        (SpatialDropout2D(0.5), (4, 3, 2)),
    ],
)
def test_shapes_that_do_not_fit(layer, shape):
    with pytest.raises(ValueError, match=rf"layer '{layer.name}' \(.*Dropout"):
        layer(np.ones(shape))


def test_another_batch_than_the_noise():
    layer = Dropout(0.5, (4, 1))
    layer(np.ones((4, 3)), training=True)
    with pytest.raises(ValueError, match=r"noise_shape \(4, 1\), but inputs of shape \(2, 3\)"):
        layer(np.ones((2, 3)), training=True)


def test_noise():
    layer, x = GaussianNoise(0.5, seed=1, dtype="float64"), np.full((200, 100), 3.0)
    y = layer(x, training=True)
    assert y.mean() == pytest.approx(3, abs=0.02)
    assert y.std() == pytest.approx(0.5, rel=0.02)
    np.testing.assert_array_equal(layer(x), x)
    assert (layer(x, training=True) != y).any()
    np.testing.assert_array_equal(GaussianNoise(0.5, seed=1, dtype="float64")(x, True), y)
    assert (GaussianNoise(0.5, seed=2, dtype="float64")(x, True) != y).any()
    assert layer.backward(x) is x
    assert GaussianNoise(0, dtype="float64")(x, training=True) is x
    with pytest.raises(ValueError, match=r"GaussianNoise: stddev must be a number in \[0, inf\)"):
        GaussianNoise(-1)


class TwoMasks(Layer):
    """The difference of two uses of one Dropout: zero where both drop, or keep, alike."""

    def __init__(self, **options):
        super().__init__(**options)
        self.dropout = Dropout(0.5, seed=1)

    def call(self, x):
        return self.dropout(x) - 3 * self.dropout(x)


def test_each_use_within_time_draws_anew_in_each_step(monkeypatch):
    """Also once the model is compiled again, with other counters."""
    model = nnkit.Sequential([nnkit.Input((3, 8)), TimeDistributed(TwoMasks())])
    x = np.ones((4, 3, 8), np.float32)
    for eager in (False, True):
        model.compile("sgd", "mse", run_eagerly=eager)
        model.fit(x, x, epochs=3, verbose=0)
    drawn, forward = [], Dropout.forward

    def watched(layer, x, training=False):
        y = forward(layer, x, training)
        drawn.append(y.copy())
        return y

    monkeypatch.setattr(Dropout, "forward", watched)
    model.fit(x, x, epochs=3, verbose=0)
    assert len(drawn) == len({y.tobytes() for y in drawn}) == 6


def test_gaussian_dropout_multiplies_by_numbers_around_one():
    layer, x = GaussianDropout(0.2, seed=1, dtype="float64"), np.full((200, 200), 3.0)
    y = layer(x, training=True)
    assert y.mean() == pytest.approx(3, abs=0.02)
    assert y.std() == pytest.approx(3 * 0.5, abs=0.02)
    np.testing.assert_allclose(layer.backward(x), y)
    assert layer(x) is x


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
def test_alpha_dropout_keeps_mean_and_variance(rate, rng):
    """What is dropped becomes SELU's lowest number; then all are scaled and shifted alike."""
    layer, x = AlphaDropout(rate, seed=1, dtype="float64"), rng.normal(size=(300, 300))
    y = layer(x, training=True)
    kept = layer.backward(np.ones_like(x)) != 0
    assert kept.mean() == pytest.approx(1 - rate, abs=0.01)
    lowest = -1.0507009873554805 * 1.6732632423543772
    a = ((1 - rate) * (1 + rate * lowest**2)) ** -0.5
    want = a * np.where(kept, x, lowest) - a * lowest * rate
    np.testing.assert_allclose(y, want, atol=1e-12)
    np.testing.assert_allclose(layer.backward(x), np.where(kept, a * x, 0), atol=1e-12)
    assert y.mean() == pytest.approx(0, abs=0.02)
    assert y.std() == pytest.approx(1, abs=0.02)
    assert layer(x) is x


def test_alpha_dropout_drops_by_noise_shape():
    y = AlphaDropout(0.5, (None, 1, None), seed=1)(np.ones((4, 5, 6)), training=True)
    assert (y == y[:, :1]).all()
    assert len(np.unique(y)) == 2


@pytest.mark.parametrize("made", [AlphaDropout, GaussianDropout])
def test_all_cannot_be_dropped_and_keep_their_variance(made):
    with pytest.raises(ValueError, match=r"rate must be a number in \[0, 1\)"):
        made(1.0)


def test_spatial_dropout_of_volumes():
    x = np.ones((2, 3, 4, 5, 6))
    y = SpatialDropout3D(0.5, seed=1)(x, training=True)
    assert (y == y[:, :1, :1, :1]).all()
    assert set(np.unique(y)) == {0, 2}
    y = SpatialDropout3D(0.5, "channels_first", seed=1)(x, training=True)
    assert (y == y[:, :, :1, :1, :1]).all()
    assert set(np.unique(y)) == {0, 2}
    with pytest.raises(ValueError, match=r"SpatialDropout3D.*five axes, got shape \(None, 3, 4\)"):
        SpatialDropout3D(0.5)(np.ones((2, 3, 4)))
