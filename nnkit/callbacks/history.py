"""History: what ``fit`` returns."""

from __future__ import annotations

from typing import Any

from nnkit.callbacks.callback import Callback, Logs
from nnkit.spellings import NamedResults

__all__ = ["History"]


class History(Callback):
    """Record the loss and metrics of every epoch; ``fit`` makes a History and returns it.

    A notebook shows a History as a table and curves.

    Attributes
    ----------
    history : dict of str to list of float
        One value an epoch for ``loss``, the metrics, and both with the prefix ``val_``.
    epoch : list of int
        The epochs, counted from 0.

    Examples
    --------
    >>> import nnkit
    >>> history = nnkit.callbacks.History()
    >>> history.on_epoch_end(0, {"loss": 0.5})
    >>> history.on_epoch_end(1, {"loss": 0.25})
    >>> history.history
    {'loss': [0.5, 0.25]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = NamedResults()
        self.epoch: list[int] = []
        self._rows: list[tuple[int, dict[str, Any]]] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start with an empty history."""
        self.epoch = []
        self._rows = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the epoch's results."""
        self.epoch.append(epoch)
        self._rows.append((epoch, dict(logs or {})))
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def _repr_html_(self) -> str | None:
        """HTML for notebooks."""
        from nnkit.callbacks.report import report

        return report(self._rows)
