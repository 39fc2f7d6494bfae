"""The fused kernels as code for an H100: registers, memory, and where float64 comes in."""

import functools
import itertools
import re

import numba
import pytest
from numba import cuda

from nnkit.kernels.cuda.fused.persistent import persistent
from nnkit.kernels.cuda.fused.sizes import THREADS, Sizes, tile
from nnkit.kernels.cuda.fused.steps import three_steps
from tests.cuda.compiled.test_kernels import (
    TARGETS,
    _no_device_needed,  # noqa: F401  (a fixture that is used by itself)
    assemble,
    float64_arithmetic,
)

PROCESSORS = 132
REGISTERS = 65536  # Of a processor.
SHARED_MEMORY = 48 * 1024  # Of a block that doesn't ask for more; a processor has 227 KiB.

SUMS = 16  # Instructions: a product and a sum for each row of a lane, the lanes' sum, the totals.

NAMES = ["fused_multiply", "fused_head", "fused_learn", "fused_steps"]
OPTIMIZERS = {"adam": (0.9, 0.999, 1e-7), "sgd": (), "sgd_momentum": (0.9, 1.0)}

_f32, _f64, _i64 = numba.float32[::1], numba.float64[::1], numba.int64[::1]
_matrix = numba.float32[:, ::1]
TYPES = {
    **{"x": _matrix, "y": numba.int64[:, ::1], "order": _i64, "rates": _f64, "rate": _f64},
    **{"position": _i64, "batch": _i64, "iteration": _i64, "now": _i64, "arrived": _i64},
    **{"p": _f32, "m": _f32, "v": _f32, "alpha": _f32, "losses": _f64, "hits": _f64},
    **{"hidden": _matrix, "delta": _matrix, "dh": _matrix, "values": _matrix},
    **{"partial": numba.float32[:, :, ::1], "failed": numba.int32[::1], "steps": numba.int64},
}


@functools.cache
def compiled(name, rows, optimizer="adam", activation="relu", x=TYPES["x"], target=TARGETS[0]):
    """A kernel for 784-128-10 in PTX."""
    sizes = Sizes(
        *(784, 128, 10, rows, rows, (0, 100352, 100480, 101760), activation, True, optimizer),
        *(OPTIMIZERS[optimizer], (1 / rows, 1 / rows), float(rows)),
    )
    tiling = tile(sizes, PROCESSORS)
    kernels = {k.name: k for k in (*three_steps(tiling), persistent(tiling))}
    types = TYPES | {"x": x}
    signature = tuple(types[parameter] for parameter in kernels[name].parameters)
    ptx, _ = cuda.compile_ptx(kernels[name].function, signature, cc=target)
    return ptx


@pytest.mark.parametrize(
    ("name", "rows", "target"),
    [*itertools.product(NAMES, [32, 128], TARGETS[:1]), ("fused_steps", 128, TARGETS[1])],
)
def test_a_block_fits_on_every_processor(name, rows, target, tmp_path):
    """All at once, which the persistent kernel depends on."""
    ptx = tmp_path / "kernel.ptx"
    ptx.write_text(compiled(name, rows, target=target))
    report = assemble(ptx, target)
    assert set(re.findall(r"(\d+) bytes (?:stack frame|spill)", report)) == {"0"}
    registers = max(map(int, re.findall(r"Used (\d+) registers", report)))
    assert registers * THREADS <= REGISTERS
    (shared,) = map(int, re.findall(r"(\d+) bytes smem", report))
    assert shared <= SHARED_MEMORY
    assert ".local" not in ptx.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_no_long_integers_are_divided(name):
    assert not re.findall(r"\b(?:div|rem)\.[su]64", compiled(name, 32))


def test_the_first_phase_has_no_float64():
    assert not float64_arithmetic(compiled("fused_multiply", 32))


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "linear"])
def test_the_second_phase_has_no_float64_but_adams_correction(activation):
    assert not float64_arithmetic(compiled("fused_head", 32, "sgd", activation))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_third_phase_has_no_float64_but_the_sums_over_the_batch(optimizer):
    assert len(float64_arithmetic(compiled("fused_learn", 32, optimizer))) <= SUMS


def test_neither_have_all_together():
    assert len(float64_arithmetic(compiled("fused_steps", 32, "sgd"))) <= SUMS


@pytest.mark.parametrize("name", ["fused_multiply", "fused_steps"])
def test_bytes_are_read_as_bytes(name):
    ptx = compiled(name, 32, x=numba.uint8[:, ::1])
    assert "ld.global.u8" in ptx
    assert "ld.global.u8" not in compiled(name, 32)


def test_barriers():
    """Two in a step: each counts, looks again and again, and lets writes be seen."""
    ptx = compiled("fused_steps", 32)
    assert len(re.findall(r"membar\.gl", ptx)) == 4
    assert len(re.findall(r"atom\.global\.add", ptx)) == 2
    polls = re.findall(r"^(\$\w+):[^:]*ld\.relaxed\.gpu[^:]*bra\s+\1;", ptx, re.MULTILINE)
    assert len(polls) == 2
