"""Elementary functions for kernels: float32 versions that can be vectorised, libm's for float64.

There is no vector math library in numba's wheels, and a call to libm stops a loop from being
vectorised. The float32 versions are branch-free and within 4 ulp everywhere (``tests/kernels/
test_math.py`` sweeps all of float32), NaN in is NaN out.

The coefficients are those of ``expf`` and ``logf`` in Cephes 2.2 (S. Moshier, netlib.org/cephes).
"""

import math

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from nnkit.kernels._flags import EXACT

# The kernels' "reassoc" would merge the two halves of ln 2 and cancel the rounding constant.
_EXACT = EXACT | {"forceinline": True}

_F = np.float32
_I = np.int32

_LOG2_E = _F(1.44269504)
_LN2_HIGH = _F(0.693359375)  # 10 bits: n * _LN2_HIGH is exact.
_LN2_LOW = _F(-2.12194440e-4)
_ROUND = _F(1.5 * 2**23)  # x + _ROUND holds round(x) in the low bits of its mantissa.
_ROUND_BITS = _I(_ROUND.view(_I))
_SQRT_HALF_BITS = _I(_F(math.sqrt(0.5)).view(_I))
_SIGN_BIT = _I(-(2**31))
_SMALLEST_NORMAL = _F(2.0**-126)
_INF = _F(math.inf)
_NAN = _F(math.nan)


def _for_float64(double):
    """Make a float32 function usable in kernels, with ``double`` as its float64 version."""

    def decorate(single):
        overload(single, jit_options=_EXACT)(lambda x: single if x == types.float32 else double)
        return single

    return decorate


@register_jitable(**_EXACT)
def _bits(x):
    return _F(x).view(_I)


@register_jitable(**_EXACT)
def _from_bits(bits):
    return _I(bits).view(_F)


@register_jitable(**_EXACT)
def _with_sign_of(x, y):
    """y >= 0 with the sign of x."""
    return _from_bits(_bits(y) | (_bits(x) & _SIGN_BIT))


@register_jitable(**_EXACT)
def _power_of_two(n):
    """2^n for -126 <= n <= 127."""
    return _from_bits((n + 127) << 23)


@register_jitable(**_EXACT)
def _reduce(x):
    """n, p with e^x = 2^n (1 + p): n = round(x / ln 2), p = e^r - 1 for the rest r."""
    shifted = x * _LOG2_E + _ROUND
    n = shifted - _ROUND
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    p = _F(1.9875691500e-4) * r + _F(1.3981999507e-3)
    p = p * r + _F(8.3334519073e-3)
    p = p * r + _F(4.1665795894e-2)
    p = p * r + _F(1.6666665459e-1)
    p = p * r + _F(5.0000001201e-1)
    return _I(_bits(shifted) - _ROUND_BITS), p * (r * r) + r


@_for_float64(lambda x: math.exp(x))
def exp(x):
    """e^x."""
    # Outside of these bounds the result is 0 or infinity. These comparisons keep NaN.
    x = _F(-104) if x < _F(-104) else x
    x = _F(89) if x > _F(89) else x
    n, p = _reduce(x)
    # In two factors: 2^n itself may be infinite or denormal where the result is not.
    half = n >> 1
    return (p + _F(1)) * _power_of_two(half) * _power_of_two(n - half)


@_for_float64(lambda x: math.log(x))
def log(x):
    """ln x = e ln 2 + ln m with sqrt(1/2) <= m < sqrt(2)."""
    denormal = x < _SMALLEST_NORMAL
    bits = _bits(x * _F(2**23) if denormal else x)
    above = _I(bits - _SQRT_HALF_BITS)
    e = _F(_I(above >> 23)) - (_F(23) if denormal else _F(0))
    r = _from_bits((above & 0x7FFFFF) + _SQRT_HALF_BITS) - _F(1)
    p = _F(7.0376836292e-2) * r + _F(-1.1514610310e-1)
    p = p * r + _F(1.1676998740e-1)
    p = p * r + _F(-1.2420140846e-1)
    p = p * r + _F(1.4249322787e-1)
    p = p * r + _F(-1.6668057665e-1)
    p = p * r + _F(2.0000714765e-1)
    p = p * r + _F(-2.4999993993e-1)
    p = p * r + _F(3.3333331174e-1)
    square = r * r
    y = p * r * square + e * _LN2_LOW - _F(0.5) * square + r + e * _LN2_HIGH
    y = y if x < _INF else x  # Infinity and NaN.
    y = y if x > _F(0) else _NAN
    y = -_INF if x == _F(0) else y
    return y


@_for_float64(lambda x: math.log1p(x))
def log1p(x):
    """ln(1 + x) = ln u + (x - (u - 1)) / u, where u is 1 + x rounded (Goldberg 1991)."""
    u = x + _F(1)
    lost = (x - (u - _F(1))) / u
    return log(u) + (lost if _F(0) < u < _INF else _F(0))


@_for_float64(lambda x: math.expm1(x))
def expm1(x):
    """e^x - 1 = 2^n p + (2^n - 1), exact near 0."""
    # Outside of these bounds the result is -1 or infinity.
    x = _F(-18) if x < _F(-18) else x
    x = _F(89) if x > _F(89) else x
    n, p = _reduce(x)
    half = _power_of_two(n - 1)  # 2^n itself may be infinite.
    y = half * p + (half - _F(0.5))
    return y + y


@_for_float64(lambda x: math.tanh(x))
def tanh(x):
    """tanh |x| = z / (z + 2) with z = e^2|x| - 1; it rounds to 1 for |x| > 9.01."""
    size = abs(x)
    n, p = _reduce(_F(18.1) if size > _F(9.05) else size + size)
    scale = _power_of_two(n)
    z = scale * p + (scale - _F(1))
    return _with_sign_of(x, z / (z + _F(2)))


def _sigmoid64(x):
    z = math.exp(-abs(x))
    return (1.0 if x >= 0.0 else z) / (1.0 + z)


@_for_float64(_sigmoid64)
def sigmoid(x):
    """1 / (1 + e^-x), from e^-|x|, which never overflows."""
    z = exp(-abs(x))
    return (_F(1) if x >= _F(0) else z) / (_F(1) + z)


def _normal_cdf64(x):
    return 0.5 * math.erfc(x * -math.sqrt(0.5))


@_for_float64(_normal_cdf64)
def normal_cdf(x):
    """The distribution function of the standard normal distribution: (1 + erf(x / sqrt 2)) / 2.

    For x < 0 it is e^(-x^2 / 2) R(-x), where R varies slowly: u times a polynomial of
    u = 1 / (1 + 0.35 |x|), fitted to the smallest relative error (3.2e-8) up to |x| = 15.
    """
    size = abs(x)
    u = _F(1) / (_F(1) + _F(0.35) * size)
    r = _F(-2.9164276899e-2) * u + _F(1.4406249329e-1)
    r = r * u + _F(-2.5590531343e-1)
    r = r * u + _F(1.5939679234e-1)
    r = r * u + _F(-2.3266457172e-2)
    r = r * u + _F(1.0557588694e-1)
    r = r * u + _F(1.1981523064e-1)
    r = r * u + _F(1.3986437188e-1)
    r = r * u + _F(1.3962125641e-1)
    below = r * u * exp(_F(-0.5) * size * size)
    return below if x < _F(0) else _F(1) - below
