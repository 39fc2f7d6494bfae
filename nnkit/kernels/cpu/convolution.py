"""Convolutions of images (batch, height, width, channels), as products of matrices.

The windows of a block of output pixels are copied into the rows of a matrix that stays in the
cache ("im2col"; K. Chellapilla et al., 2006, "High performance convolutional neural networks for
document processing"), and OpenBLAS multiplies that with the kernel (kh, kw, channels, filters),
read as a matrix with a row for every element of a window.

An output pixel (i, j) sees the input pixels (i stride_y - top + p dilation_y, j stride_x - left +
q dilation_x) for p < kh and q < kw; those outside of the image are zeros. With groups, the kernel
has channels / groups channels, and each share of the filters sees its own share of the channels.

``scratch`` is memory for the block: what a worker gets of it is enough for one window.
"""

from nnkit.kernels._intrinsics import copy_memory
from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu._images import fill, fill_pixels
from nnkit.kernels.cpu.dense import product

# Elements of a block. Half a megabyte of float32: it shares a core's cache with both others.
_BLOCK = 1 << 17


def _cost(x, w, *others):
    """Nanoseconds at 60 GFLOP/s; the output comes last."""
    return 2 * w.size * others[-1].size / (w.shape[3] * 60)


def _cost_transposed(x, w, *others):
    return 2 * w.size * x.size / (w.shape[3] * 60)


def _cost_of_weights(x, dy, *others):
    return 2 * others[-1].size * dy.size / (dy.shape[3] * 60)


# ------------------------------------------------------------------------------ forward


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost)
def conv2d(x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, scratch, y):
    """y = the windows of x by w; x (n, h, w, c), w (kh, kw, c / groups, f), y (n, h', w', f)."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    _convolve(x, w, 0, place, scratch, y)


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost)
def conv2d_bias(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, bias, scratch, y
):
    """The same plus bias (f,) at every pixel."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    fill_pixels(y, bias)
    _convolve(x, w, 1, place, scratch, y)


@inline
def _convolve(x, w, beta, place, scratch, y):
    """y = the windows of x by w + beta y."""
    kw, f = w.shape[1], w.shape[3]
    weights, out = w.reshape(-1, f), y.reshape(-1, f)
    groups = place[6]
    k, share = weights.shape[0], f // groups
    memory = scratch.reshape(-1)
    most = max(1, min(_BLOCK, memory.size) // k)
    for begin in range(0, out.shape[0], most):
        end = min(begin + most, out.shape[0])
        block = memory[: (end - begin) * k]
        for g in range(groups):
            b, c = weights[:, g * share :][:, :share], out[begin:end, g * share :][:, :share]
            if x.shape[3] == 1:
                columns = block.reshape(k, end - begin)
                _copy_by_tap(x, y.shape, kw, place, begin, 0, columns)
                product(columns.T, b, beta, c)
            else:
                windows = block.reshape(end - begin, k)
                _copy_by_window(x, y.shape, kw, place, g, begin, 0, windows)
                product(windows, b, beta, c)


# ------------------------------------------------------------------- gradient of the kernel


@kernel(outputs=["scratch", "dw"], split=["scratch", "dw"], cost=_cost_of_weights)
def conv2d_weights(
    x, dy, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, first, scratch, dw
):
    """dw = the windows of x, transposed, by dy: rows from ``first`` on of (kh kw c / groups, f)."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    k, f = dw.shape
    share = f // groups
    rows = dy.reshape(-1, f)
    memory = scratch.reshape(-1)
    most = max(1, min(_BLOCK, memory.size) // k)
    for begin in range(0, rows.shape[0], most):
        end = min(begin + most, rows.shape[0])
        beta = 0 if begin == 0 else 1
        block = memory[: (end - begin) * k]
        for g in range(groups):
            b, c = rows[begin:end, g * share :][:, :share], dw[:, g * share :][:, :share]
            if x.shape[3] == 1:
                columns = block.reshape(k, end - begin)
                _copy_by_tap(x, dy.shape, kw, place, begin, first, columns)
                product(columns, b, beta, c)
            else:
                windows = block.reshape(end - begin, k)
                _copy_by_window(x, dy.shape, kw, place, g, begin, first, windows)
                product(windows.T, b, beta, c)


# --------------------------------------------------------------------- gradient of the input


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost_transposed)
def conv2d_transpose(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, scratch, y
):
    """The gradient of a convolution's input y, given that of its output x."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    fill(y, 0)
    _spread(x, w, place, scratch, y)


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost_transposed)
def conv2d_transpose_bias(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, bias, scratch, y
):
    """The same plus bias (c,) at every pixel: what a transposed convolution is."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    fill_pixels(y, bias)
    _spread(x, w, place, scratch, y)


@inline
def _spread(x, w, place, scratch, y):
    """Add to y the windows x w^T, each at its place."""
    kw, f = w.shape[1], w.shape[3]
    weights, rows = w.reshape(-1, f), x.reshape(-1, f)
    groups = place[6]
    k, share = weights.shape[0], f // groups
    memory = scratch.reshape(-1)
    most = max(1, min(_BLOCK, memory.size) // k)
    for begin in range(0, rows.shape[0], most):
        end = min(begin + most, rows.shape[0])
        block = memory[: (end - begin) * k]
        for g in range(groups):
            a, b = rows[begin:end, g * share :][:, :share], weights[:, g * share :][:, :share]
            if y.shape[3] == 1:
                columns = block.reshape(k, end - begin)
                product(b, a.T, 0, columns)
                _add_by_tap(columns, x.shape, kw, place, begin, y)
            else:
                windows = block.reshape(end - begin, k)
                product(a, b.T, 0, windows)
                _add_by_window(windows, x.shape, kw, place, g, begin, y)


# --------------------------------------------------------------- windows as a whole, for GPUs


@kernel(outputs=["windows"], split=["x", "windows"])
def im2col(x, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, windows):
    """windows (n, h', w', kh kw c) = what each output pixel sees of x."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, 1
    _copy_by_window(x, windows.shape, kw, place, 0, 0, 0, windows.reshape(-1, windows.shape[3]))


@kernel(outputs=["y"], split=["windows", "y"])
def col2im(windows, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, y):
    """y = the sum of windows (n, h', w', kh kw c), each where it would have been seen."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, 1
    fill(y, 0)
    _add_by_window(windows.reshape(-1, windows.shape[3]), windows.shape, kw, place, 0, 0, y)


@kernel(outputs=["y"], split=["windows", "y"])
def col2im_bias(windows, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, bias, y):
    """The same plus bias (c,) at every pixel."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, 1
    fill_pixels(y, bias)
    _add_by_window(windows.reshape(-1, windows.shape[3]), windows.shape, kw, place, 0, 0, y)


# ------------------------------------------------------------------------------- windows


@inline
def _first(pixels, begin):
    """Image, line and place in the line of an output pixel."""
    line = begin // pixels[2]
    return line // pixels[1], line % pixels[1], begin % pixels[2]


@inline
def _next(n, i, j, pixels):
    """The pixel ``j`` of a line, or the first one of the next if it is past the end."""
    if j < pixels[2]:
        return n, i, j
    return (n, i + 1, 0) if i + 1 < pixels[1] else (n + 1, 0, 0)


@inline
def _runs(x, kw, place):
    """How many runs there are in a line of a window that lie together in x, and their length."""
    together = place[5] == 1 and place[6] == 1
    return (1, kw * x.shape[3]) if together else (kw, x.shape[3] // place[6])


@inline
def _copy_by_window(x, pixels, kw, place, group, begin, first, windows):
    """A window's elements from ``first`` on in each row, for the pixels from ``begin`` on."""
    stride_y, stride_x, top, left, dilation_y, dilation_x, _ = place
    height, width, channels = x.shape[1:]
    runs, length = _runs(x, kw, place)
    n, i, j = _first(pixels, begin)
    source, to = x.ctypes.data, windows.ctypes.data
    for p in range(windows.shape[0]):
        row = windows[p]
        y = i * stride_y - top + first // (runs * length) * dilation_y
        for at in range(-(first % (runs * length)), row.size, runs * length):
            line = (n * height + y) * width * channels
            start = (j * stride_x - left) * channels + group * length
            for run in range(at, at + runs * length, length):
                # Another worker may have a run's first elements, or its last.
                low, high = max(-run, 0), min(row.size - run, length)
                # Those from a to b are inside of the image.
                a = min(max(-start, low), high) if 0 <= y < height else high
                b = max(min(width * channels - start, high), a)
                for e in range(run + low, run + a):
                    row[e] = 0
                if a < b:
                    into, seen = p * row.size + run + a, line + start + a
                    _copy(to, into, source, seen, b - a, x.itemsize)
                for e in range(run + b, run + high):
                    row[e] = 0
                start += dilation_x * channels
            y += dilation_y
        n, i, j = _next(n, i, j + 1, pixels)


@inline
def _copy(to, into, source, seen, count, itemsize):
    """Copy elements from one array into another, given where these begin."""
    copy_memory(to + into * itemsize, source + seen * itemsize, count * itemsize)


@inline
def _add_by_window(windows, pixels, kw, place, group, begin, y):
    """Add windows to where :func:`_copy_by_window` would have read them."""
    stride_y, stride_x, top, left, dilation_y, dilation_x, _ = place
    height, width, channels = y.shape[1:]
    lines = y.reshape(-1, width * channels)
    runs, length = _runs(y, kw, place)
    n, i, j = _first(pixels, begin)
    for p in range(windows.shape[0]):
        row = windows[p]
        line = i * stride_y - top
        for at in range(0, row.size, runs * length):
            start = (j * stride_x - left) * channels + group * length
            for begin_run in range(at, at + runs * length, length):
                a, b = max(-start, 0), min(width * channels - start, length)
                if line >= 0 and line < height and a < b:
                    to = lines[n * height + line, start + a : start + b]
                    added = row[begin_run + a : begin_run + b]
                    for e in range(to.size):
                        to[e] += added[e]
                start += dilation_x * channels
            line += dilation_y
        n, i, j = _next(n, i, j + 1, pixels)


@inline
def _columns_inside(width, pixels, stride, offset):
    """The output columns j for which 0 <= j stride + offset < width: from one to below another."""
    low = min(max((stride - 1 - offset) // stride, 0), pixels[2])
    return low, max(min((width - offset + stride - 1) // stride, pixels[2]), low)


@inline
def _copy_by_tap(x, pixels, kw, place, begin, first, columns):
    """For images of one channel: a row for each element of a window, from ``first`` on.

    Such windows are short, but what their elements see as they move along a line is not.
    """
    stride_y, stride_x, top, left, dilation_y, dilation_x, _ = place
    height, width = x.shape[1:3]
    flat, source, to = x.reshape(-1), x.ctypes.data, columns.ctypes.data
    for k in range(columns.shape[0]):
        row = columns[k]
        fill(row, 0)
        offset = (first + k) % kw * dilation_x - left
        low, high = _columns_inside(width, pixels, stride_x, offset)
        n, i, j = _first(pixels, begin)
        p = 0
        while p < row.size:
            count = min(pixels[2] - j, row.size - p)
            y = i * stride_y - top + (first + k) // kw * dilation_y
            a, b = max(low - j, 0), min(high - j, count)
            if 0 <= y < height and a < b:
                start = (n * height + y) * width + (j + a) * stride_x + offset
                if stride_x == 1:
                    _copy(to, k * row.size + p + a, source, start, b - a, x.itemsize)
                else:
                    into, seen = row[p + a : p + b], flat[start:]
                    for e in range(into.size):
                        into[e] = seen[e * stride_x]
            p += count
            n, i, j = _next(n, i, j + count, pixels)


@inline
def _add_by_tap(columns, pixels, kw, place, begin, y):
    """Add rows to where :func:`_copy_by_tap` would have read them."""
    stride_y, stride_x, top, left, dilation_y, dilation_x, _ = place
    height, width = y.shape[1:3]
    lines = y.reshape(-1, width)
    for k in range(columns.shape[0]):
        offset = k % kw * dilation_x - left
        low, high = _columns_inside(width, pixels, stride_x, offset)
        n, i, j = _first(pixels, begin)
        p = 0
        while p < columns.shape[1]:
            row = columns[k, p : p + pixels[2] - j]
            p += row.size
            line = i * stride_y - top + k // kw * dilation_y
            a, b = max(low - j, 0), min(high - j, row.size)
            if line >= 0 and line < height and a < b:
                to, some = lines[n * height + line, (j + a) * stride_x + offset :], row[a:b]
                if stride_x == 1:
                    for e in range(some.size):
                        to[e] += some[e]
                else:
                    for e in range(some.size):
                        to[e * stride_x] += some[e]
            n, i, j = _next(n, i, j + row.size, pixels)
