"""Evaluates a graph for given arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnkit.symbolic.graph import Apply, FunctionGraph, Variable, describe
from nnkit.symbolic.tensor.elementwise import Elemwise
from nnkit.symbolic.tensor.variable import Constant, SharedVariable

__all__ = ["Evaluator", "computed", "perform", "value"]


class Evaluator:
    """Operation after operation, in NumPy: right for every graph, at once.

    Parameters
    ----------
    graph : FunctionGraph
    """

    def __init__(self, graph: FunctionGraph) -> None:
        self.graph, self.nodes = graph, graph.toposort()

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results; shared variables are updated."""
        graph = self.graph
        values = {id(v): a for v, a in zip(graph.inputs, arrays, strict=True)}
        for node in self.nodes:
            perform(node, values)
        # Copies: a result may be a view of an argument or of a shared variable.
        final = [np.array(value(v, values)) for v in graph.outputs]
        count = len(graph.results)
        for shared, array in zip(graph.updated, final[count:], strict=True):
            shared.set_value(array, borrow=True)
        return final[:count]


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
        if isinstance(node.op, Elemwise):
            node.op.check(node.inputs, [np.shape(array) for array in arrays])
        made = node.op.perform(*arrays)
    except Exception as error:
        shapes = ", ".join(str(np.shape(array)) for array in arrays)
        error.add_note(f"This was {describe(node.outputs[0])}, for shapes {shapes}.")
        raise
    return made if isinstance(made, (tuple, list)) else (made,)
