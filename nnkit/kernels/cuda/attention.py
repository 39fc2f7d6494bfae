"""Attention: stacks of products, and the gradient of additive scores.

The other kernels of attention have the CPU's text (``shared.py``).
"""

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import blocks, cuda, elements, kernel, thread, threads
from nnkit.kernels.cuda.dense import _SIDE, _TILE, _product


def _tiles_of_stack(arguments):
    """The numbers of blocks and threads for a block for every tile of every matrix C."""
    stacks, heads, m, n = arguments["c"].shape
    return (blocks(n, _TILE), blocks(m, _TILE), blocks(stacks * heads, 1)), (_SIDE, _SIDE)


@kernel(_tiles_of_stack)
def matmul_stack(a, b, c):
    """C = A B for each matrix of a stack: A (b, h, m, k), B (b, h, k, n), C (b, h, m, n)."""
    heads = c.shape[1]
    number = cuda.blockIdx.z
    while number < c.shape[0] * heads:
        i, j = number // heads, number % heads
        _product(a[i, j], b[i, j], c[i, j, 0, :0], False, c[i, j])
        number += cuda.gridDim.z


@kernel(elements("dfactor"))
def additive_scores_backward(dy, query, key, factor, weight, dquery, dkey, dfactor, dweight):
    """The gradients, those of the factor and the weight as sums (batch, n) yet to be added up."""
    zero, one = dy.dtype.type(0), dy.dtype.type(1)
    targets, sources = dy.shape[1:]
    batch, n = dfactor.shape
    f = factor[0]
    element = thread()
    while element < batch * n:
        b, i = element // n, element % n
        w = weight[min(i, weight.size - 1)]
        of_factor, of_weight = zero, zero
        for s in range(sources):
            dkey[b, s, i] = zero
        for t in range(targets):
            q, of_query = query[b, t, i], zero
            for s in range(sources):
                together = q + key[b, s, i]
                h = _math.tanh(f * together)
                slope = dy[b, t, s] * w * (one - h * h)
                of_query += f * slope
                dkey[b, s, i] += f * slope
                of_factor += slope * together
                of_weight += dy[b, t, s] * h
            dquery[b, t, i] = of_query
        dfactor[b, i] = of_factor
        dweight[b, i] = of_weight
        element += threads()
