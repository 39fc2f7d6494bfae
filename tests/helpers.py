"""What several tests need to run a kernel by itself."""

import ctypes
import os

import numpy as np


def run(kernel, *arguments):
    """Call a kernel's machine code, and see that it leaves its inputs as they were.

    Outputs are filled with NaN (integers: with a large number) first: whatever a kernel doesn't
    write, or adds to instead of overwriting, shows.
    """
    before = []
    for name, a in zip(kernel.parameters, arguments, strict=True):
        if name in kernel.outputs:
            a.fill(np.nan if a.dtype.kind == "f" else 111)
        elif isinstance(a, np.ndarray) and not kernel.writes(name):
            before.append((name, a, a.copy()))
    launch_on_cpu(kernel, arguments)
    for name, a, copy in before:
        np.testing.assert_array_equal(a, copy, err_msg=f"{kernel.name} changed its input {name}")


def launch_on_cpu(kernel, arguments):
    """Call a kernel's machine code."""
    types, words = kernel.encode(arguments)
    flat = [w for operand in words for w in operand]
    operands = (ctypes.c_int64 * len(flat))(*flat)
    kernel.compiled(types)(ctypes.addressof(operands))


def slope(function, x, step=1e-6):
    """The gradient of a function of an array that returns a number, by central differences."""
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (function(up) - function(down)) / (2 * step)
    return gradient


def rounds(few, many):
    """How often a test repeats itself: few times in ``make test``, many times in ``make soak``."""
    return many if os.environ.get("NNKIT_SOAK") else few
