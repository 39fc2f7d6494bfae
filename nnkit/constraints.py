"""Constraints: what keeps a weight within bounds, applied after each update.

``Dense(64, kernel_constraint=MaxNorm(2))`` bounds the norms of a layer's kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.engine.device import empty, launch
from nnkit.engine.stops import update_in_python
from nnkit.registry import Configurable, function_name, function_named, resolve

__all__ = [
    "Constraint",
    "FunctionConstraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "unit_norm",
]

_EPSILON = 1e-7  # Keras's backend.epsilon(): a norm of 0 divides nothing.


class Constraint(Configurable):
    """A bound on a weight.

    One of your own defines ``__call__(self, w)``, which returns the new weight, in NumPy. A
    training step stops for it between two recorded stretches.

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
        """Take no arguments, unless a subclass has some."""

    def __call__(self, w: Any) -> np.ndarray:
        """The weight that the bound makes of ``w``."""
        raise TypeError(f"{type(self).__name__} must define __call__(self, w)")

    def apply(self, value: np.ndarray) -> None:
        """Change a weight in place.

        Parameters
        ----------
        value : numpy.ndarray

        Raises
        ------
        ValueError
            ``__call__`` returned something else than an array of the weight's shape.
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

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({given})"


class _Kernels(Constraint, abstract=True):
    """A bound that ``apply`` keeps by launching kernels."""

    def __call__(self, w: Any) -> np.ndarray:
        """The weight that the bound makes of ``w``: a new array."""
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
    """Bounds of the norms along some axes.

    Attributes
    ----------
    bounds : tuple of float
        Least and largest norm, and how much of the way there is gone at a time.
    """

    axis: Any
    bounds: tuple[float, float, float]

    def apply(self, value: np.ndarray) -> None:
        """Change a weight in place.

        Raises
        ------
        ValueError
            The weight has no such axes, or others are between them.
        """
        outer, n, inner = self._sizes(value.shape)
        factor = empty((outer * inner,), np.float64)
        view = value.reshape(outer, n, inner)
        launch.norm_factors(view, *self.bounds, _EPSILON, 0, factor)
        launch.scale_vectors(factor, n, 0, value.reshape(outer * n, inner))

    def _sizes(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """Number of elements before the axes, along them, and after."""
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
    """Scales down what has a larger norm: ``w * min(norm, max_value) / (1e-7 + norm)``.

    N. Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    Parameters
    ----------
    max_value : float
        From 0 on.
    axis : int or sequence of int
        Along which the norms are taken: 0 for the kernel of a Dense layer, so that there is one for
        each unit; ``[0, 1, 2]`` for that of a Conv2D.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be; or, in a step, the weight has no such axes.

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
    """Norm 1: ``w / (1e-7 + norm)``.

    Parameters
    ----------
    axis : int or sequence of int
        Along which the norms are taken; see :class:`MaxNorm`.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be; or, in a step, the weight has no such axes.

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
    """Norms in an interval: ``w * desired / (1e-7 + norm)``.

    With ``desired = rate * clip(norm, min_value, max_value) + (1 - rate) * norm``.

    Parameters
    ----------
    min_value, max_value : float
        From 0 on, the least and the largest norm.
    rate : float
        From 0 to 1: which part of the way there is gone at each step.
    axis : int or sequence of int
        Along which the norms are taken; see :class:`MaxNorm`.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be; or, in a step, the weight has no such axes.

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
    """A function as a constraint: ``kernel_constraint=function`` makes one.

    Parameters
    ----------
    function : callable or str
        ``function(w)`` returns the new weight, in NumPy. Or the name of a function under
        :func:`nnkit.saving.register`.

    Raises
    ------
    TypeError, ValueError
        It is no function, or none is registered under that name.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.constraints.get(lambda w: np.clip(w, -1, 1))
    <FunctionConstraint <lambda>>
    """

    def __init__(self, function: Callable[[np.ndarray], Any] | str) -> None:
        self.function = function_named("constraint", function)

    def __call__(self, w: Any) -> np.ndarray:
        """What the function returns."""
        return to_numpy(self.function(w), f"what {self.function} returns")

    def __repr__(self) -> str:
        return f"<FunctionConstraint {function_name(self.function)}>"


def get(identifier: Any) -> Constraint | None:
    """A constraint from itself, a name, a configuration, or a function.

    Parameters
    ----------
    identifier : None, Constraint, str, dict or callable
        For example ``"max_norm"``. A function becomes a :class:`FunctionConstraint`.

    Returns
    -------
    Constraint or None
        None for None: no bound.

    Raises
    ------
    ValueError
        No constraint has that name.
    TypeError
        It is something else.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.constraints.get("unit_norm")
    UnitNorm(axis=0)
    """
    return None if identifier is None else resolve("constraint", identifier)


def _axes(owner: str, axis: Any) -> int | list[int]:
    """An axis, or several different ones."""
    if isinstance(axis, (list, tuple)) and axis:
        return [checks.integer(owner, "axis", a, -32, 31) for a in axis]
    return checks.integer(owner, "axis", axis, -32, 31)


# Keras has these names, too.
max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
