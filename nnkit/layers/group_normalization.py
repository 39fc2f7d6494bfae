"""GroupNormalization."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.engine.variable import Variable
from nnkit.layers.base import Layer, Shape

__all__ = ["GroupNormalization"]


class GroupNormalization(Layer):
    """Normalise groups of channels of each sample to mean 0 and variance 1; scale and shift them.

    Y. Wu, K. He, 2018, "Group normalization".

    Parameters
    ----------
    groups : int
        How many groups of neighbouring channels there are, a divisor of their number: with 1, all
        of a sample is normalised together; with -1, each channel by itself.
    axis : int
        The axis of the channels: -1 for channels_last, 1 for channels_first.
    epsilon : float
        Greater than 0; added to the variance.
    center : bool
        Whether to add a learnt offset, ``beta``.
    scale : bool
        Whether to multiply by a learnt scale, ``gamma``.
    beta_initializer, gamma_initializer : str or Initializer
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
    beta_constraint, gamma_constraint : str or Constraint, optional
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    gamma, beta : Variable or None
        (channels,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, there is no such
        axis, its size is unknown, or the number of groups doesn't divide it.

    Notes
    -----
    Output of the input's shape: gamma z + beta with z = (x - mean) / sqrt(variance + epsilon), mean
    and variance over a group's channels and all axes but the batch's. Backward, with g = dy gamma:
    dx = (g - mean(g) - z mean(g z)) / sqrt(variance + epsilon), d gamma = sum(dy z), d beta =
    sum(dy), sums over all other axes. Masked timesteps count like the others.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.GroupNormalization(groups=2)
    >>> layer(np.array([[1.0, 3.0, -9.0, 9.0]])).round(2)
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    recordable = True
    supports_masking = True

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = "GroupNormalization"
        self.groups = checks.integer(owner, "groups", groups, -1)
        if self.groups == 0:
            raise ValueError(f"{owner}: groups must be at least 1, or -1 for each channel, got 0")
        self.axis = checks.integer(owner, "axis", axis, -8, 8)
        self.epsilon = checks.number(owner, "epsilon", epsilon, "(0, inf)")
        self.center = checks.flag(owner, "center", center)
        self.scale = checks.flag(owner, "scale", scale)
        self.plan_weight("beta", beta_initializer, beta_regularizer, beta_constraint)
        self.plan_weight("gamma", gamma_initializer, gamma_regularizer, gamma_constraint)

    def build(self, input_shape: Shape) -> None:
        """Make the weights."""
        rank = len(input_shape)
        if not (-rank < self.axis < rank and self.axis):
            raise ValueError(
                f"layer {self.name!r} (GroupNormalization) has axis {self.axis}, but inputs of "
                f"shape {input_shape} have channels in an axis from 1 to {rank - 1}, or -1 to "
                f"{1 - rank}"
            )
        channels = self.known_size(input_shape, self.axis)
        if channels % self.groups:
            raise ValueError(
                f"layer {self.name!r} (GroupNormalization) has groups={self.groups}, which must "
                f"divide the number of channels, {channels} in axis {self.axis} of inputs of shape "
                f"{input_shape}"
            )
        self.gamma = self.add_weight("gamma", (channels,)) if self.scale else None
        self.beta = self.add_weight("beta", (channels,)) if self.center else None
        # Constants stand in for a missing gamma or beta.
        one, zero = np.ones(channels, self.dtype), np.zeros(channels, self.dtype)
        self._one = Variable(one, "gamma", False) if self.gamma is None else self.gamma
        self._zero = Variable(zero, "beta", False) if self.beta is None else self.beta

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The number of channels, in the axis that has them."""
        rank = len(shape)
        return (shape[self.axis],) if -rank < self.axis < rank else ()

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = gamma (x - mean) / sqrt(variance + epsilon) + beta."""
        self.x, y, samples = x, self.empty(x.shape), self._samples(x)
        batch, channels = len(samples), self._one.size
        self.lines = self.empty((batch, 3, channels))
        self.inverse = self.empty((batch, channels if self.groups < 0 else self.groups))
        gamma, beta = self._one.value, self._zero.value
        launch.group_normalization(
            samples, gamma, beta, self.epsilon, self._samples(y), self.lines, self.inverse
        )
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = (g - mean(g) - z mean(g z)) / sqrt(variance + epsilon) with g = dy gamma."""
        dx, samples = self.empty(dy.shape), self._samples(self.x)
        sums = len(samples), self._one.size
        slopes, dgamma, dbeta = self.empty(self.lines.shape), self.empty(sums), self.empty(sums)
        launch.group_normalization_backward(
            self._samples(dy),
            samples,
            self._one.value,
            self.lines,
            self.inverse,
            self._samples(dx),
            slopes,
            dgamma,
            dbeta,
        )
        if self.gamma is not None:
            launch.sum_rows(dgamma, 0, self.gamma.gradient)
        if self.beta is not None:
            launch.sum_rows(dbeta, 0, self.beta.gradient)
        return dx

    def _samples(self, x: np.ndarray) -> np.ndarray:
        """View x as (batch, rows, channels, inner); without samples if it has no numbers."""
        axis, channels = self.axis % x.ndim, self._one.size
        if not x.size:
            return x.reshape(0, 1, channels, 1)
        rows, inner = math.prod(x.shape[1:axis]), math.prod(x.shape[axis + 1 :])
        return x.reshape(x.shape[0], rows, channels, inner)
