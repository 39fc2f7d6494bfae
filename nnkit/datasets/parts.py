"""The order in which Keras's data sets come, by seed, and their parts."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from nnkit import checks

__all__ = ["as_keras", "first_part", "generator", "read_table", "shuffled"]

Pair = tuple[np.ndarray, np.ndarray]


def generator(owner: str, seed: Any) -> np.random.RandomState:
    """NumPy's generator for a seed of a data set.

    Parameters
    ----------
    owner : str
        Who asks, for errors.
    seed : int or None
        From 0 to 2**32 - 1.

    Returns
    -------
    numpy.random.RandomState
    """
    if seed is not None:
        seed = checks.integer(owner, "seed", seed, 0, 2**32 - 1)
    return np.random.RandomState(seed)


def shuffled(n: int, state: np.random.RandomState) -> np.ndarray:
    """The numbers of ``n`` samples in the order that Keras gives them.

    Parameters
    ----------
    n : int
    state : numpy.random.RandomState

    Returns
    -------
    numpy.ndarray
    """
    rows = np.arange(n)
    state.shuffle(rows)
    return rows


def first_part(owner: str, test_split: Any) -> float:
    """The part of the samples that are to train on.

    Parameters
    ----------
    owner : str
    test_split : float
        From 0 to below 1.

    Returns
    -------
    float
    """
    return 1 - checks.number(owner, "test_split", test_split, "[0, 1)")


def as_keras(path: Path, reason: object) -> ValueError:
    """The error about a file that is another than Keras's.

    Parameters
    ----------
    path : pathlib.Path
    reason : object

    Returns
    -------
    ValueError
    """
    return ValueError(
        f"{path} is not the data set as Keras stores it: {reason}. "
        f"Replace the file, or remove it to have it downloaded anew."
    )


def read_table(path: Path, columns: int) -> Pair:
    """The arrays x (rows, columns) and y (rows,) of a file; no code in it is run.

    Parameters
    ----------
    path : pathlib.Path
    columns : int

    Returns
    -------
    x, y : numpy.ndarray

    Raises
    ------
    ValueError
        The file has something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            x, y = file["x"], file["y"]
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, AttributeError) as e:
        raise as_keras(path, e) from e
    if x.ndim != 2 or x.shape[1] != columns or y.shape != x.shape[:1] or x.dtype.kind != "f":
        raise as_keras(path, f"x is {x.dtype} {x.shape}, y {y.dtype} {y.shape}")
    return x, y
