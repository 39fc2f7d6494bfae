"""Random numbers as a function of (key, step, element), by Philox4x32-10.

No state: the same element of the same step gives the same number on any thread, in the backward
pass, and after a resume.
"""

import math

import numpy as np

from nnkit.kernels import _philox
from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu import _math

_U64 = np.uint64
_F = np.float32

philox = inline(_philox.philox)
tail = inline(_philox.tail)
normal = inline(_philox.normal)


@inline
def _word(element, step, key):
    """The random word of an element of a step: 32 bits."""
    w0, w1, w2, w3 = philox(_U64(element // 4), step, key)
    even, odd = (w2, w3) if element & 2 else (w0, w1)
    return odd if element & 1 else even


@inline
def _whole_blocks(first, size):
    """From the first block of four that begins in a slice to the last that ends in it."""
    start = min(-first % 4, size)
    return start, size - (size - start) % 4


@inline
def _drops(element, step, key, bound):
    """Whether an element of a step is dropped."""
    return _word(element, step, key) < bound


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def dropout(x, rate, key, counter, first, y):
    """y = x / (1 - rate) with probability 1 - rate, else 0.

    Element i of step ``counter[0]`` takes word i % 4 of block i // 4. The backward pass is the
    same kernel, applied to dy.
    """
    step = _U64(counter[0])
    seed = _U64(key)
    bound = _U64(rate * 2.0**32)
    factor = x.dtype.type(1.0 / (1.0 - rate))
    zero = x.dtype.type(0)
    start, stop = _whole_blocks(first, x.size)
    for i in range(start):
        y[i] = zero if _drops(first + i, step, seed, bound) else factor * x[i]
    blocks_x, blocks_y = x[start:stop], y[start:stop]
    block = _U64((first + start) // 4)
    for b in range(blocks_x.size // 4):
        i = 4 * b
        w0, w1, w2, w3 = philox(block + _U64(b), step, seed)
        blocks_y[i] = zero if w0 < bound else factor * blocks_x[i]
        blocks_y[i + 1] = zero if w1 < bound else factor * blocks_x[i + 1]
        blocks_y[i + 2] = zero if w2 < bound else factor * blocks_x[i + 2]
        blocks_y[i + 3] = zero if w3 < bound else factor * blocks_x[i + 3]
    for i in range(stop, x.size):
        y[i] = zero if _drops(first + i, step, seed, bound) else factor * x[i]


@kernel(outputs=["mask"], split=["mask"], elementwise=True)
def dropout_mask(rate, key, counter, first, mask):
    """1 / (1 - rate) with probability 1 - rate, else 0: what ``dropout`` multiplies by."""
    step = _U64(counter[0])
    seed = _U64(key)
    bound = _U64(rate * 2.0**32)
    factor = mask.dtype.type(1.0 / (1.0 - rate))
    zero = mask.dtype.type(0)
    for i in range(mask.size):
        mask[i] = zero if _drops(first + i, step, seed, bound) else factor


@inline
def _normal(word):
    """A standard normal number, float32, where a uniform one is ``word``."""
    share = tail(word)
    w = -_math.log(_F(4) * share * (_F(1) - share))
    return normal(word, share, w, math.sqrt(w))


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def gaussian_noise(x, stddev, key, counter, first, y):
    """y = x + stddev times a normal number, from the same words as those of ``dropout``."""
    step = _U64(counter[0])
    seed = _U64(key)
    width = x.dtype.type(stddev)
    start, stop = _whole_blocks(first, x.size)
    for i in range(start):
        y[i] = x[i] + width * x.dtype.type(_normal(_word(first + i, step, seed)))
    blocks_x, blocks_y = x[start:stop], y[start:stop]
    block = _U64((first + start) // 4)
    for b in range(blocks_x.size // 4):
        i = 4 * b
        w0, w1, w2, w3 = philox(block + _U64(b), step, seed)
        blocks_y[i] = blocks_x[i] + width * x.dtype.type(_normal(w0))
        blocks_y[i + 1] = blocks_x[i + 1] + width * x.dtype.type(_normal(w1))
        blocks_y[i + 2] = blocks_x[i + 2] + width * x.dtype.type(_normal(w2))
        blocks_y[i + 3] = blocks_x[i + 3] + width * x.dtype.type(_normal(w3))
    for i in range(stop, x.size):
        y[i] = x[i] + width * x.dtype.type(_normal(_word(first + i, step, seed)))
