"""Networks of other layers than Dense: what each library builds, and the data they share."""

import gc
import time
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np

CLASSES = 10
WORDS, LENGTH, WIDTH = 20_000, 100, 128  # Of the text classifier.
FRAMES = 8  # Of a film: an image that moves to the right.
TOKENS = 128  # Of a sequence.
# Ways to run torch: as its tutorials do, channels last, compiled, with products in bfloat16.
WAYS = ("torch", "torch channels_last", "torch compile", "torch bfloat16")


@dataclass(frozen=True)
class Network:
    """A network, by the name of the function that builds it in each library's module."""

    title: str
    # "images" (28, 28, 1), "colours" (32, 32, 3), "rows" (28, 28), "films", "words" (LENGTH,),
    # "tokens" (TOKENS, WIDTH) or "points" (4,).
    data: str
    samples: int  # A multiple of the batch.
    # Peer to wanted speed-up; "floor" to the share of the rate of products.
    targets: dict[str, float] = field(default_factory=dict)
    peers: tuple[str, ...] = ("torch", "keras")
    batch: int = 64

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.samples // self.batch

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs, and int32 labels; of points what the squared error compares with."""
        rng = np.random.default_rng(0)
        if self.data == "words":
            x = rng.integers(0, WORDS, (self.samples, LENGTH)).astype(np.int32)
            return x, (x[:, 0] % CLASSES).astype(np.int32)
        if self.data == "points":
            x = rng.standard_normal((self.samples, 4), np.float32)
            return x, np.sin(x[:, ::-1])
        if self.data in ("colours", "tokens"):
            shape = (32, 32, 3) if self.data == "colours" else (TOKENS, WIDTH)
            y = (np.arange(self.samples) % CLASSES).astype(np.int32)
            means = rng.random((CLASSES, *shape), np.float32)
            return means[y] + 0.5 * rng.standard_normal((self.samples, *shape), np.float32), y
        from nnkit.datasets import load_digits, mnist

        (x, y), _ = mnist.load_data() if mnist.find() else load_digits()
        rows = np.arange(self.samples) % len(x)
        x, shape = x[rows] / np.float32(255), (28, 28) if self.data == "rows" else (28, 28, 1)
        if self.data == "films":
            x = np.stack([np.roll(x, 2 * i, axis=2) for i in range(FRAMES)], axis=1)
            shape = (FRAMES, *shape)
        return x.reshape(self.samples, *shape), y[rows].astype(np.int32)


NETWORKS = {
    "points": Network(
        "Dense 4-32-16-4 tanh, one batch",
        *("points", 10_000, {"floor": 0.35, "torch": 10}, ("torch", "torch compile"), 10_000),
    ),
    "lenet": Network(
        "LeNet-5 (tanh, average pooling)", "images", 6400, {"floor": 0.67, "torch": 3.5}
    ),
    "relu_lenet": Network(
        "LeNet-5 (5x5 valid, relu, max pooling)", "images", 6400, {"floor": 0.55}, WAYS, 128
    ),
    "convolutional": Network(
        "Conv 32-64 3x3 relu, max pooling, dropout",
        *("images", 3200, {"floor": 1, "torch's best": 2.5, "keras": 3}, (*WAYS, "keras")),
    ),
    "six": Network(
        "Conv 32-32-64-64-128-128 3x3, dense 256",
        *("colours", 640, {"torch's best": 1.6}, WAYS),
    ),
    "resnet": Network("ResNet-20", "colours", 640, {"torch's best": 1.4}, WAYS),
    "mobile": Network(
        "Depthwise-separable 32-64-128-128-256", "colours", 640, {"torch's best": 1.4}, WAYS
    ),
    "encoder": Network(
        "Transformer encoder, 4 heads, 128 tokens",
        *("tokens", 320, {"torch's best": 1.3}, ("torch", "torch compile"), 32),
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

_TRAINERS = {
    "nnkit": "nnkit_.Trainer",
    "torch": "torch_.Trainer",
    "torch channels_last": "torch_.ChannelsLast",
    "torch compile": "torch_.Compiled",
    "torch bfloat16": "torch_.BFloat16",
    "keras": "keras_.Trainer",
}


class Subject:
    """A library in a worker."""

    def __init__(self, peer):
        module, trainer = _TRAINERS[peer].split(".")
        self.trainer = getattr(import_module(f"benchmarks.networks.{module}"), trainer)

    def start(self, name):
        """Build and do an epoch: the loss after it, and seconds of another."""
        self.epoch = 0
        self.model = self.trainer(name)
        self.model.load(*NETWORKS[name].arrays())
        self.train(1)
        loss = self.model.loss()
        self.train(1)
        return loss, self.train(1)

    def flops(self):
        """Operations of the products of a step; nnkit counts them."""
        return self.model.flops()

    def finish(self):
        """Give back the memory of the network."""
        self.model = None
        gc.collect()

    def train(self, epochs):
        """Seconds that so many more epochs take."""
        started = time.perf_counter()
        self.model.train(epochs)
        return time.perf_counter() - started
