"""ProgressBar: what one sees of ``fit``, ``evaluate`` and ``predict``."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from nnkit.callbacks.callback import Callback, Logs

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["ProgressBar"]


class ProgressBar(Callback):
    """A live bar on a terminal or in a notebook, one plain line an epoch anywhere else.

    Everything goes to standard output. Only a live bar uses carriage returns; there are never
    colours, nor other control characters, so log files stay readable.

    Parameters
    ----------
    verbose : {"auto", 0, 1, 2}
        0 is silent, 1 shows a bar, 2 a line an epoch. ``"auto"`` is 1 where a bar can be drawn,
        else 2: not in files and pipes, nor with ``TERM=dumb``.

    Raises
    ------
    ValueError
        ``verbose`` is something else.

    Examples
    --------
    >>> import nnkit
    >>> bar = nnkit.callbacks.ProgressBar(2)
    >>> bar.set_params({"epochs": 3, "steps": 100})
    >>> bar.on_train_begin()
    >>> bar.on_epoch_begin(0)
    >>> bar.on_epoch_end(0, {"loss": 0.51234, "val_loss": 0.6})
    Epoch 1/3 - 100 steps, ... s, ... ms/step - loss: 0.5123 - val_loss: 0.6000
    """

    def __init__(self, verbose: int | str = "auto") -> None:
        super().__init__()
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"verbose must be 'auto', 0, 1 or 2, got {verbose!r}")
        self.verbose = (1 if _live() else 2) if verbose == "auto" else int(verbose)
        self._training = False
        self._bar: tqdm[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()
        self._training = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._open(f"Epoch {epoch + 1}/{self.params.get('epochs', '?')}")

    def on_progress(self, step: int, logs: Logs | None = None) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(_results(logs), refresh=False)
            self._bar.update(step - self._bar.n)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._summarise(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._training:
            self._open("Evaluate")

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._training:
            self._summarise(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._open("Predict")

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._summarise(logs)

    def _open(self, title: str) -> None:
        self._title, self._started = title, time.perf_counter()
        if self.verbose == 1:
            from tqdm import tqdm

            self._close()
            self._bar = tqdm(
                total=self.params.get("steps"),
                desc=title,
                file=sys.stdout,
                leave=False,
                dynamic_ncols=True,
                unit="step",
            )

    def _summarise(self, logs: Logs | None) -> None:
        """Put one line in the place of the bar."""
        self._close()
        if self.verbose:
            seconds = time.perf_counter() - self._started
            steps = self.params.get("steps") or 1
            each = f"{1000 * seconds / steps:.2f} ms/step"
            parts = [self._title, f"{steps} steps, {seconds:.1f} s, {each}", _results(logs)]
            sys.stdout.write(" - ".join(part for part in parts if part) + "\n")
            sys.stdout.flush()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _results(logs: Logs | None) -> str:
    return " - ".join(f"{name}: {_short(value)}" for name, value in (logs or {}).items())


def _short(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.4g}"


def _live() -> bool:
    """Whether standard output can show a line that changes."""
    if sys.stdout is None or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty() or _in_notebook()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
