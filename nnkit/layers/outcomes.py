"""Outcomes: what a use of a layer gives in a step, checked; or made by Python in its midst."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import current_tape
from nnkit.engine.stops import in_python
from nnkit.nested import leaves, mapped

if TYPE_CHECKING:
    from nnkit.layers.base import Layer
    from nnkit.layers.graph import Use

__all__ = [
    "backward_in_python",
    "checked_gradients",
    "checked_outputs",
    "compute_mask",
    "forward_in_python",
]


def checked_outputs(use: Use, x: Any, given: Any) -> Any:
    """What ``forward`` returned, if it is as the layer says: the next one's kernels rely on it."""
    part = use.part
    values = use.outputs if use.several else [use.outputs]
    if use.several and (not isinstance(given, (list, tuple)) or len(given) != len(values)):
        raise ValueError(
            f"layer {part.name!r}: forward must return a list of {len(values)} arrays, as "
            f"compute_output_shape says, but returned {_said(given)}"
        )
    made = given if use.several else [given]
    arrays = [to_numpy(a, f"layer {part.name!r}: what forward returned") for a in made]
    for array, value in zip(arrays, values, strict=True):
        if part.trusted:
            continue
        expected = (len(leaves(x)[0]), *value.shape[1:])
        if array.shape != expected:
            shapes = mapped(np.shape, x)
            raise ValueError(
                f"layer {part.name!r}: forward returned shape {array.shape} for an input of shape "
                f"{shapes}, but compute_output_shape says {expected}"
            )
    return arrays if use.several else arrays[0]


def checked_gradients(use: Use, given: Any, values: Sequence[Any]) -> Any:
    """What ``backward`` returned, if it is the gradient of the inputs."""
    name, shapes = use.part.name, [values[i].shape for i in use.inputs]
    if use.alone:
        shape = shapes[0]
        what = f"layer {name!r}: backward must return the gradient of its input, of shape {shape}"
        if given is None:
            raise ValueError(f"{what}, but returned None")
        gradient = to_numpy(given, f"layer {name!r}: what backward returned")
        if gradient.shape != shape:
            raise ValueError(f"{what}, but returned shape {gradient.shape}")
        return gradient
    what = f"layer {name!r}: backward must return a list of gradients, of shapes {shapes}"
    if not isinstance(given, (list, tuple)) or len(given) != len(shapes):
        raise ValueError(f"{what}, but returned {_said(given)}")
    found = [
        None if g is None else to_numpy(g, f"layer {name!r}: what backward returned") for g in given
    ]
    if any(g is not None and g.shape != s for g, s in zip(found, shapes, strict=True)):
        raise ValueError(f"{what}, but returned {_said(found)}")
    return found


def _said(given: Any) -> str:
    if isinstance(given, (list, tuple)):
        return f"shapes {[getattr(g, 'shape', g) for g in given]}"
    return f"shape {given.shape}" if hasattr(given, "shape") else repr(given)


# -------------------------------------------------------------- layers that no record can repeat


def forward_in_python(use: Use, x: Any, given: dict[str, Any]) -> Any:
    """The output of a layer whose ``forward`` is not launches alone: recorded as a stop."""
    part, training = use.part, use.training
    form, arrays = _without_arrays((x, given))

    def checked(*arrays: np.ndarray) -> Any:
        x, given = _with_arrays(form, arrays)
        made = part.forward(x, training, **given)
        return made if use.outputs is None else checked_outputs(use, x, made)

    weights = tuple(v.value for v in part.variables)
    states = tuple(v.value for v in part.variables if not v.trainable) if training else ()
    states += tuple(part.states)
    return in_python(part.name, checked, arrays, part.dtype, reads=weights, updates=states)


class _Array:
    """Where an array was."""


def _without_arrays(nested: Any) -> tuple[Any, tuple[np.ndarray, ...]]:
    """Nested lists and the arrays in them, apart: a recorded stop outlives the arrays."""
    arrays = tuple(a for a in leaves(nested) if isinstance(a, np.ndarray))
    return mapped(lambda a: _Array if isinstance(a, np.ndarray) else a, nested), arrays


def _with_arrays(form: Any, arrays: Sequence[np.ndarray]) -> Any:
    left = iter(arrays)
    return mapped(lambda a: next(left) if a is _Array else a, form)


def backward_in_python(use: Use, dy: Any, values: Sequence[Any]) -> Any:
    """The gradients of such a layer's inputs; ``values`` are all arrays of the step."""
    part = use.part
    inputs = tuple(values[i] for i in use.inputs)
    passed = inputs + tuple(values[i] for i in use.results)
    shapes = [array.shape for array in inputs]  # Not the arrays: a recorded stop outlives them.
    stand_ins = {i: _Shaped(shape) for i, shape in zip(use.inputs, shapes, strict=True)}

    def zeros(shape: tuple[int, ...]) -> np.ndarray:
        return np.zeros(shape, part.dtype)

    def checked(*dys: np.ndarray) -> Any:
        dx = part.backward(list(dys) if use.several else dys[0])
        if dx is None and not part.propagate:
            return zeros(shapes[0]) if use.alone else [zeros(s) for s in shapes]
        found = checked_gradients(use, dx, stand_ins)  # type: ignore[arg-type]
        if use.alone:
            return found
        return [zeros(s) if g is None else g for g, s in zip(found, shapes, strict=True)]

    weights = tuple(v.value for v in part.variables)
    gradients = tuple(v.gradient for v in part.trainable_weights)
    dys = tuple(leaves(dy))
    return in_python(part.name, checked, dys, part.dtype, passed, weights, gradients)


class _Shaped(NamedTuple):
    shape: tuple[int, ...]


def compute_mask(part: Layer, x: Any, mask: Any) -> Any:
    """The mask of a part's output; what it computes in NumPy is recorded as a stop."""
    found = part.compute_mask(x, mask)
    if found is None or not part.decides_mask or any(found is one for one in leaves(mask)):
        return found
    tape = current_tape()
    if part.recordable and (tape is None or isinstance(found, list) or tape.owns(found)):
        return found
    form, arrays = _without_arrays((x, mask))

    def checked(*arrays: np.ndarray) -> Any:
        found = part.compute_mask(*_with_arrays(form, arrays))
        return to_numpy(found, f"layer {part.name!r}: what compute_mask returned")

    return in_python(part.name, checked, arrays, "bool")
