"""Whether memory grows, and how much training takes."""

import gc
import re
from pathlib import Path

import numpy as np

import nnkit
from benchmarks.cases import CASES
from benchmarks.peers import PEERS
from benchmarks.report import Table
from benchmarks.worker import Worker
from nnkit.engine.cpu import CPU
from nnkit.layers import Dense, Softmax, Tanh

_STATUS = Path("/proc/self/status")


class Probe:
    """In a worker: things done many times, and the memory of the process before and after."""

    def growth_of_predict(self, times):
        """Bytes by which the process grows in so many predictions."""
        model = _small_model()
        x = np.zeros((1, 64), np.float32)
        return _growth(lambda: model.predict(x), times)

    def growth_of_models(self, times):
        """Bytes by which it grows when so many models are made, trained and dropped."""
        x, y = np.zeros((32, 64), np.float32), np.zeros(32, np.int32)
        return _growth(lambda: _small_model().fit(x, y, verbose=0), times)

    def training(self, name):
        """Bytes that training takes at most, by account and in fact; start a worker for it."""
        case = CASES[name]
        trainer = PEERS["nnkit"].load()(case, case.weights())
        trainer.load(*(a[: 4 * case.batch] for a in case.data()))
        trainer.train(range(1))  # All kernels are loaded.
        del trainer
        gc.collect()
        before = _memory("VmRSS")
        x, y = case.data()
        Path("/proc/self/clear_refs").write_text("5")  # The peak counts from here.
        trainer = PEERS["nnkit"].load()(case, case.weights())
        trainer.load(x, y)
        trainer.train(range(1))
        model = trainer.model
        copies = 2 + len(model.optimizer.slots)  # Weights, gradients and the optimizer's memory.
        parameters = 4 * model.count_params() * copies
        arena = model.session().records.arena(CPU).size
        return {
            "data": x.nbytes + y.nbytes,
            "parameters": parameters,
            "arena": arena,
            "peak": _memory("VmHWM") - before,
        }


def run(report, pace):
    """Skipped where the system doesn't tell a process its size."""
    if not _STATUS.exists():
        print("Memory is not measured: there is no /proc on this system\n")
        return
    predicts, models = 10 * pace.scale, pace.scale
    with Worker("benchmarks.memory:Probe") as worker:
        grown = {
            f"{predicts} predictions": worker.call("growth_of_predict", predicts),
            f"{models} models made, trained and dropped": worker.call("growth_of_models", models),
        }
    rows = [[name, f"{size / 1e6:.2f}"] for name, size in grown.items()]
    report.add(Table("Growth of the process", ["", "MB"], rows, grown))
    with Worker("benchmarks.memory:Probe") as worker:
        found = worker.call("training", "medium")
    account = found["data"] + found["parameters"] + found["arena"]
    rows = [[name, f"{size / 1e6:.1f}"] for name, size in found.items()]
    rows.append(["peak / (data + parameters + arena)", f"{found['peak'] / account:.2f}"])
    report.add(Table(f"Memory of training, {CASES['medium']}", ["", "MB"], rows, found))


def _small_model():
    layers = [nnkit.Input((64,)), Dense(32), Tanh(), Dense(10), Softmax()]
    model = nnkit.Sequential(layers)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def _growth(action, times):
    for _ in range(times // 10):
        action()
    gc.collect()
    before = _memory("VmRSS")
    for _ in range(times):
        action()
    gc.collect()
    return _memory("VmRSS") - before


def _memory(name):
    return 1024 * int(re.search(rf"{name}:\s*(\d+) kB", _STATUS.read_text())[1])
