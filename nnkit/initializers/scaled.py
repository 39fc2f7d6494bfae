"""Initializers whose variance depends on the number of a unit's connections."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

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

# Standard deviation of a standard normal distribution truncated to [-2, 2].
_STDDEV_OF_TRUNCATED = 0.87962566103423978


class VarianceScaling(RandomInitializer):
    """Draw values of variance ``scale / n``, where n is the number of a unit's connections.

    Parameters
    ----------
    scale : float
        Greater than 0.
    mode : str
        The number n: ``"fan_in"``, ``"fan_out"`` or ``"fan_avg"``, their mean; see :func:`fans`.
    distribution : str
        ``"truncated_normal"`` (or ``"normal"``): a normal distribution truncated at two standard
        deviations, and scaled to the variance. ``"untruncated_normal"``: a normal distribution.
        ``"uniform"``: from -L to L with L = sqrt(3 scale / n).
    seed : int, optional
    input_axes, output_axes : sequence of int, optional
        The axes of a weight that count as a unit's inputs and as its outputs; see :func:`fans`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value, or one of ``input_axes`` and ``output_axes`` is given
        without the other; or, in a call, the weight has no such axis.

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
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        owner = type(self).__name__
        self.scale = checks.number(owner, "scale", scale, "(0, inf)")
        self.mode = checks.one_of(owner, "mode", mode, ("fan_in", "fan_out", "fan_avg"))
        known = ("truncated_normal", "normal", "untruncated_normal", "uniform")
        self.distribution = checks.one_of(owner, "distribution", distribution, known)
        self.input_axes = _axes(owner, "input_axes", input_axes)
        self.output_axes = _axes(owner, "output_axes", output_axes)
        if (self.input_axes is None) != (self.output_axes is None):
            raise ValueError(f"{owner}: give both input_axes and output_axes, or neither")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return rng.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return rng.normal(0, math.sqrt(variance), shape)
        return math.sqrt(variance) / _STDDEV_OF_TRUNCATED * truncated_normal(rng, shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; axes only if given, because old Keras lacks them."""
        config = super().get_config()
        given = self.input_axes is not None
        return {k: v for k, v in config.items() if given or k not in ("input_axes", "output_axes")}


class _Named(VarianceScaling, abstract=True):
    """Base of variance scalings with fixed settings.

    Attributes
    ----------
    settings : tuple
        Class attribute: scale, mode and distribution.
    """

    settings: ClassVar[tuple[float, str, str]]

    def __init__(
        self,
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.settings, seed, input_axes, output_axes)


class GlorotUniform(_Named):
    """Uniform from -L to L, L = sqrt(6 / (fan_in + fan_out)); the default of kernels.

    X. Glorot, Y. Bengio, 2010, "Understanding the difficulty of training deep feedforward neural
    networks".

    Parameters
    ----------
    seed : int, optional
    input_axes, output_axes : sequence of int, optional
        See :class:`VarianceScaling`.

    Examples
    --------
    >>> import nnkit
    >>> bool(abs(nnkit.initializers.GlorotUniform()((4, 2))).max() <= 1)
    True
    """

    settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Named):
    """Truncated normal of variance 2 / (fan_in + fan_out).

    X. Glorot, Y. Bengio, 2010, "Understanding the difficulty of training deep feedforward neural
    networks".

    Parameters
    ----------
    seed : int, optional
    input_axes, output_axes : sequence of int, optional
        See :class:`VarianceScaling`.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.GlorotNormal()((4, 2)).shape
    (4, 2)
    """

    settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Named):
    """Uniform from -L to L, L = sqrt(6 / fan_in); for layers with ReLU.

    K. He et al., 2015, "Delving deep into rectifiers".

    Parameters
    ----------
    seed : int, optional
    input_axes, output_axes : sequence of int, optional
        See :class:`VarianceScaling`.

    Examples
    --------
    >>> import nnkit
    >>> bool(abs(nnkit.initializers.HeUniform()((6, 2))).max() <= 1)
    True
    """

    settings = (2.0, "fan_in", "uniform")


class HeNormal(_Named):
    """Truncated normal of variance 2 / fan_in; for layers with ReLU.

    K. He et al., 2015, "Delving deep into rectifiers".

    Parameters
    ----------
    seed : int, optional
    input_axes, output_axes : sequence of int, optional
        See :class:`VarianceScaling`.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.HeNormal()((4, 2)).shape
    (4, 2)
    """

    settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Named):
    """Uniform from -L to L, L = sqrt(3 / fan_in).

    Y. LeCun et al., 1998, "Efficient BackProp".

    Parameters
    ----------
    seed : int, optional
    input_axes, output_axes : sequence of int, optional
        See :class:`VarianceScaling`.

    Examples
    --------
    >>> import nnkit
    >>> bool(abs(nnkit.initializers.LecunUniform()((3, 2))).max() <= 1)
    True
    """

    settings = (1.0, "fan_in", "uniform")


class LecunNormal(_Named):
    """Truncated normal of variance 1 / fan_in.

    Y. LeCun et al., 1998, "Efficient BackProp".

    Parameters
    ----------
    seed : int, optional
    input_axes, output_axes : sequence of int, optional
        See :class:`VarianceScaling`.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.LecunNormal()((4, 2)).shape
    (4, 2)
    """

    settings = (1.0, "fan_in", "truncated_normal")


def fans(
    shape: tuple[int, ...],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """The number of inputs and of outputs of a unit with a weight of that shape: fan_in, fan_out.

    By default the last two axes are inputs and outputs, and axes before them (a convolution's
    window) multiply both. With ``input_axes`` and ``output_axes``, the numbers are the products of
    these axes.

    Raises
    ------
    ValueError
        The weight has no such axis.

    Examples
    --------
    >>> fans((784, 128))
    (784, 128)
    >>> fans((3, 3, 16, 32))
    (144, 288)
    >>> fans((10,))
    (10, 10)
    >>> fans((4, 8, 16), input_axes=[0], output_axes=[1, 2])
    (4, 128)
    """
    if input_axes is not None and output_axes is not None:
        for axis in (*input_axes, *output_axes):
            if not -len(shape) <= axis < len(shape):
                raise ValueError(f"a weight of shape {shape} has no axis {axis}")
        fan_in, fan_out = (math.prod(shape[a] for a in axes) for axes in (input_axes, output_axes))
        return fan_in, fan_out
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window


def _axes(owner: str, name: str, axes: Any) -> list[int] | None:
    if axes is None:
        return None
    if not isinstance(axes, (list, tuple)):
        raise TypeError(f"{owner}: {name} must be a list of whole numbers, got {axes!r}")
    return [checks.integer(owner, name, axis, -32, 31) for axis in axes]
