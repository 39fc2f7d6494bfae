"""What a worker does with a library: train it, or ask it for predictions, and look at the clock."""

import gc
import time

import numpy as np

from benchmarks import cases
from benchmarks.peers import PEERS


class Subject:
    """A peer."""

    def __init__(self, peer):
        self.adapter = PEERS[peer].load()

    def start(self, case):
        """Prepare to train, and do an epoch: the loss after it, and seconds of another."""
        self.case, self.epoch = cases.Case(**case), 0
        x, y = self.case.data()
        self.trainer = self.adapter(self.case, self.case.weights())
        self.trainer.load(x, y)
        self.train(1)
        loss = cases.loss(self.case, self.trainer.weights(), x, y)
        self.train(1)  # Some compile again in the second epoch.
        return loss, self.train(1)

    def train(self, epochs):
        """Seconds that so many more epochs take."""
        first, self.epoch = self.epoch, self.epoch + epochs
        started = time.perf_counter()
        self.trainer.train(range(first, self.epoch))
        return time.perf_counter() - started

    def finish(self):
        """Give back the memory of the case."""
        self.trainer = None
        gc.collect()

    def prepare(self, case, rows):
        """Prepare to predict: the error and seconds of one call, by the name of the function."""
        case = cases.Case(**case)
        weights = case.weights()
        self.x = np.random.default_rng(0).random((rows, case.inputs), np.float32)
        self.functions = self.adapter(case, weights).predictors()
        wanted = cases.probabilities(case, weights, self.x)
        errors = {
            name: float(np.abs(np.asarray(function(self.x)) - wanted).max())
            for name, function in self.functions.items()
        }
        return {name: (error, self.predict(name, 20) / 20) for name, error in errors.items()}

    def predict(self, name, calls):
        """Seconds that so many predictions take."""
        function, x = self.functions[name], self.x
        started = time.perf_counter()
        for _ in range(calls):
            function(x)
        return time.perf_counter() - started
