"""A training step in three launches, one for each phase.

For 784-128-10 on an H100, as an estimate that was never measured: 8 us at batch 32, of which the
launches are 4, and 10 us at batch 128.
"""

import functools

import numba

from nnkit.kernels.cuda._cuda import LANES, ROWS, CudaKernel, cuda
from nnkit.kernels.cuda.fused.parts import index, optimizer_pair
from nnkit.kernels.cuda.fused.phases import head_phase, learn_phase, multiply_phase, rest_phase
from nnkit.kernels.cuda.fused.sizes import THREADS
from nnkit.kernels.cuda.fused.tiles import batch_tile, weight_slice


@functools.cache
def three_steps(tiling):
    """The kernels of the three phases.

    ``now`` is the batch of the step and ``alpha`` its learning rate as the optimizer takes it: the
    second kernel moves the counters on while others still need to know.
    """
    s = tiling.sizes
    stride, blocks, fetches = s.stride, tiling.blocks, tiling.fetches
    batch_size, slice_size = tiling.batch, tiling.slice
    head_size, meeting_size = tiling.head, tiling.meeting
    fetch, put, clear = batch_tile(tiling)
    place, load, _ = weight_slice(tiling)
    corrected, learn = optimizer_pair(s.optimizer, s.numbers)
    multiply, head = multiply_phase(tiling), head_phase(tiling)
    differentiate, gradient = learn_phase(tiling)
    learn_head, tally = rest_phase(tiling, learn)

    def fused_multiply(x, order, batch, p, partial, now):
        """partial (parts, rows, hidden) = parts of the hidden layer before its activation."""
        tile = cuda.shared.array(batch_size, numba.float32)
        weights = cuda.shared.array(slice_size, numba.float32)
        ahead = cuda.local.array(fetches, numba.float32)
        fetch(x, order, batch[0] * stride, ahead)
        load(p, weights)
        clear(tile)
        cuda.syncthreads()
        put(ahead, tile)
        cuda.syncthreads()
        multiply(tile, weights, partial)
        if cuda.blockIdx.x == 0 and index() == 0:
            now[0] = batch[0]

    def fused_head(
        y, order, now, partial, p, rates, position, batch, iteration, rate, hidden, delta, dh,
        values, alpha,
    ):  # fmt: skip
        """From the hidden layer to its gradient, a row of the batch for each block."""
        meeting = cuda.shared.array(head_size, numba.float32)
        start, row = now[0] * stride, cuda.blockIdx.x
        head(row, y, order, start, partial, p, meeting, hidden, delta, dh, values)
        if cuda.blockIdx.x == 0 and index() == 0:
            rate[0] = rates[position[0]]
            position[0] += 1
            batch[0] += 1
            iteration[0] += 1
            alpha[0] = corrected(rate[0], iteration[0])

    def fused_learn(x, order, now, hidden, delta, dh, values, alpha, p, m, v, losses, hits):
        """Gradients and updates, a slice of the weights for each block."""
        tile = cuda.shared.array(batch_size, numba.float32)
        meeting = cuda.shared.array(meeting_size, numba.float32)
        ahead = cuda.local.array(fetches, numba.float32)
        fetch(x, order, now[0] * stride, ahead)
        clear(tile)
        cuda.syncthreads()
        put(ahead, tile)
        differentiate(dh, tile, meeting)
        e = index()
        while e < slice_size:
            at = place(e)
            if at >= 0:
                learn(gradient(meeting, e), alpha[0], at, p, m, v)
            e += THREADS
        learn_head(hidden, delta, alpha[0], p, m, v)
        if cuda.blockIdx.x == blocks - 1:
            tally(values, losses, hits)

    def launched(function, grid):
        return CudaKernel(function, lambda arguments: ((grid,), (LANES, ROWS)))

    return (
        launched(fused_multiply, blocks),
        launched(fused_head, s.rows),
        launched(fused_learn, blocks),
    )
