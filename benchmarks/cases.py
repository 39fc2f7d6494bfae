"""What is measured: networks, data, starting weights and orders that all libraries share."""

from dataclasses import dataclass, field

import numpy as np

CLASSES = 10
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Of Adam.


@dataclass(frozen=True)
class Case:
    """A network and how it is trained."""

    hidden: tuple[int, ...]
    activation: str  # "tanh" or "relu"; the output is a softmax.
    batch: int
    optimizer: str  # "SGD" or "Adam"
    samples: int  # A multiple of ``batch``: every step of an epoch has the same size.
    inputs: int = 784
    targets: dict[str, float] = field(default_factory=dict)  # Peer to wanted speed-up.

    def __str__(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        return f"{sizes} {self.activation}, batch {self.batch}, {self.optimizer}"

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.inputs, *self.hidden, CLASSES)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.samples // self.batch

    @property
    def flops(self) -> int:
        """Of the products of a step: forward, to the weights, and to all inputs but the first."""
        forward = [2 * self.batch * m * n for m, n in zip(self.sizes, self.sizes[1:], strict=False)]
        return 3 * sum(forward) - forward[0]

    @property
    def rate(self) -> float:
        """The learning rate."""
        return 0.1 if self.optimizer == "SGD" else 0.001

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """float32 (samples, inputs) from 0 to 1, and int32 labels (samples,)."""
        # Not above: other libraries' start-up is measured too, and must not wait for nnkit.
        from nnkit.datasets import load_digits, mnist

        (x, y), _ = mnist.load_data() if mnist.find() else load_digits()
        rows = np.arange(self.samples) % len(x)
        x, y = x[rows], y[rows].astype(np.int32)
        if self.inputs == 64:
            x = x[:, 2:26:3, 2:26:3]
        return x.reshape(self.samples, self.inputs) / np.float32(255), y

    def weights(self) -> list[np.ndarray]:
        """Glorot's starting weights in Keras's layout: (in, out), (out,), (in, out), ..."""
        rng = np.random.default_rng(0)
        weights = []
        for m, n in zip(self.sizes, self.sizes[1:], strict=False):
            limit = np.sqrt(6 / (m + n))
            weights.append(rng.uniform(-limit, limit, (m, n)).astype(np.float32))
            weights.append(np.zeros(n, np.float32))
        return weights

    def order(self, epoch: int) -> np.ndarray:
        """The rows of each batch of an epoch, (steps, batch)."""
        order = np.random.default_rng([0, epoch]).permutation(self.samples)
        return order.reshape(self.steps, self.batch)


def probabilities(case: Case, weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """The output of the network, by NumPy alone."""
    *hidden, last = zip(weights[::2], weights[1::2], strict=True)
    for w, b in hidden:
        x = x @ w + b
        x = np.tanh(x) if case.activation == "tanh" else np.maximum(x, 0)
    z = x @ last[0] + last[1]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def loss(case: Case, weights: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> float:
    """The mean cross-entropy, by NumPy alone: the same yardstick for all libraries."""
    p = probabilities(case, weights, x)
    return float(-np.log(p[np.arange(len(y)), y]).mean())


# MNIST has 60000 images; 59904 of them are whole batches of any size up to 256.
CASES = {
    "tiny": Case(
        *((32,), "tanh", 32, "SGD", 6400, 64),
        {"floor": 0.59, "torch": 20, "jax scan": 4},
    ),
    "small": Case(
        *((128,), "tanh", 32, "SGD", 59904),
        targets={"floor": 0.8, "torch": 2.2, "jax scan": 1.5},
    ),
    "batch": Case((128,), "tanh", 128, "SGD", 59904, targets={"torch": 1.6, "jax scan": 0.9}),
    "medium": Case(
        *((256, 128), "relu", 128, "Adam", 59904),
        targets={"floor": 0.91, "torch": 2, "jax scan": 1.3},
    ),
    "large": Case((1024, 1024), "relu", 256, "Adam", 8192, targets={"torch": 1.1, "jax scan": 0.9}),
}
