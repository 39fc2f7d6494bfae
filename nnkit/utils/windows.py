"""Windows of a series as batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.utils.batches import Batches

__all__ = ["Windows", "timeseries_dataset_from_array"]


class Windows(Batches):
    """Windows of a series; see :func:`timeseries_dataset_from_array`.

    Parameters
    ----------
    data : numpy.ndarray
        (steps, ...).
    targets : numpy.ndarray or None
        Of each step, what a window that begins there is to give.
    starts : numpy.ndarray
        Where windows begin.
    offsets : numpy.ndarray
        The steps of a window, counted from its beginning.
    batch_size, shuffle, seed
        As for :class:`Batches`.
    """

    def __init__(
        self,
        data: np.ndarray,
        targets: np.ndarray | None,
        starts: np.ndarray,
        offsets: np.ndarray,
        batch_size: int | None,
        shuffle: bool,
        seed: int | None,
    ) -> None:
        super().__init__(len(starts), batch_size, shuffle, seed)
        self.data, self.targets, self.starts, self.offsets = data, targets, starts, offsets

    def take(self, rows: np.ndarray) -> Any:
        """Windows (batch, length, ...), with targets (batch, ...) if there are any."""
        starts = self.starts[rows]
        x = self.data[starts[:, None] + self.offsets]
        return x if self.targets is None else (x, self.targets[starts])


def timeseries_dataset_from_array(
    data: ArrayLike,
    targets: ArrayLike | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> Windows:
    """Cut a series into windows, for a network that sees the past.

    Window i has the steps ``i * sequence_stride + k * sampling_rate`` for k from 0 to
    ``sequence_length - 1``, and the target ``targets[i * sequence_stride]``: the targets are
    shifted by whoever calls, as in ``targets=series[10:]``.

    Parameters
    ----------
    data : array_like
        (steps, ...).
    targets : array_like or None
        (steps, ...); may be shorter, and then there are only as many windows. None: no targets.
    sequence_length : int
        Steps of a window.
    sequence_stride : int
        Steps from the beginning of a window to that of the next one.
    sampling_rate : int
        Steps from one of a window to the next.
    batch_size : int or None
        Windows of a batch; None for single windows.
    shuffle : bool
        Whether each epoch has another order.
    seed : int, optional
        Of the orders.
    start_index, end_index : int, optional
        Only steps from ``start_index`` to ``end_index - 1`` are used.

    Returns
    -------
    PyDataset
        With ``len`` (batches), indices and iteration: windows, or pairs of windows and targets.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or is out of range, or no window has room.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.utils import timeseries_dataset_from_array
    >>> series = np.arange(10)
    >>> windows = timeseries_dataset_from_array(series[:-3], series[3:], 3, batch_size=2)
    >>> windows[0]
    (array([[0, 1, 2],
           [1, 2, 3]]), array([3, 4]))
    >>> len(windows), windows[2][1].tolist()
    (3, [7])
    """
    owner = "timeseries_dataset_from_array"
    steps = to_numpy(data, f"{owner}: data")
    if steps.ndim == 0:
        raise ValueError(f"{owner}: data must have an axis of steps, got the number {steps}")
    length = checks.integer(owner, "sequence_length", sequence_length)
    most = max(len(steps) - 1, 1)
    stride = checks.integer(owner, "sequence_stride", sequence_stride, 1, most)
    rate = checks.integer(owner, "sampling_rate", sampling_rate, 1, most)
    start = checks.integer(owner, "start_index", start_index or 0, 0, most)
    end = len(steps)
    if end_index is not None:
        end = checks.integer(owner, "end_index", end_index, start + 1, len(steps))
    windows = end - start - (length - 1) * rate
    goals = None if targets is None else to_numpy(targets, f"{owner}: targets")
    if goals is not None:
        windows = min(windows, len(goals) - start)
    if windows < 1:
        raise ValueError(
            f"{owner}: no window has room: one takes {(length - 1) * rate + 1} steps "
            f"(sequence_length={length}, sampling_rate={rate}), of data there are {end - start}"
            + ("" if goals is None else f", of targets {len(goals) - start}")
        )
    starts = np.arange(start, start + windows, stride)
    return Windows(steps, goals, starts, rate * np.arange(length), batch_size, shuffle, seed)
