"""Random numbers as a function of (key, step, element), the very ones of the CPU.

:mod:`nnkit.kernels.cpu.random` explains them. Here every element computes the block of four that
its own is in: a block a thread would be a fourth of the arithmetic, but scattered loads and stores.
"""

import numpy as np

from nnkit.kernels.cpu import random
from nnkit.kernels.cuda._cuda import elements, kernel, thread, threads
from nnkit.kernels.cuda._from_cpu import for_threads

_U64 = np.uint64

philox = for_threads(random.philox)
_word = for_threads(random._word)
_normal = for_threads(random._normal)


@kernel(elements("y"))
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
    i = thread()
    while i < x.size:
        y[i] = zero if _word(first + i, step, seed) < bound else factor * x[i]
        i += threads()


@kernel(elements("y"))
def gaussian_noise(x, stddev, key, counter, first, y):
    """y = x + stddev times a normal number, from the same words as those of ``dropout``."""
    step = _U64(counter[0])
    seed = _U64(key)
    width = x.dtype.type(stddev)
    i = thread()
    while i < x.size:
        y[i] = x[i] + width * x.dtype.type(_normal(_word(first + i, step, seed)))
        i += threads()
