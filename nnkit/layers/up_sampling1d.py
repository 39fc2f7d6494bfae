"""UpSampling1D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.up_sampling import UpSampling

__all__ = ["UpSampling1D"]


class UpSampling1D(UpSampling):
    """Repeat every timestep of a sequence.

    Parameters
    ----------
    size : int
        The number of repetitions, at least 1.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have three axes.

    Notes
    -----
    Input (batch, steps, channels), output (batch, size steps, channels). Backward: the sum of dy
    over the copies.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.UpSampling1D(2)(np.array([[[1.0], [2.0]]])).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1

    def __init__(self, size: int = 2, **options: Any) -> None:
        super().__init__(**options)
        self.set_size(size)
        self.set_data_format("channels_last")  # Keras has no other here.
