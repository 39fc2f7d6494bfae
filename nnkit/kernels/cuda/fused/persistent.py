"""Many training steps in one launch: the blocks stay, and so do the weights in shared memory.

Blocks wait for each other at a barrier after the first and after the second phase of each step.
That needs all of them on the device at once: the grid is no larger than the number of processors,
each of which has room for a block, and nothing waits for other kernels. A block that has waited for
seconds gives up and says so, so that a mistake here is an error and not a device that hangs.

For 784-128-10 on an H100, as an estimate that was never measured: 4 us a step at batch 32, of which
the barriers are 2, and 6 us at batch 128.
"""

import functools

import numba

from nnkit.kernels.cuda._cuda import LANES, ROWS, CudaKernel, cuda
from nnkit.kernels.cuda.fused.barrier import arrive, latest, wait
from nnkit.kernels.cuda.fused.parts import index, optimizer_pair
from nnkit.kernels.cuda.fused.phases import head_phase, learn_phase, multiply_phase, rest_phase
from nnkit.kernels.cuda.fused.sizes import THREADS
from nnkit.kernels.cuda.fused.tiles import batch_tile, weight_slice


@functools.cache
def persistent(tiling):
    """The kernel that does ``steps`` steps.

    ``arrived`` counts all arrivals at barriers, from launch to launch; ``failed`` becomes 1 when a
    block gives up, and then nothing that the kernel writes can be relied on.
    """
    s = tiling.sizes
    rows, stride, slots, blocks = s.rows, s.stride, s.slots, tiling.blocks
    batch_size, slice_size, meeting_size = tiling.batch, tiling.slice, tiling.meeting
    first_slot = slice_size if slots > 0 else 1
    second_slot = slice_size if slots > 1 else 1
    fetches = tiling.fetches
    fetch, put, clear = batch_tile(tiling)
    _, load, store = weight_slice(tiling)
    corrected, learn = optimizer_pair(s.optimizer, s.numbers)
    multiply, head = multiply_phase(tiling), head_phase(tiling)
    differentiate, gradient = learn_phase(tiling)
    learn_head, tally = rest_phase(tiling, learn)

    def fused_steps(
        x, y, order, rates, position, batch, iteration, rate, p, m, v, losses, hits,
        partial, hidden, delta, dh, values, arrived, failed, steps,
    ):  # fmt: skip
        """Do the step so many times."""
        tile = cuda.shared.array(batch_size, numba.float32)
        weights = cuda.shared.array(slice_size, numba.float32)
        weights_m = cuda.shared.array(first_slot, numba.float32)
        weights_v = cuda.shared.array(second_slot, numba.float32)
        meeting = cuda.shared.array(meeting_size, numba.float32)
        alpha = cuda.shared.array(1, numba.float32)
        stuck = cuda.shared.array(1, numba.int32)
        ahead = cuda.local.array(fetches, numba.float32)
        t, block = index(), cuda.blockIdx.x

        begun, entry, number = batch[0], position[0], iteration[0]
        # Others may have come already, but not passed: the count before them is a multiple.
        target = latest(arrived) // blocks * blocks
        if t == 0:
            stuck[0] = 0
        load(p, weights)
        if slots > 0:
            load(m, weights_m)
        if slots > 1:
            load(v, weights_v)
        fetch(x, order, begun * stride, ahead)
        clear(tile)
        cuda.syncthreads()
        put(ahead, tile)
        cuda.syncthreads()
        for step in range(steps):
            start = (begun + step) * stride
            multiply(tile, weights, partial)
            arrive(arrived)
            if t == LANES:  # Slow, but there is time while the first warp waits.
                alpha[0] = corrected(rates[entry + step], number + step + 1)
            target += blocks
            wait(arrived, target, stuck)
            row = block
            while row < rows:
                head(row, y, order, start, partial, p, meeting, hidden, delta, dh, values)
                row += blocks
            arrive(arrived)
            if step + 1 < steps:
                fetch(x, order, start + stride, ahead)
            target += blocks
            wait(arrived, target, stuck)
            if stuck[0] != 0:
                failed[0] = 1
                return
            differentiate(dh, tile, meeting)
            put(ahead, tile)
            e = t
            while e < slice_size:
                learn(gradient(meeting, e), alpha[0], e, weights, weights_m, weights_v)
                e += THREADS
            learn_head(hidden, delta, alpha[0], p, m, v)
            if block == blocks - 1:
                tally(values, losses, hits)
            cuda.syncthreads()
        store(weights, p)
        if slots > 0:
            store(weights_m, m)
        if slots > 1:
            store(weights_v, v)
        if block == 0 and t == 0:  # All have read these before they came to the first barrier.
            rate[0] = rates[entry + steps - 1]
            position[0], batch[0], iteration[0] = entry + steps, begun + steps, number + steps

    return CudaKernel(fused_steps, lambda arguments: ((blocks,), (LANES, ROWS)))
