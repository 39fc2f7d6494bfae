"""Microseconds a training step, all libraries in turn."""

from dataclasses import asdict, replace
from statistics import median

from benchmarks.cases import CASES
from benchmarks.floor import rate_turn
from benchmarks.peers import PEERS
from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, repeats, spread, times
from benchmarks.worker import Worker

_NOTE = (
    "Speed-up: how many times as long as nnkit's a step takes, the median over the rounds. Loss: "
    "of all training data after the first epoch, from the same weights in the same order of "
    "batches; Keras and scikit-learn shuffle by themselves. Floor: the products of a step at the "
    "rate of a large product, measured in the same rounds; its speed-up is the share of that rate "
    "that nnkit reaches."
)


def run(report, workers, cases, pace):
    """A table a case."""
    workers = {name: w for name, w in workers.items() if PEERS[name].trains}
    with Worker("benchmarks.floor:Product") as product:
        for name in cases:
            report.add(_measure(name, workers, rate_turn(product, pace), pace))


def _measure(name, workers, rate, pace):
    case = CASES[name]
    case = replace(case, samples=min(case.samples, pace.samples))
    losses, turns = {}, {}
    for peer, worker in workers.items():
        losses[peer], epoch = worker.call("start", asdict(case))
        turns[peer] = _turn(worker, case, repeats(epoch, pace.seconds))
    turns["floor"] = lambda: case.flops / rate() / 1e3
    results = in_turn(turns, pace.rounds)
    for worker in workers.values():
        worker.call("finish")
    ours = results["nnkit"]
    rows, data = [], {}
    for peer, theirs in results.items():
        ratio = times(theirs, ours)
        wanted, reached = verdict(ratio, case.targets.get(peer))
        middle, ends = spread(theirs, 1)
        loss = f"{losses[peer]:.4f}" if peer in losses else ""
        rows.append([peer, f"{ratio:.2f}", wanted, reached, middle, ends, loss])
        data[peer] = {
            "speed_up": ratio,
            "target": case.targets.get(peer),
            "microseconds": median(theirs),
            "rounds": theirs,
            "loss": losses.get(peer),
        }
    columns = ["", "speed-up", "target", "reached", "µs a step", "least-most", "loss"]
    return Table(f"Training {case}", columns, rows, data, _NOTE)


def _turn(worker, case, epochs):
    return lambda: 1e6 * worker.call("train", epochs) / (epochs * case.steps)
