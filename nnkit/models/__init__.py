"""Models: a network of layers, and how it is trained, used and stored."""

from nnkit.models.cloning import clone_model, model_from_json
from nnkit.models.model import Model
from nnkit.models.sequential import Sequential
from nnkit.saving import load_model, save_model

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]
