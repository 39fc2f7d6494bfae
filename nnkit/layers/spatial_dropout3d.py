"""SpatialDropout3D."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.base import Shape
from nnkit.layers.dropout import Dropout

__all__ = ["SpatialDropout3D"]


class SpatialDropout3D(Dropout):
    """Drop whole channels: a channel is dropped at all places of a volume or at none.

    J. Tompson et al., 2015, "Efficient object localization using convolutional networks".

    Parameters
    ----------
    rate : float
        The fraction of channels to drop, from 0 to 1.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, depth, height, width, channels), or (batch, channels, depth, height,
        width).
    seed : int, optional
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have five axes.

    Notes
    -----
    Equivalent to :class:`Dropout` with ``noise_shape=(None, 1, 1, 1, None)``; for channels_first
    ``(None, None, 1, 1, 1)``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> y = nnkit.layers.SpatialDropout3D(0.5, seed=1)(np.ones((1, 3, 3, 3, 4)), training=True)
    >>> bool((y == y[:, :1, :1, :1]).all())
    True
    """

    settled = ("noise_shape",)

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        chosen = checks.data_format("SpatialDropout3D", data_format)
        noise = (None, 1, 1, 1, None) if chosen == "channels_last" else (None, None, 1, 1, 1)
        super().__init__(rate, noise, seed, **options)
        self.data_format = chosen

    def _shared_shape(self, shape: Shape) -> Shape | None:
        if len(shape) != 5:
            raise ValueError(
                f"layer {self.name!r} (SpatialDropout3D) needs volumes, inputs of five axes, "
                f"got shape {shape}"
            )
        return super()._shared_shape(shape)
