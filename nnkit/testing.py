"""Checks for custom layers and losses: gradients, recording, files."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.base import Layer
from nnkit.layers.chain import Chain
from nnkit.models.sequential import Sequential

__all__ = ["check_layer", "check_loss"]

# With this step, a central difference in float64 has a relative error of about 1e-10.
_STEP = 1e-6


def check_layer(
    layer: Layer,
    input_shape: tuple[int, ...],
    *,
    batch_size: int = 3,
    seed: int = 0,
    tolerance: float = 1e-6,
    ids: int = 0,
    masked: bool = False,
) -> None:
    """Check all that nnkit relies on in a layer.

    * ``forward`` returns the shape that ``compute_output_shape`` says, doesn't change its input,
      and returns equal outputs for equal inputs.
    * ``backward`` computes the right gradients of the input and of every weight, compared with
      central differences in float64 along random directions.
    * A ``recordable`` layer does nothing that a replay would miss.
    * ``get_config`` and ``from_config`` make an equal layer.

    Parameters
    ----------
    layer : Layer
        The layer, not built yet. It is not changed.
    input_shape : tuple of int
        Shape of one sample.
    batch_size : int
    seed : int
        Seed of the data.
    tolerance : float
        Allowed error of a gradient, relative to its size.
    ids : int
        If not 0, inputs are integers from 0 to ``ids - 1``, which have no gradient.
    masked : bool
        Whether to pass a mask for the input, (batch, steps, ...), with some timesteps masked.

    Raises
    ------
    AssertionError
        The text says what is wrong, with both numbers.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.testing.check_layer(nnkit.layers.Dense(3, activation="tanh"), (4,))
    """
    rng = np.random.default_rng(seed)
    shape = (batch_size, *checks.shape("check_layer", "input_shape", input_shape))
    x = rng.integers(0, ids, shape).astype(np.float64) if ids else rng.standard_normal(shape)
    mask = rng.uniform(size=shape[:2]) < 0.7 if masked else None
    _check_gradients(rebuilt(layer, "float64"), x, mask, rng, tolerance, not ids)
    _check_training(rebuilt(layer, "float32"), x.astype(np.float32), mask, rng)


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
    config = _retyped(layer.get_config(), dtype)
    twin: Layer = type(layer).from_config(config)
    if twin.get_config() != config:
        raise AssertionError(
            f"layer {layer.name!r}: get_config() gave {config}; a layer made from that has "
            f"{twin.get_config()}"
        )
    return twin


def _retyped(value: Any, dtype: str) -> Any:
    if isinstance(value, dict):
        return {k: dtype if k == "dtype" else _retyped(v, dtype) for k, v in value.items()}
    return [_retyped(v, dtype) for v in value] if isinstance(value, list) else value


def _check_gradients(
    layer: Layer,
    x: np.ndarray,
    mask: np.ndarray | None,
    rng: np.random.Generator,
    tolerance: float,
    smooth: bool,
) -> None:
    layer.ensure_built(_built_for(layer, x))
    for variable in layer.weights:  # Initial zeros and ones would hide mistakes.
        variable.assign(variable.value + 0.3 * rng.standard_normal(variable.shape))
    parts = layer.parts()
    states = [(state, state.copy()) for part in layer.walk() for state in part.states]

    def forward(x: np.ndarray) -> np.ndarray:
        for state, first in states:
            state[...] = first
        passed = mask
        for part in parts:
            masks = {"mask": passed} if part.uses_mask else {}
            y = part.forward(x, True, **masks)
            passed = part.compute_mask(x, passed)
            x = y
        return x

    given = x.copy()
    y = forward(x).copy()
    expected = (len(x), *layer.compute_output_shape((None, *x.shape[1:]))[1:])
    if y.shape != expected:
        raise AssertionError(
            f"layer {layer.name!r}: forward gave shape {y.shape}, but compute_output_shape says "
            f"{expected}"
        )
    if not np.array_equal(x, given):
        raise AssertionError(f"layer {layer.name!r}: forward changed its input")
    if not np.array_equal(forward(x), y):
        raise AssertionError(f"layer {layer.name!r}: forward gave two results for one input")
    direction = rng.standard_normal(y.shape)

    def total(_: np.ndarray) -> float:
        return float((forward(x) * direction).sum() + sum(p[0] for p in Chain(parts).penalties()))

    total(x)
    for variable in layer.trainable_weights:
        variable.gradient.fill(np.nan)  # backward must overwrite, not add.
    dx: np.ndarray | None = direction
    for part in reversed(parts):
        dx = None if dx is None else part.backward(dx)
    what = f"layer {layer.name!r}: the gradient of"
    if smooth:
        _compare(total, x, np.asarray(dx), rng, tolerance, f"{what} the input")
    for variable in layer.trainable_weights:
        name = f"{what} {variable.name!r}"
        _compare(total, variable.value, variable.gradient, rng, tolerance, name)


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
    layer: Layer, x: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator
) -> None:
    """Check that five replayed steps and five steps in Python agree, from equal weights."""
    first: list[Layer] = []
    if mask is not None:
        from nnkit.layers import Masking

        x[~mask] = 0  # Masking masks timesteps of zeros.
        first = [Masking(dtype="float32")]
    expected = layer.compute_output_shape((None, *x.shape[1:]))
    y = rng.standard_normal((len(x), *(n or 1 for n in expected[1:]))).astype(np.float32)
    models = []
    for eager in (False, True):
        model = Sequential([*copy.deepcopy(first), copy.deepcopy(layer)])
        model.compile("sgd", "mse", run_eagerly=eager)
        model.build(_built_for(layer, x))
        models.append(model)
    models[1].set_weights(models[0].get_weights())
    declared = layer.recordable
    losses = [[model.train_on_batch(x, y) for _ in range(5)] for model in models]  # type: list[Any]
    by_hand = type(layer).forward is not Layer.forward
    if by_hand and models[0].layers[-1].recordable != declared:
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
