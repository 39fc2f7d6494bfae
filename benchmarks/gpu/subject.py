"""A peer in a process of its own: it trains, and looks at the clock."""

import gc
import time

from benchmarks.cases import loss
from benchmarks.gpu.cases import Case
from benchmarks.gpu.peers import PEERS

ROWS = 4096  # Of the data, on which losses are compared.


class Subject:
    """An adapter and the case that it trains."""

    def __init__(self, peer):
        self.adapter = PEERS[peer].load()

    def ready(self):
        """The library has been imported."""

    def start(self, case):
        """Seconds of the first epoch and all before it, the loss after two, seconds of a third."""
        self.trainer = None
        gc.collect()
        case, self.epoch = Case(**case), 0
        x, y = case.data()
        started = time.perf_counter()
        self.trainer = self.adapter(case, case.weights())
        self.trainer.load(x, y)
        self.train(1)
        first = time.perf_counter() - started
        self.train(1)
        return first, loss(case, self.trainer.weights(), x[:ROWS], y[:ROWS]), self.train(1)

    def train(self, epochs):
        """Seconds that so many more epochs take."""
        first, self.epoch = self.epoch, self.epoch + epochs
        return self.trainer.train(range(first, self.epoch))
