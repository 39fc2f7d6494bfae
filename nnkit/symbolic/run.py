"""Evaluates a graph for given arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nnkit.symbolic.graph import Apply, Variable, describe, toposort
from nnkit.symbolic.tensor.elementwise import Elementwise
from nnkit.symbolic.tensor.variable import Constant, SharedVariable

__all__ = ["Evaluator", "perform", "runner"]


class Evaluator:
    """Operation after operation, in NumPy: right for every graph, at once.

    Parameters
    ----------
    inputs : sequence of Variable
    outputs : sequence of Variable
        What is returned, then the new values of ``updated``.
    updated : sequence of SharedVariable
    results : int
        How many are returned.
    """

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        updated: Sequence[SharedVariable],
        results: int,
    ) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.updated, self.results = list(updated), results
        self.nodes = toposort(outputs)

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results; shared variables are updated."""
        values = {id(v): a for v, a in zip(self.inputs, arrays, strict=True)}
        for node in self.nodes:
            perform(node, values)
        # Copies: a result may be a view of an argument or of a shared variable.
        final = [np.array(value(v, values)) for v in self.outputs]
        for shared, array in zip(self.updated, final[self.results :], strict=True):
            shared.set_value(array, borrow=True)
        return final[: self.results]


def value(variable: Variable, values: dict[int, np.ndarray]) -> np.ndarray:
    """The array of a variable: its own, or one of those known by the variable's id."""
    if isinstance(variable, Constant):
        return variable.data
    if isinstance(variable, SharedVariable):
        return variable.storage
    return values[id(variable)]


def perform(node: Apply, values: dict[int, np.ndarray]) -> None:
    """Add the outputs of an operation to the values."""
    made = computed(node, [value(v, values) for v in node.inputs])
    values.update(zip(map(id, node.outputs), map(np.asarray, made), strict=True))


def computed(node: Apply, arrays: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
    """The outputs of an operation; an error in it says where it was made."""
    try:
        if isinstance(node.op, Elementwise):
            node.op.check(node.inputs, [np.shape(array) for array in arrays])
        made = node.op.perform(*arrays)
    except Exception as error:
        shapes = ", ".join(str(np.shape(array)) for array in arrays)
        error.add_note(f"This was {describe(node.outputs[0])}, for shapes {shapes}.")
        raise
    return made if isinstance(made, (tuple, list)) else (made,)


def runner(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    updated: Sequence[SharedVariable],
    results: int,
    mode: str,
) -> Callable[[Sequence[np.ndarray]], list[np.ndarray]]:
    """What runs a graph in a mode of :func:`~nnkit.symbolic.function`."""
    from nnkit.symbolic.branches import Branches, has_branches

    evaluator = Evaluator(inputs, outputs, updated, results)
    if has_branches(evaluator.nodes):
        return Branches(inputs, outputs, updated, results, mode).run
    if mode != "FAST_RUN":
        return evaluator.run
    from nnkit.symbolic.native import Native

    return Native(evaluator).run
