"""Models: layers in a row, and the loops that train them."""

from nnkit.models.sequential import Sequential
from nnkit.saving import load_model, save_model

__all__ = ["Sequential", "load_model", "save_model"]
