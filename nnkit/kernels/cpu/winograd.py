"""Convolutions with 3x3 kernels by fewer multiplications: Winograd's F(2x2, 3x3).

A. Lavin and S. Gray, 2016, "Fast algorithms for convolutional neural networks". Four neighbouring
pixels of the output, a tile, see sixteen of the input. With d these, g a kernel of one channel and
one filter, the tile is ``A^T ((B^T d B) * (G g G^T)) A``, summed over channels: sixteen products of
matrices (tiles by channels by filters) in place of thirty-six, between transforms that add.

Strides and dilations are 1, there are no groups, heights and widths of outputs are even, channels
and filters multiples of 16; see :func:`nnkit.kernels.scratch.suits_winograd`. A pixel that is
infinite makes its whole tile NaN.
"""

import numpy as np

from nnkit.kernels._jit import inline, kernel
from nnkit.kernels._tile import MOST_ROWS, add_product, lanes
from nnkit.kernels._transforms import transform
from nnkit.kernels.cpu._images import fill
from nnkit.kernels.cpu.convolution import lay_out
from nnkit.kernels.scratch import WINOGRAD_TILES

_PLANES = 16
_of_pixels = transform([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])  # B^T
_of_kernel = transform([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])  # G
_of_tile = transform([[1, 1, 1, 0], [0, 1, -1, -1]])  # A^T
# For the gradient of the kernel, where a tile of the output's gradient is the kernel: F(3x3, 2x2).
_of_gradient = transform([[1, 0], [0.5, 0.5], [0.5, -0.5], [0, 1]])
_to_kernel = transform([[1, 1, 1, 0], [0, 1, -1, 0], [0, 1, 1, -1]])


def _cost_of_weights(x, dy, *others):
    return 2 * 4 * x.shape[3] * dy.size / 120


def _cost(x, w, *others):
    """Estimated nanoseconds, at 120 GFLOP/s of the products; the output is the last argument."""
    return 2 * 4 * w.shape[2] * w.shape[3] * others[-1].size / (others[-1].shape[3] * 120)


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost)
def conv2d_winograd(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, scratch, y
):
    """:func:`nnkit.kernels.cpu.convolution.conv2d`."""
    if _has_room(x, 16 * w.size // 9, scratch, y):
        planes, memory = _transformed(w, scratch.reshape(-1))
        _convolve(x, planes, top, left, planes, -1, memory, y)


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost)
def conv2d_bias_winograd(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, bias, scratch, y
):
    """:func:`conv2d_winograd` plus bias (f,) at every pixel."""
    if _has_room(x, 16 * w.size // 9, scratch, y):
        planes, memory = _transformed(w, scratch.reshape(-1))
        _convolve(x, planes, top, left, bias, 0, memory, y)


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost)
def conv2d_transpose_winograd(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, scratch, y
):
    """:func:`nnkit.kernels.cpu.convolution.conv2d_transpose`: the turned kernel's convolution."""
    if _has_room(x, 25 * w.size // 9, scratch, y):
        planes, memory = _turned(w, scratch.reshape(-1))
        _convolve(x, planes, 2 - top, 2 - left, planes, -1, memory, y)


@kernel(outputs=["scratch", "y"], split=["x", "scratch", "y"], cost=_cost)
def conv2d_transpose_bias_winograd(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, bias, scratch, y
):
    """:func:`conv2d_transpose_winograd` plus bias (c,) at every pixel."""
    if _has_room(x, 25 * w.size // 9, scratch, y):
        planes, memory = _turned(w, scratch.reshape(-1))
        _convolve(x, planes, 2 - top, 2 - left, bias, 0, memory, y)


@inline
def _has_room(x, kernels, scratch, y):
    """Whether there are images, and memory for them; without memory all is NaN, to be seen."""
    channels = x.shape[3] + y.shape[3]
    images = y.shape[0] * (y.shape[1] + 2) * (y.shape[2] + 2) * x.shape[3]
    if scratch.size >= images + kernels + _PLANES * (WINOGRAD_TILES + 1) * channels:
        return y.size > 0
    fill(y, np.nan)
    return False


@inline
def _transformed(w, memory):
    """G w G^T for each channel and filter: sixteen planes (channels, filters), and memory left."""
    size = w.shape[2] * w.shape[3]
    planes = memory[: _PLANES * size]
    _of_kernel(size, w, 0, 3 * size, size, planes, 0, 4 * size, size, planes, -1)
    return planes.reshape(_PLANES, w.shape[2], w.shape[3]), memory[_PLANES * size :]


@inline
def _turned(w, memory):
    """:func:`_transformed` of the kernel turned by half, with channels in the place of filters."""
    c, f = w.shape[2], w.shape[3]
    taps = w.reshape(9, c, f)
    turned, memory = memory[: w.size].reshape(9, f, c), memory[w.size :]
    for tap in range(9):
        for first in range(0, f, 16):  # Sixteen lines of the result stay in the cache.
            for j in range(c):
                for k in range(first, first + 16):
                    turned[8 - tap, k, j] = taps[tap, j, k]
    return _transformed(turned.reshape(3, 3, f, c), memory)


@inline
def _convolve(x, planes, top, left, bias, bias_at, memory, y):
    """y = (windows of x) w + bias, some tiles at a time, which stay in the cache."""
    count, height, width, f = y.shape
    c, lines, line = x.shape[3], height + 2, (width + 2) * x.shape[3]
    images, out = x.reshape(-1), y.reshape(-1)
    if top == 0 and left == 0 and x.shape[1] >= lines and x.shape[2] >= width + 2:
        lines, line = x.shape[1], x.shape[2] * c
    else:
        images = memory[: count * lines * line]
        for n in range(count):
            lay_out(x, n, -top, -left, lines, line, images[n * lines * line :])
        memory = memory[count * lines * line :]
    # A row more than tiles: planes a multiple of 4096 bytes apart would share lines of the cache.
    of_pixels, of_tiles = (WINOGRAD_TILES + 1) * c, (WINOGRAD_TILES + 1) * f
    seen, made = memory[: _PLANES * of_pixels], memory[_PLANES * of_pixels :]
    total, kernels = count * height * width // 4, planes.reshape(-1)
    blocks = -(-total // WINOGRAD_TILES)
    for block in range(blocks):
        first = total * block // blocks
        tiles = total * (block + 1) // blocks - first
        for t in range(tiles):
            n, i, j = _place(first + t, height, width)
            at = (n * lines + i) * line + j * c
            _of_pixels(c, images, at, line, c, seen, t * c, 4 * of_pixels, of_pixels, seen, -1)
        for e in range(_PLANES * of_tiles):
            made[e] = 0
        sizes = tiles, f, c
        _add_products(sizes, seen, of_pixels, 0, (c, 1, 0), kernels, c * f, made, of_tiles)
        for t in range(tiles):
            n, i, j = _place(first + t, height, width)
            to, line_of_y = ((n * height + i) * width + j) * f, width * f
            planes_of_tile = 4 * of_tiles, of_tiles
            _of_tile(f, made, t * f, *planes_of_tile, out, to, line_of_y, f, bias, bias_at)


@kernel(outputs=["scratch", "dw"], split=["scratch", "dw"], strided=["dw"], cost=_cost_of_weights)
def conv2d_weights_winograd(
    x, dy, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, first, scratch, dw
):
    """dw (channels, 9, f) = the gradient of a kernel (3, 3, channels, f), from a channel on.

    Filters lie together, and channels.
    """
    count, height, width, f = dy.shape
    own = dw.shape[0]
    # Transforms are of whole vectors, so of some channels of the neighbours, too.
    begin = first - first % 16
    c = min(-(-(first + own) // 16) * 16, x.shape[3]) - begin
    of_image = height * width // 4  # Tiles.
    together = -(-WINOGRAD_TILES // of_image)  # Images whose tiles are seen at once.
    line, lines = (width + 2) * c, height + 2
    of_pixels, of_gradients = (WINOGRAD_TILES + 1) * c, (WINOGRAD_TILES + 1) * f
    memory, gradients = scratch.reshape(-1), dy.reshape(-1)
    sums, memory = memory[: _PLANES * own * f], memory[_PLANES * own * f :]
    images, memory = memory[: together * lines * line], memory[together * lines * line :]
    seen, made = memory[: _PLANES * of_pixels], memory[_PLANES * of_pixels :]
    if made.size < _PLANES * of_gradients:
        dw[:] = np.nan
        return
    fill(sums, 0)
    for start in range(0, count, together):
        some = min(together, count - start)
        for n in range(some):
            to = images[n * lines * line : (n + 1) * lines * line].reshape(lines, width + 2, c)
            _lay_out_channels(x, start + n, begin, top, left, to)
        total = some * of_image
        blocks = -(-total // WINOGRAD_TILES)
        for block in range(blocks):
            low = total * block // blocks
            tiles = total * (block + 1) // blocks - low
            for t in range(tiles):
                n, i, j = _place(low + t, height, width)
                at = (n * lines + i) * line + j * c
                _of_pixels(c, images, at, line, c, seen, t * c, 4 * of_pixels, of_pixels, seen, -1)
                at, line_of_dy = (((start + n) * height + i) * width + j) * f, width * f
                step = 4 * of_gradients, of_gradients
                _of_gradient(f, gradients, at, line_of_dy, f, made, t * f, *step, made, -1)
            sizes, skip = (own, f, tiles), first - begin
            _add_products(
                sizes, seen, of_pixels, skip, (1, c, 0), made, of_gradients, sums, own * f
            )
    tap, plane = dw.strides[1] // dw.itemsize, own * f
    _to_kernel(plane, sums, 0, 4 * plane, plane, dw, 0, 3 * tap, tap, sums, -1)


@inline
def _lay_out_channels(x, n, begin, top, left, to):
    """to (lines, columns, channels) = an image's channels from ``begin`` on, zeros around it."""
    for i in range(to.shape[0]):
        for j in range(to.shape[1]):
            pixel, line, column = to[i, j], i - top, j - left
            if 0 <= line < x.shape[1] and 0 <= column < x.shape[2]:
                seen = x[n, line, column, begin:]
                for e in range(pixel.size):
                    pixel[e] = seen[e]
            else:
                fill(pixel, 0)


@inline
def _place(tile, height, width):
    """Image, line and column of a tile's first pixel."""
    across = width // 2
    n, rest = tile // (height // 2 * across), tile % (height // 2 * across)
    return n, rest // across * 2, rest % across * 2


@inline
def _add_products(sizes, a, a_plane, a_at, a_strides, b, b_plane, out, out_plane):
    """Add a b to each of sixteen planes: ``sizes`` are rows, columns, and terms of a sum.

    Planes are as far apart as said; ``a_strides`` are from a row and from a term to the next.
    """
    rows, columns, terms = sizes
    parts = -(-rows // MOST_ROWS)
    for plane in range(_PLANES):
        for k in range(0, columns, lanes(out)):
            for part in range(parts):
                row = rows * part // parts
                shape = rows * (part + 1) // parts - row, columns - k, terms, 1
                to, right = plane * out_plane + row * columns + k, plane * b_plane + k
                left = plane * a_plane + a_at + row * a_strides[0]
                add_product(shape, out, to, columns, a, left, a_strides, b, right, (columns, 0))
