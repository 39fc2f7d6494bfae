"""Parts of networks as functions of arrays, and gradients by what is in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from nnkit.backend.phases import LearningPhase, learning_phase
from nnkit.conversion import to_numpy
from nnkit.engine.variable import Variable
from nnkit.layers.base import Layer, Shape
from nnkit.layers.graph import Graph
from nnkit.layers.nodes import Placeholder, topological
from nnkit.nested import leaves
from nnkit.symbolic.derive.grad import grad
from nnkit.symbolic.graph import Variable as Expression

__all__ = ["Slopes", "function", "gradients"]


def function(
    inputs: Sequence[Any], outputs: Any, updates: Any = None, name: str | None = None
) -> Callable[[Sequence[Any]], list[np.ndarray]]:
    """A function of arrays that computes placeholders of a network from others.

    Parameters
    ----------
    inputs : sequence of Placeholder
        Anywhere in the network; and perhaps ``K.learning_phase()``, which then takes 0 or 1.
    outputs : Placeholder or sequence of Placeholder
    updates : None
        There are none: set values afterwards.
    name : str, optional
        Accepted for Keras's sake.

    Returns
    -------
    callable
        It takes a list of arrays, and gives a list.

    Raises
    ------
    TypeError, ValueError
        Something isn't a placeholder; outputs don't follow from the inputs; or there are updates.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit import backend as K
    >>> hidden = nnkit.layers.Dense(2, "relu", kernel_initializer="identity")
    >>> model = nnkit.Sequential([nnkit.Input((2,)), hidden, nnkit.layers.Dense(1)])
    >>> first = K.function([model.input], [model.layers[0].output])
    >>> first([np.array([[-1.0, 2.0]])])
    [array([[0., 2.]], dtype=float32)]
    """
    if updates:
        raise ValueError(
            "function: there are no updates in nnkit; use K.set_value with what the function gives"
        )
    wanted = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    for value in [*wanted, *(v for v in given if not isinstance(v, LearningPhase))]:
        if not isinstance(value, Placeholder):
            raise TypeError(
                "function takes placeholders: what Input, layers and model.input give; got "
                f"{value!r}"
            )
    part = _Part([v for v in given if isinstance(v, Placeholder)], wanted)

    def computed(arrays: Sequence[Any]) -> list[np.ndarray]:
        values = list(arrays) if isinstance(arrays, (list, tuple)) else [arrays]
        if len(values) != len(given):
            raise ValueError(f"the function takes a list of {len(given)} arrays, got {len(values)}")
        training = bool(learning_phase())
        passed = []
        for where, value in zip(given, values, strict=True):
            if isinstance(where, LearningPhase):
                training = bool(value)
            else:
                passed.append(value)
        return [np.array(a) for a in part.forward(passed, training)[1]]

    return computed


class _Part:
    """Part of a network: from some placeholders to others."""

    def __init__(self, inputs: Sequence[Placeholder], outputs: Sequence[Placeholder]) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.nodes = topological(self.outputs, self.inputs)
        known = {id(p) for p in self.inputs}
        for node in self.nodes:
            if not node.inputs and type(node.layer).__name__ == "InputLayer":
                raise ValueError(
                    f"the outputs depend on the input {node.layer.name!r}, which is not among the "
                    "inputs"
                )
        for p in self.outputs:
            if p.node is None and id(p) not in known:
                raise ValueError(f"{p!r} does not follow from the inputs")
        self._counter = np.zeros(1, np.int64)

    def graph(self, training: bool) -> Graph:
        """What runs, with objects of its own: the network's keep what they know of a step."""
        graph = Graph(training)
        for node in self.nodes:
            graph._used.update(node.layer.walk())
        values = {id(p): graph.input(p.shape, p.dtype) for p in self.inputs}
        graph.finish(graph.follow(self.nodes, values, list(self.outputs), training))
        return graph

    def forward(self, arrays: Sequence[Any], training: bool) -> tuple[Graph, list[np.ndarray]]:
        """The graph, and the outputs for arrays; weights stay as they are."""
        passed = [self._array(p, a) for p, a in zip(self.inputs, arrays, strict=True)]
        layers = list(dict.fromkeys(node.layer for node in self.nodes))
        self._counter = self._counter + 1
        with ExitStack() as stack:
            for turns in {id(layer.turns._root()): layer.turns for layer in layers}.values():
                stack.enter_context(turns.alone(writes=training))
                stack.enter_context(turns.python())
            graph = self.graph(training)
            graph.draw_by(self._counter)
            fixed = [v for layer in layers for v in layer.variables if not v.trainable]
            before = [v.numpy() for v in fixed] if training else []
            outputs = graph.forward(passed)
            for variable, value in zip(fixed, before, strict=False):
                variable.assign(value)  # Only fit changes running statistics.
        return graph, outputs

    def _array(self, placeholder: Placeholder, value: Any) -> np.ndarray:
        array = to_numpy(value, placeholder.name)
        shape = placeholder.shape
        fits = array.ndim == len(shape) and all(
            n is None or n == m for n, m in zip(shape[1:], array.shape[1:], strict=True)
        )
        if not fits:
            raise ValueError(
                f"{placeholder.name!r} takes arrays of shape {shape}, got {array.shape}"
            )
        return np.ascontiguousarray(array, placeholder.dtype)


def gradients(loss: Any, variables: Any) -> list[Any]:
    """The gradients of the sum of a placeholder or expression by others.

    Parameters
    ----------
    loss : Placeholder or expression
    variables : Placeholder, expression or weight, or a sequence of them
        Of placeholders, those on the way from the inputs to the loss: ``model.input``,
        ``layer.output``, and weights that are trained.

    Returns
    -------
    list of Placeholder, or of expressions
        Placeholders for :func:`function`, and for operations. They have no gradient again.

    Raises
    ------
    TypeError, ValueError
        The loss is an array; or doesn't depend on a variable.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit import backend as K
    >>> x = nnkit.Input((2,))
    >>> slope = K.gradients(K.sum(K.square(x)), x)[0]
    >>> K.function([x], [slope])([np.array([[1.0, 3.0]])])
    [array([[2., 6.]], dtype=float32)]
    """
    targets = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    if isinstance(loss, Expression):
        expression: Any = loss
        return list(grad(expression.sum(), targets))
    if not isinstance(loss, Placeholder):
        raise TypeError(
            "gradients are of placeholders, such as model.output, and in a loss of expressions; "
            f"got {loss!r}"
        )
    return [_slope(loss, target) for target in targets]


def _slope(loss: Placeholder, target: Any) -> Placeholder:
    stop = [target] if isinstance(target, Placeholder) else []
    nodes = topological([loss], stop)
    sources = [p for node in nodes for p in leaves(node.outputs) if not node.inputs]
    sources = [p for p in dict.fromkeys(sources) if type(_layer(p)).__name__ == "InputLayer"]
    reached = loss is target or any(p is target for node in nodes for p in node.inputs)
    if isinstance(target, Variable):
        reached = any(target is v for node in nodes for v in node.layer.variables)
    if not reached:
        raise ValueError(f"the loss {loss.name!r} does not depend on {target!r}")
    layer = Slopes(loss, target, sources)
    given = [*stop, *sources]
    slope: Placeholder = layer.connected({"x": given}, None)
    return slope


def _layer(placeholder: Placeholder) -> Any:
    return None if placeholder.node is None else placeholder.node.layer


class Slopes(Layer):
    """The gradient of the sum of one placeholder by another: what ``gradients`` gives.

    Parameters
    ----------
    loss : Placeholder
    target : Placeholder or Variable
    sources : sequence of Placeholder
        The inputs that the loss depends on besides.
    **options
        Arguments of :class:`nnkit.layers.Layer`.

    Notes
    -----
    Input: the target's value, if it is a placeholder, and the inputs'. It runs in Python, and has
    no gradient.
    """

    takes_list = True
    trusted = True  # The gradient by a weight has no axis of the batch.

    def __init__(
        self, loss: Placeholder, target: Any, sources: Sequence[Placeholder], **options: Any
    ) -> None:
        super().__init__(name=f"gradient_of_{loss.name}".replace("/", "_"), **options)
        self.loss, self.target = loss, target
        self.dtype = str(target.dtype)
        known = [target] if isinstance(target, Placeholder) else []
        self._part = _Part([*known, *(p for p in sources if p is not target)], [loss])

    @property
    def input_dtype(self) -> None:
        """It takes arrays as they are."""

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The target's."""
        return tuple(self.target.shape)

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:
        """The gradient."""
        graph, (loss,) = self._part.forward(x[: len(self._part.inputs)], training)
        found = graph.backward([np.ones_like(loss)], propagate=True)
        if isinstance(self.target, Variable):
            return np.array(self.target.gradient)
        return np.zeros_like(x[0]) if found[0] is None else found[0]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """There is none.

        Raises
        ------
        TypeError
        """
        raise TypeError(
            "what gradients() gives has no gradient again; in a loss of expressions, it has"
        )
