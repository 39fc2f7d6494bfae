"""Generated kernels as code for real devices; see ``test_kernels.py``."""

import re

import numba
import pytest
from numba import cuda

from tests.cuda import expressions
from tests.cuda.compiled.test_kernels import (
    REGISTERS,
    TARGETS,
    _no_device_needed,  # noqa: F401  (a fixture that is used by itself)
    assemble,
    float64_arithmetic,
    in_loops,
)

# CUDA's own float32 functions reduce large angles in float64.
IN_FLOAT64 = {"sin", "cos", "tan"}


def compiled(made, target=TARGETS[0]):
    """The twin in PTX."""
    kernel, arguments, _ = made
    types = tuple(map(numba.typeof, arguments))
    ptx, _ = cuda.compile_ptx(kernel.cuda.function, types, cc=target)
    return ptx


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("name", expressions.FUNCTIONS)
def test_function(name, dtype):
    """All compile; of float32, they stay float32."""
    made = expressions.function(name, dtype)
    if made is not None:
        doubles = float64_arithmetic(compiled(made))
        assert dtype != "float32" or bool(doubles) == (name in IN_FLOAT64)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: "sm_{}{}".format(*target))
@pytest.mark.parametrize(
    ("shapes", "axes"), [*((s, ()) for s in expressions.BROADCASTS), *expressions.SUMS], ids=str
)
def test_loops(shapes, axes, target, tmp_path):
    """No float64 but in a sum of everything, no long division in loops, nothing in memory."""
    made = expressions.mixed(shapes, axes)
    code = compiled(made, target)
    total = made[2].ndim == 0 or (axes and made[2].size == 1)
    assert bool(float64_arithmetic(code)) == bool(total)
    if not axes or sum(n > 1 for n in made[2].shape) < 2:  # Else there is one for each sum.
        assert not re.findall(r"\b(?:div|rem)\.[su]64", in_loops(code))
    ptx = tmp_path / "kernel.ptx"
    ptx.write_text(code)
    report = assemble(ptx, target)
    assert set(re.findall(r"(\d+) bytes (?:stack frame|spill)", report)) == {"0"}
    assert max(map(int, re.findall(r"Used (\d+) registers", report))) <= REGISTERS


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8", "bool"])
def test_sums_of_other_types_compile(dtype):
    for axes in ((0,), (1,), (0, 1)):
        compiled(expressions.mixed([(9, 11)], axes, dtype))


def test_casts_and_updates_compile():
    compiled(expressions.casts())
    assert not float64_arithmetic(compiled(expressions.in_place()))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_loops_of_operations(dtype, tmp_path):
    """No float64, and nothing in memory but what a cosine keeps there."""
    found = {k.name: (k, a) for k, a in expressions.loops_of(dtype)}
    for name, (kernel, arguments) in found.items():
        ptx = tmp_path / f"{name}.ptx"
        ptx.write_text(compiled((kernel, arguments, None)))
        if dtype != "float64" and not name.startswith("draw"):  # These have both kinds of code.
            assert not float64_arithmetic(ptx.read_text())
        report = assemble(ptx, TARGETS[0])
        kept = set(re.findall(r"(\d+) bytes (?:stack frame|spill)", report))
        assert kept == {"0"} or name == "draw_normal"
