"""Batch normalization: each feature with mean 0 and variance 1, then scaled and shifted."""

from __future__ import annotations

from typing import Any

from nnkit.symbolic.graph import describe
from nnkit.symbolic.tensor.axes import addbroadcast
from nnkit.symbolic.tensor.formulas import sqrt
from nnkit.symbolic.tensor.math import cast
from nnkit.symbolic.tensor.shapes import normal_axis
from nnkit.symbolic.tensor.variable import as_tensor, constant

__all__ = ["batch_normalization", "batch_normalization_test", "batch_normalization_train"]


def batch_normalization_train(
    inputs: Any,
    gamma: Any,
    beta: Any,
    axes: Any = "per-activation",
    epsilon: float = 1e-4,
    running_average_factor: float = 0.1,
    running_mean: Any = None,
    running_var: Any = None,
) -> tuple[Any, ...]:
    """Normalise by the mean and variance of the batch.

    Parameters
    ----------
    inputs : variable
    gamma, beta : variable
        Scale and shift of each feature. As the inputs, but the axes of the batch are of size 1 or
        left out.
    axes : {"per-activation", "spatial"} or tuple of int
        Of the batch: the first; all but the second; or these.
    epsilon : float
        Added to the variance.
    running_average_factor : float
        How much of this batch's mean and variance is taken into the running ones.
    running_mean, running_var : variable, optional
        Means over the batches so far, in the shape of ``gamma``.

    Returns
    -------
    out, mean, invstd : variable
        The result, the mean, and 1 over the standard deviation.
    new_running_mean, new_running_var : variable
        What to update the running ones with, if they are given.
    """
    x, axes = _with_axes(inputs, axes)
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    invstd = 1 / sqrt(var + constant(epsilon, dtype=x.dtype))
    out = (x - mean) * (_aligned(gamma, x, axes) * invstd) + _aligned(beta, x, axes)
    results = [out, mean, invstd]
    factor: Any = constant(running_average_factor, dtype=x.dtype)
    if running_mean is not None:
        old = as_tensor(running_mean)
        results.append(old * (1 - factor) + _shaped(mean, old, axes) * factor)
    if running_var is not None:
        old, count = as_tensor(running_var), 1
        for axis in axes:
            count = count * x.shape[axis]
        unbiased = var * cast(count / (count - 1), x.dtype)
        results.append(old * (1 - factor) + _shaped(unbiased, old, axes) * factor)
    return tuple(results)


def batch_normalization_test(
    inputs: Any,
    gamma: Any,
    beta: Any,
    mean: Any,
    var: Any,
    axes: Any = "per-activation",
    epsilon: float = 1e-4,
) -> Any:
    """Normalise by a given mean and variance, in the shape of ``gamma``.

    See :func:`batch_normalization_train` for the parameters.
    """
    x, axes = _with_axes(inputs, axes)
    gamma, beta, mean, var = (_aligned(v, x, axes) for v in (gamma, beta, mean, var))
    return (x - mean) * (gamma / sqrt(var + constant(epsilon, dtype=x.dtype))) + beta


def batch_normalization(
    inputs: Any, gamma: Any, beta: Any, mean: Any, std: Any, mode: str = "low_mem"
) -> Any:
    """(inputs - mean) gamma / std + beta; ``mode`` is accepted for Theano's sake."""
    return (as_tensor(inputs) - mean) * (as_tensor(gamma) / std) + beta


def _with_axes(inputs: Any, axes: Any) -> tuple[Any, tuple[int, ...]]:
    """The inputs, and the axes of the batch as numbers."""
    x = as_tensor(inputs)
    if axes == "per-activation":
        return x, (0,)
    if axes == "spatial":
        return x, (0, *range(2, x.ndim))
    if isinstance(axes, str):
        raise ValueError(f"axes are 'per-activation', 'spatial' or numbers, not {axes!r}")
    return x, tuple(sorted(normal_axis(axis, x.ndim) for axis in axes))


def _aligned(v: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """A value of each feature with all axes of the inputs."""
    v = as_tensor(v)
    if v.ndim == x.ndim:
        return addbroadcast(v, *axes)
    if v.ndim != x.ndim - len(axes):
        raise ValueError(
            f"{describe(v)} must have {x.ndim} axes, as {describe(x)}, or these without "
            f"{axes}: {x.ndim - len(axes)}"
        )
    kept = iter(range(v.ndim))
    return v.dimshuffle(*("x" if i in axes else next(kept) for i in range(x.ndim)))


def _shaped(v: Any, like: Any, axes: tuple[int, ...]) -> Any:
    """A statistic with the axes of the running one."""
    if like.ndim == v.ndim:
        return v
    return v.dimshuffle(*(i for i in range(v.ndim) if i not in axes))
