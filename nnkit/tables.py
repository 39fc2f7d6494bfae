"""Tables and columns of pandas and polars as arrays of numbers; neither library is imported."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["numbers_of"]


def numbers_of(value: Any, name: str) -> np.ndarray | None:
    """The numbers of a table (rows, columns) or of a column (rows,); None if it is neither.

    Columns of several types of numbers become the type that holds all of them, as NumPy promotes.

    Parameters
    ----------
    value : object
        A DataFrame, Series, Index or extension array of pandas; a DataFrame or Series of polars.
    name : str
        What errors call it.

    Raises
    ------
    TypeError
        A column holds something else than numbers or bools.
    ValueError
        A column of a nullable type has missing values.
    """
    if _is(value, "pandas", "DataFrame"):
        labels, columns = value.columns, [value.iloc[:, i] for i in range(value.shape[1])]
        return _side_by_side(columns, labels, len(value), _pandas_column, name)
    if _is(value, "pandas", "Series", "Index"):
        return _pandas_column(value, _called(value.name, name))
    if _is(value, "pandas.api.extensions", "ExtensionArray"):
        return _pandas_column(value, name)
    if _is(value, "polars", "DataFrame"):
        return _side_by_side(value.get_columns(), value.columns, len(value), _polars_column, name)
    if _is(value, "polars", "Series"):
        return _polars_column(value, _called(value.name or None, name))
    if _is(value, "polars", "LazyFrame"):
        raise TypeError(f"{name} is a LazyFrame, which has no rows yet; give {name}.collect()")
    return None


def _is(value: Any, module: str, *names: str) -> bool:
    """Whether it is of a class of a module; nobody has one before the module is imported."""
    found = sys.modules.get(module)
    return isinstance(value, tuple(getattr(found, n) for n in names if hasattr(found, n)))


def _called(label: Any, name: str) -> str:
    return name if label is None else f"column {label!r} of {name}"


def _side_by_side(
    columns: list[Any], labels: Any, rows: int, convert: Any, name: str
) -> np.ndarray:
    """Columns (rows,) as one array (rows, columns)."""
    arrays = [convert(c, _called(label, name)) for c, label in zip(columns, labels, strict=True)]
    return np.stack(arrays, axis=1) if arrays else np.empty((rows, 0))


def _pandas_column(column: Any, what: str) -> np.ndarray:
    dtype = column.dtype
    plain = getattr(dtype, "numpy_dtype", dtype)  # Of a nullable type.
    if hasattr(dtype, "fill_value"):  # Sparse.
        plain = dtype.subtype
    if not isinstance(plain, np.dtype) or plain.kind not in "biuf":
        raise _no_numbers(what, dtype)
    if hasattr(dtype, "numpy_dtype"):
        _check_missing(what, np.flatnonzero(column.isna()))
    return np.asarray(column.to_numpy(plain))


def _polars_column(column: Any, what: str) -> np.ndarray:
    if not (column.dtype.is_numeric() or str(column.dtype) == "Boolean"):
        raise _no_numbers(what, column.dtype)
    if column.null_count():
        _check_missing(what, column.is_null().arg_true().to_numpy())
    decimal = column.dtype.is_decimal()
    return np.asarray(column, np.float64 if decimal else None)


def _no_numbers(what: str, dtype: Any) -> TypeError:
    return TypeError(
        f"{what} holds {dtype}, not numbers: leave it out, or give each category a number or a "
        "column of its own (pandas: get_dummies, cat.codes, astype; polars: to_dummies, cast)"
    )


def _check_missing(what: str, rows: np.ndarray) -> None:
    if len(rows):
        raise ValueError(
            f"{what} has missing values ({len(rows)} in all), the first in row {rows[0]}; fill "
            "them in, or drop such rows"
        )
