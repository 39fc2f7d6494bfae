"""Products of matrices by cuBLASLt, called through its C interface.

cuBLASLt reads matrices column by column, and read so, a matrix that lies row by row is its own
transpose. So C = A B is asked for as C^T = B^T A^T: cuBLASLt's first operand is our second, its
second our first, and nothing is moved. What it does along the rows of its result (add a bias) it
does along the columns of ours.

It may have no algorithm for an epilogue, or for operands that are not aligned to 16 bytes. Then
:meth:`Product.plan` says so, and nnkit's own kernels multiply.
"""

from __future__ import annotations

import ctypes
import weakref
from ctypes import byref, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any, NamedTuple

import numpy as np

from nnkit.engine.references import Reference
from nnkit.errors import DeviceError

__all__ = ["WORKSPACE", "Lt", "Parameters", "Product", "parameters"]

# Bytes of device memory that a product may use while it runs: NVIDIA's advice for Hopper.
WORKSPACE = 32 << 20

# Our names of the epilogues, and the values of cublasLtEpilogue_t.
_EPILOGUES = {
    "none": 1,  # DEFAULT
    "add": 1,  # DEFAULT, too: what C was is the library's third operand.
    "bias": 4,  # BIAS: C += extra, in every row
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
_NOT_SUPPORTED = 15  # Of cublasStatus_t.


# --------------------------------------------------------------------------------- parameters


# An operand of float32 or float64: rows and columns with any strides.
Matrix = np.ndarray | Reference
# Rows, columns, and elements from column to column.
Layout = tuple[int, int, int]


class Parameters(NamedTuple):
    """C = A B in the terms of cublasLtMatmul, whose first operand is our B, and its second our A.

    Attributes
    ----------
    transa, transb : bool
        Whether it must read its first or its second operand transposed.
    layouts : tuple of (int, int, int)
        Rows, columns, and elements from column to column of its operands and of its result, as
        they lie in memory.
    epilogue : int
        Of cublasLtEpilogue_t.
    """

    transa: bool
    transb: bool
    layouts: tuple[Layout, Layout, Layout]
    epilogue: int


def parameters(a: Matrix, b: Matrix, epilogue: str = "none") -> Parameters | None:
    """How to ask for C = A B, with C contiguous.

    Parameters
    ----------
    a, b : Matrix
        (m, k) and (k, n).
    epilogue : {"none", "add", "bias", "sum_rows"}
        What the launch does besides. ``"add"``: add what C was to the product. The others have a
        vector of n elements: ``"bias"`` adds it to every row of C; ``"sum_rows"`` sets it to the
        sum of B's rows, which is the gradient of a bias where B is the gradient of the result.

    Returns
    -------
    Parameters or None
        None if an operand is contiguous neither along its rows nor along its columns, or if the
        rows of a transposed B would have to be added up.
    """
    first, second = _layout(b), _layout(a)
    if first is None or second is None or (first[0] and epilogue == "sum_rows"):
        return None
    columns = b.shape[1]
    layouts = first[1], second[1], (columns, a.shape[0], columns)
    return Parameters(first[0], second[0], layouts, _EPILOGUES[epilogue])


def _layout(x: Matrix) -> tuple[bool, Layout] | None:
    """Whether a matrix lies column by column, and how cuBLASLt sees it.

    A row-major matrix needs no transposing: cuBLASLt takes it for its transpose.
    """
    size = x.dtype.itemsize
    for transposed in (False, True):
        (lines, length), (step, unit) = x.shape, x.strides
        if transposed:
            lines, length, step, unit = length, lines, unit, step
        if (length == 1 or unit == size) and (lines == 1 or step >= length * size):
            return transposed, (length, lines, length if lines == 1 else step // size)
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
    """cuBLASLt on the device that is current in this thread, until the last reference goes.

    Parameters
    ----------
    library : ctypes.CDLL
        See :meth:`open`.

    Attributes
    ----------
    version : str
        For example ``"13.1.1"``.

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
        weakref.finalize(self, library.cublasLtDestroy, self.handle)

    @classmethod
    def open(cls) -> Lt | None:
        """The cuBLASLt that cuda-pathfinder finds, or None if it finds none that can be loaded."""
        try:
            from cuda.pathfinder import load_nvidia_dynamic_lib

            library = ctypes.CDLL(load_nvidia_dynamic_lib("cublasLt").abs_path)
        except (ImportError, RuntimeError, OSError):
            return None
        library.cublasLtGetVersion.restype = c_size_t
        library.cublasLtGetStatusName.restype = c_char_p
        for function, types in _SIGNATURES.items():
            getattr(library, function).argtypes = types
        return cls(library)

    def call(self, name: str, *arguments: Any, accept: tuple[int, ...] = ()) -> int:
        """Call a function; its status is 0 or one of those accepted."""
        status = int(getattr(self.library, name)(*arguments))
        if status != 0 and status not in accept:
            reason = self.library.cublasLtGetStatusName(status).decode()
            raise DeviceError(f"{name} failed: {reason} ({status})")
        return status


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
        self._layouts = [_Descriptor(lt, "MatrixLayout", kind, *layout) for layout in p.layouts]

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
        first, second, result = (layout.handle for layout in self._layouts)
        problem = self.lt.handle, self._operation.handle, first, second, result, result
        asked = preference.handle, 1, byref(found), byref(count)
        name = "cublasLtMatmulAlgoGetHeuristic"
        status = self.lt.call(name, *problem, *asked, accept=(_NOT_SUPPORTED,))
        return found if status == 0 and count.value else None

    def run(self, a: int, b: int, c: int, extra: int, workspace: int, stream: int) -> None:
        """Queue the product; nothing is allocated, so a stream may be captured.

        Parameters
        ----------
        a, b, c : int
            Addresses in device memory, aligned as those given to :meth:`plan`.
        extra : int
            Address of the epilogue's vector; 0 without one.
        workspace : int
            Address of ``WORKSPACE`` bytes that no other stream uses.
        stream : int
        """
        self._point_at(extra)
        first, second, result = (layout.handle for layout in self._layouts)
        product = byref(self._one), b, first, a, second
        added = byref(self._beta), c, result
        algorithm: Any = self._algorithm  # It is planned.
        how = byref(algorithm), workspace, WORKSPACE, stream
        operation = self.lt.handle, self._operation.handle
        self.lt.call("cublasLtMatmul", *operation, *product, *added, c, result, *how)

    def _point_at(self, extra: int) -> None:
        if extra:
            self._operation.set(_BIAS_POINTER, c_void_p(extra))


def _alignment(address: int) -> int:
    """The largest power of two that divides an address, up to 256, beyond which none is asked."""
    return min(address & -address or 256, 256)
