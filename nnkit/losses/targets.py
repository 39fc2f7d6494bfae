"""Check a user's targets, and bring them into the form that losses and metrics take.

Targets are never broadcast: (n,) and (n, 1) are equivalent, every other shape must be equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.conversion import to_numpy

__all__ = [
    "as_labels",
    "as_numbers",
    "check_finite",
    "doubt_shares",
    "doubt_yes_or_no",
    "numeric",
]

Shape = tuple[int | None, ...]


def numeric(owner: str, y: Any) -> np.ndarray:
    """Convert targets to an array of a type that kernels read; copy only if necessary.

    Raises
    ------
    TypeError
        ``y`` contains strings, objects or complex numbers.
    """
    array = to_numpy(y, f"{owner}: y_true")
    if array.dtype.kind == "b":
        return array.view(np.uint8)
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        return array.astype(np.float32 if array.dtype.itemsize == 2 else np.float64)
    return array


def as_numbers(owner: str, y: Any, output_shape: Shape, hint: str = "") -> np.ndarray:
    """Check targets that have one value for every output.

    Parameters
    ----------
    owner : str
        The name of the loss or metric, for errors.
    y : array
        In the output's shape; a last axis of size 1 may be missing or too many.
    output_shape : tuple
        Shape of the model's output; the first entry, the batch's, is not used.
    hint : str
        Advice for an error if ``y`` looks like labels.

    Returns
    -------
    numpy.ndarray
        C-contiguous, (n, outputs of a sample), in y's own type.

    Raises
    ------
    TypeError
        ``y`` doesn't contain numbers.
    ValueError
        The shapes differ.
    """
    array = numeric(owner, y)
    got, expected = array.shape[1:], output_shape[1:]
    if array.ndim == 0 or _without_last_one(got) != _without_last_one(expected):
        looks_like_labels = expected and _without_last_one(got) == expected[:-1]
        raise ValueError(
            f"{owner}: targets of shape {array.shape} don't fit outputs of shape "
            f"{('n', *expected)}{'; ' + hint if hint and looks_like_labels else ''}".replace(
                "'n'", "n"
            )
        )
    return np.ascontiguousarray(array).reshape(len(array), int(np.prod(got)))


def as_labels(
    owner: str, y: Any, output_shape: Shape, hint: str = "", ignored: int | None = None
) -> np.ndarray:
    """Check targets that are a class label for each row of the output.

    Parameters
    ----------
    owner : str
        The name of the loss or metric, for errors.
    y : array
        Whole numbers from 0 to classes - 1, in the output's shape without its last axis; a last
        axis of size 1 is allowed.
    output_shape : tuple
        (batch, ..., classes).
    hint : str
        Advice for an error if ``y`` looks one-hot.
    ignored : int, optional
        A label that is allowed besides.

    Returns
    -------
    numpy.ndarray
        C-contiguous, in the output's shape without its last axis, in y's own type.

    Raises
    ------
    TypeError
        ``y`` doesn't contain numbers.
    ValueError
        The shapes differ, or a label is negative, too large or not an integer.
    """
    array = numeric(owner, y)
    *leading, classes = output_shape[1:] or (1,)
    if array.ndim and array.shape[1:] == (*leading, 1):
        array = array[..., 0]
    if array.ndim == 0 or array.shape[1:] != tuple(leading):
        one_hot = array.shape[1:] == output_shape[1:]
        expected = str(("n", *leading)).replace("'n'", "n")
        raise ValueError(
            f"{owner}: labels must have shape {expected}, one for each row of the {classes} "
            f"outputs, got {array.shape}{'; ' + hint if hint and one_hot else ''}"
        )
    array = np.ascontiguousarray(array)
    _check_labels(owner, array, classes, ignored)
    return array


def _check_labels(owner: str, labels: np.ndarray, classes: int | None, ignored: int | None) -> None:
    if ignored is not None:
        labels = np.where(labels == ignored, 0, labels)
    if labels.size == 0 or classes is None:
        return
    fractional = labels.dtype.kind == "f" and not (labels == np.floor(labels)).all()
    if not fractional and labels.min() >= 0 and labels.max() < classes:
        return
    bad = (labels < 0) | (labels >= classes) | (labels != np.floor(labels))
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    where = index[0] if len(index) == 1 else index
    raise ValueError(
        f"{owner}: labels must be whole numbers from 0 to {classes - 1} for {classes} outputs, but "
        f"y[{where}] is {labels[index]}"
    )


def check_finite(owner: str, targets: np.ndarray) -> None:
    """Refuse targets that are NaN or infinite.

    Raises
    ------
    ValueError
        The text names the first such row.
    """
    if targets.dtype.kind != "f" or targets.size == 0:
        return
    if np.isfinite([targets.min(), targets.max()]).all():
        return
    row = int(np.argwhere(~np.isfinite(targets))[0, 0])
    raise ValueError(f"{owner}: targets must be finite, but y[{row}] is {targets[row]}")


def doubt_yes_or_no(owner: str, targets: np.ndarray) -> str:
    """Text of a warning if targets are not from 0 to 1, such as -1 and 1."""
    if targets.size == 0 or (targets.min() >= 0 and targets.max() <= 1):
        return ""
    row = int(np.argwhere((targets < 0) | (targets > 1))[0, 0])
    return (
        f"{owner} is meant for targets from 0 to 1, but y[{row}] is {targets[row].ravel()}: the "
        "formula is taken as it stands; two classes are 0 and 1, for more there is "
        "sparse_categorical_crossentropy"
    )


def doubt_shares(owner: str, targets: np.ndarray, counts: np.ndarray | None) -> str:
    """Text of a warning if there are rows of zeros, which belong to no class.

    Parameters
    ----------
    owner : str
        The name of the loss, for the warning.
    targets : numpy.ndarray
        (n, rows of a sample, classes). If some are not from 0 to 1, targets are not probabilities,
        and rows of zeros are no mistake.
    counts : numpy.ndarray, optional
        bool (n,) or (n, rows of a sample): rows that are False are not looked at.
    """
    somewhere = targets.any(axis=-1)
    if counts is not None:
        somewhere = somewhere | ~counts
    if somewhere.all() or targets.min() < 0 or targets.max() > 1:
        return ""
    row, *inner = (int(i) for i in np.argwhere(~somewhere)[0])
    where = (row, *inner) if somewhere.shape[1] > 1 else row
    return (
        f"{owner}: y[{where}] is all zeros, a row of no class ({int((~somewhere).sum())} of "
        f"{somewhere.size} rows are such), which counts but teaches nothing; one-hot rows hold a "
        "1, and sample_weight=0 leaves a row out"
    )


def _without_last_one(shape: Shape) -> Shape:
    """The shape without a last axis of size 1: (n, 1) and (n,) are equivalent."""
    return shape[:-1] if shape and shape[-1] == 1 else shape
