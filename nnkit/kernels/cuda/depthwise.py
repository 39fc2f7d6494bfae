"""Depthwise convolutions, in which each channel of an image has its own filters.

They are convolutions with as many groups as channels. Geometry and names are those of
:mod:`nnkit.kernels.cpu.convolution`. Channel c of x gives channels c m to c m + m - 1 of y, for the
m filters in w[:, :, c].
"""

from nnkit.kernels.cuda._cuda import device, elements, kernel, rows
from nnkit.kernels.cuda.convolution import convolve, spread, window_sums


@device
def _of_groups(w):
    """The filters (kh, kw, c, m) as those of c groups of one channel: (kh, kw, 1, c m)."""
    return w.reshape((w.shape[0], w.shape[1], 1, w.shape[2] * w.shape[3]))


@kernel(elements("y"))
def depthwise2d(x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, y):
    """y = (windows of each channel of x) (its filters); w (kh, kw, c, m), y (n, h', w', c m)."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, w.shape[2]
    convolve(x, _of_groups(w), y[0, 0, 0, :0], place, y)


@kernel(elements("y"))
def depthwise2d_bias(x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, bias, y):
    """:func:`depthwise2d` plus bias (c m,) at every pixel."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, w.shape[2]
    convolve(x, _of_groups(w), bias, place, y)


@kernel(elements("dx"))
def depthwise2d_input(dy, w, stride_y, stride_x, top, left, dilation_y, dilation_x, dx):
    """dx = the gradient of the input, given that of the output."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, w.shape[2]
    spread(dy, _of_groups(w), dx[0, 0, 0, :0], place, dx)


@kernel(rows("dw", 0, 1))
def depthwise2d_weights(
    x, dy, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, first, dw
):
    """dw (kh kw, c m) = the gradient of the filters; rows from ``first`` on."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x, x.shape[3]
    window_sums(x, dy, kw, place, first, dw)
