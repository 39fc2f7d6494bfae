"""ModelCheckpoint."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from pathlib import Path

from nnkit import checks
from nnkit.arguments import did_you_mean
from nnkit.callbacks.callback import Logs, say
from nnkit.callbacks.monitor import MonitorCallback, limit
from nnkit.errors import warn

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint(MonitorCallback):
    """Saves the model during ``fit``: after every epoch, after so many batches, or the best one.

    A file is replaced in one step when the new one is complete on the disk: a crash never leaves
    half a checkpoint. Whether the model can be saved at all is found out before the first batch.

    Parameters
    ----------
    filepath : path
        Ends in ``.h5`` or ``.hdf5``; weights only are best kept in ``.weights.h5``, Keras 3's
        layout. May contain ``{epoch}`` (counted from 1), ``{batch}`` and the name of any result:
        ``"{epoch:02d}-{val_loss:.2f}.h5"``; the results of a validation that did not take place
        are ``nan``.
    monitor : str
        What the best model is chosen by.
    verbose : {0, 1}
        1 says when a file is written.
    save_best_only : bool
        Save only when ``monitor`` is among the results and has improved.
    save_weights_only : bool
    mode : {"auto", "min", "max"}
        Whether less or more is better; ``"auto"`` asks the metric.
    save_freq : "epoch" or int
        Every so many batches, counted on over epochs; ``fit`` then stops after each batch.
    initial_value_threshold : float, optional
        The first best value: models that are no better are not saved.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be, or ``filepath`` no pattern; or, when training begins,
        the model can't be saved, or nothing has the name ``monitor`` and ``mode="auto"``.

    Warns
    -----
    UserWarning
        With ``save_best_only``: what is monitored will never be there, so no file is written.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, nnkit
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> model = nnkit.Sequential([nnkit.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> keep = nnkit.callbacks.ModelCheckpoint(folder / "{epoch:02d}.h5")
    >>> _ = model.fit(np.ones((4, 2)), np.ones(4), epochs=2, verbose=0, callbacks=[keep])
    >>> sorted(path.name for path in folder.iterdir())
    ['01.h5', '02.h5']
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.best = limit("ModelCheckpoint", "initial_value_threshold", initial_value_threshold)
        self.save_freq = save_freq
        checks.model_file(self.filepath)
        try:
            self.filepath.format_map(defaultdict(float, epoch=1, batch=1))
        except (ValueError, AttributeError, TypeError) as error:
            raise ValueError(
                f"ModelCheckpoint: filepath is no pattern such as 'at-{{epoch:02d}}.h5': {error}; "
                f"got {self.filepath!r}"
            ) from error
        if save_freq != "epoch":
            self.save_freq = checks.integer("ModelCheckpoint", "save_freq", save_freq)
            # Only now, as a hook for batches makes fit stop after each of them.
            self.on_train_batch_end = self._count  # type: ignore[method-assign]
        self._batches = self._epoch = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Find out now whether saving will work."""
        if self.save_best_only:
            super().on_train_begin(logs)
            self._warn_of_batches()
        self._batches = 0
        if not self.save_weights_only:
            self.model.check_savable()
        folder = Path(self.filepath).parent
        if "{" not in str(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch, for the names of files."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save, if that is asked for after epochs."""
        if self.save_freq == "epoch":
            self._consider(logs or {}, {"epoch": epoch + 1})

    def _count(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        if self._batches == self.save_freq:
            self._batches = 0
            self._consider(logs or {}, {"epoch": self._epoch + 1, "batch": batch + 1})

    def _consider(self, logs: Logs, position: dict[str, int]) -> None:
        why = ""
        if self.save_best_only:
            value = self.monitored(logs)
            if value is None or not self.improves(value, self.best):
                return
            self.best, why = value, f" ({self.monitor} is {value:.5g})"
        path = Path(self._path(position, logs))
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose:
            say(f"Epoch {position['epoch']}: saved {path}{why}")

    def _warn_of_batches(self) -> None:
        if self.save_freq != "epoch" and self.monitor.startswith("val_"):
            self._warned = True
            warn(
                f"ModelCheckpoint writes no file: {self.monitor!r} is known after an epoch only, "
                f"and save_freq={self.save_freq} compares after batches; monitor a result of "
                "training, such as 'loss', or leave save_freq='epoch'"
            )

    def _path(self, position: dict[str, int], logs: Logs) -> str:
        results = [name for name in logs if not name.startswith("val_")]
        values = {**{f"val_{name}": math.nan for name in results}, **position, **logs}
        try:
            return self.filepath.format(**values)
        except KeyError as error:
            name = error.args[0]
            raise ValueError(
                f"ModelCheckpoint: {self.filepath!r} asks for {name!r}{did_you_mean(name, values)} "
                f"Known: {', '.join(values)}."
            ) from None
