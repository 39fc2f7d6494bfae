"""What each pixel of a convolution sees, as a matrix: on GPUs, one large product does the rest.

Geometry and names are those of :mod:`nnkit.kernels.cpu.convolution`, without groups. On a CPU only
tests run these.
"""

from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu._images import divide, is_inside, position, split


@kernel(outputs=["windows"], split=["x", "windows"])
def im2col(x, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, windows):
    """windows (n, h', w', kh kw c) = what each output pixel sees of x."""
    for element in range(windows.size):
        n, i, j, k = split(element, windows.shape)
        tap, c = divide(k, x.shape[3])
        p, q = divide(tap, kw)
        row = i * stride_y - top + p * dilation_y
        column = j * stride_x - left + q * dilation_x
        seen = x[n, row, column, c] if is_inside(row, column, x) else x.dtype.type(0)
        windows[n, i, j, k] = seen


@kernel(outputs=["y"], split=["windows", "y"])
def col2im(windows, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, y):
    """y = the sum of windows (n, h', w', kh kw c), each where it would have been seen."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x
    for element in range(y.size):
        n, row, column, c = pixel = split(element, y.shape)
        y[n, row, column, c] = _folded(windows, kw, place, pixel, y, y.dtype.type(0))


@kernel(outputs=["y"], split=["windows", "y"])
def col2im_bias(windows, kw, stride_y, stride_x, top, left, dilation_y, dilation_x, bias, y):
    """:func:`col2im` plus bias (c,) at every pixel."""
    place = stride_y, stride_x, top, left, dilation_y, dilation_x
    for element in range(y.size):
        n, row, column, c = pixel = split(element, y.shape)
        y[n, row, column, c] = _folded(windows, kw, place, pixel, y, bias[c])


@inline
def _folded(windows, kw, place, pixel, y, total):
    """``total`` plus all that windows have of an element of y."""
    stride_y, stride_x, top, left, dilation_y, dilation_x = place
    n, row, column, c = pixel
    line, _ = divide(windows.shape[3], kw)
    kh, _ = divide(line, y.shape[3])
    for p in range(kh):
        i = position(row + top - p * dilation_y, stride_y, windows.shape[1])
        for q in range(kw):
            j = position(column + left - q * dilation_x, stride_x, windows.shape[2])
            if i >= 0 and j >= 0:
                total += windows[n, i, j, (p * kw + q) * y.shape[3] + c]
    return total
