"""Losses of rows and their gradients; :mod:`nnkit.kernels.cpu.losses` says what the arrays are."""

from nnkit.kernels.cpu import losses
from nnkit.kernels.cpu.softmax import largest
from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import LANES, ROWS, cuda, device, kernel, lane_sum, rows
from nnkit.kernels.cuda._from_cpu import LANES as LOOP
from nnkit.kernels.cuda._from_cpu import for_threads

_bounds, _clip = for_threads(losses._bounds), for_threads(losses._clip)
_part, _slope = for_threads(losses._part), for_threads(losses._slope)
_sum, _largest = for_threads(losses._sum, LOOP), for_threads(largest, LOOP)


@device
def _smooth(t, smoothing, classes):
    """The factor and the term of label smoothing, in t's type."""
    share = t.dtype.type(smoothing)
    return t.dtype.type(1) - share, share / t.dtype.type(classes)


@kernel(rows("z"))
def softmax_crossentropy(z, t, smoothing, p, loss):
    """p = softmax z, loss = -sum_j t_j ln p_j = ln(sum_j e^z_j) sum_j t_j - sum_j t_j z_j."""
    rows, classes = z.shape
    a, b = _smooth(t, smoothing, classes)
    zero = z.dtype.type(0)
    i = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while i < rows:
        top = _largest(z[i])
        total = targets = dot = zero
        j = cuda.threadIdx.x
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
        j = cuda.threadIdx.x
        while j < classes:
            p[i, j] *= factor
            j += LANES
        loss[i] = _math.log(total) * targets - dot
        i += cuda.gridDim.x * ROWS


@kernel(rows("z"))
def sparse_softmax_crossentropy(z, t, p, loss):
    """p = softmax z, loss = -ln p_t = ln(sum_j e^z_j) - z_t."""
    rows, classes = z.shape
    i = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while i < rows:
        top = _largest(z[i])
        total = z.dtype.type(0)
        j = cuda.threadIdx.x
        while j < classes:
            p[i, j] = _math.exp(z[i, j] - top)
            total += p[i, j]
            j += LANES
        total = lane_sum(total)
        factor = z.dtype.type(1) / total
        j = cuda.threadIdx.x
        while j < classes:
            p[i, j] *= factor
            j += LANES
        loss[i] = _math.log(total) - (z[i, t[i]] - top)
        i += cuda.gridDim.x * ROWS


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


@kernel(rows("dp"))
def sparse_categorical_crossentropy_backward(p, t, weight, dp):
    """dp_j = weight (1 - [j = t] / q_t) / sum_k p_k; zero where q_t is clipped."""
    rows, classes = p.shape
    low, high = _bounds(p)
    zero, one = p.dtype.type(0), p.dtype.type(1)
    i = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while i < rows:
        total = _sum(p[i])
        q = _part(p[i, t[i]], total, zero)
        factor = _slope(weight[i], total, low, zero) if low <= q <= high else zero
        j = cuda.threadIdx.x
        while j < classes:
            dp[i, j] = factor * (one - one / _clip(q, low, high) if j == t[i] else one)
            j += LANES
        i += cuda.gridDim.x * ROWS
