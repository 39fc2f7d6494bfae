"""Products of matrices by cuBLASLt, called through its C interface.

cuBLASLt reads matrices column by column, and read so, a matrix that lies row by row is its own
transpose. So C = A B is asked for as C^T = B^T A^T: cuBLASLt's first operand is our second, its
second our first, and nothing is moved. What it does along the rows of its result (add a bias) it
does along the columns of ours.

It may have no algorithm for an epilogue, or for operands that are not aligned to 16 bytes. Then
:meth:`Product.plan` says so, and nnkit's own kernels do the same work.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import weakref
from collections.abc import Iterator
from ctypes import byref, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from nnkit.errors import DeviceError

__all__ = ["WORKSPACE", "Lt", "Parameters", "Product", "parameters"]

# Bytes of device memory that a product may use while it runs: NVIDIA's advice for Hopper.
WORKSPACE = 32 << 20

# Our names of the epilogues, and the values of cublasLtEpilogue_t.
_EPILOGUES = {
    "none": 1,  # DEFAULT
    "add": 1,  # The same: what C was is the library's third operand.
    "bias": 4,  # BIAS: C += extra, in every row
    "relu_bias": 6,  # RELU_BIAS: C = max(C + extra, 0)
    "sum_rows": 256,  # BGRADA: extra = the sum of B's rows
}
# cudaDataType_t and ctypes' type of a number.
_TYPES: dict[str, tuple[int, Any]] = {
    "float32": (0, ctypes.c_float),
    "float64": (1, ctypes.c_double),
}
# cublasComputeType_t by data type and precision.
_COMPUTE = {
    ("float32", "float32"): 68,  # 32F
    ("float32", "tf32"): 77,  # 32F_FAST_TF32
    ("float64", "float32"): 70,  # 64F
    ("float64", "tf32"): 70,
}
# cublasLtMatmulDescAttributes_t and cublasLtMatmulPreferenceAttributes_t.
_TRANSA, _TRANSB, _EPILOGUE, _BIAS_POINTER = 3, 4, 7, 8
_MAX_WORKSPACE, _REDUCTION_SCHEMES, _MIN_ALIGNMENT_A = 1, 3, 5
# cublasLtReductionScheme_t: parts of a sum go through the workspace and are added up in a fixed
# order. In place, the third scheme, their order may change from run to run.
_REPRODUCIBLE = 2 | 4
_NOT_SUPPORTED = 15
_STATUS = {
    1: "NOT_INITIALIZED",
    3: "ALLOC_FAILED",
    7: "INVALID_VALUE",
    8: "ARCH_MISMATCH",
    11: "MAPPING_ERROR",
    13: "EXECUTION_FAILED",
    14: "INTERNAL_ERROR",
    _NOT_SUPPORTED: "NOT_SUPPORTED",
    16: "LICENSE_ERROR",
}


# --------------------------------------------------------------------------------- parameters


class Matrix(Protocol):
    """What a product must know of an operand; NumPy's arrays are such."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from row to row, and from column to column."""

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""


@dataclass(frozen=True)
class Parameters:
    """C = A B in the terms of cublasLtMatmul, whose A is our B and the reverse.

    Attributes
    ----------
    transa, transb : bool
        Whether it must read its operand transposed.
    m, n, k : int
        Its result is m x n, which is our C of n rows and m columns.
    lda, ldb, ldc : int
        Elements from column to column, as they lie in memory.
    epilogue : int
    """

    transa: bool
    transb: bool
    m: int
    n: int
    k: int
    lda: int
    ldb: int
    ldc: int
    epilogue: int


def parameters(a: Matrix, b: Matrix, epilogue: str = "none") -> Parameters | None:
    """How to ask for C = A B, with C contiguous.

    Parameters
    ----------
    a, b : Matrix
        (m, k) and (k, n).
    epilogue : {"none", "add", "bias", "relu_bias", "sum_rows"}
        What is done in the same launch: the product is added to what C was. Or with a vector of n
        elements: add it to every row of C; and then limit C from below to 0; or set it to the sum
        of B's rows, which is the gradient of a bias where B is that of the result.

    Returns
    -------
    Parameters or None
        None if an operand is contiguous neither along its rows nor along its columns, or if the
        rows of a transposed B would have to be added up.
    """
    of_a, of_b = _leading_dimension(a), _leading_dimension(b)
    if of_a is None or of_b is None:
        return None
    (transb, ldb), (transa, lda) = of_a, of_b
    if transa and epilogue == "sum_rows":
        return None
    rows, columns = a.shape[0], b.shape[1]
    sizes = columns, rows, a.shape[1]
    return Parameters(transa, transb, *sizes, lda, ldb, columns, _EPILOGUES[epilogue])


def _leading_dimension(x: Matrix) -> tuple[bool, int] | None:
    """Whether a matrix lies column by column, and the elements from one row or column to the next.

    A row-major matrix needs no transposing: cuBLASLt takes it for its transpose.
    """
    size = x.dtype.itemsize
    for transposed in (False, True):
        (lines, length), (step, unit) = x.shape, x.strides
        if transposed:
            lines, length, step, unit = length, lines, unit, step
        if (length == 1 or unit == size) and (lines == 1 or step >= length * size):
            return transposed, length if lines == 1 else step // size
    return None


# -------------------------------------------------------------------------------- the library


class _Heuristic(ctypes.Structure):
    """cublasLtMatmulHeuristicResult_t, which begins with the algorithm."""

    _fields_ = (
        ("algorithm", c_uint64 * 8),
        ("workspace", c_size_t),
        ("state", c_int),
        ("waves", ctypes.c_float),
        ("reserved", c_int * 4),
    )


_SET = [c_void_p, c_int32, c_void_p, c_size_t]
_SIGNATURES: dict[str, list[Any]] = {
    "cublasLtCreate": [c_void_p],
    "cublasLtDestroy": [c_void_p],
    "cublasLtMatmulDescCreate": [c_void_p, c_int32, c_int32],
    "cublasLtMatmulDescSetAttribute": _SET,
    "cublasLtMatmulDescDestroy": [c_void_p],
    "cublasLtMatrixLayoutCreate": [c_void_p, c_int32, c_uint64, c_uint64, c_int64],
    "cublasLtMatrixLayoutDestroy": [c_void_p],
    "cublasLtMatmulPreferenceCreate": [c_void_p],
    "cublasLtMatmulPreferenceSetAttribute": _SET,
    "cublasLtMatmulPreferenceDestroy": [c_void_p],
    "cublasLtMatmulAlgoGetHeuristic": [c_void_p] * 7 + [c_int, c_void_p, c_void_p],
    "cublasLtMatmul": [c_void_p] * 14 + [c_size_t, c_void_p],
}


class Lt:
    """cuBLASLt on the device that is current in this thread.

    Parameters
    ----------
    library : ctypes.CDLL
        See :meth:`open`.

    Attributes
    ----------
    version : str
        For example ``"13.1.1"``.
    close : callable
        Gives the handle back; otherwise the last reference does.

    Raises
    ------
    DeviceError
        From every method: names the failed call and cuBLAS's own name of the error.
    """

    def __init__(self, library: Any) -> None:
        self.library = library
        number = library.cublasLtGetVersion()
        self.version = f"{number // 10000}.{number // 100 % 100}.{number % 100}"
        self.handle = c_void_p()
        self.call("cublasLtCreate", byref(self.handle))
        self.close = weakref.finalize(self, library.cublasLtDestroy, self.handle)

    @classmethod
    def open(cls) -> Lt | None:
        """The newest cuBLASLt of the machine, or None if it has none."""
        for name in _names():
            try:
                library = ctypes.CDLL(name)
            except OSError:
                continue
            library.cublasLtGetVersion.restype = c_size_t
            for function, types in _SIGNATURES.items():
                getattr(library, function).argtypes = types
            return cls(library)
        return None

    def call(self, name: str, *arguments: Any, accept: tuple[int, ...] = ()) -> int:
        """Call a function; its status is 0 or one of those accepted."""
        status = int(getattr(self.library, name)(*arguments))
        if status != 0 and status not in accept:
            raise DeviceError(f"{name} failed: {_STATUS.get(status, 'unknown status')} ({status})")
        return status


def _names() -> Iterator[str]:
    """Where the library may be, the likeliest first."""
    try:
        from cuda.pathfinder import load_nvidia_dynamic_lib

        yield str(load_nvidia_dynamic_lib("cublasLt").abs_path)
    except (ImportError, RuntimeError):  # No pathfinder; or it finds nothing.
        pass
    found = ctypes.util.find_library("cublasLt")
    if found:
        yield found
    yield from ("libcublasLt.so.13", "libcublasLt.so.12")


class _Descriptor:
    """One of cuBLASLt's own objects, destroyed with the last reference."""

    def __init__(self, lt: Lt, kind: str, *arguments: Any) -> None:
        self.lt, self.kind, self.handle = lt, kind, c_void_p()
        lt.call(f"cublasLt{kind}Create", byref(self.handle), *arguments)
        weakref.finalize(self, getattr(lt.library, f"cublasLt{kind}Destroy"), self.handle)

    def set(self, attribute: int, value: Any) -> None:
        """Set an attribute to a number of one of ctypes' types."""
        size = ctypes.sizeof(value)
        self.lt.call(f"cublasLt{self.kind}SetAttribute", self.handle, attribute, byref(value), size)


class Product:
    """C = A B at one place of a step: shapes are fixed, addresses may change.

    Parameters
    ----------
    lt : Lt
    a, b : Matrix
        (m, k) and (k, n) with any strides; C is contiguous.
    epilogue : str
        See :func:`parameters`.
    precision : {"float32", "tf32"}
        See :func:`nnkit.config.set_matmul_precision`; float64 is always computed as such.
    """

    def __init__(
        self, lt: Lt, a: Matrix, b: Matrix, epilogue: str = "none", precision: str = "float32"
    ) -> None:
        self.lt, self.parameters = lt, parameters(a, b, epilogue)
        self._algorithm: _Heuristic | None = None
        self._alignments: tuple[int, ...] = ()
        if self.parameters is None:
            return
        p = self.parameters
        kind, number = _TYPES[a.dtype.name]
        self._one, self._beta = number(1), number(epilogue == "add")
        self._operation = _Descriptor(lt, "MatmulDesc", _COMPUTE[a.dtype.name, precision], kind)
        self._operation.set(_TRANSA, c_int32(p.transa))
        self._operation.set(_TRANSB, c_int32(p.transb))
        self._operation.set(_EPILOGUE, c_uint32(p.epilogue))
        first = (p.k, p.m) if p.transa else (p.m, p.k)
        second = (p.n, p.k) if p.transb else (p.k, p.n)
        self._first = _Descriptor(lt, "MatrixLayout", kind, *first, p.lda)
        self._second = _Descriptor(lt, "MatrixLayout", kind, *second, p.ldb)
        self._result = _Descriptor(lt, "MatrixLayout", kind, p.m, p.n, p.ldc)

    def plan(self, a: int, b: int, c: int, extra: int = 0) -> bool:
        """Choose the algorithm for operands at these addresses; False if there is none.

        Not while a stream is captured. An algorithm also fits other addresses that are aligned
        alike. How it is aligned counts: the rows of a matrix of 10 columns begin at multiples of
        8 bytes only, which tensor cores can't read.
        """
        if self.parameters is None:
            return False
        alignments = tuple(_alignment(address) for address in (b, a, c, c, extra))
        if alignments != self._alignments:
            self._algorithm = self._choose(alignments[:4], extra)
            self._alignments = alignments
        return self._algorithm is not None

    def _choose(self, alignments: tuple[int, ...], extra: int) -> _Heuristic | None:
        preference = _Descriptor(self.lt, "MatmulPreference")
        preference.set(_MAX_WORKSPACE, c_uint64(WORKSPACE))
        preference.set(_REDUCTION_SCHEMES, c_uint32(_REPRODUCIBLE))
        for operand, alignment in enumerate(alignments):
            preference.set(_MIN_ALIGNMENT_A + operand, c_uint32(alignment))
        self._point_at(extra)
        found, count = _Heuristic(), c_int()
        status = self.lt.call(
            "cublasLtMatmulAlgoGetHeuristic",
            self.lt.handle,
            self._operation.handle,
            self._first.handle,
            self._second.handle,
            self._result.handle,
            self._result.handle,
            preference.handle,
            1,
            byref(found),
            byref(count),
            accept=(_NOT_SUPPORTED,),
        )
        return found if status == 0 and count.value else None

    def run(self, a: int, b: int, c: int, extra: int, workspace: int, stream: int) -> None:
        """Queue the product; it allocates nothing, so a stream may be captured.

        Parameters
        ----------
        a, b, c : int
            Addresses in device memory, aligned as those that it was planned for.
        extra : int
            That of the epilogue's vector; 0 without one.
        workspace : int
            That of ``WORKSPACE`` bytes that no other stream uses.
        stream : int
        """
        self._point_at(extra)
        self.lt.call(
            "cublasLtMatmul",
            self.lt.handle,
            self._operation.handle,
            byref(self._one),
            b,
            self._first.handle,
            a,
            self._second.handle,
            byref(self._beta),
            c,
            self._result.handle,
            c,
            self._result.handle,
            byref(self._algorithm),  # type: ignore[arg-type]  # Not None: it is planned.
            workspace,
            WORKSPACE,
            stream,
        )

    def _point_at(self, extra: int) -> None:
        if extra:
            self._operation.set(_BIAS_POINTER, c_void_p(extra))


def _alignment(address: int) -> int:
    """The largest power of two that divides an address, up to 256, beyond which none is asked."""
    return min(address & -address or 256, 256)
