"""LayerNormalization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import budget, checks
from nnkit.engine.dispatch import launch
from nnkit.engine.variable import Variable
from nnkit.layers.base import Layer, Shape
from nnkit.layers.batch_normalization import blocks_of
from nnkit.layers.sample_axes import axis_list, first_axis, last_axes

__all__ = ["LayerNormalization"]


class LayerNormalization(Layer):
    """Normalise each sample to mean 0 and variance 1 over its last axes, then scale and shift it.

    J. L. Ba et al., 2016, "Layer normalization".

    Parameters
    ----------
    axis : int or list of int
        The last axis, or several last axes. Not the batch.
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
        The sizes of the normalised axes.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the axes are not
        its last ones, or their sizes are unknown.

    Notes
    -----
    Output of the input's shape: gamma z + beta with z = (x - mean) / sqrt(variance + epsilon), mean
    and variance over the axes. Backward, with g = dy gamma: dx = (g - mean(g) - z mean(g z)) /
    sqrt(variance + epsilon), d gamma = sum(dy z), d beta = sum(dy), sums over all other axes.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.LayerNormalization()(np.array([[1.0, 3.0], [-9.0, 9.0]])).round(2)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """

    recordable = True
    supports_masking = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
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
        owner = "LayerNormalization"
        self.axis = axis_list(owner, axis)
        self.epsilon = checks.number(owner, "epsilon", epsilon, "(0, inf)")
        self.center = checks.flag(owner, "center", center)
        self.scale = checks.flag(owner, "scale", scale)
        self.plan_weight("beta", beta_initializer, beta_regularizer, beta_constraint)
        self.plan_weight("gamma", gamma_initializer, gamma_regularizer, gamma_constraint)

    def build(self, input_shape: Shape) -> None:
        """Make the weights."""
        sizes = tuple(self.known_size(input_shape, i) for i in last_axes(self, input_shape))
        self.gamma = self.add_weight("gamma", sizes) if self.scale else None
        self.beta = self.add_weight("beta", sizes) if self.center else None
        # Constants stand in for a missing gamma or beta, and take as much memory.
        if self.gamma is None:
            budget.spend(sizes, self.dtype, f"{self.name}/gamma")
        one, zero = np.ones(sizes, self.dtype), np.zeros(sizes, self.dtype)
        self._one = Variable(one, "gamma", False) if self.gamma is None else self.gamma
        self._zero = Variable(zero, "beta", False) if self.beta is None else self.beta

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The sizes from the first normalised axis on."""
        return shape[first_axis(self, shape) :]

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = gamma (x - mean) / sqrt(variance + epsilon) + beta."""
        rows, y = self._rows(x), self.empty(x.shape)
        mean, inverse = self.empty(rows.shape[:1]), self.empty(rows.shape[:1])
        gamma, beta = self._one.value.reshape(-1), self._zero.value.reshape(-1)
        launch.layer_normalization(rows, gamma, beta, self.epsilon, self._rows(y), mean, inverse)
        self.x, self.mean, self.inverse = x, mean, inverse
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = (g - mean(g) - z mean(g z)) / sqrt(variance + epsilon) with g = dy gamma."""
        dx, rows, gamma = self.empty(dy.shape), self._rows(self.x), self._one.value.reshape(-1)
        size, blocks = blocks_of(rows[..., None])
        dgamma, dbeta = self.empty((blocks, gamma.size)), self.empty((blocks, gamma.size))
        launch.layer_normalization_backward(
            self._rows(dy),
            rows,
            gamma,
            self.mean,
            self.inverse,
            size,
            0,
            self._rows(dx),
            dgamma,
            dbeta,
        )
        if self.gamma is not None:
            launch.sum_rows(dgamma, 0, self.gamma.gradient.reshape(-1))
        if self.beta is not None:
            launch.sum_rows(dbeta, 0, self.beta.gradient.reshape(-1))
        return dx

    def _rows(self, x: np.ndarray) -> np.ndarray:
        """View x as (rows, n), where each row is normalised by itself."""
        n = math.prod(self._one.shape)
        return x.reshape(x.size // n, n)
