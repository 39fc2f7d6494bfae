"""The command for machines with a GPU runs in the simulator, from one end to the other."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchmarks.gpu import sections
from benchmarks.gpu.sections import FAILED, LATE, OK, Deadline, Process, Section

ROOT = Path(__file__).parents[2]


def test_short_form_in_the_simulator(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "tools/gpu_check.py", "--short", "--simulated"]
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "OUT": str(out)}
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "results")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All that was checked is right." in done.stdout
    (page,) = (tmp_path / "results").glob("*.md")
    assert (out / page.name).read_text() == page.read_text()
    results = json.loads(page.with_suffix(".json").read_text())["results"]
    kernels, agreement = results["Kernels against float64"], results["Ways that must agree"]
    assert {outcome["state"] for outcome in kernels + agreement} == {"ok"}
    assert len(kernels) > 30
    assert results["In short"]["tiny"]["nnkit"] > 0


def test_no_gpu(tmp_path):
    """Whoever has none is told why, and nothing is written."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_ENABLE_CUDASIM"}
    environment["CUDA_VISIBLE_DEVICES"] = ""
    done = subprocess.run(
        [sys.executable, "tools/gpu_check.py", "--output", str(tmp_path / "results")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "There is no GPU to check" in done.stderr
    assert not (tmp_path / "results").exists()


class Items:
    """What a section might do, in a process of its own."""

    def __init__(self, short):
        self.seen = []

    def items(self):
        return ["one", "two", "wrong", "crash", "three"]

    def measure(self, name):
        self.seen.append(name)
        if name == "wrong":
            raise AssertionError("2 is not 1")
        if name == "crash":
            os._exit(1)
        return f"after {len(self.seen)}", len(self.seen)

    def hang(self):
        threading.Event().wait()


SECTION = Section("Some items", f"{__name__}:Items")


def test_after_a_failure_a_fresh_process_goes_on():
    outcomes = SECTION.run(True, Deadline(600))
    assert [o.state for o in outcomes] == [OK, OK, FAILED, FAILED, OK]
    assert [o.value for o in outcomes] == [1, 2, None, None, 1]
    assert outcomes[2].text == "AssertionError: 2 is not 1"
    table = str(SECTION.table(outcomes))
    assert "raise AssertionError" in table
    assert table.count(FAILED) == 2


def test_what_is_not_reached_in_time_is_named():
    outcomes = SECTION.run(True, Deadline(0))
    assert [(o.name, o.state) for o in outcomes][:2] == [("one", LATE), ("two", LATE)]


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(sections, "GRACE", 0)
    with Process(SECTION.target, True) as process:
        process.call(Deadline(600), "items")
        with pytest.raises(RuntimeError, match="hang had not come to an end in time"):
            process.call(Deadline(0), "hang")
        assert process.call(Deadline(600), "measure", "one") == ["after 1", 1]
