"""Theano's other random streams, which here are the same."""

from __future__ import annotations

from typing import Any

from nnkit.symbolic.tensor.shared_randomstreams import RandomStreams

__all__ = ["MRG_RandomStreams"]


class MRG_RandomStreams(RandomStreams):  # noqa: N801  (Theano's name)
    """See :class:`~nnkit.symbolic.tensor.shared_randomstreams.RandomStreams`.

    Parameters
    ----------
    seed : int
    use_cuda : bool, optional
        Accepted for Theano's sake.
    """

    def __init__(self, seed: Any = 12345, use_cuda: Any = None) -> None:
        super().__init__(seed)
