"""Functions of nnkit.ops against those of keras.ops: values."""

import numpy as np
import pytest

from nnkit import ops
from nnkit.nested import leaves
from tests.keras.theirs import QUIET, assert_close, keras
from tests.ops_cases import CALLS, call_id

pytestmark = QUIET


def in_float32(arguments):
    """Keras on JAX computes in float32."""
    return [
        a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype == np.float64 else a
        for a in arguments
    ]


@pytest.mark.parametrize("call", CALLS, ids=call_id)
def test_values(call):
    name, arguments, named = call
    if name == "sparsemax":
        pytest.skip("Keras 3.15's doesn't sum to 1")
    if name.startswith("segment") and not named:
        pytest.skip("on JAX, Keras needs num_segments")
    if name == "array_split" and not isinstance(arguments[1], int):
        pytest.skip("Keras's splits into equal parts only")
    with np.errstate(all="ignore"):
        expected = leaves(getattr(keras.ops, name)(*in_float32(arguments), **named))
    found = leaves(getattr(ops, name)(*in_float32(arguments), **named))
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        theirs = np.asarray(theirs)
        assert np.shape(mine) == theirs.shape
        if name == "eigh":
            mine, theirs = np.abs(mine), np.abs(theirs)  # Each vector has two directions.
        assert_close(np.nan_to_num(mine), np.nan_to_num(theirs), 1e-4 if name == "inv" else 2e-5)
