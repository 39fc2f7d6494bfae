"""Small helpers, with Keras's names."""

from nnkit.registry import custom_objects as CustomObjectScope
from nnkit.registry import custom_objects as custom_object_scope
from nnkit.registry import get_custom_objects, register_keras_serializable
from nnkit.utils.numerical import to_categorical
from nnkit.utils.plotting import plot_model
from nnkit.utils.random import set_random_seed

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "get_custom_objects",
    "plot_model",
    "register_keras_serializable",
    "set_random_seed",
    "to_categorical",
]
