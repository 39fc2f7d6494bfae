"""Texts, sequences and images, made to data for a model: Keras 2's package of this name.

:mod:`~nnkit.preprocessing.text` turns texts into numbers, :mod:`~nnkit.preprocessing.sequence`
makes windows and pairs of words, :mod:`~nnkit.preprocessing.image` reads images and transforms them
at random.
"""

from typing import TYPE_CHECKING

from nnkit.missing import missing

if TYPE_CHECKING:
    from nnkit.preprocessing import image, sequence, text
    from nnkit.utils.folders import image_dataset_from_directory, text_dataset_from_directory
    from nnkit.utils.windows import timeseries_dataset_from_array

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
