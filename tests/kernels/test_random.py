from statistics import NormalDist

import numpy as np
import pytest

from nnkit.kernels._jit import kernel
from nnkit.kernels.cpu import random as kernels
from tests.helpers import run
from tests.reference import random as reference

# Counter, key, result: ``kat_vectors`` of Random123, the authors' own implementation.
KNOWN_ANSWERS = [
    (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def words(text):
    return [int(word, 16) for word in text.split()]


@kernel(outputs=["result"])
def philox_words(operands, result):
    words = kernels.philox(operands[0], operands[1], operands[2])
    for i in range(4):
        result[i] = words[i]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_known_answers(counter, key, answer):
    c, k = words(counter), words(key)
    assert [int(w) for w in reference.philox_words(c, k)] == words(answer)
    operands = np.array([c[0] | c[1] << 32, c[2] | c[3] << 32, k[0] | k[1] << 32], np.uint64)
    result = np.zeros(4, np.uint64)
    run(philox_words, operands, result)
    assert result.tolist() == words(answer)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 2, 5, 64, 1003])
@pytest.mark.parametrize("first", [0, 1, 2, 3, 4, 2**34 + 7])
def test_dropout(first, size, dtype, rng):
    x = rng.normal(size=size).astype(dtype)
    y = np.empty_like(x)
    key, step = 0x123456789ABCDEF, 2**33 + 5
    run(kernels.dropout, x, 0.3, key, np.array([step]), first, y)
    want = reference.dropout(x.astype(float), 0.3, key, step, first)
    np.testing.assert_allclose(y, want, rtol=1e-6)


def test_slices_make_the_whole():
    x, whole, parts = np.ones((3, 101), np.float32)
    run(kernels.dropout, x, 0.5, 1, np.array([2]), 0, whole)
    for a, b in [(0, 33), (33, 34), (34, 101)]:
        run(kernels.dropout, x[a:b], 0.5, 1, np.array([2]), a, parts[a:b])
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_share_that_is_dropped(rate):
    n = 100_000
    x = np.ones(n, np.float32)
    y = np.empty_like(x)
    run(kernels.dropout, x, rate, 7, np.array([0]), 0, y)
    assert abs(np.mean(y == 0) - rate) <= 4 * np.sqrt(rate * (1 - rate) / n)
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)


def test_a_dropped_nan_is_gone():
    x = np.full(1000, np.nan, np.float32)
    y = np.empty_like(x)
    run(kernels.dropout, x, 0.5, 7, np.array([0]), 0, y)
    assert 400 < np.sum(y == 0) < 600


def test_steps_and_keys_differ():
    x = np.ones(1000, np.float32)
    masks = []
    for key, step in [(0, 0), (0, 1), (1, 0), (1 << 32, 0), (0, 1 << 32)]:
        y = np.empty_like(x)
        run(kernels.dropout, x, 0.5, key, np.array([step]), 0, y)
        masks.append(y != 0)
    agreement = np.corrcoef(masks) - np.eye(len(masks))
    assert np.abs(agreement).max() < 0.15


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("first", [0, 3, 6])
@pytest.mark.parametrize("size", [1, 5, 37])
def test_normal_numbers(size, first, dtype, rng):
    x = rng.normal(size=size).astype(dtype)
    y, mask = np.empty_like(x), np.empty_like(x)
    run(kernels.gaussian_noise, x, 0.5, 11, np.array([2]), first, y)
    np.testing.assert_allclose(y, reference.gaussian_noise(x, 0.5, 11, 2, first), atol=2e-6)
    run(kernels.dropout_mask, 0.3, 11, np.array([2]), first, mask)
    want = reference.dropout_mask(size, 0.3, 11, 2, first)
    np.testing.assert_allclose(mask, want, rtol=1e-6)


@kernel(outputs=["y"])
def normal_numbers(words, y):
    for i in range(words.size):
        y[i] = kernels._normal(words[i])


def test_normal_numbers_far_out():
    """The first and last words, and those in the middle, where the sign changes."""
    ends = np.array([0, 1, 1000, 2**20, 2**31 - 2**20, 2**31 - 1], np.uint64)
    words = np.concatenate([ends, np.uint64(2**32 - 1) - ends])
    y = np.empty(words.size, np.float32)
    run(normal_numbers, words, y)
    want = [NormalDist().inv_cdf((int(word) + 0.5) / 2**32) for word in words]
    np.testing.assert_allclose(y, want, rtol=5e-4, atol=1e-7)
    np.testing.assert_allclose(y[2:5], want[2:5], rtol=1e-6)
    np.testing.assert_array_equal(y[: ends.size], -y[ends.size :])
