"""Methods that models had in Keras 1 and 2, and what they are called today."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np

from nnkit.spellings import say

__all__ = ["OldMethods"]


class OldMethods:
    """Methods of models under the names that they had in Keras 1 and 2; all call those of today."""

    fit: Any
    evaluate: Any
    predict: Any

    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int | str = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        **options: Any,
    ) -> Any:
        """:meth:`fit` of what gives batches.

        Parameters
        ----------
        generator
            The x of :meth:`fit`.
        steps_per_epoch, epochs, verbose, callbacks, validation_data, validation_steps
            As for :meth:`fit`, in the order of Keras 2.
        **options
            Other arguments of :meth:`fit`; and those of Keras 1: ``nb_epoch``, and
            ``samples_per_epoch`` and ``nb_val_samples``, which are divided by the number of rows of
            a batch, that of the first if nothing else says it, and rounded up.

        Returns
        -------
        History
        """
        say("fit_generator", "fit")
        samples = options.pop("samples_per_epoch", None)
        if samples is not None:
            generator, steps_per_epoch = _steps(generator, samples)
        samples = options.pop("nb_val_samples", None)
        if samples is not None:
            validation_data, validation_steps = _steps(validation_data, samples)
        return self.fit(
            generator,
            epochs=options.pop("nb_epoch", epochs),
            verbose=verbose,
            callbacks=callbacks,
            validation_data=validation_data,
            **_given(steps_per_epoch=steps_per_epoch, validation_steps=validation_steps),
            **options,
        )

    def evaluate_generator(
        self, generator: Any, steps: int | None = None, callbacks: Any = None, **options: Any
    ) -> Any:
        """:meth:`evaluate` of what gives batches.

        Parameters
        ----------
        generator
            The x of :meth:`evaluate`.
        steps, callbacks
            As for :meth:`evaluate`, in the order of Keras 2.
        **options
            Other arguments of :meth:`evaluate`; and ``val_samples`` of Keras 1, as
            ``samples_per_epoch`` for :meth:`fit_generator`.
        """
        say("evaluate_generator", "evaluate")
        samples = options.pop("val_samples", None)
        if samples is not None:
            generator, steps = _steps(generator, samples)
        options.setdefault("verbose", 0)
        return self.evaluate(generator, callbacks=callbacks, **_given(steps=steps), **options)

    def predict_generator(
        self, generator: Any, steps: int | None = None, callbacks: Any = None, **options: Any
    ) -> Any:
        """:meth:`predict` of what gives batches.

        Parameters
        ----------
        generator
            The x of :meth:`predict`.
        steps, callbacks
            As for :meth:`predict`, in the order of Keras 2.
        **options
            Other arguments of :meth:`predict`; and ``val_samples`` of Keras 1, as
            ``samples_per_epoch`` for :meth:`fit_generator`.
        """
        say("predict_generator", "predict")
        samples = options.pop("val_samples", None)
        if samples is not None:
            generator, steps = _steps(generator, samples)
        return self.predict(generator, callbacks=callbacks, **_given(steps=steps), **options)

    def predict_classes(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """The most probable class of each sample, or whether the one probability is above 1/2.

        Parameters
        ----------
        x, batch_size, verbose
            As for :meth:`predict`.

        Returns
        -------
        numpy.ndarray
            The index of the largest output; for a model with one output number, int32 of the
            predictions' shape.
        """
        say("predict_classes", "predict(x).argmax(-1), or predict(x) > 0.5")
        found = self.predict(x, batch_size, verbose)
        if found.shape[-1] > 1:
            return found.argmax(axis=-1)
        return (found > 0.5).astype(np.int32)

    def predict_proba(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """:meth:`predict`.

        Parameters
        ----------
        x, batch_size, verbose
            As for :meth:`predict`.
        """
        say("predict_proba", "predict")
        return self.predict(x, batch_size, verbose)


def _given(**named: Any) -> dict[str, Any]:
    return {name: value for name, value in named.items() if value is not None}


def _steps(batches: Any, samples: int) -> tuple[Any, int | None]:
    """What gives batches, and the number of these that have so many samples; None for arrays."""
    rows = getattr(batches, "batch_size", None)
    if rows is None and hasattr(batches, "__next__"):
        first = next(batches)
        batches, rows = chain([first], batches), _rows(first)
    elif rows is None and hasattr(batches, "__getitem__") and not isinstance(batches, tuple):
        rows = _rows(batches[0])
    return batches, None if rows is None else math.ceil(samples / rows)


def _rows(batch: Any) -> int:
    """The number of rows of a batch (x, y), where x may be a list or dictionary."""
    x = batch[0] if isinstance(batch, tuple) else batch
    while isinstance(x, (list, dict)):
        values: Iterable[Any] = x.values() if isinstance(x, dict) else x
        x = next(iter(values))
    return len(x)
