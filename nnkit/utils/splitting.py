"""Two parts of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.utils.random import next_seed

__all__ = ["split_dataset"]


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Any, Any]:
    """Split arrays into their first samples and their last ones, to train and to test on.

    Parameters
    ----------
    dataset : array, or list or tuple of arrays
        Arrays in a list or tuple, such as ``(x, y)``, are split alike, and must be equally long.
    left_size, right_size : int or float, optional
        Number of samples, or, as a float below 1, a fraction of them. What one leaves out the other
        has; if the two together leave something out, it is in the middle.
    shuffle : bool
        Whether samples are drawn at random, the same for all arrays.
    seed : int, optional
        Of the drawing.

    Returns
    -------
    left, right
        Each an array, or a list or tuple of arrays, as ``dataset`` is. Without ``shuffle``, they
        are views.

    Raises
    ------
    TypeError, ValueError
        Neither size is given, or one is out of range; a part would be empty; or lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.utils import split_dataset
    >>> x, y = np.arange(10).reshape(5, 2), np.arange(5)
    >>> (x_train, y_train), (x_test, y_test) = split_dataset((x, y), left_size=0.8)
    >>> x_train.shape, y_test
    ((4, 2), array([4]))
    """
    owner = "split_dataset"
    several = isinstance(dataset, (list, tuple)) and not all(map(np.isscalar, dataset))
    arrays = [to_numpy(a, f"{owner}: dataset") for a in (dataset if several else [dataset])]
    lengths = {len(a) if a.ndim else 0 for a in arrays}
    if len(lengths) != 1:
        raise ValueError(
            f"{owner}: the arrays of dataset must have equally many samples, they have "
            f"{', '.join(str(len(a) if a.ndim else 0) for a in arrays) or 'no arrays'}"
        )
    n = lengths.pop()
    left, right = _size("left_size", left_size, n), _size("right_size", right_size, n)
    if left is None and right is None:
        raise ValueError(f"{owner}: give left_size or right_size")
    left = n - right if left is None else left  # type: ignore[operator]
    right = n - left if right is None else right
    if left < 1 or right < 1 or left + right > n:
        raise ValueError(
            f"{owner}: of {n} samples, left_size={left_size} and right_size={right_size} make "
            f"{left} and {right}: each part needs one, and they must not overlap"
        )
    parts: list[Sequence[np.ndarray]] = [
        [a[:left] for a in arrays],
        [a[n - right :] for a in arrays],
    ]
    if checks.flag(owner, "shuffle", shuffle):
        seed = checks.seed(owner, seed)
        order = np.random.default_rng(next_seed() if seed is None else seed).permutation(n)
        parts = [[a[rows] for a in arrays] for rows in (order[:left], order[n - right :])]
    if not several:
        return parts[0][0], parts[1][0]
    kind = type(dataset) if type(dataset) in (list, tuple) else tuple
    return kind(parts[0]), kind(parts[1])


def _size(name: str, value: Any, n: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, (float, np.floating)):
        return round(checks.number("split_dataset", name, value, "(0, 1)") * n)
    return checks.integer("split_dataset", name, value, 1, n)
