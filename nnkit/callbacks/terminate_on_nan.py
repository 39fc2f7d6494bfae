"""TerminateOnNaN."""

from __future__ import annotations

import math

from nnkit.callbacks.callback import Callback, Logs, say

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Callback):
    """End ``fit`` when the loss is NaN or infinite.

    Once an epoch's mean loss is NaN it stays NaN, so a check a few times a second suffices and
    costs nothing. ``fit(check_numerics=True)`` finds the layer that is the cause.

    Parameters
    ----------
    raise_error : bool
        Whether to raise a RuntimeError instead of ending ``fit`` quietly.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.callbacks.TerminateOnNaN(raise_error=True).on_progress(7, {"loss": float("nan")})
    Traceback (most recent call last):
    RuntimeError: the loss is nan after batch 7 of the epoch; fit(check_numerics=True) tells why
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_progress(self, step: int, logs: Logs | None = None) -> None:
        """Check the loss."""
        loss = (logs or {}).get("loss", 0.0)
        if math.isfinite(loss):
            return
        message = f"the loss is {loss} after batch {step} of the epoch"
        if self.raise_error:
            raise RuntimeError(f"{message}; fit(check_numerics=True) tells why")
        if not self.model.stop_training:
            say(f"{message}: training ends")
        self.model.stop_training = True
