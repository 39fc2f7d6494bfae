"""Measure nnkit against other libraries on two cores, and write down what came out."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks import (
    accuracy,
    compiled,
    images,
    layers,
    memory,
    overhead,
    predict,
    rounds,
    startup,
    symbolic,
    threads,
    training,
)
from benchmarks.cases import CASES
from benchmarks.networks import NETWORKS
from benchmarks.peers import PEERS
from benchmarks.report import Report
from benchmarks.worker import Worker

FOLDER = Path(__file__).parent
SECTIONS = [
    "training",
    "layers",
    "predict",
    "startup",
    "overhead",
    "compiled",
    "images",
    "memory",
    "accuracy",
    "symbolic",
]


def main(arguments=None, folder=None):
    """Run what the command line asks for; returns the page that was written."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parse(arguments)
    report = Report(arguments, options.as_set)
    if not options.as_set:
        threads.free()
    threads.limit()
    pace = rounds.QUICK if options.quick else rounds.FULL
    with ExitStack() as stack:
        workers = {}
        for name in options.peers:
            if missing := PEERS[name].missing():
                print(f"{name} is left out; not installed: {', '.join(missing)}\n")
            else:
                workers[name] = stack.enter_context(Worker("benchmarks.subject:Subject", name))
        if "training" in options.only:
            training.run(report, workers, options.cases, pace)
        if "predict" in options.only:
            predict.run(report, workers, pace)
    if "layers" in options.only:
        layers.run(report, options.peers, options.networks, pace)
    if "startup" in options.only:
        startup.run(report, list(workers), pace)
    if "overhead" in options.only:
        overhead.run(report, pace)
    if "compiled" in options.only:
        compiled.run(report, pace)
    if "images" in options.only:
        images.run(report, pace)
    if "memory" in options.only:
        memory.run(report, pace)
    if "accuracy" in options.only:
        accuracy.run(report)
    if "symbolic" in options.only:
        symbolic.run(report, pace)
    # Only a whole run is a result to keep.
    page = report.write(folder or FOLDER / ("scratch" if arguments else "results"))
    print(f"Written to {page} and {page.with_suffix('.json').name}")
    return page


def _parse(arguments):
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)

    def choices(name, known, text):
        parser.add_argument(name, nargs="+", choices=known, default=list(known), help=text)

    text = "keep settings of the environment that choose a library's kernels for it"
    parser.add_argument("--as-set", action="store_true", help=text)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    choices("--only", SECTIONS, "what to measure")
    choices("--peers", list(PEERS), "whom to measure; nnkit is always among them")
    choices("--cases", list(CASES), "which networks of Dense layers to train")
    choices("--networks", list(NETWORKS), "which networks of other layers to train")
    options = parser.parse_args(arguments)
    options.peers = ["nnkit", *(name for name in options.peers if name != "nnkit")]
    return options


if __name__ == "__main__":
    main()
