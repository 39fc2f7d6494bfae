"""Philox4x32-10, for every kind of kernel: numbers that are a function of a counter and a key.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: Parallel random numbers: as easy as 1, 2, 3
(SC 2011).
"""

import numpy as np

_U64 = np.uint64
_LOW = _U64(0xFFFFFFFF)
_HALF = _U64(32)
_MULTIPLIER_0, _MULTIPLIER_1 = _U64(0xD2511F53), _U64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = _U64(0x9E3779B9), _U64(0xBB67AE85)


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
