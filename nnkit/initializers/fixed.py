"""Initializers with fixed values."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
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
    """All values are the same number, or those of an array.

    Parameters
    ----------
    value : float or array
        An array of the weight's shape, or one that broadcasts to it.

    Raises
    ------
    TypeError, ValueError
        ``value`` holds no numbers; or, in a call, the array doesn't fit the weight's shape.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.Constant(0.5)((2,))
    array([0.5, 0.5], dtype=float32)
    >>> nnkit.initializers.Constant([1, 2])((3, 2))[0]
    array([1., 2.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
            self.value: Any = checks.number("Constant", "value", value)
        else:
            self.value = np.array(to_numpy(value, "Constant: value"))

    def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
        given = np.asarray(self.value, dtype)
        try:
            return np.array(np.broadcast_to(given, shape), order="C")
        except ValueError:
            raise ValueError(
                f"Constant has values of shape {given.shape} for a weight of shape {tuple(shape)}"
            ) from None

    def get_config(self) -> dict[str, Any]:
        """The value as numbers, or lists of them."""
        array = isinstance(self.value, np.ndarray)
        return {"value": self.value.tolist() if array else self.value}


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
