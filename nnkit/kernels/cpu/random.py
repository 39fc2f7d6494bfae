"""Random numbers as a function of (key, step, element), by Philox4x32-10.

No state: the same element of the same step gives the same number on any thread, in the backward
pass, and after a resume.
"""

import numpy as np

from nnkit.kernels import _philox
from nnkit.kernels._jit import inline, kernel

_U64 = np.uint64

philox = inline(_philox.philox)


@inline
def _drops(element, step, key, bound):
    """Whether an element of a step is dropped."""
    return philox(_U64(element // 4), step, key)[element % 4] < bound


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def dropout(x, rate, key, counter, first, y):
    """y = x / (1 - rate) with probability 1 - rate, else 0.

    Element i of step ``counter[0]`` takes word i % 4 of block i // 4. The backward pass is the
    same kernel, applied to dy.
    """
    step = _U64(counter[0])
    seed = _U64(key)
    bound = _U64(rate * 2.0**32)
    factor = x.dtype.type(1.0 / (1.0 - rate))
    zero = x.dtype.type(0)
    # The elements from the first block that begins in this slice to the last that ends in it.
    start = min(-first % 4, x.size)
    stop = x.size - (x.size - start) % 4
    for i in range(start):
        y[i] = zero if _drops(first + i, step, seed, bound) else factor * x[i]
    blocks_x, blocks_y = x[start:stop], y[start:stop]
    block = _U64((first + start) // 4)
    for b in range(blocks_x.size // 4):
        i = 4 * b
        w0, w1, w2, w3 = philox(block + _U64(b), step, seed)
        blocks_y[i] = zero if w0 < bound else factor * blocks_x[i]
        blocks_y[i + 1] = zero if w1 < bound else factor * blocks_x[i + 1]
        blocks_y[i + 2] = zero if w2 < bound else factor * blocks_x[i + 2]
        blocks_y[i + 3] = zero if w3 < bound else factor * blocks_x[i + 3]
    for i in range(stop, x.size):
        y[i] = zero if _drops(first + i, step, seed, bound) else factor * x[i]
