"""Layers, losses and metrics from an expression: the function is traced once, then differentiated.

What a function of symbolic variables says is a graph. It is compiled to a function of arrays, and
so are the gradients that follow from it; both come from the cache when they are asked for again.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.engine.device import current_tape
from nnkit.engine.variable import Variable as Weight
from nnkit.symbolic import tensor
from nnkit.symbolic.config import config
from nnkit.symbolic.gradient import grad
from nnkit.symbolic.graph import Variable
from nnkit.symbolic.rewrite import rewrite
from nnkit.symbolic.run import Evaluator
from nnkit.symbolic.tensor.variable import TensorType

if TYPE_CHECKING:
    from nnkit.layers.base import Layer, Shape
    from nnkit.losses import Loss
    from nnkit.metrics import Metric
    from nnkit.regularizers import Regularizer
    from nnkit.symbolic.launches import Passes

__all__ = ["Differentiable", "LayerExpression", "RowFunction", "takes"]


class Differentiable:
    """A function of symbolic variables as a function of arrays that knows its gradient.

    Parameters
    ----------
    name : str
        Whose function it is, for error messages.
    build : callable
        ``build(*variables)`` returns an expression of them.
    types : sequence of TensorType
        Of the variables.
    dtype : str
        Of the result, and of numbers in ``build`` that have no type.
    wanted : sequence of int
        The inputs whose gradients may be asked for.
    """

    def __init__(
        self,
        name: str,
        build: Callable[..., Any],
        types: Sequence[TensorType],
        dtype: str,
        wanted: Sequence[int],
    ) -> None:
        self.inputs = [type() for type in types]
        with _floats(dtype):
            try:
                output = build(*self.inputs)
            except Exception as error:
                error.add_note(
                    f"This was in {name!r}, which gets expressions without values: use nnkit.ops "
                    "instead of NumPy's functions, and ops.where instead of if."
                )
                raise
            if not isinstance(output, Variable):
                raise TypeError(
                    f"{name!r} must return an expression of what it gets, made with nnkit.ops, "
                    f"got {output!r}"
                )
            self.output: Any = tensor.cast(output, dtype)
        self.dtype, self.wanted = dtype, tuple(wanted)
        self._evaluators: dict[tuple[int, ...] | None, Evaluator] = {}
        self._passes: dict[tuple[tuple[int, ...], ...], Passes | None] = {}

    def forward(
        self, owner: Layer | Loss | Metric | Regularizer, arrays: Sequence[np.ndarray], keep: bool
    ) -> np.ndarray:
        """The value for arrays.

        Parameters
        ----------
        owner : Layer, Loss, Metric or Regularizer
            Whose step it is. What :meth:`backward` takes from here is kept on it.
        arrays : sequence of numpy.ndarray
        keep : bool
            Whether there will be a backward pass.
        """
        passes = self._passes_for(owner, arrays)
        if passes is None:
            return self._evaluator(None).run(arrays)[0]
        value, *kept = passes.forward(arrays, keep)
        vars(owner).update({f"_kept_{i}": array for i, array in enumerate(kept)})
        return value

    def backward(
        self,
        owner: Layer | Loss | Metric | Regularizer,
        arrays: Sequence[np.ndarray],
        dy: np.ndarray,
        into: Mapping[int, np.ndarray | None],
    ) -> list[np.ndarray]:
        """Gradients by some inputs, given that by the value.

        Parameters
        ----------
        owner : Layer, Loss, Metric or Regularizer
        arrays : sequence of numpy.ndarray
            What :meth:`forward` got.
        dy : numpy.ndarray
        into : dict of int to numpy.ndarray or None
            For each input that is asked for, where its gradient goes; None: to new memory.
        """
        passes = self._passes_for(owner, arrays)
        if passes is not None:
            kept = [vars(owner)[f"_kept_{i}"] for i in range(len(passes.keeps))]
            return passes.backward(arrays, kept, dy, into)
        dy = np.asarray(dy, self.dtype, order="C")
        found = self._evaluator(tuple(into)).run([*arrays, dy])
        for gradient, target in zip(found, into.values(), strict=True):
            if target is not None:
                target[...] = gradient
        return found

    def _passes_for(
        self, owner: Layer | Loss | Metric | Regularizer, arrays: Sequence[np.ndarray]
    ) -> Passes | None:
        """Kernels to be recorded; None if nobody records, or an operation has no kernel.

        In that case the owner's work is a Python stop from now on.
        """
        if current_tape() is None or not owner.recordable:
            return None
        shapes = tuple([array.shape for array in arrays])
        if shapes not in self._passes:
            # With it comes the compiler.
            from nnkit.symbolic.launches import Passes, UnsuitableError

            inputs, output, cotangent, gradients = self._graph
            try:
                self._passes[shapes] = Passes(inputs, output, cotangent, gradients, shapes)
            except UnsuitableError:
                self._passes[shapes] = None
        if self._passes[shapes] is None:
            vars(owner)["recordable"] = False
        return self._passes[shapes]

    @functools.cached_property
    def _graph(self) -> tuple[list[Any], Any, Any, dict[int, Any]]:
        """Inputs, value, the gradient by it, and the gradients that follow."""
        cotangent = self.output.type()
        with _floats(self.dtype):
            gradients = grad(
                None,
                [self.inputs[i] for i in self.wanted],
                disconnected_inputs="ignore",
                known_grads={self.output: cotangent},
            )
            output, *gradients = rewrite([self.output, *gradients], "FAST_RUN")
        return self.inputs, output, cotangent, dict(zip(self.wanted, gradients, strict=True))

    def _evaluator(self, wanted: tuple[int, ...] | None) -> Evaluator:
        """What evaluates some gradients, or the value."""
        if wanted not in self._evaluators:
            inputs, output, cotangent, gradients = self._graph
            if wanted is None:
                made = Evaluator(inputs, [output], [], 1)
            else:
                outputs = [gradients[i] for i in wanted]
                made = Evaluator([*inputs, cotangent], outputs, [], len(outputs))
            self._evaluators[wanted] = made
        return self._evaluators[wanted]

    def sizes(self, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """Shape of the value for inputs of some shapes."""
        with _floats(self.dtype):
            outputs = rewrite([self.output.shape], "FAST_RUN")
        evaluator = Evaluator(self.inputs, outputs, [], 1)
        pairs = zip(shapes, self.inputs, strict=True)
        found = evaluator.run([np.zeros(shape, v.type.dtype) for shape, v in pairs])
        return tuple(found[0].tolist())


class LayerExpression:
    """What the ``call`` of a layer says, for one shape of samples.

    Parameters
    ----------
    layer : Layer
        Built.
    training : bool
        What ``call`` is told.
    shape : tuple
        Of the input, the batch axis first.
    """

    def __init__(self, layer: Layer, training: bool, shape: Shape) -> None:
        axes = [False, *(size == 1 for size in shape[1:])]
        types = [TensorType(layer.dtype, axes)]
        types += [TensorType(v.dtype, [size == 1 for size in v.shape]) for v in layer.variables]

        def build(x: Any, *weights: Any) -> Any:
            twin = _twin(layer, weights)
            told = {"training": training} if takes(twin.call, "training") else {}
            return twin.call(x, **told)

        wanted = [0, *(i + 1 for i, v in enumerate(layer.variables) if v.trainable)]
        self._derived = Differentiable(layer.name, build, types, layer.dtype, wanted)

    def forward(self, layer: Layer, x: np.ndarray, training: bool) -> np.ndarray:
        """The output for a batch."""
        return self._derived.forward(layer, [x, *_values(layer)], training)

    def backward(self, layer: Layer, x: np.ndarray, dy: np.ndarray) -> np.ndarray | None:
        """The gradient of the input if anyone needs it; those of the weights are written."""
        trained = set(layer.trainable_weights)
        into: dict[int, np.ndarray | None] = {
            i + 1: v.gradient for i, v in enumerate(layer.variables) if v in trained
        }
        if layer.propagate:
            into[0] = None
        found = self._derived.backward(layer, [x, *_values(layer)], dy, into)
        return found[-1] if layer.propagate else None

    def output_shape(self, layer: Layer, shape: Shape) -> Shape:
        """Sizes that are the same whatever the unknown ones are; None for the others."""
        weights = [v.shape for v in layer.variables]
        small, large = (
            self._derived.sizes([tuple(unknown if n is None else n for n in shape), *weights])
            for unknown in (2, 3)
        )
        fixed = tuple(a if a == b else None for a, b in zip(small, large, strict=True))
        return (None, *fixed[1:])


class RowFunction:
    """A function of targets and predictions: a value for every row of the predictions.

    Parameters
    ----------
    name : str
        Of the loss or metric.
    function : callable
        ``function(y_true, y_pred)``; see :class:`nnkit.losses.FunctionLoss`.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self.function = name, function
        self._derived: dict[TensorType, Differentiable] = {}

    def forward(self, owner: Loss | Metric, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The values, (rows,)."""
        arrays = [y_true.reshape(y_pred.shape), y_pred]
        return self._for(y_pred).forward(owner, arrays, hasattr(owner, "backward"))

    def backward(
        self, owner: Loss, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        """The gradient of the weighted sum of the values with respect to ``y_pred``."""
        arrays = [y_true.reshape(y_pred.shape), y_pred]
        return self._for(y_pred).backward(owner, arrays, weights, {1: None})[0]

    def _for(self, y_pred: np.ndarray) -> Differentiable:
        axes = [False, *(size == 1 for size in y_pred.shape[1:])]
        kind = TensorType(str(y_pred.dtype), axes)
        if kind not in self._derived:
            self._derived[kind] = Differentiable(
                self.name, self._values, [kind, kind], kind.dtype, [1]
            )
        return self._derived[kind]

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        """What the function returns, as one value for every row."""
        values, axes = self.function(y_true, y_pred), y_pred.ndim
        if not isinstance(values, Variable) or values.type.ndim not in (0, axes - 1, axes):
            got = f"{values.type.ndim} axes" if isinstance(values, Variable) else repr(values)
            raise ValueError(
                f"{self.name}: the function must return an expression with a value for each row "
                f"({axes - 1} axes), each element ({axes}) or all (0), got {got}"
            )
        values = tensor.cast(values, y_pred.dtype)
        if values.type.ndim == axes:
            values = tensor.mean(values, axis=-1)
        elif values.type.ndim == 0:
            values = tensor.sum(tensor.zeros_like(y_pred), axis=-1) + values
        return tensor.flatten(values, 1)


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function has a parameter of that name."""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # Not every function of C's says what it takes.
        return False


def _twin(layer: Layer, weights: Sequence[Variable]) -> Any:
    """The layer with symbolic variables in place of its weights, so that ``call`` can use them."""
    by = {id(v): symbol for v, symbol in zip(layer.variables, weights, strict=True)}
    twin = object.__new__(type(layer))

    def replaced(value: Any) -> Any:
        if isinstance(value, Weight):
            return by.get(id(value), value)
        if type(value) in (list, tuple):
            return type(value)(replaced(v) for v in value)
        if type(value) is dict:
            return {k: replaced(v) for k, v in value.items()}
        return value

    twin.__dict__.update({name: replaced(value) for name, value in vars(layer).items()})
    return twin


def _values(layer: Layer) -> list[np.ndarray]:
    return [v.value for v in layer.variables]


@contextmanager
def _floats(dtype: str) -> Iterator[None]:
    """Numbers without a type are of this one."""
    before, config.floatX = config.floatX, dtype
    try:
        yield
    finally:
        config.floatX = before
