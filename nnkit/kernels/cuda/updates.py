"""What optimizers do otherwise on a GPU: sums over a whole array, and what is slow in float64."""

import math

import numba
import numpy as np

from nnkit.kernels import SUM_BLOCK
from nnkit.kernels.cpu.updates import _DOWN
from nnkit.kernels.cuda._cuda import THREADS, block_sum, blocks, cuda, device, kernel


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


def partials(arguments):
    """A block for each sum of ``partial``."""
    *_, count = arguments["partial"].shape
    return (blocks(count, 1),), (THREADS,)


@kernel(partials)
def sum_squares(x, partial):
    """partial (2, blocks) = the sums of squares of each 4096 elements of x, and of x 2^-600."""
    b = cuda.blockIdx.x
    while b < partial.shape[1]:
        total, down = 0.0, 0.0
        i = b * SUM_BLOCK + cuda.threadIdx.x
        while i < min((b + 1) * SUM_BLOCK, x.size):
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


@device
def _totals(partial):
    """The sums of all squares; every block adds them up in the same order."""
    total, down = 0.0, 0.0
    b = cuda.threadIdx.x
    while b < partial.shape[1]:
        total += partial[0, b]
        down += partial[1, b]
        b += THREADS
    return block_sum(total), block_sum(down)
