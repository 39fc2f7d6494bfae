"""Optimizer updates over flat vectors: gradients g, parameters p, and the optimizer's slots.

``rate`` is float64 (1,), the learning rate of this step; ``iteration`` is int64 (1,), the number
of this step counted from 1. The formulas are those of Keras 3. What doesn't depend on the element
is computed in float64 and rounded once.

Where gradients are squared, they are limited to what has a finite square: the steps stay those of
the formula, which is the ratio of two means of gradients.
"""

import math

import numpy as np
from numba.extending import register_jitable

from nnkit.kernels import SUM_BLOCK
from nnkit.kernels._flags import EXACT
from nnkit.kernels._jit import inline, kernel

_DOWN = 2.0**-600


@kernel(updates=["p"], split=["g", "p"], elementwise=True)
def sgd(g, rate, p):
    """p -= rate g."""
    lr = p.dtype.type(rate[0])
    for i in range(p.size):
        p[i] -= lr * g[i]


@kernel(updates=["velocity", "p"], split=["g", "velocity", "p"], elementwise=True)
def sgd_momentum(g, rate, momentum, nesterov, velocity, p):
    """velocity = momentum velocity - rate g; p += velocity.

    With nesterov, p += momentum velocity - rate g, with the new velocity.
    """
    lr = p.dtype.type(rate[0])
    mu = p.dtype.type(momentum)
    for i in range(p.size):
        step = lr * g[i]
        velocity[i] = mu * velocity[i] - step
        p[i] += mu * velocity[i] - step if nesterov else velocity[i]


@inline
def _largest(p):
    """What gradients are limited to where they are squared, in p's type: 2^63 or 2^511."""
    return p.dtype.type(2.0**63 if p.itemsize == 4 else 2.0**511)


@inline
def limited(g, top):
    """g limited to -top ... top; infinity and NaN stay what they are, and show in the weights."""
    x = top if g > top else g
    x = -top if x < -top else x
    return g if abs(g) == math.inf else x


@inline
def _adam_rate(rate, iteration, beta_1, beta_2):
    """The learning rate with the bias corrections of both moments."""
    t = iteration[0]
    return rate[0] * math.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t)


@kernel(updates=["m", "v", "p"], split=["g", "m", "v", "p"], elementwise=True)
def adam(g, rate, iteration, beta_1, beta_2, epsilon, m, v, p):
    """Adam (Kingma and Ba 2015, with the "epsilon hat" of its section 2).

    m += (1 - beta_1) (g - m); v += (1 - beta_2) (g^2 - v); p -= alpha m / (sqrt v + epsilon)
    with alpha = rate sqrt(1 - beta_2^t) / (1 - beta_1^t).
    """
    alpha = p.dtype.type(_adam_rate(rate, iteration, beta_1, beta_2))
    b1 = p.dtype.type(1.0 - beta_1)
    b2 = p.dtype.type(1.0 - beta_2)
    eps = p.dtype.type(epsilon)
    top = _largest(p)
    for i in range(p.size):
        slope = limited(g[i], top)
        m[i] += b1 * (slope - m[i])
        v[i] += b2 * (slope * slope - v[i])
        p[i] -= alpha * m[i] / (math.sqrt(v[i]) + eps)


@kernel(updates=["m", "v", "vhat", "p"], split=["g", "m", "v", "vhat", "p"], elementwise=True)
def adam_amsgrad(g, rate, iteration, beta_1, beta_2, epsilon, m, v, vhat, p):
    """:func:`adam` dividing by the root of vhat, the largest v so far (Reddi et al. 2018)."""
    alpha = p.dtype.type(_adam_rate(rate, iteration, beta_1, beta_2))
    b1 = p.dtype.type(1.0 - beta_1)
    b2 = p.dtype.type(1.0 - beta_2)
    eps = p.dtype.type(epsilon)
    top = _largest(p)
    for i in range(p.size):
        slope = limited(g[i], top)
        m[i] += b1 * (slope - m[i])
        v[i] += b2 * (slope * slope - v[i])
        vhat[i] = vhat[i] if vhat[i] > v[i] else v[i]
        p[i] -= alpha * m[i] / (math.sqrt(vhat[i]) + eps)


@kernel(updates=["velocity", "p"], split=["g", "velocity", "p"], elementwise=True)
def rmsprop(g, rate, rho, epsilon, velocity, p):
    """velocity = rho velocity + (1 - rho) g^2; p -= rate g / sqrt(velocity + epsilon)."""
    lr = p.dtype.type(rate[0])
    old = p.dtype.type(rho)
    new = p.dtype.type(1.0 - rho)
    eps = p.dtype.type(epsilon)
    top = _largest(p)
    for i in range(p.size):
        slope = limited(g[i], top)
        velocity[i] = old * velocity[i] + new * (slope * slope)
        p[i] -= lr * slope / math.sqrt(velocity[i] + eps)


@kernel(
    updates=["velocity", "average", "buffer", "p"],
    split=["g", "velocity", "average", "buffer", "p"],
    elementwise=True,
)
def rmsprop_momentum(g, rate, rho, momentum, epsilon, centered, velocity, average, buffer, p):
    """:func:`rmsprop` with momentum, or centered: its full form (Graves 2013).

    average = rho average + (1 - rho) g
    buffer = momentum buffer + rate g / sqrt(velocity - [centered] average^2 + epsilon)
    p -= buffer
    """
    lr = p.dtype.type(rate[0])
    old = p.dtype.type(rho)
    new = p.dtype.type(1.0 - rho)
    mu = p.dtype.type(momentum)
    eps = p.dtype.type(epsilon)
    top = _largest(p)
    share = p.dtype.type(centered)
    zero = p.dtype.type(0)
    for i in range(p.size):
        slope = limited(g[i], top)
        velocity[i] = old * velocity[i] + new * (slope * slope)
        average[i] = old * average[i] + new * slope
        variance = velocity[i] - share * (average[i] * average[i])
        variance = zero if variance < zero else variance  # By rounding.
        buffer[i] = mu * buffer[i] + lr * slope / math.sqrt(variance + eps)
        p[i] -= buffer[i]


@kernel(updates=["p"], split=["p"], elementwise=True)
def decay_weights(rate, decay, p):
    """p -= rate decay p: weight decay apart from the gradient (Loshchilov and Hutter 2019)."""
    share = p.dtype.type(rate[0] * decay)
    for i in range(p.size):
        p[i] -= share * p[i]


# --------------------------------------------------------------------------------- clipping


@kernel(updates=["g"], split=["g"], elementwise=True)
def clip_by_value(limit, g):
    """g = g limited to [-limit, limit]."""
    top = g.dtype.type(limit)
    for i in range(g.size):
        x = top if g[i] > top else g[i]
        g[i] = -top if x < -top else x


@register_jitable(**EXACT, forceinline=True)  # The square of _DOWN itself is 0.
def _square_down(x):
    """(x 2^-600)^2, in float64: finite for every x."""
    scaled = np.float64(x) * _DOWN
    return scaled * scaled


@kernel(outputs=["partial"])
def sum_squares(x, partial):
    """partial (2, blocks) = the sums of squares of each 4096 elements of x, and of x 2^-600.

    In float64. The second is for float64's squares that overflow. The blocks are the same however
    many threads there are, so the norm is too.
    """
    for b in range(partial.shape[1]):
        total, down = 0.0, 0.0
        for i in range(b * SUM_BLOCK, min((b + 1) * SUM_BLOCK, x.size)):
            total += np.float64(x[i]) ** 2
        if x.itemsize > 4:
            for i in range(b * SUM_BLOCK, min((b + 1) * SUM_BLOCK, x.size)):
                down += _square_down(x[i])
        partial[0, b] = total
        partial[1, b] = down if x.itemsize > 4 else total


@register_jitable(**EXACT, forceinline=True)
def _totals(partial):
    """The sums of all squares, as ``sum_squares`` has them."""
    total, down = 0.0, 0.0
    for b in range(partial.shape[1]):
        total += partial[0, b]
        down += partial[1, b]
    return total, down


@kernel(updates=["g"], split=["g"], elementwise=True, exact=True)
def clip_by_norm(partial, limit, g):
    """g *= limit / norm where norm, the root of the sum of squares, is above the limit."""
    total, down = _totals(partial)
    scale = 1.0 if total < math.inf else _DOWN
    norm = math.sqrt(total if total < math.inf else down)
    if norm > limit * scale:
        factor = limit / norm
        for i in range(g.size):
            g[i] = g.dtype.type(np.float64(g[i]) * scale * factor)
