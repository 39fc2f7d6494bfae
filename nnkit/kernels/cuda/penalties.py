"""What keeps weights within bounds."""

import numpy as np

from nnkit.kernels.cpu import penalties
from nnkit.kernels.cuda._cuda import LANES, ROWS, cuda, kernel, lane_sum, rows
from nnkit.kernels.cuda._from_cpu import for_threads

_factor = for_threads(penalties._factor)


@kernel(rows("factor"))
def norm_factors(w, low, high, rate, epsilon, first, factor):
    """factor = (rate clip(norm, low, high) + (1 - rate) norm) / (epsilon + norm).

    There is a norm for each outer and inner of w (outer, n, inner), that of the n elements between;
    factor holds those from ``first`` on, in float64.
    """
    _, n, inner = w.shape
    k = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while k < factor.size:
        o, i = (first + k) // inner, (first + k) % inner
        squares = 0.0
        j = cuda.threadIdx.x
        while j < n:
            value = np.float64(w[o, j, i])
            squares += value * value
            j += LANES
        factor[k] = _factor(lane_sum(squares), low, high, rate, epsilon)
        k += cuda.gridDim.x * ROWS
