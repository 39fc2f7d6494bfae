"""The few machine operations that numba has no name for: pointers, calls, atomics, BLAS."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding
import scipy_openblas32
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_WORD = ir.IntType(64)


@intrinsic
def pointer(context: Any, address: Any) -> Any:
    """The pointer with this address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), generate


@intrinsic
def float64_from_bits(context: Any, bits: Any) -> Any:
    """The float64 whose bits are those of an int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


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
    """Add to the int64 at an address, for all threads at once; gives the value before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = builder.inttoptr(arguments[0], _WORD.as_pointer())
        return builder.atomic_rmw("add", word, arguments[1], "seq_cst")

    return types.int64(types.int64, types.int64), generate


@intrinsic
def atomic_load(context: Any, address: Any) -> Any:
    """Read the int64 at an address as other threads left it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = builder.inttoptr(arguments[0], _WORD.as_pointer())
        return builder.load_atomic(word, "seq_cst", 8)

    return types.int64(types.int64), generate


@intrinsic
def atomic_store(context: Any, address: Any, value: Any) -> Any:
    """Write the int64 at an address for other threads to see."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = builder.inttoptr(arguments[0], _WORD.as_pointer())
        builder.store_atomic(arguments[1], word, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


def _load_openblas() -> None:
    """Make OpenBLAS's functions known to the compiler by name, and keep it to one thread a call.

    nnkit's own workers share out the rows of a product (:mod:`nnkit.engine.program`).
    """
    folder = Path(scipy_openblas32.get_lib_dir())
    library = next(p for p in sorted(folder.iterdir()) if "openblas" in p.name and _is_library(p))
    llvmlite.binding.load_library_permanently(str(library))
    ctypes.CDLL(str(library)).scipy_openblas_set_num_threads(1)


def _is_library(path: Path) -> bool:
    return path.suffix in (".so", ".dylib", ".dll") and path.is_file()


_load_openblas()

if sys.platform == "win32":
    yield_thread = types.ExternalFunction("SwitchToThread", types.int32())
else:
    yield_thread = types.ExternalFunction("sched_yield", types.int32())


def _blas(name: str, *arguments: Any) -> Any:
    return types.ExternalFunction(f"scipy_cblas_{name}", types.void(*arguments))


def _gemm(name: str, real: Any) -> Any:
    i, p = types.int32, types.voidptr
    return _blas(name, i, i, i, i, i, i, real, p, i, p, i, real, p, i)


def _gemv(name: str, real: Any) -> Any:
    i, p = types.int32, types.voidptr
    return _blas(name, i, i, i, i, real, p, i, p, i, real, p, i)


sgemm, dgemm = _gemm("sgemm", types.float32), _gemm("dgemm", types.float64)
sgemv, dgemv = _gemv("sgemv", types.float32), _gemv("dgemv", types.float64)
