"""What the progress bar and callbacks cost: the same epoch with and without."""

import contextlib
import io
import time

import nnkit
from benchmarks.cases import CASES
from benchmarks.peers import PEERS
from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, repeats, spread
from benchmarks.worker import Worker

_CASE, _TARGET = "small", 1.01


class Fits:
    """In a worker: fits that differ in nothing but what they tell the user."""

    def __init__(self):
        case = CASES[_CASE]
        self.trainer = PEERS["nnkit"].load()(case, case.weights())
        self.trainer.load(*case.data())
        self.epoch = 0

    def run(self, verbose, callbacks, epochs):
        """Seconds of so many epochs."""
        listeners = [nnkit.callbacks.Callback() for _ in range(callbacks)]
        first, self.epoch = self.epoch, self.epoch + epochs
        screen = Terminal()
        started = time.perf_counter()
        with contextlib.redirect_stdout(screen):
            self.trainer.train(range(first, self.epoch), verbose=verbose, callbacks=listeners)
        return time.perf_counter() - started


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(report, pace):
    with Worker("benchmarks.overhead:Fits") as worker:
        worker.call("run", 0, 0, 1)
        epochs = repeats(worker.call("run", 0, 0, 1), 2 * pace.seconds)
        variants = {"silent": (0, 0), "progress bar": (1, 0), "three callbacks": (0, 3)}
        results = in_turn(
            {n: lambda v=v: worker.call("run", *v, epochs) / epochs for n, v in variants.items()},
            2 * pace.rounds,
        )
    rows, data = [], {}
    for name, theirs in results.items():
        ratio = min(theirs) / min(results["silent"])
        target = None if name == "silent" else _TARGET
        milliseconds = [1000 * s for s in theirs]
        rows.append([name, f"{ratio:.3f}", *verdict(ratio, target, True), *spread(milliseconds, 1)])
        data[name] = {"times_silent": ratio, "target": target, "milliseconds": milliseconds}
    columns = ["", "times silent", "target", "reached", "ms an epoch", "least-most"]
    note = "Times silent: the shortest epochs compared, as noise can only add to them."
    report.add(Table(f"Overhead in fit, {CASES[_CASE]}", columns, rows, data, note))
