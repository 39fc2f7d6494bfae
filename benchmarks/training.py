"""Microseconds a training step, all libraries in turn."""

from dataclasses import asdict, replace
from statistics import median

from benchmarks.cases import CASES
from benchmarks.peers import PEERS
from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, repeats, spread, times

_NOTE = (
    "Speed-up: how many times as long as nnkit's a step takes, the median over the rounds. Loss: "
    "of all training data after the first epoch, from the same weights in the same order of "
    "batches; Keras and scikit-learn shuffle by themselves."
)


def run(report, workers, cases, pace):
    """A table a case."""
    workers = {name: w for name, w in workers.items() if PEERS[name].trains}
    for name in cases:
        report.add(_measure(name, workers, pace))


def _measure(name, workers, pace):
    case = CASES[name]
    case = replace(case, samples=min(case.samples, pace.samples))
    losses, turns = {}, {}
    for peer, worker in workers.items():
        losses[peer], epoch = worker.call("start", asdict(case))
        turns[peer] = _turn(worker, case, repeats(epoch, pace.seconds))
    results = in_turn(turns, pace.rounds)
    for worker in workers.values():
        worker.call("finish")
    ours = results["nnkit"]
    rows, data = [], {}
    for peer, theirs in results.items():
        ratio = times(theirs, ours)
        wanted, reached = verdict(ratio, case.targets.get(peer))
        middle, ends = spread(theirs, 1)
        rows.append([peer, f"{ratio:.2f}", wanted, reached, middle, ends, f"{losses[peer]:.4f}"])
        data[peer] = {
            "speed_up": ratio,
            "target": case.targets.get(peer),
            "microseconds": median(theirs),
            "rounds": theirs,
            "loss": losses[peer],
        }
    columns = ["", "speed-up", "target", "reached", "µs a step", "least-most", "loss"]
    return Table(f"Training {case}", columns, rows, data, _NOTE)


def _turn(worker, case, epochs):
    return lambda: 1e6 * worker.call("train", epochs) / (epochs * case.steps)
