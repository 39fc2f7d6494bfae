"""CSVLogger."""

from __future__ import annotations

import csv
import os
from typing import Any, TextIO

from nnkit.callbacks.callback import Callback, Logs

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Writes the results of every epoch into a table, one row an epoch, at once.

    Parameters
    ----------
    filename : path
    separator : str
        Between columns; one character.
    append : bool
        Go on with a table that is there already, instead of replacing it.

    Notes
    -----
    The columns are those of the first epoch, in alphabetical order, as in Keras. If it had no
    validation there are empty columns for one. A value that is missing is written as ``NA``.

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
        self._file: TextIO | None = None
        self._writer: csv.DictWriter[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        self._close()
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a row; before the first, the names of the columns."""
        if self._file is None:
            raise RuntimeError("CSVLogger writes between on_train_begin and on_train_end only")
        row: dict[str, Any] = dict(logs or {})
        if self._writer is None:
            names = sorted(row)
            if not any(name.startswith("val_") for name in names):
                names += [f"val_{name}" for name in names]
            self._writer = csv.DictWriter(
                self._file,
                ["epoch", *names],
                restval="NA",
                extrasaction="ignore",
                delimiter=self.separator,
                lineterminator="\n",
            )
            if self._file.tell() == 0:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **row})
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._writer = None
