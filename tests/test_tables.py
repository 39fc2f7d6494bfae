"""DataFrames and Series of pandas and polars are data, whatever their types of numbers."""

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential
from nnkit.conversion import to_numpy
from nnkit.layers import Dense

X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
LABELS = np.arange(6) % 3


@pytest.fixture
def pandas():
    return pytest.importorskip("pandas")


@pytest.fixture
def polars():
    return pytest.importorskip("polars")


def losses(x, y, **options):
    nnkit.utils.set_random_seed(0)
    model = Sequential([Input((4,)), Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(x, y, epochs=2, verbose=0, **options).history["loss"]
    return history, model.predict(x)


def mixed():
    """Columns of four types of numbers, and the array that they are."""
    columns = {"b": X[:, 0], "a": X[:, 1] > 0, "d": LABELS, "c": X[:, 2].astype("float64")}
    return columns, np.stack([np.asarray(c, "float64") for c in columns.values()], axis=1)


def test_columns_of_several_types_train_like_the_array(pandas):
    columns, array = mixed()
    weights = np.linspace(0.5, 1, 6)
    expected = losses(array, LABELS, sample_weight=weights)
    frame = pandas.DataFrame(columns)
    found = losses(frame, pandas.Series(LABELS), sample_weight=pandas.Series(weights))
    np.testing.assert_equal(found, expected)
    nullable = frame.convert_dtypes()  # Float64, boolean, Int64.
    found = losses(nullable, pandas.Index(LABELS), sample_weight=weights, validation_split=0)
    np.testing.assert_equal(found, expected)


def test_polars_trains_like_the_array(polars):
    columns, array = mixed()
    found = losses(polars.DataFrame(columns), polars.Series(LABELS))
    np.testing.assert_equal(found, losses(array, LABELS))


def test_types(pandas):
    frame = pandas.DataFrame({"a": [1, 2], "b": [True, False]})
    assert to_numpy(frame, "x").dtype == np.int64
    assert to_numpy(frame.astype(bool), "x").dtype == bool
    assert to_numpy(frame.astype("float32"), "x").dtype == np.float32
    assert to_numpy(pandas.DataFrame(index=range(3)), "x").shape == (3, 0)
    twice = pandas.DataFrame([[1, 2.5], [3, 4.5]], columns=["a", "a"])
    np.testing.assert_array_equal(to_numpy(twice, "x"), [[1, 2.5], [3, 4.5]])


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda pd: pd.Series([1, 2], dtype="Int8"), np.array([1, 2], "int8")),
        (lambda pd: pd.array([True, False]), np.array([True, False])),
        (lambda pd: pd.RangeIndex(2), np.array([0, 1])),
        (lambda pd: pd.Series(pd.arrays.SparseArray([0.0, 0, 3])), np.array([0.0, 0, 3])),
    ],
)
def test_columns(pandas, make, expected):
    found = to_numpy(make(pandas), "y")
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda pd: pd.array([1, None]), ValueError, r"missing values \(1 in all\), .* in row 1"),
        (lambda pd: pd.array([1.5, None]), ValueError, "column 'wrong' of x has missing values"),
        (lambda pd: pd.array([True, None]), ValueError, "column 'wrong' of x has missing values"),
        (lambda pd: pd.Categorical(["u", "v"]), TypeError, "column 'wrong' of x holds category"),
        (lambda pd: ["u", "v"], TypeError, "column 'wrong' of x holds (str|object)"),
        (lambda pd: [1, "v"], TypeError, "column 'wrong' of x holds object"),
        (lambda pd: pd.to_datetime(["2020", "2021"]), TypeError, "column 'wrong' of x holds datet"),
        (lambda pd: pd.interval_range(0, 2), TypeError, "column 'wrong' of x holds interval"),
        (lambda pd: [1j, 2], TypeError, "column 'wrong' of x holds complex128"),
    ],
)
def test_the_column_at_fault_is_named(pandas, make, error, message):
    column = make(pandas)
    with pytest.raises(error, match=message):
        to_numpy(pandas.DataFrame({"right": [1, 2], "wrong": column}), "x")
    with pytest.raises(error, match=message):
        to_numpy(pandas.Series(column, name="wrong"), "x")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda pl: pl.DataFrame({"a": [1, None]}), ValueError, "column 'a' of x has missing"),
        (lambda pl: pl.DataFrame({"s": ["u"]}), TypeError, "column 's' of x holds String"),
        (lambda pl: pl.Series([[1], [2]]), TypeError, "x holds List"),
        (lambda pl: pl.DataFrame({"a": [1]}).lazy(), TypeError, r"LazyFrame.*x.collect\(\)"),
    ],
)
def test_polars_at_fault(polars, make, error, message):
    with pytest.raises(error, match=message):
        to_numpy(make(polars), "x")
