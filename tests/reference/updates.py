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
    ("adamax", (0.9, 0.999, 1e-7), "m u"),
    ("adadelta", (0.95, 1e-7), "squares steps"),
    ("lion", (0.9, 0.99), "m"),
    ("adagrad", (1e-7,), "total"),
    ("ftrl", (0.5, 0.01, 0.1, 0.2, 0.3), "total z"),
    ("ftrl", (0.3, 0.0, 0.0, 0.0, 0.1), "total z"),
]
COUNTED = ("adam", "adam_amsgrad", "adamax")  # Those that take the number of the step.
# Those that square gradients, and divide means of them, so that a limit doesn't show.
_LIMITED = ("adam", "adam_amsgrad", "rmsprop", "rmsprop_momentum", "adadelta")
SQUARED = [given for given in OPTIMIZERS if given[0] in _LIMITED]


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


def adamax(g, rate, iteration, beta_1, beta_2, epsilon, m, u, p):
    m = beta_1 * m + (1 - beta_1) * g
    u = np.maximum(beta_2 * u, abs(g))
    return m, u, p - rate / (1 - beta_1**iteration) * m / (u + epsilon)


def momentums(count, beta_1):
    """The momentums mu_1 to mu_count of Nadam."""
    return beta_1 * (1 - 0.5 * 0.96 ** np.arange(1.0, count + 1))


def nadam_numbers(rate, iteration, beta_1, beta_2):
    mu = momentums(iteration + 1, beta_1)
    ahead = rate * mu[-1] / (1 - np.prod(mu))
    return np.array(
        [ahead, rate * (1 - mu[-2]) / (1 - np.prod(mu[:-1])), 1 / (1 - beta_2**iteration)]
    )


def nadam(g, rate, iteration, beta_1, beta_2, epsilon, m, v, p):
    mu = momentums(iteration + 1, beta_1)
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    step = mu[-1] * m / (1 - np.prod(mu)) + (1 - mu[-2]) * g / (1 - np.prod(mu[:-1]))
    return m, v, p - rate * step / (np.sqrt(v / (1 - beta_2**iteration)) + epsilon)


def adadelta(g, rate, rho, epsilon, squares, steps, p):
    squares = rho * squares + (1 - rho) * g**2
    step = np.sqrt(steps + epsilon) * g / np.sqrt(squares + epsilon)
    return squares, rho * steps + (1 - rho) * step**2, p - rate * step


def lion(g, rate, beta_1, beta_2, m, p):
    p = p - rate * np.sign(beta_1 * m + (1 - beta_1) * g)
    return beta_2 * m + (1 - beta_2) * g, p


def adagrad(g, rate, epsilon, total, p):
    total = total + g**2
    return total, p - rate * g / np.sqrt(total + epsilon)


def ftrl(g, rate, power, l1, l2, shrinkage, beta, total, z, p):
    new = total + g**2
    z = z + g + 2 * shrinkage * p - (new**power - total**power) / rate * p
    edge = np.clip(z, -l1, l1)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(edge == z, 0, (edge - z) / (new**power / rate + 2 * (l2 + beta / (2 * rate))))
    return new, z, p


def lamb(g, rate, iteration, beta_1, beta_2, epsilon, m, v, p):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    step = m / (1 - beta_1**iteration) / (np.sqrt(v / (1 - beta_2**iteration)) + epsilon)
    norms = np.linalg.norm(p), np.linalg.norm(step)
    return m, v, p - rate * (norms[0] / norms[1] if min(norms) > 0 else 1) * step


def adafactor(g, rate, iteration, decay, epsilon_1, epsilon_2, threshold, r, c, v, p):
    """Of a matrix; r and c are not used for a vector."""
    new, squares = iteration**decay, g**2 + epsilon_1
    if g.ndim > 1:
        r = (1 - new) * r + new * squares.mean(-1)
        c = (1 - new) * c + new * squares.mean(-2)
        v = (r / r.mean(-1, keepdims=True))[..., None] * c[..., None, :]
    else:
        v = (1 - new) * v + new * squares
    step = g / np.sqrt(v)
    step = step / max(1, np.sqrt((step**2).mean()) / threshold)
    large = max(epsilon_2, np.sqrt((p**2).mean()))
    return r, c, v, p - large * min(rate, 1 / np.sqrt(iteration)) * step


def muon(g, rate, momentum, nesterov, a, b, c, steps, scale, m, p):
    m = momentum * m + g
    x = g + momentum * m if nesterov else m
    x = x / (np.sqrt((x**2).sum()) + 1e-7)
    x = x.T if g.shape[0] > g.shape[1] else x
    for _ in range(steps):
        squares = x @ x.T
        x = a * x + (b * squares + c * squares @ squares) @ x
    x = x.T if g.shape[0] > g.shape[1] else x
    return m, p - rate * scale * x


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
