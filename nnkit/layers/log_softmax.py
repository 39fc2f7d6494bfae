"""LogSoftmax."""

from __future__ import annotations

from nnkit.layers.softmax import OverAxis

__all__ = ["LogSoftmax"]


class LogSoftmax(OverAxis):
    """The logarithm of softmax along an axis: ``x - log(sum(exp(x)))``, finite for finite x.

    Parameters
    ----------
    axis : int
        Any axis but 0, the batch.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        The axis is not an integer, or is the batch's; or, once the input's shape is known, the
        input doesn't have it.

    Notes
    -----
    Output of the input's shape. Backward: dx = dy - exp(y) sum(dy), the sum along the axis.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.LogSoftmax()(np.array([[0.0, 1000.0]]))
    array([[-1000.,     0.]], dtype=float32)
    """

    function = "log_softmax"
