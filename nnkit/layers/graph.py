"""Uses of layers in an order in which they can run: forward, and backward in reverse.

Both run in Python, for one step; what they launch is recorded on the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.engine.dispatch import empty, launch, working
from nnkit.engine.variable import Storage, Variable
from nnkit.layers.nodes import Node, Placeholder
from nnkit.layers.outcomes import (
    backward_in_python,
    checked_gradients,
    checked_outputs,
    compute_mask,
    forward_in_python,
)
from nnkit.layers.shared import adding_up, shares_weights
from nnkit.nested import leaves, mapped
from nnkit.registry import lookup

if TYPE_CHECKING:
    from nnkit.layers.base import Layer, Shape
    from nnkit.losses.base import Loss

__all__ = ["Graph", "Use", "Value"]

Watch = Callable[["Layer", str, np.ndarray], None]
Mask = np.ndarray | None
Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Value:
    """An array of a step that is not computed yet.

    Attributes
    ----------
    index : int
        Its number in the graph.
    shape : tuple
        The batch axis first, None.
    dtype : str
    """

    index: int
    shape: Shape
    dtype: str


class Use:
    """One use of a layer in a step.

    Parameters
    ----------
    part : Layer
        An object of its own: layers keep on themselves what ``backward`` needs.
    arguments : dict
        By name, with a :class:`Value` for each array: ``x``, and perhaps ``mask`` and others.
    training : bool
    outputs : Value, list of Value or None
        None for what is only added to the loss.
    """

    def __init__(
        self, part: Layer, arguments: dict[str, Any], training: bool, outputs: Any
    ) -> None:
        arguments = dict(arguments)
        self.part, self.training, self.outputs = part, training, outputs
        self.x, self.mask = arguments.pop("x"), arguments.pop("mask", None)
        self.named = arguments
        self.inputs: list[int] = [v.index for v in leaves(self.x)]
        for name in part.named_inputs:
            self.inputs += [v.index for v in leaves(arguments.get(name)) if isinstance(v, Value)]
        self.results = [] if outputs is None else [v.index for v in leaves(outputs)]
        self.several = isinstance(outputs, list)
        self.alone = isinstance(self.x, Value) and len(self.inputs) == 1
        self.adds_loss = any(layer.adds_loss for layer in part.walk())


class Graph:
    """Layers, and which of their results goes where. It is made once, and runs in every step.

    Parameters
    ----------
    training : bool
        Whether layers such as Dropout do what they do in training.

    Attributes
    ----------
    uses : list of Use
        In an order in which they can run.
    inputs, outputs : list of Value
    absorbed : list of bool
        For each output, whether a loss does the work of one more activation, which is left out.
    watch : callable or None
        ``watch(part, what, array)`` sees every result (to look for NaN).
    draws : bool
        Whether random numbers are drawn.
    masks : list
        After :meth:`forward`, the mask of each output: bool (batch, steps), or None.
    """

    def __init__(self, training: bool) -> None:
        self.training = training
        self.uses: list[Use] = []
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        self.absorbed: list[bool] = []
        self.watch: Watch | None = None
        self.masks: list[Mask] = []
        self._count = 0
        self._masked: set[int] = set()
        self._deciders: dict[int, tuple[Layer, Any, int]] = {}
        self._used: set[Layer] = set()
        self._times: Counter[Any] = Counter()
        self._moves = -1
        self.draws = False

    # -------------------------------------------------------------------------------- making one

    @classmethod
    def of(
        cls,
        layer: Layer,
        shapes: Any,
        training: bool,
        named: dict[str, Any] | None = None,
        masked: Sequence[Mask] = (),
        fresh: bool = False,
    ) -> Graph:
        """The graph of one layer, and of all that is in it.

        Parameters
        ----------
        layer : Layer
            Built.
        shapes : tuple or list of tuple
            Of its input, or inputs.
        training : bool
        named : dict, optional
            Shapes of further inputs by name; and options, which are handed on.
        masked : sequence of numpy.ndarray or None
            The inputs' masks.
        fresh : bool
            Whether all layers get objects of their own, as the layer is used elsewhere, too.
        """
        graph = cls(training)
        if fresh:
            graph._used.update(layer.walk())
        x = _of_shapes(graph, shapes, layer.input_dtype)
        others = {n: _of_shapes(graph, given, layer.dtype) for n, given in (named or {}).items()}
        for value, mask in zip(graph.inputs, masked, strict=False):
            graph.may_be_masked(value, mask is not None)
        graph.finish(layer.unfold(graph, {"x": x, **others}, training))
        return graph

    @classmethod
    def line(cls, parts: Sequence[Layer], shape: Shape, training: bool) -> Graph:
        """The graph of parts that follow each other."""
        graph = cls(training)
        dtype = parts[0].input_dtype if parts else None
        value = graph.input(shape, dtype or "float32")
        for part in parts:
            value = part.added_to(graph, {"x": value}, training)
        graph.finish(value)
        return graph

    def input(self, shape: Shape, dtype: str) -> Value:
        """One more input."""
        self.inputs.append(self._value((None, *shape[1:]), dtype))
        return self.inputs[-1]

    def _value(self, shape: Shape, dtype: str) -> Value:
        self._count += 1
        return Value(self._count - 1, tuple(shape), dtype)

    def use(self, part: Layer, arguments: dict[str, Any], training: bool) -> Any:
        """One more use of a layer, without its activation: the values that it gives."""
        again = self._used.intersection(part.inside())
        self._used.update(part.inside())
        times = self._times[part.drawn_as]
        self._times[part.drawn_as] += 1
        part = part.another_use() if again else part
        if times:  # Each use draws other numbers.
            for inner in part.inside():
                inner.draw_apart(times)
        if part.input_dtype is not None:
            cast = partial(self._cast, dtype=part.input_dtype, training=training)
            arguments = arguments | {"x": mapped(cast, arguments["x"])}
        options = {n: arguments[n] for n in part.call_options if n in arguments}
        shapes = part.compute_output_shape(mapped(_shape, arguments["x"]), **options)
        several = isinstance(shapes, list)
        made = [self._value(shape, part.dtype) for shape in (shapes if several else [shapes])]
        outputs = None if part.only_adds_loss else made if several else made[0]
        self.uses.append(Use(part, arguments, training, outputs))
        reads = [v.index for v in leaves(arguments["x"])]
        if part.makes_mask or (
            (part.supports_masking or part.decides_mask) and self._masked.intersection(reads)
        ):
            self._masked.update(value.index for value in made)
        return outputs

    def let_decide(self, layer: Layer, x: Any, outputs: Any) -> None:
        """Have a layer that is made of others say the masks of its outputs, where those say none.

        Parameters
        ----------
        layer : Layer
        x, outputs : Value, or nested lists of them
            Its inputs and outputs.
        """
        if not (layer.supports_masking or layer.decides_mask):
            return
        inputs = {value.index for value in leaves(x)}
        for i, value in enumerate(leaves(outputs)):
            if value.index not in inputs:
                self._deciders[value.index] = layer, x, i
                if inputs & self._masked:
                    self._masked.add(value.index)

    def may_be_masked(self, value: Value, masked: bool) -> None:
        """Say that an input comes with a mask."""
        if masked:
            self._masked.add(value.index)

    def mask_of(self, value: Value, training: bool) -> Value | None:
        """The mask of a value as one more value; None if it surely has none."""
        if value.index not in self._masked:
            return None
        make: Any = lookup("layer", "MaskOf")
        mask: Value = self.use(make(), {"x": value}, training)
        return replace(mask, dtype="bool")

    def add_losses(self, values: Sequence[Value], training: bool) -> None:
        """Add values to the loss, the sum of each."""
        for value in values:
            make: Any = lookup("layer", "AddedLoss")
            self.use(make(dtype=value.dtype), {"x": value}, training)

    def _cast(self, value: Value, dtype: str, training: bool) -> Value:
        """A value in another data type."""
        if value.dtype == dtype:
            return value
        cast: Any = lookup("layer", "Cast")
        made: Value = self.use(cast(dtype=dtype), {"x": value}, training)
        return made

    def follow(
        self,
        nodes: Iterable[Node],
        values: dict[int, Any],
        wanted: Any,
        training: bool,
        owner: str | None = None,
    ) -> Any:
        """The values of placeholders, by adding the nodes that lead to them.

        Parameters
        ----------
        nodes : iterable of Node
            In an order in which they can run.
        values : dict of int to Value
            By the id of a placeholder: those that are known; the others are added.
        wanted : Placeholder, or nested lists of them
        training : bool
            For nodes that don't say it themselves.
        owner : str, optional
            The layer whose ``call`` made the nodes: errors in expressions name it.
        """

        def value_of(placeholder: Placeholder) -> Value:
            if id(placeholder) not in values:
                values[id(placeholder)] = _expression(self, placeholder, values, training, owner)
            found: Value = values[id(placeholder)]
            return found

        for node in nodes:
            if node.layer.fuses or all(id(p) in values for p in leaves(node.outputs)):
                continue
            told = training if node.training is None else node.training
            outputs = node.layer.unfold(self, node.given(value_of), told)
            if outputs is not None:
                pairs = zip(leaves(node.outputs), leaves(outputs), strict=True)
                values.update({id(placeholder): value for placeholder, value in pairs})
        return mapped(value_of, wanted)

    def finish(self, outputs: Any) -> None:
        """Say which values are the outputs; no use is added from now on."""
        self.outputs = leaves(outputs)
        self.absorbed = [False] * len(self.outputs)
        self.shares = shares_weights([use.part for use in self.uses])
        drawing = [
            (use, part)
            for use in self.uses
            for part in use.part.inside()
            if hasattr(part, "counter")
        ]
        self._drawing: list[Any] = [part for _, part in drawing]
        self.draws = any(use.training or part.draws_always for use, part in drawing)

    def absorb(self, number: int, loss: Loss) -> None:
        """Leave out the last activation (softmax, sigmoid) before an output, if a loss absorbs it.

        Parameters
        ----------
        number : int
            Which output.
        loss : Loss
        """
        index, rank = self.outputs[number].index, len(self.outputs[number].shape)
        last = next((use for use in self.uses if index in use.results), None)
        read = [i for use in self.uses for i in use.inputs] + [v.index for v in self.outputs]
        if last is None or not last.alone or read.count(index) > 1:
            return
        if loss.absorbs(last.part, rank):
            self.uses.remove(last)
            self.outputs[number], self.absorbed[number] = last.x, True

    # ---------------------------------------------------------------------------------- running

    def draw_by(self, counter: np.ndarray) -> None:
        """Have what draws random numbers draw by the number of the step, int64 (1,)."""
        for part in self._drawing:
            part.counter = counter

    def draw_anew(self) -> None:
        """Have it draw other numbers than before, where nobody counts steps."""
        for part in self._drawing:
            part.counter = part.counter + 1

    def forward(self, inputs: Sequence[np.ndarray], masks: Sequence[Mask] = ()) -> Arrays:
        """The outputs for a batch."""
        values: list[Any] = [None] * self._count
        marks: list[Any] = [None] * self._count
        for value, array in zip(self.inputs, inputs, strict=True):
            values[value.index] = array
        for value, mask in zip(self.inputs, masks, strict=False):
            marks[value.index] = mask

        def found(given: Any) -> Any:
            return values[given.index] if isinstance(given, Value) else given

        for use in self.uses:
            part, x = use.part, mapped(found, use.x)
            if use.mask is None:
                mask = mapped(lambda value: marks[value.index], use.x)
            else:
                mask = mapped(found, use.mask)
            given = {name: mapped(found, value) for name, value in use.named.items()}
            if part.uses_mask:
                given["mask"] = mask
            y = None
            if part.recordable:
                with working(part) as work:
                    y = work.made(part.forward(x, use.training, **given))
            if y is None:
                y = forward_in_python(use, x, given)
            elif use.outputs is not None:
                y = checked_outputs(use, x, y)
            if use.outputs is not None:
                for index, array in zip(use.results, leaves(y), strict=True):
                    values[index] = array
                    if self.watch is not None:
                        self.watch(part, "output", array)
                if part.decides_mask or any(m is not None for m in leaves(mask)):
                    made = leaves(compute_mask(part, x, mask))
                    for index, one in zip(use.results, made, strict=False):
                        marks[index] = one
                for index in self._deciders.keys() & use.results if self._deciders else ():
                    layer, given, i = self._deciders[index]
                    if marks[index] is None:
                        masks_of = mapped(lambda value: marks[value.index], given)
                        decided = compute_mask(layer, mapped(found, given), masks_of)
                        marks[index] = decided[i] if isinstance(decided, list) else decided
        self._values = values
        self.masks = [marks[value.index] for value in self.outputs]
        return [values[value.index] for value in self.outputs]

    def backward(self, dys: Sequence[Any], propagate: bool = False) -> list[Any]:
        """All gradients, down to the first layers that have weights to train.

        Parameters
        ----------
        dys : sequence of numpy.ndarray or None
            The gradients of the outputs; None where there is none.
        propagate : bool
            Whether to go on to the gradients of the inputs.

        Returns
        -------
        list of numpy.ndarray or None
            The gradients of the inputs; None where nobody needs it, or where there is none.
        """
        if self._moves != Storage.moves:
            self._find_trained()
        needed = self._needed | ({value.index for value in self.inputs} if propagate else set())
        gradients: dict[int, np.ndarray] = {}
        sums: set[int] = set()
        written: set[Variable] = set()

        def add(index: int, gradient: np.ndarray) -> None:
            if index not in gradients:
                gradients[index] = gradient
            elif index in sums:
                launch.add_to(gradient, gradients[index])
            else:
                total = empty(gradient.shape, gradient.dtype)
                launch.add(gradients[index], gradient, total)
                gradients[index] = total
                sums.add(index)

        for value, dy in zip(self.outputs, dys, strict=True):
            if dy is not None:
                add(value.index, dy)
        for use in reversed(self.uses):
            part = use.part
            reached = use.adds_loss or any(i in gradients for i in use.results)
            part.propagate = propagate or any(i in needed for i in use.inputs)
            if not reached or not (part.propagate or part.trainable_weights):
                continue
            dy = self._gradient_of(use, gradients)
            dx = None
            with adding_up(part, written) if self.shares else nullcontext():
                if part.recordable:
                    with working(part) as work:
                        dx = work.made(part.backward(dy))
                if dx is None and (part.propagate or not part.recordable):
                    dx = backward_in_python(use, dy, self._values)
                elif dx is not None:
                    dx = checked_gradients(use, dx, self._values)
            written.update(part.trainable_weights)
            if self.watch is not None:
                _show_gradients(self.watch, part, dx)
            if part.propagate and dx is not None:
                for index, gradient in zip(use.inputs, leaves(dx), strict=True):
                    if gradient is not None and (propagate or index in needed):
                        add(index, gradient)
        for variable in self._trained:
            if variable not in written:  # No loss depends on it in this step.
                launch.fill(0.0, variable.gradient)
                variable.use_every_row()
        self._values = []
        return [gradients.get(value.index) if propagate else None for value in self.inputs]

    def _gradient_of(self, use: Use, gradients: dict[int, np.ndarray]) -> Any:
        """The gradient of what a use gave, zeros where nobody used it."""
        if use.outputs is None:
            return None
        found = []
        for index in use.results:
            if index not in gradients:
                array = self._values[index]
                gradients[index] = empty(array.shape, array.dtype)
                launch.fill(0.0, gradients[index])
            found.append(gradients[index])
        return found if use.several else found[0]

    def _find_trained(self) -> None:
        """Find which values depend on weights to train, which changes when one is frozen."""
        needed: set[int] = set()
        for use in self.uses:
            if use.part.trainable_weights or any(i in needed for i in use.inputs):
                needed.update(use.results)
        self._needed, self._moves = needed, Storage.moves
        self._trained = self.trainable_weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that an optimizer updates, each once."""
        return list(dict.fromkeys(v for use in self.uses for v in use.part.trainable_weights))

    def penalties(self) -> Iterator[np.ndarray]:
        """What layers add to the loss, after :meth:`forward`: float64 (1,) each."""
        for use in self.uses:
            yield from use.part.penalties()


def _shape(value: Value) -> Shape:
    return value.shape


def _of_shapes(graph: Graph, nested: Any, dtype: Any) -> Any:
    """An input for each shape: a tuple of sizes, or a list of shapes; other options stay."""
    if isinstance(nested, tuple):
        return graph.input(nested, dtype)
    return [_of_shapes(graph, one, dtype) for one in nested] if isinstance(nested, list) else nested


def _expression(
    graph: Graph,
    placeholder: Placeholder,
    values: dict[int, Any],
    training: bool,
    owner: str | None,
) -> Value:
    """The value of a placeholder that operators or functions of :mod:`nnkit.ops` gave."""
    node = placeholder.node
    if node is None and placeholder.variable is None:
        raise ValueError(f"{placeholder!r} does not come from the inputs of the network")
    make: Any = lookup("layer", "Operation")
    value: Value = make.fused(graph, placeholder, values, training, owner)
    return value


def _show_gradients(watch: Watch, part: Layer, dx: Any) -> None:
    for variable in part.trainable_weights:
        watch(part, f"gradient of {variable.name!r}", variable.gradient)
    for gradient in leaves(dx):
        if gradient is not None:
            watch(part, "gradient of the input", gradient)
