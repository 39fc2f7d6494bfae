"""Losses of rows and their gradients; :mod:`nnkit.kernels.cpu.losses` says what the arrays are."""

import math

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import LANES, ROWS, cuda, device, kernel, lane_max, lane_sum, rows

_LOWEST, _HIGHEST = 1e-7, 1 - 1e-7


@device
def _smooth(t, smoothing, classes):
    """The factor and the term of label smoothing, in t's type."""
    share = t.dtype.type(smoothing)
    return t.dtype.type(1) - share, share / t.dtype.type(classes)


@device
def _bounds(p):
    """What probabilities are clipped to."""
    return p.dtype.type(_LOWEST), p.dtype.type(_HIGHEST)


@device
def _clip(x, low, high):
    x = low if x < low else x
    return high if x > high else x


@device
def _part(x, total, zero):
    """x / total; 0 where all is 0."""
    return zero if total == zero else x / total


@device
def _slope(weight, total, low, zero):
    """weight / total; 0 where the gradients of clipped shares would not fit the type."""
    if total == zero:
        return zero
    slope = weight / total
    return zero if abs(slope / low) == math.inf else slope


@device
def _largest(x, i, first):
    """The largest element of row i, NaN aside."""
    top = x.dtype.type(-math.inf)
    j = first
    while j < x.shape[1]:
        top = x[i, j] if x[i, j] > top else top
        j += LANES
    return lane_max(top)


@device
def _sum(x, i, first):
    """The sum of row i."""
    total = x.dtype.type(0)
    j = first
    while j < x.shape[1]:
        total += x[i, j]
        j += LANES
    return lane_sum(total)


# ------------------------------------------------------------------------------- from logits


@kernel(rows("z"))
def softmax_crossentropy(z, t, smoothing, p, loss):
    """p = softmax z, loss = -sum_j t_j ln p_j = ln(sum_j e^z_j) sum_j t_j - sum_j t_j z_j."""
    rows, classes = z.shape
    a, b = _smooth(t, smoothing, classes)
    zero = z.dtype.type(0)
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else classes
        top = _largest(z, i, first)
        total = targets = dot = zero
        j = first
        while j < classes:
            x = z[i, j] - top
            target = a * t[i, j] + b
            dot += target * x if target != zero else zero  # x may be -infinity.
            targets += target
            p[i, j] = _math.exp(x)
            total += p[i, j]
            j += LANES
        total, targets, dot = lane_sum(total), lane_sum(targets), lane_sum(dot)
        factor = z.dtype.type(1) / total
        j = first
        while j < classes:
            p[i, j] *= factor
            j += LANES
        if first == 0:
            loss[i] = _math.log(total) * targets - dot
        base += cuda.gridDim.x * ROWS


@kernel(rows("dz"))
def softmax_crossentropy_backward(p, t, smoothing, weight, dz):
    """dz_j = weight (p_j sum_k t_k - t_j)."""
    rows, classes = p.shape
    a, b = _smooth(t, smoothing, classes)
    share = b * p.dtype.type(classes)
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else classes
        total = a * _sum(t, i, first) + share
        j = first
        while j < classes:
            dz[i, j] = weight[i] * (p[i, j] * total - (a * t[i, j] + b))
            j += LANES
        base += cuda.gridDim.x * ROWS


@kernel(rows("z"))
def sparse_softmax_crossentropy(z, t, p, loss):
    """p = softmax z, loss = -ln p_t = ln(sum_j e^z_j) - z_t."""
    rows, classes = z.shape
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else classes
        top = _largest(z, i, first)
        total = z.dtype.type(0)
        j = first
        while j < classes:
            p[i, j] = _math.exp(z[i, j] - top)
            total += p[i, j]
            j += LANES
        total = lane_sum(total)
        factor = z.dtype.type(1) / total
        j = first
        while j < classes:
            p[i, j] *= factor
            j += LANES
        if first == 0:
            loss[i] = _math.log(total) - (z[i, t[i]] - top)
        base += cuda.gridDim.x * ROWS


@kernel(rows("dz"))
def sparse_softmax_crossentropy_backward(p, t, weight, dz):
    """dz_j = weight (p_j - [j = t])."""
    rows, classes = p.shape
    zero, one = p.dtype.type(0), p.dtype.type(1)
    i = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while i < rows:
        j = cuda.threadIdx.x
        while j < classes:
            dz[i, j] = weight[i] * (p[i, j] - (one if j == t[i] else zero))
            j += LANES
        i += cuda.gridDim.x * ROWS


@kernel(rows("z"))
def sigmoid_crossentropy(z, t, smoothing, p, loss):
    """p = sigmoid z, loss = mean_j -(t_j ln p_j + (1 - t_j) ln(1 - p_j)).

    One element is ln(1 + e^-|z|) plus (1 - t) z where z > 0, -t z elsewhere: nothing cancels.
    """
    rows, n = z.shape
    a, b = _smooth(t, smoothing, 2)
    zero, one, count = z.dtype.type(0), z.dtype.type(1), z.dtype.type(n)
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else n
        total = zero
        j = first
        while j < n:
            x = z[i, j]
            target = a * t[i, j] + b
            p[i, j] = _math.sigmoid(x)
            total += x * ((one - target) if x > zero else -target) + _math.log1p(_math.exp(-abs(x)))
            j += LANES
        total = lane_sum(total)
        if first == 0:
            loss[i] = total / count
        base += cuda.gridDim.x * ROWS


# ------------------------------------------------------------------------ from probabilities


@kernel(rows("p"))
def categorical_crossentropy(p, t, smoothing, loss):
    """loss = -sum_j t_j ln q_j with q = p / sum_k p_k, clipped."""
    rows, classes = p.shape
    a, b = _smooth(t, smoothing, classes)
    low, high = _bounds(p)
    zero = p.dtype.type(0)
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else classes
        total = _sum(p, i, first)
        dot = zero
        j = first
        while j < classes:
            dot += (a * t[i, j] + b) * _math.log(_clip(_part(p[i, j], total, zero), low, high))
            j += LANES
        dot = lane_sum(dot)
        if first == 0:
            loss[i] = -dot
        base += cuda.gridDim.x * ROWS


@kernel(rows("dp"))
def categorical_crossentropy_backward(p, t, smoothing, weight, dp):
    """dp_j = weight (r - t_j / q_j) / sum_k p_k, where r is the sum of all t_k that count.

    A clipped class is constant: its t_j counts as zero.
    """
    rows, classes = p.shape
    a, b = _smooth(t, smoothing, classes)
    low, high = _bounds(p)
    zero = p.dtype.type(0)
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else classes
        total = _sum(p, i, first)
        counted = zero
        j = first
        while j < classes:
            q = _part(p[i, j], total, zero)
            counted += a * t[i, j] + b if low <= q <= high else zero
            j += LANES
        counted = lane_sum(counted)
        outer = _slope(weight[i], total, low, zero) if i < rows else zero
        j = first
        while j < classes:
            q = _part(p[i, j], total, zero)
            target = a * t[i, j] + b if low <= q <= high else zero
            dp[i, j] = outer * (counted - target / _clip(q, low, high))
            j += LANES
        base += cuda.gridDim.x * ROWS


@kernel(rows("p"))
def sparse_categorical_crossentropy(p, t, loss):
    """loss = -ln q_t with q = p / sum_k p_k, clipped."""
    rows, classes = p.shape
    low, high = _bounds(p)
    zero = p.dtype.type(0)
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else classes
        total = _sum(p, i, first)
        if first == 0:
            loss[i] = -_math.log(_clip(_part(p[i, t[i]], total, zero), low, high))
        base += cuda.gridDim.x * ROWS


@kernel(rows("dp"))
def sparse_categorical_crossentropy_backward(p, t, weight, dp):
    """dp_j = weight (1 - [j = t] / q_t) / sum_k p_k; zero where q_t is clipped."""
    rows, classes = p.shape
    low, high = _bounds(p)
    zero, one = p.dtype.type(0), p.dtype.type(1)
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else classes
        total = _sum(p, i, first)
        j = first
        while j < classes:
            q = _part(p[i, t[i]], total, zero)
            factor = _slope(weight[i], total, low, zero) if low <= q <= high else zero
            dp[i, j] = factor * (one - one / _clip(q, low, high) if j == t[i] else one)
            j += LANES
        base += cuda.gridDim.x * ROWS


@kernel(rows("p"))
def binary_crossentropy(p, t, smoothing, loss):
    """loss = mean_j -(t_j ln p_j + (1 - t_j) ln(1 - p_j)) with p clipped."""
    rows, n = p.shape
    a, b = _smooth(t, smoothing, 2)
    low, high = _bounds(p)
    one, count = p.dtype.type(1), p.dtype.type(n)
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else n
        total = p.dtype.type(0)
        j = first
        while j < n:
            q = _clip(p[i, j], low, high)
            target = a * t[i, j] + b
            total -= target * _math.log(q) + (one - target) * _math.log(one - q)
            j += LANES
        total = lane_sum(total)
        if first == 0:
            loss[i] = total / count
        base += cuda.gridDim.x * ROWS


# ------------------------------------------------------------------------------- regression


@kernel(rows("p"))
def squared_error(p, t, loss):
    """loss = mean_j (p_j - t_j)^2."""
    rows, n = p.shape
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else n
        total = p.dtype.type(0)
        j = first
        while j < n:
            difference = p[i, j] - t[i, j]
            total += difference * difference
            j += LANES
        total = lane_sum(total)
        if first == 0:
            loss[i] = total / p.dtype.type(n)
        base += cuda.gridDim.x * ROWS


@kernel(rows("p"))
def absolute_error(p, t, loss):
    """loss = mean_j |p_j - t_j|."""
    rows, n = p.shape
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else n
        total = p.dtype.type(0)
        j = first
        while j < n:
            total += abs(p[i, j] - t[i, j])
            j += LANES
        total = lane_sum(total)
        if first == 0:
            loss[i] = total / p.dtype.type(n)
        base += cuda.gridDim.x * ROWS
