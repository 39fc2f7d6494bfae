"""Pooling: what a window of an image comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.nnet.conv import Pair, pair
from nnkit.symbolic.tensor.variable import TensorType, as_tensor

__all__ = ["Pool", "PoolGradient", "max_pool_2d", "pool_2d"]

MODES = ("max", "sum", "average_inc_pad", "average_exc_pad")


@dataclass(frozen=True, repr=False)
class _Pooling(Op):
    """What pooling shares with its gradient.

    Parameters
    ----------
    ws : (int, int)
        Height and width of a window.
    stride : (int, int)
    pad : (int, int)
        Rows above and below, columns on both sides.
    mode : {"max", "sum", "average_inc_pad", "average_exc_pad"}
    ignore_border : bool
        Whether windows that are not full are left out.
    """

    ws: Pair
    stride: Pair
    pad: Pair
    mode: str
    ignore_border: bool

    def _counts(self, shape: Sequence[int]) -> list[int]:
        """How many windows there are in each direction."""
        counts = []
        for n, size, step, pad in zip(shape[-2:], self.ws, self.stride, self.pad, strict=True):
            if self.ignore_border:
                counts.append(max((n + 2 * pad - size) // step + 1, 0))
            elif step >= size:
                counts.append((n - 1) // step + 1)
            else:
                counts.append(max((n - 1 - size) // step + 1, 0) + 1)
        return counts

    def _padded(self, x: np.ndarray, fill: Any) -> np.ndarray:
        """The images with something around them, so that every window is full."""
        widths = [(0, 0)] * (x.ndim - 2)
        for count, n, size, step, pad in zip(
            self._counts(x.shape), x.shape[-2:], self.ws, self.stride, self.pad, strict=True
        ):
            widths.append((pad, max((count - 1) * step + size - n - pad, 0)))
        return np.pad(x, widths, constant_values=fill)

    def _places(self, shape: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        """For each place in a window, where that is in all windows of the padded images."""
        (rows, columns), (down, right) = self._counts(shape), self.stride
        for i in range(self.ws[0]):
            for j in range(self.ws[1]):
                yield (..., slice(i, i + down * rows, down), slice(j, j + right * columns, right))

    def _divisors(self, shape: Sequence[int]) -> Any:
        """What the sum over a window is divided by: how many elements of it count."""
        if self.mode == "sum":
            return 1
        sizes = []
        for count, n, size, step, pad in zip(
            self._counts(shape), shape[-2:], self.ws, self.stride, self.pad, strict=True
        ):
            outside = pad if self.mode == "average_inc_pad" else 0
            first = np.arange(count) * step - pad
            sizes.append(np.minimum(first + size, n + outside) - np.maximum(first, -outside))
        return np.outer(*sizes)


class Pool(_Pooling):
    """The largest element, the sum or the mean of each window of the last two axes."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The last two axes become those of the windows."""
        x = inputs[0].type
        return [TensorType(x.dtype, (*x.broadcastable[:-2], False, False))]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """Place after place, for all windows at once."""
        x = arrays[0]
        if self.mode == "max":
            lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
            padded = self._padded(x, lowest)
            largest = reduce(np.maximum, (padded[place] for place in self._places(x.shape)))
            return np.array(largest)
        padded = self._padded(x, 0)
        total: np.ndarray = sum(padded[place] for place in self._places(x.shape))
        return (total / self._divisors(x.shape)).astype(x.dtype, copy=False)

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """See :class:`PoolGradient`."""
        gradient = PoolGradient(self.ws, self.stride, self.pad, self.mode, self.ignore_border)
        return [gradient(inputs[0], outputs[0], cotangents[0])]


class PoolGradient(_Pooling):
    """To all that are the largest of their window, as in Theano; or to each its share."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As the images."""
        return [inputs[0].type]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """Place after place, for all windows at once."""
        x, y, g = arrays
        padded = self._padded(x, 0)
        result = np.zeros_like(padded)
        if self.mode != "max":
            g = g / self._divisors(x.shape)
        for place in self._places(x.shape):
            result[place] += g * (padded[place] == y) if self.mode == "max" else g
        above, left = self.pad
        return result[..., above : above + x.shape[-2], left : left + x.shape[-1]]

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """The same pooling of what comes back, or of the largest elements' part of it."""
        settings = self.ws, self.stride, self.pad, self.mode, self.ignore_border
        if self.mode == "max":
            return [None, None, PoolSecond(*settings)(*inputs[:2], cotangents[0])]
        return [None, None, Pool(*settings)(cotangents[0])]


class PoolSecond(_Pooling):
    """From each window the sum of what lies where its largest elements are."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As what was pooled."""
        return [inputs[1].type]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """Place after place, for all windows at once."""
        x, y, c = arrays
        images, back = self._padded(x, 0), self._padded(c, 0)
        total: np.ndarray = sum(
            back[place] * (images[place] == y) for place in self._places(x.shape)
        )
        return total.astype(y.dtype, copy=False)

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """See :class:`PoolGradient`."""
        back = PoolGradient(self.ws, self.stride, self.pad, self.mode, self.ignore_border)
        return [None, None, back(*inputs[:2], cotangents[0])]


def pool_2d(
    input: Any,
    ws: Any = None,
    ignore_border: bool | None = None,
    stride: Any = None,
    pad: Any = (0, 0),
    mode: str = "max",
    ds: Any = None,
    st: Any = None,
    padding: Any = None,
) -> Any:
    """What each window of the last two axes comes to.

    Parameters
    ----------
    input : variable
        With two axes or more.
    ws : int or (int, int)
        Height and width of a window.
    ignore_border : bool, optional
        Whether windows that are not full are left out. By default they are not.
    stride : int or (int, int), optional
        Steps between windows; by default their size.
    pad : int or (int, int)
        Rows above and below and columns on both sides, which never are the largest; only together
        with ``ignore_border``.
    mode : {"max", "sum", "average_inc_pad", "average_exc_pad"}
        The largest element, the sum, or the mean with padding or without.
    ds, st, padding
        Theano's old names of ``ws``, ``stride`` and ``pad``.

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dmatrix("x")
    >>> f = theano.function([x], T.signal.pool.pool_2d(x, (2, 2), ignore_border=True))
    >>> f([[1, 2, 5, 6, 0], [3, 4, 7, 8, 0]])
    array([[4., 8.]])
    """
    x = as_tensor(input)
    if x.ndim < 2:
        raise TypeError(f"pool_2d takes images, with two axes or more, got {describe(x)}")
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
    given = ds if ws is None else ws
    if given is None:
        raise TypeError("pool_2d needs ws, the size of a window")
    size = pair("ws", given, 1)
    given = st if stride is None else stride
    step = size if given is None else pair("stride", given, 1)
    around = pair("pad", pad if padding is None else padding, 0)
    if around != (0, 0) and not ignore_border:
        raise ValueError("pad goes only with ignore_border=True")
    if any(p >= n for p, n in zip(around, size, strict=True)):
        raise ValueError(f"pad must be less than the window {size}, got {around}")
    return Pool(size, step, around, mode, bool(ignore_border))(x)


def max_pool_2d(input: Any, ds: Any, ignore_border: bool = False, **more: Any) -> Any:
    """The largest element of each window; Theano's old name of :func:`pool_2d`."""
    return pool_2d(input, ds, ignore_border, **more)
