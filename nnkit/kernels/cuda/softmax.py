"""Softmax and its logarithm over the middle axis of (outer, n, inner)."""

import math

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import LANES, ROWS, cuda, kernel, lane_max, lane_sum, rows


@kernel(rows("y", 0, 2))
def softmax(x, y):
    """y_j = e^x_j / sum_k e^x_k."""
    outer, n, inner = x.shape
    base = cuda.blockIdx.x * ROWS
    while base < outer * inner:
        row = base + cuda.threadIdx.y
        o, i = row // inner, row % inner
        # A thread without a row sums over nothing.
        first = cuda.threadIdx.x if o < outer else n
        top = x.dtype.type(-math.inf)
        j = first
        while j < n:
            top = x[o, j, i] if x[o, j, i] > top else top
            j += LANES
        top = lane_max(top)
        total = x.dtype.type(0)
        j = first
        while j < n:
            y[o, j, i] = _math.exp(x[o, j, i] - top)
            total += y[o, j, i]
            j += LANES
        factor = x.dtype.type(1) / lane_sum(total)
        j = first
        while j < n:
            y[o, j, i] *= factor
            j += LANES
        base += cuda.gridDim.x * ROWS


@kernel(rows("y", 0, 2))
def softmax_backward(dy, y, dx):
    """dx_j = y_j (dy_j - sum_k dy_k y_k)."""
    outer, n, inner = y.shape
    base = cuda.blockIdx.x * ROWS
    while base < outer * inner:
        row = base + cuda.threadIdx.y
        o, i = row // inner, row % inner
        first = cuda.threadIdx.x if o < outer else n
        dot = y.dtype.type(0)
        j = first
        while j < n:
            dot += dy[o, j, i] * y[o, j, i]
            j += LANES
        dot = lane_sum(dot)
        j = first
        while j < n:
            dx[o, j, i] = y[o, j, i] * (dy[o, j, i] - dot)
            j += LANES
        base += cuda.gridDim.x * ROWS


@kernel(rows("y", 0, 2))
def log_softmax(x, y):
    """y_j = x_j - log sum_k e^x_k."""
    outer, n, inner = x.shape
    base = cuda.blockIdx.x * ROWS
    while base < outer * inner:
        row = base + cuda.threadIdx.y
        o, i = row // inner, row % inner
        first = cuda.threadIdx.x if o < outer else n
        top = x.dtype.type(-math.inf)
        j = first
        while j < n:
            top = x[o, j, i] if x[o, j, i] > top else top
            j += LANES
        top = lane_max(top)
        total = x.dtype.type(0)
        j = first
        while j < n:
            total += _math.exp(x[o, j, i] - top)
            j += LANES
        shift = _math.log(lane_sum(total))
        j = first
        while j < n:
            y[o, j, i] = x[o, j, i] - top - shift
            j += LANES
        base += cuda.gridDim.x * ROWS


@kernel(rows("y", 0, 2))
def log_softmax_backward(dy, y, dx):
    """dx_j = dy_j - e^y_j sum_k dy_k."""
    outer, n, inner = y.shape
    base = cuda.blockIdx.x * ROWS
    while base < outer * inner:
        row = base + cuda.threadIdx.y
        o, i = row // inner, row % inner
        first = cuda.threadIdx.x if o < outer else n
        total = y.dtype.type(0)
        j = first
        while j < n:
            total += dy[o, j, i]
            j += LANES
        total = lane_sum(total)
        j = first
        while j < n:
            dx[o, j, i] = dy[o, j, i] - _math.exp(y[o, j, i]) * total
            j += LANES
        base += cuda.gridDim.x * ROWS
