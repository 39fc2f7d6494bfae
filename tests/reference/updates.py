"""Keras 3's optimizers, each step returning the new slots and parameters."""

import numpy as np

# The numbers between the rate and the slots, and the names of the slots.
OPTIMIZERS = [
    ("sgd", (), ""),
    ("sgd_momentum", (0.9, False), "velocity"),
    ("sgd_momentum", (0.9, True), "velocity"),
    ("adam", (0.9, 0.999, 1e-7), "m v"),
    ("adam_amsgrad", (0.9, 0.999, 1e-7), "m v vhat"),
    ("rmsprop", (0.9, 1e-7), "velocity"),
    ("rmsprop_momentum", (0.9, 0.5, 1e-7, False), "velocity average buffer"),
    ("rmsprop_momentum", (0.9, 0.5, 1e-7, True), "velocity average buffer"),
]


def sgd(g, rate, p):
    return (p - rate * g,)


def sgd_momentum(g, rate, momentum, nesterov, velocity, p):
    velocity = momentum * velocity - rate * g
    return velocity, p + (momentum * velocity - rate * g if nesterov else velocity)


def adam(g, rate, iteration, beta_1, beta_2, epsilon, m, v, p):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    alpha = rate * np.sqrt(1 - beta_2**iteration) / (1 - beta_1**iteration)
    return m, v, p - alpha * m / (np.sqrt(v) + epsilon)


def adam_amsgrad(g, rate, iteration, beta_1, beta_2, epsilon, m, v, vhat, p):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    vhat = np.maximum(vhat, v)
    alpha = rate * np.sqrt(1 - beta_2**iteration) / (1 - beta_1**iteration)
    return m, v, vhat, p - alpha * m / (np.sqrt(vhat) + epsilon)


def rmsprop(g, rate, rho, epsilon, velocity, p):
    velocity = rho * velocity + (1 - rho) * g**2
    return velocity, p - rate * g / np.sqrt(velocity + epsilon)


def rmsprop_momentum(g, rate, rho, momentum, epsilon, centered, velocity, average, buffer, p):
    velocity = rho * velocity + (1 - rho) * g**2
    average = rho * average + (1 - rho) * g
    variance = velocity - average**2 if centered else velocity
    buffer = momentum * buffer + rate * g / np.sqrt(variance + epsilon)
    return velocity, average, buffer, p - buffer


def decay_weights(rate, decay, p):
    return (p - p * decay * rate,)


def clip_by_value(limit, g):
    return (np.clip(g, -limit, limit),)


def sum_squares(x):
    blocks = [x.astype(float)[i : i + 4096] for i in range(0, len(x), 4096)]
    scale = 2.0**-600 if x.dtype == np.float64 else 1.0
    return np.array([[np.sum((b * s) ** 2) for b in blocks] for s in (1.0, scale)])


def clip_by_norm(partial, limit, g):
    return (g * min(1, limit / max(np.sqrt(partial[0].sum()), 1e-300)),)
