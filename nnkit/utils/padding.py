"""Sequences of different lengths as rows of one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import budget, checks
from nnkit.conversion import is_array

__all__ = ["pad_sequences"]

_SIDES = ("pre", "post")


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Make sequences equally long: short ones are padded, long ones are cut.

    Parameters
    ----------
    sequences : list of sequences
        Lists or arrays of one dimension, or of more whose sizes but the first agree. They may be
        empty.
    maxlen : int, optional
        Length of all; by default that of the longest.
    dtype : data type
        Of the result. Give ``"float32"`` for numbers with fractions, ``object`` or ``str`` for
        words.
    padding : {"pre", "post"}
        Where short sequences are padded: before or after their elements.
    truncating : {"pre", "post"}
        Where long sequences lose elements.
    value : number or str
        What stands in the padding.

    Returns
    -------
    numpy.ndarray
        Shape (len(sequences), maxlen, ...).

    Raises
    ------
    TypeError
        ``sequences`` has no length, or one of its elements hasn't.
    ValueError
        A number doesn't fit in ``dtype``, such as 0.5 in int32, which Keras rounds to 0 without a
        word; sequences have different inner shapes; ``padding`` or ``truncating`` is neither
        ``"pre"`` nor ``"post"``; or there is no sequence to take ``maxlen`` from.

    Examples
    --------
    >>> from nnkit.utils import pad_sequences
    >>> pad_sequences([[1], [2, 3], [4, 5, 6]])
    array([[0, 0, 1],
           [0, 2, 3],
           [4, 5, 6]], dtype=int32)
    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2, padding="post", truncating="post")
    array([[1, 0],
           [2, 3],
           [4, 5]], dtype=int32)
    """
    owner = "pad_sequences"
    checks.one_of(owner, "padding", padding, _SIDES)
    checks.one_of(owner, "truncating", truncating, _SIDES)
    if isinstance(sequences, (str, bytes)) or not hasattr(sequences, "__len__"):
        raise TypeError(f"{owner}: sequences must be a list of sequences, got {sequences!r:.60}")
    dtype = np.dtype(dtype)
    if isinstance(value, str) and dtype.kind not in "OUS":
        raise ValueError(
            f"{owner}: value={value!r} is no number of dtype {dtype}; give dtype=object for words"
        )
    lengths = [_length(i, sequence) for i, sequence in enumerate(sequences)]
    if maxlen is None:
        if not lengths:
            raise ValueError(f"{owner}: there are no sequences to take maxlen from: give maxlen")
        maxlen = max(lengths)
    else:
        maxlen = checks.integer(owner, "maxlen", maxlen)

    padded: np.ndarray | None = None
    for i, sequence in enumerate(sequences):
        if not lengths[i]:
            continue
        kept = sequence[-maxlen:] if truncating == "pre" else sequence[:maxlen]
        row = _row(i, kept, dtype)
        if padded is None:
            padded = _filled((len(lengths), maxlen, *row.shape[1:]), value, dtype)
        if row.shape[1:] != padded.shape[2:]:
            raise ValueError(
                f"{owner}: the elements of sequence {i} have shape {row.shape[1:]}, those before "
                f"it {padded.shape[2:]}; only the first size may differ"
            )
        if padding == "pre":
            padded[i, maxlen - len(row) :] = row
        else:
            padded[i, : len(row)] = row
    return _filled((len(lengths), maxlen), value, dtype) if padded is None else padded


def _filled(shape: tuple[int, ...], value: Any, dtype: np.dtype) -> np.ndarray:
    budget.check_possible(shape, dtype, "pad_sequences's result")
    _fits("value", np.asarray(value), np.full((), value, dtype))
    return np.full(shape, value, dtype)


def _length(i: int, sequence: Any) -> int:
    try:
        return len(sequence)
    except TypeError:
        raise TypeError(
            f"pad_sequences: each of sequences must be a sequence itself, but number {i} is "
            f"{sequence!r:.60}; for one sequence, give [sequence]"
        ) from None


def _row(i: int, sequence: Any, dtype: np.dtype) -> np.ndarray:
    """A sequence as an array of a type."""
    if isinstance(sequence, (str, bytes)):
        raise TypeError(
            f"pad_sequences: sequence {i} is the text {sequence!r:.40}; turn texts into lists of "
            "numbers first, as preprocessing.text.Tokenizer does"
        )
    if dtype.kind in "OUS":
        return np.asarray(sequence, dtype)
    given = np.asarray(sequence if is_array(sequence) else list(sequence))
    if given.dtype.kind not in "biuf":
        raise ValueError(
            f"pad_sequences: sequence {i} holds no numbers but {given.dtype} ({sequence!r:.40}); "
            "give dtype=object for words"
        )
    with np.errstate(invalid="ignore", over="ignore"):
        row = given.astype(dtype)
    if dtype.kind in "biu":
        _fits(f"sequence {i}", given, row)
    return row


def _fits(what: str, given: np.ndarray, row: np.ndarray) -> None:
    """Refuse integers that are others than what was given."""
    if row.dtype.kind not in "biu" or np.array_equal(given, row):
        return
    lost = given[given != row].flat[0]
    raise ValueError(
        f"pad_sequences: {what} has {lost}, which {row.dtype} can't hold; give another dtype, such "
        f"as {'float32' if given.dtype.kind == 'f' else 'int64'}"
    )
