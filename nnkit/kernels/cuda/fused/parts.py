"""What the phases are put together from: activation, optimizer, the product of two tiles."""

import math

import numba
import numpy as np

from nnkit.kernels.cpu import updates
from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import LANES, cuda, device
from nnkit.kernels.cuda._from_cpu import for_threads
from nnkit.kernels.cuda.fused.sizes import ACROSS

f32 = np.float32
_limited = for_threads(updates.limited)


@device
def index():
    """Number of this thread in its block."""
    return cuda.threadIdx.y * LANES + cuda.threadIdx.x


def activation_pair(name):
    """The activation, and its gradient dy f'(z) from y = f(z) and z."""
    zero, one = f32(0), f32(1)

    def linear(z):
        return z

    def linear_backward(dy, y, z):
        return dy

    def relu(z):
        return zero if z < zero else z

    def relu_backward(dy, y, z):
        return zero if z <= zero else dy

    def tanh(z):
        return _math.tanh(z)

    def tanh_backward(dy, y, z):
        return dy * (one - y * y)

    def sigmoid(z):
        return _math.sigmoid(z)

    def sigmoid_backward(dy, y, z):
        return dy * (y * (one - y))

    found = locals()
    return device(found[name]), device(found[f"{name}_backward"])


def optimizer_pair(name, numbers):
    """``rate(rate, t)``, and ``learn(g, rate, i, p, m, v)``: one weight's update.

    An optimizer with fewer slots than two does not touch the others.
    """
    if name == "sgd":

        def learn(g, rate, i, p, m, v):
            p[i] -= rate * g

    elif name == "sgd_momentum":
        mu, nesterov = f32(numbers[0]), bool(numbers[1])

        def learn(g, rate, i, p, m, v):
            step = rate * g
            m[i] = mu * m[i] - step
            p[i] += mu * m[i] - step if nesterov else m[i]

    else:
        beta_1, beta_2, epsilon = numbers
        b1, b2, eps = f32(1.0 - beta_1), f32(1.0 - beta_2), f32(epsilon)
        largest = f32(2.0**63)

        def learn(g, rate, i, p, m, v):
            g = _limited(g, largest)
            m[i] += b1 * (g - m[i])
            v[i] += b2 * (g * g - v[i])
            p[i] -= rate * m[i] / (_math.sqrt(v[i]) + eps)

    if name == "adam":

        def corrected(rate, t):
            t = np.float64(t)
            return f32(rate * math.sqrt(1.0 - math.pow(beta_2, t)) / (1.0 - math.pow(beta_1, t)))

    else:

        def corrected(rate, t):
            return f32(rate)

    return device(corrected), device(learn)


def tile_product(down, rows_each, columns_each, step, row, width):
    """``sums[m, n] += a(k, m) b(k, n)`` over k, for the rows and columns of one thread.

    They are y, y + down... and x, x + ACROSS... A step in k moves ``step`` in a and ``width`` in b,
    a step in m moves ``row`` in a.
    """

    @device
    def product(a, b, begin, end, y, x, sums):
        right = cuda.local.array(columns_each, numba.float32)
        for m in range(rows_each):
            for n in range(columns_each):
                sums[m, n] = f32(0)
        for k in range(begin, end):
            for n in range(columns_each):
                right[n] = b[k * width + x + ACROSS * n]
            for m in range(rows_each):
                left = a[k * step + (y + down * m) * row]
                for n in range(columns_each):
                    sums[m, n] += left * right[n]

    return product
