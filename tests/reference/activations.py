"""What nnkit.kernels.cpu.activations computes."""

import math

import numpy as np

# The numbers that come after x, where there are any.
NUMBERS = {
    "elu": [(1.0, 1.0), (0.3, 1.5)],
    "relu": [(0.0, np.inf, 0.0), (0.2, 6.0, 0.5), (0.1, 1.0, -0.5)],
    "hard_sigmoid": [(1 / 6,), (0.2,)],
    "rescale": [(1 / 255, -0.5)],
    "scale": [(3.0,)],
}
# Functions, by what their gradient is computed from.
OF_Y = ("tanh", "sigmoid", "exponential")
OF_X = (
    *("relu", "elu", "gelu", "gelu_tanh", "silu", "softplus", "softsign"),
    *("hard_sigmoid", "mish"),
)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * (1 - y**2)


def sigmoid(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def relu(x, negative_slope, max_value, threshold):
    y = np.where(x >= threshold, x, negative_slope * (x - threshold))
    return np.where(x >= max_value, max_value, y)


def relu_backward(dy, x, negative_slope, max_value, threshold):
    slope = np.where(x >= threshold, 1, negative_slope)
    if negative_slope == 0:
        slope = np.where(x == threshold, 0, slope)
    return dy * np.where(x >= max_value, 0, slope)


def elu(x, alpha, scale):
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_backward(dy, x, alpha, scale):
    return dy * scale * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))


def _normal_cdf(x):
    return np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2, otypes=[float])(x)


def gelu(x):
    return x * _normal_cdf(x)


def gelu_backward(dy, x):
    return dy * (_normal_cdf(x) + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi))


def gelu_tanh(x):
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_tanh_backward(dy, x):
    u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
    return dy * (sigmoid(2 * u) + x / 2 * slope / np.cosh(np.minimum(np.abs(u), 700)) ** 2)


def silu(x):
    return x * sigmoid(x)


def silu_backward(dy, x):
    return dy * sigmoid(x) * (1 + x * (1 - sigmoid(x)))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softplus_backward(dy, x):
    return dy * sigmoid(x)


def softsign(x):
    return x / (1 + np.abs(x))


def softsign_backward(dy, x):
    return dy / (1 + np.abs(x)) ** 2


def hard_sigmoid(x, slope):
    return np.clip(slope * x + 0.5, 0, 1)


def hard_sigmoid_backward(dy, x, slope):
    return np.where(np.abs(x) >= 0.5 / slope, 0, slope * dy)


def exponential(x):
    return np.exp(x)


def exponential_backward(dy, y):
    return dy * y


def mish(x):
    return x * np.tanh(softplus(x))


def mish_backward(dy, x):
    t = np.tanh(softplus(x))
    return dy * (t + x * (1 - t**2) * sigmoid(x))


def rescale(x, scale, offset):
    return scale * x + offset


def scale(x, factor):
    return factor * x


def copy(x):
    return x.copy()


def _shared(alpha):
    return alpha[None, None, :, None, :]


def prelu(x, alpha):
    return np.where(x > 0, x, _shared(alpha) * x)


def prelu_backward(dy, x, alpha):
    dalpha = np.where(x > 0, 0, dy * x).sum(axis=(1, 3))
    return np.where(x > 0, dy, _shared(alpha) * dy), dalpha
