import pickle

import numpy as np
import pytest

from nnkit.layers import Dropout
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
        ((0.5, (None, 1)), "noise_shape is not supported"),
        ((0.5, None, 1.5), "seed must be a whole number"),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Dropout(*arguments)
