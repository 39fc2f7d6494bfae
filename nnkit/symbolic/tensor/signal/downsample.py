"""Theano's old place of pooling."""

from __future__ import annotations

from nnkit.symbolic.tensor.signal.pool import max_pool_2d, pool_2d

__all__ = ["max_pool_2d", "pool_2d"]
