"""Convolutions of images (batch, height, width, channels), as small products of matrices.

An output pixel (i, j) sees the input pixels (i stride_y - top + p dilation_y, j stride_x - left +
q dilation_x) for p < kh and q < kw; those outside of the image are zeros. With groups, channels and
filters are divided, and each group of filters sees one group of channels; the kernel is (kh, kw,
channels / groups, filters).

In memory, a window is a few contiguous runs of numbers: one for each of its lines if neighbouring
pixels of the window are neighbours in the image, otherwise one for each pixel, or each pixel's
channels of a group. The products read these runs in place. Only images whose windows reach outside
are copied, with zeros around, to ``scratch``, which also has room for a part of the kernel.
"""

from nnkit.kernels._intrinsics import copy_memory
from nnkit.kernels._jit import inline, kernel
from nnkit.kernels._tile import MOST_ROWS, add_product, lanes
from nnkit.kernels.cpu._images import fill, fill_pixels, span


def _cost(x, w, *others):
    """Estimated nanoseconds, at 120 GFLOP/s; the output is the last argument."""
    return 2 * w.size * others[-1].size / (w.shape[3] * 120)


def _cost_transposed(x, w, *others):
    return 2 * w.size * x.size / (w.shape[3] * 120)


def _cost_of_weights(x, dy, *others):
    return 2 * others[-1].size * dy.size / (dy.shape[3] * 120)


# ------------------------------------------------------------------------------ forward


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost)
def conv2d(x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, scratch, y):
    """y = (windows of x) w; x (n, h, w, c), w (kh, kw, c / groups, f), y (n, h', w', f)."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    fill(y, 0)
    _convolve(x, w, place, scratch, y)


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost)
def conv2d_bias(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, bias, scratch, y
):
    """:func:`conv2d` plus bias (f,) at every pixel."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    fill_pixels(y, bias)
    _convolve(x, w, place, scratch, y)


@inline
def _convolve(x, w, place, scratch, y):
    """y += (windows of x) w, in tiles of neighbouring pixels by filters."""
    stride_y, stride_x, top, left, dilation_y, dilation_x, groups = place
    kh, kw, c, f = w.shape
    count, height, width = y.shape[:3]
    if count == 0:  # Then scratch has no memory for a part of the kernel, either.
        return
    channels, share, columns, size = x.shape[3], f // groups, lanes(x), w.size // f
    weights, out, memory = w.reshape(-1), y.reshape(-1), scratch.reshape(-1)
    panel, memory = memory[: size * columns], memory[size * columns :]
    lines, line = span(height, stride_y, kh, dilation_y), span(width, stride_x, kw, dilation_x)
    images, line = x.reshape(-1), line * channels
    if _inside(x, top, left, lines, line):
        lines, line = x.shape[1], x.shape[2] * channels
    else:
        for n in range(count):
            lay_out(x, n, -top, -left, lines, line, memory[n * lines * line :])
        images = memory
    apart, apart_step, runs, run_step, steps = _runs(kh, kw, c, channels, line, place)
    tiles = -(-width // MOST_ROWS)
    for group in range(groups):
        for first in range(group * share, (group + 1) * share, columns):
            some = min(columns, (group + 1) * share - first)
            for k in range(size):
                for j in range(some):
                    panel[k * columns + j] = weights[k * f + first + j]
            for n in range(count):
                for i in range(height):
                    for t in range(tiles):
                        j = width * t // tiles
                        shape = width * (t + 1) // tiles - j, some, steps, runs
                        to = ((n * height + i) * width + j) * f + first
                        seen = (n * lines + i * stride_y) * line
                        seen += j * stride_x * channels + group * c
                        strides = stride_x * channels, 1, run_step
                        for run in range(apart):
                            at, k = seen + run * apart_step, run * runs * steps * columns
                            turns = columns, steps * columns
                            add_product(shape, out, to, f, images, at, strides, panel, k, turns)


# ------------------------------------------------------------------- gradient of the kernel


@kernel(outputs=["scratch", "dw"], split=["scratch", "dw"], cost=_cost_of_weights)
def conv2d_weights(
    x, dy, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, first, scratch, dw
):
    """dw = (windows of x)^T dy: the rows from ``first`` on of (kh kw c / groups, f).

    It is computed in tiles of elements of a run by filters, as sums over pixels.
    """
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    count, height, width, f = dy.shape
    channels, share, columns = x.shape[3], f // groups, lanes(x)
    c, end = channels // groups, first + dw.shape[0]
    # The lines of a window to which these rows belong.
    p, taps = first // (kw * c), (end - 1) // (kw * c) + 1 - first // (kw * c)
    memory, images, gradients, out = (
        scratch.reshape(-1),
        x.reshape(-1),
        dy.reshape(-1),
        dw.reshape(-1),
    )
    top -= p * dilation_y
    lines, line = span(height, stride_y, taps, dilation_y), span(width, stride_x, kw, dilation_x)
    line *= channels
    most, outside = height, not _inside(x, top, left, lines, line)
    if outside:
        images = memory
        room = memory.size // line - span(1, 1, taps, dilation_y)
        most = min(max(room, 0) // stride_y + 1, height)
    else:
        line = x.shape[2] * channels
    _, _, runs, _, length = _runs(1, kw, c, channels, line, place)
    fill(dw, 0)
    for n in range(count):
        for i in range(0, height, most):
            some = min(most, height - i)
            start = (n * x.shape[1] + i * stride_y - top) * line - left * channels
            if outside:
                lines, start = span(some, stride_y, taps, dilation_y), 0
                lay_out(x, n, i * stride_y - top, -left, lines, line, memory)
            k = first
            while k < end:
                tap, e = k // length - p * runs, k % length
                rows = min(length - e, end - k)
                rows = -(-rows // -(-rows // MOST_ROWS))
                at = (
                    start + tap // runs * dilation_y * line + tap % runs * dilation_x * channels + e
                )
                for group in range(groups):
                    for j in range(group * share, (group + 1) * share, columns):
                        add_product(
                            (rows, (group + 1) * share - j, width, some),
                            out,
                            (k - first) * f + j,
                            f,
                            images,
                            at + group * c,
                            (1, stride_x * channels, stride_y * line),
                            gradients,
                            (n * height + i) * width * f + j,
                            (f, width * f),
                        )
                k += rows


# --------------------------------------------------------------------- gradient of the input


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost_transposed)
def conv2d_transpose(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, scratch, y
):
    """y = the input gradient of a convolution whose output gradient is x."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    fill(y, 0)
    _spread(x, w, place, scratch, y)


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost_transposed)
def conv2d_transpose_bias(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, bias, scratch, y
):
    """:func:`conv2d_transpose` plus bias (c,) at every pixel."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    fill_pixels(y, bias)
    _spread(x, w, place, scratch, y)


@inline
def _spread(x, w, place, scratch, y):
    """Add the windows x w^T to y at their positions, in tiles of images by elements of a run.

    A tile has one window of each image, because windows of one image overlap.
    """
    stride_y, stride_x, top, left, dilation_y, dilation_x, groups = place
    kh, kw, c, f = w.shape
    count, height, width = x.shape[:3]
    if count == 0:
        return
    high, channels, share, columns = y.shape[1], y.shape[3], f // groups, lanes(x)
    line, size = y.shape[2] * channels, share * columns
    weights, pixels, out, memory = w.reshape(-1), x.reshape(-1), y.reshape(-1), scratch.reshape(-1)
    _, _, runs, _, length = _runs(1, kw, c, channels, line, place)
    panels, tiles = -(-length // columns), -(-count // MOST_ROWS)
    most = max(1, memory.size // size)
    for group in range(groups):
        for begin in range(0, kh * runs * panels, most):
            end = min(begin + most, kh * runs * panels)
            for panel in range(begin, end):  # A part of the transposed kernel.
                e = panel % panels * columns
                row = panel // panels * length + e
                for k in range(share):
                    for j in range(min(columns, length - e)):
                        to = (panel - begin) * size + k * columns + j
                        memory[to] = weights[(row + j) * f + group * share + k]
            for t in range(tiles):
                n = count * t // tiles
                rows = count * (t + 1) // tiles - n
                for i in range(height):
                    for j in range(width):
                        at = ((n * height + i) * width + j) * f + group * share
                        for tap in range(begin // panels, (end - 1) // panels + 1):
                            p, q = tap // runs, tap % runs
                            into = i * stride_y - top + p * dilation_y
                            if into < 0 or into >= high:
                                continue
                            # The run's elements from low to high are inside the line of the image.
                            start = (j * stride_x - left + q * dilation_x) * channels + group * c
                            stop = min(length, line - start)
                            to = (n * high + into) * line + start
                            for panel in range(
                                max(begin, tap * panels), min(end, (tap + 1) * panels)
                            ):
                                e = (panel - tap * panels) * columns
                                low, above = max(e, -start), min(e + columns, stop)
                                if low < above:
                                    add_product(
                                        (rows, above - low, share, 1),
                                        out,
                                        to + low,
                                        high * line,
                                        pixels,
                                        at,
                                        (height * width * f, 1, 0),
                                        memory,
                                        (panel - begin) * size + low - e,
                                        (columns, 0),
                                    )


# ------------------------------------------------------------------------------- windows


@inline
def _runs(kh, kw, c, channels, line, place):
    """The runs of a window: number and distance of groups of runs, then of runs in a group; length.

    Consecutive runs have the same distance within a group only.
    """
    dilation_y, dilation_x, groups = place[4:]
    if dilation_x == 1 and groups == 1:
        return 1, 0, kh, dilation_y * line, kw * c
    return kh, dilation_y * line, kw, dilation_x * channels, c


@inline
def _inside(x, top, left, lines, line):
    """Whether all windows, which cover ``lines`` of length ``line``, are inside the image."""
    fits = lines - top <= x.shape[1] and line - left * x.shape[3] <= x.shape[2] * x.shape[3]
    return top <= 0 and left <= 0 and fits


@inline
def lay_out(x, n, first, column, lines, line, to):
    """Copy an image's lines from ``first`` on, and of each the pixels from ``column`` on.

    Lines and pixels outside of the image are zeros. A line takes ``line`` elements of ``to``.
    """
    height, width = x.shape[1], x.shape[2] * x.shape[3]
    before = min(max(-column * x.shape[3], 0), line)
    skipped = max(column, 0) * x.shape[3]
    size = max(min(line - before, width - skipped), 0)
    for i in range(lines):
        row = to[i * line : (i + 1) * line]
        if 0 <= first + i < height:
            for e in range(before):
                row[e] = 0
            start = (n * height + first + i) * width + skipped
            into, source = row.ctypes.data, x.ctypes.data
            copy_memory(into + before * x.itemsize, source + start * x.itemsize, size * x.itemsize)
            for e in range(before + size, line):
                row[e] = 0
        else:
            fill(row, 0)
