"""Random numbers as a function of (key, step, element), by Philox4x32-10.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: Parallel random numbers: as easy as 1, 2, 3
(SC 2011).

No state: the same element of the same step gives the same number on any thread, in the backward
pass, and after a resume.
"""

import math

import numpy as np

from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu import _math

_U64 = np.uint64
_F = np.float32
_LOW = _U64(0xFFFFFFFF)
_HALF = _U64(32)
_MULTIPLIER_0, _MULTIPLIER_1 = _U64(0xD2511F53), _U64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = _U64(0x9E3779B9), _U64(0xBB67AE85)
_MIDDLE = _U64(2**31)


@inline
def philox(block, step, key):
    """Four random words (each 32 bits in a uint64) for the 128-bit counter (block, step)."""
    c0, c1 = block & _LOW, block >> _HALF
    c2, c3 = step & _LOW, step >> _HALF
    k0, k1 = key & _LOW, key >> _HALF
    for _ in range(10):
        a = c0 * _MULTIPLIER_0
        b = c2 * _MULTIPLIER_1
        c0 = (b >> _HALF) ^ c1 ^ k0
        c1 = b & _LOW
        c2 = (a >> _HALF) ^ c3 ^ k1
        c3 = a & _LOW
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    return c0, c1, c2, c3


@inline
def _word(element, step, key):
    """The random word of an element of a step: 32 bits."""
    w0, w1, w2, w3 = philox(_U64(element >> 2), step, key)
    even, odd = (w2, w3) if element & 2 else (w0, w1)
    return odd if element & 1 else even


@inline
def _fraction(high, low):
    """Two words as a float64 from 0, below 1: of 53 bits."""
    return float(((high >> _U64(5)) << _U64(26)) + (low >> _U64(6))) * 2.0**-53


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


@kernel(outputs=["y"], split=["y"], elementwise=True)
def uniform(key, counter, first, y):
    """y = random numbers from 0, below 1: shares of 32 bits."""
    step = _U64(counter[0])
    seed = _U64(key)
    for i in range(y.size):
        y[i] = float(_word(first + i, step, seed)) * 2.0**-32


@inline
def _tail(word):
    """How many of all 32-bit words lie on the nearer side of one: a share of 0 to 1/2, float32."""
    return (_F(_LOW - word if word >= _MIDDLE else word) + _F(0.5)) * _F(2.0**-32)


@inline
def _normal_of(word, share, w, root):
    """The standard normal number that has the share of numbers below it that ``word`` has of words.

    ``share`` is its tail, w = -log(4 share (1 - share)), ``root`` = sqrt w. M. Giles: Approximating
    the erfinv function (GPU Computing Gems, 2012), in single precision.
    """
    v = w - _F(2.5)
    p = _F(2.81022636e-08) * v + _F(3.43273939e-07)
    p = p * v + _F(-3.5233877e-06)
    p = p * v + _F(-4.39150654e-06)
    p = p * v + _F(0.00021858087)
    p = p * v + _F(-0.00125372503)
    p = p * v + _F(-0.00417768164)
    p = p * v + _F(0.246640727)
    p = p * v + _F(1.50140941)
    v = root - _F(3)
    q = _F(-0.000200214257) * v + _F(0.000100950558)
    q = q * v + _F(0.00134934322)
    q = q * v + _F(-0.00367342844)
    q = q * v + _F(0.00573950773)
    q = q * v + _F(-0.0076224613)
    q = q * v + _F(0.00943887047)
    q = q * v + _F(1.00167406)
    q = q * v + _F(2.83297682)
    erfinv = (_F(1) - share - share) * (p if w < _F(5) else q)
    size = _F(1.41421356) * erfinv
    return size if word >= _MIDDLE else -size


@inline
def _normal(word):
    """A standard normal number, float32, where a uniform one is ``word``."""
    share = _tail(word)
    w = -_math.log(_F(4) * share * (_F(1) - share))
    return _normal_of(word, share, w, math.sqrt(w))


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
