"""Random numbers as a function of (key, step, element), the very ones of the CPU.

:mod:`nnkit.kernels.cpu.random` explains them. Here every element computes the block of four that
its own is in: a block a thread would be a fourth of the arithmetic, but scattered loads and stores.
"""

import numpy as np

from nnkit.kernels.cuda._cuda import device, elements, kernel, thread, threads

_U64 = np.uint64
_LOW = _U64(0xFFFFFFFF)
_HALF = _U64(32)
_MULTIPLIER_0, _MULTIPLIER_1 = _U64(0xD2511F53), _U64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = _U64(0x9E3779B9), _U64(0xBB67AE85)


@device
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
        element = first + i
        w0, w1, w2, w3 = philox(_U64(element >> 2), step, seed)
        even, odd = (w2, w3) if element & 2 else (w0, w1)
        word = odd if element & 1 else even
        y[i] = zero if word < bound else factor * x[i]
        i += threads()
