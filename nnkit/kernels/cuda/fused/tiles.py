"""A block's tiles of the batch and of the weights: from global to shared memory and back."""

from nnkit.kernels.cuda._cuda import cuda, device
from nnkit.kernels.cuda.fused.parts import f32, index
from nnkit.kernels.cuda.fused.sizes import THREADS


def batch_tile(tiling):
    """``fetch``, ``put`` and ``clear``: the block's inputs of the batch."""
    s = tiling.sizes
    rows, inputs = s.rows, s.inputs
    groups, tile_inputs, pitch, size = tiling.groups, tiling.inputs, tiling.pitch, tiling.batch
    fetches = tiling.fetches
    rescales, scale, offset = (s.scale, s.offset) != (1.0, 0.0), f32(s.scale), f32(s.offset)
    zero, one = f32(0), f32(1)

    @device
    def fetch(x, order, start, ahead):
        """Read this block's inputs of the batch; ``ahead`` is this thread's share."""
        first = cuda.blockIdx.x // groups * tile_inputs
        for n in range(fetches):
            e = index() + THREADS * n
            i = first + e % tile_inputs
            value = zero
            if e < rows * tile_inputs and i < inputs:
                value = f32(x[order[start + e // tile_inputs], i])
                if rescales:
                    value = scale * value + offset
            if i == inputs:  # The bias's.
                value = one
            ahead[n] = value

    @device
    def put(ahead, batch):
        """Lay it out as (inputs, rows)."""
        for n in range(fetches):
            e = index() + THREADS * n
            if e < rows * tile_inputs:
                batch[e % tile_inputs * pitch + e // tile_inputs] = ahead[n]

    @device
    def clear(batch):
        """Zero the tile, for the sake of its padding."""
        e = index()
        while e < size:
            batch[e] = zero
            e += THREADS

    return fetch, put, clear


def weight_slice(tiling):
    """``place``, ``load`` and ``store``: the block's weights, and what is kept for each."""
    s = tiling.sizes
    inputs, hidden_size = s.inputs, s.hidden
    kernel, bias = s.weights[:2]
    groups, tile_inputs, tile_columns = tiling.groups, tiling.inputs, tiling.columns
    width, size = tiling.width, tiling.slice
    zero = f32(0)

    @device
    def place(e):
        """Where the weight e of this block's slice lies among the parameters; -1 for padding."""
        i, c = e // width, e % width
        row = cuda.blockIdx.x // groups * tile_inputs + i
        column = cuda.blockIdx.x % groups * tile_columns + c
        if i >= tile_inputs or row > inputs or c >= tile_columns or column >= hidden_size:
            return -1
        return bias + column if row == inputs else kernel + row * hidden_size + column

    @device
    def load(p, tile):
        """Copy this block's slice of a vector like the parameters."""
        e = index()
        while e < size:
            at = place(e)
            tile[e] = p[at] if at >= 0 else zero
            e += THREADS

    @device
    def store(tile, p):
        """Copy it back."""
        e = index()
        while e < size:
            at = place(e)
            if at >= 0:
                p[at] = tile[e]
            e += THREADS

    return place, load, store
