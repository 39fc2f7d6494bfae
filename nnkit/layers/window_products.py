"""Which kernels convolve images, and their gradients: the direct ones, or those of Winograd."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnkit import config
from nnkit.engine.dispatch import launch
from nnkit.kernels.scratch import (
    suits_winograd,
    transposed_scratch,
    weights_scratch,
    windows_scratch,
    winograd_scratch,
    winograd_weights_scratch,
)

__all__ = ["convolve", "convolve_transposed", "gradient_of_kernel"]

Empty = Callable[[tuple[int, ...]], np.ndarray]
Place = tuple[int, ...]


def convolve(
    empty: Empty, x: np.ndarray, w: np.ndarray, place: Place, bias: np.ndarray | None, y: np.ndarray
) -> None:
    """y = (windows of x) w, plus the bias if there is one.

    Parameters
    ----------
    empty : callable
        Gives memory of the step, of the type of x: ``Layer.empty``.
    x, w : numpy.ndarray
        (n, h, w, c) and (kh, kw, c / groups, f), of one type, as y.
    place : tuple of int
        Strides, padding before, dilation (of lines, then of columns), and groups.
    bias : numpy.ndarray or None
        (f,).
    y : numpy.ndarray
        (n, h', w', f).
    """
    if suits_winograd(w.shape, place, y.shape, y.dtype):
        plain, with_bias = launch.conv2d_winograd, launch.conv2d_bias_winograd
        shape = winograd_scratch(w.shape, y.shape, config.num_threads())
    else:
        plain, with_bias = launch.conv2d, launch.conv2d_bias
        shape = windows_scratch(x.shape, w.shape, place, y.shape)
    if bias is None:
        plain(x, w, *place, empty(shape), y)
    else:
        with_bias(x, w, *place, bias, empty(shape), y)


def convolve_transposed(
    empty: Empty, x: np.ndarray, w: np.ndarray, place: Place, bias: np.ndarray | None, y: np.ndarray
) -> None:
    """y (n, h, w, c) = the input gradient of a convolution whose output gradient is x, plus bias.

    Parameters are those of :func:`convolve`; x is (n, h', w', f), and bias (c,).
    """
    if suits_winograd(w.shape, place, y.shape, y.dtype):
        plain, with_bias = launch.conv2d_transpose_winograd, launch.conv2d_transpose_bias_winograd
        shape = winograd_scratch(w.shape, y.shape, config.num_threads(), turned=True)
    else:
        plain, with_bias = launch.conv2d_transpose, launch.conv2d_transpose_bias
        shape = transposed_scratch(w.shape, place, x.shape)
    if bias is None:
        plain(x, w, *place, empty(shape), y)
    else:
        with_bias(x, w, *place, bias, empty(shape), y)


def gradient_of_kernel(
    empty: Empty, x: np.ndarray, dy: np.ndarray, shape: Place, place: Place, dw: np.ndarray
) -> None:
    """dw = (windows of x)^T dy, as a matrix with f columns; ``shape`` is that of the kernel."""
    if suits_winograd(shape, place, dy.shape, dy.dtype, of_weights=True):
        scratch = empty(winograd_weights_scratch(shape, dy.shape, config.num_threads()))
        of_channels = dw.reshape(9, *shape[2:]).swapaxes(0, 1)
        launch.conv2d_weights_winograd(x, dy, shape[1], *place, 0, scratch, of_channels)
    else:
        scratch = empty(weights_scratch(x.shape, shape, place, dy.shape))
        launch.conv2d_weights(x, dy, shape[1], *place, 0, scratch, dw)
