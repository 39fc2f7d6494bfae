"""What optimizers do otherwise on a GPU: what is slow in float64."""

import math

import numba
import numpy as np

from nnkit.kernels.cpu import updates
from nnkit.kernels.cuda._cuda import cuda, device
from nnkit.kernels.cuda._from_cpu import BLOCK, for_threads

# Every block adds up all the sums of squares, in the same order.
_totals = for_threads(updates._totals, BLOCK)


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
