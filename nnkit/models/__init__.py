"""Models: a network of layers, and how it is trained, used and stored."""

from nnkit.models.model import Model
from nnkit.models.sequential import Sequential
from nnkit.saving import load_model, save_model

__all__ = ["Model", "Sequential", "load_model", "save_model"]
