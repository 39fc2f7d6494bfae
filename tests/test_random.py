"""nnkit.random: what is drawn, with which seeds."""

import numpy as np
import pytest

import nnkit
from nnkit import random
from nnkit.layers import Lambda

DRAWN = {
    "normal": (lambda **options: random.normal((4000,), 2.0, 0.5, **options), 2.0, 0.5),
    "uniform": (
        lambda **options: random.uniform((4000,), -1.0, 3.0, **options),
        1.0,
        16**0.5 / 12**0.5,
    ),
    "truncated_normal": (
        lambda **options: random.truncated_normal((4000,), 1.0, **options),
        1.0,
        0.88,
    ),
    "randint": (lambda **options: random.randint((4000,), -2, 3, **options), 0.0, 2**0.5),
    "gamma": (lambda **options: random.gamma((4000,), 4.0, **options), 4.0, 2.0),
    "beta": (lambda **options: random.beta((4000,), 2.0, 2.0, **options), 0.5, 0.05**0.5),
    "binomial": (lambda **options: random.binomial((4000,), 16, 0.5, **options), 8.0, 2.0),
    "categorical": (
        lambda **options: random.categorical(np.log([[1.0, 2.0, 1.0]]), 4000, **options),
        1.0,
        0.5**0.5,
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_distributions(name):
    draw, mean, deviation = DRAWN[name]
    drawn = draw(seed=3)
    whole = name in ("randint", "categorical")
    assert drawn.dtype == ("int32" if whole else "float32")
    assert abs(drawn.mean() - mean) < 5 * deviation / 4000**0.5
    assert abs(drawn.std() / deviation - 1) < 0.06
    np.testing.assert_array_equal(draw(seed=3), drawn)
    seeds = random.SeedGenerator(3)
    assert not np.array_equal(draw(seed=seeds), draw(seed=seeds))
    nnkit.utils.set_random_seed(5)
    first = draw()
    assert not np.array_equal(draw(), first)
    nnkit.utils.set_random_seed(5)
    np.testing.assert_array_equal(draw(), first)


def test_shuffle_and_dropout():
    x = np.arange(40.0).reshape(2, 20)
    y = random.shuffle(x, axis=1, seed=1)
    assert not np.array_equal(y, x)
    np.testing.assert_array_equal(np.sort(y[0]), x[0])
    np.testing.assert_array_equal(y[1] - y[0], 20)
    dropped = random.dropout(np.ones((50, 20)), 0.25, seed=1)
    assert set(np.unique(dropped.round(4))) == {0.0, 1.3333}


def test_in_a_call_numbers_are_drawn_in_each_step():
    model = nnkit.Sequential(
        [nnkit.Input((3,)), Lambda(lambda x: x + random.normal(nnkit.ops.shape(x)))]
    )
    x = np.zeros((2, 3))
    assert not np.array_equal(model.predict(x), model.predict(x))


def test_a_seed_generator_in_configs():
    seeds = random.SeedGenerator(11)
    again = random.SeedGenerator.from_config(seeds.get_config())
    assert [seeds.next(), seeds.next()] == [again.next(), again.next()]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: random.randint((2,), 3, 3), "maxval must be above minval"),
        (lambda: random.randint((2,), 0.5, 3), "randint: minval"),
        (lambda: random.gamma((2,), -1.0), "gamma: alpha must be above 0"),
        (lambda: random.binomial((2,), 3, 1.5), "probabilities from 0 to 1"),
        (lambda: random.categorical([1.0, 2.0], 3), r"logits must be \(batch, classes\)"),
        (lambda: random.normal((2,), seed=-1), "seed"),
        (lambda: random.gamma((-2,), 1.0), "gamma: shape"),
        (lambda: random.shuffle(nnkit.Input((3,))), "takes no placeholders"),
    ],
)
def test_bad_arguments(draw, message):
    with pytest.raises((TypeError, ValueError), match=message):
        draw()
