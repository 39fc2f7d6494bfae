"""Small dense models and the records of their steps, for the tests of the fused kernels."""

from functools import partial

import numpy as np

import nnkit
from nnkit.engine.copies import kept, restore
from nnkit.engine.dispatch import recording
from nnkit.engine.step import Window
from nnkit.engine.tape import Tape
from nnkit.layers import Dense, Input
from nnkit.training import inputs
from nnkit.training.steps import train_batch
from tests.reference import activations, losses, softmax, updates

SPARSE, DENSE = "sparse_categorical_crossentropy", "categorical_crossentropy"


def dense_model(inputs=5, hidden=3, outputs=2, activation="relu", before=()):
    layers = [Input((inputs,)), *before, Dense(hidden, activation), Dense(outputs, "softmax")]
    return nnkit.Sequential(layers)


class Training:
    """A compiled model and its data, and one step of it recorded.

    Parameters
    ----------
    model : Sequential
    x, y : numpy.ndarray
    size, stride : int
        Rows of the batch and of a full one.
    **options
        For ``compile``, and ``sample_weight``.
    """

    def __init__(self, model, x, y, size=4, stride=4, sample_weight=None, **options):
        options = {"optimizer": "adam", "loss": SPARSE, "metrics": ["accuracy"]} | options
        model.compile(**options)
        self.model, self.session = model, model.session()
        rng = np.random.default_rng(1)
        for weights in model.weights:
            weights.value = rng.normal(size=weights.shape)
        data = inputs.arrays(model, x, y, sample_weight)
        self.order = rng.permutation(len(x))
        named = data.bound() | {"order": self.order}
        self.bound = {name: array.view() for name, array in named.items()}
        self.session.counters.rates[:8] = np.linspace(0.01, 0.08, 8)
        self.state = self.session.state
        window = Window(size, stride, self.session.counters.batch)
        samples = self.session.samples(data.shapes)
        self.step = partial(train_batch, self.session, samples, window)
        before = kept(self.state)
        with recording(Tape(self.bound)) as self.tape:
            self.step(self.bound)
        restore(self.state, before)

    def run(self, steps):
        """Steps on the CPU."""
        for _ in range(steps):
            self.step(self.bound)


def samples(rng, count=30, inputs=5, outputs=2):
    """Data and labels."""
    return rng.normal(size=(count, inputs)).astype(np.float32), rng.integers(0, outputs, count)


def reference(training, activation, steps, size, optimizer, numbers):
    """Weights, loss sum and hits after some steps from the beginning, in float64."""
    x, y = (training.bound[name].astype(np.float64) for name in ("x0", "y0"))
    weights = [w.numpy().astype(np.float64) for w in training.model.weights]
    slots = [[np.zeros_like(w)] * (2 if optimizer == "adam" else 1) for w in weights]
    activate = {"relu": lambda z: np.maximum(z, 0), "linear": lambda z: z}
    activate |= {"tanh": activations.tanh, "sigmoid": activations.sigmoid}
    derive = {
        "relu": lambda dy, z: dy * (z >= 0),
        "linear": lambda dy, z: dy,
        "tanh": lambda dy, z: activations.tanh_backward(dy, np.tanh(z)),
        "sigmoid": lambda dy, z: activations.sigmoid_backward(dy, activations.sigmoid(z)),
    }
    total, hits = 0.0, 0
    for step in range(steps):
        rows = training.order[step * size : (step + 1) * size]
        t = losses.one_hot(y[rows, 0].astype(int), weights[3].size) if y.shape[1] == 1 else y[rows]
        z = x[rows] @ weights[0] + weights[1]
        h = activate[activation](z)
        logits = h @ weights[2] + weights[3]
        total += losses.softmax_crossentropy(logits, t, 0).sum()
        hits += (logits.argmax(axis=1) == t.argmax(axis=1)).sum()
        dlogits = (softmax.softmax(logits[..., None])[..., 0] - t) / size
        dz = derive[activation](dlogits @ weights[2].T, z)
        gradients = [x[rows].T @ dz, dz.sum(axis=0), h.T @ dlogits, dlogits.sum(axis=0)]
        rate = training.session.counters.rates[step]
        for i, g in enumerate(gradients):
            if optimizer == "sgd":
                (weights[i],) = updates.sgd(g, rate, weights[i])
                continue
            count = [step + 1] if optimizer == "adam" else []
            update = getattr(updates, optimizer)
            *slots[i], weights[i] = update(g, rate, *count, *numbers, *slots[i], weights[i])
    return weights, total, hits
