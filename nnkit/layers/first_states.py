"""FirstStates: what layers with ``initial_state`` take in a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.conversion import to_numpy
from nnkit.layers.base import Layer, Shape

__all__ = ["Arrays", "FirstStates", "as_list"]

Arrays = Any  # An array, or a list of arrays.


class FirstStates(Layer, abstract=True):
    """A layer that is called with ``layer(x, initial_state, mask, training)``, as in Keras.

    As in Keras 2, the states may also come in a list with x: ``layer([x, *states])``.
    """

    named_inputs = ("initial_state",)

    def state_sizes(self) -> list[int]:
        """The number of units of each state."""
        raise NotImplementedError

    @property
    def call_parameters(self) -> list[str]:
        """Names of what a call takes, the inputs first."""
        return ["x", "initial_state", "mask", "training"]

    def _bound(
        self, x: Any, more: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[dict[str, Any], bool | None]:
        """The arguments of a call by name, the states as a list; and training.

        Raises
        ------
        TypeError, ValueError
            An argument is unknown; states are given in both ways, or are not as many as the layer
            has, or not (batch, units) each.
        """
        arguments, training = super()._bound(x, more, named)
        x, states = arguments["x"], as_list(arguments.pop("initial_state", ()))
        # A list of matrices is an array, too: its rows.
        if isinstance(x, (list, tuple)) and x and len(getattr(x[0], "shape", ())) == 3:
            x, *others = x
            if states and others:
                raise ValueError(
                    f"layer {self.name!r}: the first states are given twice, in the list of inputs "
                    "and as initial_state"
                )
            states = others or states
        if not states:
            return arguments | {"x": x}, training
        states = [
            state if hasattr(state, "shape") else to_numpy(state, "initial_state")
            for state in states
        ]
        self._check_states(x.shape[0] if hasattr(x, "shape") else len(x), states)
        return arguments | {"x": x, "initial_state": states}, training

    def _check_states(self, batch: int | None, states: Sequence[Any]) -> None:
        expected = [(batch, units) for units in self.state_sizes()]
        shapes = [tuple(state.shape) for state in states]
        if len(shapes) != len(expected) or not all(map(_fits, shapes, expected)):
            raise ValueError(
                f"layer {self.name!r}: initial_state must be arrays of the shapes {expected}, got "
                f"{shapes}"
            )


def as_list(arrays: Any) -> list[Any]:
    """One array, or several, as a list."""
    return list(arrays) if isinstance(arrays, (list, tuple)) else [arrays]


def _fits(shape: Shape, expected: Shape) -> bool:
    """Whether two shapes are equal; sizes of None are equal to any."""
    return len(shape) == len(expected) and all(
        n == m or n is None or m is None for n, m in zip(shape, expected, strict=True)
    )
