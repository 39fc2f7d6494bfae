"""Initializers with fixed values."""

from __future__ import annotations

import numpy as np

from nnkit import checks
from nnkit.initializers.base import Initializer

__all__ = ["Constant", "Identity", "Ones", "Zeros"]


class Zeros(Initializer):
    """All values are 0.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    aliases = ("zero",)

    def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
        return np.zeros(shape, dtype)


class Ones(Initializer):
    """All values are 1.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.Ones()((2,))
    array([1., 1.], dtype=float32)
    """

    aliases = ("one",)

    def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
        return np.ones(shape, dtype)


class Constant(Initializer):
    """All values are the same number.

    Parameters
    ----------
    value : float

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.Constant(0.5)((2,))
    array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, value: float = 0.0) -> None:
        self.value = checks.number("Constant", "value", value)

    def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
        return np.full(shape, self.value, dtype)


class Identity(Initializer):
    """``gain`` on the diagonal of a matrix, 0 elsewhere; the matrix need not be square.

    Parameters
    ----------
    gain : float

    Raises
    ------
    ValueError
        Raised by a call with a shape that doesn't have two axes.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.Identity()((2, 3))
    array([[1., 0., 0.],
           [0., 1., 0.]], dtype=float32)
    """

    aliases = ("IdentityInitializer",)

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = checks.number("Identity", "gain", gain)

    def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices, not a weight of shape {tuple(shape)}")
        return np.eye(shape[0], shape[1], dtype=dtype) * np.asarray(self.gain, dtype)
