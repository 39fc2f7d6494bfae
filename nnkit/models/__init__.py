"""Models: ``Sequential``, which holds a network and trains it."""

from nnkit.models.sequential import Sequential
from nnkit.saving import load_model, save_model

__all__ = ["Sequential", "load_model", "save_model"]
