"""Placeholders, which stand for arrays that a network will compute, and the nodes between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from nnkit.engine.variable import FreeVariable
from nnkit.nested import leaves, mapped
from nnkit.registry import lookup

if TYPE_CHECKING:
    from nnkit.engine.variable import Variable
    from nnkit.layers.base import Layer, Shape

__all__ = [
    "Node",
    "Placeholder",
    "add_shapes",
    "holds_placeholders",
    "map_shapes",
    "operate",
    "topological",
]


class Placeholder:
    """A value without numbers: an array's shape and data type, and where it comes from.

    :func:`nnkit.Input` gives one. Layers and models that are called with placeholders give others,
    and so do operators (``a + b``, ``a[:, 0]``) and the functions of :mod:`nnkit.ops`.

    Attributes
    ----------
    shape : tuple
        The batch axis first; None for sizes that differ from batch to batch.
    dtype : str
    name : str
    node : Node or None
        The use of a layer that gives it; None for a weight.
    index : int
        Its number among the node's outputs.
    variable, owner : Variable and Layer, or None
        The weight that it stands for, within a layer's ``call``, and the layer.

    Examples
    --------
    >>> import nnkit
    >>> x = nnkit.Input((8,))
    >>> y = nnkit.layers.Dense(3)(x)
    >>> (y + 1).shape
    (None, 3)
    """

    is_placeholder = True  # For who can't import this module.
    # So that NumPy's arrays leave operators to it.
    __array_ufunc__ = None

    def __init__(
        self,
        shape: Shape,
        dtype: str,
        name: str,
        node: Node | None = None,
        index: int = 0,
        variable: Variable | None = None,
        owner: Layer | None = None,
    ) -> None:
        self.shape, self.dtype, self._name = tuple(shape), dtype, name
        self.node, self.index, self.variable, self.owner = node, index, variable, owner

    @property
    def name(self) -> str:
        """The name of the layer that gives it, numbered if there are several outputs."""
        if self.node is None:
            return self._name
        return f"{self.node.layer.name}_{self.index}" if self.index else self.node.layer.name

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<Placeholder name={self.name}, shape={self.shape}, dtype={self.dtype}>"

    # ------------------------------------------------------------------------------- operators

    def __getitem__(self, key: Any) -> Placeholder:
        return operate("getitem", self, key)

    def __neg__(self) -> Placeholder:
        return operate("negative", self)

    def __abs__(self) -> Placeholder:
        return operate("abs", self)

    def __invert__(self) -> Placeholder:
        return operate("logical_not", self)

    # ---------------------------------------------------------------------- what has no meaning

    def _refuse(self, use: str, remedy: str) -> NoReturn:
        raise TypeError(f"{self.name!r} is a placeholder, without numbers yet: {use}; {remedy}")

    def __bool__(self) -> bool:
        self._refuse("no `if`, `while`, `and` or `or` can depend on it", "use nnkit.ops.where")

    def __len__(self) -> int:
        self._refuse("it has no len", "use .shape")

    def __iter__(self) -> Iterator[Any]:
        self._refuse("a loop can't go over it", "use x[:, i], or nnkit.ops.split")

    def __float__(self) -> float:
        self._refuse("it is no number", "use operators and nnkit.ops")

    __int__ = __index__ = __float__

    def __array__(self, *options: Any, **named: Any) -> NoReturn:
        self._refuse("NumPy can't compute with it", "use nnkit.ops")


def _operator(name: str, turned: bool = False) -> Any:
    def method(self: Placeholder, other: Any) -> Placeholder:
        return operate(name, other, self) if turned else operate(name, self, other)

    return method


for _method, _name in {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
}.items():
    setattr(Placeholder, f"__{_method}__", _operator(_name))
    setattr(Placeholder, f"__r{_method}__", _operator(_name, turned=True))
for _method, _name in {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
    "and": "logical_and",
    "or": "logical_or",
}.items():
    setattr(Placeholder, f"__{_method}__", _operator(_name))
Placeholder.__hash__ = object.__hash__  # type: ignore[method-assign]  # Comparisons make nodes.


def operate(name: str, *arguments: Any, **named: Any) -> Any:
    """The placeholders that a function of :mod:`nnkit.ops` gives."""
    make: Any = lookup("layer", "Operation")
    arguments, named = mapped(_read_later, (arguments, named))
    return make(name).applied(arguments, named)


def _read_later(value: Any) -> Any:
    """A free variable as a placeholder: what it is when a step computes, not what it is now."""
    if isinstance(value, FreeVariable):
        dtype = str(value.dtype)
        owner: Any = value  # It trains nothing.
        return Placeholder(value.shape, dtype, value.name, variable=value, owner=owner)
    return value


def holds_placeholders(nested: Any) -> bool:
    """Whether one of the values in nested lists and dictionaries is a placeholder."""
    return any(isinstance(value, Placeholder) for value in leaves(nested))


class Node:
    """One use of a layer on placeholders.

    Parameters
    ----------
    layer : Layer
    arguments : dict
        What the layer was called with, by name: ``x``, and what else was given. Values are nested
        lists and dictionaries, with placeholders among them.
    training : bool or None
        As given in the call; None: as the whole network.
    shapes : tuple, or lists and dictionaries of tuples
        Of the layer's output, or outputs.
    dtype : str
        Of the outputs.

    Attributes
    ----------
    inputs : list of Placeholder
    outputs : Placeholder, or nested lists of them
    """

    def __init__(
        self,
        layer: Layer,
        arguments: dict[str, Any],
        training: bool | None,
        shapes: Any,
        dtype: str,
    ) -> None:
        self.layer, self.arguments, self.training = layer, arguments, training
        self.inputs = [value for value in leaves(arguments) if isinstance(value, Placeholder)]
        count = 0

        def made(shape: Shape) -> Placeholder:
            nonlocal count
            count += 1
            return Placeholder(shape, dtype, layer.name, self, count - 1)

        self.outputs: Any = map_shapes(made, shapes)

    def given(self, value_of: Any) -> dict[str, Any]:
        """The arguments, with ``value_of(placeholder)`` for each placeholder."""
        return {
            name: mapped(lambda v: value_of(v) if isinstance(v, Placeholder) else v, value)
            for name, value in self.arguments.items()
        }

    def __repr__(self) -> str:
        return f"<Node of {self.layer.name}, inputs={[p.name for p in self.inputs]}>"


def map_shapes(function: Callable[[Shape], Any], nested: Any) -> Any:
    """A function of every shape (a tuple) in nested lists and dictionaries, in the same form."""
    if isinstance(nested, dict):
        found = {key: map_shapes(function, nested[key]) for key in sorted(nested, key=str)}
        return {key: found[key] for key in nested}
    if isinstance(nested, list):
        return [map_shapes(function, one) for one in nested]
    return function(nested)


def add_shapes(nodes: Iterable[Node], known: dict[int, Shape]) -> None:
    """Add the shapes of what nodes give, if what they get has other shapes than its placeholders.

    Parameters
    ----------
    nodes : iterable of Node
        In an order in which they can run.
    known : dict of int to tuple
        Shapes by the ids of placeholders. One that is not there has the placeholder's own.
    """

    def shape_of(placeholder: Placeholder) -> Shape:
        return known.get(id(placeholder), placeholder.shape)

    def stand_in(placeholder: Placeholder) -> Placeholder:
        node = placeholder.node
        if placeholder.shape == () and node is not None and node.layer.fuses:
            # Sizes of arrays: what they are depends on where they come from.
            shapes = mapped(lambda p: p.shape, node.outputs)
            again = Node(node.layer, node.given(stand_in), None, shapes, placeholder.dtype)
            found: Placeholder = leaves(again.outputs)[placeholder.index]
            return found
        return Placeholder(shape_of(placeholder), placeholder.dtype, placeholder.name)

    for node in nodes:
        outputs = leaves(node.outputs)
        found = [p.shape for p in outputs]
        if any(shape_of(p) != p.shape for p in node.inputs):
            given = node.given(stand_in)
            found.clear()
            map_shapes(found.append, node.layer.shapes_of_outputs(given))
        known |= {id(p): shape for p, shape in zip(outputs, found, strict=True)}


def topological(wanted: Iterable[Placeholder], known: Iterable[Placeholder]) -> list[Node]:
    """The nodes that lead from known placeholders to wanted ones, in an order in which they run.

    Parameters
    ----------
    wanted : iterable of Placeholder
    known : iterable of Placeholder
        Where to stop: what leads to these isn't looked at.
    """
    stop = {id(placeholder) for placeholder in known}
    done: set[int] = set()
    order: list[Node] = []
    waiting = [(p.node, False) for p in reversed(list(wanted)) if id(p) not in stop]
    while waiting:  # Not recursive: a network may have thousands of layers.
        node, ready = waiting.pop()
        if node is None or id(node) in done:
            continue
        if ready:
            done.add(id(node))
            order.append(node)
            continue
        waiting.append((node, True))
        waiting += [(p.node, False) for p in reversed(node.inputs) if id(p) not in stop]
    return order
