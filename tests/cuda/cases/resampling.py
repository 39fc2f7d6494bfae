import numpy as np

from nnkit.layers.interpolation import Samples, tables
from tests.cuda.cases import Case, wide
from tests.reference import resampling as reference

# Arrays (batch, outer, length, inner), and the new length.
SHAPES = [((1, 1, 1, 1), 1), ((2, 3, 5, 2), 3), ((1, 2, 4, 3), 9)]


def of(method, length, new, dtype):
    """Tables that may be written to, as the simulator wants them."""
    both = tables(Samples(method, length, new, 0, length), np.dtype(dtype).name)
    return [tuple(array.copy() for array in table) for table in both]


def cases(dtype, rng):
    for shape, new in SHAPES:
        x = rng.normal(size=shape).astype(dtype)
        dy = rng.normal(size=(*shape[:2], new, shape[3])).astype(dtype)
        there, _ = of("bicubic", shape[2], new, dtype)
        want = reference.resample(*wide(x), *there)
        yield Case("resample", (x, *there, np.empty_like(dy)), {"y": want})
        x = rng.integers(-2, 3, shape).astype(dtype)  # Many are equal.
        there, back = of("mean", shape[2], new, dtype)
        y, at = reference.range_max(x, *there[:2])
        at = at.astype(np.int32)
        arguments = x, *there[:2], np.empty_like(dy), np.empty_like(at)
        yield Case("range_max", arguments, {"y": y.astype(float), "at": at})
        dx = reference.range_max_backward(*wide(dy), at, shape[2])
        yield Case("range_max_backward", (dy, at, *back[:2], np.empty_like(x)), {"dx": dx})
