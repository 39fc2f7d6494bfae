"""ProgbarLogger: the output of ``fit``, ``evaluate`` and ``predict``."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from nnkit.callbacks.callback import Callback, Logs
from nnkit.callbacks.notebook_line import NotebookLine
from nnkit.kernels._compilations import compilations
from nnkit.utils.terminal import has_width, in_notebook, is_live, say, short

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["ProgbarLogger"]


class ProgbarLogger(Callback):
    """Show a live bar on a terminal or in a notebook, and one plain line an epoch elsewhere.

    All output goes to standard output. Only a bar on a terminal uses carriage returns; there are no
    colours or other control characters, so log files stay readable. A notebook is saved without
    its bars.

    While kernels are compiled that are not in the cache yet, the bar says so. The time for that is
    left out of the time a step and of the estimate for the rest of the epoch.

    ``fit``, ``evaluate`` and ``predict`` make one. One that is among their callbacks takes its
    place.

    Attributes
    ----------
    verbose : {0, 1, 2}
        From ``params``: 0 is silent, 1 shows a bar, 2 prints a line an epoch. ``"auto"`` is 1 where
        a bar can be drawn, and 2 in files and pipes, and with ``TERM=dumb``.

    Examples
    --------
    >>> import nnkit
    >>> bar = nnkit.callbacks.ProgbarLogger()
    >>> bar.set_params({"verbose": 2, "epochs": 3, "steps": 100})
    >>> bar.on_train_begin()
    >>> bar.on_epoch_begin(0)
    >>> bar.on_epoch_end(0, {"loss": 0.51234, "val_loss": 0.6})
    Epoch 1/3 - 100 steps, ... s, ... ms/step - loss: 0.5123 - val_loss: 0.6000
    """

    def __init__(self) -> None:
        super().__init__()
        self.verbose = 1
        self._training = False
        self._bar: tqdm[Any] | None = None
        self._line = NotebookLine() if in_notebook() else None

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the attribute ``params``, and ``verbose`` of it."""
        super().set_params(params)
        verbose = params.get("verbose", "auto")
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"verbose must be 'auto', 0, 1 or 2, got {verbose!r}")
        self.verbose = (1 if is_live() else 2) if verbose == "auto" else int(verbose)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._training = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._open(f"Epoch {epoch + 1}/{self.params.get('epochs', '?')}")

    def on_progress(self, step: int, logs: Logs | None = None) -> None:
        self._done = step
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

    def on_exit(self, logs: Logs | None = None) -> None:
        """Remove the bar if there is one."""
        self._close()
        self._training = False

    def _close(self) -> None:
        if self._bar is None:
            return
        compilations().listeners.remove(self._show_compiling)
        self._bar.close()
        self._bar = None
        if self._line is not None:
            self._line.clear()

    def _open(self, title: str) -> None:
        self._close()
        self._title, self._started, self._done = title, time.perf_counter(), 0
        self._compiled, self._compiling = compilations().count, compilations().seconds
        self._left_out = self._compiling
        if self.verbose == 1:
            from tqdm import tqdm

            sized = has_width()
            self._bar = tqdm(
                total=self.params.get("steps"),
                desc=title,
                file=self._line or sys.stdout,
                leave=False,
                ncols=None if sized else 80,
                nrows=None if sized else 24,
                dynamic_ncols=sized,
                unit="step",
                delay=0.1 if self._line else 0,  # In notebooks, no bar for a short epoch.
            )
            compilations().listeners.append(self._show_compiling)

    def _show_compiling(self) -> None:
        """Show that a kernel is being compiled, or no longer is."""
        bar = self._bar
        if bar is None:
            return
        if compilations().now:
            number = compilations().count - self._compiled
            bar.bar_format = (
                f"{{desc}}: compiling kernel {number}, once on this machine [{{elapsed}}]"
            )
        else:
            bar.bar_format = None
            # tqdm estimates the remaining time from the time between two calls of update.
            bar.last_print_t += compilations().seconds - self._left_out
            self._left_out = compilations().seconds
        bar.refresh()

    def _summarise(self, logs: Logs | None) -> None:
        """Replace the bar by one line."""
        self._close()
        if self.verbose:
            seconds = time.perf_counter() - self._started
            compiling = compilations().seconds - self._compiling
            steps = self._done or self.params.get("steps") or 1
            each = f"{1000 * (seconds - compiling) / steps:.2f} ms/step"
            took = f"{seconds:.1f} s"
            if count := compilations().count - self._compiled:
                kernels = f"{count} kernel{'s' * (count > 1)}"
                took += f" ({compiling:.1f} s compiling {kernels}, once on this machine)"
            parts = [self._title, f"{steps} steps, {took}, {each}", _results(logs)]
            say(" - ".join(part for part in parts if part))


def _results(logs: Logs | None) -> str:
    return " - ".join(f"{name}: {short(value)}" for name, value in (logs or {}).items())
