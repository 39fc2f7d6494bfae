"""Milliseconds a training step of networks that are not Dense alone, and a convolution's rate."""

import time
from contextlib import ExitStack
from statistics import median

import numpy as np

from benchmarks import threads
from benchmarks.networks import NETWORKS
from benchmarks.peers import PEERS
from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, repeats, spread, times
from benchmarks.worker import Worker

_NOTE = (
    "Batches of 64, Adam. Speed-up: how many times as long as nnkit's a step takes, the median "
    "over the rounds. Loss: of the training data after the first epoch; each library starts from "
    "weights of its own."
)
_SHARE = 0.6  # Of the rate of products that a convolution is to reach.


def run(report, peers, pace):
    """A table of the networks, and one of the convolution."""
    peers = [name for name in ("nnkit", "torch", "keras") if name in peers]
    peers = [name for name in peers if not PEERS[name].missing()]
    rows, data = [], {}
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(Worker("benchmarks.networks:Subject", name)) for name in peers
        }
        for name, network in NETWORKS.items():
            data[name] = {}
            for row in _measure(name, network, workers, pace, data[name]):
                rows.append(row)
    columns = ["", "", "speed-up", "target", "reached", "ms a step", "least-most", "loss"]
    report.add(Table("Convolution, recurrence, embedding", columns, rows, data, _NOTE))
    with Worker("benchmarks.layers:Convolution") as worker:
        report.add(_rate(worker, pace))


def _measure(name, network, workers, pace, data):
    losses, turns = {}, {}
    for peer, worker in workers.items():
        losses[peer], epoch = worker.call("start", name)
        turns[peer] = _turn(worker, network, repeats(epoch, pace.seconds))
    results = in_turn(turns, pace.rounds)
    for peer, theirs in results.items():
        ratio = times(theirs, results["nnkit"])
        wanted, reached = verdict(ratio, network.targets.get(peer))
        middle, ends = spread(theirs, 2)
        title = network.title if peer == "nnkit" else ""
        yield [title, peer, f"{ratio:.2f}", wanted, reached, middle, ends, f"{losses[peer]:.4f}"]
        data[peer] = {
            "speed_up": ratio,
            "target": network.targets.get(peer),
            "milliseconds": median(theirs),
            "rounds": theirs,
            "loss": losses[peer],
        }


def _turn(worker, network, epochs):
    return lambda: 1e3 * worker.call("train", epochs) / (epochs * network.steps)


# ------------------------------------------------------------------------------ the convolution


class Convolution:
    """Forward and backward of 64 to 64 channels, 3x3, 28x28, batch 32; and a square product."""

    def __init__(self):
        from nnkit.engine.dispatch import launch
        from nnkit.layers import Conv2D

        rng = np.random.default_rng(0)
        x, dy = rng.random((2, 32, 28, 28, 64), np.float32)
        layer = Conv2D(64, 3, padding="same", use_bias=False)
        layer.ensure_built(x.shape)

        def convolution():
            layer.forward(x, True)
            layer.backward(dy)

        a, b, c = rng.random((3, 2048, 2048), np.float32)
        self.programs = {
            "convolution": (_program(convolution), 3 * 2 * x.size * 9 * 64),
            "product": (_program(lambda: launch.matmul(a, b, c)), 2 * 2048**3),
        }

    def rate(self, name, repeats):
        """GFLOP/s of so many runs."""
        program, flops = self.programs[name]
        started = time.perf_counter()
        program.run(repeats)
        return flops * repeats / (time.perf_counter() - started) / 1e9


def _program(function):
    """What a function launches, made ready to be replayed by all cores."""
    from nnkit.engine.dispatch import recording
    from nnkit.engine.memory import Arena
    from nnkit.engine.program import Program
    from nnkit.engine.tape import Tape

    with recording(Tape({})) as tape:
        function()
    program = Program(tape, Arena(), threads.THREADS)
    program.run(1)
    return program


def _rate(worker, pace):
    rates = in_turn(
        {name: _rate_turn(worker, name, pace) for name in ("convolution", "product")}, pace.rounds
    )
    share = median(a / b for a, b in zip(rates["convolution"], rates["product"], strict=True))
    wanted, reached = verdict(share, _SHARE)
    rows = [
        ["convolution", f"{share:.2f}", wanted, reached, *spread(rates["convolution"])],
        ["product of 2048 x 2048", "1.00", "", "", *spread(rates["product"])],
    ]
    columns = ["", "share", "target", "reached", "GFLOP/s", "least-most"]
    title = "Conv2D 3x3, 64 to 64 channels, 28x28, batch 32, forward and backward"
    return Table(title, columns, rows, {"share": share, "target": _SHARE, "rounds": rates}, "")


def _rate_turn(worker, name, pace):
    worker.call("rate", name, 3)  # Warms up.
    return lambda: worker.call("rate", name, max(1, round(20 * pace.seconds)))
