"""Activations over all numbers of a type, forward and backward, against extended precision."""

import numpy as np
import pytest

from nnkit.kernels.cpu import activations as kernels
from tests.helpers import run
from tests.reference.activations import OF_Y
from tests.reference.extended import EXACT, assert_right, numbers

TYPES = [np.float32, np.float64]
NUMBERS = {"elu": (1.5, 1.0), "hard_sigmoid": (1 / 6,), "relu": (0.1, np.inf, 0.0)}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", EXACT)
@np.errstate(all="ignore")
def test_all_numbers(name, dtype):
    """The slope is also right times the gradients that come with large and small losses."""
    x, wide = numbers(dtype)
    value, slope = EXACT[name](wide)
    y, dx = np.empty_like(x), np.empty_like(x)
    run(getattr(kernels, name), x, *NUMBERS.get(name, ()), y)
    assert_right(y, value, dtype, 0.5 if name == "hard_sigmoid" else 0.0)
    kept = y if name in OF_Y else x
    for power in (0.0, 0.3, 0.9, -0.4):
        dy = np.full_like(x, np.finfo(dtype).max ** power)
        if name == "exponential":
            dy[np.isinf(y)] = 1  # Its slope is infinite as the value is.
        run(getattr(kernels, name + "_backward"), dy, kept, *NUMBERS.get(name, ()), dx)
        # Slopes that are differences are as precise as the terms, which are up to 1.
        exact = name in ("exponential", "relu", "elu", "softsign")
        largest = np.finfo(dtype).tiny if exact else 1.0
        assert_right(dx, slope * dy, dtype, largest * dy)
