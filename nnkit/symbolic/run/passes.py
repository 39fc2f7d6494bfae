"""A graph and its gradients as kernels that a training step launches as its own.

The calls of a :class:`~nnkit.symbolic.run.recorded.Recorded` graph are made again on the arrays of
the step, and so recorded there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nnkit.symbolic.graph import Apply, FunctionGraph, Variable, toposort
from nnkit.symbolic.run.evaluate import Evaluator, measured
from nnkit.symbolic.run.lowering import Lowering, UnsuitableError
from nnkit.symbolic.run.recorded import Recorded

__all__ = ["Passes", "UnsuitableError"]


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
        evaluator = Evaluator(FunctionGraph([*inputs, cotangent], [output, *gradients.values()]))
        zeros = [np.zeros(shape, v.type.dtype) for v, shape in zip(inputs, shapes, strict=True)]
        self._shapes, self._known = measured(evaluator, zeros, like={cotangent: output})
        self._forward = self._recorded(toposort([output]), [output], inputs)
        self._backward: dict[tuple[int, ...], tuple[Recorded, list[Variable]]] = {}
        self.backward_for(tuple(gradients))
        self.keeps = self._kept(tuple(gradients))[1]

    def forward(self, arrays: Sequence[np.ndarray], keep: bool) -> list[np.ndarray]:
        """The output, then what :meth:`backward` reads if it is to be kept."""
        return self._forward.launch(arrays, [None], self.keeps if keep else [])

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
        recorded, reads = self.backward_for(tuple(into))
        at_hand = dict(zip((*self._inputs, *self.keeps), (*arrays, *kept), strict=True))
        given = [dy if v is self._cotangent else at_hand[v] for v in reads]
        return recorded.launch(given, list(into.values()))

    def backward_for(self, wanted: tuple[int, ...]) -> tuple[Recorded, list[Variable]]:
        """The kernels for the gradients by some inputs, and what they read."""
        if wanted not in self._backward:
            nodes, kept = self._kept(wanted)
            reads = [*self._inputs, self._cotangent, *kept]
            results = [self._gradients[i] for i in wanted]
            self._backward[wanted] = self._recorded(nodes, results, reads), reads
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
            if self._forward.leaves(v):
                kept[id(v)] = v
            else:
                needed.add(id(v.owner))
                stack += v.owner.inputs
        nodes = toposort([self._gradients[i] for i in wanted])
        return [node for node in nodes if id(node) in needed], list(kept.values())

    def _recorded(
        self, nodes: Sequence[Apply], results: Sequence[Variable], reads: Sequence[Variable]
    ) -> Recorded:
        stands = {v: np.empty(self._shapes[id(v)], v.type.dtype) for v in reads}
        made = Recorded(Lowering(nodes, results, (), stands, self._known, self._shapes))
        if not made.launches:
            raise UnsuitableError
        return made
