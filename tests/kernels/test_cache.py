"""Compiled kernels on disk: found again, and never taken for another kernel."""

import subprocess
import sys

import numpy as np
import pytest

import nnkit
from nnkit.kernels import _disk, _jit
from tests.helpers import run

SOURCE = """
import math
{imports}
def kernel(x, y):
    for i in range(x.size):
        y[i] = {formula}
"""


def typed_at_a_prompt(formula, **names):
    exec(SOURCE.format(imports="", formula=formula), names)
    return nnkit.kernel(outputs=["y"])(names["kernel"])


def value(kernel):
    x, y = np.array([2.0]), np.empty(1)
    run(kernel, x, y)
    return y[0]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNKIT_CACHE_DIR", str(tmp_path))
    return tmp_path / "kernels"


@pytest.fixture
def compilations(monkeypatch):
    """How often anything was compiled rather than loaded."""
    count = []
    build = _jit._build
    monkeypatch.setattr(_jit, "_build", lambda *a: count.append(1) or build(*a))
    return count


def test_equal_kernels_are_compiled_once(cache, compilations):
    assert value(typed_at_a_prompt("x[i] + 1")) == 3
    assert value(typed_at_a_prompt("x[i] + 1")) == 3
    assert len(compilations) == 1
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("x[i] + 1", {}), ("x[i] + 2", {})),
        (("math.sin(x[i])", {}), ("math.cos(x[i])", {})),
        (("x[i] * C", {"C": 2.0}), ("x[i] * C", {"C": 3.0})),
    ],
)
def test_kernels_that_differ_are_told_apart(one, two, cache):
    results = [value(typed_at_a_prompt(formula, **names)) for formula, names in (one, two)]
    assert results[0] != results[1]


def test_a_helper_that_changed(cache):
    def helper(n):
        names = {}
        exec(f"def helper(v):\n    return v * {n}", names)
        return _jit.inline(names["helper"])

    assert value(typed_at_a_prompt("helper(x[i])", helper=helper(2))) == 4
    assert value(typed_at_a_prompt("helper(x[i])", helper=helper(5))) == 10


def test_a_broken_file_is_replaced(cache, compilations):
    value(typed_at_a_prompt("x[i] + 7"))
    (path,) = cache.iterdir()
    path.write_bytes(b"")
    assert value(typed_at_a_prompt("x[i] + 7")) == 9
    assert len(compilations) == 2
    assert path.stat().st_size > 0


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NNKIT_CACHE_DIR", str(tmp_path / "file"))
    assert value(typed_at_a_prompt("x[i] + 8")) == 10


def test_another_process_loads_what_this_one_compiled(cache):
    code = (
        "import numpy as np, nnkit\n"
        "from nnkit.kernels import _jit\n"
        "def never(*a): raise AssertionError('compiled again')\n"
        "{guard}\n"
        "y = np.empty((1, 1))\n"
        "nnkit.launch.tanh(np.ones((1, 1)), y)\n"
        "print(y[0, 0])\n"
    )
    for guard in ("", "_jit._build = never"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(guard=guard)], capture_output=True, text=True
        )
        assert done.stdout == "0.7615941559557649\n", done.stderr


def test_stored_code_finds_what_it_calls_by_name(cache):
    """A product of few rows is done by a function that is not in the kernel's own code."""
    code = (
        "import numpy as np, nnkit\n"
        "c = np.empty((9, 9))\n"
        "nnkit.launch.matmul(np.ones((9, 9)), np.ones((9, 9)), c)\n"
        "print(c.sum())\n"
    )
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout == "729.0\n", done.stderr
    assert sorted(path.name.split("-")[0] for path in cache.iterdir()) == [
        "matmul",
        "nnkit_add_product_float64",
    ]


def test_a_module_that_is_called_counts_with_all_it_calls():
    """softmax calls _math by the module's name, and has nothing to do with the losses."""
    from nnkit.kernels.cpu import _math, losses, softmax

    digest = _disk.digest_module(softmax.__name__)
    assert _disk.digest_file(_math.__file__) in digest
    assert _disk.digest_file(losses.__file__) not in digest
    assert _disk.digest_module(_math.__name__) != digest
