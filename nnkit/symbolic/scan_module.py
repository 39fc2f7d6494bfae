"""Theano's place of what belongs to ``scan``."""

from __future__ import annotations

from nnkit.symbolic.scan import foldl, foldr, map, reduce, scan, until

__all__ = ["foldl", "foldr", "map", "reduce", "scan", "until"]
