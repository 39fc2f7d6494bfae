"""Elementary functions for kernels: CUDA's own, within 2 ulp and NaN in, NaN out.

In the simulator NumPy's take their place, because Python's raise where these give infinity.
"""

import math

import numpy as np

from nnkit.kernels.cuda._cuda import SIMULATED, device


def _function(name):
    own = {f.__name__[1:]: f for f in (_exp, _expm1, _log, _log1p, _tanh, _sqrt)}
    return getattr(np, name) if SIMULATED else device(own[name])


def _exp(x):  # pragma: no cover
    return math.exp(x)


def _expm1(x):  # pragma: no cover
    return math.expm1(x)


def _log(x):  # pragma: no cover
    return math.log(x)


def _log1p(x):  # pragma: no cover
    return math.log1p(x)


def _tanh(x):  # pragma: no cover
    return math.tanh(x)


def _sqrt(x):  # pragma: no cover
    return math.sqrt(x)


exp, expm1, tanh = _function("exp"), _function("expm1"), _function("tanh")
log, log1p, sqrt = _function("log"), _function("log1p"), _function("sqrt")


@device
def sigmoid(x):
    """1 / (1 + e^-x), from e^-|x|, which never overflows."""
    one = type(x)(1)
    z = exp(-abs(x))
    share = one / (one + z)
    return share if abs(x) == x else z * share


@device
def normal_cdf(x):
    """The share of a standard normal distribution below x."""
    half = type(x)(0.5)
    return half * math.erfc(-sqrt(half) * x)
