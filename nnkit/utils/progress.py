"""Progbar: a bar for loops of your own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import checks
from nnkit.utils.terminal import has_width, is_live, say, short

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["Progbar"]


class Progbar:
    """A progress bar with results, for a training loop of your own.

    On a terminal or in a notebook it is a live bar, that stays when the loop is done; elsewhere one
    plain line at the end.

    Parameters
    ----------
    target : int or None
        The number of steps; None if it isn't known.
    width : int
        Characters of the bar.
    verbose : {1, 0, 2}
        0 is silent, 1 shows a bar, 2 prints one line at the end.
    interval : float
        Seconds between two pictures of the bar.
    stateful_metrics : iterable of str, optional
        Results that are shown as they come. Others are averaged over the steps.
    stateless_metrics : iterable of str, optional
        If given, only these are averaged. Give one of the two at most.
    unit_name : str
        What is counted.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> from nnkit.utils import Progbar
    >>> bar = Progbar(2, verbose=2)
    >>> bar.update(1, [("loss", 0.5)])
    >>> bar.update(2, [("loss", 0.25)])
    2/2 - ... s, ... ms/step - loss: 0.3750
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: give stateful_metrics or stateless_metrics, not both")
        if verbose not in (0, 1, 2):
            raise ValueError(f"Progbar: verbose must be 0, 1 or 2, got {verbose!r}")
        self.target = None if target is None else checks.integer("Progbar", "target", target, 0)
        self.width = checks.integer("Progbar", "width", width)
        self.verbose = int(verbose)
        self.interval = checks.number("Progbar", "interval", interval, "[0, inf)")
        self.unit_name = unit_name
        self.stateful_metrics = None if stateful_metrics is None else set(stateful_metrics)
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._seen = 0
        self._sums: dict[str, tuple[float, float]] = {}  # By name, a sum and its weight.
        self._started = time.perf_counter()
        self._live = self.verbose == 1 and is_live()
        self._bar: tqdm[Any] | None = None

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Say how far the loop is.

        Parameters
        ----------
        current : int
            The number of steps done.
        values : list of (str, number), optional
            Results of the last step, or, if ``current`` has grown by more than 1, means of the
            steps since the last call.
        finalize : bool, optional
            Whether the loop is done; by default when ``target`` is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            number = float(np.mean(value))
            if self._is_averaged(name):
                total, weight = self._sums.get(name, (0.0, 0.0))
                self._sums[name] = total + steps * number, weight + steps
            else:
                self._sums[name] = number, 1.0
        done, self._seen = current - self._seen, current
        results = " - ".join(f"{n}: {short(t / w)}" for n, (t, w) in self._sums.items())
        if self._live:
            self._show(done, results, finalize)
        elif self.verbose and finalize:
            seconds = time.perf_counter() - self._started
            each = f"{1000 * seconds / max(current, 1):.2f} ms/{self.unit_name}"
            count = str(current) if self.target is None else f"{current}/{self.target}"
            parts = [count, f"{seconds:.1f} s, {each}", results]
            say(" - ".join(part for part in parts if part))

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Say that ``n`` more steps are done; see :meth:`update`.

        Parameters
        ----------
        n : int
        values : list of (str, number), optional
        """
        self.update(self._seen + n, values)

    def _is_averaged(self, name: str) -> bool:
        if self.stateless_metrics is not None:
            return name in self.stateless_metrics
        return name not in (self.stateful_metrics or ())

    def _show(self, done: int, results: str, finalize: bool) -> None:
        if self._bar is None:
            from tqdm import tqdm

            bar = (
                "{n_fmt}"
                if self.target is None
                else f"{{n_fmt}}/{{total_fmt}} |{{bar:{self.width}}}|"
            )
            left = "" if self.target is None else "<{remaining}"
            self._bar = tqdm(
                total=self.target,
                file=sys.stdout,
                bar_format=f"{bar} [{{elapsed}}{left}, {{rate_fmt}}]{{postfix}}",
                mininterval=self.interval,
                ncols=None if has_width() else 80,
                nrows=None if has_width() else 24,
                dynamic_ncols=has_width(),
                unit=self.unit_name,
            )
        self._bar.set_postfix_str(results, refresh=False)
        self._bar.update(done)
        if finalize:
            self._bar.close()
            self._bar = None
