"""Calls of kernels with what the NumPy reference says comes out: for the simulator and for GPUs.

The arrays are tiny and hostile: a single element, odd sizes, a little more than the threads of the
simulator's grid, NaN and infinity where the CPU's tests have them. Nothing here imports numba.
"""

import dataclasses
import importlib
import pkgutil

import numpy as np

# Relative, and absolute for what cancels.
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
# A single element, an odd number of them, and more than the simulator's 24 threads.
SIZES = (1, 5, 53)
# Rows and columns. The simulator does six rows at once with four threads a row; a block of a GPU
# does eight rows with 32 threads each.
MATRICES = ((1, 1), (2, 37), (9, 3))


@dataclasses.dataclass(frozen=True)
class Case:
    """A call of a kernel.

    Parameters
    ----------
    kernel : str
    arguments : tuple
        NumPy arrays, ints and floats, for all parameters in order; outputs may hold anything.
        Elementwise kernels get vectors.
    expected : dict
        What is in each array that the kernel writes, by parameter: float64, compared with a
        tolerance; or of another type, compared exactly.
    tolerance : float, optional
        Relative and absolute; by default that of the type of the array that is written.
    """

    kernel: str
    arguments: tuple
    expected: dict[str, np.ndarray]
    tolerance: float | None = None

    def __str__(self):
        arrays = [a for a in self.arguments if isinstance(a, np.ndarray)]
        shape = "x".join(map(str, max((a.shape for a in arrays), key=len)))
        return f"{self.kernel}-{shape}-{arrays[0].dtype}"


def wide(*arrays):
    """The arrays in float64, as the reference wants them."""
    return tuple(a.astype(np.float64) for a in arrays)


def all_cases(dtype, rng):
    """The cases of every module here. Each has ``cases(dtype, rng)``, which yields them."""
    for info in pkgutil.iter_modules(__path__, f"{__name__}."):
        yield from importlib.import_module(info.name).cases(dtype, rng)
