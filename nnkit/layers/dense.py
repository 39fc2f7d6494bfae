"""Dense: every output is connected to every input."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["Dense"]


class Dense(Layer):
    """Compute ``activation(x @ kernel + bias)`` over the last axis of ``x``.

    Parameters
    ----------
    units : int
        Size of the output's last axis, at least 1.
    activation : str or Layer, optional
        Applied to the result: ``"tanh"``, ``"relu"``...; see :mod:`nnkit.activations`.
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties on the weights, added to the loss.
    kernel_constraint, bias_constraint : str or Constraint, optional
        Applied to the weights after each step.
    **options
        Arguments of :class:`Layer`: name, trainable, dtype, input_shape, activity_regularizer.

    Attributes
    ----------
    kernel : Variable
        (inputs, units).
    bias : Variable or None
        (units,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the input has
        no axis besides the batch, or an unknown number of features.

    Notes
    -----
    Input (batch, ..., inputs), output (batch, ..., units). Backward, with all axes but the last
    taken as one: d kernel = x^T dz, d bias = the sum of dz's rows, dx = dz kernel^T.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.Dense(2, activation="relu", kernel_initializer="identity")
    >>> layer(np.array([[1.0, -2.0, 3.0]]))
    array([[1., 0.]], dtype=float32)
    """

    recordable = True
    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **options)
        self.units = checks.integer("Dense", "units", units)
        self.activation = activation
        self.use_bias = checks.flag("Dense", "use_bias", use_bias)
        self.plan_weight("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.plan_weight("bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel, and the bias if there is one."""
        if len(input_shape) < 2:
            raise ValueError(
                f"layer {self.name!r} (Dense) needs inputs of shape (batch, ..., features), got "
                f"{input_shape}"
            )
        features = self.known_size(input_shape, -1)
        self.kernel = self.add_weight("kernel", (features, self.units))
        self.bias = self.add_weight("bias", (self.units,)) if self.use_bias else None

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The number of features."""
        return shape[1:][-1:]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape with ``units`` as the last size."""
        return (*input_shape[:-1], self.units)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """z = x kernel + bias."""
        self.x = x
        z = self.empty((*x.shape[:-1], self.units))
        rows, z_rows = x.reshape(-1, x.shape[-1]), z.reshape(-1, self.units)
        if self.bias is None:
            launch.matmul(rows, self.kernel.value, z_rows)
        else:
            launch.matmul_bias(rows, self.kernel.value, self.bias.value, z_rows)
        return z

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """Compute the weights' gradients, and return the input's if anyone needs it."""
        rows, dz = self.x.reshape(-1, self.x.shape[-1]), dy.reshape(-1, self.units)
        launch.matmul(rows.T, dz, self.kernel.gradient)
        if self.bias is not None:
            launch.sum_rows(dz, 0, self.bias.gradient)
        if not self.propagate:
            return None
        dx = self.empty(self.x.shape)
        launch.matmul(dz, self.kernel.value.T, dx.reshape(rows.shape))
        return dx
