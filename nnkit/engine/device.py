"""What every device does for the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from nnkit.engine.program import Program
    from nnkit.engine.tape import Tape

__all__ = ["Bound", "Device", "Window"]

# Arrays by name; on a GPU also data sets that lie there.
Bound = dict[str, Any]
Lock = Callable[[], AbstractContextManager[Any]]


class Window(NamedTuple):
    """Which rows of the data a step reads, and what it writes.

    Attributes
    ----------
    size : int
        Rows of the batch.
    stride : int
        Rows of a full batch: the last one of an epoch may be smaller.
    batch : numpy.ndarray
        int64 (1,), the number of the batch in the epoch; the step counts it up.
    results : tuple of str
        Names of the bound arrays that it writes.
    """

    size: int
    stride: int
    batch: np.ndarray
    results: tuple[str, ...] = ()


class Device(ABC):
    """Where arrays lie and steps are replayed.

    Attributes
    ----------
    name : str
        ``"cpu"``, ``"cuda:0"``, ``"cuda:1"`` and so on.
    key : tuple
        What a replay depends on besides its record.
    on_host : bool
        Whether it works in the host's memory. Then a step that Python does counts, as it is. If
        not, Python does it on a copy of some rows, in order to record it, and it is undone.
    """

    name: str
    key: tuple[Any, ...]
    on_host: bool

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    # ----------------------------------------------------------------------------------- arrays

    @abstractmethod
    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> Any:
        """An array in the device's memory."""

    @abstractmethod
    def adopt(self, value: Any, name: str) -> Any:
        """An array that another library has put on a GPU, not copied; ``name`` is for errors."""

    @abstractmethod
    def placed(self, arrays: Bound, results: tuple[str, ...] = ()) -> AbstractContextManager[Bound]:
        """A data set where the device finds it, for as long as the block lasts.

        Parameters
        ----------
        arrays : dict of str to array
        results : tuple of str
            Names of those that steps write: on leaving the block, the host has them.
        """

    @abstractmethod
    def arena(self) -> Any:
        """Memory for the temporaries of steps that run in turn."""

    # ------------------------------------------------------------------------------------ steps

    @abstractmethod
    def take(self, lasting: Sequence[np.ndarray]) -> None:
        """Have the newest content of arrays that outlive a step, before it runs."""

    @abstractmethod
    def in_python(self, lock: Lock) -> AbstractContextManager[Any]:
        """What to hold while a step runs in Python: what ``lock()`` is, and perhaps more."""

    @abstractmethod
    def sample(self, bound: Bound, window: Window, second: bool) -> AbstractContextManager[Bound]:
        """Arrays on the host, and ``window.batch`` for them, to record a step with in the block.

        The second step has other rows than the first if it can: a number that a layer has computed
        from its data shows by that it changes.
        """

    @abstractmethod
    def brought(self, bound: Bound, window: Window) -> AbstractContextManager[Bound]:
        """All of the bound arrays on the host, for a step that always runs in Python."""

    @abstractmethod
    def program(self, tape: Tape, single: Program, arena: Any, share: float, window: Window) -> Any:
        """The replay of a record.

        Parameters
        ----------
        tape : Tape
        single : Program
            What one worker of the CPU does.
        arena
            From :meth:`arena`.
        share : float
            See :func:`nnkit.engine.program.choose_workers`.
        window : Window

        Returns
        -------
        object
            Its attribute ``native`` says whether it needs nothing from Python. Its method
            ``replay`` has the parameters of :meth:`nnkit.engine.step.Step.run`.
        """
