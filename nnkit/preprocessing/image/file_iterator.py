"""Batches of images in files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import checks, config
from nnkit.preprocessing.image.iterator import Iterator, Pictures
from nnkit.utils.images import CHANNELS, INTERPOLATIONS, img_to_array, load_img, pillow

if TYPE_CHECKING:
    from nnkit.preprocessing.image.image_data_generator import ImageDataGenerator

__all__ = ["SUFFIXES", "FileIterator"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")


class FileIterator(Iterator):
    """The base of batches of images in files.

    Parameters
    ----------
    owner : str
        Whose, for errors.
    image_data_generator : ImageDataGenerator
    target_size : (int, int)
    color_mode, class_mode, data_format, save_to_dir, save_prefix, save_format, interpolation
    keep_aspect_ratio, dtype
        As for ``ImageDataGenerator.flow_from_directory``.

    Attributes
    ----------
    filenames, filepaths : list of str
        Of the samples, in their order before shuffling.
    samples : int
        How many there are.
    classes : list or numpy.ndarray
        Number of each sample's class, or a list of several.
    class_indices : dict of str to int
        The numbers of the classes.
    num_classes : int
    image_shape : tuple of int
    """

    class_indices: dict[str, int]
    classes: Any
    sample_weight: np.ndarray | None = None

    def __init__(
        self,
        owner: str,
        image_data_generator: ImageDataGenerator,
        target_size: tuple[int, int],
        color_mode: str,
        class_mode: str | None,
        data_format: str | None,
        save_to_dir: Any,
        save_prefix: str,
        save_format: str,
        interpolation: str,
        keep_aspect_ratio: bool,
        dtype: Any,
    ) -> None:
        pillow()
        self.image_data_generator = image_data_generator
        self.target_size = checks.sizes(owner, "target_size", target_size, 2)
        self.color_mode = checks.one_of(owner, "color_mode", color_mode, tuple(CHANNELS))
        self.class_mode = class_mode
        self.data_format = checks.data_format(owner, data_format)
        self.interpolation = checks.one_of(owner, "interpolation", interpolation, INTERPOLATIONS)
        self.keep_aspect_ratio = checks.flag(owner, "keep_aspect_ratio", keep_aspect_ratio)
        self.dtype = dtype or config.floatx()
        channels = CHANNELS[color_mode]
        last = self.data_format == "channels_last"
        self.image_shape = (*self.target_size, channels) if last else (channels, *self.target_size)
        self._pictures = Pictures(owner, save_to_dir, save_prefix, save_format, self.data_format)
        image_data_generator.check_fitted(owner, self.image_shape)

    def begin(
        self,
        folder: str,
        filenames: list[str],
        batch_size: int,
        shuffle: bool,
        seed: int | None,
    ) -> None:
        """Set the files, and begin.

        Parameters
        ----------
        folder : str
        filenames : list of str
        batch_size, shuffle, seed
            As for ``Iterator``.
        """
        self.filenames = filenames
        self.filepaths = [os.path.join(folder, name) for name in filenames]
        self.samples = len(filenames)
        super().__init__(self.samples, batch_size, shuffle, seed)

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return len(self.class_indices)

    @property
    def labels(self) -> Any:
        """What the samples' targets are made of."""
        return self.classes

    def take(self, rows: np.ndarray, draw: np.random.RandomState) -> Any:
        """Images, read and transformed, with their targets."""
        x = np.empty((len(rows), *self.image_shape), self.dtype)
        for image, row in zip(x, rows, strict=True):
            read = load_img(
                self.filepaths[row],
                self.color_mode,
                self.target_size,
                self.interpolation,
                self.keep_aspect_ratio,
            )
            image[...] = img_to_array(read, self.data_format, self.dtype)
        x = self.image_data_generator.batch(x, draw)
        self._pictures.save(x, rows, draw)
        if self.class_mode is None:
            return x
        y = x.copy() if self.class_mode == "input" else self.targets(rows)
        return (x, y) if self.sample_weight is None else (x, y, self.sample_weight[rows])

    def targets(self, rows: np.ndarray) -> Any:
        """What a batch's images stand for.

        Parameters
        ----------
        rows : numpy.ndarray
            Numbers of samples.

        Returns
        -------
        numpy.ndarray
        """
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.classes[row] for row in rows], self.dtype)
        y = np.zeros((len(rows), self.num_classes), self.dtype)
        for one_hot, row in zip(y, rows, strict=True):
            one_hot[self.classes[row]] = 1
        return y
