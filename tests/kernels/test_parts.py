"""What numba compiles for a kernel: linked once, and still there for the user's own functions."""

import ctypes
import sys

import numba
import numpy as np
import pytest

import nnkit
from nnkit.kernels._entry import compiled
from nnkit.kernels._flags import FLAGS
from nnkit.kernels._jit import inline
from nnkit.kernels._parts import Part


@inline
def twice(x):
    return 2 * x


@inline
def four_times(x):
    return twice(x) + twice(x)


@numba.njit
def of_a_user(x):
    if x > 100:
        raise ValueError("too large")
    return four_times(x) + 1


@nnkit.kernel(outputs=["y"])
def both(x, y):
    for i in range(y.size):
        y[i] = of_a_user(x[i]) + twice(x[i])


def test_each_function_is_linked_once():
    library = compiled(both.function, ("f8[1]", "f8[1]"), FLAGS, "both_looked_at")
    names = [function.name for function in library.get_defined_functions()]
    assert "both_looked_at" in names
    assert len(names) == len(set(names))
    waiting = [part for part in library._linking_libraries if isinstance(part, Part)]
    assert waiting
    assert all(part._waits for part in waiting if part.name != "of_a_user")


def test_functions_of_a_user_still_run_by_themselves():
    x, y = np.arange(3.0), np.empty(3)
    both(x, y)
    np.testing.assert_array_equal(y, 6 * x + 1)
    assert of_a_user(1.0) == 5  # By what was compiled for the kernel.
    with pytest.raises(ValueError, match="too large"):
        of_a_user(101.0)

    @numba.njit
    def later(x):
        return of_a_user(x) + four_times(x)

    assert later(2.0) == 17
    with pytest.raises(ValueError, match="too large"):
        later(102.0)


def test_an_error_in_a_kernel_is_printed(monkeypatch):
    """Kernels raise nothing but in bounds checks; whoever calls them natively can't catch it."""
    x, y = np.full(3, 101.0), np.empty(3)
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    both(x, y)
    found = seen[0]
    assert isinstance(found.exc_value, ValueError)
    assert str(found.exc_value) == "too large"
    assert "both" in found.object


def test_helpers_that_call_themselves():
    @numba.njit
    def faculty(n):
        return 1 if n < 2 else n * faculty(n - 1)

    @numba.njit
    def is_odd(n):
        return False if n == 0 else is_even(n - 1)

    @numba.njit
    def is_even(n):
        return True if n == 0 else is_odd(n - 1)

    @nnkit.kernel(outputs=["y"])
    def faculties(y):
        for i in range(y.size):
            y[i] = faculty(i) * (1 if is_even(i) else -1)

    y = np.empty(6)
    faculties(y)
    np.testing.assert_array_equal(y, [1, -1, 2, -6, 24, -120])
    assert faculty(5) == 120


@numba.njit
def says(x):
    print("helper", x)
    return x


@nnkit.kernel(outputs=["y"])
def talks(x, y):
    print("kernel", x.size)
    y[0] = says(x[0])


def test_what_kernels_print(capfd):
    """Also of a helper, in each process anew; before, the second call never ended."""
    x, y = np.ones(3), np.empty(1)
    for _ in range(2):
        talks(x, y)
    says(2.0)
    ctypes.CDLL(None).fflush(None)
    assert capfd.readouterr().out.split("\n")[:-1] == [
        *("kernel 3", "helper 1.0") * 2,
        "helper 2.0",
    ]
