"""Gradients checked against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.symbolic.graph import describe

__all__ = ["GradientError", "verify_grad"]

# Step and tolerance. Errors of differences are of the step's square and of the precision divided
# by the step, which is least at the precision's third root.
DEFAULTS = {"float64": (6e-6, 1e-4), "float32": (5e-3, 1e-2)}


class GradientError(Exception):
    """A gradient differs from finite differences."""


def verify_grad(
    fun: Callable[..., Any],
    pt: Sequence[Any],
    n_tests: int = 2,
    rng: Any = None,
    eps: float | None = None,
    out_type: str | None = None,
    abs_tol: float | None = None,
    rel_tol: float | None = None,
    mode: str | None = None,
    **ignored: Any,
) -> None:
    """Check the gradient of a function of tensors against finite differences.

    Parameters
    ----------
    fun : callable
        Takes as many symbolic variables as there are points, returns one.
    pt : sequence of array
        Where to check, in float32 or float64. An axis of size 1 broadcasts.
    n_tests : int
        How often, each time with other random weights for the elements of the result.
    rng : numpy.random.Generator, RandomState or int, optional
    eps : float, optional
        The step of the differences, by default 6e-6, in float32 5e-3.
    out_type
        Accepted for Theano's sake.
    abs_tol, rel_tol : float, optional
        An element is right if its absolute or its relative error is below; by default 1e-4, in
        float32 1e-2.
    mode : str, optional
        See :func:`nnkit.symbolic.function`.

    Raises
    ------
    GradientError
        An element is wrong; the message names the argument and says both numbers.
    TypeError
        A point or the result is no float.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> T.verify_grad(lambda x, y: T.tanh(x * y), [[0.1, 0.2], [0.3, 0.4]])
    """
    from nnkit.symbolic.derive.grad import grad
    from nnkit.symbolic.function import function
    from nnkit.symbolic.tensor.variable import TensorType, as_tensor

    if not isinstance(pt, (list, tuple)):
        raise TypeError(f"pt is a list with an array for each argument, got {pt!r}")
    points = [np.array(to_numpy(p, "pt"), None if hasattr(p, "dtype") else "float64") for p in pt]
    for place, point in enumerate(points):
        if str(point.dtype) not in DEFAULTS:
            raise TypeError(f"argument {place} must be float32 or float64, got {point.dtype}")
    coarse = any(p.dtype == "float32" for p in points)
    step, tolerance = DEFAULTS["float32" if coarse else "float64"]
    step = step if eps is None else eps
    abs_tol = tolerance if abs_tol is None else abs_tol
    rel_tol = tolerance if rel_tol is None else rel_tol
    rng = rng if hasattr(rng, "normal") else np.random.default_rng(rng)

    inputs = [
        TensorType(str(p.dtype), [n == 1 for n in p.shape])(f"argument {i}")
        for i, p in enumerate(points)
    ]
    result = as_tensor(fun(*inputs))
    if not result.dtype.startswith("float"):
        raise TypeError(f"the function must give floats, got {describe(result)}")
    weights = TensorType(result.dtype, result.broadcastable)("weights")
    cost = (result * weights).sum()
    everything = [*inputs, weights]
    value = function(inputs, result, mode, on_unused_input="ignore")
    gradients = function(
        everything,
        grad(cost, inputs, disconnected_inputs="ignore"),
        mode,
        on_unused_input="ignore",
    )
    shape = value(*points).shape
    for _ in range(n_tests):
        w = (0.5 + rng.uniform(size=shape)).astype(result.dtype)
        for place, found in enumerate(gradients(*points, w)):
            numeric = _differences(lambda *x, w=w: _total(value(*x), w), points, place, step)
            _compare(place, found, numeric, abs_tol, rel_tol)


def _total(result: np.ndarray, weights: np.ndarray) -> float:
    return float(np.sum(result.astype("float64") * weights))


def _differences(
    f: Callable[..., float], points: Sequence[np.ndarray], place: int, step: float
) -> np.ndarray:
    """The gradient by one argument: each element is moved to both sides."""
    numeric = np.empty(points[place].shape)
    for index in np.ndindex(numeric.shape):
        sides = []
        for sign in (1, -1):
            moved = points[place].copy()
            moved[index] += sign * step
            arguments = [moved if i == place else p for i, p in enumerate(points)]
            sides.append((f(*arguments), float(moved[index])))
        (high, right), (low, left) = sides
        numeric[index] = (high - low) / (right - left)
    return numeric


def _compare(
    place: int, found: np.ndarray, numeric: np.ndarray, abs_tol: float, rel_tol: float
) -> None:
    if found.shape != numeric.shape:
        raise GradientError(
            f"the gradient by argument {place} has shape {found.shape}, the argument "
            f"{numeric.shape}"
        )
    absolute = np.abs(found - numeric)
    relative = absolute / np.maximum(np.abs(found) + np.abs(numeric), 1e-8)
    wrong = ~((absolute <= abs_tol) | (relative <= rel_tol))
    if wrong.any():
        worst = np.unravel_index(np.argmax(np.where(wrong, absolute, -1)), wrong.shape)
        at = tuple(int(i) for i in worst)
        raise GradientError(
            f"the gradient by argument {place} is {found[at]:.12g} at {at}, but differences say "
            f"{numeric[at]:.12g}: absolute error {absolute[at]:.3g} (allowed {abs_tol:g}), "
            f"relative error {relative[at]:.3g} (allowed {rel_tol:g}); {int(wrong.sum())} of "
            f"{wrong.size} elements are wrong"
        )
