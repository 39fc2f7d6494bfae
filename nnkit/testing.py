"""Checks for custom layers and losses: gradients, recording, files."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import checks, config
from nnkit.layers.base import Layer
from nnkit.layers.graph import Graph
from nnkit.layers.input import Input
from nnkit.layers.masking import Masking
from nnkit.missing import missing
from nnkit.models.model import Model

__all__ = ["check_layer", "check_loss"]

Shapes = tuple[int, ...] | list[tuple[int, ...]]

# With this step, a central difference in float64 has a relative error of about 1e-10.
_STEP = 1e-6


def check_layer(
    layer: Layer,
    input_shape: Shapes,
    *,
    batch_size: int = 3,
    seed: int = 0,
    tolerance: float = 1e-6,
    ids: int = 0,
    masked: bool | Sequence[bool] = False,
    named: Mapping[str, Shapes] | None = None,
) -> None:
    """Check all that nnkit relies on in a layer.

    * ``forward`` returns the shapes that ``compute_output_shape`` says, doesn't change its inputs,
      and returns equal outputs for equal inputs.
    * ``backward`` computes the right gradients of each input and of every weight, compared with
      central differences in float64 along random directions.
    * A ``recordable`` layer does nothing that a replay would miss.
    * ``get_config`` and ``from_config`` make an equal layer.

    Parameters
    ----------
    layer : Layer
        The layer, not built yet. It is not changed.
    input_shape : tuple of int or list of tuple
        Shape of one sample; a list of such shapes for a layer that takes a list of inputs.
    batch_size : int
    seed : int
        Seed of the data.
    tolerance : float
        Allowed error of a gradient, relative to its size.
    ids : int
        If not 0, inputs are integers from 0 to ``ids - 1``, which have no gradient.
    masked : bool or sequence of bool
        Whether to pass a mask for the input, (batch, steps, ...), with some timesteps masked; for
        a list of inputs, one value for all or one for each.
    named : dict, optional
        Shapes of the inputs that the layer takes by name (``named_inputs``), as ``input_shape``.

    Raises
    ------
    AssertionError
        The text says what is wrong, with both numbers.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.testing.check_layer(nnkit.layers.Dense(3, activation="tanh"), (4,))
    >>> nnkit.testing.check_layer(nnkit.layers.Add(), [(3, 4), (1, 4)])
    """
    rng = np.random.default_rng(seed)

    def drawn(name: str, shape: Any) -> Any:
        if several(shape):
            return [drawn(f"{name}[{i}]", each) for i, each in enumerate(shape)]
        size = (batch_size, *checks.shape("check_layer", name, shape))
        return rng.integers(0, ids, size).astype(np.float64) if ids else rng.standard_normal(size)

    x = drawn("input_shape", input_shape)
    given = {name: drawn(name, shape) for name, shape in (named or {}).items()}
    which = [masked] * len(flat(x)) if isinstance(masked, bool) else masked
    masks = [
        rng.uniform(size=array.shape[:2]) < 0.7 if each else None
        for array, each in zip(flat(x), which, strict=True)
    ]
    with _default_dtype("float64"):
        _check_gradients(rebuilt(layer, "float64"), x, given, masks, rng, tolerance, not ids)
    with _default_dtype("float32"):
        _check_training(rebuilt(layer, "float32"), x, given, masks, rng)


@contextlib.contextmanager
def _default_dtype(dtype: str) -> Iterator[None]:
    """The data type of layers that another makes in its ``__init__`` or ``build``."""
    before = config.floatx()
    config.set_floatx(dtype)
    try:
        yield
    finally:
        config.set_floatx(before)


def check_loss(
    loss: Any,
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    tolerance: float = 1e-6,
) -> None:
    """Check a loss's gradient against central differences in float64.

    Parameters
    ----------
    loss : Loss
    y_true : numpy.ndarray
        Targets as ``fit`` takes them.
    y_pred : numpy.ndarray
        (n, ..., k), from a range in which the loss is differentiable.
    tolerance : float

    Raises
    ------
    AssertionError
        The text says how large the difference is.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> y = np.array([[0.0, 1.0]])
    >>> nnkit.testing.check_loss(nnkit.losses.MeanSquaredError(), y, np.array([[0.3, 0.4]]))
    """
    rng = np.random.default_rng(0)
    y_pred = np.ascontiguousarray(y_pred, np.float64)
    prepared = loss.prepare(y_true, y_pred.shape)
    targets = np.ascontiguousarray(prepared, loss.target_dtype("float64"))
    weights = rng.uniform(0.5, 1.5, y_pred.size // y_pred.shape[-1])

    def total(p: np.ndarray) -> float:
        return float(loss.forward(targets, p) @ weights)

    total(y_pred)
    gradient = loss.backward(weights)
    _compare(total, y_pred, gradient, rng, tolerance, f"loss {loss.name!r}: the gradient")


def rebuilt(layer: Layer, dtype: str) -> Layer:
    """A new, unbuilt layer with the same configuration, but another data type, also inside."""
    given = _retyped(layer.get_config(), dtype)
    twin: Layer = type(layer).from_config(given)
    if twin.get_config() != given:
        raise AssertionError(
            f"layer {layer.name!r}: get_config() gave {given}; a layer made from that has "
            f"{twin.get_config()}"
        )
    return twin


def _retyped(value: Any, dtype: str) -> Any:
    if isinstance(value, dict):
        return {k: dtype if k == "dtype" else _retyped(v, dtype) for k, v in value.items()}
    return [_retyped(v, dtype) for v in value] if isinstance(value, list) else value


def several(shapes: Any) -> bool:
    """Whether this is a list of shapes rather than a shape."""
    return isinstance(shapes, list) and bool(shapes) and isinstance(shapes[0], (tuple, list))


def flat(nested: Any) -> list[Any]:
    """What a list or a dictionary of lists holds, in order; a single thing as a list."""
    if isinstance(nested, Mapping):
        nested = list(nested.values())
    return [leaf for each in nested for leaf in flat(each)] if type(nested) is list else [nested]


def alike(nested: Any, change: Callable[[Any], Any]) -> Any:
    """``change`` of an array, or of each of a list's."""
    return [change(each) for each in nested] if isinstance(nested, list) else change(nested)


def _check_gradients(
    layer: Layer,
    x: Any,
    named: dict[str, Any],
    masks: list[np.ndarray | None],
    rng: np.random.Generator,
    tolerance: float,
    smooth: bool,
) -> None:
    inputs = flat(x) + flat(named)
    layer.ensure_built(alike(x, lambda array: _built_for(layer, array)))
    for variable in layer.weights:  # Initial zeros and ones would hide mistakes.
        variable.assign(variable.value + 0.3 * rng.standard_normal(variable.shape))
    states = [(state, state.copy()) for part in layer.walk() for state in part.states]
    shape_of = {name: alike(arrays, np.shape) for name, arrays in named.items()}
    graph = Graph.of(layer, alike(x, np.shape), True, shape_of, masked=masks)

    def forward() -> list[np.ndarray]:
        for state, first in states:
            state[...] = first
        with _as_assertion(layer):
            return graph.forward(inputs, masks)

    before = [array.copy() for array in inputs]
    outputs = [y.copy() for y in forward()]
    shapes: Any = layer.compute_output_shape(alike(x, lambda array: (None, *array.shape[1:])))
    expected = [(len(inputs[0]), *shape[1:]) for shape in flat(shapes)]
    if [y.shape for y in outputs] != expected:
        raise AssertionError(
            f"layer {layer.name!r}: forward gave shape {_shapes(y.shape for y in outputs)}, but "
            f"compute_output_shape says {_shapes(expected)}"
        )
    if not all(map(np.array_equal, inputs, before)):
        raise AssertionError(f"layer {layer.name!r}: forward changed its input")
    if not all(map(np.array_equal, forward(), outputs)):
        raise AssertionError(f"layer {layer.name!r}: forward gave two results for one input")
    directions = [rng.standard_normal(y.shape) for y in outputs]

    def total(_: np.ndarray) -> float:
        added = sum(float((y * d).sum()) for y, d in zip(forward(), directions, strict=True))
        return added + sum(float(p[0]) for p in graph.penalties())

    total(inputs[0])
    for variable in layer.trainable_weights:
        variable.gradient.fill(np.nan)  # backward must overwrite, not add.
    with _as_assertion(layer):
        gradients = graph.backward(directions, propagate=True)
    what = f"layer {layer.name!r}: the gradient of"
    if smooth:
        for i, (array, gradient) in enumerate(zip(inputs, gradients, strict=True)):
            name = f"{what} the input" if len(inputs) == 1 else f"{what} input {i}"
            _compare(total, array, np.asarray(gradient), rng, tolerance, name)
    for variable in layer.trainable_weights:
        name = f"{what} {variable.name!r}"
        _compare(total, variable.value, variable.gradient, rng, tolerance, name)


@contextlib.contextmanager
def _as_assertion(layer: Layer) -> Iterator[None]:
    """What the network says of a layer that gives something else than it must."""
    try:
        yield
    except ValueError as error:
        changed = "read-only" in str(error)  # NumPy's word, where a layer writes into its input.
        said = f"layer {layer.name!r} changed its input, or a gradient: {error}"
        raise AssertionError(said if changed else str(error)) from error


def _shapes(shapes: Iterable[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))


def _built_for(layer: Layer, x: np.ndarray) -> tuple[int | None, ...]:
    """The shape to build for: with the batch's size only for stateful layers."""
    return (len(x) if getattr(layer, "stateful", False) else None, *x.shape[1:])


def _compare(
    function: Callable[[np.ndarray], float],
    point: np.ndarray,
    gradient: np.ndarray,
    rng: np.random.Generator,
    tolerance: float,
    what: str,
) -> None:
    """Compare a gradient with differences along a few directions; moves ``point`` in place."""
    if gradient.shape != point.shape:
        raise AssertionError(f"{what} has shape {gradient.shape}, it must be {point.shape}")
    if not np.isfinite(gradient).all():
        raise AssertionError(f"{what} is not finite, or not all of it was written")
    start = point.copy()
    for _ in range(4):
        direction = rng.standard_normal(point.shape)
        point[...] = start + _STEP * direction
        above = function(point)
        point[...] = start - _STEP * direction
        below = function(point)
        point[...] = start
        slope = (above - below) / (2 * _STEP)
        claimed = float((gradient * direction).sum())
        size = max(float(np.abs(gradient * direction).sum()), abs(slope), 1e-3)
        if abs(slope - claimed) > tolerance * size + 1e-7:
            raise AssertionError(
                f"{what} is wrong: along a random direction it says {claimed:.9g}, "
                f"but the function changes by {slope:.9g}"
            )


def _check_training(
    layer: Layer,
    x: Any,
    named: dict[str, Any],
    masks: list[np.ndarray | None],
    rng: np.random.Generator,
) -> None:
    """Check that five replayed steps and five steps in Python agree, from equal weights."""
    inputs = [array.astype(np.float32) for array in flat(x) + flat(named)]
    for array, mask in zip(inputs, masks, strict=False):
        if mask is not None:
            array[~mask] = 0  # Masking masks timesteps of zeros.
    models, layers = [], []
    for eager in (False, True):
        layers.append(copy.deepcopy(layer))
        model = _model(layers[-1], x, named, masks)
        model.compile("sgd", "mse", run_eagerly=eager)
        models.append(model)
    models[1].set_weights(models[0].get_weights())
    shapes = flat(layer.compute_output_shape(alike(x, lambda array: (None, *array.shape[1:]))))
    sizes = [(len(inputs[0]), *(n or 1 for n in shape[1:])) for shape in shapes]
    targets = [rng.standard_normal(size).astype(np.float32) for size in sizes]
    data = [each if len(each) > 1 else each[0] for each in (inputs, targets)]
    declared = layer.recordable
    losses = [[model.train_on_batch(*data) for _ in range(5)] for model in models]
    by_hand = type(layer).forward is not Layer.forward
    if by_hand and layers[0].recordable != declared:
        raise AssertionError(
            f"layer {layer.name!r} declares recordable = True, but does more than launch kernels "
            "on memory from self.empty; see the warning"
        )
    for recorded, python in zip(losses[0], losses[1], strict=True):
        if not np.allclose(recorded, python, rtol=1e-4, atol=1e-6):
            raise AssertionError(
                f"layer {layer.name!r}: recorded training gives the losses {losses[0]}, in "
                f"Python they are {losses[1]}"
            )


def _model(layer: Layer, x: Any, named: dict[str, Any], masks: list[np.ndarray | None]) -> Any:
    """A model of the layer alone, whose masks are made from zeros."""
    batch = len(flat(x)[0]) if getattr(layer, "stateful", False) else None

    def placeholder(array: np.ndarray) -> Any:
        return Input(array.shape[1:], batch_size=batch, dtype="float32")

    inputs = alike(x, placeholder)
    options = {name: alike(arrays, placeholder) for name, arrays in named.items()}
    seen = [
        made if mask is None else Masking(dtype="float32")(made)
        for made, mask in zip(flat(inputs), masks, strict=True)
    ]
    outputs = layer(seen if isinstance(x, list) else seen[0], **options)
    return Model(flat(inputs) + flat(options), outputs)


if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
