"""CallbackList: several callbacks called like one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nnkit.callbacks.callback import Callback, Logs
from nnkit.callbacks.history import History
from nnkit.callbacks.progbar_logger import ProgbarLogger

__all__ = ["CallbackList"]


class CallbackList(Callback):
    """Call each hook of several callbacks, and know which hooks are overridden.

    Parameters
    ----------
    callbacks : Callback or iterable of Callback
        Called in this order, but History and ProgbarLogger last, because they show what others add
        to the logs. A single callback is taken for a list of one; nested lists are flattened.
    add_history, add_progbar : bool
        Whether to add a History and a ProgbarLogger if none is given.
    model : Sequential, optional
    **params
        See :class:`Callback`.

    Attributes
    ----------
    needs_train_batches, needs_test_batches, needs_predict_batches : bool
        Whether a callback overrides a hook for batches, so that batches must run one by one.
    looks_between_batches : bool
        Whether a user's hook is called in the middle of an evaluation or a prediction.

    Raises
    ------
    TypeError
        An entry is not a Callback.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.callbacks.CallbackList([nnkit.callbacks.History()]).needs_train_batches
    False
    """

    def __init__(
        self,
        callbacks: Callback | Iterable[Any] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = list(_flat(callbacks))
        for wanted, cls in ((add_history, History), (add_progbar, ProgbarLogger)):
            if wanted and not any(isinstance(callback, cls) for callback in self.callbacks):
                self.callbacks.append(cls())
        self.callbacks.sort(key=lambda callback: isinstance(callback, (History, ProgbarLogger)))
        self.needs_train_batches = self._listened("on_train_batch_") or self._listened("on_batch_")
        self.needs_test_batches = self._listened("on_test_batch_")
        self.needs_predict_batches = self._listened("on_predict_batch_")
        users = [c for c in self.callbacks if not isinstance(c, ProgbarLogger)]
        self.looks_between_batches = (
            self.needs_test_batches
            or self.needs_predict_batches
            or any(_overrides(callback, "on_progress") for callback in users)
        )
        self.set_model(model)
        self.set_params(params)

    @property
    def history(self) -> History:
        """The last History of the list."""
        return [c for c in self.callbacks if isinstance(c, History)][-1]

    def __enter__(self) -> CallbackList:
        return self

    def __exit__(self, *error: Any) -> None:
        self.on_exit()

    def _listened(self, prefix: str) -> bool:
        hooks = (prefix + "begin", prefix + "end")
        return any(_overrides(callback, hook) for callback in self.callbacks for hook in hooks)

    def _call(self, hook: str, *arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(*arguments)

    def set_model(self, model: Any) -> None:
        """Call the hook of all callbacks."""
        super().set_model(model)
        self._call("set_model", model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Call the hook of all callbacks."""
        super().set_params(params)
        self._call("set_params", params)


def _to_all(name: str) -> Callable[..., None]:
    """A method that calls a hook of all callbacks; they never see None for ``logs``."""

    def of_a_run(self: CallbackList, logs: Logs | None = None) -> None:
        self._call(name, {} if logs is None else logs)

    def of_a_number(self: CallbackList, number: int, logs: Logs | None = None) -> None:
        self._call(name, number, {} if logs is None else logs)

    arguments = inspect.signature(getattr(Callback, name)).parameters
    return of_a_number if len(arguments) > 2 else of_a_run


# ``on_batch_begin`` and ``on_batch_end`` are called by the hooks for training batches.
for _hook in [name for name in vars(Callback) if name.startswith("on_")]:
    if not _hook.startswith("on_batch_"):
        setattr(CallbackList, _hook, _to_all(_hook))


def _flat(given: Any) -> Iterator[Callback]:
    """A flat list of the callbacks in an argument: a callback, None, or nested lists of both."""
    if isinstance(given, CallbackList):
        given = given.callbacks
    if isinstance(given, Callback):
        yield given
    elif isinstance(given, (list, tuple)):
        for callback in given:
            yield from _flat(callback)
    elif given is not None:
        what = f"the class {given.__name__}" if isinstance(given, type) else repr(given)
        raise TypeError(
            "callbacks must be an object such as nnkit.callbacks.EarlyStopping(), or a list of "
            f"them, got {what}"
        )


def _overrides(callback: Callback, hook: str) -> bool:
    """Whether a callback's class, or the object itself, overrides a hook."""
    found = getattr(callback, hook)
    return getattr(found, "__func__", found) is not getattr(Callback, hook)
