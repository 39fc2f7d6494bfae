"""Compiled kernels on disk: found again, and never taken for another kernel."""

import importlib
import os
import pkgutil
import subprocess
import sys

import numba
import numpy as np
import pytest

import nnkit
import nnkit.kernels.cpu
from nnkit.kernels import _fingerprint, _jit
from nnkit.kernels._compilations import compilations
from tests.helpers import run

# Of a function that is called numba writes the address, and optimises it away.
keeps = pytest.mark.skipif(not numba.config.OPT, reason="only optimised code is kept")

SOURCE = """
import math
def kernel(x, y):
    {before}
    for i in range(x.size):
        y[i] = {formula}
"""


def typed_at_a_prompt(formula, before="pass", **names):
    exec(SOURCE.format(formula=formula, before=before), names)
    return nnkit.kernel(outputs=["y"])(names["kernel"])


def value(kernel):
    x, y = np.array([2.0]), np.empty(1)
    run(kernel, x, y)
    return y[0]


def helper(source, compiler=_jit.inline):
    names = {}
    exec(source, names)
    return compiler(names["helper"])


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNKIT_CACHE_DIR", str(tmp_path))
    return tmp_path / "kernels"


@pytest.fixture
def compiled():
    """How many kernels were compiled rather than loaded since the test began."""
    before = compilations().count
    return lambda: compilations().count - before


@keeps
def test_equal_kernels_are_compiled_once(cache, compiled):
    assert value(typed_at_a_prompt("x[i] + 1")) == 3
    assert value(typed_at_a_prompt("x[i] + 1")) == 3
    assert compiled() == 1
    assert len(list(cache.iterdir())) == 1


MANY = np.arange(2000.0)
VECTORIZE = numba.vectorize(["float64(float64)"])


def changed(place):
    copy = MANY.copy()
    copy[place] = 7
    return copy


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"formula": "x[i] + 1"}, {"formula": "x[i] + 2"}),
        ({"formula": "math.sin(x[i])"}, {"formula": "math.cos(x[i])"}),
        ({"formula": "x[i] * C", "C": 2.0}, {"formula": "x[i] * C", "C": 3.0}),
        # What repr leaves out: most of a large array, and the last digits.
        ({"formula": "C[1000]", "C": MANY}, {"formula": "C[1000]", "C": changed(1000)}),
        (
            {"formula": "C[0]", "C": np.array([0.1])},
            {"formula": "C[0]", "C": np.array([np.nextafter(0.1, 1)])},
        ),
        (
            {"formula": "f(x[i])", "before": "f = lambda v: v * 2.0"},
            {"formula": "f(x[i])", "before": "f = lambda v: v * 3.0"},
        ),
        (
            {"formula": "f(x[i])", "before": "f = lambda v: v * C", "C": 2.0},
            {"formula": "f(x[i])", "before": "f = lambda v: v * C", "C": 3.0},
        ),
        (
            {"formula": "f(x[i])", "f": helper("def helper(v):\n    return v * 2")},
            {"formula": "f(x[i])", "f": helper("def helper(v):\n    return v * 5")},
        ),
        (
            {"formula": "f(x[i])", "f": helper("def helper(v, n=2):\n    return v * n")},
            {"formula": "f(x[i])", "f": helper("def helper(v, n=5):\n    return v * n")},
        ),
        (
            {"formula": "f(x[i])", "f": helper("def helper(v):\n    return v * 2", numba.njit)},
            {"formula": "f(x[i])", "f": helper("def helper(v):\n    return v * 5", numba.njit)},
        ),
        (
            {"formula": "f(x[i])", "f": helper("def helper(v):\n    return v * 2", VECTORIZE)},
            {"formula": "f(x[i])", "f": helper("def helper(v):\n    return v * 5", VECTORIZE)},
        ),
    ],
    ids=[
        "literal",
        "function",
        "global",
        "large array",
        "digits",
        "lambda",
        "global of a lambda",
        "helper",
        "default",
        "compiled helper",
        "universal function",
    ],
)
def test_kernels_that_differ_are_told_apart(one, two, cache):
    assert value(typed_at_a_prompt(**one)) != value(typed_at_a_prompt(**two))


def test_kernels_that_differ_in_what_they_close_over(cache):
    def times(n):
        def kernel(x, y):
            for i in range(x.size):
                y[i] = n * x[i]

        return nnkit.kernel(outputs=["y"])(kernel)

    assert [value(times(3.0)), value(times(4.0))] == [6, 8]


KERNEL = """
import numpy as np
import nnkit
import {module}

@nnkit.kernel(outputs=["y"])
def kernel(x, y):
    for i in range(x.size):
        y[i] = {call}(x[i])

y = np.empty(1)
kernel(np.array([2.0]), y)
print(y[0])
"""


def run_script(source, folder, cache):
    path = folder / "script.py"
    path.write_text(source)
    where = {"NNKIT_CACHE_DIR": str(cache.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    where["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, path],
        env=os.environ | where,
        capture_output=True,
        text=True,
    )


def test_a_helper_that_was_edited_in_another_file(cache, tmp_path):
    """Called by the module's name."""
    source = KERNEL.format(module="mine", call="mine.twice")
    for factor, expected in ((1, "4.0\n"), (3, "12.0\n")):
        (tmp_path / "mine.py").write_text(
            "import nnkit.kernels._jit as jit\n"
            f"@jit.inline\ndef twice(v):\n    return v * 2 * {factor}\n"
        )
        done = run_script(source, tmp_path, cache)
        assert done.stdout == expected, done.stderr


@keeps
def test_another_process_loads_what_this_one_compiled(cache, tmp_path):
    source = (
        "import numpy as np, nnkit\n"
        "from nnkit.kernels._compilations import compilations\n"
        "y = np.empty(1)\n"
        "nnkit.launch.tanh(np.ones(1), y)\n"
        "print(y[0], compilations().count)\n"
    )
    for count in (1, 0):
        done = run_script(source, tmp_path, cache)
        assert done.stdout == f"0.7615941559557649 {count}\n", done.stderr


@keeps
def test_stored_code_finds_what_it_calls_by_name(cache, tmp_path):
    """A product of few rows is done by a function that is not in the kernel's own code."""
    source = (
        "import numpy as np, nnkit\n"
        "c = np.empty((9, 9))\n"
        "nnkit.launch.matmul(np.ones((9, 9)), np.ones((9, 9)), c)\n"
        "print(c.sum())\n"
    )
    for _ in range(2):
        done = run_script(source, tmp_path, cache)
        assert done.stdout == "729.0\n", done.stderr
    assert sorted(path.name.split("-")[0] for path in cache.iterdir()) == [
        "matmul",
        "nnkit_add_product_float64",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="has no library of that name")
def test_code_with_addresses_of_its_process_is_not_kept(cache, tmp_path):
    """A function of C, a very large array, and a helper that calls itself."""
    source = """
import ctypes, ctypes.util
import numba, numpy as np, nnkit

floor = ctypes.CDLL(ctypes.util.find_library("m")).floor
floor.restype, floor.argtypes = ctypes.c_double, [ctypes.c_double]
many = np.arange(300_000.0)

@numba.njit
def grown(v, times):
    return v if times <= 0 else grown(2 * v, times - 1) + grown(v, times - 2)

@nnkit.kernel(outputs=["y"])
def of_c(x, y):
    y[0] = floor(x[0])

@nnkit.kernel(outputs=["y"])
def large(x, y):
    y[0] = many[250_000 + int(x[0])]

@nnkit.kernel(outputs=["y"])
def recursive(x, y):
    y[0] = grown(x[0], 3)

x, y = np.array([2.5]), np.empty(1)
for kernel in (of_c, large, recursive):
    kernel(x, y)
    print(y[0])
"""
    for _ in range(2):
        done = run_script(source, tmp_path, cache)
        assert done.stdout == "2.0\n250002.0\n42.5\n", done.stderr
    assert not cache.exists()


def test_other_settings_of_the_compiler_make_another_key(monkeypatch):
    keys = {_fingerprint.key_of("k", ())}
    for name in ("BOUNDSCHECK", "OPT"):
        monkeypatch.setattr(f"numba.config.{name}", -1)
        _fingerprint._digest_always.cache_clear()
        keys.add(_fingerprint.key_of("k", ()))
    monkeypatch.setattr(_fingerprint, "host", lambda: ("other", "machine", "+none"))
    _fingerprint._digest_always.cache_clear()
    keys.add(_fingerprint.key_of("k", ()))
    monkeypatch.undo()
    _fingerprint._digest_always.cache_clear()
    assert _fingerprint.key_of("k", ()) in keys
    assert len(keys) == 4


def test_keys_are_the_same_in_every_process():
    """What tells an object by its address would be another in the next."""
    found = 0
    for module in pkgutil.iter_modules(nnkit.kernels.cpu.__path__, "nnkit.kernels.cpu."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, _jit.Kernel):
                assert " at 0x" not in repr(_fingerprint.shape_of(value.function)), value
                found += 1
    assert found > 100


def test_flags_of_a_helper_count():
    def half(v):
        return v / 2

    def shape(**flags):
        helper = numba.njit(**flags)(half)

        def kernel(x, y):
            y[0] = helper(x[0])

        return _fingerprint.shape_of(kernel)

    settings = [{}, {"fastmath": {"contract", "nnan"}}, {"inline": "always"}]
    assert len({repr(shape(**flags)) for flags in settings}) == 3
    assert shape(fastmath={"nnan", "contract"}) == shape(**settings[1])


def test_a_key_is_a_file_name():
    key = _fingerprint.key_of("../<lambda>" + 300 * "x", ())
    assert key[:14] == "____lambda_xxx"
    assert len(key) < 200


def test_a_module_that_is_called_counts_with_all_it_calls():
    """softmax calls _math by the module's name, and has nothing to do with the losses."""
    from nnkit.kernels.cpu import _math, losses, softmax

    digest = _fingerprint.digest_module(softmax.__name__)
    assert _fingerprint.digest_file(_math.__file__) in digest
    assert _fingerprint.digest_file(losses.__file__) not in digest
    assert _fingerprint.digest_module(_math.__name__) != digest
