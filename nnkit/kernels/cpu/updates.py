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


@register_jitable(**EXACT, forceinline=True)
def _totals(partial):
    """The sums of all squares, as ``sum_squares`` has them."""
    total, down = 0.0, 0.0
    for b in range(partial.shape[1]):
        total += partial[0, b]
        down += partial[1, b]
    return total, down


@register_jitable(**EXACT, forceinline=True)
def _norm(partial):
    """The root of the sum of all squares, as ``sum_squares`` has them."""
    total, down = _totals(partial)
    return math.sqrt(total) if total < math.inf else math.sqrt(down) / _DOWN


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


@kernel(updates=["m", "u", "p"], split=["g", "m", "u", "p"], elementwise=True)
def adamax(g, rate, iteration, beta_1, beta_2, epsilon, m, u, p):
    """Adam with the largest gradient in place of the root mean square (Kingma and Ba 2015).

    m = beta_1 m + (1 - beta_1) g; u = max(beta_2 u, |g|)
    p -= rate / (1 - beta_1^t) m / (u + epsilon)
    """
    alpha = p.dtype.type(_adam_rate(rate, iteration, beta_1, 0.0))
    kept = p.dtype.type(beta_1)
    new = p.dtype.type(1.0 - beta_1)
    b2 = p.dtype.type(beta_2)
    eps = p.dtype.type(epsilon)
    for i in range(p.size):
        m[i] = kept * m[i] + new * g[i]
        faded, size = b2 * u[i], abs(g[i])
        u[i] = faded if faded > size else size
        p[i] -= alpha * m[i] / (u[i] + eps)


@kernel(outputs=["numbers"])
def nadam_numbers(rate, iteration, beta_1, beta_2, numbers):
    """What does not depend on the element in :func:`nadam`, as float64 (3,).

    With mu_t = beta_1 (1 - 0.96^t / 2) and M_t = mu_1 mu_2 ... mu_t:
    rate mu_(t+1) / (1 - M_(t+1)), rate (1 - mu_t) / (1 - M_t) and 1 / (1 - beta_2^t).
    """
    t = iteration[0]
    decay, product = 1.0, 1.0
    for _ in range(min(t, 1000)):  # From there on, 0.96^t adds nothing to 1.
        decay *= 0.96
        product *= 1.0 - 0.5 * decay
    mu = beta_1 * (1.0 - 0.5 * decay)
    following = beta_1 * (1.0 - 0.5 * (decay * 0.96))
    product *= beta_1**t
    numbers[0] = rate[0] * following / (1.0 - product * following)
    numbers[1] = rate[0] * (1.0 - mu) / (1.0 - product)
    numbers[2] = 1.0 / (1.0 - beta_2**t)


@kernel(updates=["m", "v", "p"], split=["g", "m", "v", "p"], elementwise=True)
def nadam(g, numbers, beta_1, beta_2, epsilon, m, v, p):
    """Adam with Nesterov's momentum (Dozat 2016); a, b and c are :func:`nadam_numbers`.

    m += (1 - beta_1) (g - m); v += (1 - beta_2) (g^2 - v)
    p -= (a m + b g) / (sqrt(c v) + epsilon)
    """
    of_mean = p.dtype.type(numbers[0])
    of_slope = p.dtype.type(numbers[1])
    corrected = p.dtype.type(numbers[2])
    b1 = p.dtype.type(1.0 - beta_1)
    b2 = p.dtype.type(1.0 - beta_2)
    eps = p.dtype.type(epsilon)
    top = _largest(p)
    for i in range(p.size):
        slope = limited(g[i], top)
        m[i] += b1 * (slope - m[i])
        v[i] += b2 * (slope * slope - v[i])
        step = of_mean * m[i] + of_slope * slope
        p[i] -= step / (math.sqrt(corrected * v[i]) + eps)


@inline
def _most(p):
    """What sums of squares are limited to, in p's type: 2^127 or 2^1023."""
    return p.dtype.type(2.0**127 if p.itemsize == 4 else 2.0**1023)


@kernel(updates=["total", "p"], split=["g", "total", "p"], elementwise=True)
def adagrad(g, rate, epsilon, total, p):
    """total += g^2; p -= rate g / sqrt(total + epsilon) (Duchi et al. 2011)."""
    lr = p.dtype.type(rate[0])
    eps = p.dtype.type(epsilon)
    top, most = _largest(p), _most(p)
    for i in range(p.size):
        slope = limited(g[i], top)
        added = total[i] + slope * slope
        total[i] = most if added > most else added
        p[i] -= lr * slope / math.sqrt(total[i] + eps)


@kernel(updates=["squares", "steps", "p"], split=["g", "squares", "steps", "p"], elementwise=True)
def adadelta(g, rate, rho, epsilon, squares, steps, p):
    """Steps as large as the mean of those so far (Zeiler 2012).

    squares = rho squares + (1 - rho) g^2
    d = sqrt(steps + epsilon) g / sqrt(squares + epsilon)
    steps = rho steps + (1 - rho) d^2; p -= rate d
    """
    lr = p.dtype.type(rate[0])
    old = p.dtype.type(rho)
    new = p.dtype.type(1.0 - rho)
    eps = p.dtype.type(epsilon)
    top = _largest(p)
    for i in range(p.size):
        slope = limited(g[i], top)
        squares[i] = old * squares[i] + new * (slope * slope)
        step = math.sqrt(steps[i] + eps) * slope / math.sqrt(squares[i] + eps)
        steps[i] = old * steps[i] + new * (step * step)
        p[i] -= lr * step


@inline
def _power(x, exponent):
    """x^exponent; its root where the exponent is a half."""
    return math.sqrt(x) if exponent == 0.5 else x**exponent


@kernel(updates=["total", "z", "p"], split=["g", "total", "z", "p"], elementwise=True)
def ftrl(g, rate, power, l1, l2, shrinkage, beta, total, z, p):
    """Follow the regularized leader (McMahan et al. 2013); a rate of 0 changes nothing.

    n = total + g^2; z += g + 2 shrinkage p - (n^power - total^power) / rate p; total = n
    p = (clip(z, -l1, l1) - z) / ((n^power + beta) / rate + 2 l2), or 0 where |z| <= l1
    """
    if rate[0] > 0.0:
        lr = p.dtype.type(rate[0])
        exponent = p.dtype.type(power)
        bound = p.dtype.type(l1)
        double = p.dtype.type(2.0 * shrinkage)
        extra = p.dtype.type(beta)
        penalty = p.dtype.type(2.0 * l2)
        zero = p.dtype.type(0)
        top, most = _largest(p), _most(p)
        for i in range(p.size):
            slope = limited(g[i], top)
            added = total[i] + slope * slope
            added = most if added > most else added
            root = _power(added, exponent)
            sigma = (root - _power(total[i], exponent)) / lr
            z[i] += slope + double * p[i] - sigma * p[i]
            total[i] = added
            edge = bound if z[i] > bound else z[i]
            edge = -bound if edge < -bound else edge
            divisor = (root + extra) / lr + penalty
            p[i] = zero if edge == z[i] else (edge - z[i]) / divisor


@kernel(updates=["m", "p"], split=["g", "m", "p"], elementwise=True)
def lion(g, rate, beta_1, beta_2, m, p):
    """p -= rate sign(beta_1 m + (1 - beta_1) g), then m = beta_2 m + (1 - beta_2) g.

    X. Chen et al. 2023. The sign of what is not finite is NaN.
    """
    lr = p.dtype.type(rate[0])
    zero = p.dtype.type(0)
    one = p.dtype.type(1)
    old, kept = p.dtype.type(beta_1), p.dtype.type(beta_2)
    new, added = one - old, one - kept
    for i in range(p.size):
        mixed = old * m[i] + new * g[i]
        sign = one if mixed > zero else (-one if mixed < zero else zero)
        p[i] -= lr * sign + zero * mixed  # 0 times what is not finite is NaN.
        m[i] = kept * m[i] + added * g[i]


@kernel(outputs=["d"], updates=["m", "v"], split=["g", "m", "v", "d"], elementwise=True)
def lamb_direction(g, iteration, beta_1, beta_2, epsilon, m, v, d):
    """d = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon), with the means of Adam."""
    t = np.float64(iteration[0])
    of_mean = d.dtype.type(1.0 / (1.0 - beta_1**t))
    of_square = d.dtype.type(1.0 / (1.0 - beta_2**t))
    b1 = d.dtype.type(1.0 - beta_1)
    b2 = d.dtype.type(1.0 - beta_2)
    eps = d.dtype.type(epsilon)
    top = _largest(d)
    for i in range(d.size):
        slope = limited(g[i], top)
        m[i] += b1 * (slope - m[i])
        v[i] += b2 * (slope * slope - v[i])
        d[i] = of_mean * m[i] / (math.sqrt(of_square * v[i]) + eps)


@kernel(updates=["p"], split=["d", "p"], elementwise=True)
def trust_step(squares, step_squares, rate, d, p):
    """p -= rate |p| / |d| d; the factor is rate where a norm is 0 (You et al. 2020, LAMB).

    The squares are the :func:`sum_squares` of p and of d.
    """
    norm, length = _norm(squares), _norm(step_squares)
    ratio = norm / length if norm > 0.0 and length > 0.0 else 1.0
    alpha = p.dtype.type(rate[0] * ratio)
    for i in range(p.size):
        p[i] -= alpha * d[i]


@kernel(outputs=["numbers"])
def adafactor_numbers(rate, iteration, decay, numbers):
    """The step's size and the part of new squares, as float64 (2,).

    min(rate, 1 / sqrt t) and t^decay.
    """
    t = np.float64(iteration[0])
    numbers[0] = min(rate[0], 1.0 / math.sqrt(t))
    numbers[1] = t**decay


@kernel(outputs=["d"], updates=["v"], split=["g", "v", "d"], elementwise=True)
def adafactor_direction(g, numbers, epsilon, v, d):
    """v += k (g^2 + epsilon - v), d = g / sqrt v, with k of :func:`adafactor_numbers`."""
    new = v.dtype.type(numbers[1])
    eps = v.dtype.type(epsilon)
    top = _largest(v)
    for i in range(v.size):
        slope = limited(g[i], top)
        v[i] += new * (slope * slope + eps - v[i])
        d[i] = slope / math.sqrt(v[i])


@kernel(updates=["r"], split=["g", "r"])
def adafactor_rows(g, numbers, epsilon, r):
    """r[i] += k (the mean over j of g[i, j]^2 + epsilon - r[i]); g (rows, columns)."""
    rows, columns = g.shape
    new = r.dtype.type(numbers[1])
    eps = r.dtype.type(epsilon)
    part = r.dtype.type(1.0 / columns)
    top = _largest(r)
    for i in range(rows):
        mean = r.dtype.type(0)
        for j in range(columns):
            slope = limited(g[i, j], top)
            mean += part * (slope * slope)
        r[i] += new * (mean + eps - r[i])


@kernel(outputs=["s"], split=["g", "s"], elementwise=True)
def scaled_squares(g, factor, s):
    """s = factor g^2: a mean is their sum, which doesn't overflow."""
    part = s.dtype.type(factor)
    top = _largest(s)
    for i in range(s.size):
        slope = limited(g[i], top)
        s[i] = part * (slope * slope)


@kernel(updates=["c"], split=["mean", "c"], elementwise=True)
def adafactor_columns(mean, numbers, epsilon, c):
    """c += k (mean + epsilon - c)."""
    new = c.dtype.type(numbers[1])
    eps = c.dtype.type(epsilon)
    for j in range(c.size):
        c[j] += new * (mean[j] + eps - c[j])


@kernel(outputs=["v", "d"], split=["g", "r", "v", "d"])
def adafactor_factored(g, r, mean, c, v, d):
    """v[i, j] = r[i] / mean[0] c[j], d = g / sqrt v; all but r, mean and c (rows, columns)."""
    rows, columns = g.shape
    top = _largest(v)
    for i in range(rows):
        share = r[i] / mean[0]
        for j in range(columns):
            v[i, j] = share * c[j]
            d[i, j] = limited(g[i, j], top) / math.sqrt(v[i, j])


@kernel(updates=["p"], split=["d", "p"], elementwise=True)
def adafactor_step(squares, step_squares, count, numbers, epsilon, threshold, d, p):
    """p -= max(epsilon, rms p) size d / max(1, rms d / threshold).

    The squares are the :func:`sum_squares` of all ``count`` elements of p and of d; the size is of
    :func:`adafactor_numbers`.
    """
    root = math.sqrt(np.float64(count))
    large = max(epsilon, _norm(squares) / root)
    excess = max(1.0, _norm(step_squares) / root / threshold)
    alpha = p.dtype.type(large * numbers[0] / excess)
    for i in range(p.size):
        p[i] -= alpha * d[i]


@kernel(outputs=["d"], updates=["m"], split=["g", "m", "d"], elementwise=True)
def add_momentum(g, momentum, nesterov, m, d):
    """m = momentum m + g; d = m, or g + momentum m with nesterov."""
    mu = m.dtype.type(momentum)
    for i in range(m.size):
        m[i] = mu * m[i] + g[i]
        d[i] = g[i] + mu * m[i] if nesterov else m[i]


@kernel(updates=["x"], split=["x"], elementwise=True, exact=True)
def divide_by_norm(partial, epsilon, x):
    """x /= norm + epsilon, with the norm of ``partial``, the :func:`sum_squares` of all of x."""
    factor = 1.0 / (_norm(partial) + epsilon)
    for i in range(x.size):
        x[i] = x.dtype.type(np.float64(x[i]) * factor)


@kernel(updates=["y"], split=["x", "y"], elementwise=True)
def mix(x, a, b, y):
    """y = a x + b y."""
    of_x, of_y = y.dtype.type(a), y.dtype.type(b)
    for i in range(y.size):
        y[i] = of_x * x[i] + of_y * y[i]


@kernel(updates=["p"], split=["p"], elementwise=True)
def decay_weights(rate, decay, p):
    """p -= rate decay p: weight decay apart from the gradient (Loshchilov and Hutter 2019)."""
    share = p.dtype.type(rate[0] * decay)
    for i in range(p.size):
        p[i] -= share * p[i]


# ------------------------------------------------------- gradients of several batches, averages


@kernel(outputs=["update"])
def count_updates(iteration, every, update):
    """update = the number of the update that a batch takes part in, both counted from 1."""
    update[0] = (iteration[0] - 1) // every + 1


@kernel(updates=["total", "g"], split=["total", "g"], elementwise=True)
def accumulate_gradients(iteration, every, total, g):
    """total += g; at each batch of number ``every`` instead g = (g + total) / every, total = 0."""
    zero = g.dtype.type(0)
    count = g.dtype.type(every)
    last = iteration[0] % every == 0
    for i in range(g.size):
        added = total[i] + g[i]
        total[i] = zero if last else added
        g[i] = added / count if last else g[i]


@kernel(updates=["x"], split=["before", "x"], elementwise=True)
def undo_unless_last(before, iteration, every, x):
    """x = before, except at each batch of number ``every``."""
    if iteration[0] % every != 0:
        for i in range(x.size):
            x[i] = before[i]


@kernel(updates=["average", "p"], split=["average", "p"], elementwise=True)
def average_weights(update, momentum, every, average, p):
    """average = momentum average + (1 - momentum) p, p in the first update.

    At each update of number ``every``, if that isn't 0, then p = average.
    """
    old = p.dtype.type(momentum)
    new = p.dtype.type(1.0 - momentum)
    first = update[0] == 1
    last = every > 0 and update[0] % max(every, 1) == 0
    for i in range(p.size):
        average[i] = p[i] if first else old * average[i] + new * p[i]
        p[i] = average[i] if last else p[i]


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
