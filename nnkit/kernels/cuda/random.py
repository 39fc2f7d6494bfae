"""Random numbers as a function of (key, step, element), the very ones of the CPU.

:mod:`nnkit.kernels.cpu.random` explains them. Here every element computes the block of four that
its own is in: a block a thread would be a fourth of the arithmetic, but scattered loads and stores.
"""

import numpy as np

from nnkit.kernels import _philox
from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import device, elements, kernel, thread, threads

_U64 = np.uint64
_F = np.float32

philox = device(_philox.philox)
tail = device(_philox.tail)
normal = device(_philox.normal)


@device
def _word(element, step, key):
    """The random word of an element of a step: 32 bits."""
    w0, w1, w2, w3 = philox(_U64(element >> 2), step, key)
    even, odd = (w2, w3) if element & 2 else (w0, w1)
    return odd if element & 1 else even


@kernel(elements("y"))
def dropout(x, rate, key, counter, first, y):
    """y = x / (1 - rate) with probability 1 - rate, else 0.

    Element i of step ``counter[0]`` takes word i % 4 of block i // 4. The backward pass is the
    same kernel, applied to dy.
    """
    step = _U64(counter[0])
    seed = _U64(key)
    bound = _U64(rate * 2.0**32)
    factor = x.dtype.type(1) / x.dtype.type(1.0 - rate)
    zero = x.dtype.type(0)
    i = thread()
    while i < x.size:
        y[i] = zero if _word(first + i, step, seed) < bound else factor * x[i]
        i += threads()


@kernel(elements("mask"))
def dropout_mask(rate, key, counter, first, mask):
    """1 / (1 - rate) with probability 1 - rate, else 0: what ``dropout`` multiplies by."""
    step = _U64(counter[0])
    seed = _U64(key)
    bound = _U64(rate * 2.0**32)
    factor = mask.dtype.type(1) / mask.dtype.type(1.0 - rate)
    zero = mask.dtype.type(0)
    i = thread()
    while i < mask.size:
        mask[i] = zero if _word(first + i, step, seed) < bound else factor
        i += threads()


@device
def _normal(word):
    """A standard normal number, float32, where a uniform one is ``word``."""
    share = tail(word)
    w = -_math.log(_F(4) * share * (_F(1) - share))
    return normal(word, share, w, _math.sqrt(w))


@kernel(elements("y"))
def gaussian_noise(x, stddev, key, counter, first, y):
    """y = x + stddev times a normal number, from the same words as those of ``dropout``."""
    step = _U64(counter[0])
    seed = _U64(key)
    width = x.dtype.type(stddev)
    i = thread()
    while i < x.size:
        y[i] = x[i] + width * x.dtype.type(_normal(_word(first + i, step, seed)))
        i += threads()
