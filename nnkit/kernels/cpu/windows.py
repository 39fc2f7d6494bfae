"""What windows see, laid side by side.

What each pixel of a convolution sees is a matrix: on GPUs, one large product does the rest. What
windows see along the depth of a volume become the channels of images, for ordinary convolutions.

Geometry and names are those of :mod:`nnkit.kernels.cpu.convolution`, without groups. On a CPU only
tests run ``im2col`` and ``col2im``.
"""

from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu._images import divide, fill, fill_pixels, is_inside, position, split


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


@kernel(outputs=["stacks"], split=["x", "stacks"])
def stack_planes(x, stride, front, dilation, stacks):
    """stacks (n, d', m, k, c) = planes i stride - front + p dilation of x (n, d, m, c), p < k.

    Planes outside of x are zeros.
    """
    zero = x.dtype.type(0)
    for n in range(stacks.shape[0]):
        for i in range(stacks.shape[1]):
            for p in range(stacks.shape[3]):
                plane = i * stride - front + p * dilation
                if 0 <= plane < x.shape[1]:
                    for m in range(stacks.shape[2]):
                        for c in range(stacks.shape[4]):
                            stacks[n, i, m, p, c] = x[n, plane, m, c]
                else:
                    for m in range(stacks.shape[2]):
                        for c in range(stacks.shape[4]):
                            stacks[n, i, m, p, c] = zero


@kernel(outputs=["y"], split=["stacks", "y"])
def add_planes(stacks, stride, front, dilation, y):
    """y (n, d, m, c) = the sum of stacks (n, d', m, k, c), each where it would have been seen."""
    fill(y, 0)
    _add_planes(stacks, stride, front, dilation, y)


@kernel(outputs=["y"], split=["stacks", "y"])
def add_planes_bias(stacks, stride, front, dilation, bias, y):
    """:func:`add_planes` plus bias (c,) at every pixel."""
    fill_pixels(y, bias)
    _add_planes(stacks, stride, front, dilation, y)


@inline
def _add_planes(stacks, stride, front, dilation, y):
    for n in range(stacks.shape[0]):
        for i in range(stacks.shape[1]):
            for p in range(stacks.shape[3]):
                plane = i * stride - front + p * dilation
                if 0 <= plane < y.shape[1]:
                    for m in range(stacks.shape[2]):
                        for c in range(stacks.shape[4]):
                            y[n, plane, m, c] += stacks[n, i, m, p, c]
