"""Regularizers: penalties on weights, which are added to the loss.

``Dense(64, kernel_regularizer="l2")`` penalises a layer's kernel; ``activity_regularizer=``
penalises the layer's output, divided by the batch's size. ``loss`` and ``val_loss`` contain all
penalties, as in Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import checks, registry
from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import current_tape, empty, launch
from nnkit.engine.stops import update_in_python
from nnkit.kernels import SUM_BLOCK
from nnkit.registry import Configurable, function_name, function_named, resolve

if TYPE_CHECKING:
    from nnkit.symbolic.differentiable import Differentiable

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "FunctionRegularizer",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


class Regularizer(Configurable):
    """A penalty on a weight, which is added to the loss, as its gradient is to the weight's.

    A custom regularizer defines ``__call__(self, w)``, which returns an expression of ``w`` made
    with :mod:`nnkit.ops`, from which the gradient is derived. To use NumPy, define
    ``gradient(self, w)``, too; it then runs in Python in every training step.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit import ops
    >>> class Smooth(nnkit.regularizers.Regularizer):
    ...     def __call__(self, w):
    ...         return 0.1 * ops.sum(ops.square(w[1:] - w[:-1]))
    >>> class SmoothInNumPy(nnkit.regularizers.Regularizer):
    ...     def __call__(self, w):
    ...         return 0.1 * np.sum(np.diff(w, axis=0) ** 2)
    ...     def gradient(self, w):
    ...         steps = 0.2 * np.diff(w, axis=0)
    ...         none = np.zeros_like(w[:1])
    ...         return np.concatenate([none, steps]) - np.concatenate([steps, none])
    >>> layer = nnkit.layers.Dense(3, kernel_regularizer=Smooth())
    """

    kind = "regularizer"
    needs = ("recordable",)
    gradient: Callable[[np.ndarray], Any] | None = None

    def __init__(self) -> None:
        self.recordable = True
        self._expressions: dict[Any, Differentiable] = {}

    def __call__(self, w: Any) -> Any:
        """The penalty on ``w``: an expression if ``w`` is one."""
        raise TypeError(
            f"{type(self).__name__} must define __call__(self, w): with nnkit.ops, or with NumPy "
            "together with gradient(self, w)"
        )

    # --------------------------------------------------------------- calls in a training step

    def penalty(self, value: np.ndarray, total: np.ndarray, factor: float = 1.0) -> None:
        """Write ``factor`` times the penalty into ``total``.

        Parameters
        ----------
        value : numpy.ndarray
            The weight.
        total : numpy.ndarray
            float64 (1,).
        factor : float

        Raises
        ------
        TypeError, ValueError
            ``__call__`` didn't return a number.
        """
        if self._records():
            penalty = self._expression(value).forward(self, [value], keep=False)
            if self.recordable:  # Deriving the expression may have set it to False.
                launch.penalty_sum(penalty.reshape(1), factor, total)
                return

        def write(value: np.ndarray, total: np.ndarray) -> None:
            total[0] = factor * self._number(value)

        update_in_python(write, (value,), (total,))

    def add_gradient(self, value: np.ndarray, gradient: np.ndarray, factor: float = 1.0) -> None:
        """Add ``factor`` times the penalty's gradient to ``gradient``, in place.

        Parameters
        ----------
        value, gradient : numpy.ndarray
            The weight and its gradient.
        factor : float

        Raises
        ------
        TypeError, ValueError
            ``gradient(self, w)`` didn't return an array of the weight's shape.
        """
        if self._records():
            given = empty((), value.dtype)
            launch.fill(factor, given)
            slope = self._derived(value, given)
            if self.recordable:
                launch.add_to(slope, gradient)
                return

        def add(value: np.ndarray, gradient: np.ndarray) -> None:
            gradient[...] += self._gradient(value, factor)

        update_in_python(add, (value,), (gradient,))

    def _records(self) -> bool:
        """Whether to launch the expression's kernels: while a tape records."""
        return current_tape() is not None and self.gradient is None and self.recordable

    def _derived(self, value: np.ndarray, given: np.ndarray) -> np.ndarray:
        """The gradient derived from the expression, times ``given``."""
        expression = self._expression(value)
        expression.forward(self, [value], keep=True)
        return expression.backward(self, [value], given, {0: None})[0]

    def _number(self, value: np.ndarray) -> float:
        if self.gradient is None:
            return float(self._expression(value).forward(self, [value], keep=False))
        found = to_numpy(self(_read_only(value)), f"what {type(self).__name__} returns")
        if found.size != 1:
            raise ValueError(f"{type(self).__name__} must return one number, got {found!r}")
        return float(found.reshape(()))

    def _gradient(self, value: np.ndarray, factor: float) -> np.ndarray:
        if self.gradient is None:
            return self._derived(value, np.full((), factor, value.dtype))
        found = to_numpy(self.gradient(_read_only(value)), f"the gradient of {type(self).__name__}")
        if found.shape != value.shape:
            raise ValueError(
                f"{type(self).__name__}: gradient(self, w) must return an array of the weight's "
                f"shape {value.shape}, got {found.shape}"
            )
        return factor * found

    def _expression(self, value: np.ndarray) -> Differentiable:
        """The expression that ``__call__`` returns for weights of this type."""
        # Imported here because most programs don't need nnkit.symbolic.
        from nnkit.symbolic.differentiable import Differentiable
        from nnkit.symbolic.tensor.variable import TensorType

        dtype = str(value.dtype)
        kind = TensorType(dtype, [size == 1 for size in value.shape])
        if kind not in self._expressions:
            name = type(self).__name__

            def build(w: Any) -> Any:
                penalty = self(w)
                if getattr(getattr(penalty, "type", None), "ndim", 0) != 0:
                    raise ValueError(
                        f"{name} must return one number: sum over all axes, got an expression "
                        f"with {penalty.type.ndim} axes"
                    )
                return penalty

            self._expressions[kind] = Differentiable(name, build, [kind], dtype, [0])
        return self._expressions[kind]

    def __getstate__(self) -> dict[str, Any]:
        """Copy and pickle without the last step's arrays and what was derived from ``__call__``."""
        kept = {k: v for k, v in self.__dict__.items() if not isinstance(v, np.ndarray)}
        return kept | {"_expressions": {}}


class L1L2(Regularizer):
    """``l1 * sum(|w|) + l2 * sum(w ** 2)``, with gradient ``l1 * sign(w) + 2 * l2 * w``.

    Parameters
    ----------
    l1, l2 : float
        At least 0.

    Raises
    ------
    TypeError, ValueError
        ``l1`` or ``l2`` is not a number of at least 0.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> float(nnkit.regularizers.L1L2(l1=1, l2=10)(np.array([1.0, -2.0])))
    53.0
    """

    aliases = ("l1_l2", "l1l2")

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        super().__init__()
        self.l1 = _factor(self, "l1", l1)
        self.l2 = _factor(self, "l2", l2)

    def __call__(self, w: Any) -> Any:
        """The penalty on an array, or an expression."""
        return self.l1 * abs(w).sum() + self.l2 * (w * w).sum()

    def penalty(self, value: np.ndarray, total: np.ndarray, factor: float = 1.0) -> None:
        """Write ``factor`` times the penalty into ``total``."""
        partial = empty((-(-value.size // SUM_BLOCK),), np.float64)
        launch.penalty_blocks(value.reshape(-1), self.l1, self.l2, 0, partial)
        launch.penalty_sum(partial, factor, total)

    def add_gradient(self, value: np.ndarray, gradient: np.ndarray, factor: float = 1.0) -> None:
        """Add ``factor`` times the penalty's gradient to ``gradient``."""
        launch.penalty_gradient(value, factor * self.l1, factor * self.l2, gradient)


class L1(L1L2):
    """``l1 * sum(|w|)``.

    Parameters
    ----------
    l1 : float
        At least 0; anything else is an error.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> float(nnkit.regularizers.L1(0.5)(np.array([1.0, -2.0])))
    1.5
    """

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """``l2 * sum(w ** 2)``: without 1/2, as in Keras.

    Parameters
    ----------
    l2 : float
        At least 0; anything else is an error.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> float(nnkit.regularizers.L2(0.5)(np.array([1.0, -2.0])))
    2.5
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


class OrthogonalRegularizer(Regularizer):
    """``factor`` times the mean of ``|cos|`` of the angles between rows (or columns) of a matrix.

    Parameters
    ----------
    factor : float
        At least 0.
    mode : str
        ``"rows"`` or ``"columns"``: the vectors that are to become orthogonal to each other.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, in a step, the weight is not a matrix of at
        least two rows (columns).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> regularizer = nnkit.regularizers.OrthogonalRegularizer(factor=1)
    >>> round(float(regularizer(np.array([[2.0, 0.0], [1.0, 1.0]]))), 4)
    0.7071
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        super().__init__()
        self.factor = _factor(self, "factor", factor)
        self.mode = checks.one_of("OrthogonalRegularizer", "mode", mode, ("rows", "columns"))

    def __call__(self, w: Any) -> Any:
        """The penalty on a matrix, or an expression."""
        if w.ndim != 2:
            raise ValueError(f"OrthogonalRegularizer is for matrices, not for {w.ndim} axes")
        vectors = w if self.mode == "rows" else w.T
        # An array's size is known; of an expression's, only whether it is 1.
        single = getattr(vectors, "broadcastable", None) or [n == 1 for n in vectors.shape]
        if single[0]:
            raise ValueError(
                f"OrthogonalRegularizer compares {self.mode} with each other, and there is one only"
            )
        squares = (vectors * vectors).sum(axis=1, keepdims=True)
        units = vectors / (squares + 1e-12) ** 0.5
        count = vectors.shape[0]
        others = abs(units @ units.T).sum() - (units * units).sum()
        return self.factor * others / (count * (count - 1.0))


class FunctionRegularizer(Regularizer, wraps_functions=True):
    """Wrap a function as a regularizer, as ``kernel_regularizer=function`` does.

    Parameters
    ----------
    function : callable or str
        ``function(w)`` returns one number, as an expression made with :mod:`nnkit.ops`. Or the name
        of a function registered with :func:`nnkit.saving.register`.

    Raises
    ------
    TypeError, ValueError
        ``function`` is not callable, or no function is registered under that name.

    Examples
    --------
    >>> import nnkit
    >>> from nnkit import ops
    >>> nnkit.regularizers.get(lambda w: 0.01 * ops.sum(ops.abs(w)))
    <FunctionRegularizer <lambda>>
    """

    def __init__(self, function: Callable[[Any], Any] | str) -> None:
        super().__init__()
        self.function = function_named("regularizer", function)

    def __call__(self, w: Any) -> Any:
        """The function's value."""
        return self.function(w)

    def __repr__(self) -> str:
        return f"<FunctionRegularizer {function_name(self.function)}>"


def get(identifier: Any) -> Regularizer | None:
    """Find or make a regularizer from a regularizer, a name, a configuration, or a function.

    Parameters
    ----------
    identifier : None, Regularizer, str, dict or callable
        For example ``"l2"``. A function becomes a :class:`FunctionRegularizer`.

    Returns
    -------
    Regularizer or None
        None for None: no penalty.

    Raises
    ------
    ValueError
        No regularizer has that name.
    TypeError
        ``identifier`` has another type.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.regularizers.get("l2")
    L2(l2=0.01)
    """
    return None if identifier is None else resolve("regularizer", identifier)


def _factor(owner: Regularizer, name: str, value: Any) -> float:
    return checks.number(type(owner).__name__, name, value, "[0, inf)")


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def serialize(regularizer: Any) -> Any:
    """Describe a regularizer by plain data, from which :func:`deserialize` makes an equal one."""
    return registry.serialize("regularizer", regularizer)


def deserialize(config: Any) -> Any:
    """Make a regularizer of a description, or of its name."""
    return get(config)


# Aliases, as in Keras.
l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer
