"""Timesteps of recurrent layers, and masks of timesteps.

Layers use arrays (steps, batch, ...), in which the rows of a timestep are contiguous.
"""

from nnkit.kernels._jit import kernel
from nnkit.kernels.cpu import _math


@kernel(outputs=["y"], split=["y"])
def steps_first(x, backwards, first, y):
    """y[t, b] = x[b, t], backwards x[b, -1 - t]; x (batch, steps, n), y (steps, batch, n)."""
    steps = x.shape[1]
    for i in range(y.shape[0]):
        t = steps - 1 - first - i if backwards else first + i
        for b in range(y.shape[1]):
            to, source = y[i, b], x[b, t]
            for j in range(to.size):
                to[j] = source[j]


@kernel(outputs=["y"], split=["y"])
def batch_first(x, backwards, first, y):
    """y[b, t] = x[t, b], backwards x[-1 - t, b]; x (steps, batch, n), y (batch, steps, n)."""
    steps = x.shape[0]
    for i in range(y.shape[0]):
        for s in range(steps):
            t = steps - 1 - s if backwards else s
            to, source = y[i, s], x[t, first + i]
            for j in range(to.size):
                to[j] = source[j]


@kernel(outputs=["y", "mask"], split=["x", "y", "mask"])
def mask_steps(x, value, y, mask):
    """mask_i = whether any x_ij != value, and y = x in those rows, else 0; x and y (rows, n)."""
    masked = x.dtype.type(value)
    zero = x.dtype.type(0)
    for i in range(x.shape[0]):
        to, source = y[i], x[i]
        different = 0
        for j in range(source.size):
            different += source[j] != masked
        for j in range(to.size):
            to[j] = source[j] if different else zero
        mask[i] = different > 0


@kernel(outputs=["y"], split=["x", "mask", "y"])
def keep_steps(x, mask, y):
    """y = x in rows where the mask is True, else 0; x and y (rows, n), mask (rows,)."""
    zero = x.dtype.type(0)
    for i in range(x.shape[0]):
        to, source = y[i], x[i]
        for j in range(to.size):
            to[j] = source[j] if mask[i] else zero


@kernel(updates=["state"], split=["mask", "previous", "state"])
def hold(mask, previous, state):
    """state = previous in rows where the mask is False; both (rows, n), mask (rows,)."""
    for i in range(state.shape[0]):
        if not mask[i]:
            to, source = state[i], previous[i]
            for j in range(to.size):
                to[j] = source[j]


@kernel(updates=["dstate", "dprevious"], split=["mask", "dstate", "dprevious"])
def hold_backward(mask, dstate, dprevious):
    """dprevious += dstate, then dstate = 0, in rows where the mask is False."""
    zero = dstate.dtype.type(0)
    for i in range(dstate.shape[0]):
        if not mask[i]:
            source, to = dstate[i], dprevious[i]
            for j in range(to.size):
                to[j] += source[j]
                source[j] = zero


@kernel(
    updates=["gates"],
    outputs=["c", "h"],
    split=["c_previous", "gates", "c", "h"],
    cost=lambda c_previous, gates, c, h: 0.5 * gates.size,
)
def lstm_gates(c_previous, gates, c, h):
    """c = f c_previous + i g, h = o tanh c; c and h are (rows, units).

    gates (rows, 4 units) has the activations' arguments on entry. They are overwritten by i, f, g,
    o, where g is a tanh and the others are sigmoids.
    """
    units = c.shape[1]
    for row in range(c.shape[0]):
        i_f = gates[row, : 2 * units]
        for j in range(2 * units):
            i_f[j] = _math.sigmoid(i_f[j])
        g = gates[row, 2 * units : 3 * units]
        for j in range(units):
            g[j] = _math.tanh(g[j])
        o = gates[row, 3 * units :]
        for j in range(units):
            o[j] = _math.sigmoid(o[j])
        i, f = i_f[:units], i_f[units:]
        before, after, out = c_previous[row], c[row], h[row]
        for j in range(units):
            after[j] = f[j] * before[j] + i[j] * g[j]
        for j in range(units):
            out[j] = o[j] * _math.tanh(after[j])


@kernel(
    updates=["gates", "dc_previous"],
    split=["dh", "dc", "c_previous", "c", "gates", "dc_previous"],
    cost=lambda dh, dc, c_previous, c, gates, dc_previous: 0.5 * gates.size,
)
def lstm_gates_backward(dh, dc, c_previous, c, gates, dc_previous):
    """Overwrite gates by the gradients of their arguments; dc_previous += (dc + dh o tanh' c) f."""
    units = c.shape[1]
    one = c.dtype.type(1)
    for row in range(c.shape[0]):
        i, f = gates[row, :units], gates[row, units : 2 * units]
        g, o = gates[row, 2 * units : 3 * units], gates[row, 3 * units :]
        of_h, of_c, of_before = dh[row], dc[row], dc_previous[row]
        before, after = c_previous[row], c[row]
        for j in range(units):
            t = _math.tanh(after[j])
            d = of_c[j] + of_h[j] * o[j] * (one - t * t)
            of_before[j] += d * f[j]
            of_i, of_g = d * g[j], d * i[j]
            i[j] = of_i * i[j] * (one - i[j])
            f[j] = d * before[j] * f[j] * (one - f[j])
            g[j] = of_g * (one - g[j] * g[j])
            o[j] = of_h[j] * t * o[j] * (one - o[j])


@kernel(
    updates=["gates"],
    outputs=["h"],
    split=["h_previous", "inner", "gates", "h"],
    cost=lambda h_previous, inner, gates, h: 0.5 * gates.size,
)
def gru_gates(h_previous, inner, gates, h):
    """h = z h_previous + (1 - z) g with g = tanh(x_g + r inner_g); (rows, units).

    gates (rows, 3 units) has the inputs' addends x of the activations' arguments on entry, inner
    those of the state. gates is overwritten by z, r, g, where z and r are sigmoids.
    """
    units = h.shape[1]
    one = h.dtype.type(1)
    for row in range(h.shape[0]):
        z_r, u = gates[row, : 2 * units], inner[row, : 2 * units]
        for j in range(2 * units):
            z_r[j] = _math.sigmoid(z_r[j] + u[j])
        z, r = z_r[:units], z_r[units:]
        g, v = gates[row, 2 * units :], inner[row, 2 * units :]
        before, out = h_previous[row], h[row]
        for j in range(units):
            g[j] = _math.tanh(g[j] + r[j] * v[j])
            out[j] = z[j] * before[j] + (one - z[j]) * g[j]


@kernel(
    updates=["inner", "gates", "dh_previous"],
    split=["dh", "h_previous", "inner", "gates", "dh_previous"],
    cost=lambda dh, h_previous, inner, gates, dh_previous: 0.5 * gates.size,
)
def gru_gates_backward(dh, h_previous, inner, gates, dh_previous):
    """Overwrite gates and inner by their gradients; dh_previous += dh z."""
    units = dh.shape[1]
    one = dh.dtype.type(1)
    for row in range(dh.shape[0]):
        z, r = gates[row, :units], gates[row, units : 2 * units]
        g = gates[row, 2 * units :]
        inner_z, inner_r = inner[row, :units], inner[row, units : 2 * units]
        inner_g = inner[row, 2 * units :]
        d, before, of_before = dh[row], h_previous[row], dh_previous[row]
        for j in range(units):
            of_before[j] += d[j] * z[j]
            of_z = d[j] * (before[j] - g[j]) * z[j] * (one - z[j])
            of_g = d[j] * (one - z[j]) * (one - g[j] * g[j])
            of_r = of_g * inner_g[j] * r[j] * (one - r[j])
            inner_g[j] = of_g * r[j]
            z[j], inner_z[j] = of_z, of_z
            r[j], inner_r[j] = of_r, of_r
            g[j] = of_g
