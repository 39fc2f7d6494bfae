"""What metrics of rows call."""

from nnkit.kernels.cuda._cuda import LANES, cuda, device, lane_max


@device
def _argmax(x):
    """Index of the first largest element of a row; all lanes get it.

    As on the CPU it is 0 where element 0 is NaN; another NaN is never the largest.
    """
    best = 0
    j = cuda.threadIdx.x
    while j < x.size:
        if x[j] > x[best]:
            best = j
        j += LANES
    top = lane_max(x[best])
    # The smallest index among the lanes that found the largest element, or NaN.
    return -lane_max(-x.size if x[best] < top else -best)
