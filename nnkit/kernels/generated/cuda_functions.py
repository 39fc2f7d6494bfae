"""What generated kernels for GPUs call. Imports CUDA."""

import functools
import math

import numpy as np

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    SIMULATED,
    cuda,
    device,
    lane_sum,
    thread,
    threads,
)
from nnkit.kernels.generated.nest import TYPES

#: Threads that share a column.
SUMMANDS = 4 if SIMULATED else 32

# NumPy's names of functions that have others in Python's math.
_NAMES = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "deg2rad": "radians",
    "rad2deg": "degrees",
}
# Of float32, or they would make float64 of it.
_ZERO, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
_KINDS = ("float32", "float64", "int64")


@functools.cache
def names():
    """All that a kernel's text may name: functions, data types, and how threads work together."""
    known = {name: getattr(math, name) for name in dir(math) if name[0] != "_"}
    known |= {name: getattr(math, other) for name, other in _NAMES.items()}
    if SIMULATED:  # Python's functions raise where CUDA's give infinity or NaN.
        known |= {name: f for name, f in vars(np).items() if isinstance(f, np.ufunc)}
    known |= {"abs": abs, "maximum": np.maximum, "minimum": np.minimum}
    known |= {"rint": _rint, "sigmoid": _sigmoid, "sign": _sign}
    known |= {f"column_sum_{kind}": _sum(kind, False) for kind in _KINDS}
    known |= {f"block_sum_{kind}": _sum(kind, True) for kind in _KINDS}
    known |= {"cuda": cuda, "lane_sum": lane_sum, "thread": thread, "threads": threads}
    known |= {"LANES": LANES, "ROWS": ROWS, "SUMMANDS": SUMMANDS}
    return {"__name__": __name__, **known, **TYPES}


_floor = np.floor if SIMULATED else math.floor


@device
def _rint(x):
    """The nearest integer; of two, the even one."""
    down = _floor(x)
    rest = x - down
    odd = down != _TWO * _floor(down * _HALF)
    return down + _ONE if rest > _HALF or (rest == _HALF and odd) else down


@device
def _sign(x):
    """-1, 0 or 1; NaN of NaN."""
    size = _ONE if x > _ZERO else _ZERO
    return x if x != x else size - _ONE if x < _ZERO else size


@device
def _sigmoid(x):
    """1 / (1 + e^-x)."""
    return _math.sigmoid(x)


def _sum(kind, whole):
    """What adds up one value of each thread of a column, or of the whole block of columns."""
    of_type = np.dtype(kind)

    def total(value):
        box = cuda.shared.array((SUMMANDS, LANES), of_type)
        x, y = cuda.threadIdx.x, cuda.threadIdx.y
        box[y, x] = value
        cuda.syncthreads()
        half = SUMMANDS // 2
        while half > 0:
            if y < half:
                box[y, x] += box[y + half, x]
            cuda.syncthreads()
            half //= 2
        half = LANES // 2 if whole else 0
        while half > 0:
            if y == 0 and x < half:
                box[0, x] += box[0, x + half]
            cuda.syncthreads()
            half //= 2
        result = box[0, 0 if whole else x]
        cuda.syncthreads()
        return result

    return device(total)
