"""BatchNormalization."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.engine.variable import Variable
from nnkit.layers.base import Layer, Shape

__all__ = ["BatchNormalization", "blocks_of"]

_LANES = 64  # Numbers in a row of a view that fill the vector registers.
_BLOCK = 16384  # Elements that stay in a core's cache while they are summed twice.


class BatchNormalization(Layer):
    """Normalise each channel to mean 0 and variance 1 over the batch, then scale and shift it.

    S. Ioffe, C. Szegedy, 2015, "Batch normalization: accelerating deep network training by reducing
    internal covariate shift".

    Parameters
    ----------
    axis : int
        The axis of the channels: -1 for channels_last, 1 for channels_first.
    momentum : float
        From 0 to 1: ``moving = momentum moving + (1 - momentum) batch``, in each training step.
    epsilon : float
        Greater than 0; added to the variance.
    center : bool
        Whether to add a learnt offset, ``beta``.
    scale : bool
        Whether to multiply by a learnt scale, ``gamma``.
    beta_initializer, gamma_initializer : str or Initializer
    moving_mean_initializer, moving_variance_initializer : str or Initializer
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
    beta_constraint, gamma_constraint : str or Constraint, optional
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    gamma, beta : Variable or None
        (channels,).
    moving_mean, moving_variance : Variable
        (channels,), not trained by gradients.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, there is no such
        axis or its size is unknown.

    Notes
    -----
    Output of the input's shape: gamma (x - mean) / sqrt(variance + epsilon) + beta. In training,
    mean and (biased) variance are the batch's, and the moving averages are updated with them.
    Otherwise, and with ``trainable = False`` also in training, the moving averages are used.

    Backward, with z = (x - mean) / sqrt(variance + epsilon): d gamma = sum(dy z), d beta = sum(dy),
    dx = gamma (dy - mean(dy) - z mean(dy z)) / sqrt(variance + epsilon); with moving averages,
    without the two means. Masked timesteps are normalised like the rest, but are not part of the
    batch's statistics; if all are masked, the moving averages stay as they are.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.BatchNormalization(momentum=0.5)
    >>> layer(np.array([[1.0], [3.0]]), training=True).round(2).ravel()
    array([-1.,  1.], dtype=float32)
    >>> layer.moving_mean.value
    array([1.], dtype=float32)
    """

    recordable = True
    supports_masking = True
    uses_mask = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = "BatchNormalization"
        self.axis = checks.integer(owner, "axis", axis, -8, 8)
        self.momentum = checks.number(owner, "momentum", momentum, "[0, 1]")
        self.epsilon = checks.number(owner, "epsilon", epsilon, "(0, inf)")
        self.center = checks.flag(owner, "center", center)
        self.scale = checks.flag(owner, "scale", scale)
        self.plan_weight("beta", beta_initializer, beta_regularizer, beta_constraint)
        self.plan_weight("gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self.plan_weight("moving_mean", moving_mean_initializer)
        self.plan_weight("moving_variance", moving_variance_initializer)

    def build(self, input_shape: Shape) -> None:
        """Make the weights."""
        rank = len(input_shape)
        if not (-rank < self.axis < rank and self.axis):
            raise ValueError(
                f"layer {self.name!r} (BatchNormalization) has axis {self.axis}, but inputs of "
                f"shape {input_shape} have channels in an axis from 1 to {rank - 1}, or "
                f"-1 to {1 - rank}"
            )
        shape = (self.known_size(input_shape, self.axis),)
        self.gamma = self.add_weight("gamma", shape) if self.scale else None
        self.beta = self.add_weight("beta", shape) if self.center else None
        self.moving_mean = self.add_weight("moving_mean", shape, trainable=False)
        self.moving_variance = self.add_weight("moving_variance", shape, trainable=False)
        # Constants that stand in for gamma and beta where the layer has none.
        one, zero = np.ones(shape, self.dtype), np.zeros(shape, self.dtype)
        self._one = Variable(one, "gamma", False) if self.gamma is None else self.gamma
        self._zero = Variable(zero, "beta", False) if self.beta is None else self.beta

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The number of channels, in the axis that has them."""
        rank = len(shape)
        return (shape[self.axis],) if -rank < self.axis < rank else ()

    def forward(
        self, x: np.ndarray, training: bool = False, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """y = gamma (x - mean) / sqrt(variance + epsilon) + beta."""
        by_batch = training and self.trainable and x.size > 0
        self.mask = self._row_mask(x, mask) if by_batch else None
        if by_batch:
            mean, variance = self._statistics(x)
        else:
            mean, variance = self.moving_mean.value, self.moving_variance.value
            self.share = self.empty(mean.shape)
            launch.fill(0.0, self.share)
        rows, y = self._lanes(x), self.empty(x.shape)
        lines = self.empty((3, rows.shape[1]))
        gamma, beta = self._one.value, self._zero.value
        launch.batch_lines(mean, variance, self.epsilon, gamma, beta, lines)
        launch.normalize(rows, lines, self._lanes(y))
        self.x, self.lines, self.variance = x, lines, variance
        return y

    def _statistics(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute mean and variance of the batch, and update the moving averages with them."""
        rows, shape = self._lanes(x), self.moving_mean.shape
        size, blocks = blocks_of(rows)
        partial = self.empty((blocks, 3, rows.shape[1]))
        if self.mask is None:
            launch.batch_moments(rows, size, 0, partial)
        else:
            launch.masked_moments(rows, self.mask, size, 0, partial)
        mean, variance, self.share = self.empty(shape), self.empty(shape), self.empty(shape)
        moving = self.moving_mean.value, self.moving_variance.value
        launch.batch_statistics(partial, self.momentum, *moving, mean, variance, self.share)
        return mean, variance

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = gamma (dy - mean(dy) - z mean(dy z)) / sqrt(variance + epsilon)."""
        n, rows, dx = self.moving_mean.size, self._lanes(self.x), self.empty(dy.shape)
        size, blocks = blocks_of(rows)
        partial = self.empty((blocks, 2, rows.shape[1]))
        launch.batch_gradient_sums(self._lanes(dy), rows, self.lines, size, 0, partial)
        slopes = self.empty((3, rows.shape[1]))
        launch.batch_gradients(
            partial,
            self.variance,
            self.epsilon,
            self._one.value,
            self.share,
            slopes,
            self.empty((n,)) if self.gamma is None else self.gamma.gradient,
            self.empty((n,)) if self.beta is None else self.beta.gradient,
        )
        given = (self._lanes(dy), rows) if self.mask is None else (self._lanes(dy), rows, self.mask)
        kernel = (
            launch.normalize_backward if self.mask is None else launch.masked_normalize_backward
        )
        kernel(*given, self.lines, slopes, self._lanes(dx))
        return dx

    def _row_mask(self, x: np.ndarray, mask: np.ndarray | None) -> np.ndarray | None:
        """The mask as (rows, 1), or (rows, channels) if it has the axis of the channels."""
        if mask is None or self.axis % x.ndim < mask.ndim:
            return mask
        return mask.reshape(mask.size, 1)

    def _lanes(self, x: np.ndarray) -> np.ndarray:
        """View x as (rows, lanes, inner).

        With few channels, several rows are side by side in a lane; with a mask, the rows of one
        of its entries are.
        """
        axis = self.axis % x.ndim
        rows, n = math.prod(x.shape[:axis]), x.shape[axis]
        inner = math.prod(x.shape[axis + 1 :])
        if self.mask is not None:
            return x.reshape(len(self.mask), -1, inner)
        while inner == 1 and n < _LANES and rows > 0 and rows % 2 == 0:
            rows, n = rows // 2, n * 2
        return x.reshape(rows, n, inner)


def blocks_of(rows: np.ndarray) -> tuple[int, int]:
    """The number of rows of (rows, n, inner) in a block, and the number of blocks.

    Both depend on the shape only. A block fits into the cache, unless the partial sums of all
    blocks would then take a large part of the memory.
    """
    count, n, inner = rows.shape
    size = max(_BLOCK // max(n * inner, 1), -(-32 // max(inner, 1)))
    return size, max(-(-count // size), 1)
