"""RandomFlip."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.random_warp import Intervals, RandomWarp

__all__ = ["RandomFlip"]

_MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(RandomWarp):
    """Mirror half of the images in training.

    Parameters
    ----------
    mode : {"horizontal_and_vertical", "horizontal", "vertical"}
        Left and right are exchanged, or top and bottom; for both, each with probability 1/2.
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have four axes.

    Notes
    -----
    Output of the input's shape; outside training the input itself. A call with arrays is one in
    training, unless it is told ``training=False``. With both modes, Keras 3.15
    always mirrors both ways at once. Backward: dy, mirrored as x was.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> flip = nnkit.layers.RandomFlip("horizontal", seed=1)
    >>> flip(np.tile([[1.0], [2.0]], (6, 1, 1, 1)))[:, 0, :, 0].tolist()
    [[1.0, 2.0], [1.0, 2.0], [2.0, 1.0], [2.0, 1.0], [1.0, 2.0], [1.0, 2.0]]
    """

    settled = ("fill_mode", "interpolation", "fill_value")

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__("nearest", "nearest", seed, data_format=data_format, **options)
        self.mode = checks.one_of("RandomFlip", "mode", mode, _MODES)

    def intervals(self, rows: int, columns: int) -> Intervals:
        """Flips."""
        vertical, horizontal = (way in self.mode for way in ("vertical", "horizontal"))
        return Intervals(vertical=vertical, horizontal=horizontal)
