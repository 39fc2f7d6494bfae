"""What makes variables of variables: ``Op``, the base class of all operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nnkit.symbolic.graph import Apply, Variable
from nnkit.symbolic.tensor.variable import as_tensor

__all__ = ["Gradients", "Op", "Variables"]

#: Variables, of any type, in the signatures of operations.
Variables = Sequence[Any]
#: A variable for each input, or None.
Gradients = Sequence[Any]


class Op:
    """An operation on variables; what it computes, and its gradient.

    Two operations are equal if they are of one class and have equal ``props``: the same operation
    on the same inputs is done once. A frozen dataclass needs no ``props``: they are its fields.

    Attributes
    ----------
    props : tuple of str
        Names of the attributes that make one operation different from another of its class.
    """

    props: ClassVar[tuple[str, ...]] = ()

    def types(self, *inputs: Variable) -> Sequence[Any]:
        """Types of the outputs for these inputs.

        Raises
        ------
        TypeError, ValueError
            The inputs don't fit; the message names the variable.
        """
        raise TypeError(f"{type(self).__name__} must define types(self, *inputs)")

    def perform(self, *arrays: np.ndarray) -> Any:
        """The output for arrays, or a tuple of outputs."""
        raise TypeError(f"{type(self).__name__} must define perform(self, *arrays)")

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Gradients of a cost by the inputs, from those by the outputs; None where there is none.

        A gradient has the shape of its input. ``cotangents`` are never None.
        """
        raise TypeError(f"{self} has no gradient")

    def vector_length(self, *inputs: Any) -> int | None:
        """How many elements the output has, a vector, if that follows from the inputs' types."""
        return None

    def __call__(self, *inputs: Any, name: str | None = None) -> Any:
        """Apply it; gives the output, or a list of them."""
        outputs = self.applied(*inputs)
        if name is not None:
            outputs[0].name = name
        return outputs[0] if len(outputs) == 1 else outputs

    def applied(self, *inputs: Any) -> list[Any]:
        """Apply it; gives a list of the outputs, also if there is only one."""
        variables = [as_tensor(x) for x in inputs]
        return Apply(self, variables, self.types(*variables)).outputs

    def _properties(self) -> dict[str, Any]:
        names = getattr(self, "__dataclass_fields__", self.props)
        return {name: getattr(self, name) for name in names}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._properties() == self._properties()

    def __hash__(self) -> int:
        return hash((type(self), *self._properties().values()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._properties().items())
        return f"{type(self).__name__}{{{values}}}" if values else type(self).__name__
