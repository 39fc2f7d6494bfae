"""Random numbers as a function of (key, step, element), the very ones of the CPU.

:mod:`nnkit.kernels.cpu.random` explains them. Here every element computes the block of four that
its own is in: a block a thread would be a fourth of the arithmetic, but scattered loads and stores.
"""

import numpy as np

from nnkit.kernels import _philox
from nnkit.kernels.cuda._cuda import device, elements, kernel, thread, threads

_U64 = np.uint64

philox = device(_philox.philox)


@kernel(elements("y"))
def dropout(x, rate, key, counter, first, y):
    """y = x / (1 - rate) with probability 1 - rate, else 0.

    Element i of step ``counter[0]`` takes word i % 4 of block i // 4. The backward pass is the
    same kernel, applied to dy.
    """
    step = _U64(counter[0])
    seed = _U64(key)
    bound = _U64(rate * 2.0**32)
    factor = x.dtype.type(1) / x.dtype.type(1.0 - rate)
    zero = x.dtype.type(0)
    i = thread()
    while i < x.size:
        element = first + i
        w0, w1, w2, w3 = philox(_U64(element >> 2), step, seed)
        even, odd = (w2, w3) if element & 2 else (w0, w1)
        word = odd if element & 1 else even
        y[i] = zero if word < bound else factor * x[i]
        i += threads()
