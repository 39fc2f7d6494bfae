"""LambdaCallback: a callback from functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnkit.arguments import did_you_mean
from nnkit.callbacks.callback import Callback

__all__ = ["LambdaCallback"]


class LambdaCallback(Callback):
    """Call functions as hooks.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : callable, optional
        Called with (epoch, logs).
    on_train_begin, on_train_end : callable, optional
        Called with (logs).
    on_train_batch_begin, on_train_batch_end : callable, optional
        Called with (batch, logs); with one of these, ``fit`` returns to Python after every batch.
    **kwargs : callable, optional
        Any other method of :class:`Callback` by its name, such as ``on_test_end`` or ``set_model``.

    Raises
    ------
    TypeError
        There is no such method, or its value is not callable.

    Examples
    --------
    >>> import nnkit
    >>> show = nnkit.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
    >>> show.on_epoch_end(0, {"loss": 0.5})
    0 {'loss': 0.5}
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any] | None,
    ) -> None:
        super().__init__()
        hooks = kwargs | {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        known = [name for name in vars(Callback) if name.startswith(("on_", "set_"))]
        for name, function in hooks.items():
            if name not in known:
                raise TypeError(f"LambdaCallback: no hook {name!r}{did_you_mean(name, known)}")
            if function is not None and not callable(function):
                raise TypeError(f"LambdaCallback: {name} must be a function, got {function!r}")
            if function is not None:
                setattr(self, name, function)
