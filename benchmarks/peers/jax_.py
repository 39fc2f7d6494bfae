"""JAX in two ways: a compiled step that Python calls, and a whole epoch compiled into one."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases import BETA_1, BETA_2, EPSILON


class JaxStep:
    """A jitted step a batch; it picks the batch's rows itself."""

    def __init__(self, case, weights):
        self.case = case
        self.parameters = [jnp.array(w) for w in weights]
        self.slots = _new_slots(case, self.parameters)
        self.step = jax.jit(partial(_step, case), donate_argnums=(0, 1))

    def load(self, x, y):
        self.x, self.y = jnp.array(x), jnp.array(y)

    def train(self, epochs):
        for epoch in epochs:
            for rows in self.case.order(epoch).astype(np.int32):
                self.parameters, self.slots = self.step(
                    self.parameters, self.slots, self.x, self.y, rows
                )
        jax.block_until_ready(self.parameters)

    def weights(self):
        return [np.asarray(p) for p in self.parameters]


class JaxScan(JaxStep):
    """An epoch as one lax.scan."""

    def __init__(self, case, weights):
        super().__init__(case, weights)
        self.epoch = jax.jit(partial(_epoch, case), donate_argnums=(0, 1))

    def train(self, epochs):
        for epoch in epochs:
            order = self.case.order(epoch).astype(np.int32)
            self.parameters, self.slots = self.epoch(
                self.parameters, self.slots, self.x, self.y, order
            )
        jax.block_until_ready(self.parameters)


def _epoch(case, parameters, slots, x, y, order):
    def body(state, rows):
        return _step(case, *state, x, y, rows), None

    return jax.lax.scan(body, (parameters, slots), order)[0]


def _step(case, parameters, slots, x, y, rows):
    gradients = jax.grad(partial(_loss, case))(parameters, x[rows], y[rows])
    if case.optimizer == "SGD":
        return [p - case.rate * g for p, g in zip(parameters, gradients, strict=True)], slots
    t, means, squares = slots
    t = t + 1
    means = [BETA_1 * m + (1 - BETA_1) * g for m, g in zip(means, gradients, strict=True)]
    squares = [BETA_2 * v + (1 - BETA_2) * g * g for v, g in zip(squares, gradients, strict=True)]
    rate = case.rate * jnp.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
    moved = zip(parameters, means, squares, strict=True)
    return [p - rate * m / (jnp.sqrt(v) + EPSILON) for p, m, v in moved], (t, means, squares)


def _new_slots(case, parameters):
    if case.optimizer == "SGD":
        return ()
    means, squares = ([jnp.zeros_like(p) for p in parameters] for _ in range(2))
    return jnp.zeros((), jnp.float32), means, squares


def _loss(case, parameters, x, y):
    activation = {"tanh": jnp.tanh, "relu": jax.nn.relu}[case.activation]
    *hidden, last = zip(parameters[::2], parameters[1::2], strict=True)
    for w, b in hidden:
        x = activation(x @ w + b)
    z = jax.nn.log_softmax(x @ last[0] + last[1])
    return -jnp.take_along_axis(z, y[:, None], axis=1).mean()
