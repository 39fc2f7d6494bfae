"""Operation: a function of nnkit.ops, or an operator, in a network."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import budget
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape
from nnkit.layers.nodes import Node, Placeholder, add_shapes, topological
from nnkit.nested import leaves, mapped

if TYPE_CHECKING:
    from nnkit.layers.graph import Graph, Value

__all__ = ["Cast", "Expression", "Operation", "parameters_of"]

# In place of an unknown batch size, and of other unknown sizes: these are longer than most windows
# and slices, and divisible by many numbers.
_TRIED = (2, 240), (3, 360)
# Elements of an array that finds out about shapes; and where a file says the sizes.
_MOST_TRIED, _MOST_TRIED_OF_FILES = 2**29, 2**25
_FIRST = np.zeros(1, np.int64)  # The number of a batch.


class Operation(Layer):
    """Apply a function of :mod:`nnkit.ops` to placeholders: what ``a + b`` or ``ops.exp(a)`` makes.

    In a step, operations that follow each other are one expression, from which loops and gradients
    are derived; see :class:`Expression`.

    Parameters
    ----------
    function : str
        Its name in :mod:`nnkit.ops`; or ``"getitem"``.
    **options
        Arguments of :class:`Layer`.

    Examples
    --------
    >>> import nnkit
    >>> x = nnkit.Input((4,))
    >>> y = nnkit.ops.sum(x * x, axis=1)
    >>> y.shape, y.node.layer.function
    ((None,), 'sum')
    """

    fuses = True

    def __init__(self, function: str, **options: Any) -> None:
        if parameters_of(function) is None:
            raise ValueError(f"nnkit.ops has no function {str(function)[:80]!r}")
        super().__init__(**{"name": function} | options)
        self.named = "name" in options
        self.function, self.gives_list = function, False

    def applied(self, arguments: Sequence[Any], named: dict[str, Any]) -> Any:
        """What the function gives for arguments with placeholders among them."""
        return self.connected({"arguments": list(arguments), "named": named}, None)

    def connected(self, arguments: dict[str, Any], training: bool | None) -> Any:
        """The placeholders that the function gives for others: a node of a network."""
        shapes, dtypes = self._found(arguments)
        node = Node(self, arguments, training, shapes, self.dtype)
        for placeholder, dtype in zip(leaves(node.outputs), dtypes, strict=True):
            placeholder.dtype = dtype
        return node.outputs

    def shapes_of_outputs(self, arguments: dict[str, Any]) -> Any:
        """The shape of the result, or a list of shapes."""
        return self._found(arguments)[0]

    def _found(self, given: dict[str, Any]) -> tuple[Any, list[str]]:
        """Shapes and data types of the results."""
        inputs = [value for value in leaves(given) if isinstance(value, Placeholder)]
        floats = [p.dtype for p in inputs if p.dtype.startswith("float")]
        self.dtype = max(floats, default=self.dtype)
        # Sizes that change with the unknown ones are unknown.
        try:
            (small, dtypes), (large, _) = (self._example(given, inputs, k) for k in (0, 1))
        except (TypeError, ValueError, IndexError) as error:
            if type(error) not in (TypeError, ValueError, IndexError):
                raise
            got = " and ".join(f"{p.name!r} of shape {p.shape}" for p in inputs)
            raise type(error)(f"{self.function} of {got}: {error}") from error
        shapes = [
            tuple(a if a == b else None for a, b in zip(one, two, strict=True))
            for one, two in zip(small, large, strict=True)
        ]
        return shapes if self.gives_list else shapes[0], dtypes

    def _example(
        self, given: dict[str, Any], inputs: Sequence[Placeholder], k: int
    ) -> tuple[list[Shape], list[str]]:
        """Shapes and data types of the results for one choice of the unknown sizes."""
        found = self.evaluated(given, k)
        dtypes = [str(array.dtype) for array in found]
        return [a.shape for a in found], [self.dtype if t[0] == "f" else t for t in dtypes]

    def evaluated(self, given: dict[str, Any], k: int) -> list[np.ndarray]:
        """The results for ones in place of placeholders, for one choice of the unknown sizes."""
        from nnkit.symbolic.graph import FunctionGraph
        from nnkit.symbolic.run.evaluate import Evaluator

        distinct = {id(v): v for v in leaves(given) if isinstance(v, Placeholder)}
        symbols = {key: _symbol(p.dtype, p.shape) for key, p in distinct.items()}
        graph = FunctionGraph(list(symbols.values()), self.result(given, symbols))
        with np.errstate(all="ignore"):
            return Evaluator(graph).run([_example_of(p, k) for p in distinct.values()])

    def result(self, given: dict[str, Any], symbols: dict[int, Any]) -> list[Any]:
        """The expressions that the function gives, with symbols by the ids of placeholders."""
        arguments, named = (
            mapped(lambda v: symbols[id(v)] if isinstance(v, Placeholder) else v, given[name])
            for name in ("arguments", "named")
        )
        if self.function == "getitem":
            made = arguments[0][arguments[1]]
        elif self.function == "axis_size":
            made = arguments[0].shape[arguments[1]]
        else:
            from nnkit import ops

            made = getattr(ops, self.function)(*arguments, **named)
        self.gives_list = isinstance(made, (list, tuple))
        return list(made) if self.gives_list else [made]

    @staticmethod
    def fused(
        graph: Graph,
        wanted: Placeholder,
        values: dict[int, Any],
        training: bool,
        owner: str | None,
    ) -> Value:
        """Add the use of one expression that gives a placeholder; see :meth:`Graph.follow`."""
        known = [p for p in _before(wanted, values) if id(p) in values]
        nodes = topological([wanted], known)
        sources = {id(p): p for node in nodes for p in node.inputs} or {id(wanted): wanted}
        arrays = [p for key, p in sources.items() if key in values]
        weights = [p for p in sources.values() if p.variable is not None]
        part = Expression(wanted, nodes, arrays, weights, [values[id(p)] for p in arrays], owner)
        value: Value = graph.use(part, {"x": [values[id(p)] for p in arrays]}, training)
        return value


def _example_of(placeholder: Placeholder, k: int) -> np.ndarray:
    """An array in place of a placeholder; sizes, and what follows from them, are right."""
    node, rows, size = placeholder.node, *_TRIED[k]
    whole = placeholder.shape == () and placeholder.dtype.startswith("int")
    if whole and node is not None and isinstance(node.layer, Operation):
        return node.layer.evaluated(node.arguments, k)[placeholder.index]
    shape = [n or (rows if axis == 0 else size) for axis, n in enumerate(placeholder.shape)]
    if math.prod(shape) > (_MOST_TRIED_OF_FILES if budget.limited() else _MOST_TRIED):
        raise ValueError(f"{placeholder.name}: an array of shape {placeholder.shape} is too large")
    example = np.ones(shape, placeholder.dtype)
    if example.ndim > 1 and example.dtype.kind == "f":  # So that square matrices have an inverse.
        diagonal = np.arange(min(shape[-2:]))
        example[..., diagonal, diagonal] += 1
    return example


def parameters_of(function: str) -> list[str] | None:
    """Names of the arguments of a function of :mod:`nnkit.ops`; None for other names.

    Examples
    --------
    >>> parameters_of("sum"), parameters_of("getitem"), parameters_of("eval")
    (['x', 'axis', 'keepdims'], ['x', 'key'], None)
    """
    if function in ("getitem", "axis_size"):
        return ["x", "key"]
    from nnkit import ops  # It imports the symbolic library, which not every network needs.

    if function not in ops.FUNCTIONS:
        return None
    return list(inspect.signature(getattr(ops, function)).parameters)


def _before(wanted: Placeholder, values: dict[int, Any]) -> list[Placeholder]:
    """All placeholders from which operations lead to one."""
    found: dict[int, Placeholder] = {}
    waiting = [wanted]
    while waiting:
        placeholder = waiting.pop()
        for p in () if placeholder.node is None else placeholder.node.inputs:
            if id(p) in found:
                continue
            found[id(p)] = p
            if id(p) in values or p.variable is not None:
                continue
            if p.node is None or not p.node.layer.fuses:
                raise ValueError(f"{p!r} does not come from the inputs of the network")
            waiting.append(p)
    return list(found.values())


class Expression(Layer, abstract=True):
    """One use of an expression of arrays and weights, with the gradients that follow from it.

    Parameters
    ----------
    wanted : Placeholder
        What it computes.
    nodes : sequence of Node
        The operations that lead to it.
    arrays : sequence of Placeholder
        What it gets.
    weights : sequence of Placeholder
        Those that stand for weights.
    given : sequence of Value
        The arrays' values in the graph.
    owner : str, optional
        The name of the layer whose ``call`` it is from; by default that of its last operation.
    """

    recordable = True
    trusted = True

    def __init__(
        self,
        wanted: Placeholder,
        nodes: Sequence[Node],
        arrays: Sequence[Placeholder],
        weights: Sequence[Placeholder],
        given: Sequence[Value],
        owner: str | None = None,
    ) -> None:
        from nnkit.symbolic.differentiable import Differentiable

        names = [node.layer.name for node in nodes]
        floats = [wanted.dtype, *(v.dtype for v in given)]
        dtype = next((t for t in floats if t.startswith("float")), None)
        last = names[-1] if names else wanted.name.replace(":", "_")
        super().__init__(name=owner or last, dtype=dtype)
        computed_in = self.dtype
        shapes = {id(p): value.shape for p, value in zip(arrays, given, strict=True)}
        add_shapes(nodes, shapes)
        self.shape = shapes.get(id(wanted), wanted.shape)  # Of this step: no size is None.
        self._weights: list[Any] = [p.variable for p in weights]
        self._owners: list[Any] = [p.owner for p in weights]
        sources = [*arrays, *weights]
        types = [_type(v.dtype, v.shape) for v in given]
        types += [_type(p.dtype, p.shape) for p in weights]

        def build(*inputs: Any) -> Any:
            symbols = {id(p): symbol for p, symbol in zip(sources, inputs, strict=True)}
            for node in nodes:
                operation: Any = node.layer
                made = operation.result(node.arguments, symbols)
                for p, v in zip(leaves(node.outputs), made, strict=True):
                    symbols[id(p)] = _broadcasting(v, p.shape)
            return symbols[id(wanted)]

        self._floats = [i for i, p in enumerate(sources) if types[i].dtype.startswith("float")]
        self.dtype = wanted.dtype
        self._derived = Differentiable(
            self.name, build, types, computed_in, self._floats, result=wanted.dtype
        )

    @property
    def input_dtype(self) -> None:
        """It takes arrays as they are."""

    @property
    def variables(self) -> list[Any]:
        """The weights in it."""
        return list(self._weights)

    @property
    def trainable_weights(self) -> list[Any]:
        """Those of its weights that their layers train."""
        pairs = zip(self._weights, self._owners, strict=True)
        return [v for v, owner in pairs if any(v is own for own in owner.trainable_weights)]

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The shape of the result."""
        return self.shape

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:
        """The value of the expression."""
        self._x = x
        return self._derived.forward(self, [*x, *self._values()], training)

    def backward(self, dy: np.ndarray) -> list[np.ndarray | None]:
        """The gradient of each array; those of the weights are written."""
        trained = {id(v) for v in self.trainable_weights}
        count = len(self._x)
        into: dict[int, np.ndarray | None] = {
            i: None if i < count else self._weights[i - count].gradient
            for i in self._floats
            if (self.propagate if i < count else id(self._weights[i - count]) in trained)
        }
        found = self._derived.backward(self, [*self._x, *self._values()], dy, into)
        by = dict(zip(into, found, strict=True))
        return [by.get(i) for i in range(count)]

    def compute_mask(self, x: Any, mask: Any = None) -> None:
        """An expression hands no mask on."""

    def _values(self) -> list[np.ndarray]:
        return [v.value for v in self._weights]


class Cast(Layer):
    """Convert an array to the layer's data type.

    Parameters
    ----------
    dtype : str
    **options
        Arguments of :class:`Layer`.
    """

    recordable = True
    supports_masking = True

    def __init__(self, dtype: str = "float32", **options: Any) -> None:
        whole = dtype.startswith(("int", "uint", "bool"))
        super().__init__(dtype=None if whole else dtype, **options)
        self.dtype = dtype

    @property
    def input_dtype(self) -> None:
        """It takes arrays of any type."""

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The same numbers in another type."""
        self.given = x.dtype
        y = self.empty(x.shape)
        self._convert(x, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The same gradient in the type of the input; zeros if that is whole numbers."""
        dx = self.empty(dy.shape, self.given)
        if self.given.kind == "f" and dy.dtype.kind == "f":
            self._convert(dy, dx)
        else:
            launch.fill(0, dx)
        return dx

    def _convert(self, x: np.ndarray, y: np.ndarray) -> None:
        rows = len(x)
        launch.gather_sequence(x.reshape(rows, -1), _FIRST, rows, 0, y.reshape(rows, -1))


def _broadcasting(v: Any, shape: Shape) -> Any:
    """An expression, known to broadcast along the axes that always have size 1."""
    from nnkit.symbolic.tensor.axes import addbroadcast

    pairs = zip(shape, v.broadcastable, strict=True)
    axes = [axis for axis, (size, known) in enumerate(pairs) if size == 1 and not known]
    return addbroadcast(v, *axes) if axes else v


def _type(dtype: str, shape: Shape) -> Any:
    from nnkit.symbolic.tensor.variable import TensorType

    return TensorType(dtype, [size == 1 for size in shape])


def _symbol(dtype: str, shape: Shape) -> Any:
    return _type(dtype, shape)()
