"""Batches of what lies in a folder: images or texts, a folder for each class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.utils.batches import Batches
from nnkit.utils.images import CHANNELS, img_to_array, load_img, pillow
from nnkit.utils.random import next_seed
from nnkit.utils.resizing import KERNELS, cropped, resize
from nnkit.utils.terminal import say

__all__ = [
    "ImageFiles",
    "TextFiles",
    "classes_in",
    "files_in",
    "image_dataset_from_directory",
    "text_dataset_from_directory",
]

PathLike = str | os.PathLike[str]
_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_LABEL_MODES = ("int", "categorical", "binary")


class _Files(Batches):
    """Batches made of files, with labels or without.

    Parameters
    ----------
    file_paths : list of str
    labels : numpy.ndarray or None
        Of each file, as a batch is to have it.
    class_names : list of str or None
    batch_size, shuffle, seed
        As for :class:`~nnkit.utils.batches.Batches`.
    """

    def __init__(
        self,
        file_paths: list[str],
        labels: np.ndarray | None,
        class_names: list[str] | None,
        batch_size: int | None,
        shuffle: bool,
        seed: int,
    ) -> None:
        super().__init__(len(file_paths), batch_size, shuffle, seed)
        self.file_paths, self.labels, self.class_names = file_paths, labels, class_names

    def take(self, rows: np.ndarray) -> Any:
        x = self.read([self.file_paths[i] for i in rows])
        return x if self.labels is None else (x, self.labels[rows])

    def read(self, paths: list[str]) -> Any:
        """What some files contain."""
        raise NotImplementedError


class ImageFiles(_Files):
    """Batches of images; see :func:`image_dataset_from_directory`.

    Parameters
    ----------
    color_mode, image_size, interpolation, fit, data_format
        What an image is made to; ``fit`` is ``"crop"``, ``"pad"`` or None.
    **options
        The files, labels and batches.
    """

    def __init__(
        self,
        color_mode: str,
        image_size: tuple[int, int],
        interpolation: str,
        fit: str | None,
        data_format: str,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.color_mode, self.image_size, self.interpolation = color_mode, image_size, interpolation
        self.fit, self.data_format = fit, data_format

    def read(self, paths: list[str]) -> np.ndarray:
        x = np.empty((len(paths), *self.image_size, CHANNELS[self.color_mode]), np.float32)
        for image, path in zip(x, paths, strict=True):
            given = img_to_array(load_img(path, self.color_mode), "channels_last")
            _resize_to_fit(given, image, self.interpolation, self.fit)
        return x if self.data_format == "channels_last" else x.transpose(0, 3, 1, 2).copy()


def _resize_to_fit(given: np.ndarray, image: np.ndarray, how: str, fit: str | None) -> None:
    """Write an image, resized, over another."""
    (height, width), (rows, columns) = given.shape[:2], image.shape[:2]
    if fit == "crop":
        given = cropped(given, (rows, columns))
    elif fit == "pad":
        image[...] = 0
        high = max(min(rows, height * columns // width), 1)
        wide = max(min(columns, width * rows // height), 1)
        top, left = (rows - high) // 2, (columns - wide) // 2
        image = image[top : top + high, left : left + wide]
    image[...] = resize(given, image.shape[:2], how)


class TextFiles(_Files):
    """Batches of texts, as arrays of str; see :func:`text_dataset_from_directory`.

    Parameters
    ----------
    max_length : int or None
    **options
        The files, labels and batches.
    """

    def __init__(self, max_length: int | None, **options: Any) -> None:
        super().__init__(**options)
        self.max_length = max_length

    def read(self, paths: list[str]) -> np.ndarray:
        texts = np.empty(len(paths), object)
        for i, path in enumerate(paths):
            try:
                texts[i] = Path(path).read_text(encoding="utf-8")[: self.max_length]
            except UnicodeDecodeError as error:
                raise ValueError(f"{path} is no text in UTF-8: {error}") from error
        return texts


def image_dataset_from_directory(
    directory: PathLike,
    labels: str | Sequence[int] | None = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    *,
    verbose: bool = True,
) -> Any:
    """Read batches of images from a folder that has a folder for each class.

    A batch is read from its files when it is asked for.

    Parameters
    ----------
    directory : path
    labels : "inferred", list of int, or None
        Classes by folder, in alphabetical order; or the class of each file, in the order of their
        paths; or none.
    label_mode : {"int", "categorical", "binary", None}
        Labels of a batch: int32 (batch,), one-hot float32 (batch, classes), float32 (batch, 1) of 0
        and 1, or none.
    class_names : list of str, optional
        The folders to read, in the order of their classes.
    color_mode : {"rgb", "grayscale", "rgba"}
    batch_size : int or None
        None gives single images, not in a batch.
    image_size : (int, int) or int
        Height and width that images are resized to.
    shuffle : bool
        Whether files are in another order, each epoch a new one.
    seed : int, optional
        Of the orders. With ``validation_split`` and ``shuffle`` it is needed, so that both subsets
        come from one order.
    validation_split : float, optional
        The part of the files to validate on: the last ones after shuffling.
    subset : {"training", "validation", "both"}, optional
        Which part to read, with ``validation_split``.
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"}
        How images are resized; those made smaller are not smoothed first, as in TensorFlow.
    follow_links : bool
        Whether links to folders are followed.
    crop_to_aspect_ratio, pad_to_aspect_ratio : bool
        Whether the middle of an image is cut out, or black added around it, so that its proportions
        stay.
    data_format : {"channels_last", "channels_first"}, optional
    verbose : bool
        Whether to print how many files were found.

    Returns
    -------
    PyDataset, or two of them for ``subset="both"``
        Batches of images, float32 (batch, height, width, channels) from 0 to 255, or pairs of
        images and labels. Attributes ``class_names`` and ``file_paths``.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value, or doesn't go with another.
    OSError
        There is no such folder, or no image in it; or a file is no image.
    ImportError
        Pillow is not installed.

    Examples
    --------
    >>> from nnkit.utils import image_dataset_from_directory
    >>> train, test = image_dataset_from_directory(
    ...     "flowers", image_size=(64, 64), validation_split=0.2, subset="both", seed=1
    ... )  # doctest: +SKIP
    >>> train[0][0].shape, train.class_names  # doctest: +SKIP
    ((32, 64, 64, 3), ['daisy', 'rose'])
    """
    pillow()
    owner = "image_dataset_from_directory"
    checks.one_of(owner, "color_mode", color_mode, tuple(CHANNELS))
    checks.one_of(owner, "interpolation", interpolation, tuple(KERNELS))
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(f"{owner}: give crop_to_aspect_ratio or pad_to_aspect_ratio, not both")
    fit = "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else None
    makes = {
        "color_mode": color_mode,
        "image_size": checks.sizes(owner, "image_size", image_size, 2),
        "interpolation": interpolation,
        "fit": fit,
        "data_format": checks.data_format(owner, data_format),
    }
    index = _Index(owner, directory, labels, label_mode, class_names, _IMAGES, follow_links)
    return index.parts(
        ImageFiles, makes, batch_size, shuffle, seed, validation_split, subset, verbose
    )


def text_dataset_from_directory(
    directory: PathLike,
    labels: str | Sequence[int] | None = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    *,
    verbose: bool = True,
) -> Any:
    """Read batches of texts (.txt, in UTF-8) from a folder that has a folder for each class.

    Parameters
    ----------
    directory : path
    labels, label_mode, class_names
        As for :func:`~nnkit.utils.image_dataset_from_directory`.
    batch_size : int or None
        None gives single texts.
    max_length : int, optional
        Characters that are kept of a text.
    shuffle, seed, validation_split, subset, follow_links, verbose
        As for :func:`~nnkit.utils.image_dataset_from_directory`.

    Returns
    -------
    PyDataset, or two of them for ``subset="both"``
        Batches of texts, an array (batch,) of str objects, or pairs of texts and labels. Attributes
        ``class_names`` and ``file_paths``.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value, or a file is no text in UTF-8.
    OSError
        There is no such folder, or no text in it.

    Examples
    --------
    >>> from nnkit.utils import text_dataset_from_directory
    >>> train = text_dataset_from_directory("reviews/train")  # doctest: +SKIP
    Found 25000 files belonging to 2 classes.
    """
    owner = "text_dataset_from_directory"
    longest = None if max_length is None else checks.integer(owner, "max_length", max_length)
    index = _Index(owner, directory, labels, label_mode, class_names, (".txt",), follow_links)
    makes = {"max_length": longest}
    return index.parts(
        TextFiles, makes, batch_size, shuffle, seed, validation_split, subset, verbose
    )


class _Index:
    """The files of a folder and their labels, checked."""

    def __init__(
        self,
        owner: str,
        directory: PathLike,
        labels: str | Sequence[int] | None,
        label_mode: str | None,
        class_names: Sequence[str] | None,
        suffixes: tuple[str, ...],
        follow_links: bool,
    ) -> None:
        self.owner, self.directory = owner, directory
        if label_mode is not None:
            checks.one_of(owner, "label_mode", label_mode, _LABEL_MODES)
        if isinstance(labels, str):
            checks.one_of(owner, "labels", labels, ("inferred",))
        if label_mode is None:
            labels = None
        if class_names is not None and not isinstance(labels, str):
            raise ValueError(
                f"{owner}: class_names name folders, so they go with labels='inferred'"
            )
        folder = _folder(owner, directory)
        if isinstance(labels, str):
            names = classes_in(owner, folder, class_names)
            found = [files_in(folder / name, suffixes, follow_links) for name in names]
            self.paths = [path for paths in found for path in paths]
            numbers = np.repeat(np.arange(len(names), dtype=np.int32), [len(f) for f in found])
            self.class_names: list[str] | None = names
        else:
            self.paths = files_in(folder, suffixes, follow_links)
            self.class_names = None
            if labels is not None:
                numbers, self.class_names = self._given(labels)
        if not self.paths:
            what = "folders of classes with " if isinstance(labels, str) else ""
            raise FileNotFoundError(
                f"{owner}: {str(directory)!r} has no {what}files {', '.join(suffixes)}"
            )
        self.labels = None
        if labels is not None and label_mode is not None:
            self.labels = self._of_mode(numbers, label_mode)

    def _given(self, labels: Sequence[int]) -> tuple[np.ndarray, list[str]]:
        if not isinstance(labels, (list, tuple, np.ndarray)):
            raise TypeError(
                f"{self.owner}: labels must be 'inferred', a list of int or None, got {labels!r}"
            )
        if len(labels) != len(self.paths):
            raise ValueError(
                f"{self.owner}: labels has {len(labels)} entries, but {str(self.directory)!r} has "
                f"{len(self.paths)} files"
            )
        numbers = [checks.integer(self.owner, "a label", n, 0) for n in labels]
        return np.array(numbers, np.int32), [str(n) for n in sorted(set(numbers))]

    def _of_mode(self, numbers: np.ndarray, mode: str) -> np.ndarray:
        names = self.class_names or []
        if mode == "int":
            return numbers
        if numbers.size and numbers.max() >= len(names):
            raise ValueError(
                f"{self.owner}: labels of {len(names)} classes must be from 0 to {len(names) - 1} "
                f"with label_mode={mode!r}, one is {numbers.max()}"
            )
        if mode == "categorical":
            return np.eye(len(names), dtype=np.float32)[numbers]
        if len(names) != 2:
            raise ValueError(
                f"{self.owner}: label_mode='binary' is for 2 classes, there are {len(names)}: "
                f"{', '.join(names)}"
            )
        return numbers.astype(np.float32)[:, None]

    def parts(
        self,
        kind: type[_Files],
        makes: dict[str, Any],
        batch_size: int | None,
        shuffle: bool,
        seed: int | None,
        validation_split: float | None,
        subset: str | None,
        verbose: bool,
    ) -> Any:
        """The data set, or those of both subsets."""
        owner, n = self.owner, len(self.paths)
        seed, given = checks.seed(owner, seed), seed
        checks.flag(owner, "shuffle", shuffle)
        if (validation_split is None) != (subset is None):
            raise ValueError(f"{owner}: give validation_split and subset, or neither of them")
        if subset is not None:
            checks.one_of(owner, "subset", subset, ("training", "validation", "both"))
            if shuffle and given is None and subset != "both":
                raise ValueError(
                    f"{owner}: with shuffle, both subsets need the same seed, or they would have "
                    "common files: give seed"
                )
        seed = next_seed() if seed is None else seed
        if verbose:
            classes = f" belonging to {len(self.class_names)} classes" if self.class_names else ""
            say(f"Found {n} files{classes}.")
        order = np.random.default_rng(seed).permutation(n) if shuffle else np.arange(n)
        last = 0
        if validation_split is not None:
            last = int(checks.number(owner, "validation_split", validation_split, "(0, 1)") * n)
            if not 0 < last < n:
                raise ValueError(
                    f"{owner}: validation_split={validation_split} of {n} files leaves nothing to "
                    f"{'validate' if last == 0 else 'train'} on"
                )
        rows = {"training": order[: n - last], "validation": order[n - last :]}

        def part(name: str, shuffled: bool) -> _Files:
            if verbose and last:
                say(f"Using {len(rows[name])} files for {name}.")
            return kind(
                **makes,
                file_paths=[self.paths[i] for i in rows[name]],
                labels=None if self.labels is None else self.labels[rows[name]],
                class_names=self.class_names,
                batch_size=batch_size,
                shuffle=shuffled,
                seed=seed,
            )

        if subset == "both":
            return part("training", shuffle), part("validation", False)
        return part(subset or "training", shuffle)


def _folder(owner: str, directory: PathLike) -> Path:
    folder = Path(directory).expanduser()
    if not folder.is_dir():
        raise NotADirectoryError(f"{owner}: there is no folder {str(directory)!r}")
    return folder


def classes_in(owner: str, directory: PathLike, classes: Sequence[str] | None = None) -> list[str]:
    """Names of the folders in a folder, sorted; or those given, which must be there.

    Parameters
    ----------
    owner : str
        Who asks, for errors.
    directory : path
    classes : list of str, optional

    Returns
    -------
    list of str

    Raises
    ------
    OSError, ValueError
        There is no such folder, or it hasn't one that was given.
    """
    folder = _folder(owner, directory)
    found = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not classes:
        if not found:
            raise FileNotFoundError(
                f"{owner}: {str(directory)!r} has no folders, one for each class; for images "
                "without classes, put them into a folder in it and give no class mode"
            )
        return found
    missing = [name for name in classes if name not in found]
    if missing:
        raise ValueError(
            f"{owner}: {str(directory)!r} has no folder for class {missing[0]!r}, but "
            f"{', '.join(map(repr, found)) or 'none'}"
        )
    return list(dict.fromkeys(classes))


def files_in(folder: Path, suffixes: tuple[str, ...], follow_links: bool) -> list[str]:
    """Paths of all files below a folder that end so, folder by folder, sorted.

    Parameters
    ----------
    folder : pathlib.Path
    suffixes : tuple of str
        In small letters, with their dots.
    follow_links : bool

    Returns
    -------
    list of str
    """
    return [
        os.path.join(root, name)
        for root, _, names in sorted(os.walk(folder, followlinks=follow_links))
        for name in sorted(names)
        if name.lower().endswith(suffixes)
    ]
