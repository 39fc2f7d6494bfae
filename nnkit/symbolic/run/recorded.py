"""A graph whose shapes are known: recorded once as kernels, then run on other arrays."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from nnkit import forks
from nnkit.engine.dispatch import empty, repeat
from nnkit.engine.memory import Arena
from nnkit.engine.program import ONE_STEP, Program, choose_workers
from nnkit.engine.tape import Call
from nnkit.symbolic.graph import Variable
from nnkit.symbolic.run.lowering import Lowering, ShapeError, plain
from nnkit.symbolic.tensor.variable import SharedVariable

__all__ = ["Arrays", "Recorded", "Replayed"]

Arrays = Sequence[np.ndarray]

# Bytes up to which copying an array costs less than putting its address everywhere.
_SMALL = 16_384


class Recorded:
    """The record of a graph for certain shapes.

    Parameters
    ----------
    lowering : Lowering

    Attributes
    ----------
    results : list of numpy.ndarray
        What stands for the results on the tape.
    """

    def __init__(self, lowering: Lowering) -> None:
        self._lowering = low = lowering
        self._reads, self._stands = list(low.reads), list(low.reads.values())
        self._ids = list(map(id, self._reads))
        self._limits = [(self._ids.index(at), size) for at, size in low.limits]
        self._given, self._made = low.names, low.result_names
        self.tape, self.results = low.tape, low.results

    def check(self, arrays: Arrays) -> None:
        """See that all indices are within bounds.

        Raises
        ------
        ShapeError
            Python has to say which is not.
        """
        for at, size in self._limits:
            if arrays[at].min() < -size or arrays[at].max() >= size:
                raise ShapeError

    @property
    def launches(self) -> bool:
        """Whether there is nothing but kernels, whatever the values: :meth:`launch` does it all."""
        return not self._limits and all(isinstance(entry, Call) for entry in self.tape.entries)

    def leaves(self, v: Variable) -> bool:
        """Whether the kernels leave a variable in memory, as it is."""
        try:
            array = self._lowering.array(v)
        except KeyError:  # It is part of a loop.
            return False
        lasts = self.tape.places[self.tape.reference(array).place].kind == "lasting"
        return bool(array.flags.c_contiguous) and not lasts

    def launch(
        self,
        arrays: Arrays,
        into: Sequence[np.ndarray | None],
        wanted: Sequence[Variable] = (),
    ) -> list[np.ndarray]:
        """Launch the kernels, so that a step that is being recorded has them.

        Parameters
        ----------
        arrays : sequence of numpy.ndarray
            What is read, C-contiguous.
        into : sequence of numpy.ndarray or None
            For each result where it goes; None: to memory of the step.
        wanted : sequence of Variable
            What else has been computed and is to be returned.

        Returns
        -------
        list of numpy.ndarray
            Results, then what is wanted.
        """
        results = [
            empty(old.shape, old.dtype) if array is None else array
            for old, array in zip(self.results, into, strict=True)
        ]
        named = zip((*self._given, *self._made), (*arrays, *results), strict=True)
        located = repeat(self.tape, {name: array for name, array in named if name is not None})
        found = [self.tape.reference(self._lowering.array(v)) for v in wanted]
        return results + list(map(located, found))


class Replayed(Recorded):
    """A record that the CPU replays on arrays where they lie; :meth:`prepare` comes first."""

    def prepare(self, share: float = ONE_STEP, sequences: int | None = None) -> None:
        """Make the tape ready to be replayed.

        Parameters
        ----------
        share : float
            See :func:`nnkit.engine.program.choose_workers`.
        sequences : int, optional
            Of a step that is repeated: how many of the arrays have an axis for the steps, the
            first ones. All results have one.
        """
        self.program = Program(self.tape, Arena(), choose_workers(self.tape, share))
        self.program.bind(self.tape.bound())
        self._lock = threading.RLock()  # A loop has it before it calls run.
        forks.hold(self._lock, 1)
        self._small: list[tuple[int, np.ndarray]] = []
        self._large: list[tuple[int, str]] = []
        self._hosts: list[tuple[int, str, np.ndarray | None]] = []
        self._written = []
        reads = zip(self._reads, self._given, self._stands, strict=True)
        for at, (v, name, stand) in enumerate(reads):
            if name is None:
                continue
            if isinstance(v, SharedVariable):
                self._hosts.append((at, name, stand))
                if v in self._lowering.updated:
                    self._written.append(at)
            elif stand.nbytes <= _SMALL and at >= (sequences or 0):
                self._small.append((at, stand))
            else:
                self._large.append((at, name))
        small = [a.nbytes <= _SMALL and sequences is None for a in self.results]
        self._copied = [at for at, is_small in enumerate(small) if is_small]
        self._fresh = [(at, self._made[at]) for at, is_small in enumerate(small) if not is_small]

    def run(self, arrays: Arrays, steps: int | None = None) -> list[np.ndarray]:
        """The results for these arrays; of a step that is repeated, those of so many steps.

        Raises
        ------
        ShapeError
            The record is not for them; nothing has been computed.
        """
        if self._limits:
            self.check(arrays)
        with self._lock:
            bound: dict[str, np.ndarray] = {}  # It keeps copies, too, as long as the program runs.
            for at, stand in self._small:
                stand[...] = arrays[at]
            for at, name, host in self._hosts:
                if arrays[at] is not host:
                    if not plain(arrays[at]):
                        raise ShapeError
                    bound[name] = arrays[at]
            if moved := bool(bound):  # Where they lie is not known until all is bound: Ctrl-C.
                self._hosts = [(at, name, None) for at, name, _ in self._hosts]
            results = self.results.copy()
            for at, name in self._fresh:
                old = results[at]
                shape = old.shape if steps is None else (steps, *old.shape)
                results[at] = bound[name] = np.empty(shape, old.dtype)
            for at, name in self._large:
                array = arrays[at]
                if not plain(array, False) or (
                    self._written
                    and any(np.may_share_memory(array, arrays[other]) for other in self._written)
                ):
                    array = array.copy()
                bound[name] = array
            if bound:
                self.program.bind(bound)
            if moved:
                self._hosts = [(at, name, arrays[at]) for at, name, _ in self._hosts]
            if not self.program.native:
                self._lowering.now = dict(zip(self._ids, arrays, strict=False))
            if steps is None:
                self.program.run(1)
            else:
                self._repeat(steps)
            for at in self._copied:
                results[at] = results[at].copy()
            return results

    def _repeat(self, steps: int) -> None:
        """Do so many steps."""
        self.program.run(steps)
