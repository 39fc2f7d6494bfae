"""Machine operations that numba doesn't offer: pointers, calls, atomics, BLAS."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.compiler_lock import global_compiler_lock
from numba.extending import intrinsic

from nnkit import forks

# numba's lock, so that a fork never happens during a compilation, also by other users of numba.
forks.hold(global_compiler_lock._lock, 3)
forks.hold(llvmlite.binding.ffi.lib._lock._lock, 4)

_WORD = ir.IntType(64)


@intrinsic
def pointer(context: Any, address: Any) -> Any:
    """The pointer with this address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), generate


@intrinsic
def copy_memory(context: Any, to: Any, source: Any, size: Any) -> Any:
    """Copy ``size`` bytes from one address to another: for a few dozen, a loop is slower."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, source = (builder.inttoptr(a, cgutils.voidptr_t) for a in arguments[:2])
        cgutils.raw_memcpy(builder, to, source, arguments[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def call(context: Any, function: Any, operands: Any) -> Any:
    """Call the compiled kernel at an address with the address of its operands."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [_WORD.as_pointer()])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        builder.call(function, [builder.inttoptr(arguments[1], _WORD.as_pointer())])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def atomic_add(context: Any, address: Any, value: Any) -> Any:
    """Add to the int64 at an address atomically; returns the value before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = builder.inttoptr(arguments[0], _WORD.as_pointer())
        return builder.atomic_rmw("add", word, arguments[1], "seq_cst")

    return types.int64(types.int64, types.int64), generate


@intrinsic
def atomic_load(context: Any, address: Any) -> Any:
    """Read the int64 at an address atomically."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = builder.inttoptr(arguments[0], _WORD.as_pointer())
        return builder.load_atomic(word, "seq_cst", 8)

    return types.int64(types.int64), generate


@intrinsic
def atomic_store(context: Any, address: Any, value: Any) -> Any:
    """Write the int64 at an address atomically."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = builder.inttoptr(arguments[0], _WORD.as_pointer())
        builder.store_atomic(arguments[1], word, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


class _Blas(NamedTuple):
    """A library with OpenBLAS, and how its functions are named and called."""

    library: Path
    suffix: str  # The suffix of all names.
    integer: Any  # The type of sizes and strides.


def _find_openblas() -> _Blas:
    """Find the package scipy-openblas32, or the library in NumPy's wheel."""
    try:
        import scipy_openblas32
    except ImportError:
        # Enumerations stay 32 bits wide, but on the machines that these wheels are for they may be
        # passed as 64.
        folder, suffix, integer = Path(np.__file__).parents[1] / "numpy.libs", "64_", types.int64
    else:
        folder, suffix, integer = Path(scipy_openblas32.get_lib_dir()), "", types.int32
    found = sorted(p for p in folder.glob(f"*openblas{suffix}*") if _is_library(p))
    if not found:
        raise ImportError("nnkit needs OpenBLAS: pip install scipy-openblas32")
    return _Blas(found[0], suffix, integer)


def _is_library(path: Path) -> bool:
    return path.suffix in (".so", ".dylib", ".dll") and path.is_file()


def _load_openblas() -> _Blas:
    """Register OpenBLAS's functions with the compiler, and limit OpenBLAS to one thread a call.

    nnkit's own workers divide the rows of a product (:mod:`nnkit.engine.program`). If the library
    is that of NumPy's wheel, NumPy's products are limited to one thread, too.
    """
    blas = _find_openblas()
    llvmlite.binding.load_library_permanently(str(blas.library))
    functions = ctypes.CDLL(str(blas.library))
    functions[f"scipy_openblas_set_num_threads{blas.suffix}"](1)
    return blas


BLAS = _load_openblas()

if sys.platform == "win32":
    yield_thread = types.ExternalFunction("SwitchToThread", types.int32())
else:
    yield_thread = types.ExternalFunction("sched_yield", types.int32())


def _blas(name: str, *arguments: Any) -> Any:
    return types.ExternalFunction(f"scipy_cblas_{name}{BLAS.suffix}", types.void(*arguments))


def _gemm(name: str, real: Any) -> Any:
    i, p = BLAS.integer, types.voidptr
    return _blas(name, i, i, i, i, i, i, real, p, i, p, i, real, p, i)


def _gemv(name: str, real: Any) -> Any:
    i, p = BLAS.integer, types.voidptr
    return _blas(name, i, i, i, i, real, p, i, p, i, real, p, i)


sgemm, dgemm = _gemm("sgemm", types.float32), _gemm("dgemm", types.float64)
sgemv, dgemv = _gemv("sgemv", types.float32), _gemv("dgemv", types.float64)
