"""Depthwise convolutions, in which each channel of an image has its own filters.

Geometry and names are those of :mod:`nnkit.kernels.cpu.convolution`. Channel c of x gives channels
c m to c m + m - 1 of y, for the m filters in w[:, :, c].
"""

from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu._images import fill, fill_pixels, inside


def _cost(x, w, *others):
    """Estimated nanoseconds, at 4 products each."""
    return w.shape[0] * w.shape[1] * others[-1].size / 4


@kernel(outputs=["y"], split=["x", "y"], cost=_cost)
def depthwise2d(x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, y):
    """y = (windows of each channel of x) (its filters); w (kh, kw, c, m), y (n, h', w', c m)."""
    fill(y, 0)
    _convolve(x, w, (stride_y, stride_x, top, left, dilation_y, dilation_x), y)


@kernel(outputs=["y"], split=["x", "y"], cost=_cost)
def depthwise2d_bias(x, w, stride_y, stride_x, top, left, dilation_y, dilation_x, bias, y):
    """:func:`depthwise2d` plus bias (c m,) at every pixel."""
    fill_pixels(y, bias)
    _convolve(x, w, (stride_y, stride_x, top, left, dilation_y, dilation_x), y)


@inline
def _convolve(x, w, place, y):
    """y += (windows of each channel of x) (its filters)."""
    stride_y, stride_x, top, left, dilation_y, dilation_x = place
    taps = w.reshape(w.shape[0], w.shape[1], -1)
    m = w.shape[3]
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            row, p0, p1 = inside(i, stride_y, top, dilation_y, w.shape[0], x.shape[1])
            for j in range(y.shape[2]):
                column, q0, q1 = inside(j, stride_x, left, dilation_x, w.shape[1], x.shape[2])
                total = y[n, i, j]
                for p in range(p0, p1):
                    for q in range(q0, q1):
                        seen = x[n, row + p * dilation_y, column + q * dilation_x]
                        factor = taps[p, q]
                        if m == 1:
                            for c in range(total.size):
                                total[c] += seen[c] * factor[c]
                        else:
                            for c in range(total.size):
                                total[c] += seen[c // m] * factor[c]


@kernel(outputs=["dx"], split=["dy", "dx"], cost=_cost)
def depthwise2d_input(dy, w, stride_y, stride_x, top, left, dilation_y, dilation_x, dx):
    """dx = the gradient of the input, given that of the output."""
    taps = w.reshape(w.shape[0], w.shape[1], -1)
    m = w.shape[3]
    for n in range(dy.shape[0]):
        fill(dx[n], 0)
        for i in range(dy.shape[1]):
            row, p0, p1 = inside(i, stride_y, top, dilation_y, w.shape[0], dx.shape[1])
            for j in range(dy.shape[2]):
                column, q0, q1 = inside(j, stride_x, left, dilation_x, w.shape[1], dx.shape[2])
                slope = dy[n, i, j]
                for p in range(p0, p1):
                    for q in range(q0, q1):
                        to = dx[n, row + p * dilation_y, column + q * dilation_x]
                        factor = taps[p, q]
                        if m == 1:
                            for c in range(slope.size):
                                to[c] += slope[c] * factor[c]
                        else:
                            for c in range(slope.size):
                                to[c // m] += slope[c] * factor[c]


def _cost_of_weights(x, dy, *others):
    return others[-1].shape[0] * dy.size / 4


@kernel(outputs=["dw"], split=["dw"], cost=_cost_of_weights)
def depthwise2d_weights(
    x, dy, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, first, dw
):
    """dw (kh kw, c m) = the gradient of the filters; rows from ``first`` on."""
    m = dw.shape[1] // x.shape[3]
    for tap in range(dw.shape[0]):
        p, q = (first + tap) // kw, (first + tap) % kw
        total = dw[tap]
        fill(total, 0)
        for n in range(dy.shape[0]):
            for i in range(dy.shape[1]):
                row = i * stride_y - top + p * dilation_y
                if row < 0 or row >= x.shape[1]:
                    continue
                for j in range(dy.shape[2]):
                    column = j * stride_x - left + q * dilation_x
                    if column < 0 or column >= x.shape[2]:
                        continue
                    seen, slope = x[n, row, column], dy[n, i, j]
                    if m == 1:
                        for c in range(total.size):
                            total[c] += seen[c] * slope[c]
                    else:
                        for c in range(total.size):
                            total[c] += seen[c // m] * slope[c]
