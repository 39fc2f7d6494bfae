"""SpatialDropout1D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.base import Shape
from nnkit.layers.dropout import Dropout

__all__ = ["SpatialDropout1D"]


class SpatialDropout1D(Dropout):
    """Dropout of whole features: all steps of a sequence share a decision.

    J. Tompson et al., 2015, "Efficient object localization using convolutional networks".

    Parameters
    ----------
    rate : float
        Share that is dropped, from 0 to 1.
    seed : int, optional
    **options
        Those of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be; or the input isn't (batch, steps, features).

    Notes
    -----
    What :class:`Dropout` does with ``noise_shape=(None, 1, None)``.

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
