"""Conversion of labels and numbers for models."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit import budget, checks, config
from nnkit.conversion import to_numpy

__all__ = ["to_categorical"]


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[np.floating[Any]]:
    """Convert integer labels to one-hot rows, as ``categorical_crossentropy`` needs them.

    Parameters
    ----------
    x : array_like of int
        Labels from 0 to ``num_classes - 1``, of any shape. A last axis of size 1 is dropped, so a
        column of labels, shape (n, 1), is equivalent to shape (n,).
    num_classes : int, optional
        The number of classes; by default the largest label plus 1.

    Returns
    -------
    numpy.ndarray
        Zeros and ones of shape ``(*x.shape, num_classes)`` and dtype ``nnkit.config.floatx()``.

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
    budget.check_possible((labels.size, num_classes), config.floatx(), "to_categorical's result")
    rows = np.zeros((labels.size, num_classes), config.floatx())
    rows[np.arange(labels.size), labels.reshape(-1)] = 1
    return rows.reshape(*labels.shape, num_classes)
