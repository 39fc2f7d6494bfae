"""Batches of images of an array."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import checks, config
from nnkit.preprocessing.image.iterator import Iterator, Pictures

if TYPE_CHECKING:
    from nnkit.preprocessing.image.image_data_generator import ImageDataGenerator

__all__ = ["NumpyArrayIterator", "check_images"]


def check_images(owner: str, x: Any, data_format: str) -> np.ndarray:
    """Check images: four axes, with channels where they should be.

    Parameters
    ----------
    owner : str
        Who asks, for errors.
    x : array
    data_format : str

    Returns
    -------
    numpy.ndarray
        As they are.
    """
    x = np.asarray(x)
    last = data_format == "channels_last"
    axes = "(samples, height, width, channels)" if last else "(samples, channels, height, width)"
    if x.ndim != 4 or x.dtype.kind not in "biuf":
        hint = "; for grey images give x[..., None]" if x.ndim == 3 else ""
        raise ValueError(
            f"{owner}: x must be images {axes}, got {x.dtype} of shape {x.shape}{hint}"
        )
    if x.shape[3 if last else 1] not in (1, 3, 4):
        if x.shape[1 if last else 3] in (1, 3, 4):
            raise ValueError(
                f"{owner}: x must be images {axes}, got shape {x.shape}; with data_format="
                f"'channels_{'first' if last else 'last'}' it would have 1, 3 or 4 channels"
            )
        channels = x.shape[3 if last else 1]
        warnings.warn(
            f"{owner}: x of shape {x.shape} has {channels} channels, and not 1, 3 or 4 as images "
            f"have; are its axes {axes}?",
            stacklevel=4,
        )
    return x


class NumpyArrayIterator(Iterator):
    """Batches of images of an array; :meth:`ImageDataGenerator.flow` makes it.

    Parameters
    ----------
    x : array, or list of an array and other arrays
        Images; the others are given with them as they are.
    y : array or None
    image_data_generator : ImageDataGenerator
    batch_size, shuffle
        As for :class:`Iterator`.
    sample_weight : array, optional
    seed : int, optional
    data_format : {"channels_last", "channels_first"}, optional
    save_to_dir, save_prefix, save_format, subset, ignore_class_split
        As for :meth:`ImageDataGenerator.flow`.
    dtype : data type, optional
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: ImageDataGenerator,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
    ) -> None:
        owner = "flow"
        self.image_data_generator = generator = image_data_generator
        self.data_format = checks.data_format(owner, data_format)
        self.dtype = dtype or config.floatx()
        others: Any = []
        if isinstance(x, (tuple, list)):
            if len(x) != 2:
                raise ValueError(
                    f"{owner}: x must be an array, or (images, other arrays), got {len(x)} parts"
                )
            x, others = x
        images = check_images(owner, x, self.data_format)
        parts = [np.asarray(other) for other in (others if isinstance(others, list) else [others])]
        labels = None if y is None else np.asarray(y)
        weights = None if sample_weight is None else np.asarray(sample_weight)
        for name, part in (
            ("y", labels),
            ("sample_weight", weights),
            *(("x[1]", p) for p in parts),
        ):
            if part is not None and (part.ndim == 0 or len(part) != len(images)):
                raise ValueError(
                    f"{owner}: x and {name} must have equally many samples, they have shapes "
                    f"{images.shape} and {part.shape}"
                )
        rows = slice(None)
        if subset is not None:
            rows = generator.rows_of(owner, subset, len(images))
            if labels is not None and not ignore_class_split:
                both = [labels[generator.rows_of(owner, s, len(images))] for s in _SUBSETS]
                if not np.array_equal(np.unique(both[0]), np.unique(both[1])):
                    raise ValueError(
                        f"{owner}: training and validation have different classes, as when y is "
                        "sorted: shuffle x and y first, or give ignore_class_split=True"
                    )
        if not len(images[rows]):
            raise ValueError(f"{owner}: there is no image in x of shape {images.shape}")
        self.x = images[rows]
        self.x_misc = [part[rows] for part in parts]
        self.y = None if labels is None else labels[rows]
        self.sample_weight = None if weights is None else weights[rows]
        self._pictures = Pictures(owner, save_to_dir, save_prefix, save_format, self.data_format)
        generator.check_fitted(owner, self.x.shape[1:])
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def take(self, rows: np.ndarray, draw: np.random.RandomState) -> Any:
        """Transformed images, with all that belongs to them."""
        x = self.image_data_generator.batch(self.x[rows].astype(self.dtype, copy=False), draw)
        self._pictures.save(x, rows, draw)
        inputs: Any = [x, *(part[rows] for part in self.x_misc)] if self.x_misc else x
        if self.y is None:
            return inputs
        if self.sample_weight is None:
            return inputs, self.y[rows]
        return inputs, self.y[rows], self.sample_weight[rows]


_SUBSETS = ("training", "validation")
