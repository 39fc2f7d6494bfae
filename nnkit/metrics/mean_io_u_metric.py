"""MeanIoU: the mean over all classes."""

from __future__ import annotations

from typing import Any, ClassVar

from nnkit.metrics.io_u_metric import IoU

__all__ = ["MeanIoU"]


class MeanIoU(IoU):
    """Intersection over union, averaged over all classes.

    Parameters
    ----------
    num_classes : int
    name, dtype
        See :class:`Metric`.
    ignore_class, sparse_y_true, sparse_y_pred, axis
        See :class:`IoU`.

    Raises
    ------
    TypeError, ValueError
        As for :class:`IoU`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.MeanIoU(num_classes=2)
    >>> metric.update_state(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    >>> round(metric.result(), 4)
    0.3333
    """

    settled: ClassVar[tuple[str, ...]] = ("target_class_ids",)

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(num_classes) if isinstance(num_classes, int) else (),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )
