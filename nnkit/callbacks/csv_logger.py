"""CSVLogger."""

from __future__ import annotations

import csv
import os
from typing import Any, TextIO

from nnkit.callbacks.callback import Callback, Logs
from nnkit.errors import warn

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Writes the results of every epoch into a table, one row an epoch, at once.

    Parameters
    ----------
    filename : path
    separator : str
        Between columns; one character.
    append : bool
        Go on with a table that is there already, instead of replacing it. Its columns stay.

    Raises
    ------
    ValueError
        ``separator`` is no single character; or, when training begins, the table that is to be
        continued lacks a column for one of the results.

    Notes
    -----
    The columns are those of the first epoch in alphabetical order, as in Keras, and those for
    validation if there is any, be it in later epochs only. A value that is missing is written as
    ``NA``. An older table is replaced when the first epoch is done.

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
        """Find out whether the file can be written, and whether the results fit it."""
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
        """Write a row; before the first, the names of the columns."""
        if not self._training:
            raise RuntimeError("CSVLogger writes between on_train_begin and on_train_end only")
        row: dict[str, Any] = dict(logs or {})
        if self._file is None:
            self._file = self._open()
            self._writer = self._begin(self._file, sorted({*row, *self._results()}))
        self._writer.writerow({"epoch": epoch, **row})
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        self._close()

    def _results(self) -> list[str]:
        """What each epoch of this training gives, as far as the model knows."""
        names = [] if self.model is None else list(self.model.metric_directions)
        return names + [f"val_{name}" for name in names if self.params.get("do_validation")]

    def _open(self) -> TextIO:
        return open(self.filename, "a+", newline="", encoding="utf-8")

    def _columns(self, file: TextIO) -> list[str]:
        """The columns of the table to go on with; none if a new one is to be written."""
        file.seek(0)
        return next(csv.reader(file, delimiter=self.separator), []) if self.append else []

    def _begin(self, file: TextIO, names: list[str]) -> csv.DictWriter[str]:
        """Make the file ready for the first row."""
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
            if lacking:  # What other callbacks add is not known before the first epoch's end.
                warn(f"CSVLogger: {self.filename} has no column for {', '.join(lacking)}")
            file.seek(0)
            if not file.read().endswith("\n"):  # The process that wrote it was killed in a row.
                file.write("\n")
        else:
            file.truncate(0)
            writer.writeheader()
        return writer

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._training = None, False
