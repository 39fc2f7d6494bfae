"""Functions of one element, and their gradients in terms of what the forward pass kept."""

import math

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    cuda,
    elements,
    kernel,
    lane_sum,
    rows,
    thread,
    threads,
)


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
    """dx = 0 where x >= max_value, else dy where x > threshold, else negative_slope dy.

    Where x is the threshold, dx = dy if there is a slope below, else 0: as in Keras.
    """
    slope = x.dtype.type(negative_slope)
    top = x.dtype.type(max_value)
    bottom = x.dtype.type(threshold)
    zero = x.dtype.type(0)
    edge = zero if slope == zero else x.dtype.type(1)
    i = thread()
    while i < x.size:
        rising = edge * dy[i] if x[i] == bottom else dy[i]
        rising = slope * dy[i] if x[i] < bottom else rising
        dx[i] = zero if x[i] >= top else rising
        i += threads()


@kernel(elements("y"))
def elu(x, alpha, scale, y):
    """y = scale x where x > 0, else scale alpha (e^x - 1)."""
    above = x.dtype.type(scale)
    below = x.dtype.type(scale * alpha)
    zero = x.dtype.type(0)
    i = thread()
    while i < x.size:
        y[i] = above * x[i] if x[i] > zero else below * _math.expm1(x[i])
        i += threads()


@kernel(elements("dx"))
def elu_backward(dy, x, alpha, scale, dx):
    """dx = scale dy where x > 0, else scale alpha e^x dy."""
    above = x.dtype.type(scale)
    below = x.dtype.type(scale * alpha)
    zero = x.dtype.type(0)
    i = thread()
    while i < x.size:
        dx[i] = dy[i] * (above if x[i] > zero else below * _math.exp(x[i]))
        i += threads()


@kernel(rows("x", 0, 1, 2))
def prelu(x, alpha, y):
    """y = x where x > 0, else alpha x; x (batch, outer, m, inner, n), alpha (m, n) is shared."""
    batch, outer, m, inner, n = x.shape
    zero = x.dtype.type(0)
    step_i, step_k = LANES // n, LANES % n
    row = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while row < batch * outer * m:
        b, o, j = row // m // outer, row // m % outer, row % m
        i, k = cuda.threadIdx.x // n, cuda.threadIdx.x % n
        while i < inner:
            at = x[b, o, j, i, k]
            y[b, o, j, i, k] = at if at > zero else alpha[j, k] * at
            i += step_i
            k += step_k
            if k >= n:
                k -= n
                i += 1
        row += cuda.gridDim.x * ROWS


@kernel(rows("dalpha", 0, 1))
def prelu_backward(dy, x, alpha, dx, dalpha):
    """dx = dy where x > 0, else alpha dy; dalpha (batch, m, n) = the sums of dy x elsewhere."""
    batch, outer, m, inner, n = x.shape
    zero = x.dtype.type(0)
    lane = cuda.threadIdx.x
    base = cuda.blockIdx.x * ROWS
    while base < batch * m:
        row = base + cuda.threadIdx.y
        b, j = row // m, row % m
        # One alpha: its threads share its elements. Several: each thread has some of them.
        k = lane if n > 1 else 0
        while k < n:
            total = zero
            for o in range(outer if b < batch else 0):
                i = 0 if n > 1 else lane
                while i < inner:
                    at, given = x[b, o, j, i, k], dy[b, o, j, i, k]
                    dx[b, o, j, i, k] = given if at > zero else alpha[j, k] * given
                    total += zero if at > zero else at * given
                    i += 1 if n > 1 else LANES
            if n == 1:
                total = lane_sum(total)
            if b < batch and (n > 1 or lane == 0):
                dalpha[b, j, k] = total
            k += LANES
        base += cuda.gridDim.x * ROWS


@kernel(elements("y"))
def gelu(x, y):
    """y = x P(x), where P(x) is the share of a standard normal distribution below x."""
    half = x.dtype.type(0.5)
    i = thread()
    while i < x.size:
        y[i] = x[i] * _math.normal_cdf(x[i], half)
        i += threads()


@kernel(elements("dx"))
def gelu_backward(dy, x, dx):
    """dx = dy (P(x) + x P'(x)), P'(x) = e^(-x^2 / 2) / sqrt(2 pi)."""
    top = x.dtype.type(1 / math.sqrt(2 * math.pi))
    half = x.dtype.type(0.5)
    i = thread()
    while i < x.size:
        density = top * _math.exp(-half * x[i] * x[i])
        dx[i] = dy[i] * (_math.normal_cdf(x[i], half) + x[i] * density)
        i += threads()


@kernel(elements("y"))
def gelu_tanh(x, y):
    """y = x (1 + tanh u) / 2 = x sigmoid(2 u) with u = sqrt(2 / pi) (x + 0.044715 x^3)."""
    a = x.dtype.type(math.sqrt(8 / math.pi))
    b = x.dtype.type(math.sqrt(8 / math.pi) * 0.044715)
    one = x.dtype.type(1)
    i = thread()
    while i < x.size:
        y[i] = x[i] * _math.sigmoid(x[i] * (a + b * (x[i] * x[i])), one)
        i += threads()


@kernel(elements("dx"))
def gelu_tanh_backward(dy, x, dx):
    """dx = dy (s + x s (1 - s) 2 u') with s = sigmoid(2 u)."""
    most = x.dtype.type(1000)  # Where x^2 is this, s is 0 or 1, and u' still finite.
    a = x.dtype.type(math.sqrt(8 / math.pi))
    b = x.dtype.type(math.sqrt(8 / math.pi) * 0.044715)
    one = x.dtype.type(1)
    three = x.dtype.type(3)
    i = thread()
    while i < x.size:
        square = x[i] * x[i]
        c = b * (most if square > most else square)
        s = _math.sigmoid(x[i] * (a + c), one)
        dx[i] = dy[i] * (s + s * (one - s) * x[i] * (a + three * c))
        i += threads()


@kernel(elements("y"))
def silu(x, y):
    """y = x sigmoid(x)."""
    one = x.dtype.type(1)
    i = thread()
    while i < x.size:
        y[i] = x[i] * _math.sigmoid(x[i], one)
        i += threads()


@kernel(elements("dx"))
def silu_backward(dy, x, dx):
    """dx = dy (s + x s (1 - s)) with s = sigmoid(x)."""
    one = x.dtype.type(1)
    i = thread()
    while i < x.size:
        s = _math.sigmoid(x[i], one)
        dx[i] = dy[i] * (s + x[i] * (s * (one - s)))
        i += threads()


@kernel(elements("y"))
def softplus(x, y):
    """y = log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)."""
    zero = x.dtype.type(0)
    i = thread()
    while i < x.size:
        y[i] = (zero if x[i] < zero else x[i]) + _math.log1p(_math.exp(-abs(x[i])))
        i += threads()


@kernel(elements("dx"))
def softplus_backward(dy, x, dx):
    """dx = dy sigmoid(x)."""
    one = x.dtype.type(1)
    i = thread()
    while i < x.size:
        dx[i] = dy[i] * _math.sigmoid(x[i], one)
        i += threads()


@kernel(elements("y"))
def softsign(x, y):
    """y = x / (1 + |x|)."""
    one = x.dtype.type(1)
    i = thread()
    while i < x.size:
        y[i] = x[i] / (one + abs(x[i]))
        i += threads()


@kernel(elements("dx"))
def softsign_backward(dy, x, dx):
    """dx = dy / (1 + |x|)^2."""
    one = x.dtype.type(1)
    i = thread()
    while i < x.size:
        share = one / (one + abs(x[i]))
        dx[i] = dy[i] * (share * share)
        i += threads()


@kernel(elements("y"))
def hard_sigmoid(x, slope, y):
    """y = slope x + 1 / 2, limited to 0 to 1."""
    rise = x.dtype.type(slope)
    half = x.dtype.type(0.5)
    zero = x.dtype.type(0)
    one = x.dtype.type(1)
    i = thread()
    while i < x.size:
        rising = rise * x[i] + half
        rising = zero if rising < zero else rising
        y[i] = one if rising > one else rising
        i += threads()


@kernel(elements("dx"))
def hard_sigmoid_backward(dy, x, slope, dx):
    """dx = slope dy where |x| < 1 / (2 slope), else 0."""
    edge = x.dtype.type(0.5 / slope)
    rise = x.dtype.type(slope)
    zero = x.dtype.type(0)
    i = thread()
    while i < x.size:
        dx[i] = zero if abs(x[i]) >= edge else rise * dy[i]
        i += threads()


@kernel(elements("y"))
def exponential(x, y):
    """y = e^x."""
    i = thread()
    while i < x.size:
        y[i] = _math.exp(x[i])
        i += threads()


@kernel(elements("dx"))
def exponential_backward(dy, y, dx):
    """dx = dy y."""
    i = thread()
    while i < y.size:
        dx[i] = dy[i] * y[i]
        i += threads()


@kernel(elements("y"))
def mish(x, y):
    """y = x tanh(log(1 + e^x)) = x n / (n + 2) with n = e^x (e^x + 2)."""
    most = x.dtype.type(20)  # From here on n / (n + 2) rounds to 1, and n^2 is still finite.
    two = x.dtype.type(2)
    i = thread()
    while i < x.size:
        e = _math.exp(most if x[i] > most else x[i])
        n = e * (e + two)
        y[i] = x[i] * (n / (n + two))
        i += threads()


@kernel(elements("dx"))
def mish_backward(dy, x, dx):
    """dx = dy (n / (n + 2) + 4 x e^x (1 + e^x) / (n + 2)^2)."""
    most = x.dtype.type(20)
    one = x.dtype.type(1)
    two = x.dtype.type(2)
    four = x.dtype.type(4)
    i = thread()
    while i < x.size:
        at = most if x[i] > most else x[i]
        e = _math.exp(at)
        n = e * (e + two)
        share = one / (n + two)
        dx[i] = dy[i] * (share * (n + at * (four * e * (one + e) * share)))
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
