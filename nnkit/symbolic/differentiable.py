"""Functions of expressions as functions of arrays: traced once, then differentiated.

What a function of symbolic variables says is a graph. It is compiled to a function of arrays, and
so are the gradients that follow from it; both come from the cache when they are asked for again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from nnkit.engine.dispatch import current_tape
from nnkit.symbolic.config import deriving, floats
from nnkit.symbolic.derive.grad import grad
from nnkit.symbolic.graph import FunctionGraph, Variable, ancestors
from nnkit.symbolic.rewriting.passes import rewrite
from nnkit.symbolic.run.evaluate import Evaluator
from nnkit.symbolic.run.passes import Passes, UnsuitableError
from nnkit.symbolic.tensor.math import cast
from nnkit.symbolic.tensor.variable import TensorType

__all__ = ["Differentiable", "Owner"]


class Owner(Protocol):
    """Whose step a function works in: a layer, loss, metric or regularizer.

    What the backward pass takes from the forward pass is kept on it.
    """

    @property
    def recordable(self) -> bool:
        """Whether its work may be recorded: launches of kernels, and nothing else."""


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
    result : str, optional
        Data type of the result, if it is not ``dtype``.
    """

    def __init__(
        self,
        name: str,
        build: Callable[..., Any],
        types: Sequence[TensorType],
        dtype: str,
        wanted: Sequence[int],
        result: str | None = None,
    ) -> None:
        self.inputs = [type() for type in types]
        with floats(dtype), deriving():
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
            self.output: Any = cast(output, result or dtype)
        # What belongs to nobody is one more input, whose value is read in every step.
        free: list[Any] = [v for v in ancestors([self.output]) if hasattr(v, "reads")]
        self._read = [v.reads for v in free]
        self.inputs += free
        self.dtype, self.wanted = dtype, tuple(wanted)
        self._evaluators: dict[tuple[int, ...] | None, Evaluator] = {}
        self._passes: dict[tuple[tuple[int, ...], ...], Passes | None] = {}

    def forward(self, owner: Owner, arrays: Sequence[np.ndarray], keep: bool) -> np.ndarray:
        """The value for arrays.

        Parameters
        ----------
        owner : Owner
        arrays : sequence of numpy.ndarray
        keep : bool
            Whether there will be a backward pass.
        """
        arrays = self._all(arrays)
        passes = self._passes_for(owner, arrays)
        if passes is None:
            return _plain(self._evaluator(None).run(arrays)[0])
        value, *kept = passes.forward(arrays, keep)
        vars(owner).update({f"_kept_{i}": array for i, array in enumerate(kept)})
        return value

    def backward(
        self,
        owner: Owner,
        arrays: Sequence[np.ndarray],
        dy: np.ndarray,
        into: Mapping[int, np.ndarray | None],
    ) -> list[np.ndarray]:
        """Gradients by some inputs, given that by the value.

        Parameters
        ----------
        owner : Owner
        arrays : sequence of numpy.ndarray
            What :meth:`forward` got.
        dy : numpy.ndarray
        into : dict of int to numpy.ndarray or None
            For each input that is asked for, where its gradient goes; None: to new memory.
        """
        arrays = self._all(arrays)
        passes = self._passes_for(owner, arrays)
        if passes is not None:
            kept = [vars(owner)[f"_kept_{i}"] for i in range(len(passes.keeps))]
            return passes.backward(arrays, kept, dy, into)
        dy = np.asarray(dy, self.dtype, order="C")
        found = [_plain(gradient) for gradient in self._evaluator(tuple(into)).run([*arrays, dy])]
        for gradient, target in zip(found, into.values(), strict=True):
            if target is not None:
                target[...] = gradient
        return found

    def _all(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [*arrays, *(variable.value for variable in self._read)]

    def _passes_for(self, owner: Owner, arrays: Sequence[np.ndarray]) -> Passes | None:
        """Kernels to be recorded; None if nobody records, or an operation has no kernel.

        In that case the owner's work is a Python stop from now on.
        """
        if current_tape() is None or not owner.recordable:
            return None
        shapes = tuple([array.shape for array in arrays])
        if shapes not in self._passes:
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
        with floats(self.dtype):
            gradients = grad(
                None,
                [self.inputs[i] for i in self.wanted],
                disconnected_inputs="ignore",
                known_grads={self.output: cotangent},
            )
            output, *found = rewrite([self.output, *gradients], "FAST_RUN")
            if any(
                v is cotangent for v in ancestors([output])
            ):  # Sizes of the value were found to be its own.
                (output,), found = (rewrite(v, "FAST_RUN") for v in ([self.output], gradients))
        return self.inputs, output, cotangent, dict(zip(self.wanted, found, strict=True))

    def _evaluator(self, wanted: tuple[int, ...] | None) -> Evaluator:
        """What evaluates some gradients, or the value."""
        if wanted not in self._evaluators:
            inputs, output, cotangent, gradients = self._graph
            if wanted is None:
                graph = FunctionGraph(inputs, [output])
            else:
                graph = FunctionGraph([*inputs, cotangent], [gradients[i] for i in wanted])
            self._evaluators[wanted] = Evaluator(graph)
        return self._evaluators[wanted]

    def sizes(self, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """Shape of the value for inputs of some shapes."""
        with floats(self.dtype):
            outputs = rewrite([self.output.shape], "FAST_RUN")
        evaluator = Evaluator(FunctionGraph(self.inputs, outputs))
        pairs = zip([*shapes, *(v.shape for v in self._read)], self.inputs, strict=True)
        found = evaluator.run([np.zeros(shape, v.type.dtype) for shape, v in pairs])
        return tuple(found[0].tolist())


def _plain(array: np.ndarray) -> np.ndarray:
    """C-contiguous, as kernels need it: what NumPy transposes is not."""
    return np.asarray(array, order="C")
