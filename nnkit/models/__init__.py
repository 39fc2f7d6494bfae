"""Models: a network of layers, and how it is trained, used and stored."""

from typing import TYPE_CHECKING

from nnkit.missing import missing
from nnkit.models.model import Model
from nnkit.models.sequential import Sequential

if TYPE_CHECKING:
    from nnkit.layers import Input as Input  # Keras 1 and 2 had it here, too.
    from nnkit.models.cloning import clone_model, model_from_json
    from nnkit.saving import load_model, save_model

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
