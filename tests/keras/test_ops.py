"""Functions of nnkit.ops against those of keras.ops: values, and which are left out."""

import pathlib
import re

import numpy as np
import pytest

from nnkit import ops
from nnkit.nested import leaves
from tests.keras.theirs import QUIET, assert_close, keras
from tests.ops_cases import CALLS, call_id

pytestmark = QUIET

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "api" / "ops.rst"


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


def test_each_of_keras_is_there_or_listed():
    """The page says of each that is left out why."""
    theirs = {
        name
        for name in dir(keras.ops)
        if not name.startswith("_") and callable(getattr(keras.ops, name))
    }
    listed = re.findall(r"^   \* - (.+)\n     - (.+)", PAGE.read_text(), re.M)
    left_out = [name for names, _ in listed[1:] for name in re.findall(r"``(\w+)``", names)]
    assert len(left_out) == len(set(left_out))
    there = {name for name in theirs if hasattr(ops, name)}
    assert theirs - there == set(left_out)
    assert all(len(reason) > 20 for _, reason in listed[1:])
