"""Losses of rows, (rows, classes), and their gradients.

``loss`` (rows,) is the loss of each row. ``weight`` (rows,) is the derivative of the total loss by
``loss``: it includes sample weights and the division by the number of rows. Targets ``t`` have the
shape and type of the predictions; sparse targets are the class of each row, int32 (rows,).

Label smoothing s replaces t by (1 - s) t + s / classes, binary targets by (1 - s) t + s / 2.
Predictions that are probabilities are treated as in Keras 3: clipped to [1e-7, 1 - 1e-7], and in
the categorical losses divided by their sum before. Where the clipping acts, the gradient is zero.
"""

import math

from numba.extending import register_jitable

from nnkit.kernels._flags import EXACT
from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu import _math
from nnkit.kernels.cpu.softmax import exponentiate, normalize, shift

_EPSILON = 1e-7


@inline
def _smooth(t, smoothing, classes):
    """The factor and the term of label smoothing, in t's type."""
    return t.dtype.type(1 - smoothing), t.dtype.type(smoothing / classes)


@inline
def _bounds(p):
    """The bounds to which probabilities are clipped."""
    return p.dtype.type(_EPSILON), p.dtype.type(1 - _EPSILON)


@inline
def _clip(x, low, high):
    x = low if x < low else x
    return high if x > high else x


@inline
def _sum(x):
    total = x.dtype.type(0)
    for j in range(x.size):
        total += x[j]
    return total


@register_jitable(**EXACT, forceinline=True)  # A sum's reciprocal may be infinite.
def _part(x, total, zero):
    """x / total, or 0 if total is 0."""
    return zero if total == zero else x / total


@register_jitable(**EXACT, forceinline=True)
def _slope(weight, total, low, zero):
    """weight / total, or 0 if total is so small that gradients would overflow."""
    slope = weight / total
    return zero if abs(slope / low) == math.inf else slope


# ------------------------------------------------------------------------------- from logits


@kernel(outputs=["p", "loss"], split=["z", "t", "p", "loss"])
def softmax_crossentropy(z, t, smoothing, p, loss):
    """p = softmax z, loss = -sum_j t_j ln p_j = ln(sum_j e^z_j) sum_j t_j - sum_j t_j z_j."""
    rows, classes = z.shape
    a, b = _smooth(t, smoothing, classes)
    zero = z.dtype.type(0)
    shift(z, p)
    for i in range(rows):
        dot = zero
        for j in range(classes):
            target = a * t[i, j] + b
            dot += target * p[i, j] if target != zero else zero  # p may be -infinity here.
        loss[i] = -dot
    exponentiate(p)
    share = b * z.dtype.type(classes)
    for i in range(rows):
        loss[i] += _math.log(normalize(p[i])) * (a * _sum(t[i]) + share)


@kernel(outputs=["dz"], split=["p", "t", "weight", "dz"])
def softmax_crossentropy_backward(p, t, smoothing, weight, dz):
    """dz_j = weight (p_j sum_k t_k - t_j)."""
    rows, classes = p.shape
    a, b = _smooth(t, smoothing, classes)
    share = b * p.dtype.type(classes)
    for i in range(rows):
        total = a * _sum(t[i]) + share
        for j in range(classes):
            dz[i, j] = weight[i] * (p[i, j] * total - (a * t[i, j] + b))


@kernel(outputs=["p", "loss"], split=["z", "t", "p", "loss"])
def sparse_softmax_crossentropy(z, t, p, loss):
    """p = softmax z, loss = -ln p_t = ln(sum_j e^z_j) - z_t."""
    rows, _ = z.shape
    shift(z, p)
    for i in range(rows):
        loss[i] = -p[i, t[i]]
    exponentiate(p)
    for i in range(rows):
        loss[i] += _math.log(normalize(p[i]))


@kernel(outputs=["dz"], split=["p", "t", "weight", "dz"])
def sparse_softmax_crossentropy_backward(p, t, weight, dz):
    """dz_j = weight (p_j - [j = t])."""
    rows, classes = p.shape
    for i in range(rows):
        for j in range(classes):
            dz[i, j] = weight[i] * p[i, j]
        dz[i, t[i]] -= weight[i]


@kernel(outputs=["p", "loss"], split=["z", "t", "p", "loss"])
def sigmoid_crossentropy(z, t, smoothing, p, loss):
    """p = sigmoid z, loss = mean_j -(t_j ln p_j + (1 - t_j) ln(1 - p_j)).

    One element is ln(1 + e^-|z|) plus (1 - t) z where z > 0, -t z elsewhere: nothing cancels.
    """
    rows, n = z.shape
    a, b = _smooth(t, smoothing, 2)
    zero, one, count = z.dtype.type(0), z.dtype.type(1), z.dtype.type(n)
    for i in range(rows):
        total = zero
        for j in range(n):
            x = z[i, j]
            target = a * t[i, j] + b
            p[i, j] = _math.sigmoid(x)
            total += x * ((one - target) if x > zero else -target) + _math.log1p(_math.exp(-abs(x)))
        loss[i] = total / count


@kernel(outputs=["dz"], split=["p", "t", "weight", "dz"])
def sigmoid_crossentropy_backward(p, t, smoothing, weight, dz):
    """dz_j = weight (p_j - t_j) / n."""
    rows, n = p.shape
    a, b = _smooth(t, smoothing, 2)
    count = p.dtype.type(n)
    for i in range(rows):
        factor = weight[i] / count
        for j in range(n):
            dz[i, j] = factor * (p[i, j] - (a * t[i, j] + b))


# ------------------------------------------------------------------------ from probabilities


@kernel(outputs=["loss"], split=["p", "t", "loss"], exact=True)
def categorical_crossentropy(p, t, smoothing, loss):
    """loss = -sum_j t_j ln q_j with q = p / sum_k p_k, clipped."""
    rows, classes = p.shape
    a, b = _smooth(t, smoothing, classes)
    low, high = _bounds(p)
    zero = p.dtype.type(0)
    for i in range(rows):
        total = _sum(p[i])
        dot = zero
        for j in range(classes):
            target = a * t[i, j] + b
            if target != zero:  # So a one-hot row needs only one logarithm.
                dot += target * _math.log(_clip(_part(p[i, j], total, zero), low, high))
        loss[i] = -dot


@kernel(outputs=["dp"], split=["p", "t", "weight", "dp"], exact=True)
def categorical_crossentropy_backward(p, t, smoothing, weight, dp):
    """dp_j = weight (r - t_j / q_j) / sum_k p_k, where r is the sum of the t_k not clipped.

    A clipped class is constant: its t_j counts as zero.
    """
    rows, classes = p.shape
    a, b = _smooth(t, smoothing, classes)
    low, high = _bounds(p)
    zero = p.dtype.type(0)
    for i in range(rows):
        total = _sum(p[i])
        counted = zero
        for j in range(classes):
            counted += a * t[i, j] + b if low <= _part(p[i, j], total, zero) <= high else zero
        outer = _slope(weight[i], total, low, zero)
        for j in range(classes):
            q = _part(p[i, j], total, zero)
            target = a * t[i, j] + b if low <= q <= high else zero
            dp[i, j] = outer * (counted - target / _clip(q, low, high))


@kernel(outputs=["loss"], split=["p", "t", "loss"], exact=True)
def sparse_categorical_crossentropy(p, t, loss):
    """loss = -ln q_t with q = p / sum_k p_k, clipped."""
    rows, _ = p.shape
    low, high = _bounds(p)
    zero = p.dtype.type(0)
    for i in range(rows):
        loss[i] = -_math.log(_clip(_part(p[i, t[i]], _sum(p[i]), zero), low, high))


@kernel(outputs=["dp"], split=["p", "t", "weight", "dp"], exact=True)
def sparse_categorical_crossentropy_backward(p, t, weight, dp):
    """dp_j = weight (1 - [j = t] / q_t) / sum_k p_k; zero where q_t is clipped."""
    rows, classes = p.shape
    low, high = _bounds(p)
    zero = p.dtype.type(0)
    for i in range(rows):
        total = _sum(p[i])
        q = _part(p[i, t[i]], total, zero)
        factor = _slope(weight[i], total, low, zero) if low <= q <= high else zero
        for j in range(classes):
            dp[i, j] = factor
        dp[i, t[i]] -= factor / _clip(q, low, high)


@kernel(outputs=["loss"], split=["p", "t", "loss"])
def binary_crossentropy(p, t, smoothing, loss):
    """loss = mean_j -(t_j ln p_j + (1 - t_j) ln(1 - p_j)) with p clipped."""
    rows, n = p.shape
    a, b = _smooth(t, smoothing, 2)
    low, high = _bounds(p)
    one = p.dtype.type(1)
    for i in range(rows):
        total = p.dtype.type(0)
        for j in range(n):
            q = _clip(p[i, j], low, high)
            target = a * t[i, j] + b
            total -= target * _math.log(q) + (one - target) * _math.log(one - q)
        loss[i] = total / p.dtype.type(n)


@kernel(outputs=["dp"], split=["p", "t", "weight", "dp"])
def binary_crossentropy_backward(p, t, smoothing, weight, dp):
    """dp_j = weight (p_j - t_j) / (p_j (1 - p_j) n); zero where p_j is clipped."""
    rows, n = p.shape
    a, b = _smooth(t, smoothing, 2)
    low, high = _bounds(p)
    zero, one, count = p.dtype.type(0), p.dtype.type(1), p.dtype.type(n)
    for i in range(rows):
        factor = weight[i] / count
        for j in range(n):
            q = _clip(p[i, j], low, high)
            slope = factor * (q - (a * t[i, j] + b)) / (q * (one - q))
            dp[i, j] = slope if q == p[i, j] else zero


# ------------------------------------------------------------------------------- regression


@kernel(outputs=["loss"], split=["p", "t", "loss"])
def squared_error(p, t, loss):
    """loss = mean_j (p_j - t_j)^2."""
    rows, n = p.shape
    for i in range(rows):
        total = p.dtype.type(0)
        for j in range(n):
            difference = p[i, j] - t[i, j]
            total += difference * difference
        loss[i] = total / p.dtype.type(n)


@kernel(outputs=["dp"], split=["p", "t", "weight", "dp"])
def squared_error_backward(p, t, weight, dp):
    """dp_j = 2 weight (p_j - t_j) / n."""
    rows, n = p.shape
    two_by_n = p.dtype.type(2) / p.dtype.type(n)
    for i in range(rows):
        factor = weight[i] * two_by_n
        for j in range(n):
            dp[i, j] = factor * (p[i, j] - t[i, j])


@kernel(outputs=["loss"], split=["p", "t", "loss"])
def absolute_error(p, t, loss):
    """loss = mean_j |p_j - t_j|."""
    rows, n = p.shape
    for i in range(rows):
        total = p.dtype.type(0)
        for j in range(n):
            total += abs(p[i, j] - t[i, j])
        loss[i] = total / p.dtype.type(n)


@kernel(outputs=["dp"], split=["p", "t", "weight", "dp"])
def absolute_error_backward(p, t, weight, dp):
    """dp_j = weight sign(p_j - t_j) / n, with sign 0 = 0."""
    rows, n = p.shape
    zero, count = p.dtype.type(0), p.dtype.type(n)
    for i in range(rows):
        step = weight[i] / count
        for j in range(n):
            difference = p[i, j] - t[i, j]
            below = -step if difference < zero else difference  # 0, or NaN.
            dp[i, j] = step if difference > zero else below
