"""Functions of one element, and their gradients in terms of what the forward pass kept."""

from nnkit.kernels._jit import kernel
from nnkit.kernels.cpu import _math


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def tanh(x, y):
    """y = tanh x."""
    for i in range(x.size):
        y[i] = _math.tanh(x[i])


@kernel(outputs=["dx"], split=["dy", "y", "dx"], elementwise=True)
def tanh_backward(dy, y, dx):
    """dx = dy (1 - y^2)."""
    one = y.dtype.type(1)
    for i in range(y.size):
        dx[i] = dy[i] * (one - y[i] * y[i])


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def sigmoid(x, y):
    """y = 1 / (1 + e^-x)."""
    for i in range(x.size):
        y[i] = _math.sigmoid(x[i])


@kernel(outputs=["dx"], split=["dy", "y", "dx"], elementwise=True)
def sigmoid_backward(dy, y, dx):
    """dx = dy y (1 - y)."""
    one = y.dtype.type(1)
    for i in range(y.size):
        dx[i] = dy[i] * (y[i] * (one - y[i]))


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def relu(x, negative_slope, max_value, threshold, y):
    """Keras's ReLU; without a maximum, max_value is infinite.

    y = max_value where x >= max_value, else x where x >= threshold, else
    negative_slope (x - threshold).
    """
    slope = x.dtype.type(negative_slope)
    top = x.dtype.type(max_value)
    bottom = x.dtype.type(threshold)
    zero = x.dtype.type(0)
    for i in range(x.size):
        below = slope * (x[i] - bottom) if slope != zero else zero  # 0 times -infinity is NaN.
        rising = below if x[i] < bottom else x[i]
        y[i] = top if x[i] >= top else rising


@kernel(outputs=["dx"], split=["dy", "x", "dx"], elementwise=True)
def relu_backward(dy, x, negative_slope, max_value, threshold, dx):
    """dx = 0 where x >= max_value, else dy where x >= threshold, else negative_slope dy."""
    slope = x.dtype.type(negative_slope)
    top = x.dtype.type(max_value)
    bottom = x.dtype.type(threshold)
    zero = x.dtype.type(0)
    for i in range(x.size):
        rising = slope * dy[i] if x[i] < bottom else dy[i]
        dx[i] = zero if x[i] >= top else rising


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def rescale(x, scale, offset, y):
    """y = scale x + offset."""
    a = x.dtype.type(scale)
    b = x.dtype.type(offset)
    for i in range(x.size):
        y[i] = a * x[i] + b


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def scale(x, factor, y):
    """y = factor x."""
    a = x.dtype.type(factor)
    for i in range(x.size):
        y[i] = a * x[i]


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def copy(x, y):
    """y = x, in y's type."""
    for i in range(x.size):
        y[i] = x[i]
