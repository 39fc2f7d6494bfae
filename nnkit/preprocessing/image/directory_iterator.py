"""Batches of images in folders of classes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import checks
from nnkit.preprocessing.image.file_iterator import SUFFIXES, FileIterator
from nnkit.utils.folders import classes_in, files_in
from nnkit.utils.terminal import say

if TYPE_CHECKING:
    from nnkit.preprocessing.image.image_data_generator import ImageDataGenerator

__all__ = ["DirectoryIterator"]

_MODES = ("categorical", "binary", "sparse", "input")


class DirectoryIterator(FileIterator):
    """Batches of images in folders; :meth:`ImageDataGenerator.flow_from_directory` makes it.

    Parameters
    ----------
    directory : path
    image_data_generator : ImageDataGenerator
    target_size, color_mode, classes, class_mode, batch_size, shuffle, seed, data_format
    save_to_dir, save_prefix, save_format, follow_links, subset, interpolation
    keep_aspect_ratio, dtype
        As for :meth:`ImageDataGenerator.flow_from_directory`.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        image_data_generator: ImageDataGenerator,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
    ) -> None:
        owner = "flow_from_directory"
        if class_mode is not None:
            checks.one_of(owner, "class_mode", class_mode, _MODES)
        super().__init__(
            owner,
            image_data_generator,
            target_size,
            color_mode,
            class_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            interpolation,
            keep_aspect_ratio,
            dtype,
        )
        self.directory = directory
        names = classes_in(owner, directory, classes)
        if class_mode == "binary" and len(names) > 2:
            raise ValueError(
                f"{owner}: class_mode='binary' is for 2 classes, {str(directory)!r} has "
                f"{len(names)}: {', '.join(names)}; give class_mode='categorical' or 'sparse'"
            )
        self.class_indices = {name: i for i, name in enumerate(names)}
        folder = Path(directory).expanduser()
        filenames, numbers = [], []
        for number, name in enumerate(names):
            found = files_in(folder / name, SUFFIXES, follow_links)
            if subset is not None:
                found = found[image_data_generator.rows_of(owner, subset, len(found))]
            filenames += [os.path.relpath(path, folder) for path in found]
            numbers += [number] * len(found)
        if not filenames:
            part = "" if subset is None else f" for subset={subset!r}"
            raise FileNotFoundError(
                f"{owner}: the folders of classes in {str(directory)!r} have no images{part} "
                f"({', '.join(SUFFIXES)})"
            )
        self.classes = np.array(numbers, np.int32)
        say(f"Found {len(filenames)} images belonging to {len(names)} classes.")
        self.begin(str(folder), filenames, batch_size, shuffle, seed)
