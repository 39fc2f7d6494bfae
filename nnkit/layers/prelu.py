"""PReLU: a leaky ReLU whose slopes are learnt."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["PReLU"]


class PReLU(Layer):
    """``x`` where x > 0, else ``alpha x``; alpha is learnt.

    K. He et al., 2015, "Delving deep into rectifiers: surpassing human-level performance on
    ImageNet classification".

    Parameters
    ----------
    alpha_initializer : str or Initializer
    alpha_regularizer : str or Regularizer, optional
    alpha_constraint : str or Constraint, optional
    shared_axes : list of int, optional
        Axes, counted from 1, along which all elements share one alpha: [1, 2] for one alpha a
        channel of images in channels_last.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    alpha : Variable
        The shape of a sample, with 1 for shared axes.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, it lacks a
        shared axis, a size is unknown, or shared and other axes alternate too often.

    Notes
    -----
    Output of the input's shape. Backward: dx = dy where x > 0, else alpha dy; d alpha = the sum of
    dy x over the elements with x <= 0 that share alpha.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.PReLU("ones")(np.array([[-2.0, 3.0]]))
    array([[-2.,  3.]], dtype=float32)
    """

    recordable = True
    supports_masking = True

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.plan_weight("alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        given = shared_axes if isinstance(shared_axes, (list, tuple)) else [shared_axes]
        axes = [] if shared_axes is None else given
        self.shared_axes = [checks.integer("PReLU", "shared_axes", n, 1, 8) for n in axes]

    def build(self, input_shape: Shape) -> None:
        """Make alpha."""
        last = len(input_shape) - 1
        if last < 1 or max(self.shared_axes, default=0) > last:
            raise ValueError(
                f"layer {self.name!r} (PReLU) shares axes {self.shared_axes} and needs inputs with "
                f"these axes, got {input_shape}"
            )
        sizes = [
            1 if axis in self.shared_axes else self.known_size(input_shape, axis)
            for axis in range(1, last + 1)
        ]
        if len(self._in_turns(sizes)) > 4:
            raise ValueError(
                f"layer {self.name!r} (PReLU): shared_axes {self.shared_axes} of inputs of shape "
                f"{input_shape} leave more than two groups of axes; share neighbouring axes"
            )
        self.alpha = self.add_weight("alpha", tuple(sizes))

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The shape of alpha: the number of axes, and the sizes of those that aren't shared."""
        return tuple(
            1 if axis in self.shared_axes else size for axis, size in enumerate(shape) if axis > 0
        )

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x where x > 0, else alpha x."""
        self.x, y = x, self.empty(x.shape)
        launch.prelu(self._grouped(x), self._slopes(self.alpha.value), self._grouped(y))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy where x > 0, else alpha dy."""
        alpha, dx = self._slopes(self.alpha.value), self.empty(dy.shape)
        parts = self.empty((dy.shape[0], *alpha.shape))  # Each sample's addend of alpha's gradient.
        launch.prelu_backward(
            self._grouped(dy), self._grouped(self.x), alpha, self._grouped(dx), parts
        )
        launch.sum_rows(parts.reshape(dy.shape[0], alpha.size), 0, self.alpha.gradient.reshape(-1))
        return dx

    def _grouped(self, x: np.ndarray) -> np.ndarray:
        """View x as (batch, shared, own, shared, own), by whether axes share alpha."""
        return x.reshape(x.shape[0], *self._in_turns(x.shape[1:]))

    def _slopes(self, alpha: np.ndarray) -> np.ndarray:
        _, first, _, second = self._in_turns(alpha.shape)
        return alpha.reshape(first, second)

    def _in_turns(self, sizes: Sequence[int]) -> list[int]:
        """Join neighbours: sizes of shared, own, shared, own axes, or more if these don't suffice.

        Examples
        --------
        >>> PReLU(shared_axes=[1, 2])._in_turns([28, 28, 3])
        [1, 1, 784, 3]
        >>> PReLU(shared_axes=[2, 3])._in_turns([3, 28, 28])
        [1, 3, 784, 1]
        """
        axes = enumerate(sizes, 1)
        groups = [
            (shared, math.prod(size for _, size in group))
            for shared, group in itertools.groupby(axes, lambda axis: axis[0] in self.shared_axes)
        ]
        if groups[-1][0]:
            groups.append((False, 1))
        if not groups[0][0]:
            groups.insert(0, (True, 1))
        return [1, 1] * (2 - len(groups) // 2) + [size for _, size in groups]
