"""Small helpers, with Keras's names."""

from typing import TYPE_CHECKING

from nnkit.missing import missing
from nnkit.registry import custom_objects as CustomObjectScope
from nnkit.registry import custom_objects as custom_object_scope
from nnkit.registry import get_custom_objects, register_keras_serializable
from nnkit.utils.numerical import normalize, to_categorical
from nnkit.utils.py_dataset import PyDataset, Sequence
from nnkit.utils.random import set_random_seed

if TYPE_CHECKING:
    from nnkit.utils.downloads import get_file
    from nnkit.utils.folders import image_dataset_from_directory, text_dataset_from_directory
    from nnkit.utils.images import array_to_img, img_to_array, load_img, save_img
    from nnkit.utils.padding import pad_sequences
    from nnkit.utils.plotting import plot_model
    from nnkit.utils.progress import Progbar
    from nnkit.utils.splitting import split_dataset
    from nnkit.utils.windows import timeseries_dataset_from_array

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "custom_object_scope",
    "get_custom_objects",
    "get_file",
    "image_dataset_from_directory",
    "img_to_array",
    "load_img",
    "normalize",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "set_random_seed",
    "split_dataset",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
]

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
