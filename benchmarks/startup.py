"""How long one waits at first, and how much is installed."""

import configparser
import os
import subprocess
import sys
import tempfile
import time
from statistics import median

from benchmarks import installed
from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn
from benchmarks.worker import ROOT

# Peers whose start is measured, and what a program that uses them imports.
_IMPORTS = {
    "nnkit": "nnkit",
    "torch": "torch",
    "jax step": "jax",
    "keras": "keras",
    "scikit-learn": "sklearn.neural_network",
}
_IMPORT, _COLD, _WARM = "import", "first fit ever, to the epoch's end", "first step"
_TARGETS = {_IMPORT: 0.3, _COLD: 10.0, _WARM: 1.5}
_NOTE = (
    "Seconds from the start of a process; import: less those of a bare Python. The epoch has 188 "
    "steps of 784-128-10, batch 32. First ever: with an empty cache of compiled kernels."
)
# What other libraries come with, to compare with the packages that nnkit's setup.cfg names.
_SETS = {
    "torch": ["torch"],
    "keras on jax": ["keras", "jax"],
    "scikit-learn": ["scikit-learn"],
    "onnxruntime": ["onnxruntime"],
}


def run(report, peers, pace):
    """Two tables: seconds, and megabytes."""
    report.add(_waits([name for name in _IMPORTS if name in peers], pace.starts))
    report.add(_sizes())


def _waits(peers, starts):
    bare = in_turn({"bare": lambda: _import("sys")}, starts)["bare"]
    imports = in_turn({p: lambda p=p: _import(_IMPORTS[p]) - median(bare) for p in peers}, starts)
    with tempfile.TemporaryDirectory() as cache:
        environment = {"NNKIT_CACHE_DIR": cache}
        cold = _first_fit("nnkit", environment)
        fits = {p: [_first_fit(p, environment) for _ in range(starts)] for p in peers}
    measured = {("nnkit", "first step ever"): [cold[0]], ("nnkit", _COLD): [cold[1]]}
    for peer in peers:
        measured[peer, _IMPORT] = imports[peer]
        measured[peer, _WARM] = [step for step, _ in fits[peer]]
        measured[peer, "first epoch"] = [epoch for _, epoch in fits[peer]]
    rows, data = [], {}
    for (peer, what), seconds in measured.items():
        target = _TARGETS.get(what) if peer == "nnkit" else None
        value = median(seconds)
        ends = f"{min(seconds):.2f}-{max(seconds):.2f}"
        rows.append([f"{peer}: {what}", f"{value:.2f}", *verdict(value, target, most=True), ends])
        data[f"{peer}: {what}"] = {"seconds": seconds, "target": target}
    columns = ["", "seconds", "target", "reached", "least-most"]
    return Table("Start", columns, rows, data, _NOTE)


def _import(module):
    started = time.perf_counter()
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    subprocess.run(
        [sys.executable, "-c", f"import {module}"], check=True, cwd=ROOT, env=environment
    )
    return time.perf_counter() - started


def _first_fit(peer, environment):
    """Seconds until the first step, and until the first epoch, is done."""
    command = [sys.executable, "-m", "benchmarks.first_fit", peer]
    started = time.perf_counter()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
    ) as process:
        done = {line.strip(): time.perf_counter() - started for line in process.stdout}
    return done["step"], done["epoch"]


def _sizes():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    needed = config["options"]["install_requires"].split()
    own = sum(f.stat().st_size for f in (ROOT / "nnkit").rglob("*") if "__pycache__" not in f.parts)
    sizes = {"nnkit": own + installed.size(needed)}
    sizes |= {name: installed.size(needs) for name, needs in _SETS.items()}
    rows = [
        [name, f"{size / 1e6:.0f}", f"{size / sizes['nnkit']:.1f}"]
        for name, size in sizes.items()
        if size
    ]
    note = "With everything they need, Python's compiled files included."
    return Table("Installed", ["", "MB", "times nnkit"], rows, sizes, note)
