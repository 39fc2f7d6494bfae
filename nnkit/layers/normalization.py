"""Normalization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.layers.adapting import batches_of
from nnkit.layers.base import Layer, Shape
from nnkit.layers.sample_axes import axis_list, sample_axes
from nnkit.missing import also_from

__all__ = ["Normalization"]

_SMALLEST = 1e-7  # No standard deviation is taken to be smaller.


class Normalization(Layer):
    """Bring features to mean 0 and variance 1, by the mean and variance of given data.

    Parameters
    ----------
    axis : int, list of int or None
        The axes with a mean and variance for each of their places, by default the features; None
        for one of all numbers together. Not the batch.
    mean, variance : float or array, optional
        Both, in place of :meth:`adapt`. An array has the sizes of the axes, or of the last of them.
    invert : bool
        Whether to do the opposite: bring numbers of mean 0 and variance 1 to that of the data.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    adapt_mean, adapt_variance : Variable
        The sizes of the axes, not trained by gradients: what :meth:`adapt` found, 0 and 1 before.
        There are none if ``mean`` and ``variance`` were given.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value, or one of ``mean`` and ``variance`` is given without
        the other; or, once the input's shape is known, it doesn't fit.

    Notes
    -----
    Output of the input's shape: (x - mean) / max(sqrt(variance), 1e-7), or, with ``invert``,
    mean + x max(sqrt(variance), 1e-7).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.Normalization()
    >>> layer.adapt(np.array([[0.0, 7.0, 4.0], [2.0, 9.0, 6.0], [0.0, 7.0, 4.0], [2.0, 9.0, 6.0]]))
    >>> layer(np.array([[0.0, 7.0, 4.0]]))
    array([[-1., -1., -1.]], dtype=float32)

    >>> nnkit.layers.Normalization(mean=3.0, variance=4.0, invert=True)(np.array([[0.5]]))
    array([[4.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.axis = [] if axis is None else axis_list("Normalization", axis)
        self.invert = checks.flag("Normalization", "invert", invert)
        if (mean is None) != (variance is None):
            raise ValueError(
                f"Normalization: give both mean and variance, or neither and call adapt(data); got "
                f"mean={mean!r} and variance={variance!r}"
            )
        self._given: list[np.ndarray] = []
        if mean is not None:
            self._given = [
                to_numpy(value, f"Normalization: {name}", "float64")
                for name, value in (("mean", mean), ("variance", variance))
            ]
            shapes = [value.shape for value in self._given]
            if shapes[0] != shapes[1] or len(shapes[0]) > len(self.axis):
                raise ValueError(
                    f"Normalization: mean and variance have one shape, with at most as many axes "
                    f"as axis {axis!r} names; got {shapes[0]} and {shapes[1]}"
                )
            if not (self._given[1] >= 0).all():
                raise ValueError("Normalization: variance must be at least 0")

    def build(self, input_shape: Shape) -> None:
        """Make the weights, or check that mean and variance fit."""
        sizes = tuple(self.known_size(input_shape, axis) for axis in self._own_axes(input_shape))
        if not self._given:
            self.adapt_mean = self.add_weight("mean", sizes, "zeros", trainable=False)
            self.adapt_variance = self.add_weight("variance", sizes, "ones", trainable=False)
            # Keras's files have it; nobody reads it.
            self.add_weight("count", (), "zeros", trainable=False)
        elif tuple(n for n in self._given[0].shape if n != 1) != sizes:
            raise ValueError(
                f"layer {self.name!r} (Normalization): mean and variance have shape "
                f"{self._given[0].shape}, which doesn't fit axis {self.axis} of inputs of shape "
                f"{input_shape}"
            )

    def _own_axes(self, shape: Shape) -> list[int]:
        """The axes that have a mean and variance for each of their places."""
        axes = sample_axes(self, shape)
        if not self._given:
            return axes
        given = self._given[0].shape
        return [a for a, n in zip(axes[len(axes) - len(given) :], given, strict=True) if n != 1]

    def fixed_sizes(self, shape: Shape) -> tuple[Any, ...]:
        """The number of axes, and the sizes of those with means of their own."""
        return (len(shape), *(shape[axis] for axis in self._own_axes(shape)))

    def adapt(self, data: Any) -> None:
        """Compute mean and variance of data; what was computed before is forgotten.

        Parameters
        ----------
        data : array, or iterable of arrays
            (batch, ...); or batches of these, such as a generator or a list of arrays. Of batches
            that are tuples, as of inputs and targets, the first counts.

        Raises
        ------
        TypeError, ValueError
            ``mean`` and ``variance`` were given to the layer; there are no data; or the data don't
            fit the layer, or each other.
        """
        if self._given:
            raise ValueError(
                f"layer {self.name!r} (Normalization) was given mean and variance, so it doesn't "
                "adapt to data"
            )
        count, total, squares = 0, np.zeros(()), np.zeros(())
        for batch in batches_of(self.name, data):
            self.ensure_built((None, *batch.shape[1:]))
            reduced = tuple(set(range(batch.ndim)) - set(sample_axes(self, batch.shape)))
            here = math.prod(batch.shape[axis] for axis in reduced)
            if not here:
                continue
            wide = batch.astype(np.float64)
            mean = wide.mean(axis=reduced)
            off, before, count = mean - total, count, count + here
            # Two means and sums of squared deviations make one (T. Chan et al., 1979).
            squares = squares + wide.var(axis=reduced) * here + off**2 * (before * here / count)
            total = total + off * (here / count)
        if not count:
            raise ValueError(f"layer {self.name!r} (Normalization): there are no data to adapt to")
        self.set_weights([total, squares / count, np.zeros(())])

    def call(self, x: Any) -> Any:
        """(x - mean) / max(sqrt(variance), 1e-7), or the opposite."""
        from nnkit import ops

        shape = ops.shape(x)
        axes = self._own_axes(shape)
        wide = [shape[axis] if axis in axes else 1 for axis in range(len(shape))]
        if self._given:
            mean, variance = (given.reshape(wide) for given in self._given)
            deviation = np.maximum(np.sqrt(variance), _SMALLEST).astype(self.dtype)
            mean = mean.astype(self.dtype)
        else:
            mean, variance = (ops.reshape(v, wide) for v in (self.adapt_mean, self.adapt_variance))
            deviation = ops.maximum(ops.sqrt(variance), _SMALLEST)
        return mean + x * deviation if self.invert else (x - mean) / deviation


if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = also_from(__name__)
