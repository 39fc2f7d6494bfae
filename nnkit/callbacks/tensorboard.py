"""TensorBoard."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.callbacks.callback import Callback, Logs
from nnkit.callbacks.dashboards import pictures
from nnkit.callbacks.event_file import EventFile
from nnkit.errors import warn

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Write event files for TensorBoard, which shows them during training and after it.

    ``tensorboard --logdir logs`` shows them in a browser. nnkit itself needs neither TensorBoard
    nor TensorFlow. What is written can be seen at once, and is kept if the process is killed.

    Parameters
    ----------
    log_dir : path
        The results of training are the run ``train`` in it, those of data that are not trained on
        ``validation``. A later ``fit`` adds to both.
    histogram_freq : int
        The interval, in epochs, of histograms of the weights; 0 for none.
    write_graph : bool
        Whether the layers and connections of a Sequential or a Model of placeholders are shown as a
        graph, as Keras 3 does: the conceptual one of the dashboard. There is no graph of
        operations.
    write_images : bool
        Whether weights are shown as pictures, too, whenever histograms are written.
    write_steps_per_second : bool
    update_freq : "epoch", "batch" or int
        An int n writes the results since the epoch's beginning every n batches, too, counted across
        epochs and calls of ``fit``; ``"batch"`` is 1. ``fit`` then runs batch by batch.
    profile_batch, embeddings_freq : 0
    embeddings_metadata
        Without an effect, as there are no embeddings.

    Raises
    ------
    NotImplementedError
        ``profile_batch`` or ``embeddings_freq`` is not 0.
    TypeError, ValueError
        An argument has a wrong type or value.
    OSError
        When training begins, ``log_dir`` can't be written.

    Warns
    -----
    UserWarning
        ``write_graph``, and the model has no text (:meth:`nnkit.Model.to_json`).

    Notes
    -----
    Tags are those of Keras 3, steps are epochs counted from 0: ``epoch_loss``,
    ``epoch_learning_rate``, ``epoch_steps_per_second``; ``<weight.path>/histogram`` and
    ``<weight.path>/image``. Batches are counted from 1: ``batch_loss``,
    ``batch_steps_per_second``. Each evaluation writes ``evaluation_loss_vs_iterations``, whose
    steps are ``optimizer.iterations``. An array is written number by number: ``epoch_f1_score/0``.
    Numbers become float32.

    Unlike in Keras 3, batches of a second ``fit`` go on where those of the first ended, as in
    Keras 2, so that no curve runs back, and ``update_freq=n`` loses no epoch whose last batch is no
    multiple of n. A histogram leaves out what is not finite. Pictures are stretched from a weight's
    smallest number, black, to its largest; Keras cuts off what is below 0 or above 1. Weights of
    more than three axes longer than 1 have no picture; of three axes, the first three along the
    last one are shown. In the graph, numbers among the arguments of layers are left out, at which
    TensorBoard's reader fails.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, nnkit
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> model = nnkit.Sequential([nnkit.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> board = nnkit.callbacks.TensorBoard(folder, histogram_freq=1)
    >>> _ = model.fit(np.ones((4, 2)), np.ones(4), epochs=2, verbose=0, callbacks=[board])
    >>> [path.name[:20] for path in folder.glob("train/*")]
    ['events.out.tfevents.']
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: int = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        name = "TensorBoard"
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = checks.integer(name, "histogram_freq", histogram_freq, 0)
        self.write_graph = checks.flag(name, "write_graph", write_graph)
        self.write_images = checks.flag(name, "write_images", write_images)
        self.write_steps_per_second = checks.flag(
            name, "write_steps_per_second", write_steps_per_second
        )
        self.update_freq: int | str = "epoch"
        if update_freq != "epoch":
            if isinstance(update_freq, str):
                update_freq = checks.one_of(name, "update_freq", update_freq, ("epoch", "batch"))
            steps = 1 if update_freq == "batch" else update_freq
            self.update_freq = checks.integer(name, "update_freq", steps)
            # Only if needed, because with these hooks fit runs batch by batch.
            self.on_train_batch_begin = self._begin_batch  # type: ignore[method-assign]
            self.on_train_batch_end = self._end_batch  # type: ignore[method-assign]
        if profile_batch:
            raise NotImplementedError(
                f"{name}: nnkit writes no profiles for TensorBoard, got profile_batch="
                f"{profile_batch!r}; write_steps_per_second=True shows how fast training is"
            )
        if embeddings_freq:
            raise NotImplementedError(
                f"{name}: nnkit writes no embeddings for TensorBoard, got embeddings_freq="
                f"{embeddings_freq!r}; ModelCheckpoint saves weights, and histogram_freq=1 shows "
                "how they are distributed"
            )
        self._batches = 0
        self._files: dict[str, EventFile] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Make the files, and write the graph."""
        train = self._run("train")
        if self.params.get("do_validation"):
            self._run("validation")
        if self.write_graph and type(self.model).__name__ in ("Sequential", "Model"):
            try:
                train.model("keras", self.model.to_json())
            except (TypeError, ValueError) as error:
                warn(f"TensorBoard shows no graph of this model: {error}")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Begin to measure time."""
        if self.write_steps_per_second:
            self._epoch_began = time.perf_counter(), int(self.model.optimizer.iterations)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the results of the epoch, and what weights are now."""
        results: dict[str, Logs] = {"train": {}, "validation": {}}
        for name, value in (logs or {}).items():
            run = "validation" if name.startswith("val_") else "train"
            results[run][name.removeprefix("val_")] = value
        results["train"].setdefault("learning_rate", float(self.model.optimizer.learning_rate))
        if self.write_steps_per_second:
            began, before = self._epoch_began
            steps = int(self.model.optimizer.iterations) - before
            results["train"]["steps_per_second"] = steps / (time.perf_counter() - began)
        for run, values in results.items():
            self._scalars(run, "epoch_{}", values, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Write the results of an evaluation, also of that within ``fit``."""
        steps = int(self.model.optimizer.iterations)
        self._scalars("validation", "evaluation_{}_vs_iterations", logs or {}, steps)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files."""
        self._close()

    def on_exit(self, logs: Logs | None = None) -> None:
        """Close the files if training never began, or after an evaluation."""
        self._close()

    def _begin_batch(self, batch: int, logs: Logs | None = None) -> None:
        self._batch_began = time.perf_counter()

    def _end_batch(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        if self._batches % self.update_freq == 0:  # type: ignore[operator]
            results = dict(logs or {})
            if self.write_steps_per_second:
                results["steps_per_second"] = 1 / (time.perf_counter() - self._batch_began)
            self._scalars("train", "batch_{}", results, self._batches)

    def _run(self, name: str) -> EventFile:
        """The file of a run, new if none is open."""
        if name not in self._files:
            self._files[name] = EventFile(Path(self.log_dir, name))
        return self._files[name]

    def _close(self) -> None:
        while self._files:
            self._files.popitem()[1].close()

    def _scalars(self, run: str, pattern: str, results: Logs, step: int) -> None:
        for name, value in results.items():
            tag, array = pattern.format(name), np.asarray(value)
            for index in np.ndindex(array.shape):
                self._run(run).scalar("/".join([tag, *map(str, index)]), array[index], step)

    def _write_weights(self, epoch: int) -> None:
        file = self._run("train")
        for layer in self.model.layers:
            for weight in layer.weights:
                path, value = weight.path.replace(":", "_"), weight.numpy()
                file.histogram(f"{path}/histogram", value, epoch)
                shown = pictures(value) if self.write_images else None
                if shown is not None:
                    file.images(f"{path}/image", shown, epoch)
