"""Elementwise functions, and their gradients computed from the kept input or output."""

import math

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
    """dx = 0 where x >= max_value, else dy where x > threshold, else negative_slope dy.

    Where x is the threshold, dx = dy if there is a slope below, else 0: as in Keras.
    """
    slope = x.dtype.type(negative_slope)
    top = x.dtype.type(max_value)
    bottom = x.dtype.type(threshold)
    zero = x.dtype.type(0)
    edge = zero if slope == zero else x.dtype.type(1)
    for i in range(x.size):
        rising = edge * dy[i] if x[i] == bottom else dy[i]
        rising = slope * dy[i] if x[i] < bottom else rising
        dx[i] = zero if x[i] >= top else rising


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def elu(x, alpha, scale, y):
    """y = scale x where x > 0, else scale alpha (e^x - 1)."""
    above = x.dtype.type(scale)
    below = x.dtype.type(scale * alpha)
    zero = x.dtype.type(0)
    for i in range(x.size):
        y[i] = above * x[i] if x[i] > zero else below * _math.expm1(x[i])


@kernel(outputs=["dx"], split=["dy", "x", "dx"], elementwise=True)
def elu_backward(dy, x, alpha, scale, dx):
    """dx = scale dy where x > 0, else scale alpha e^x dy."""
    above = x.dtype.type(scale)
    below = x.dtype.type(scale * alpha)
    zero = x.dtype.type(0)
    for i in range(x.size):
        dx[i] = dy[i] * (above if x[i] > zero else below * _math.exp(x[i]))


@kernel(outputs=["y"], split=["x", "y"])
def prelu(x, alpha, y):
    """y = x where x > 0, else alpha x; x (batch, outer, m, inner, n), alpha (m, n) is shared."""
    outer, m, inner, n = x.shape[1:]
    zero = x.dtype.type(0)
    for b in range(x.shape[0]):
        for o in range(outer):
            for j in range(m):
                if n == 1:
                    slope = alpha[j, 0]
                    for i in range(inner):
                        at = x[b, o, j, i, 0]
                        y[b, o, j, i, 0] = at if at > zero else slope * at
                else:
                    for i in range(inner):
                        for k in range(n):
                            at = x[b, o, j, i, k]
                            y[b, o, j, i, k] = at if at > zero else alpha[j, k] * at


@kernel(outputs=["dx", "dalpha"], split=["dy", "x", "dx", "dalpha"])
def prelu_backward(dy, x, alpha, dx, dalpha):
    """dx = dy where x > 0, else alpha dy; dalpha (batch, m, n) = the sums of dy x where x <= 0."""
    outer, m, inner, n = x.shape[1:]
    zero = x.dtype.type(0)
    for b in range(x.shape[0]):
        for j in range(m):
            for k in range(n):
                dalpha[b, j, k] = zero
        for o in range(outer):
            for j in range(m):
                if n == 1:
                    slope, total = alpha[j, 0], zero
                    for i in range(inner):
                        at, given = x[b, o, j, i, 0], dy[b, o, j, i, 0]
                        dx[b, o, j, i, 0] = given if at > zero else slope * given
                        total += zero if at > zero else at * given
                    dalpha[b, j, 0] += total
                else:
                    for i in range(inner):
                        for k in range(n):
                            at, given = x[b, o, j, i, k], dy[b, o, j, i, k]
                            dx[b, o, j, i, k] = given if at > zero else alpha[j, k] * given
                            dalpha[b, j, k] += zero if at > zero else at * given


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def gelu(x, y):
    """y = x P(x), with P the distribution function of the standard normal distribution."""
    for i in range(x.size):
        y[i] = x[i] * _math.normal_cdf(x[i])


@kernel(outputs=["dx"], split=["dy", "x", "dx"], elementwise=True)
def gelu_backward(dy, x, dx):
    """dx = dy (P(x) + x P'(x)), P'(x) = e^(-x^2 / 2) / sqrt(2 pi)."""
    top = x.dtype.type(1 / math.sqrt(2 * math.pi))
    half = x.dtype.type(-0.5)
    for i in range(x.size):
        density = top * _math.exp(half * x[i] * x[i])
        dx[i] = dy[i] * (_math.normal_cdf(x[i]) + x[i] * density)


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def gelu_tanh(x, y):
    """y = x (1 + tanh u) / 2 = x sigmoid(2 u) with u = sqrt(2 / pi) (x + 0.044715 x^3)."""
    a = x.dtype.type(math.sqrt(8 / math.pi))
    b = x.dtype.type(math.sqrt(8 / math.pi) * 0.044715)
    for i in range(x.size):
        y[i] = x[i] * _math.sigmoid(x[i] * (a + b * (x[i] * x[i])))


@kernel(outputs=["dx"], split=["dy", "x", "dx"], elementwise=True, exact=True)
def gelu_tanh_backward(dy, x, dx):
    """dx = dy (s + x s (1 - s) 2 u') with s = sigmoid(2 u)."""
    most = x.dtype.type(1000)  # For x^2 from this on, s is 0 or 1; u' is still finite.
    a = x.dtype.type(math.sqrt(8 / math.pi))
    b = x.dtype.type(math.sqrt(8 / math.pi) * 0.044715)
    one = x.dtype.type(1)
    three = x.dtype.type(3)
    for i in range(x.size):
        square = x[i] * x[i]
        c = b * (most if square > most else square)
        s = _math.sigmoid(x[i] * (a + c))
        dx[i] = dy[i] * (s + s * (one - s) * x[i] * (a + three * c))


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def silu(x, y):
    """y = x sigmoid(x)."""
    for i in range(x.size):
        y[i] = x[i] * _math.sigmoid(x[i])


@kernel(outputs=["dx"], split=["dy", "x", "dx"], elementwise=True)
def silu_backward(dy, x, dx):
    """dx = dy (s + x s (1 - s)) with s = sigmoid(x)."""
    one = x.dtype.type(1)
    for i in range(x.size):
        s = _math.sigmoid(x[i])
        dx[i] = dy[i] * (s + x[i] * (s * (one - s)))


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def softplus(x, y):
    """y = log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)."""
    zero = x.dtype.type(0)
    for i in range(x.size):
        y[i] = (zero if x[i] < zero else x[i]) + _math.log1p(_math.exp(-abs(x[i])))


@kernel(outputs=["dx"], split=["dy", "x", "dx"], elementwise=True)
def softplus_backward(dy, x, dx):
    """dx = dy sigmoid(x)."""
    for i in range(x.size):
        dx[i] = dy[i] * _math.sigmoid(x[i])


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def softsign(x, y):
    """y = x / (1 + |x|)."""
    one = x.dtype.type(1)
    for i in range(x.size):
        y[i] = x[i] / (one + abs(x[i]))


@kernel(outputs=["dx"], split=["dy", "x", "dx"], elementwise=True)
def softsign_backward(dy, x, dx):
    """dx = dy / (1 + |x|)^2."""
    one = x.dtype.type(1)
    for i in range(x.size):
        share = one / (one + abs(x[i]))
        dx[i] = dy[i] * (share * share)


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def hard_sigmoid(x, slope, y):
    """y = slope x + 1 / 2, clipped to [0, 1]."""
    rise = x.dtype.type(slope)
    half = x.dtype.type(0.5)
    zero = x.dtype.type(0)
    one = x.dtype.type(1)
    for i in range(x.size):
        rising = rise * x[i] + half
        rising = zero if rising < zero else rising
        y[i] = one if rising > one else rising


@kernel(outputs=["dx"], split=["dy", "x", "dx"], elementwise=True)
def hard_sigmoid_backward(dy, x, slope, dx):
    """dx = slope dy where |x| < 1 / (2 slope), else 0."""
    edge = x.dtype.type(0.5 / slope)
    rise = x.dtype.type(slope)
    zero = x.dtype.type(0)
    for i in range(x.size):
        dx[i] = zero if abs(x[i]) >= edge else rise * dy[i]


@kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def exponential(x, y):
    """y = e^x."""
    for i in range(x.size):
        y[i] = _math.exp(x[i])


@kernel(outputs=["dx"], split=["dy", "y", "dx"], elementwise=True)
def exponential_backward(dy, y, dx):
    """dx = dy y."""
    for i in range(y.size):
        dx[i] = dy[i] * y[i]


@kernel(outputs=["y"], split=["x", "y"], elementwise=True, exact=True)  # x n may be infinite.
def mish(x, y):
    """y = x tanh(log(1 + e^x)) = x n / (n + 2) with n = e^x (e^x + 2)."""
    most = x.dtype.type(20)  # From here on n / (n + 2) rounds to 1, and n^2 is still finite.
    two = x.dtype.type(2)
    for i in range(x.size):
        e = _math.exp(most if x[i] > most else x[i])
        n = e * (e + two)
        y[i] = x[i] * (n / (n + two))


@kernel(outputs=["dx"], split=["dy", "x", "dx"], elementwise=True, exact=True)
def mish_backward(dy, x, dx):
    """dx = dy (n / (n + 2) + 4 x e^x (1 + e^x) / (n + 2)^2)."""
    most = x.dtype.type(20)
    one = x.dtype.type(1)
    two = x.dtype.type(2)
    four = x.dtype.type(4)
    for i in range(x.size):
        at = most if x[i] > most else x[i]
        e = _math.exp(at)
        n = e * (e + two)
        share = one / (n + two)
        dx[i] = dy[i] * (share * (n + at * (four * e * (one + e) * share)))


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
