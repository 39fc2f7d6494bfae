"""What a step did: the list of kernel calls that a recording leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np

from nnkit.engine.references import Place, Reference, root
from nnkit.kernels._jit import Kernel, Words, address

__all__ = ["Call", "Fault", "Stop", "Tape"]

_NOTHING = np.empty(0)
# Bytes of an entry, of a reference and its words, and of a place.
_ENTRY, _REFERENCE, _PLACE = 600, 400, 200


@dataclass(frozen=True)
class Fault:
    """Somebody did work in a step that a replay would not repeat; ``owner`` is who, if known."""

    owner: Any


@dataclass(slots=True)
class Call:
    """One kernel call of the recorded step.

    Attributes
    ----------
    kernel : Kernel
    arguments : tuple
        References and numbers.
    owner : object
        The part of the model that was at work.
    types, words : tuple
        What ``Kernel.encode`` made of the arguments; words that are
        addresses are those of the recorded step.
    references : list of (Reference, bool)
        Every array among the arguments, and whether it is written.
    """

    kernel: Kernel
    arguments: tuple[Any, ...]
    owner: Any
    types: tuple[str, ...] = ()
    words: Sequence[Words] = ()
    references: list[tuple[Reference, bool]] = field(init=False)

    def __post_init__(self) -> None:
        pairs = zip(self.arguments, self.kernel.written, strict=True)
        self.references = [(a, writes) for a, writes in pairs if isinstance(a, Reference)]


@dataclass(frozen=True)
class Stop:
    """Python code that runs between two native stretches: ``function(*inputs, *outputs)``.

    ``keeps`` are arrays that must stay untouched up to here, because the code remembers them;
    ``outcome`` is what it left in the outputs when it was recorded.
    """

    function: Callable[..., None]
    inputs: tuple[Reference, ...]
    outputs: tuple[Reference, ...]
    keeps: tuple[Reference, ...]
    owner: Any
    outcome: list[np.ndarray]

    @property
    def references(self) -> list[tuple[Reference, bool]]:
        """Every array it touches, and whether it is written."""
        read = [(reference, False) for reference in (*self.inputs, *self.keeps)]
        return read + [(reference, True) for reference in self.outputs]


class Tape:
    """The calls of one step in order, and a table of the places that they name.

    Parameters
    ----------
    bound : dict of str to numpy.ndarray
        Arrays that another replay may replace by others of the same type and row shape: the data
        of a ``fit``, its permutation, the output of a ``predict``. A view is known by itself only;
        of an array that owns its memory, parts are known as well.

    Attributes
    ----------
    entries : list of Call or Stop
    places : list of Place
        It keeps the arrays alive, so that no other array can get the id of one of them.
    owner : object
        The part of the model that is at work.
    """

    def __init__(self, bound: dict[str, np.ndarray]) -> None:
        self.entries: list[Call | Stop] = []
        self.places: list[Place] = []
        self.owner: Any = None
        self._indices: dict[int, int] = {}
        self._starts: list[int] = []
        for name, array in bound.items():
            self.bind(name, array)

    def _add(self, place: Place) -> int:
        self._indices[id(place.array)] = len(self.places)
        self.places.append(place)
        self._starts.append(address(place.array))
        return len(self.places) - 1

    # ------------------------------------------------------------------------------- recording

    def bind(self, name: str, array: np.ndarray) -> None:
        """Add bound data."""
        self._add(Place("bound", array, name))

    def own(self, array: np.ndarray) -> None:
        """Adopt a temporary array; a replay gives it a place in the arena."""
        self._add(Place("step", array, maker=self.owner))

    def reference(self, array: np.ndarray) -> Reference:
        """How the record names an array."""
        return self._at(array, address(array))

    def _at(self, array: np.ndarray, start: int) -> Reference:
        """How the record names an array that begins at an address."""
        place = self._indices.get(id(array))
        if place is None:
            owner = root(array)
            place = self._indices.get(id(owner))
            if place is None:
                place = self._add(Place("lasting", owner))
        offset = start - self._starts[place]
        return Reference(place, offset, array.shape, array.strides, array.dtype)

    def call(
        self,
        kernel: Kernel,
        arguments: Sequence[Any],
        types: tuple[str, ...],
        words: Sequence[Words],
    ) -> None:
        """Add a kernel call, with its operands as they have been encoded."""
        named = [
            self._at(argument, group[0]) if isinstance(argument, np.ndarray) else argument
            for argument, group in zip(arguments, words, strict=True)
        ]
        self.entries.append(Call(kernel, tuple(named), self.owner, types, words))

    def stop(
        self,
        function: Callable[..., None],
        inputs: tuple[np.ndarray, ...],
        outputs: tuple[np.ndarray, ...],
        keeps: tuple[np.ndarray, ...] = (),
    ) -> None:
        """Add a piece of Python that has just run."""
        outcome = [a.copy() for a in outputs]  # Later in the step they may change again.
        read, written, kept = (
            tuple(map(self.reference, arrays)) for arrays in (inputs, outputs, keeps)
        )
        self.entries.append(Stop(function, read, written, kept, self.owner, outcome))

    # --------------------------------------------------------------------- what has been recorded

    def owns(self, array: np.ndarray) -> bool:
        """Whether an array is memory of the step."""
        place = self._indices.get(id(root(array)))
        return place is not None and self.places[place].kind == "step"

    def array(self, reference: Reference) -> np.ndarray:
        """The array that was recorded."""
        return reference.at(self.places[reference.place].array)

    def arguments(self, call: Call) -> list[Any]:
        """What a kernel was called with."""
        return [self.array(a) if isinstance(a, Reference) else a for a in call.arguments]

    def written(self, entry: Call | Stop) -> list[np.ndarray]:
        """The arrays that an entry wrote."""
        return [self.array(reference) for reference, writes in entry.references if writes]

    def bound(self) -> dict[str, np.ndarray]:
        """The bound data that was recorded."""
        return {place.name: place.array for place in self.places if place.name is not None}

    def sizes(self) -> dict[int, int]:
        """Bytes of each place that is memory of the step."""
        return {i: p.array.nbytes for i, p in enumerate(self.places) if p.kind == "step"}

    @property
    def nbytes(self) -> int:
        """What it takes after :meth:`release`: about, as all are objects of Python's."""
        references = sum(len(entry.references) for entry in self.entries)
        sizes = _ENTRY * len(self.entries), _REFERENCE * references, _PLACE * len(self.places)
        return sum(sizes)

    def _is_of_step(self, value: Any) -> bool:
        """Whether a value is memory of the step, or has some in lists, tuples or dictionaries."""
        if isinstance(value, np.ndarray):
            return self.owns(value)
        inner = value.values() if isinstance(value, dict) else value
        return isinstance(value, (list, tuple, dict)) and any(map(self._is_of_step, inner))

    def release(self) -> None:
        """Let go of all arrays but lasting ones, and have whoever worked in the step forget them.

        Another record can still be compared with this one.
        """
        for owner in {id(e.owner): e.owner for e in self.entries if e.owner is not None}.values():
            for name, value in list(vars(owner).items()):
                if self._is_of_step(value):
                    vars(owner).pop(name, None)
        for place in self.places:
            if place.kind != "lasting":
                place.array = _NOTHING
        for entry in self.entries:
            if isinstance(entry, Stop):
                entry.outcome.clear()

    def unwritten(self) -> Fault | None:
        """Memory of the step that is read before a call has written it: Python must have."""
        written = {i for i, place in enumerate(self.places) if place.kind != "step"}
        for entry in self.entries:
            touched = entry.references
            for reference, writes in touched:
                if not writes and reference.place not in written:
                    return Fault(self.places[reference.place].maker)
            written |= {reference.place for reference, writes in touched if writes}
        return None

    def difference(self, other: Tape) -> Fault | None:
        """The first call that two recordings of one step don't share.

        A number that changed, or an array made anew outside the step's memory, means that some
        layer computed in Python what a replay would not compute again.
        """
        met: dict[int, int] = {}  # Memory of this step, and the other's in its place.
        for mine, theirs in zip_longest(self.entries, other.entries):
            if mine is None or theirs is None:
                return Fault((mine or theirs).owner)
            if type(mine) is not type(theirs) or mine.owner is not theirs.owner:
                return Fault(mine.owner)
            if isinstance(mine, Call) and isinstance(theirs, Call):
                if mine.kernel is not theirs.kernel or mine.types != theirs.types:
                    return Fault(mine.owner)
                for i, (a, b) in enumerate(zip(mine.arguments, theirs.arguments, strict=True)):
                    if isinstance(a, Reference):
                        same = self._same(a, other, b, met)
                    else:
                        same = mine.words[i] == theirs.words[i]
                    if not same:
                        return Fault(mine.owner)
        return None

    def _same(self, mine: Reference, other: Tape, theirs: Reference, met: dict[int, int]) -> bool:
        """Whether two references are the same memory, in the same form."""
        place, its = self.places[mine.place], other.places[theirs.place]
        if place.name != its.name:
            return False
        if place.kind == "bound":  # The next data may have more rows or fewer.
            return mine.shape[1:] == theirs.shape[1:]
        if mine.shape != theirs.shape or mine.strides != theirs.strides:
            return False
        if place.kind == "step":
            same = met.setdefault(mine.place, theirs.place) == theirs.place
            return same and mine.offset == theirs.offset
        mine_at = self._starts[mine.place] + mine.offset
        return mine_at == other._starts[theirs.place] + theirs.offset
