"""Conversion of labels and numbers for models."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit import budget, checks, config
from nnkit.conversion import to_numpy

__all__ = ["normalize", "to_categorical"]


def to_categorical(
    x: ArrayLike, num_classes: int | None = None, dtype: Any = None
) -> NDArray[np.floating[Any]]:
    """Convert integer labels to one-hot rows, as ``categorical_crossentropy`` needs them.

    Parameters
    ----------
    x : array_like of int
        Labels from 0 to ``num_classes - 1``, of any shape. A last axis of size 1 is dropped, so a
        column of labels, shape (n, 1), is equivalent to shape (n,).
    num_classes : int, optional
        The number of classes; by default the largest label plus 1.
    dtype : data type, optional
        Of the result, as in Keras 2; by default ``nnkit.config.floatx()``.

    Returns
    -------
    numpy.ndarray
        Zeros and ones of shape ``(*x.shape, num_classes)``.

    Raises
    ------
    ValueError
        A label is negative, too large or not an integer; or there are neither labels nor
        ``num_classes``; or ``num_classes`` is less than 1.
    TypeError
        ``num_classes`` is not an integer, or ``x`` doesn't contain numbers.

    Examples
    --------
    >>> from nnkit.utils import to_categorical
    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    given = to_numpy(x, "x")
    with np.errstate(invalid="ignore"):
        labels = given.astype(np.int64)
    if not np.array_equal(labels, given):
        wrong = given[labels != given].flat[0]
        raise ValueError(f"labels must be whole numbers, but one is {wrong}")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        if labels.size == 0:
            raise ValueError("there are no labels to count the classes from: give num_classes")
        num_classes = max(int(labels.max()) + 1, 1)
    num_classes = checks.integer("to_categorical", "num_classes", num_classes)
    out_of_range = labels[(labels < 0) | (labels >= num_classes)]
    if out_of_range.size:
        raise ValueError(
            f"labels must be from 0 to {num_classes - 1} for {num_classes} classes, but one is "
            f"{out_of_range[0]}; labels of other kinds must be numbered from 0 on first"
        )
    dtype = config.floatx() if dtype is None else dtype
    budget.check_possible((labels.size, num_classes), dtype, "to_categorical's result")
    rows = np.zeros((labels.size, num_classes), dtype)
    rows[np.arange(labels.size), labels.reshape(-1)] = 1
    return rows.reshape(*labels.shape, num_classes)


def normalize(x: ArrayLike, axis: int = -1, order: float = 2) -> NDArray[np.floating[Any]]:
    """Divide an array by its norms along an axis; what is all zeros stays so.

    Parameters
    ----------
    x : array_like
    axis : int
        The axis along which norms are taken.
    order : float
        Of the norm ``sum(abs(x) ** order) ** (1 / order)``: 1, 2, ...; ``numpy.inf`` for the
        largest magnitude.

    Returns
    -------
    numpy.ndarray
        A new array of the same shape; of integers, it is float64.

    Raises
    ------
    ValueError
        ``x`` is a single number, or has no such axis; or ``order`` is not above 0.
    TypeError
        ``axis`` or ``order`` is no number, or ``x`` doesn't contain numbers.

    Examples
    --------
    >>> from nnkit.utils import normalize
    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    array = to_numpy(x, "x")
    if array.ndim == 0:
        raise ValueError(f"normalize: x must be an array with an axis, got the number {array}")
    axis = checks.integer("normalize", "axis", axis, -array.ndim, array.ndim - 1)
    order = checks.number("normalize", "order", order, "(0, inf]")
    if array.dtype.kind in "biu":
        array = array.astype(np.float64)
    # Of numbers near 1, so that no power is infinite or 0 where the norm is neither.
    largest = abs(array).max(axis, keepdims=True, initial=0)
    largest[largest == 0] = 1
    array = array / largest
    if order == np.inf:
        return array
    norm = np.linalg.norm(array, order, axis, keepdims=True)
    norm[norm == 0] = 1
    return array / norm
