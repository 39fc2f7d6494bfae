"""Evaluates a graph for given arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from nnkit.symbolic.graph import Apply, FunctionGraph, Variable, describe
from nnkit.symbolic.tensor.elementwise import Elemwise
from nnkit.symbolic.tensor.shapes import Shape, Size
from nnkit.symbolic.tensor.variable import Constant, SharedVariable

__all__ = ["Evaluator", "computed", "fixed_ids", "measured", "perform", "value"]


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


def measured(
    evaluator: Evaluator,
    arrays: Sequence[np.ndarray],
    also: Collection[Variable] = (),
    like: Mapping[Variable, Variable] | None = None,
) -> tuple[dict[int, tuple[int, ...]], dict[int, np.ndarray]]:
    """Evaluate once, for the shapes of all variables, and the values that follow from shapes.

    Parameters
    ----------
    evaluator : Evaluator
    arrays : sequence of numpy.ndarray
        Of the inputs.
    also : collection of Variable
        Others whose values are wanted.
    like : dict of Variable to Variable
        Inputs without arrays, which are zeros in the shape of something that is computed before.

    Returns
    -------
    shapes, known : dict
        By the variables' ids.
    """
    like = like or {}
    values = {id(v): a for v, a in zip(evaluator.graph.inputs, arrays, strict=not like)}
    keep = fixed_ids(evaluator.nodes) | {id(v) for v in also}
    uses = Counter(id(v) for node in evaluator.nodes for v in node.inputs)
    shapes = {at: array.shape for at, array in values.items()}
    for node in evaluator.nodes:
        for v in node.inputs:
            if v in like and id(v) not in values:
                values[id(v)] = np.zeros(shapes[id(like[v])], v.type.dtype)
        perform(node, values)
        for v in (*node.inputs, *node.outputs):
            shapes[id(v)] = value(v, values).shape
        for v in node.inputs:  # Memory for one result after the other, not for all.
            uses[id(v)] -= 1
            if not uses[id(v)] and id(v) not in keep:
                values.pop(id(v), None)
    for v, other in like.items():
        shapes[id(v)] = shapes[id(other)]
    for v in evaluator.graph.outputs:
        if id(v) not in shapes:
            shapes[id(v)] = value(v, values).shape
    return shapes, {at: array for at, array in values.items() if at in keep}


def fixed_ids(nodes: Sequence[Apply]) -> set[int]:
    """Ids of what depends on constants and shapes only."""
    fixed: set[int] = set()
    for node in nodes:
        if isinstance(node.op, (Shape, Size)) or all(
            isinstance(v, Constant) or id(v) in fixed for v in node.inputs
        ):
            fixed |= {id(v) for v in node.outputs}
    return fixed
