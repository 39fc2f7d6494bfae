"""SwapEMAWeights."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.callbacks.callback import Callback, Logs
from nnkit.engine.variable import Variable
from nnkit.interrupts import deferred

__all__ = ["SwapEMAWeights"]


class SwapEMAWeights(Callback):
    """Evaluate and predict with the running averages of the weights, and train with the weights.

    For a model whose optimizer has ``use_ema=True`` (B. Polyak, A. Juditsky, 1992, "Acceleration
    of stochastic approximation by averaging"). Afterwards the model has its weights back, also if
    an error ends the evaluation. At the end of ``fit`` the weights become their averages, with or
    without this callback.

    Parameters
    ----------
    swap_on_epoch : bool
        Whether the model has the averages between epochs, too: callbacks after this one, such as
        ModelCheckpoint, then find them at an epoch's end.

    Raises
    ------
    ValueError
        The model is not compiled with an optimizer that has ``use_ema=True``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> model = nnkit.Sequential([nnkit.layers.Dense(1)])
    >>> model.compile(nnkit.optimizers.SGD(0.1, use_ema=True), "mse")
    >>> x, y = np.ones((4, 2)), np.ones(4)
    >>> swap = nnkit.callbacks.SwapEMAWeights()
    >>> run = model.fit(x, y, epochs=3, verbose=0, validation_data=(x, y), callbacks=[swap])
    >>> run.history["val_loss"][-1] == model.evaluate(x, y, verbose=0)
    True
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = checks.flag("SwapEMAWeights", "swap_on_epoch", swap_on_epoch)
        self._own: list[tuple[Variable, Any]] = []  # The weights while the model has the averages.

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Refuse an optimizer that keeps no averages."""
        self._require_averages()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Forget the weights: they have become their averages."""
        self._own = []

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Give the model its weights back."""
        self._give_back()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Give the model the averages, with ``swap_on_epoch``."""
        if self.swap_on_epoch:
            self._give_averages()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Give the model the averages."""
        self._give_averages()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Give the model its weights back."""
        self._give_back()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Give the model the averages."""
        self._give_averages()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Give the model its weights back."""
        self._give_back()

    def on_exit(self, logs: Logs | None = None) -> None:
        """Give the model its weights back, if an error has come between."""
        self._give_back()

    def _require_averages(self) -> None:
        optimizer = getattr(self.model, "optimizer", None)
        if not getattr(optimizer, "use_ema", False):
            raise ValueError(
                "SwapEMAWeights: the model has no averages of its weights; compile it with an "
                f"optimizer that has use_ema=True, it has {optimizer!r}"
            )

    def _give_averages(self) -> None:
        self._require_averages()
        model = self.model
        with deferred(), model.turns.alone(writes=True):
            if not self._own:
                self._own = [(weight, weight.numpy()) for weight in model.trained_weights]
                model.session().finish()

    def _give_back(self) -> None:
        with deferred(), self.model.turns.alone(writes=True):
            for weight, value in self._own:
                weight.assign(value)
            self._own = []
