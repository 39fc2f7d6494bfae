"""Values whose variance depends on how many connections a unit has."""

from __future__ import annotations

import math

import numpy as np

from nnkit import checks
from nnkit.initializers.random import RandomInitializer, truncated_normal

__all__ = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "VarianceScaling",
    "fans",
]

# Standard deviation of a standard normal variable cut off at 2.
_STDDEV_OF_TRUNCATED = 0.87962566103423978


class VarianceScaling(RandomInitializer):
    """Values whose variance is ``scale / n``, where n counts the connections of a unit.

    Parameters
    ----------
    scale : float
        Above 0.
    mode : str
        What n is: ``"fan_in"``, ``"fan_out"`` or ``"fan_avg"``, their mean; see :func:`fans`.
    distribution : str
        ``"truncated_normal"`` (or ``"normal"``): normal, values beyond two standard deviations
        drawn again, and widened so that the variance is as promised. ``"untruncated_normal"``.
        ``"uniform"``: from -L to L with L = sqrt(3 scale / n).
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> he = nnkit.initializers.VarianceScaling(2.0, "fan_in", "uniform")
    >>> bool(abs(he((6, 100))).max() <= 1)
    True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        owner = type(self).__name__
        self.scale = checks.number(owner, "scale", scale, "(0, inf)")
        self.mode = checks.one_of(owner, "mode", mode, ("fan_in", "fan_out", "fan_avg"))
        known = ("truncated_normal", "normal", "untruncated_normal", "uniform")
        self.distribution = checks.one_of(owner, "distribution", distribution, known)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return rng.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return rng.normal(0, math.sqrt(variance), shape)
        return math.sqrt(variance) / _STDDEV_OF_TRUNCATED * truncated_normal(rng, shape)


class GlorotUniform(VarianceScaling):
    """Uniform from -L to L, L = sqrt(6 / (fan_in + fan_out)); what Dense starts with.

    X. Glorot, Y. Bengio, 2010, "Understanding the difficulty of training deep feedforward neural
    networks".

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> bool(abs(nnkit.initializers.GlorotUniform()((4, 2))).max() <= 1)
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Truncated normal of variance 2 / (fan_in + fan_out).

    X. Glorot, Y. Bengio, 2010, "Understanding the difficulty of training deep feedforward neural
    networks".

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.GlorotNormal()((4, 2)).shape
    (4, 2)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform from -L to L, L = sqrt(6 / fan_in); for layers with ReLU.

    K. He et al., 2015, "Delving deep into rectifiers".

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> bool(abs(nnkit.initializers.HeUniform()((6, 2))).max() <= 1)
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Truncated normal of variance 2 / fan_in; for layers with ReLU.

    K. He et al., 2015, "Delving deep into rectifiers".

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.HeNormal()((4, 2)).shape
    (4, 2)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform from -L to L, L = sqrt(3 / fan_in).

    Y. LeCun et al., 1998, "Efficient BackProp".

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> bool(abs(nnkit.initializers.LecunUniform()((3, 2))).max() <= 1)
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Truncated normal of variance 1 / fan_in.

    Y. LeCun et al., 1998, "Efficient BackProp".

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.LecunNormal()((4, 2)).shape
    (4, 2)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs and outputs a unit with a weight of that shape has: fan_in, fan_out.

    The last two axes are inputs and outputs; axes before them (a convolution's window) multiply
    both.

    Examples
    --------
    >>> fans((784, 128))
    (784, 128)
    >>> fans((3, 3, 16, 32))
    (144, 288)
    >>> fans((10,))
    (10, 10)
    """
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window
