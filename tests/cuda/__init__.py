"""Tests of the GPU's kernels: in numba's simulator, as code for real devices, and on one.

The first two need no GPU. Each has its own process, because numba reads the environment once::

    NUMBA_ENABLE_CUDASIM=1 python -m pytest tests/cuda/simulator
    NNKIT_TEST_COMPILED=1 python -m pytest tests/cuda/compiled
"""

import copy
import importlib
import pkgutil

import numpy as np

from tests.cuda.cases import TOLERANCE, all_cases


def kernels(folder, kind):
    """Every kernel of a folder of nnkit.kernels, by name."""
    package = importlib.import_module(f"nnkit.kernels.{folder}")
    modules = [
        importlib.import_module(info.name)
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    ]
    found = [k for module in modules for k in vars(module).values() if isinstance(k, kind)]
    named = {k.name: k for k in found}
    assert set(named.values()) == set(found), "a name stands for two kernels"
    return named


def cases_of(*dtypes):
    """The cases of these types, the same in every process."""
    return [case for dtype in dtypes for case in all_cases(dtype, np.random.default_rng(0))]


def check(case, kernel, outputs):
    """Launch a CUDA kernel for a case and compare everything that it writes.

    ``outputs`` are filled with NaN (integers: with a large number) first, so whatever the kernel
    doesn't write, or adds to instead of overwriting, shows. Inputs must stay as they were.
    """
    before = dict(zip(kernel.parameters, copy.deepcopy(case.arguments), strict=True))
    named = dict(zip(kernel.parameters, case.arguments, strict=True))
    named |= {name: named[name].copy() for name in case.expected}
    for name in outputs:
        named[name].fill(np.nan if named[name].dtype.kind == "f" else 111)
    kernel(*named.values())
    for name, got in named.items():
        want = case.expected.get(name)
        if want is None:
            np.testing.assert_array_equal(got, before[name], err_msg=f"changed its input {name}")
        elif want.dtype != np.float64:
            np.testing.assert_array_equal(got, want, err_msg=name)
        else:
            tolerance = case.tolerance or TOLERANCE[got.dtype.type]
            np.testing.assert_allclose(got, want, tolerance, tolerance, err_msg=name)
