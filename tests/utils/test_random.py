import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nnkit.utils import set_random_seed
from nnkit.utils.random import next_seed


@pytest.fixture(autouse=True)
def restored_state():
    """Leave the global generators of Python and NumPy as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    yield
    random.setstate(python)
    np.random.set_state(numpy)


def draw():
    return random.random(), np.random.rand(), [next_seed() for _ in range(3)]


@pytest.mark.parametrize("seed", [0, 7, np.int64(7), 2**32 - 1])
def test_the_same_seed_gives_the_same_numbers(seed):
    set_random_seed(seed)
    first = draw()
    assert draw() != first
    set_random_seed(seed)
    assert draw() == first


def test_seeds_differ():
    set_random_seed(1)
    first = draw()
    set_random_seed(2)
    assert draw() != first


def test_next_seed_fits_an_int64():
    seeds = [next_seed() for _ in range(1000)]
    assert len(set(seeds)) == 1000
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_threads_share_one_sequence():
    set_random_seed(3)
    expected = {next_seed() for _ in range(400)}
    set_random_seed(3)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: next_seed(), range(400))) == expected


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range(seed):
    with pytest.raises(ValueError, match=f"from 0 to 4294967295, got {seed}"):
        set_random_seed(seed)


@pytest.mark.parametrize("seed", [1.0, True, None, "1"])
def test_a_seed_that_is_no_int(seed):
    with pytest.raises(TypeError, match="seed must be a whole number"):
        set_random_seed(seed)
