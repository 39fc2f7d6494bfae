"""Random numbers for every kind of kernel: a function of a counter and a key, by Philox4x32-10.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: Parallel random numbers: as easy as 1, 2, 3
(SC 2011).
"""

import numpy as np

_U64 = np.uint64
_LOW = _U64(0xFFFFFFFF)
_HALF = _U64(32)
_MULTIPLIER_0, _MULTIPLIER_1 = _U64(0xD2511F53), _U64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = _U64(0x9E3779B9), _U64(0xBB67AE85)
_MIDDLE = _U64(2**31)
_F = np.float32


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


def fraction(high, low):
    """Two words as a float64 from 0, below 1: of 53 bits."""
    return float(((high >> _U64(5)) << _U64(26)) + (low >> _U64(6))) * 2.0**-53


def tail(word):
    """How many of all 32-bit words lie on the nearer side of one: a share of 0 to 1/2, float32."""
    return (_F(_LOW - word if word >= _MIDDLE else word) + _F(0.5)) * _F(2.0**-32)


def normal(word, share, w, root):
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
