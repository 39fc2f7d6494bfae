"""Model files: HDF5 in Keras's layout, read without running code or following links in them."""

from nnkit.registry import register
from nnkit.saving.reader import inspect, load_model, load_weights
from nnkit.saving.writer import save_model, save_weights

__all__ = ["inspect", "load_model", "load_weights", "register", "save_model", "save_weights"]
