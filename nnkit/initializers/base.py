"""Initializer: the base class of initializers, and ``get``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit import registry
from nnkit.arguments import takes
from nnkit.conversion import to_numpy
from nnkit.registry import Configurable, function_name, function_named, resolve

__all__ = ["FunctionInitializer", "Initializer", "deserialize", "get", "serialize"]


class Initializer(Configurable):
    """Make the initial value of a weight. A custom initializer defines ``__call__``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> class Ramp(nnkit.initializers.Initializer):
    ...     def __call__(self, shape, dtype="float32"):
    ...         return np.linspace(0, 1, np.prod(shape)).reshape(shape).astype(dtype)
    >>> nnkit.layers.Dense(2, kernel_initializer=Ramp())(np.eye(2))
    array([[0. , 0.33333334], [0.6666667 , 1. ]], dtype=float32)
    """

    kind = "initializer"

    def __init__(self) -> None:
        """Take no arguments; a subclass may."""

    def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
        """Make the values.

        Parameters
        ----------
        shape : tuple of int
        dtype : str
            ``"float32"`` or ``"float64"``.

        Returns
        -------
        numpy.ndarray
        """
        raise TypeError(f"{type(self).__name__} must define __call__(self, shape, dtype)")


class FunctionInitializer(Initializer, wraps_functions=True):
    """Wrap a function as an initializer: ``kernel_initializer=function`` makes such one.

    Parameters
    ----------
    function : callable or str
        ``function(shape)`` or ``function(shape, dtype=None)`` returns an array of that shape. Or
        the name of a function under :func:`nnkit.saving.register`; only such can be saved.

    Raises
    ------
    TypeError, ValueError
        ``function`` is not callable, or no function is registered under that name.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> def ramp(shape, dtype=None):
    ...     return np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    >>> nnkit.initializers.get(ramp)((2, 2))
    array([[0., 1.],
           [2., 3.]], dtype=float32)
    """

    def __init__(self, function: Callable[..., Any] | str) -> None:
        self.function = function_named("initializer", function)

    def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
        told = {"dtype": dtype} if takes(self.function, "dtype") else {}
        made = self.function(shape, **told)
        return to_numpy(made, f"what {function_name(self.function)} gives").astype(dtype)


def get(identifier: Any) -> Initializer:
    """Find or make an initializer from an initializer, a name, or a configuration.

    Parameters
    ----------
    identifier : Initializer, str, dict or callable
        For example ``"he_normal"``. A function becomes a :class:`FunctionInitializer`.

    Returns
    -------
    Initializer

    Raises
    ------
    ValueError
        No initializer has that name.
    TypeError
        ``identifier`` has another type.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.get("zeros")((2,))
    array([0., 0.], dtype=float32)
    """
    initializer: Initializer = resolve("initializer", identifier)
    return initializer


def serialize(initializer: Any) -> Any:
    """Describe an initializer by plain data, from which :func:`deserialize` makes an equal one.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.serialize(nnkit.initializers.Zeros())
    {'class_name': 'Zeros', 'config': {}}
    """
    return registry.serialize("initializer", initializer)


def deserialize(config: Any) -> Any:
    """Make an initializer of a description, or of its name."""
    return get(config)
