import numpy as np
import pytest

from nnkit import checks


@pytest.mark.parametrize("value", [1, np.int64(1), np.uint8(1)])
def test_integers(value):
    assert type(checks.integer("A", "b", value)) is int


@pytest.mark.parametrize("value", [1.0, True, np.True_, "1", None])
def test_no_integers(value):
    with pytest.raises(TypeError, match="A: b must be a whole number from 1 to 5, got"):
        checks.integer("A", "b", value, 1, 5)


@pytest.mark.parametrize("value", [0.0, 0, np.float32(0.5), np.array(0.5)])
def test_numbers(value):
    assert type(checks.number("A", "b", value, "[0, 1)")) is float


@pytest.mark.parametrize("value", [-1e-9, 1, float("nan"), float("inf")])
def test_numbers_out_of_range(value):
    with pytest.raises(ValueError, match=r"A: b must be a number in \[0, 1\), got"):
        checks.number("A", "b", value, "[0, 1)")


@pytest.mark.parametrize("value", ["1", True, None, np.zeros(2)])
def test_no_numbers(value):
    with pytest.raises(TypeError, match="A: b must be a number"):
        checks.number("A", "b", value)


def test_open_and_closed_ends():
    assert checks.number("A", "b", float("inf"), "[0, inf]") == float("inf")
    with pytest.raises(ValueError, match="inf"):
        checks.number("A", "b", float("inf"), "[0, inf)")
    with pytest.raises(ValueError, match=r"\(0, 1\]"):
        checks.number("A", "b", 0, "(0, 1]")


def test_flags():
    assert checks.flag("A", "b", np.True_) is True
    with pytest.raises(TypeError, match="A: b must be True or False, got 1"):
        checks.flag("A", "b", 1)
