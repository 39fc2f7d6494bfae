"""Functions of one element, and their gradients in terms of what the forward pass kept."""

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import elements, kernel, thread, threads


@kernel(elements("y"))
def tanh(x, y):
    """y = tanh x."""
    i = thread()
    while i < x.size:
        y[i] = _math.tanh(x[i])
        i += threads()


@kernel(elements("dx"))
def tanh_backward(dy, y, dx):
    """dx = dy (1 - y^2)."""
    one = y.dtype.type(1)
    i = thread()
    while i < y.size:
        dx[i] = dy[i] * (one - y[i] * y[i])
        i += threads()


@kernel(elements("y"))
def sigmoid(x, y):
    """y = 1 / (1 + e^-x)."""
    one = x.dtype.type(1)
    i = thread()
    while i < x.size:
        y[i] = _math.sigmoid(x[i], one)
        i += threads()


@kernel(elements("dx"))
def sigmoid_backward(dy, y, dx):
    """dx = dy y (1 - y)."""
    one = y.dtype.type(1)
    i = thread()
    while i < y.size:
        dx[i] = dy[i] * (y[i] * (one - y[i]))
        i += threads()


@kernel(elements("y"))
def relu(x, negative_slope, max_value, threshold, y):
    """Keras's ReLU; without a maximum, max_value is infinite."""
    slope = x.dtype.type(negative_slope)
    top = x.dtype.type(max_value)
    bottom = x.dtype.type(threshold)
    zero = x.dtype.type(0)
    i = thread()
    while i < x.size:
        below = slope * (x[i] - bottom) if slope != zero else zero  # 0 times -infinity is NaN.
        rising = below if x[i] < bottom else x[i]
        y[i] = top if x[i] >= top else rising
        i += threads()


@kernel(elements("dx"))
def relu_backward(dy, x, negative_slope, max_value, threshold, dx):
    """dx = 0 where x >= max_value, else dy where x >= threshold, else negative_slope dy."""
    slope = x.dtype.type(negative_slope)
    top = x.dtype.type(max_value)
    bottom = x.dtype.type(threshold)
    zero = x.dtype.type(0)
    i = thread()
    while i < x.size:
        rising = slope * dy[i] if x[i] < bottom else dy[i]
        dx[i] = zero if x[i] >= top else rising
        i += threads()


@kernel(elements("y"))
def rescale(x, scale, offset, y):
    """y = scale x + offset."""
    a = x.dtype.type(scale)
    b = x.dtype.type(offset)
    i = thread()
    while i < x.size:
        y[i] = a * x[i] + b
        i += threads()


@kernel(elements("y"))
def scale(x, factor, y):
    """y = factor x."""
    a = x.dtype.type(factor)
    i = thread()
    while i < x.size:
        y[i] = a * x[i]
        i += threads()


@kernel(elements("y"))
def copy(x, y):
    """y = x, in y's type."""
    i = thread()
    while i < x.size:
        y[i] = x[i]
        i += threads()
