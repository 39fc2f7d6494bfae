"""The first values of weights.

With ``seed=None`` an initializer draws new values on every call, from the generator that
:func:`nnkit.utils.set_random_seed` sets. With an int it gives the same values on every call, as in
Keras: two layers of one shape would then start equal. All draws are made in float64 and rounded.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.registry import Configurable, resolve

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "fans",
    "get",
]

# Standard deviation of a standard normal variable cut off at 2.
_STDDEV_OF_TRUNCATED = 0.87962566103423978


class Initializer(Configurable):
    """Makes the first value of a weight. For one of your own, define ``__call__``.

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
        """Take no arguments, unless a subclass has some."""

    def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
        """The values.

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


# ------------------------------------------------------------------------------------- fixed


class Zeros(Initializer):
    """Zeros.

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
    """Ones.

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
    """One number everywhere.

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
        On a call for a shape that is no matrix's.

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


# ------------------------------------------------------------------------------------ random


class _Random(Initializer, abstract=True):
    """An initializer that draws: ``draw`` gives float64 values from a generator."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = checks.seed(type(self).__name__, seed)

    def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
        from nnkit.utils.random import next_seed

        seed = next_seed() if self.seed is None else self.seed
        rng = np.random.Generator(np.random.PCG64(seed))
        return self.draw(rng, tuple(shape)).astype(dtype, copy=False)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """The values, in float64."""
        raise TypeError(f"{type(self).__name__} must define draw(self, rng, shape)")


class RandomNormal(_Random):
    """Normal.

    Parameters
    ----------
    mean : float
    stddev : float
        From 0 on.
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.RandomNormal(seed=1)((2,))
    array([0.01727921, 0.04108091], dtype=float32)
    """

    aliases = ("normal",)

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = checks.number(type(self).__name__, "mean", mean)
        self.stddev = checks.number(type(self).__name__, "stddev", stddev, "[0, inf)")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """Normal, with values further than ``2 stddev`` from the mean drawn again.

    What is left has a standard deviation of 0.88 ``stddev``.

    Parameters
    ----------
    mean : float
    stddev : float
        From 0 on; that of the values before they are cut.
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> values = nnkit.initializers.TruncatedNormal(stddev=1.0)((1000,))
    >>> bool(abs(values).max() <= 2)
    True
    """

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return self.mean + self.stddev * truncated_normal(rng, shape)


class RandomUniform(_Random):
    """Uniform from ``minval`` to ``maxval``.

    Parameters
    ----------
    minval, maxval : float
        ``minval`` must not be greater.
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.RandomUniform(seed=1)((2,))
    array([0.00118216, 0.04504637], dtype=float32)
    """

    aliases = ("uniform",)

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = checks.number("RandomUniform", "minval", minval)
        self.maxval = checks.number("RandomUniform", "maxval", maxval)
        if self.minval > self.maxval:
            raise ValueError(f"RandomUniform: minval {minval} is greater than maxval {maxval}")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.uniform(self.minval, self.maxval, shape)


class Orthogonal(_Random):
    """A matrix with orthonormal columns (or rows, if there are fewer of them), times ``gain``.

    It is Q of the QR decomposition of a normal matrix, each column times the sign of R's diagonal,
    which makes Q uniform among the orthogonal matrices (F. Mezzadri, 2007, "How to generate random
    matrices from the classical compact groups"). A weight of higher rank counts as a matrix: its
    last axis, and all others.

    Parameters
    ----------
    gain : float
    seed : int, optional

    Raises
    ------
    ValueError
        On a call for a shape with fewer than two axes.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> q = nnkit.initializers.Orthogonal()((4, 3))
    >>> np.allclose(q.T @ q, np.eye(3), atol=1e-6)
    True
    """

    aliases = ("OrthogonalInitializer",)

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = checks.number("Orthogonal", "gain", gain)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal makes weights of two axes or more, not of shape {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = rng.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(normal)
        q *= np.sign(np.diag(r))
        return self.gain * (q.T if rows < columns else q).reshape(shape)


# -------------------------------------------------------------------------- scaled to the fans


class VarianceScaling(_Random):
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


# ----------------------------------------------------------------------------------- helpers


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


def truncated_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal values; those beyond 2 are drawn again."""
    values = rng.standard_normal(shape)
    beyond = np.abs(values) > 2
    while beyond.any():
        values[beyond] = rng.standard_normal(np.count_nonzero(beyond))
        beyond = np.abs(values) > 2
    return values


def get(identifier: Any) -> Initializer:
    """An initializer from itself, a name, or a configuration.

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
        It is something else, a function for example.

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
