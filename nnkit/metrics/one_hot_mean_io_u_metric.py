"""OneHotMeanIoU: the mean over all classes, of one-hot targets."""

from __future__ import annotations

from typing import Any

from nnkit.metrics.mean_io_u_metric import MeanIoU

__all__ = ["OneHotMeanIoU"]


class OneHotMeanIoU(MeanIoU):
    """Intersection over union, averaged over all classes; targets are one-hot.

    Parameters
    ----------
    num_classes : int
    name, dtype
        See :class:`Metric`.
    ignore_class, sparse_y_pred, axis
        See :class:`IoU`.

    Raises
    ------
    TypeError, ValueError
        As for :class:`IoU`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.OneHotMeanIoU(num_classes=3)
    >>> y_pred = np.array([[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.5, 0.3, 0.1], [0.1, 0.4, 0.5]])
    >>> metric.update_state(np.eye(3)[[2, 0, 1, 0]], y_pred)
    >>> round(metric.result(), 4)
    0.1111
    """

    settled = ("target_class_ids", "sparse_y_true")

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
