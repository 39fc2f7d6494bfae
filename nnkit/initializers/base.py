"""Initializer: the base class of initializers, and ``get``."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.registry import Configurable, resolve

__all__ = ["Initializer", "get"]


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


def get(identifier: Any) -> Initializer:
    """Find or make an initializer from an initializer, a name, or a configuration.

    Parameters
    ----------
    identifier : Initializer, str or dict
        For example ``"he_normal"``.

    Returns
    -------
    Initializer

    Raises
    ------
    ValueError
        No initializer has that name.
    TypeError
        ``identifier`` has another type; functions are not accepted.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.get("zeros")((2,))
    array([0., 0.], dtype=float32)
    """
    if callable(identifier) and not isinstance(identifier, (type, Configurable)):
        raise TypeError(
            "an initializer is an Initializer object or the name of one, not a function: put it "
            "into a subclass of nnkit.initializers.Initializer, as __call__(self, shape, dtype)"
        )
    initializer: Initializer = resolve("initializer", identifier)
    return initializer
