"""A graph and its gradients as kernels that a training step launches as its own.

:class:`~nnkit.symbolic.run.lowering.Lowering` records a graph on a tape with arrays that stand for
what is read. Here, its calls are made again on the arrays of a step, and so recorded there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnkit.engine.device import empty
from nnkit.engine.tape import Call
from nnkit.symbolic.graph import Apply, Variable, toposort
from nnkit.symbolic.run.evaluate import perform, value
from nnkit.symbolic.run.lowering import Lowering, UnsuitableError
from nnkit.symbolic.run.native import fixed_ids

__all__ = ["Launches", "Passes", "UnsuitableError"]


class Launches:
    """The kernels of some operations, for certain shapes.

    Parameters
    ----------
    nodes : sequence of Apply
    results : sequence of Variable
    reads : sequence of Variable
        What is given to :meth:`run`.
    known, shapes : dict
        As in :class:`~nnkit.symbolic.run.lowering.Lowering`.

    Raises
    ------
    UnsuitableError
        Some operation has no kernel.
    """

    def __init__(
        self,
        nodes: Sequence[Apply],
        results: Sequence[Variable],
        reads: Sequence[Variable],
        known: dict[int, np.ndarray],
        shapes: dict[int, tuple[int, ...]],
    ) -> None:
        stands = {v: np.empty(shapes[id(v)], v.type.dtype) for v in reads}
        self._lowering = low = Lowering(nodes, results, (), stands, known, shapes)
        self._tape = tape = low.tape
        if low.limits or not all(isinstance(entry, Call) for entry in tape.entries):
            raise UnsuitableError
        for array in (*stands.values(), *low.results):
            tape.own(array)
        self._sizes = tape.temporary_sizes()
        self._given = [self._place(array)[0] for array in stands.values()]
        self._made = [self._place(array)[0] for array in low.results]

    def computed(self, v: Variable) -> bool:
        """Whether the kernels leave a variable in memory, as it is."""
        try:
            array = self._lowering.array(v)
        except KeyError:  # It is part of a loop.
            return False
        return bool(array.flags.c_contiguous) and self._tape.temporary(array) is not None

    def run(
        self,
        given: Sequence[np.ndarray],
        into: Sequence[np.ndarray | None],
        wanted: Sequence[Variable] = (),
    ) -> list[np.ndarray]:
        """Launch the kernels.

        Parameters
        ----------
        given : sequence of numpy.ndarray
            C-contiguous.
        into : sequence of numpy.ndarray or None
            For each result where it goes; None: to memory of the step.
        wanted : sequence of Variable
            What else has been computed and is to be returned.

        Returns
        -------
        list of numpy.ndarray
            Results, then what is wanted.
        """
        memory = dict(zip(self._given, given, strict=True))
        results = []
        for place, old, array in zip(self._made, self._lowering.results, into, strict=True):
            memory[place] = empty(old.shape, old.dtype) if array is None else array
            results.append(memory[place])

        def moved(old: Any) -> Any:
            """The same part of the step's memory."""
            found = self._tape.temporary(old) if isinstance(old, np.ndarray) else None
            if found is None:
                return old
            place, offset = found
            if place not in memory:
                memory[place] = empty((self._sizes[place],), np.uint8)
            base = memory[place].reshape(-1).view(np.uint8)
            return np.ndarray(old.shape, old.dtype, base, offset, old.strides)

        for entry in self._tape.entries:
            if isinstance(entry, Call):
                entry.kernel(*map(moved, entry.arguments))
        return results + [moved(self._lowering.array(v)) for v in wanted]

    def _place(self, array: np.ndarray) -> tuple[int, int]:
        found = self._tape.temporary(array)
        if found is None:
            raise UnsuitableError
        return found


class Passes:
    """Forward and backward of a graph, for certain shapes of its inputs.

    What the forward pass leaves in memory, the backward pass reads; what is only a part of a loop
    is computed again.

    Parameters
    ----------
    inputs : sequence of Variable
    output : Variable
    cotangent : Variable
        The gradient by the output.
    gradients : dict of int to Variable
        Gradients by inputs.
    shapes : sequence of tuple
        Of the inputs.

    Raises
    ------
    UnsuitableError
    """

    def __init__(
        self,
        inputs: Sequence[Variable],
        output: Variable,
        cotangent: Variable,
        gradients: Mapping[int, Variable],
        shapes: Sequence[tuple[int, ...]],
    ) -> None:
        self._inputs, self._cotangent, self._gradients = inputs, cotangent, gradients
        values = {
            id(v): np.zeros(shape, v.type.dtype) for v, shape in zip(inputs, shapes, strict=True)
        }
        forward = toposort([output])
        for node in forward:
            perform(node, values)
        values[id(cotangent)] = np.zeros_like(value(output, values))
        nodes = toposort([output, *gradients.values()])  # Beginning with those of forward.
        for node in nodes[len(forward) :]:
            perform(node, values)
        fixed = fixed_ids(nodes)
        self._shapes = {at: array.shape for at, array in values.items()}
        for node in nodes:
            self._shapes |= {id(v): value(v, values).shape for v in node.inputs}
        self._known = {at: array for at, array in values.items() if at in fixed}
        self._forward = self._launches(forward, [output], inputs)
        self._backward: dict[tuple[int, ...], tuple[Launches, list[Variable]]] = {}
        self.backward_for(tuple(gradients))
        self.keeps = self._kept(tuple(gradients))[1]

    def forward(self, arrays: Sequence[np.ndarray], keep: bool) -> list[np.ndarray]:
        """The output, then what :meth:`backward` reads if it is to be kept."""
        return self._forward.run(arrays, [None], self.keeps if keep else [])

    def backward(
        self,
        arrays: Sequence[np.ndarray],
        kept: Sequence[np.ndarray],
        dy: np.ndarray,
        into: Mapping[int, np.ndarray | None],
    ) -> list[np.ndarray]:
        """Gradients by some inputs, each into an array or new memory.

        Parameters
        ----------
        arrays : sequence of numpy.ndarray
            The inputs.
        kept : sequence of numpy.ndarray
            What :meth:`forward` gave besides the output.
        dy : numpy.ndarray
        into : dict of int to numpy.ndarray or None
        """
        launches, reads = self.backward_for(tuple(into))
        at_hand = dict(zip((*self._inputs, *self.keeps), (*arrays, *kept), strict=True))
        given = [dy if v is self._cotangent else at_hand[v] for v in reads]
        return launches.run(given, list(into.values()))

    def backward_for(self, wanted: tuple[int, ...]) -> tuple[Launches, list[Variable]]:
        """The kernels for the gradients by some inputs, and what they read."""
        if wanted not in self._backward:
            nodes, kept = self._kept(wanted)
            reads = [*self._inputs, self._cotangent, *kept]
            results = [self._gradients[i] for i in wanted]
            self._backward[wanted] = self._launches(nodes, results, reads), reads
        return self._backward[wanted]

    def _kept(self, wanted: Sequence[int]) -> tuple[list[Apply], list[Variable]]:
        """The operations that the gradients need, and what they take from the forward pass."""
        kept: dict[int, Variable] = {}
        needed: set[int] = set()
        stack = [self._gradients[i] for i in wanted]
        while stack:
            v = stack.pop()
            if v.owner is None or id(v) in self._known or id(v.owner) in needed:
                continue
            if self._forward.computed(v):
                kept[id(v)] = v
            else:
                needed.add(id(v.owner))
                stack += v.owner.inputs
        nodes = toposort([self._gradients[i] for i in wanted])
        return [node for node in nodes if id(node) in needed], list(kept.values())

    def _launches(
        self, nodes: Sequence[Apply], results: Sequence[Variable], reads: Sequence[Variable]
    ) -> Launches:
        known = self._known
        todo = [n for n in nodes if not any(id(v) in known for v in n.outputs)]
        return Launches(todo, results, reads, known, self._shapes)
