"""Constraints: bounds on weights, applied after each update.

``Dense(64, kernel_constraint=MaxNorm(2))`` limits the norms of a layer's kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit import checks, config, registry
from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import empty, launch
from nnkit.engine.stops import update_in_python
from nnkit.registry import Configurable, function_name, function_named, resolve

__all__ = [
    "Constraint",
    "FunctionConstraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]


class Constraint(Configurable):
    """A bound on a weight.

    A custom constraint defines ``__call__(self, w)``, which returns the new weight as a NumPy
    array. It runs in Python in every training step.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> class Box(nnkit.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return np.clip(w, -1, 1)
    >>> layer = nnkit.layers.Dense(3, kernel_constraint=Box())
    """

    kind = "constraint"

    def __init__(self) -> None:
        """Take no arguments; a subclass may."""

    def __call__(self, w: Any) -> np.ndarray:
        """The weight with the constraint applied."""
        raise TypeError(f"{type(self).__name__} must define __call__(self, w)")

    def apply(self, value: np.ndarray) -> None:
        """Change a weight in place.

        Parameters
        ----------
        value : numpy.ndarray

        Raises
        ------
        ValueError
            ``__call__`` didn't return an array of the weight's shape.
        """

        def change(value: np.ndarray) -> None:
            view = value.view()
            view.flags.writeable = False
            found = to_numpy(self(view), f"what {type(self).__name__} returns")
            if found.shape != value.shape:
                raise ValueError(
                    f"{type(self).__name__} must return an array of the weight's shape "
                    f"{value.shape}, got {found.shape}"
                )
            value[...] = found

        update_in_python(change, (), (value,))


class _Kernels(Constraint, abstract=True):
    """Base of constraints whose ``apply`` launches kernels."""

    def __call__(self, w: Any) -> np.ndarray:
        """The weight with the constraint applied, as a new array."""
        given = to_numpy(w, "w")
        w = np.array(given, given.dtype if given.dtype == np.float64 else np.float32, order="C")
        self.apply(w)
        return w


class NonNeg(_Kernels):
    """``max(w, 0)``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.constraints.NonNeg()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def apply(self, value: np.ndarray) -> None:
        """Change a weight in place."""
        launch.not_negative(value)


class _Norm(_Kernels, abstract=True):
    """Base of constraints on norms along some axes.

    Attributes
    ----------
    bounds : tuple of float
        Smallest norm, largest norm, and the rate at which a norm is moved there.
    """

    axis: Any
    bounds: tuple[float, float, float]

    def apply(self, value: np.ndarray) -> None:
        """Change a weight in place.

        Raises
        ------
        ValueError
            The weight has no such axes, or they are not neighbours.
        """
        outer, n, inner = self._sizes(value.shape)
        factor = empty((outer * inner,), np.float64)
        view = value.reshape(outer, n, inner)
        launch.norm_factors(view, *self.bounds, config.epsilon(), 0, factor)
        launch.scale_vectors(factor, n, 0, value.reshape(outer * n, inner))

    def _sizes(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """Products of the sizes before the axes, of the axes, and after them."""
        rank = len(shape)
        given = [self.axis] if isinstance(self.axis, int) else self.axis
        axes = sorted({axis % rank for axis in given if -rank <= axis < rank})
        if len(axes) != len(given):
            raise ValueError(
                f"{type(self).__name__}: axis={self.axis} does not fit a weight of shape {shape}"
            )
        begin, end = axes[0], axes[-1] + 1
        if end - begin != len(axes):
            raise ValueError(
                f"{type(self).__name__}: the axes must be next to each other, got axis="
                f"{self.axis} for a weight of shape {shape}"
            )
        sizes = [int(np.prod(part)) for part in (shape[:begin], shape[begin:end], shape[end:])]
        return sizes[0], sizes[1], sizes[2]


class MaxNorm(_Norm):
    """Scale vectors with a larger norm down: ``w * min(norm, max_value) / (epsilon + norm)``.

    N. Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    Parameters
    ----------
    max_value : float
        At least 0.
    axis : int or sequence of int
        Axes along which norms are computed: 0 for the kernel of a Dense layer, so that each unit
        has a norm; ``[0, 1, 2]`` for the kernel of a Conv2D.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, in a step, the weight has no such axes.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.constraints.MaxNorm(5)(np.array([[6.0, 3.0], [8.0, 0.0]])).round(4)
    array([[3., 3.],
           [4., 0.]])
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value = checks.number("MaxNorm", "max_value", max_value, "[0, inf)")
        self.axis = _axes("MaxNorm", axis)
        self.bounds = 0.0, self.max_value, 1.0


class UnitNorm(_Norm):
    """Scale vectors to norm 1: ``w / (epsilon + norm)``.

    Parameters
    ----------
    axis : int or sequence of int
        Axes along which norms are computed; see :class:`MaxNorm`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, in a step, the weight has no such axes.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.constraints.UnitNorm()(np.array([[3.0], [4.0]])).round(4)
    array([[0.6],
           [0.8]])
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = _axes("UnitNorm", axis)
        self.bounds = 1.0, 1.0, 1.0


class MinMaxNorm(_Norm):
    """Scale vectors to norms in an interval: ``w * desired / (epsilon + norm)``.

    Here ``desired = rate * clip(norm, min_value, max_value) + (1 - rate) * norm``.

    Parameters
    ----------
    min_value, max_value : float
        The smallest and the largest norm, at least 0.
    rate : float
        From 0 to 1: the fraction of the difference that is removed in each step.
    axis : int or sequence of int
        Axes along which norms are computed; see :class:`MaxNorm`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, in a step, the weight has no such axes.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.constraints.MinMaxNorm(1, 2, rate=0.5)(np.array([[0.0], [4.0]])).round(4)
    array([[0.],
           [3.]])
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Any = 0,
    ) -> None:
        self.min_value = checks.number("MinMaxNorm", "min_value", min_value, "[0, inf)")
        self.max_value = checks.number("MinMaxNorm", "max_value", max_value, "[0, inf)")
        if self.min_value > self.max_value:
            raise ValueError(
                f"MinMaxNorm: min_value={min_value} is above max_value={max_value}; exchange them"
            )
        self.rate = checks.number("MinMaxNorm", "rate", rate, "[0, 1]")
        self.axis = _axes("MinMaxNorm", axis)
        self.bounds = self.min_value, self.max_value, self.rate


class FunctionConstraint(Constraint, wraps_functions=True):
    """Wrap a function as a constraint, as ``kernel_constraint=function`` does.

    Parameters
    ----------
    function : callable or str
        ``function(w)`` returns the new weight as a NumPy array. Or the name of a function
        registered with :func:`nnkit.saving.register`.

    Raises
    ------
    TypeError, ValueError
        ``function`` is not callable, or no function is registered under that name.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.constraints.get(lambda w: np.clip(w, -1, 1))
    <FunctionConstraint <lambda>>
    """

    def __init__(self, function: Callable[[np.ndarray], Any] | str) -> None:
        self.function = function_named("constraint", function)

    def __call__(self, w: Any) -> np.ndarray:
        """The function's value."""
        return to_numpy(self.function(w), f"what {self.function} returns")

    def __repr__(self) -> str:
        return f"<FunctionConstraint {function_name(self.function)}>"


def get(identifier: Any) -> Constraint | None:
    """Find or make a constraint from a constraint, a name, a configuration, or a function.

    Parameters
    ----------
    identifier : None, Constraint, str, dict or callable
        For example ``"max_norm"``. A function becomes a :class:`FunctionConstraint`.

    Returns
    -------
    Constraint or None
        None for None: no constraint.

    Raises
    ------
    ValueError
        No constraint has that name.
    TypeError
        ``identifier`` has another type.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.constraints.get("unit_norm")
    UnitNorm(axis=0)
    """
    return None if identifier is None else resolve("constraint", identifier)


def _axes(owner: str, axis: Any) -> int | list[int]:
    """Check an axis, or several different ones."""
    if isinstance(axis, (list, tuple)) and axis:
        return [checks.integer(owner, "axis", a, -32, 31) for a in axis]
    return checks.integer(owner, "axis", axis, -32, 31)


def serialize(constraint: Any) -> Any:
    """Describe a constraint by plain data, from which :func:`deserialize` makes an equal one."""
    return registry.serialize("constraint", constraint)


def deserialize(config: Any) -> Any:
    """Make a constraint of a description, or of its name."""
    return get(config)


# Aliases, as in Keras.
max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
