"""Every kernel as code for real devices, compiled without one: what the simulator cannot see.

A literal without a type makes float64 of float32, 64-bit integers are slow to divide, and registers
that don't suffice are kept in memory.
"""

import functools
import re
import shutil
import subprocess
import sysconfig
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from numba import cuda
from numba.cuda import dispatcher

from nnkit.kernels.cuda._cuda import CudaKernel
from tests.cuda import cases_of, kernels

CUDA = kernels("cuda", CudaKernel)
TARGETS = [(9, 0), (7, 5)]  # An H100, and the oldest that CUDA 13 knows.


def signatures(*dtypes):
    """Kernels with the types of their arguments in the cases, each once."""
    found = {(case.kernel, tuple(map(numba.typeof, case.arguments))) for case in cases_of(*dtypes)}
    ordered = sorted(found, key=str)
    return [pytest.param(name, types, id=name) for name, types in ordered]


FLOAT32 = pytest.mark.parametrize(("name", "types"), signatures(np.float32))
ALL = pytest.mark.parametrize(("name", "types"), signatures(np.float32, np.float64))

# Computed in float64 on purpose: what is added up over many elements, ...
LONG_SUMS = {"accumulate", "sum_squares", "clip_by_norm"}
LONG_SUMS |= {"penalty_blocks", "penalty_sum", "norm_factors"}
LONG_SUMS |= {"accumulate_weighted", "normalize_weights", "add_moments", "ctc", "ctc_backward"}
LONG_SUMS |= {"count_by_threshold", "count_hits", "count_pairs"}
LONG_SUMS |= {"trust_step", "adafactor_step", "divide_by_norm"}
LONG_SUMS |= {"nadam_numbers"}  # A long product, by one thread.
# ... where pixels are seen, and what is drawn for an image, ...
LONG_SUMS |= {"uniform", "random_corner", "random_points", "random_tones", "random_tones_backward"}
LONG_SUMS |= {"warp", "warp_backward"}
# ... and what a thread computes once from numbers that arrive as float64.
ONCE_A_THREAD = {
    "adam": "bias correction",
    "adam_amsgrad": "bias correction",
    "adamax": "bias correction",
    "lamb_direction": "bias correction",
    "nadam": "1 - beta",
    "adadelta": "1 - rho",
    "ftrl": "twice a strength",
    "adafactor_numbers": "powers of the number of the step",
    "adafactor_rows": "1 / columns",
    "average_weights": "1 - momentum",
    "rmsprop": "1 - rho",
    "rmsprop_momentum": "1 - rho",
    "decay_weights": "rate times decay",
    "penalty_gradient": "twice l2",
    "mask_weights": "the number of elements over that of the true ones",
    "accumulate_penalty": "what is added to a sum over the epoch",
    "elu": "scale times alpha",
    "elu_backward": "scale times alpha",
    "hard_sigmoid_backward": "1 / (2 slope)",
    "dropout": "the bound must be the CPU's to the last bit",
    "dropout_mask": "the same bound",
}
# The row of a thread has two parts there: one division for the row.
DIVIDE_FOR_A_ROW = {
    *("softmax", "softmax_backward", "log_softmax", "log_softmax_backward"),
    *("batch_moments", "masked_moments", "batch_gradient_sums", "layer_normalization_backward"),
    *("matmul_stack", "join_masks", "masked_softmax", "masked_softmax_backward"),
    *("additive_scores", "additive_scores_backward"),
    *("zero_pad", "zero_pad_backward", "repeat", "repeat_backward", "permute", "apply_mask"),
    "masked_mean_backward",
    *("prelu", "prelu_backward"),
    *("unit_vectors", "unit_vectors_backward"),
}
DIVIDE_FOR_A_ROW |= {"norm_factors", "scale_vectors"}
DIVIDE_FOR_A_ROW |= {"group_normalization", "group_normalization_backward"}
DIVIDE_FOR_A_ROW |= {"warp", "warp_backward"}  # And for a pixel that is outside of an image.

# With 64 registers each, half of the threads that fit into an SM run at once.
REGISTERS = 64
# A tile's sums are all in registers.
MORE_REGISTERS = {"matmul": 128, "matmul_bias": 128, "matmul_add": 144, "matmul_stack": 128}
# Where a window begins and ends, along both axes.
MORE_REGISTERS |= dict.fromkeys(("max_pool2d", "max_pool2d_backward"), 80)
MORE_REGISTERS |= dict.fromkeys(("average_pool2d", "average_pool2d_backward"), 80)
MORE_REGISTERS |= dict.fromkeys(("conv2d_transpose", "conv2d_transpose_bias"), 80)
# Two norms.
MORE_REGISTERS |= dict.fromkeys(("trust_step", "adafactor_step"), 80)
# Four pixels, and how they weigh; an image's numbers.
MORE_REGISTERS |= dict.fromkeys(("warp", "warp_backward", "random_tones_backward"), 80)
# A thread does a sample's alignments by itself.
MORE_REGISTERS |= dict.fromkeys(("ctc", "ctc_backward"), 80)


@pytest.fixture(autouse=True)
def _no_device_needed(monkeypatch):
    """The compiler asks the device for nothing but this, and only where one kernel calls others."""
    device = SimpleNamespace(compute_capability=TARGETS[0])
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: device)


@functools.cache
def compiled(name, types, target):
    """The kernel in PTX, the assembly language of all devices."""
    ptx, _ = cuda.compile_ptx(CUDA[name].function, types, cc=target)
    return ptx


def in_loops(ptx):
    """The code from which control can come back to itself."""
    marked = re.sub(r"^\$\w+:", r"\f\g<0>", ptx, flags=re.MULTILINE)
    blocks = re.sub(r"\bbra\b.*;|\bret;", r"\g<0>\f", marked).split("\f")
    starts = {b[: b.index(":")]: i for i, b in enumerate(blocks) if b.startswith("$")}
    follows = []
    for i, block in enumerate(blocks):
        goes_to = [starts[label] for label in re.findall(r"\bbra\S*\s+(\$\w+);", block)]
        leaves = re.search(r"^\s*(bra|ret)\b", block, re.MULTILINE)  # Not with a condition.
        follows.append(goes_to if leaves or i + 1 == len(blocks) else [*goes_to, i + 1])

    def comes_back(block):
        seen, ahead = set(), [block]
        while ahead:
            new = set(follows[ahead.pop()]) - seen
            seen |= new
            ahead += new
        return block in seen

    return "".join(block for i, block in enumerate(blocks) if comes_back(i))


def float64_arithmetic(ptx):
    """Loads, stores, comparisons and conversions are no arithmetic."""
    names = "add|sub|mul|fma|mad|div|rcp|sqrt|rsqrt|min|max|neg|abs|copysign"
    return re.findall(rf"\b(?:{names})\.[.\w]*\bf64\b", ptx)


def test_loops_are_found():
    ptx = "a;\n$1:\nb;\n@%p1 bra $2;\nc;\nbra.uni $1;\n$2:\n@%p2 bra $3;\n$4:\nret;\n$3:\nbra $4;\n"
    assert re.findall(r"[a-z](?=;)", in_loops(ptx)) == ["b", "c"]


@FLOAT32
def test_no_element_becomes_float64(name, types):
    ptx = compiled(name, types, TARGETS[0])
    assert bool(float64_arithmetic(in_loops(ptx))) == (name in LONG_SUMS)
    assert bool(float64_arithmetic(ptx)) == (name in LONG_SUMS | ONCE_A_THREAD.keys())


@ALL
def test_no_loop_divides_long_integers(name, types):
    divisions = re.findall(r"\b(?:div|rem)\.[su]64", in_loops(compiled(name, types, TARGETS[0])))
    assert bool(divisions) == (name in DIVIDE_FOR_A_ROW)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: "sm_{}{}".format(*target))
@FLOAT32
def test_registers_suffice(name, types, target, tmp_path):
    ptx = tmp_path / "kernel.ptx"
    ptx.write_text(compiled(name, types, target))
    report = assemble(ptx, target)
    assert set(re.findall(r"(\d+) bytes (?:stack frame|spill)", report)) == {"0"}
    used = max(map(int, re.findall(r"Used (\d+) registers", report)))
    assert used <= MORE_REGISTERS.get(name, REGISTERS)


def assemble(ptx, target):
    """What ptxas of nvidia-cuda-nvcc, or else of the machine, says of a file of PTX."""
    wheel = f"{sysconfig.get_path('purelib')}/nvidia/cu13/bin"
    ptxas = shutil.which("ptxas", path=wheel) or shutil.which("ptxas")
    if ptxas is None:
        pytest.skip("ptxas is missing: pip install 'nvidia-cuda-nvcc==13.0.*'")
    arch = "sm_{}{}".format(*target)
    command = [ptxas, "--verbose", f"--gpu-name={arch}", f"--output-file={ptx}.cubin", ptx]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr
