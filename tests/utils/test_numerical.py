import numpy as np
import pytest

from nnkit import config
from nnkit.utils import normalize, to_categorical


def test_one_hot():
    rows = to_categorical([0, 2, 1, 3])
    np.testing.assert_array_equal(rows, np.eye(4)[[0, 2, 1, 3]])
    assert rows.dtype == np.float32


def test_more_classes_than_labels():
    assert to_categorical([1, 0], num_classes=5).shape == (2, 5)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((), (3,)), ((1,), (1, 3)), ((4,), (4, 3)), ((4, 1), (4, 3)), ((4, 2), (4, 2, 3))],
)
def test_shapes(shape, expected):
    assert to_categorical(np.zeros(shape, int), 3).shape == expected


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.float32])
def test_any_dtype_that_holds_whole_numbers(dtype):
    np.testing.assert_array_equal(to_categorical(np.array([0, 1], dtype)), np.eye(2))


def test_no_labels():
    assert to_categorical([], 3).shape == (0, 3)
    with pytest.raises(ValueError, match="give num_classes"):
        to_categorical([])


def test_floatx(monkeypatch):
    monkeypatch.setattr(config, "_floatx", "float64")
    assert to_categorical([0]).dtype == np.float64


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([0, -1], "from 0 to 2 for 3 classes, but one is -1"),
        ([0, 3], "from 0 to 2 for 3 classes, but one is 3"),
        ([0, -1, 2**40], "from 0 to 2 for 3 classes, but one is -1"),
        ([0.5, 1], "whole numbers, but one is 0.5"),
    ],
)
def test_bad_labels(labels, reason):
    with pytest.raises(ValueError, match=reason):
        to_categorical(labels, num_classes=3)


@pytest.mark.parametrize("label", [np.nan, 1e30, -np.inf])
def test_labels_beyond_whole_numbers(label):
    with pytest.raises(ValueError, match="labels must be whole numbers, but one is"):
        to_categorical([0, label])


@pytest.mark.parametrize("labels", [["a"], [None], {1, 2}, 1j])
def test_labels_that_are_no_numbers(labels):
    with pytest.raises(TypeError, match="x must be an array of numbers"):
        to_categorical(labels)


def test_bad_number_of_classes():
    with pytest.raises(ValueError, match=r"num_classes must be a whole number from 1 .* got 0"):
        to_categorical([0], 0)
    with pytest.raises(TypeError, match=r"num_classes must be a whole number .* got 2\.5"):
        to_categorical([0], 2.5)


def test_type_of_one_hot():
    assert to_categorical([1], dtype="int32").tolist() == [[0, 1]]
    assert to_categorical([1], 2, "float64").dtype == np.float64


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("order", [1, 2, 3.5, np.inf])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_normalize(dtype, order, axis, rng):
    x = rng.normal(0, 5, (3, 4, 3)).astype(dtype)
    x[1] = 0
    found = normalize(x[::-1], axis, order)[::-1]
    norm = abs(x.astype(float)).max(axis, keepdims=True)
    if order != np.inf:
        norm = (abs(x.astype(float)) ** order).sum(axis, keepdims=True) ** (1 / order)
    expected = x / np.where(norm == 0, 1, norm)
    np.testing.assert_allclose(found, expected, 1e-6)
    assert found.dtype == (dtype if dtype.startswith("float") else "float64")


def test_normalize_extremes():
    assert normalize([3e200, 4e200]).tolist() == pytest.approx([0.6, 0.8])
    assert normalize([3e-200, -4e-200]).tolist() == pytest.approx([0.6, -0.8])
    assert normalize(np.zeros((0, 3))).shape == (0, 3)
    assert normalize(np.zeros((3, 0))).shape == (3, 0)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((3.0,), "an array with an axis, got the number 3"),
        (([1.0], 1), "axis must be a whole number from -1 to 0, got 1"),
        (([1.0], -1, 0), "order must be a number in"),
        (([1.0], -1, "l2"), "order must be a number in"),
        ((["a"],), "x must be an array of numbers"),
    ],
)
def test_errors_of_normalize(arguments, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        normalize(*arguments)
