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
        if last < 1 or not all(input_shape[1:]) or max(self.shared_axes, default=0) > last:
            raise ValueError(
                f"layer {self.name!r} (PReLU) shares axes {self.shared_axes} and needs inputs with "
                f"these axes and known sizes, got {input_shape}"
            )
        sizes = [int(n or 0) for n in input_shape[1:]]
        shared = [n in self.shared_axes for n in range(1, last + 1)]
        self.alpha = self.add_weight(
            "alpha", tuple(1 if s else n for n, s in zip(sizes, shared, strict=True))
        )
        self._sizes = _in_turns(sizes, shared)
        if len(self._sizes) > 4:
            raise ValueError(
                f"layer {self.name!r} (PReLU): shared_axes {self.shared_axes} of inputs of shape "
                f"{input_shape} leave more than two groups of axes; share neighbouring axes"
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
        return x.reshape(x.shape[0], *self._sizes)

    def _slopes(self, alpha: np.ndarray) -> np.ndarray:
        return alpha.reshape(self._sizes[1], self._sizes[3])


def _in_turns(sizes: Sequence[int], shared: Sequence[bool]) -> list[int]:
    """Join neighbouring axes: sizes of shared, own, shared, own, and more if these don't suffice.

    Examples
    --------
    >>> _in_turns([28, 28, 3], [True, True, False])
    [1, 1, 784, 3]
    >>> _in_turns([3, 28, 28], [False, True, True])
    [1, 3, 784, 1]
    """
    groups = [
        (kind, math.prod(size for size, _ in group))
        for kind, group in itertools.groupby(zip(sizes, shared, strict=True), lambda pair: pair[1])
    ]
    if groups[-1][0]:
        groups.append((False, 1))
    if not groups[0][0]:
        groups.insert(0, (True, 1))
    return [1, 1] * (2 - len(groups) // 2) + [size for _, size in groups]
