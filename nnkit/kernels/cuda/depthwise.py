"""Depthwise convolutions, in which each channel of an image has its own filters.

Geometry and names are those of :mod:`nnkit.kernels.cpu.convolution`. Channel c of x gives channels
c m to c m + m - 1 of y, for the m filters in w[:, :, c].
"""

from nnkit.kernels.cuda._cuda import device, elements, kernel, rows, thread, threads
from nnkit.kernels.cuda._images import divide, is_inside, position, split
from nnkit.kernels.cuda.convolution import window_sums


@device
def _convolve(x, w, bias, place, y):
    stride_y, stride_x, top, left, dilation_y, dilation_x = place
    m = w.shape[3]
    for element in range(thread(), y.size, threads()):
        n, i, j, c = split(element, y.shape)
        own, d = divide(c, m)
        total = bias[c] if bias.size else y.dtype.type(0)
        for p in range(w.shape[0]):
            row = i * stride_y - top + p * dilation_y
            for q in range(w.shape[1]):
                column = j * stride_x - left + q * dilation_x
                if is_inside(row, column, x):
                    total += x[n, row, column, own] * w[p, q, own, d]
        y[n, i, j, c] = total


@kernel(elements("y"))
def depthwise2d(x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, y):
    """y = (windows of each channel of x) (its filters); w (kh, kw, c, m), y (n, h', w', c m)."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x
    _convolve(x, w, y[0, 0, 0, :0], place, y)


@kernel(elements("y"))
def depthwise2d_bias(x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, bias, y):
    """:func:`depthwise2d` plus bias (c m,) at every pixel."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x
    _convolve(x, w, bias, place, y)


@kernel(elements("dx"))
def depthwise2d_input(dy, w, stride_y, stride_x, top, left, dilation_y, dilation_x, dx):
    """dx = the gradient of the input, given that of the output."""
    m = w.shape[3]
    for element in range(thread(), dx.size, threads()):
        n, row, column, c = split(element, dx.shape)
        total = dx.dtype.type(0)
        for p in range(w.shape[0]):
            i = position(row + top - p * dilation_y, stride_y, dy.shape[1])
            for q in range(w.shape[1]):
                j = position(column + left - q * dilation_x, stride_x, dy.shape[2])
                if i >= 0 and j >= 0:
                    for d in range(m):
                        slope = dy[n, i, j, c * m + d]
                        total += slope * w[p, q, c, d]
        dx[n, row, column, c] = total


@kernel(rows("dw", 0, 1))
def depthwise2d_weights(
    x, dy, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, first, dw
):
    """dw (kh kw, c m) = the gradient of the filters; rows from ``first`` on."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, x.shape[3]
    window_sums(x, dy, kw, place, first, dw)
