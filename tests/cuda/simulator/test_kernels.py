"""Every kernel in numba's simulator, which runs the Python source: a system thread for a thread."""

import numpy as np
import pytest

from nnkit.engine.dispatch import cuda_twin
from nnkit.kernels._jit import Kernel
from nnkit.kernels.cuda._cuda import CudaKernel, one_thread
from nnkit.kernels.cuda._from_cpu import ELEMENTS, from_cpu
from tests.cuda import cases_of, check, kernels

CPU = kernels("cpu", Kernel)
CUDA = kernels("cuda", CudaKernel)
# What replays a step there, and what makes data before one.
ON_CPU_ONLY = {"interpret", "barrier", "affine"}
# The processor's other ways to do what a kernel does; on a GPU they are that kernel.
OTHER_WAYS = {
    "conv2d_winograd": "conv2d",
    "conv2d_bias_winograd": "conv2d_bias",
    "conv2d_transpose_winograd": "conv2d_transpose",
    "conv2d_transpose_bias_winograd": "conv2d_transpose_bias",
}
ON_CUDA_ONLY = {"first_not_finite"}  # Looks at data that is there already.
CASES = cases_of(np.float32, np.float64)


def test_every_kernel_has_a_twin():
    assert CPU.keys() - ON_CPU_ONLY - OTHER_WAYS.keys() == CUDA.keys() - ON_CUDA_ONLY
    for name in CPU.keys() & CUDA.keys():
        assert CPU[name].parameters == CUDA[name].parameters


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_another_way_has_the_same_twin(way):
    assert cuda_twin(CPU[way]) is CUDA[OTHER_WAYS[way]]
    assert CPU[way].parameters == CPU[OTHER_WAYS[way]].parameters


def test_every_kernel_has_a_case():
    assert {case.kernel for case in CASES} == set(CUDA)


def test_kernels_name_their_parameters():
    assert repr(CUDA["tanh"]) == "<CUDA kernel tanh(x, y)>"


def test_a_loop_that_no_thread_would_share():
    """It would be done as a whole by every thread."""
    with pytest.raises(ValueError, match="advance has fewer loops"):
        from_cpu(CPU["advance"], one_thread, ELEMENTS)


# A device gives infinity or NaN in silence where NumPy's numbers, which these are here, warn.
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value|overflow):RuntimeWarning")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_kernel(case):
    outputs = () if case.kernel in ON_CUDA_ONLY else CPU[case.kernel].outputs
    check(case, CUDA[case.kernel], outputs)
