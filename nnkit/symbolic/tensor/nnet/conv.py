"""Convolution of images, and its gradients, which are convolutions too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.making import zeros
from nnkit.symbolic.tensor.math import cast
from nnkit.symbolic.tensor.scalars import same
from nnkit.symbolic.tensor.shapes import size_of
from nnkit.symbolic.tensor.variable import TensorType, as_tensor

__all__ = ["Convolution", "FilterGradient", "InputGradient", "conv2d", "conv2d_transpose"]

Pair = tuple[int, int]


@dataclass(frozen=True, repr=False)
class _Convolving(Op):
    """What the convolution shares with its gradients, which are linear in two tensors as it is.

    Parameters
    ----------
    border : "valid", "full", "half" or (int, int)
        Zeros around the images.
    step : (int, int)
        Between windows.
    dilation : (int, int)
        Between the elements of a window.
    flip : bool
        Whether filters are turned around, as in mathematics.
    """

    border: Any
    step: Pair
    dilation: Pair
    flip: bool

    def _related(self, op: type[_Convolving]) -> _Convolving:
        return op(self.border, self.step, self.dilation, self.flip)

    def _span(self, filters: Sequence[int]) -> list[int]:
        """Height and width of a window, for filters of a shape."""
        pairs = zip(filters[2:], self.dilation, strict=True)
        return [(n - 1) * d + 1 for n, d in pairs]

    def pads(self, filters: Sequence[int]) -> list[int]:
        """How many zeros are on each side of the rows and columns, for filters of a shape."""
        if isinstance(self.border, tuple):
            return list(self.border)
        spans = self._span(filters)
        return {
            "valid": [0, 0],
            "half": [n // 2 for n in spans],
            "full": [n - 1 for n in spans],
        }[self.border]

    def _turned(self, filters: np.ndarray) -> np.ndarray:
        return filters[:, :, ::-1, ::-1] if self.flip else filters

    def _windows(self, images: np.ndarray, filters: np.ndarray) -> np.ndarray:
        """The windows as a view: image, channel, row, column, row and column in the window."""
        if images.shape[1] != filters.shape[1]:
            raise ValueError(
                f"conv2d: images of shape {images.shape} have {images.shape[1]} channels, filters "
                f"of shape {filters.shape} are for {filters.shape[1]}"
            )
        (above, left), (high, wide) = self.pads(filters.shape), self._span(filters.shape)
        padded = np.pad(images, ((0, 0), (0, 0), (above, above), (left, left)))
        if padded.shape[2] < high or padded.shape[3] < wide:
            raise ValueError(
                f"conv2d: filters of shape {filters.shape} don't fit in images of shape "
                f"{images.shape}"
            )
        windows = sliding_window_view(padded, (high, wide), axis=(2, 3))
        rows, columns = self.step
        down, right = self.dilation
        return windows[:, :, ::rows, ::columns, ::down, ::right]


class Convolution(_Convolving):
    """Images (count, channels, height, width) by filters (filters, channels, height, width)."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """(count, filters, rows, columns)."""
        images, filters = inputs
        ones = (images.type.broadcastable[0], filters.type.broadcastable[0], False, False)
        return [TensorType(same(images.type.dtype, filters.type.dtype), ones)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """One product of matrices: the windows' elements are copied row by row for it."""
        images, filters = arrays
        windows = self._windows(images, filters)
        product = np.tensordot(self._turned(filters), windows, ((1, 2, 3), (1, 4, 5)))
        return np.ascontiguousarray(product.swapaxes(0, 1))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """By images and by filters."""
        (images, filters), g = inputs, cotangents[0]
        return [
            self._related(InputGradient)(g, filters, images),
            self._related(FilterGradient)(images, g, filters),
        ]


class InputGradient(_Convolving):
    """From the gradient by the output that by the images, of which only the shape counts."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As the images."""
        return [inputs[2].type]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """Each element of the filters adds to every stepped grid of pixels."""
        g, filters, images = arrays
        above, left = self.pads(filters.shape)
        n, channels, height, width = images.shape
        padded = np.zeros((n, channels, height + 2 * above, width + 2 * left), images.dtype)
        parts = np.tensordot(self._turned(filters), g, (0, 1))  # c, kh, kw, n, rows, columns
        (rows, columns), (down, right) = self.step, self.dilation
        for i in range(filters.shape[2]):
            for j in range(filters.shape[3]):
                top, side = i * down, j * right
                padded[
                    :,
                    :,
                    top : top + rows * g.shape[2] : rows,
                    side : side + columns * g.shape[3] : columns,
                ] += parts[:, i, j].swapaxes(0, 1)
        return padded[:, :, above : above + height, left : left + width]

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Convolutions again."""
        (g, filters, _), c = inputs, cotangents[0]
        return [
            self._related(Convolution)(c, filters),
            self._related(FilterGradient)(c, g, filters),
            None,
        ]


class FilterGradient(_Convolving):
    """From the gradient by the output that by the filters, of which only the shape counts."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As the filters."""
        return [inputs[2].type]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """One product of matrices: the windows' elements are copied row by row for it."""
        images, g, filters = arrays
        windows = self._windows(images, filters)
        product = np.tensordot(windows, g, ((0, 2, 3), (0, 2, 3)))
        return np.ascontiguousarray(self._turned(np.moveaxis(product, -1, 0)))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Convolutions again."""
        (images, g, _), c = inputs, cotangents[0]
        return [
            self._related(InputGradient)(g, c, images),
            self._related(Convolution)(images, c),
            None,
        ]


def conv2d(
    input: Any,
    filters: Any,
    input_shape: Sequence[int | None] | None = None,
    filter_shape: Sequence[int | None] | None = None,
    border_mode: Any = "valid",
    subsample: Pair = (1, 1),
    filter_flip: bool = True,
    image_shape: Sequence[int | None] | None = None,
    filter_dilation: Pair = (1, 1),
) -> Any:
    """Convolve images with filters.

    Parameters
    ----------
    input : variable
        (count, channels, height, width).
    filters : variable
        (filters, channels, height, width).
    input_shape, filter_shape : sequence of int or None, optional
        Known sizes, checked against each other.
    border_mode : {"valid", "full", "half"}, int or (int, int)
        Zeros around the images: none, as many as there are windows with a pixel, half a filter,
        or so many.
    subsample : (int, int)
        Steps between windows.
    filter_flip : bool
        Whether filters are flipped, as in mathematics; False correlates.
    image_shape : sequence of int or None, optional
        Theano's old name of ``input_shape``.
    filter_dilation : (int, int)
        Steps between the elements of a window.

    Returns
    -------
    variable
        (count, filters, rows, columns).

    Raises
    ------
    TypeError, ValueError
        Something has not four axes, or sizes don't fit.

    Examples
    --------
    >>> import numpy as np
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x, w = T.dtensor4("x"), T.dtensor4("w")
    >>> f = theano.function([x, w], T.nnet.conv2d(x, w))
    >>> f(np.ones((1, 3, 5, 5)), np.ones((2, 3, 2, 2))).shape
    (1, 2, 4, 4)
    """
    images, filters = _operands("conv2d", input, filters)
    known = input_shape if input_shape is not None else image_shape
    for shape in (known, filter_shape):
        if shape is not None and len(shape) != 4:
            raise ValueError(f"a shape for conv2d has four sizes, got {tuple(shape)}")
    channels = {shape[1] for shape in (known, filter_shape) if shape is not None} - {None}
    if len(channels) > 1:
        raise ValueError(
            f"conv2d: filter_shape={filter_shape} is for other channels than input_shape={known}"
        )
    step = pair("subsample", subsample, 1)
    dilation = pair("filter_dilation", filter_dilation, 1)
    return Convolution(_border(border_mode), step, dilation, bool(filter_flip))(images, filters)


def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Sequence[Any],
    filter_shape: Sequence[int | None] | None = None,
    border_mode: Any = "valid",
    input_dilation: Pair = (1, 1),
    filter_flip: bool = True,
    filter_dilation: Pair = (1, 1),
) -> Any:
    """The transposed convolution: the gradient of a convolution by its images.

    Parameters
    ----------
    input : variable
        (count, channels, height, width).
    filters : variable
        (channels, channels of the result, height, width).
    output_shape : sequence of int, symbolic integer or None
        Four sizes, of which the first two may be None; or rows and columns only.
    filter_shape
        Accepted for Theano's sake.
    border_mode : {"valid", "full", "half"}, int or (int, int)
        As of the :func:`conv2d` that makes ``input`` of the result.
    input_dilation : (int, int)
        The ``subsample`` of that :func:`conv2d`.
    filter_flip : bool
    filter_dilation : (int, int)
        As of that :func:`conv2d`, too.

    Returns
    -------
    variable
        Of the shape ``output_shape``.
    """
    images, filters = _operands("conv2d_transpose", input, filters)
    shape = list(output_shape)
    if len(shape) not in (2, 4):
        raise ValueError(f"output_shape is of two or four sizes, got {tuple(shape)}")
    inferred = [size_of(images, 0), size_of(filters, 1)]
    shape = [n if n is not None else inferred[i] for i, n in enumerate([None, None, *shape][-4:])]
    step = pair("input_dilation", input_dilation, 1)
    dilation = pair("filter_dilation", filter_dilation, 1)
    back = InputGradient(_border(border_mode), step, dilation, bool(filter_flip))
    return back(images, filters, zeros(shape, images.dtype))


def _operands(what: str, *operands: Any) -> list[Any]:
    """Images and filters of one data type."""
    variables = [as_tensor(x) for x in operands]
    for x in variables:
        if x.ndim != 4:
            raise TypeError(f"{what} takes tensors with four axes, got {describe(x)}")
    dtype = same(*(x.dtype for x in variables))
    return [cast(x, dtype) for x in variables]


def _border(mode: Any) -> Any:
    """The zeros around images: a word or two numbers."""
    if isinstance(mode, str) and mode not in ("valid", "full", "half"):
        raise ValueError(
            f"border_mode is 'valid', 'full', 'half', a number or a pair of them, not {mode!r}"
        )
    return mode if isinstance(mode, str) else pair("border_mode", mode, 0)


def pair(what: str, given: Any, least: int) -> Pair:
    """A number or two as a pair, if neither is below the least."""
    both = (given, given) if isinstance(given, (int, np.integer)) else tuple(given)
    if len(both) != 2 or min(both) < least:
        raise ValueError(f"{what} is a number from {least} on or a pair of them, got {given!r}")
    return int(both[0]), int(both[1])
