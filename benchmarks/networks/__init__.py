"""Networks of other layers than Dense: what each library builds, and the data they share."""

import time
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np

BATCH, CLASSES = 64, 10
WORDS, LENGTH, WIDTH = 20_000, 100, 128  # Of the text classifier.
FRAMES = 8  # Of a film: an image that moves to the right.


@dataclass(frozen=True)
class Network:
    """A network, by the name of the function that builds it in each library's module."""

    title: str
    data: str  # "images" (28, 28, 1), "rows" (28, 28), "films" or "words" (LENGTH,).
    samples: int  # A multiple of the batch.
    targets: dict[str, float] = field(default_factory=dict)  # Peer to wanted speed-up.

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.samples // BATCH

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs, and int32 labels."""
        if self.data == "words":
            rng = np.random.default_rng(0)
            x = rng.integers(0, WORDS, (self.samples, LENGTH)).astype(np.int32)
            return x, (x[:, 0] % CLASSES).astype(np.int32)
        from nnkit.datasets import load_digits, mnist

        (x, y), _ = mnist.load_data() if mnist.find() else load_digits()
        rows = np.arange(self.samples) % len(x)
        x, shape = x[rows] / np.float32(255), (28, 28) if self.data == "rows" else (28, 28, 1)
        if self.data == "films":
            x = np.stack([np.roll(x, 2 * i, axis=2) for i in range(FRAMES)], axis=1)
            shape = (FRAMES, *shape)
        return x.reshape(self.samples, *shape), y[rows].astype(np.int32)


NETWORKS = {
    "lenet": Network("LeNet-5 (tanh, average pooling)", "images", 6400, {"torch": 2.5}),
    "convolutional": Network(
        "Conv 32-64 3x3 relu, max pooling, dropout", "images", 3200, {"torch": 1.5, "keras": 3}
    ),
    "lstm": Network("LSTM 128, 28 steps of 28", "rows", 3200, {"torch": 1.3, "keras": 2}),
    "gru": Network("GRU 128, 28 steps of 28", "rows", 3200, {"torch": 2, "keras": 1.7}),
    "conv3d": Network(
        "Conv3D 16-32 3x3x3 relu, max pooling", "films", 320, {"torch": 1.2, "keras": 2}
    ),
    "separable": Network(
        "SeparableConv2D 64-128 3x3 relu", "images", 1280, {"torch": 1.2, "keras": 2}
    ),
    "convlstm": Network("ConvLSTM2D 16 3x3, 8 frames", "films", 320, {"torch": 1.2, "keras": 2}),
    "group_norm": Network(
        "Conv 32-64 3x3, GroupNormalization, relu", "images", 1280, {"torch": 1.2, "keras": 2}
    ),
    "text": Network("Embedding 20000 x 128, mean of 100", "words", 3200, {"torch": 2}),
}

_MODULES = {"nnkit": "nnkit_", "torch": "torch_", "keras": "keras_"}


class Subject:
    """A library in a worker."""

    def __init__(self, peer):
        self.trainer = import_module(f"benchmarks.networks.{_MODULES[peer]}").Trainer

    def start(self, name):
        """Build and do an epoch: the loss after it, and seconds of another."""
        self.epoch = 0
        self.model = self.trainer(name)
        self.model.load(*NETWORKS[name].arrays())
        self.train(1)
        loss = self.model.loss()
        self.train(1)
        return loss, self.train(1)

    def train(self, epochs):
        """Seconds that so many more epochs take."""
        started = time.perf_counter()
        self.model.train(epochs)
        return time.perf_counter() - started
