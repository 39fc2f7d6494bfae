import re

import numpy as np
import pytest

from nnkit.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)

MSE, BINARY = MeanSquaredError(), BinaryCrossentropy()
DENSE, SPARSE = CategoricalCrossentropy(), SparseCategoricalCrossentropy()


@pytest.mark.parametrize(
    ("shape", "output", "expected"),
    [
        ((5, 3), (None, 3), (5, 3)),
        ((5,), (None, 1), (5, 1)),
        ((5, 1), (None,), (5, 1)),
        ((5, 2, 3), (None, 2, 3), (5, 6)),
        ((5, 2), (None, 2, 1), (5, 2)),
        ((0, 3), (None, 3), (0, 3)),
    ],
)
def test_numbers_that_fit(shape, output, expected):
    assert MSE.prepare(np.zeros(shape), output).shape == expected


@pytest.mark.parametrize(
    ("shape", "output"),
    [((5, 3), (None, 2)), ((5, 2), (None, 1)), ((5,), (None, 5)), ((5, 1), (None, 5)), ((), (1,))],
)
def test_numbers_that_do_not(shape, output):
    with pytest.raises(ValueError, match="don't fit outputs of shape") as error:
        MSE.prepare(np.zeros(shape), output)
    assert str(shape) in str(error.value)
    assert "labels" not in str(error.value)


@pytest.mark.parametrize(
    ("shape", "output", "expected"),
    [
        ((5,), (None, 3), (5,)),
        ((5, 1), (None, 3), (5,)),
        ((5, 7), (None, 7, 3), (5, 7)),
        ((5, 7, 1), (None, 7, 3), (5, 7)),
        ((5, 1), (None, 1, 3), (5, 1)),
    ],
)
def test_labels_that_fit(shape, output, expected):
    assert SPARSE.prepare(np.zeros(shape, int), output).shape == expected


@pytest.mark.parametrize(
    ("loss", "y", "output", "message"),
    [
        (
            DENSE,
            [0, 2, 1],
            (None, 3),
            r"sparse_categorical_crossentropy, or .*to_categorical\(y, 3",
        ),
        (DENSE, [[0], [2]], (None, 3), "labels go with sparse_categorical_crossentropy"),
        (DENSE, [[1.0, 0, 0], [0, np.nan, 1]], (None, 3), r"finite, but y\[1\] is \[ *0. nan"),
        (DENSE, [[1.0]], (None, 1), "use binary_crossentropy"),
        (SPARSE, np.eye(3), (None, 3), "one-hot targets go with categorical_crossentropy"),
        (SPARSE, np.zeros((5, 6)), (None, 7, 3), r"shape \(n, 7\), one for each row"),
        (SPARSE, [0, 1, 3], (None, 3), r"whole numbers from 0 to 2 .* y\[2\] is 3"),
        (SPARSE, [0, -1, 3], (None, 3), r"y\[1\] is -1"),
        (SPARSE, [0, 0.5], (None, 3), r"y\[1\] is 0.5"),
        (SPARSE, [0, np.nan], (None, 3), r"y\[1\] is nan"),
        (SPARSE, [[0, 1], [2, 9]], (None, 2, 3), r"y\[\(1, 1\)\] is 9"),
        (BINARY, [0, np.nan], (None, 1), r"y\[1\] is \[nan\]"),
        (BINARY, [0, 3, -np.inf], (None, 1), r"y\[2\] is \[-inf\]"),
        (BINARY, [0, 1], (None, 2), "sparse_categorical_crossentropy"),
    ],
)
def test_wrong_values(loss, y, output, message):
    with pytest.raises(ValueError, match=message):
        loss.prepare(y, output)


@pytest.mark.parametrize("y", [["a", "b"], [None, 1], np.ones(2, complex)])
@pytest.mark.parametrize("loss", [SPARSE, MSE])
def test_no_numbers(loss, y):
    with pytest.raises(TypeError, match="y_true must be an array of numbers"):
        loss.prepare(y, (None, 1))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", "uint32"])
def test_numbers_are_not_copied(dtype):
    y = np.zeros((5, 2), dtype)
    assert np.shares_memory(MSE.prepare(y, (None, 2)), y)
    labels = np.zeros(5, dtype)
    assert np.shares_memory(SPARSE.prepare(labels, (None, 2)), labels)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("bool", "uint8"), (">f4", "float32"), (">i8", "int64"), ("float16", "float32")],
)
def test_types_that_kernels_read(dtype, expected):
    prepared = MSE.prepare(np.ones((2, 3), dtype), (None, 3))
    assert prepared.dtype == np.dtype(expected)
    np.testing.assert_array_equal(prepared, 1)


def test_rows_are_contiguous():
    assert MSE.prepare(np.zeros((3, 5)).T, (None, 3)).flags.c_contiguous
    assert SPARSE.prepare(np.zeros((5, 2), int)[:, 0], (None, 3)).flags.c_contiguous


def test_target_dtypes():
    assert (SPARSE.target_dtype("float64"), MSE.target_dtype("float64")) == ("int32", "float64")


@pytest.mark.parametrize(
    ("loss", "y", "counts", "message"),
    [
        (BINARY, [[[-1]], [[1]]], None, r"from 0 to 1, but y\[0\] is \[-1\]"),
        (BINARY, [[[0]], [[2]]], None, r"y\[1\] is \[2\].* for more there is sparse_cat"),
        (BINARY, [[[0]], [[1]]], None, ""),
        (BINARY, [[[0.1, 0.9]]], None, ""),
        (DENSE, [[[0, 1]], [[0, 0]], [[0, 0]]], None, r"y\[1\] is all zeros.*2 of 3 rows"),
        (DENSE, [[[0, 1], [1, 0]], [[0, 1], [0, 0]]], None, r"y\[\(1, 1\)\] is all zeros.*1 of 4"),
        (DENSE, [[[0, 1]], [[0, 0]]], [[True], [False]], ""),
        (DENSE, [[[0, 1], [0, 0]]], [[True, False]], ""),
        (DENSE, [[[0, -2]], [[0, 0]]], None, ""),
        (DENSE, [[[0, 0]], [[1.5, 0]]], None, ""),
        (SPARSE, [[[0, 0]]], None, ""),
        (MSE, [[[-1]]], None, ""),
    ],
)
def test_doubts(loss, y, counts, message):
    y = np.array(y)
    prepared = loss.prepare(y[..., 0] if loss.sparse else y, y.shape)
    said = loss.doubts(prepared, y.shape, None if counts is None else np.array(counts))
    assert re.search(message, said) if message else said == ""
