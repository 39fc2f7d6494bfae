"""OneHotIoU: of one-hot targets."""

from __future__ import annotations

from typing import Any

from nnkit.metrics.io_u_metric import IoU

__all__ = ["OneHotIoU"]


class OneHotIoU(IoU):
    """Intersection over union of some classes; targets are one-hot.

    Parameters
    ----------
    num_classes : int
    target_class_ids : sequence of int
        The classes whose values are averaged.
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
    >>> metric = nnkit.metrics.OneHotIoU(num_classes=3, target_class_ids=[0, 2])
    >>> y_pred = np.array([[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.5, 0.3, 0.1], [0.1, 0.4, 0.5]])
    >>> metric.update_state(np.eye(3)[[2, 0, 1, 0]], y_pred)
    >>> round(metric.result(), 4)
    0.1667
    """

    settled = ("sparse_y_true",)

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Any,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )
