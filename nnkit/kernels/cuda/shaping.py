"""Padding, repetition, permutation of axes, and masks that broadcast."""

from nnkit.kernels.cuda._cuda import LANES, ROWS, cuda, kernel, rows

# A row has the last axis, or the last two. Each thread finds its row's indices by divisions once,
# and then moves within the row by additions.


@kernel(rows("y", 0, 1, 2))
def zero_pad(x, top, left, y):
    """y = x with ``top`` rows and ``left`` columns of zeros before it, and zeros after it."""
    batch, outer, height, width = y.shape
    row = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while row < batch * outer * height:
        b, o, r = row // height // outer, row // height % outer, row % height
        inside = top <= r < top + x.shape[2]
        c = cuda.threadIdx.x
        while c < width:
            if inside and left <= c < left + x.shape[3]:
                y[b, o, r, c] = x[b, o, r - top, c - left]
            else:
                y[b, o, r, c] = y.dtype.type(0)
            c += LANES
        row += cuda.gridDim.x * ROWS


@kernel(rows("x", 0, 1, 2))
def repeat(x, y):
    """y = x with every row and column repeated as often as y's shape requires."""
    batch, outer, height, width, inner = x.shape
    down, across = y.shape[2] // height, y.shape[3] // width
    step_c, step_i = LANES // inner, LANES % inner
    row = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while row < batch * outer * height:
        b, o, r = row // height // outer, row // height % outer, row % height
        c, i = cuda.threadIdx.x // inner, cuda.threadIdx.x % inner
        while c < width:
            value = x[b, o, r, c, i]
            for j in range(r * down, (r + 1) * down):
                for k in range(c * across, (c + 1) * across):
                    y[b, o, j, k, i] = value
            c += step_c
            i += step_i
            if i >= inner:
                i -= inner
                c += 1
        row += cuda.gridDim.x * ROWS


@kernel(rows("dx", 0, 1, 2))
def repeat_backward(dy, dx):
    """dx = the sum of dy over the copies of each element."""
    batch, outer, height, width, inner = dx.shape
    down, across = dy.shape[2] // height, dy.shape[3] // width
    step_c, step_i = LANES // inner, LANES % inner
    row = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while row < batch * outer * height:
        b, o, r = row // height // outer, row // height % outer, row % height
        c, i = cuda.threadIdx.x // inner, cuda.threadIdx.x % inner
        while c < width:
            total = dx.dtype.type(0)
            j = r * down
            while j < (r + 1) * down:
                k = c * across
                while k < (c + 1) * across:
                    total += dy[b, o, j, k, i]
                    k += 1
                j += 1
            dx[b, o, r, c, i] = total
            c += step_c
            i += step_i
            if i >= inner:
                i -= inner
                c += 1
        row += cuda.gridDim.x * ROWS
