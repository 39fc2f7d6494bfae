"""Convolutions of images (batch, height, width, channels): a thread for every element of a result.

On a GPU most convolutions are matrix products (:mod:`nnkit.engine.cuda.convolutions`). The kernels
here are for groups, for devices without cuBLASLt, and for the simulator. Geometry and names are
those of :mod:`nnkit.kernels.cpu.convolution`; ``scratch`` is not used.
"""

from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    cuda,
    device,
    elements,
    kernel,
    lane_sum,
    rows,
    thread,
    threads,
)
from nnkit.kernels.cuda._images import divide, is_inside, position, split


@device
def _convolve(x, w, bias, place, y):
    """y = (windows of x) w + bias, or without a bias if it is empty."""
    stride_y, stride_x, top, left, dilation_y, dilation_x, groups = place
    share, _ = divide(y.shape[3], groups)
    for element in range(thread(), y.size, threads()):
        n, i, j, f = split(element, y.shape)
        group, _ = divide(f, share)
        skip = group * w.shape[2]
        total = bias[f] if bias.size else y.dtype.type(0)
        for p in range(w.shape[0]):
            row = i * stride_y - top + p * dilation_y
            for q in range(w.shape[1]):
                column = j * stride_x - left + q * dilation_x
                if is_inside(row, column, x):
                    for c in range(w.shape[2]):
                        total += x[n, row, column, skip + c] * w[p, q, c, f]
        y[n, i, j, f] = total


@kernel(elements("y"))
def conv2d(x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, scratch, y):
    """y = (windows of x) w; x (n, h, w, c), w (kh, kw, c / groups, f), y (n, h', w', f)."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    _convolve(x, w, y[0, 0, 0, :0], place, y)


@kernel(elements("y"))
def conv2d_bias(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, bias, scratch, y
):
    """:func:`conv2d` plus bias (f,) at every pixel."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    _convolve(x, w, bias, place, y)


@device
def window_sums(x, dy, kw, place, first, dw):
    """dw = (windows of x)^T dy, from row ``first`` on."""
    filters = dw.shape[1]
    channels, _ = divide(x.shape[3], place[6])
    element = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while element < dw.size:
        row, f = divide(element, filters)
        tap, c = divide(first + row, channels)
        total = _window_sum(x, dy, kw, place, tap, c, f)
        dw[row, f] = lane_sum(total)
        element += cuda.gridDim.x * ROWS


@device
def _window_sum(x, dy, kw, place, tap, c, f):
    """This thread's part of the sum over pixels for an element of the kernel."""
    stride_y, stride_x, top, left, dilation_y, dilation_x, groups = place
    channels, _ = divide(x.shape[3], groups)
    share, _ = divide(dy.shape[3], groups)
    pixels = dy.shape[0] * dy.shape[1] * dy.shape[2]
    p, q = divide(tap, kw)
    group, _ = divide(f, share)
    c += group * channels
    total = dy.dtype.type(0)
    pixel = cuda.threadIdx.x
    while pixel < pixels:
        n, i, j, _ = split(pixel * dy.shape[3], dy.shape)
        y = i * stride_y - top + p * dilation_y
        column = j * stride_x - left + q * dilation_x
        if is_inside(y, column, x):
            total += x[n, y, column, c] * dy[n, i, j, f]
        pixel += LANES
    return total


@kernel(rows("dw", 0, 1))
def conv2d_weights(
    x, dy, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, first, scratch, dw
):
    """dw = (windows of x)^T dy: the rows from ``first`` on of (kh kw c / groups, f)."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    window_sums(x, dy, kw, place, first, dw)


@kernel(rows("dw", 0, 1, 2))
def conv2d_weights_winograd(
    x, dy, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, first, scratch, dw
):
    """:func:`conv2d_weights` with dw (channels, 9, f), from a channel on."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    element = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while element < dw.size:
        row, f = divide(element, dw.shape[2])
        c, tap = divide(row, dw.shape[1])
        total = _window_sum(x, dy, kw, place, tap, first + c, f)
        dw[c, tap, f] = lane_sum(total)
        element += cuda.gridDim.x * ROWS


@device
def _spread(x, w, bias, place, y):
    """y = the input gradient of a convolution whose output gradient is x, plus bias."""
    stride_y, stride_x, top, left, dilation_y, dilation_x, groups = place
    channels = w.shape[2]
    filters, _ = divide(w.shape[3], groups)
    for element in range(thread(), y.size, threads()):
        n, row, column, c = split(element, y.shape)
        group, own = divide(c, channels)
        skip = group * filters
        total = bias[c] if bias.size else y.dtype.type(0)
        for p in range(w.shape[0]):
            i = position(row + top - p * dilation_y, stride_y, x.shape[1])
            for q in range(w.shape[1]):
                j = position(column + left - q * dilation_x, stride_x, x.shape[2])
                if i >= 0 and j >= 0:
                    for f in range(skip, skip + filters):
                        total += x[n, i, j, f] * w[p, q, own, f]
        y[n, row, column, c] = total


@kernel(elements("y"))
def conv2d_transpose(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, scratch, y
):
    """y = the input gradient of a convolution whose output gradient is x."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    _spread(x, w, y[0, 0, 0, :0], place, y)


@kernel(elements("y"))
def conv2d_transpose_bias(
    x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, bias, scratch, y
):
    """:func:`conv2d_transpose` plus bias (c,) at every pixel: a transposed convolution."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, groups
    _spread(x, w, bias, place, y)


# The processor's ways to multiply less; here the same as those without.
conv2d_winograd, conv2d_bias_winograd = conv2d, conv2d_bias
conv2d_transpose_winograd = conv2d_transpose
conv2d_transpose_bias_winograd = conv2d_transpose_bias
