"""Models: layers in a row, and the loops that train them."""

from nnkit.models.sequential import Sequential

__all__ = ["Sequential"]
