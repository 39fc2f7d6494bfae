"""What nnkit.kernels.cpu.recurrent computes, and recurrent layers a step and a gate at a time."""

import numpy as np


def steps_first(x, backwards):
    return np.swapaxes(x[:, ::-1] if backwards else x, 0, 1)


def batch_first(x, backwards):
    return np.swapaxes(x[::-1] if backwards else x, 0, 1)


def mask_steps(x, value):
    mask = np.array([any(row != value) for row in x])
    return keep_steps(x, mask), mask


def keep_steps(x, mask):
    return np.where(mask[:, None], x, 0)


def hold(mask, previous, state):
    return np.where(mask[:, None], state, previous)


def hold_backward(mask, dstate, dprevious):
    left_out = np.where(mask[:, None], 0, dstate)
    return dstate - left_out, dprevious + left_out


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_gates(c_previous, sums):
    """gates, c and h."""
    i, f, g, o = np.split(sums, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c = f * c_previous + i * g
    return np.hstack([i, f, g, o]), c, o * np.tanh(c)


def gru_gates(h_previous, inner, sums):
    """gates and h."""
    units = h_previous.shape[1]
    z, r = sigmoid(sums + inner)[:, : 2 * units].reshape(-1, 2, units).swapaxes(0, 1)
    g = np.tanh(sums[:, 2 * units :] + r * inner[:, 2 * units :])
    return np.hstack([z, r, g]), z * h_previous + (1 - z) * g


def slopes(function, point, direction, step=1e-6):
    """The gradient of sum(function(x) direction) with respect to one array, element by element."""
    gradient = np.empty_like(point)
    for at in np.ndindex(point.shape):
        up, down = point.copy(), point.copy()
        up[at] += step
        down[at] -= step
        gradient[at] = np.sum((function(up) - function(down)) * direction) / (2 * step)
    return gradient


# -------------------------------------------------------------------------------------- layers


def simple_rnn(x, states, kernel, recurrent, bias, activation):
    (h,) = states
    return [activation(x @ kernel + h @ recurrent + bias)]


def lstm(x, states, kernel, recurrent, bias, activation, gate):
    h, c = states
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    c = gate(f) * c + gate(i) * activation(g)
    return [gate(o) * activation(c), c]


def gru(x, states, kernel, recurrent, bias, activation, gate):
    (h,) = states
    x_z, x_r, x_g = np.split(x @ kernel + bias[0], 3, axis=1)
    h_z, h_r, h_g = np.split(h @ recurrent + bias[1], 3, axis=1)
    z, r = gate(x_z + h_z), gate(x_r + h_r)
    return [z * h + (1 - z) * activation(x_g + r * h_g)]


def gru_reset_first(x, states, kernel, recurrent, bias, activation, gate):
    (h,) = states
    x_z, x_r, x_g = np.split(x @ kernel + bias, 3, axis=1)
    r_z, r_r, r_g = np.split(recurrent, 3, axis=1)
    z, r = gate(x_z + h @ r_z), gate(x_r + h @ r_r)
    return [z * h + (1 - z) * activation(x_g + (r * h) @ r_g)]


def through_time(step, x, states, mask=None, backwards=False):
    """Outputs of all steps in the order of processing, (batch, steps, units), and last states.

    ``step(x, states)`` gives the states after a step, the output first.
    """
    order = range(x.shape[1])
    outputs = []
    for t in reversed(order) if backwards else order:
        after = step(x[:, t], states)
        if mask is not None:
            after = [hold(mask[:, t], old, new) for old, new in zip(states, after, strict=True)]
        states = after
        outputs.append(states[0])
    return np.stack(outputs, axis=1), states
