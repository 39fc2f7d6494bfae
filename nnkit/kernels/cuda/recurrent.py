"""The time steps of recurrent layers."""

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import elements, kernel, thread, threads
from nnkit.kernels.cuda._images import divide


@kernel(elements("y"))
def steps_first(x, backwards, first, y):
    """y[t, b] = x[b, t], backwards x[b, -1 - t]; x (batch, steps, n), y (steps, batch, n)."""
    steps = x.shape[1]
    _, batch, n = y.shape
    e = thread()
    while e < y.size:
        row, j = divide(e, n)
        i, b = divide(row, batch)
        t = steps - 1 - first - i if backwards else first + i
        y[i, b, j] = x[b, t, j]
        e += threads()


@kernel(elements("y"))
def batch_first(x, backwards, first, y):
    """y[b, t] = x[t, b], backwards x[-1 - t, b]; x (steps, batch, n), y (batch, steps, n)."""
    _, steps, n = y.shape
    e = thread()
    while e < y.size:
        row, j = divide(e, n)
        i, s = divide(row, steps)
        t = steps - 1 - s if backwards else s
        y[i, s, j] = x[t, first + i, j]
        e += threads()


@kernel(elements("h"))
def lstm_gates(c_previous, gates, c, h):
    """c = f c_previous + i g, h = o tanh c; c and h are (rows, units).

    gates (rows, 4 units) has sums on entry. Their sigmoids i, f, o and tanh g take the place, in
    the order i, f, g, o.
    """
    units = c.shape[1]
    e = thread()
    while e < c.size:
        row, j = divide(e, units)
        i = _math.sigmoid(gates[row, j])
        f = _math.sigmoid(gates[row, units + j])
        g = _math.tanh(gates[row, 2 * units + j])
        o = _math.sigmoid(gates[row, 3 * units + j])
        after = f * c_previous[row, j] + i * g
        c[row, j] = after
        h[row, j] = o * _math.tanh(after)
        gates[row, j], gates[row, units + j] = i, f
        gates[row, 2 * units + j], gates[row, 3 * units + j] = g, o
        e += threads()


@kernel(elements("dh"))
def lstm_gates_backward(dh, dc, c_previous, c, gates, dc_previous):
    """The gradients of the sums take the place of the gates; dc_previous += (dc + that of h) f."""
    units = c.shape[1]
    one = c.dtype.type(1)
    e = thread()
    while e < c.size:
        row, j = divide(e, units)
        i, f = gates[row, j], gates[row, units + j]
        g, o = gates[row, 2 * units + j], gates[row, 3 * units + j]
        t = _math.tanh(c[row, j])
        d = dc[row, j] + dh[row, j] * o * (one - t * t)
        dc_previous[row, j] += d * f
        gates[row, j] = d * g * i * (one - i)
        gates[row, units + j] = d * c_previous[row, j] * f * (one - f)
        gates[row, 2 * units + j] = d * i * (one - g * g)
        gates[row, 3 * units + j] = dh[row, j] * t * o * (one - o)
        e += threads()


@kernel(elements("h"))
def gru_gates(h_previous, inner, gates, h):
    """h = z h_previous + (1 - z) g with g = tanh(x_g + r inner_g); (rows, units).

    gates (rows, 3 units) has the inputs' sums on entry, and inner those of the state. Of both,
    z, r = sigmoid and g take the place of gates, in the order z, r, g.
    """
    units = h.shape[1]
    one = h.dtype.type(1)
    e = thread()
    while e < h.size:
        row, j = divide(e, units)
        z = _math.sigmoid(gates[row, j] + inner[row, j])
        r = _math.sigmoid(gates[row, units + j] + inner[row, units + j])
        g = _math.tanh(gates[row, 2 * units + j] + r * inner[row, 2 * units + j])
        h[row, j] = z * h_previous[row, j] + (one - z) * g
        gates[row, j], gates[row, units + j], gates[row, 2 * units + j] = z, r, g
        e += threads()


@kernel(elements("dh"))
def gru_gates_backward(dh, h_previous, inner, gates, dh_previous):
    """The gradients of both sums take their places; dh_previous += dh z."""
    units = dh.shape[1]
    one = dh.dtype.type(1)
    e = thread()
    while e < dh.size:
        row, j = divide(e, units)
        z, r, g = gates[row, j], gates[row, units + j], gates[row, 2 * units + j]
        d = dh[row, j]
        dh_previous[row, j] += d * z
        of_z = d * (h_previous[row, j] - g) * z * (one - z)
        of_g = d * (one - z) * (one - g * g)
        of_r = of_g * inner[row, 2 * units + j] * r * (one - r)
        gates[row, j], gates[row, units + j], gates[row, 2 * units + j] = of_z, of_r, of_g
        inner[row, j], inner[row, units + j], inner[row, 2 * units + j] = of_z, of_r, of_g * r
        e += threads()
