"""CSVLogger."""

from __future__ import annotations

import csv
import os
from typing import Any, TextIO

import numpy as np

from nnkit.callbacks.callback import Callback, Logs
from nnkit.errors import warn

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Write the results of every epoch to a CSV file, as soon as the epoch ends.

    Parameters
    ----------
    filename : path
    separator : str
        The character between columns.
    append : bool
        Whether to append to an existing file and keep its columns, instead of replacing it.

    Raises
    ------
    ValueError
        ``separator`` is not a single character; or, when training begins, the file to append to
        lacks a column for one of the results.

    Notes
    -----
    The columns are the results of the first epoch in alphabetical order, as in Keras, and those of
    the validation, even if it runs in later epochs only. A missing value is written as ``NA``. An
    existing file is replaced when the first epoch is done. A result that is an array is written in
    brackets.

    Examples
    --------
    >>> import pathlib, tempfile, nnkit
    >>> path = pathlib.Path(tempfile.mkdtemp(), "log.csv")
    >>> logger = nnkit.callbacks.CSVLogger(path)
    >>> logger.on_train_begin()
    >>> logger.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
    >>> logger.on_train_end()
    >>> path.read_text().splitlines()
    ['epoch,loss,val_loss', '0,0.5,0.75']
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(f"CSVLogger: separator must be one character, got {separator!r}")
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._training = False
        self._file: TextIO | None = None
        self._writer: csv.DictWriter[str]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Check that the file can be written, and that its columns fit the results."""
        self._close()
        self._training = True
        with self._open() as file:
            columns = self._columns(file)
        lacking = [n for n in ("epoch", *self._results()) if columns and n not in columns]
        if lacking:
            raise ValueError(
                f"CSVLogger: {self.filename} has the columns {', '.join(columns)}, and none for "
                f"{', '.join(lacking)}; give another filename, or append=False to replace it"
            )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a row, and before the first one the columns' names."""
        if not self._training:
            raise RuntimeError("CSVLogger writes between on_train_begin and on_train_end only")
        row: dict[str, Any] = {n: _plain(value) for n, value in (logs or {}).items()}
        if self._file is None:
            self._file = self._open()
            self._writer = self._begin(self._file, sorted({*row, *self._results()}))
        self._writer.writerow({"epoch": epoch, **row})
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        self._close()

    def _results(self) -> list[str]:
        """Names of the results of each epoch, as far as the model knows them."""
        names = [] if self.model is None else list(self.model.metric_directions)
        return names + [f"val_{name}" for name in names if self.params.get("do_validation")]

    def _open(self) -> TextIO:
        return open(self.filename, "a+", newline="", encoding="utf-8")

    def _columns(self, file: TextIO) -> list[str]:
        """The columns of the file to append to; empty if a new one is to be written."""
        file.seek(0)
        return next(csv.reader(file, delimiter=self.separator), []) if self.append else []

    def _begin(self, file: TextIO, names: list[str]) -> csv.DictWriter[str]:
        """Prepare the file for the first row, and make its writer."""
        columns = self._columns(file)
        writer = csv.DictWriter(
            file,
            columns or ["epoch", *names],
            restval="NA",
            extrasaction="ignore",
            delimiter=self.separator,
            lineterminator="\n",
        )
        if columns:
            lacking = [name for name in names if name not in columns]
            if lacking:  # Results of other callbacks are known only now.
                warn(f"CSVLogger: {self.filename} has no column for {', '.join(lacking)}")
            file.seek(0)
            if not file.read().endswith("\n"):  # The file's last row was cut off by a crash.
                file.write("\n")
        else:
            file.truncate(0)
            writer.writeheader()
        return writer

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._training = None, False


def _plain(value: Any) -> Any:
    """What a row has for a result: an array in brackets, as in Keras."""
    return f"[{', '.join(map(str, np.ravel(value).tolist()))}]" if np.ndim(value) else value
