"""RandomLayer: the base class of layers that draw random numbers in training."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.base import Layer
from nnkit.utils.random import next_seed

__all__ = ["RandomLayer"]


class RandomLayer(Layer, abstract=True):
    """A layer that draws random numbers in training.

    A number is a function of seed, step and position, so a resumed training draws the same ones.

    Parameters
    ----------
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    counter : numpy.ndarray
        int64 (1,), the training step. A model replaces this array by its own counter.
    """

    recordable = True
    supports_masking = True
    made_in_call = False  # Then it is made anew whenever the call runs.

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        given = checks.seed(type(self).__name__, seed)
        self.key = next_seed() if given is None else given
        self.counter = np.zeros(1, np.int64)

    def get_state(self) -> dict[str, int]:
        """The seed's key, which a model's file keeps so that a resumed training draws the same."""
        return {"key": self.key}

    def set_state(self, state: dict[str, int]) -> None:
        """Restore what :meth:`get_state` returned."""
        self.key = checks.integer(type(self).__name__, "key", state["key"], 0, 2**63 - 1)

    @property
    def drawn_as(self) -> Any:
        """Those that one ``call`` made have one key, whichever objects they are."""
        return ("drawn", self.key) if self.made_in_call else self

    def draw_apart(self, use: int) -> None:
        """Draw other random numbers than earlier uses of the layer in a step, by another key."""
        self.key = (self.key + use * 0x9E3779B97F4A7C15) % 2**63

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.counter = np.zeros(1, np.int64)
