"""SpatialDropout1D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.base import Shape
from nnkit.layers.dropout import Dropout

__all__ = ["SpatialDropout1D"]


class SpatialDropout1D(Dropout):
    """Drop whole features: a feature is dropped at all timesteps of a sequence or at none.

    J. Tompson et al., 2015, "Efficient object localization using convolutional networks".

    Parameters
    ----------
    rate : float
        The fraction of features to drop, from 0 to 1.
    seed : int, optional
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input isn't (batch, steps, features).

    Notes
    -----
    Equivalent to :class:`Dropout` with ``noise_shape=(None, 1, None)``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> y = nnkit.layers.SpatialDropout1D(0.5, seed=1)(np.ones((1, 9, 4)), training=True)
    >>> bool((y == y[:, :1]).all())
    True
    """

    settled = ("noise_shape",)

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(rate, (None, 1, None), seed, **options)

    def _shared_shape(self, shape: Shape) -> Shape | None:
        if len(shape) != 3:
            raise ValueError(
                f"layer {self.name!r} (SpatialDropout1D) needs inputs of shape (batch, steps, "
                f"features), got {shape}"
            )
        return super()._shared_shape(shape)
