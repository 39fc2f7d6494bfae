"""Conversion of pandas's and polars's tables and columns to arrays, without importing either."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["is_table", "numbers_of"]


def is_table(value: Any) -> bool:
    """Whether a value is pandas's or polars's, so that :func:`numbers_of` knows what to do."""
    return type(value).__module__.split(".")[0] in ("pandas", "polars")


def numbers_of(value: Any, name: str) -> np.ndarray | None:
    """Convert a table to (rows, columns), or a column to (rows,); None for other values.

    Columns of different types are converted to one type by NumPy's rules of promotion.

    Parameters
    ----------
    value : object
        A DataFrame, Series, Index or extension array of pandas; a DataFrame or Series of polars.
    name : str
        The name of the value in errors.

    Raises
    ------
    TypeError
        A column contains other values than numbers and bools.
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
    """Whether a value's class is a module's; False if the module has not been imported."""
    found = sys.modules.get(module)
    return isinstance(value, tuple(getattr(found, n) for n in names if hasattr(found, n)))


def _called(label: Any, name: str) -> str:
    return name if label is None else f"column {label!r} of {name}"


def _side_by_side(
    columns: list[Any], labels: Any, rows: int, convert: Any, name: str
) -> np.ndarray:
    """Join columns (rows,) to an array (rows, columns)."""
    arrays = [convert(c, _called(label, name)) for c, label in zip(columns, labels, strict=True)]
    return np.stack(arrays, axis=1) if arrays else np.empty((rows, 0))


def _pandas_column(column: Any, what: str) -> np.ndarray:
    dtype = column.dtype
    plain = getattr(dtype, "numpy_dtype", dtype)  # The type of a nullable type's values.
    if hasattr(dtype, "fill_value"):  # A sparse type.
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
