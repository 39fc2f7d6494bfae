"""Batches of images that a table names."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import checks
from nnkit.arguments import did_you_mean
from nnkit.preprocessing.image.file_iterator import SUFFIXES, FileIterator
from nnkit.utils.terminal import say

if TYPE_CHECKING:
    from nnkit.preprocessing.image.image_data_generator import ImageDataGenerator

__all__ = ["DataFrameIterator"]

_MODES = ("binary", "categorical", "input", "multi_output", "raw", "sparse")


class DataFrameIterator(FileIterator):
    """Batches of images in a table; :meth:`ImageDataGenerator.flow_from_dataframe` makes it.

    Parameters
    ----------
    dataframe : DataFrame
    directory : path, optional
    image_data_generator : ImageDataGenerator
    x_col, y_col, weight_col, target_size, color_mode, classes, class_mode, batch_size, shuffle
    seed, data_format, save_to_dir, save_prefix, save_format, subset, interpolation
    keep_aspect_ratio, dtype, validate_filenames
        As for :meth:`ImageDataGenerator.flow_from_dataframe`.
    """

    def __init__(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        image_data_generator: ImageDataGenerator | None = None,
        x_col: str = "filename",
        y_col: str | Sequence[str] = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
    ) -> None:
        owner = self._owner = "flow_from_dataframe"
        if image_data_generator is None:
            raise TypeError(f"{owner}: image_data_generator is missing: ImageDataGenerator()")
        if class_mode == "other":  # Its name in Keras 2.2.
            class_mode = "raw"
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
        self.directory = folder = "" if directory is None else os.path.expanduser(directory)
        if folder and not os.path.isdir(folder):
            raise NotADirectoryError(f"{owner}: there is no folder {str(directory)!r}")
        self._table, self._columns = dataframe, [str(name) for name in dataframe.columns]
        names = self._column(x_col, "x_col")
        wrong = next((name for name in names if not isinstance(name, str)), None)
        if wrong is not None:
            raise TypeError(
                f"{owner}: column x_col={x_col!r} must hold files' names, got {wrong!r}"
            )
        kept, labels = np.arange(len(names)), list[Any]()
        if validate_filenames:
            valid = [
                name.lower().endswith(SUFFIXES) and os.path.isfile(os.path.join(folder, name))
                for name in names
            ]
            kept = np.flatnonzero(valid)
            if len(kept) < len(names):
                first = os.path.join(folder, names[valid.index(False)])
                warnings.warn(
                    f"{owner}: {len(names) - len(kept)} of {len(names)} rows are left out: their "
                    f"files aren't there or are no images, first {first!r}",
                    stacklevel=3,
                )
        has_classes = class_mode in ("binary", "categorical", "sparse")
        if has_classes:
            if not isinstance(y_col, str):
                raise TypeError(f"{owner}: y_col is the name of a column, got {y_col!r}")
            kept, labels = self._numbered(self._column(y_col, "y_col"), kept, y_col, classes)
        elif classes:
            warnings.warn(f"{owner}: class_mode={class_mode!r} has no use of classes", stacklevel=3)
        if subset is not None:
            rows = image_data_generator.rows_of(owner, subset, len(kept))
            kept = kept[rows]
            labels = labels[rows]
        if not len(kept):
            raise ValueError(
                f"{owner}: no row of the table is left"
                + ("" if subset is None else f" for subset={subset!r}")
                + f"; files are looked for in {folder or os.getcwd()!r}"
            )
        self.sample_weight = None
        if weight_col is not None:
            self.sample_weight = self._numbers(weight_col, "weight_col")[kept]
        described = "validated" if validate_filenames else "non-validated"
        found = f"Found {len(kept)} {described} image filenames"
        if has_classes:
            self.classes = labels
            say(f"{found} belonging to {self.num_classes} classes.")
        else:
            self._values = self._targets(y_col, kept)
            say(f"{found}.")
        del self._table
        self.begin(str(folder), [names[row] for row in kept], batch_size, shuffle, seed)

    @property
    def labels(self) -> Any:
        """What the samples' targets are made of."""
        return self._values if self.class_mode in ("multi_output", "raw") else self.classes

    def targets(self, rows: np.ndarray) -> Any:
        if self.class_mode == "raw":
            return self._values[rows]
        if self.class_mode == "multi_output":
            return [values[rows] for values in self._values]
        return super().targets(rows)

    def _column(self, name: Any, argument: str) -> list[Any]:
        if name not in self._columns:
            raise ValueError(
                f"{self._owner}: the table has no column {argument}={name!r}"
                f"{did_you_mean(str(name), self._columns)} It has: {', '.join(self._columns)}"
            )
        return list(self._table[name])

    def _numbers(self, name: str, argument: str) -> np.ndarray:
        values = np.array(self._column(name, argument))
        if values.dtype.kind not in "biuf":
            raise TypeError(
                f"{self._owner}: column {argument}={name!r} must hold numbers, got {values.dtype}"
            )
        return values

    def _targets(self, y_col: Any, kept: np.ndarray) -> Any:
        """The values of columns, for the modes without classes."""
        if self.class_mode == "multi_output":
            if not isinstance(y_col, (list, tuple)):
                raise TypeError(
                    f"{self._owner}: with class_mode='multi_output', y_col is a list of columns, "
                    f"got {y_col!r}"
                )
            columns = [self._column(name, "y_col") for name in y_col]
            return [np.array([values[row] for row in kept]) for values in columns]
        if self.class_mode == "raw":
            if isinstance(y_col, (list, tuple)):
                return np.stack([self._numbers(name, "y_col")[kept] for name in y_col], axis=1)
            return np.array(self._column(y_col, "y_col"))[kept]
        return None

    def _numbered(
        self, labels: list[Any], kept: np.ndarray, y_col: str, classes: Sequence[str] | None
    ) -> tuple[np.ndarray, list[Any]]:
        """The rows whose labels are among the classes, and their labels' numbers."""
        owner, several = self._owner, self.class_mode == "categorical"
        for label in (labels[row] for row in kept):
            words = label if several and isinstance(label, (list, tuple)) else [label]
            if not all(isinstance(word, str) for word in words):
                raise TypeError(
                    f"{owner}: with class_mode={self.class_mode!r}, column y_col={y_col!r} must "
                    f"hold str{' or lists of them' if several else ''}, got {label!r}; "
                    f"give dataframe[{y_col!r}].astype(str), or class_mode='raw' for numbers"
                )
        as_lists = {row: labels[row] if _many(labels[row]) else [labels[row]] for row in kept}
        there = sorted({word for words in as_lists.values() for word in words})
        names = list(dict.fromkeys(classes)) if classes else there
        missing = [name for name in names if name not in there]
        if missing:
            raise ValueError(
                f"{owner}: no row of y_col={y_col!r} is of the class {missing[0]!r}"
                f"{did_you_mean(str(missing[0]), there)} There are: {', '.join(there) or 'none'}"
            )
        if self.class_mode == "binary" and len(names) != 2:
            raise ValueError(
                f"{owner}: class_mode='binary' is for 2 classes, there are {len(names)}: "
                f"{', '.join(names)}"
            )
        self.class_indices = {name: i for i, name in enumerate(names)}
        numbers = {
            row: [self.class_indices[word] for word in words if word in self.class_indices]
            for row, words in as_lists.items()
        }
        rows = [row for row in kept if numbers[row]]
        found = [numbers[row] if _many(labels[row]) else numbers[row][0] for row in rows]
        return np.array(rows, int), found


def _many(label: Any) -> bool:
    return isinstance(label, (list, tuple))
