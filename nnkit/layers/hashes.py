"""Hashes of strings that stay the same everywhere: FarmHash's Fingerprint64, and SipHash-2-4."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["fingerprint64", "siphash"]

_MASK = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _number(text: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(text[at : at + size], "little")


def _turned(value: int, by: int) -> int:
    """64 bits, turned to the right."""
    value &= _MASK
    return (value >> by | value << (64 - by)) & _MASK


def _shifted(value: int) -> int:
    value &= _MASK
    return value ^ value >> 47


def _mixed(u: int, v: int, factor: int) -> int:
    a = _shifted((u ^ v) * factor)
    return _shifted((v ^ a) * factor) * factor & _MASK


def fingerprint64(text: bytes) -> int:
    """FarmHash's Fingerprint64, which TensorFlow hashes strings by (G. Pike, 2014).

    Examples
    --------
    >>> fingerprint64(b"") == 0x9AE16A3B2F90404F
    True
    """
    n = len(text)
    factor = _K2 + 2 * n
    if n > 64:
        return _of_long(text)
    if n > 32:
        return _up_to_64(text, factor)
    if n > 16:
        a, b = _number(text, 0) * _K1, _number(text, 8)
        c, d = _number(text, n - 8) * factor, _number(text, n - 16) * _K2
        first = (_turned(a + b, 43) + _turned(c, 30) + d) & _MASK
        return _mixed(first, (a + _turned(b + _K2, 18) + c) & _MASK, factor)
    if n >= 8:
        a, b = _number(text, 0) + _K2, _number(text, n - 8)
        c = (_turned(b, 37) * factor + a) & _MASK
        return _mixed(c, (_turned(a, 25) + b) * factor & _MASK, factor)
    if n >= 4:
        return _mixed(n + (_number(text, 0, 4) << 3), _number(text, n - 4, 4), factor)
    if n > 0:
        y, z = text[0] + (text[n // 2] << 8), n + (text[n - 1] << 2)
        return _shifted((y * _K2 & _MASK) ^ (z * _K0 & _MASK)) * _K2 & _MASK
    return _K2


def _up_to_64(text: bytes, factor: int) -> int:
    n = len(text)
    a, b = _number(text, 0) * _K2, _number(text, 8)
    c, d = _number(text, n - 8) * factor, _number(text, n - 16) * _K2
    y = (_turned(a + b, 43) + _turned(c, 30) + d) & _MASK
    z = _mixed(y, (a + _turned(b + _K2, 18) + c) & _MASK, factor)
    e, f = _number(text, 16) * factor, _number(text, 24)
    g, h = (y + _number(text, n - 32)) * factor, (z + _number(text, n - 24)) * factor
    first = (_turned(e + f, 43) + _turned(g, 30) + h) & _MASK
    return _mixed(first, (e + _turned(f + a, 18) + g) & _MASK, factor)


def _of_32(text: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_number(text, at + 8 * i) for i in range(4))
    a += w
    b = _turned(b + a + z, 21)
    c = a
    a += x + y
    b += _turned(a, 44)
    return (a + z) & _MASK, (b + c) & _MASK


def _of_long(text: bytes) -> int:
    n, x = len(text), 81
    y = (81 * _K1 + 113) & _MASK
    z = _shifted(y * _K2 + 113) * _K2 & _MASK
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _number(text, 0)) & _MASK

    def turned(at: int, factor: int, last: int) -> None:
        nonlocal x, y, z, v, w
        x = _turned(x + y + v[0] + _number(text, at + 8), 37) * factor & _MASK
        y = _turned(y + v[1] + _number(text, at + 48), 42) * factor & _MASK
        x ^= w[1] * last & _MASK
        y = (y + v[0] * last + _number(text, at + 40)) & _MASK
        z = _turned(z + w[0], 33) * factor & _MASK
        v = _of_32(text, at, v[1] * factor, x + w[0])
        w = _of_32(text, at + 32, z + w[1], y + _number(text, at + 16))
        z, x = x, z

    for at in range(0, (n - 1) // 64 * 64, 64):
        turned(at, _K1, 1)
    factor = _K1 + ((z & 0xFF) << 1)
    w = (w[0] + (n - 1 & 63)) & _MASK, w[1]
    v = (v[0] + w[0]) & _MASK, v[1]
    w = (w[0] + v[0]) & _MASK, w[1]
    turned(n - 64, factor, 9)
    first = (_mixed(v[0], w[0], factor) + _shifted(y) * _K0 + z) & _MASK
    return _mixed(first, (_mixed(v[1], w[1], factor) + x) & _MASK, factor)


def siphash(text: bytes, key: Sequence[int]) -> int:
    """SipHash-2-4 of a text under a key of two numbers of 64 bits (J.-P. Aumasson, 2012).

    Examples
    --------
    >>> hex(siphash(bytes(range(15)), [0x0706050403020100, 0x0F0E0D0C0B0A0908]))
    '0xa129ca6149be45e5'
    """
    k0, k1 = (k & _MASK for k in key)
    a, b = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D
    c, d = k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573

    def rounds(count: int) -> None:
        nonlocal a, b, c, d
        for _ in range(count):
            a, c = (a + b) & _MASK, (c + d) & _MASK
            b, d = _turned(b, 51) ^ a, _turned(d, 48) ^ c
            a = _turned(a, 32)
            a, c = (a + d) & _MASK, (c + b) & _MASK
            d, b = _turned(d, 43) ^ a, _turned(b, 47) ^ c
            c = _turned(c, 32)

    whole = len(text) // 8 * 8
    last = _number(text, whole) | (len(text) & 0xFF) << 56
    for word in (*(_number(text, at) for at in range(0, whole, 8)), last):
        d ^= word
        rounds(2)
        a ^= word
    c ^= 0xFF
    rounds(4)
    return a ^ b ^ c ^ d
