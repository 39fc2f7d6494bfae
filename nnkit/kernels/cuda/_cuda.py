"""The one place that imports numba.cuda, and what kernels share: threads, sums, launch rules."""

from __future__ import annotations

import functools
import importlib
import inspect
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np

from nnkit.kernels._jit import Kernel

Shape = tuple[int, ...]
Rule = Callable[[dict[str, Any]], tuple[Shape, Shape]]


def _import_cuda() -> Any:  # pragma: no cover (its branches depend on the versions)
    """numba.cuda, also with NumPy 2.5, where numba-cuda 0.30 looks for a name that is gone."""
    missing = not hasattr(np, "row_stack")
    if missing:
        np.row_stack = np.vstack
    try:
        from numba import cuda

        if not numba.config.ENABLE_CUDASIM:
            importlib.import_module("numba.cuda.np.arrayobj")
    except ModuleNotFoundError as error:  # numba's built-in CUDA target has no such module.
        if error.name is None or not error.name.startswith("numba.cuda."):
            raise
    finally:
        if missing:
            del np.row_stack
    numba.config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
    return cuda


cuda = _import_cuda()
SIMULATED: bool = bool(numba.config.ENABLE_CUDASIM)

if SIMULATED:

    def _array(self: Any, shape: Any, dtype: Any, alignment: None = None) -> np.ndarray:
        """Shared memory: where two threads ask for it at once, numba's gives them one each."""
        line = sys._getframe(1)
        made = np.empty(shape, str(dtype))
        array: np.ndarray = self._allocations.setdefault((line.f_code, line.f_lineno), made)
        return array

    importlib.import_module("numba.cuda.simulator.kernelapi").FakeCUDAShared.array = _array

# The simulator runs every thread of a block as one of the system's, so there are few.
#: Threads that share a row.
LANES = 4 if SIMULATED else 32
#: Rows that a block does at once.
ROWS = 2 if SIMULATED else 8
#: Threads of a block that does not work by rows.
THREADS = 8 if SIMULATED else 256
# More blocks than this don't run at once on any device; the rest of the work is done by strides.
_MOST_BLOCKS = 3 if SIMULATED else 132 * 8


class CudaKernel:
    """A kernel for GPUs: its source, and the rule for how many threads do a call.

    Parameters
    ----------
    function : callable
    rule : callable
        ``rule(arguments by name)`` gives the grid and the block.
    """

    def __init__(self, function: Callable[..., None], rule: Rule) -> None:
        functools.update_wrapper(self, function)
        self.function, self.rule = function, rule
        self.name: str = function.__name__
        self.parameters = tuple(inspect.signature(function).parameters)

    def __repr__(self) -> str:
        return f"<CUDA kernel {self.name}({', '.join(self.parameters)})>"

    @functools.cached_property
    def dispatcher(self) -> Any:
        """Compiles for the types that it is launched with."""
        return cuda.jit(self.function)

    def geometry(self, arguments: Sequence[Any]) -> tuple[Shape, Shape]:
        """The grid and the block for these arguments."""
        return self.rule(dict(zip(self.parameters, arguments, strict=True)))

    def __call__(self, *arguments: Any) -> None:
        """Launch on the default stream; the engine launches on its own."""
        grid, block = self.geometry(arguments)
        self.dispatcher[grid, block](*arguments)


def kernel(rule: Rule) -> Callable[[Callable[..., None]], CudaKernel]:
    """Make a :class:`CudaKernel` of a function; ``rule`` is one of those below."""
    return lambda function: CudaKernel(function, rule)


def twin(kernel: Kernel, rule: Rule) -> Callable[[Callable[..., None]], CudaKernel]:
    """Give a kernel for the CPU its twin for GPUs: a function with the same parameters.

    Parameters
    ----------
    kernel : Kernel
        Made with :func:`nnkit.kernel`. Of an elementwise one, the twin gets all arrays flat.
    rule : callable
        How many threads do a call: :func:`elements`, :func:`rows`, :func:`one_block` or
        :func:`one_thread`; or ``rule(arguments)``, which gives the grid and the block.

    Raises
    ------
    TypeError
        The parameters differ.
    """

    def decorate(function: Callable[..., None]) -> CudaKernel:
        made = CudaKernel(function, rule)
        if made.parameters != kernel.parameters:
            raise TypeError(
                f"the twin of kernel {kernel.name!r} must have its parameters "
                f"({', '.join(kernel.parameters)}), but has ({', '.join(made.parameters)})"
            )
        kernel.cuda = made
        return made

    return decorate


# ------------------------------------------------------------------------------- launch rules


def elements(name: str) -> Rule:
    """A thread for every element of an argument; see :data:`thread` and :data:`threads`."""

    def rule(arguments: dict[str, Any]) -> tuple[Shape, Shape]:
        return (blocks(arguments[name].size, THREADS),), (THREADS,)

    return rule


def rows(name: str, *axes: int) -> Rule:
    """``LANES`` threads for every row of an argument, ``ROWS`` rows in a block.

    ``threadIdx.x`` is the lane in the row, ``threadIdx.y`` the row in the block. All threads of a
    row take part in every sum. The number of rows is the product of the sizes of some axes, by
    default of the first.
    """

    def rule(arguments: dict[str, Any]) -> tuple[Shape, Shape]:
        count = math.prod(arguments[name].shape[axis] for axis in axes or (0,))
        return (blocks(count, ROWS),), (LANES, ROWS)

    return rule


def one_block(arguments: dict[str, Any]) -> tuple[Shape, Shape]:
    """A single block, because its threads must agree on a sum."""
    return (1,), (THREADS,)


def one_thread(arguments: dict[str, Any]) -> tuple[Shape, Shape]:
    """A single thread: counters."""
    return (1,), (1,)


def blocks(work: int, each: int) -> int:
    return max(1, min(_MOST_BLOCKS, -(-work // each)))


# --------------------------------------------------------------------------- what kernels call


def device(function: Callable[..., Any]) -> Any:
    """Mark a helper that kernels call; it is compiled into them."""
    # By the code generator: where numba does it, large kernels take ten seconds to compile.
    options = {} if SIMULATED else {"forceinline": True}
    return cuda.jit(device=True, **options)(function)


@device
def thread():
    """Number of this thread in the grid."""
    return cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x


@device
def threads():
    """Threads of the grid."""
    return cuda.gridDim.x * cuda.blockDim.x


def _make_lane() -> Any:
    """``lane()`` is threadIdx.x, read anew each time.

    If the compiler knew that it never changes, it would keep the addresses of all first elements of
    a row in registers from row to row: up to twice as many registers.
    """
    if SIMULATED:
        return device(lambda: cuda.threadIdx.x)

    from llvmlite import ir  # pragma: no cover

    @cuda.extending.intrinsic  # pragma: no cover
    def lane(context):
        def generate(context, builder, signature, arguments):
            word = ir.FunctionType(ir.IntType(32), [])
            read = ir.InlineAsm(word, "mov.u32 $0, %tid.x;", "=r", side_effect=True)
            return builder.call(read, [])

        return numba.int32(), generate

    return lane  # pragma: no cover


lane = _make_lane()


def _sum(a, b):
    return a + b


def _larger(a, b):
    return b if b > a else a


def _lane_reduction(combine: Callable[[Any, Any], Any]) -> Any:
    """Combine one value from each of the ``LANES`` threads of a row; all of them get the result.

    Every thread of the row must come by.
    """
    combine = device(combine)
    if SIMULATED:

        def reduce(value):
            box = cuda.shared.array((ROWS, LANES), numba.float64)
            x, y = cuda.threadIdx.x, cuda.threadIdx.y
            box[y, x] = value
            cuda.syncthreads()
            half = LANES // 2
            while half > 0:
                if x < half:
                    box[y, x] = combine(box[y, x], box[y, x + half])
                cuda.syncthreads()
                half //= 2
            result = type(value)(box[y, 0])
            cuda.syncthreads()
            return result

    else:  # pragma: no cover

        def reduce(value):
            value = combine(value, cuda.shfl_xor_sync(0xFFFFFFFF, value, 16))
            value = combine(value, cuda.shfl_xor_sync(0xFFFFFFFF, value, 8))
            value = combine(value, cuda.shfl_xor_sync(0xFFFFFFFF, value, 4))
            value = combine(value, cuda.shfl_xor_sync(0xFFFFFFFF, value, 2))
            return combine(value, cuda.shfl_xor_sync(0xFFFFFFFF, value, 1))

    return device(reduce)


#: The sum of one value of each of a row's threads, all of which must come by.
lane_sum = _lane_reduction(_sum)
#: The largest of them.
lane_max = _lane_reduction(_larger)


@device
def block_sum(value):
    """The sum of a float64 of each thread of a block of ``THREADS``; all of them get it."""
    box = cuda.shared.array(THREADS, numba.float64)
    i = cuda.threadIdx.x
    box[i] = value
    cuda.syncthreads()
    half = THREADS // 2
    while half > 0:
        if i < half:
            box[i] += box[i + half]
        cuda.syncthreads()
        half //= 2
    total = box[0]
    cuda.syncthreads()
    return total
