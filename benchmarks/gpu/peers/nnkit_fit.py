"""nnkit's ``fit``, with the ways to replay a step that it chooses from."""

import time

import nnkit
from benchmarks.peers import nnkit_
from nnkit.engine.cuda.options import options


class Nnkit(nnkit_.Nnkit):
    """As it comes."""

    switches = {}  # noqa: RUF012  (options of the engine; never changed)

    def __init__(self, case, weights):
        nnkit.set_device("cuda")
        nnkit.config.set_matmul_precision("tf32" if case.tf32 else "float32")
        for name, value in self.switches.items():
            setattr(options, name, value)
        super().__init__(case, weights)

    def train(self, epochs):
        """Seconds of the epochs of one ``fit``, without its checks of the data."""
        clock = _Clock()
        super().train(epochs, callbacks=[clock])
        return clock.seconds


class NnkitGraph(Nnkit):
    switches = {"fuse": "none", "unroll": 1}  # noqa: RUF012


class NnkitUnrolled(Nnkit):
    switches = {"fuse": "none"}  # noqa: RUF012


class NnkitThree(Nnkit):
    switches = {"fuse": "three"}  # noqa: RUF012


class NnkitPersistent(Nnkit):
    switches = {"fuse": "persistent"}  # noqa: RUF012


class _Clock(nnkit.callbacks.Callback):
    """Seconds from the begin of the first epoch to the end of the last."""

    def __init__(self):
        super().__init__()
        self.started = None

    def on_epoch_begin(self, epoch, logs=None):
        self.started = self.started or time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds = time.perf_counter() - self.started
