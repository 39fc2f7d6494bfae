"""The three phases of a step, as functions that the kernels put together.

Every block has ``THREADS`` threads, as ``ROWS`` warps of ``LANES``. Matrices in shared memory are
flat: numbers of a tile's padding are zero and stay so, so nothing asks where a tile ends but
what reads and writes global memory.
"""

import numba
import numpy as np

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import LANES, ROWS, cuda, device, lane_sum
from nnkit.kernels.cuda.fused.parts import activation_pair, f32, index, tile_product
from nnkit.kernels.cuda.fused.sizes import ACROSS, DOWN, DOWN_SHARED, SHARES, THREADS


def multiply_phase(tiling):
    """``multiply``, the first phase."""
    rows, hidden_size = tiling.sizes.rows, tiling.sizes.hidden
    groups, tile_inputs, tile_columns = tiling.groups, tiling.inputs, tiling.columns
    rows_each, columns_each = tiling.rows_each, tiling.columns_each
    product = tile_product(DOWN, rows_each, columns_each, tiling.pitch, 1, tiling.width)

    @device
    def multiply(batch, weights, partial):
        """partial (parts, rows, hidden): this block's part of batch kernel + bias."""
        sums = cuda.local.array((rows_each, columns_each), numba.float32)
        x, y = index() % ACROSS, index() // ACROSS
        product(batch, weights, 0, tile_inputs, y, x, sums)
        part, first = cuda.blockIdx.x // groups, cuda.blockIdx.x % groups * tile_columns
        for m in range(rows_each):
            for n in range(columns_each):
                row, c = y + DOWN * m, x + ACROSS * n
                if row < rows and c < tile_columns and first + c < hidden_size:
                    partial[part, row, first + c] = sums[m, n]

    return multiply


def head_phase(tiling):
    """``head``, the second phase."""
    s = tiling.sizes
    hidden_size, outputs, labels, parts = s.hidden, s.outputs, s.labels, tiling.parts
    kernel, bias = s.weights[2:]
    weight, zero, one = f32(s.factors[0]), f32(0), f32(1)
    activate, activate_backward = activation_pair(s.activation)

    # Where things lie in the memory of the block: the second layer's kernel and bias, sums over
    # some parts for each warp, z and f(z) of the hidden layer; logits, their exponentials, the
    # loss's gradient by them, targets.
    box = (hidden_size + 1) * outputs
    z_at = box + ROWS * hidden_size
    y_at = z_at + hidden_size
    logit = y_at + hidden_size
    power, slope, target = logit + outputs, logit + 2 * outputs, logit + 3 * outputs

    @device
    def head(row, y, order, start, partial, p, meeting, hidden, delta, dh, values):
        """Row ``row`` from the hidden layer to its gradient.

        hidden (hidden + 1, rows) is its result and a row of ones; delta (outputs, rows) and dh
        (rows, hidden) are the gradients of logits and hidden layer; values (2, rows) are losses
        and hits.
        """
        t, lane, warp = index(), cuda.threadIdx.x, cuda.threadIdx.y
        if t < outputs:
            source = order[start + row]
            if labels:
                meeting[target + t] = one if y[source, 0] == t else zero
            else:
                meeting[target + t] = f32(y[source, t])
        e = t
        while e < box:
            meeting[e] = p[kernel + e if e < hidden_size * outputs else bias + e % outputs]
            e += THREADS
        h = lane
        while h < hidden_size:
            total = zero
            for n in range(-(-parts // ROWS)):
                part = warp + ROWS * n
                if part < parts:
                    total += partial[part, row, h]
            meeting[box + warp * hidden_size + h] = total
            h += LANES
        cuda.syncthreads()
        h = t
        while h < hidden_size:
            z = meeting[box + h]
            for w in range(1, ROWS):
                z += meeting[box + w * hidden_size + h]
            result = activate(z)
            meeting[z_at + h], meeting[y_at + h] = z, result
            hidden[h, row] = result
            h += THREADS
        if t == 0:
            hidden[hidden_size, row] = one
        cuda.syncthreads()
        for n in range(-(-outputs // ROWS)):
            o = warp + ROWS * n
            total = zero
            if o < outputs:
                h = lane
                while h < hidden_size:
                    total += meeting[y_at + h] * meeting[h * outputs + o]
                    h += LANES
            total = lane_sum(total)
            if lane == 0 and o < outputs:
                meeting[logit + o] = total + meeting[hidden_size * outputs + o]
        cuda.syncthreads()
        top = meeting[logit]
        for o in range(1, outputs):
            top = meeting[logit + o] if meeting[logit + o] > top else top
        if t < outputs:
            meeting[power + t] = _math.exp(meeting[logit + t] - top)
        cuda.syncthreads()
        total, targets = zero, zero
        for o in range(outputs):
            total += meeting[power + o]
            targets += meeting[target + o]
        factor = one / total
        if t < outputs:
            gradient = weight * (meeting[power + t] * factor * targets - meeting[target + t])
            meeting[slope + t] = gradient
            delta[t, row] = gradient
        cuda.syncthreads()
        h = t
        while h < hidden_size:
            dy = zero
            for o in range(outputs):
                dy += meeting[slope + o] * meeting[h * outputs + o]
            dh[row, h] = activate_backward(dy, meeting[y_at + h], meeting[z_at + h])
            h += THREADS
        if t == 0:
            loss, best, wanted = _math.log(total) * targets, 0, 0
            for o in range(outputs):
                if meeting[target + o] != zero:  # Zero times an infinite logit is NaN.
                    loss -= meeting[target + o] * (meeting[logit + o] - top)
                if meeting[power + o] * factor > meeting[power + best] * factor:
                    best = o
                if meeting[target + o] > meeting[target + wanted]:
                    wanted = o
            values[0, row] = loss
            values[1, row] = one if best == wanted else zero
        cuda.syncthreads()  # The next row takes the same memory.

    return head


def learn_phase(tiling):
    """``differentiate`` and ``gradient``, the third phase but for the update."""
    rows, hidden_size = tiling.sizes.rows, tiling.sizes.hidden
    groups, tile_columns, width, size = tiling.groups, tiling.columns, tiling.width, tiling.slice
    inputs_each, columns_each = tiling.inputs_each, tiling.columns_each
    product = tile_product(DOWN_SHARED, inputs_each, columns_each, 1, tiling.pitch, width)
    zero = f32(0)

    @device
    def differentiate(dh, batch, meeting):
        """Sums over shares of the batch for the gradient of this block's slice, in ``meeting``."""
        sums = cuda.local.array((inputs_each, columns_each), numba.float32)
        first = cuda.blockIdx.x % groups * tile_columns
        e = index()
        while e < rows * width:
            row, c = e // width, e % width
            inside = c < tile_columns and first + c < hidden_size
            meeting[e] = dh[row, first + c] if inside else zero
            e += THREADS
        cuda.syncthreads()
        within = THREADS // SHARES
        part, x, y = index() // within, index() % ACROSS, index() % within // ACROSS
        each = -(-rows // SHARES)
        product(batch, meeting, min(part * each, rows), min((part + 1) * each, rows), y, x, sums)
        cuda.syncthreads()
        for i in range(inputs_each):
            for n in range(columns_each):
                at = (y + DOWN_SHARED * i) * width + x + ACROSS * n
                meeting[part * size + at] = sums[i, n]
        cuda.syncthreads()

    @device
    def gradient(meeting, e):
        """That of weight e of the slice."""
        g = meeting[e]
        for part in range(1, SHARES):
            g += meeting[part * size + e]
        return g

    return differentiate, gradient


def rest_phase(tiling, learn):
    """``learn_head`` and ``tally``: the second layer and the running sums, in the third phase."""
    s = tiling.sizes
    rows, hidden_size, outputs, blocks = s.rows, s.hidden, s.outputs, tiling.blocks
    kernel, bias = s.weights[2:]
    counts_hits, count, zero = len(s.factors) > 1, s.count, f32(0)
    weight, share = f32(s.factors[0]), f32(s.factors[-1])

    @device
    def learn_head(hidden, delta, rate, p, m, v):
        """Update the second layer: a weight for each warp at a time."""
        total = (hidden_size + 1) * outputs
        for n in range(-(-total // (blocks * ROWS))):
            e = (n * blocks + cuda.blockIdx.x) * ROWS + cuda.threadIdx.y
            g = zero
            if e < total:
                row = cuda.threadIdx.x
                while row < rows:
                    g += hidden[e // outputs, row] * delta[e % outputs, row]
                    row += LANES
            g = lane_sum(g)
            if cuda.threadIdx.x == 0 and e < total:
                at = kernel + e if e < hidden_size * outputs else bias + e % outputs
                learn(g, rate, at, p, m, v)

    @device
    def tally(values, losses, hits):
        """Add the batch to the running sums of loss and accuracy, as ``accumulate`` does."""
        total = 0.0
        warp = cuda.threadIdx.y
        if warp < 2:
            factor = np.float64(weight) if warp == 0 else np.float64(share)
            row = cuda.threadIdx.x
            while row < rows:
                total += np.float64(values[warp, row]) * factor
                row += LANES
        total = lane_sum(total)
        if cuda.threadIdx.x == 0 and warp == 0:
            losses[0] += total * count
            losses[1] += count
        if counts_hits and cuda.threadIdx.x == 0 and warp == 1:
            hits[0] += total * count
            hits[1] += count

    return learn_head, tally
