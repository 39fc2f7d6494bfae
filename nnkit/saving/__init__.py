"""Model files: HDF5 in Keras's layout, read without running code or following links in them."""

from typing import TYPE_CHECKING

from nnkit.missing import missing
from nnkit.registry import custom_objects as CustomObjectScope
from nnkit.registry import custom_objects as custom_object_scope
from nnkit.registry import get_custom_objects, register, register_keras_serializable

if TYPE_CHECKING:
    from nnkit.saving import to_keras as to_keras
    from nnkit.saving.reader import inspect, load_model, load_weights
    from nnkit.saving.writer import save_model, save_weights

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "get_custom_objects",
    "inspect",
    "load_model",
    "load_weights",
    "register",
    "register_keras_serializable",
    "save_model",
    "save_weights",
]

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
