"""Philox4x32-10 as Salmon et al. (2011) define it, on arrays of uint64 that hold 32 bits each."""

from statistics import NormalDist

import numpy as np

LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox_words(c, k):
    """Four output words for the counter words c (4 arrays) and the key words k (2)."""
    c = [np.asarray(w, np.uint64) for w in c]
    k0, k1 = np.uint64(k[0]), np.uint64(k[1])
    for _ in range(10):
        a = c[0] * np.uint64(0xD2511F53)
        b = c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> HALF) ^ c[1] ^ k0, b & LOW, (a >> HALF) ^ c[3] ^ k1, a & LOW]
        k0 = (k0 + np.uint64(0x9E3779B9)) & LOW
        k1 = (k1 + np.uint64(0xBB67AE85)) & LOW
    return c


def words_of(elements, key, step):
    """The random word of each element of a step."""
    blocks = np.asarray(elements, np.uint64) // np.uint64(4)
    counter = blocks & LOW, blocks >> HALF, np.uint64(step) & LOW, np.uint64(step) >> HALF
    words = np.stack(np.broadcast_arrays(*philox_words(counter, (key & 0xFFFFFFFF, key >> 32))))
    return words[np.asarray(elements) % 4, np.arange(len(elements))]


def dropout(x, rate, key, step, first):
    words = words_of(first + np.arange(x.size), key, step).reshape(x.shape)
    return np.where(words >= np.uint64(rate * 2**32), x / (1 - rate), 0)


def dropout_mask(size, rate, key, step, first):
    return dropout(np.ones(size), rate, key, step, first)


def gaussian_noise(x, stddev, key, step, first):
    words = words_of(first + np.arange(x.size), key, step)
    quantile = np.vectorize(NormalDist().inv_cdf, otypes=[float])
    return x + stddev * quantile((words.astype(float) + 0.5) / 2**32).reshape(x.shape)
