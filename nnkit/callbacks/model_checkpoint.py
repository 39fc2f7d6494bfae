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
from nnkit.spellings import NamedResults

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint(MonitorCallback):
    """Save the model during ``fit``, after every epoch or every n batches.

    A file is replaced atomically when the new one is complete on the disk, so a crash never leaves
    an incomplete checkpoint. A model that can't be saved is refused before the first batch.

    Parameters
    ----------
    filepath : path
        Ends in ``.h5`` or ``.hdf5``; for weights only, ``.weights.h5`` chooses Keras 3's layout. It
        may contain ``{epoch}`` (counted from 1), ``{batch}`` and names of results:
        ``"{epoch:02d}-{val_loss:.2f}.h5"``; the results of a validation that did not take place
        are ``nan``.
    monitor : str
        The result that decides which model is best.
    verbose : {0, 1}
        1 prints a line when a file is written.
    save_best_only : bool
        Whether to save only if ``monitor`` is among the results and has improved.
    save_weights_only : bool
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; ``"auto"`` uses the metric's ``direction``.
    save_freq : "epoch" or int
        An int n saves every n batches, counted across epochs; ``fit`` then runs batch by batch.
    initial_value_threshold : float, optional
        The initial best value: models that are not better are not saved.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value, or ``filepath`` is not a valid pattern; or, when
        training begins, the model can't be saved, or ``mode="auto"`` and there is no result named
        ``monitor``.

    Warns
    -----
    UserWarning
        With ``save_best_only``, the monitored result will never exist, so no file is written.

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
            # Only if needed, because with this hook fit runs batch by batch.
            self.on_train_batch_end = self._count  # type: ignore[method-assign]
        self._batches = self._epoch = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Check that the model can be saved."""
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
        """Remember the epoch for files' names."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save the model if ``save_freq="epoch"``."""
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
        values = NamedResults({f"val_{name}": math.nan for name in results} | position | logs)
        try:
            return self.filepath.format_map(values)
        except KeyError as error:
            name = error.args[0]
            raise ValueError(
                f"ModelCheckpoint: {self.filepath!r} asks for {name!r}{did_you_mean(name, values)} "
                f"Known: {', '.join(values)}."
            ) from None
