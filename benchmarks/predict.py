"""Microseconds a prediction, all libraries in turn."""

from dataclasses import asdict
from statistics import median

from benchmarks.cases import CASES
from benchmarks.peers import PEERS
from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, repeats, spread, times

_CASE = CASES["small"]
_NOTE = (
    "Times nnkit: how many times as long as `model.predict` of nnkit a call takes, from a NumPy "
    "array to a NumPy array. Error: the largest distance from what NumPy computes."
)
# Rows and function to the wanted number of times nnkit's time.
_TARGETS = {(1, "onnxruntime"): 1 / 1.5, (1, "keras predict"): 50.0}


def run(report, workers, pace):
    """A table a number of rows."""
    workers = {name: w for name, w in workers.items() if PEERS[name].predicts}
    for rows in (1, 32, 1000):
        report.add(_measure(rows, workers, pace))


def _measure(rows, workers, pace):
    errors, turns = {}, {}
    for worker in workers.values():
        for name, (error, once) in worker.call("prepare", asdict(_CASE), rows).items():
            errors[name] = error
            turns[name] = _turn(worker, name, repeats(once, pace.seconds / 4))
    results = in_turn(turns, pace.rounds)
    ours = results["nnkit predict"]
    lines, data = [], {}
    for name, theirs in results.items():
        ratio, target = times(theirs, ours), _TARGETS.get((rows, name))
        middle, ends = spread(theirs, 1)
        wanted, reached = verdict(ratio, target and round(target, 2))
        lines.append([name, f"{ratio:.2f}", wanted, reached, middle, ends, f"{errors[name]:.0e}"])
        data[name] = {
            "times_nnkit": ratio,
            "target": target,
            "microseconds": median(theirs),
            "rounds": theirs,
            "error": errors[name],
        }
    columns = ["", "times nnkit", "target", "reached", "µs a call", "least-most", "error"]
    title = f"Prediction {'-'.join(map(str, _CASE.sizes))}, rows: {rows}"
    return Table(title, columns, lines, data, _NOTE)


def _turn(worker, name, calls):
    return lambda: 1e6 * worker.call("predict", name, calls) / calls
