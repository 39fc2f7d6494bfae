"""Optimizer updates over flat vectors: gradients g, parameters p, and the optimizer's slots.

``rate`` is float64 (1,), the learning rate of this step; ``iteration`` is int64 (1,), the number
of this step counted from 1. What doesn't depend on the element is computed in float64 and rounded
once.
"""

import math

import numba
import numpy as np

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import (
    THREADS,
    block_sum,
    blocks,
    cuda,
    device,
    elements,
    kernel,
    thread,
    threads,
)

_BLOCK = 4096
_DOWN = 2.0**-600


@kernel(elements("p"))
def sgd(g, rate, p):
    """p -= rate g."""
    lr = p.dtype.type(rate[0])
    i = thread()
    while i < p.size:
        p[i] -= lr * g[i]
        i += threads()


@kernel(elements("p"))
def sgd_momentum(g, rate, momentum, nesterov, velocity, p):
    """velocity = momentum velocity - rate g; p += velocity.

    With nesterov, p += momentum velocity - rate g, with the new velocity.
    """
    lr = p.dtype.type(rate[0])
    mu = p.dtype.type(momentum)
    i = thread()
    while i < p.size:
        step = lr * g[i]
        velocity[i] = mu * velocity[i] - step
        p[i] += mu * velocity[i] - step if nesterov else velocity[i]
        i += threads()


@device
def _largest(p):
    """What gradients are limited to where they are squared, in p's type: 2^63 or 2^511."""
    return p.dtype.type(2.0**63 if p.itemsize == 4 else 2.0**511)


@device
def limited(g, top):
    """g limited to -top ... top; infinity and NaN stay what they are, and show in the weights."""
    x = top if g > top else g
    x = -top if x < -top else x
    return g if abs(g) == math.inf else x


@device
def _adam_rate(rate, iteration, beta_1, beta_2):
    """The learning rate with the bias corrections of both moments.

    One thread of a block computes it: powers in float64 are slow on most GPUs.
    """
    box = cuda.shared.array(1, numba.float64)
    if cuda.threadIdx.x == 0:
        t = np.float64(iteration[0])
        corrected = math.sqrt(1.0 - math.pow(beta_2, t)) / (1.0 - math.pow(beta_1, t))
        box[0] = rate[0] * corrected
    cuda.syncthreads()
    return box[0]


@kernel(elements("p"))
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
    i = thread()
    while i < p.size:
        slope = limited(g[i], top)
        m[i] += b1 * (slope - m[i])
        v[i] += b2 * (slope * slope - v[i])
        p[i] -= alpha * m[i] / (_math.sqrt(v[i]) + eps)
        i += threads()


@kernel(elements("p"))
def adam_amsgrad(g, rate, iteration, beta_1, beta_2, epsilon, m, v, vhat, p):
    """:func:`adam` dividing by the root of vhat, the largest v so far (Reddi et al. 2018)."""
    alpha = p.dtype.type(_adam_rate(rate, iteration, beta_1, beta_2))
    b1 = p.dtype.type(1.0 - beta_1)
    b2 = p.dtype.type(1.0 - beta_2)
    eps = p.dtype.type(epsilon)
    top = _largest(p)
    i = thread()
    while i < p.size:
        slope = limited(g[i], top)
        m[i] += b1 * (slope - m[i])
        v[i] += b2 * (slope * slope - v[i])
        vhat[i] = vhat[i] if vhat[i] > v[i] else v[i]
        p[i] -= alpha * m[i] / (_math.sqrt(vhat[i]) + eps)
        i += threads()


@kernel(elements("p"))
def rmsprop(g, rate, rho, epsilon, velocity, p):
    """velocity = rho velocity + (1 - rho) g^2; p -= rate g / sqrt(velocity + epsilon)."""
    lr = p.dtype.type(rate[0])
    old = p.dtype.type(rho)
    new = p.dtype.type(1.0 - rho)
    eps = p.dtype.type(epsilon)
    top = _largest(p)
    i = thread()
    while i < p.size:
        slope = limited(g[i], top)
        velocity[i] = old * velocity[i] + new * (slope * slope)
        p[i] -= lr * slope / _math.sqrt(velocity[i] + eps)
        i += threads()


@kernel(elements("p"))
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
    i = thread()
    while i < p.size:
        slope = limited(g[i], top)
        velocity[i] = old * velocity[i] + new * (slope * slope)
        average[i] = old * average[i] + new * slope
        variance = velocity[i] - share * (average[i] * average[i])
        variance = zero if variance < zero else variance  # By rounding.
        buffer[i] = mu * buffer[i] + lr * slope / _math.sqrt(variance + eps)
        p[i] -= buffer[i]
        i += threads()


@kernel(elements("p"))
def decay_weights(rate, decay, p):
    """p -= rate decay p: weight decay apart from the gradient (Loshchilov and Hutter 2019)."""
    share = p.dtype.type(rate[0] * decay)
    i = thread()
    while i < p.size:
        p[i] -= share * p[i]
        i += threads()


# --------------------------------------------------------------------------------- clipping


@kernel(elements("g"))
def clip_by_value(limit, g):
    """g = g limited to [-limit, limit]."""
    top = g.dtype.type(limit)
    i = thread()
    while i < g.size:
        x = top if g[i] > top else g[i]
        g[i] = -top if x < -top else x
        i += threads()


def _partials(arguments):
    """A block for every sum."""
    return (blocks(arguments["partial"].shape[1], 1),), (THREADS,)


@kernel(_partials)
def sum_squares(x, partial):
    """partial (2, blocks) = the sums of squares of each 4096 elements of x, and of x 2^-600."""
    b = cuda.blockIdx.x
    while b < partial.shape[1]:
        total, down = 0.0, 0.0
        i = b * _BLOCK + cuda.threadIdx.x
        while i < min((b + 1) * _BLOCK, x.size):
            value = np.float64(x[i])
            total += value * value
            value *= _DOWN
            down += value * value
            i += THREADS
        total, down = block_sum(total), block_sum(down)
        if cuda.threadIdx.x == 0:
            partial[0, b] = total
            partial[1, b] = down if x.itemsize > 4 else total
        b += cuda.gridDim.x


@kernel(elements("g"))
def clip_by_norm(partial, limit, g):
    """g *= limit / norm where norm, the root of the sum of squares, is above the limit.

    Every block adds up the sums in the same order.
    """
    total, down = 0.0, 0.0
    b = cuda.threadIdx.x
    while b < partial.shape[1]:
        total += partial[0, b]
        down += partial[1, b]
        b += THREADS
    total, down = block_sum(total), block_sum(down)
    scale = 1.0 if total < math.inf else _DOWN
    norm = math.sqrt(total if total < math.inf else down)
    if norm > limit * scale:
        factor = limit / norm
        i = thread()
        while i < g.size:
            g[i] = g.dtype.type(np.float64(g[i]) * scale * factor)
            i += threads()
