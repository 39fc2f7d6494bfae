"""What other optimizers than Adam cost, and metrics with state: epochs of one network."""

import time

import numpy as np

import nnkit
from benchmarks.cases import CASES, CLASSES
from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, repeats, spread, times
from benchmarks.worker import Worker
from nnkit.layers import Dense
from nnkit.metrics import AUC, F1Score, Precision, Recall

_CASE = "small"
VARIANTS = {  # The optimizer, metrics, and how many times Adam's epoch is wanted at most.
    "Adam": ("adam", list, None),
    "AdamW": ("adamw", list, 1.2),
    "Nadam": ("nadam", list, 1.2),
    "Lion": ("lion", list, 1.2),
    "Adam, AUC": ("adam", lambda: [AUC()], 1.05),
    "Adam, Precision, Recall, F1Score": ("adam", lambda: [Precision(), Recall(), F1Score()], 1.05),
}


class Fits:
    """In a worker: the same network, compiled in several ways."""

    def __init__(self, samples):
        case = CASES[_CASE]
        x, y = (array[:samples] for array in case.data())
        self.data, self.batch = (x, np.eye(CLASSES, dtype=np.float32)[y]), case.batch
        self.models = {}
        for name, (optimizer, metrics, _) in VARIANTS.items():
            layers = [nnkit.Input((case.inputs,))]
            layers += [Dense(n, activation=case.activation) for n in case.hidden]
            model = nnkit.Sequential([*layers, Dense(CLASSES, activation="softmax")])
            model.compile(optimizer, "categorical_crossentropy", metrics=metrics())
            self.models[name] = model

    def run(self, name, epochs):
        """Seconds of so many epochs."""
        started = time.perf_counter()
        self.models[name].fit(*self.data, batch_size=self.batch, epochs=epochs, verbose=0)
        return time.perf_counter() - started


def run(report, pace):
    with Worker("benchmarks.compiled:Fits", pace.samples) as worker:
        for name in VARIANTS:
            worker.call("run", name, 1)
        epochs = repeats(worker.call("run", "Adam", 1), pace.seconds)
        results = in_turn(
            {n: lambda n=n: worker.call("run", n, epochs) / epochs for n in VARIANTS}, pace.rounds
        )
    rows, data = [], {}
    for name, theirs in results.items():
        ratio, target = times(theirs, results["Adam"]), VARIANTS[name][2]
        milliseconds = [1000 * s for s in theirs]
        rows.append([name, f"{ratio:.3f}", *verdict(ratio, target, True), *spread(milliseconds, 1)])
        data[name] = {"times_adam": ratio, "target": target, "milliseconds": milliseconds}
    columns = ["", "times Adam", "target", "reached", "ms an epoch", "least-most"]
    title = f"Optimizers and metrics in fit, {CASES[_CASE]}"
    report.add(Table(title, columns, rows, data, "Times Adam: the median over the rounds."))
