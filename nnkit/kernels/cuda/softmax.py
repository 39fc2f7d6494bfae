"""Softmax and its logarithm over the middle axis of (outer, n, inner)."""

from nnkit.kernels.cpu import softmax as cpu
from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import LANES, ROWS, cuda, kernel, lane_sum, rows
from nnkit.kernels.cuda._from_cpu import LANES as LOOP
from nnkit.kernels.cuda._from_cpu import for_threads

largest = for_threads(cpu.largest, LOOP)


@kernel(rows("y", 0, 2))
def softmax(x, y):
    """y_j = e^x_j / sum_k e^x_k."""
    outer, n, inner = x.shape
    row = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while row < outer * inner:
        o, i = row // inner, row % inner
        top = largest(x[o, :, i])
        total = x.dtype.type(0)
        j = cuda.threadIdx.x
        while j < n:
            y[o, j, i] = _math.exp(x[o, j, i] - top)
            total += y[o, j, i]
            j += LANES
        factor = x.dtype.type(1) / lane_sum(total)
        j = cuda.threadIdx.x
        while j < n:
            y[o, j, i] *= factor
            j += LANES
        row += cuda.gridDim.x * ROWS


@kernel(rows("y", 0, 2))
def softmax_backward(dy, y, dx):
    """dx_j = y_j (dy_j - sum_k dy_k y_k)."""
    outer, n, inner = y.shape
    row = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while row < outer * inner:
        o, i = row // inner, row % inner
        dot = y.dtype.type(0)
        j = cuda.threadIdx.x
        while j < n:
            dot += dy[o, j, i] * y[o, j, i]
            j += LANES
        dot = lane_sum(dot)
        j = cuda.threadIdx.x
        while j < n:
            dx[o, j, i] = y[o, j, i] * (dy[o, j, i] - dot)
            j += LANES
        row += cuda.gridDim.x * ROWS


@kernel(rows("y", 0, 2))
def log_softmax(x, y):
    """y_j = x_j - log sum_k e^x_k."""
    outer, n, inner = x.shape
    row = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while row < outer * inner:
        o, i = row // inner, row % inner
        top = largest(x[o, :, i])
        total = x.dtype.type(0)
        j = cuda.threadIdx.x
        while j < n:
            total += _math.exp(x[o, j, i] - top)
            j += LANES
        shift = _math.log(lane_sum(total))
        j = cuda.threadIdx.x
        while j < n:
            y[o, j, i] = x[o, j, i] - top - shift
            j += LANES
        row += cuda.gridDim.x * ROWS


@kernel(rows("y", 0, 2))
def log_softmax_backward(dy, y, dx):
    """dx_j = dy_j - e^y_j sum_k dy_k."""
    outer, n, inner = y.shape
    row = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while row < outer * inner:
        o, i = row // inner, row % inner
        total = y.dtype.type(0)
        j = cuda.threadIdx.x
        while j < n:
            total += dy[o, j, i]
            j += LANES
        total = lane_sum(total)
        j = cuda.threadIdx.x
        while j < n:
            dx[o, j, i] = dy[o, j, i] - _math.exp(y[o, j, i]) * total
            j += LANES
        row += cuda.gridDim.x * ROWS
