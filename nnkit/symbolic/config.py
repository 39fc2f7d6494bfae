"""Settings of symbolic programs: ``nnkit.symbolic.config.floatX``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

__all__ = ["MODES", "Config", "config", "deriving", "floats", "is_deriving"]

MODES = ("FAST_RUN", "FAST_COMPILE", "DebugMode")


class Config:
    """The settings. Theano's other settings are accepted, and have no effect.

    Attributes
    ----------
    floatX : {"float64", "float32"}
        Data type of ``T.matrix()`` and its like.
    mode : {"FAST_RUN", "FAST_COMPILE", "DebugMode"}
        How :func:`nnkit.symbolic.function` compiles by default.
    """

    def __init__(self) -> None:
        self._float, self._mode = "float64", "FAST_RUN"

    def __setattr__(self, name: str, value: Any) -> None:
        mine = ("floatX", "mode")
        close = [n for n in mine if n.lower() == name.lower()] or get_close_matches(name, mine)
        if close and name not in mine and not name.startswith("_"):
            raise AttributeError(f"there is no setting {name!r}; did you mean {close[0]!r}?")
        super().__setattr__(name, value)

    @property
    def floatX(self) -> str:
        """The default data type of variables."""
        return self._float

    @floatX.setter
    def floatX(self, dtype: str) -> None:
        if dtype not in ("float32", "float64"):
            raise ValueError(f"config.floatX is 'float32' or 'float64', not {dtype!r}")
        self._float = dtype

    @property
    def mode(self) -> str:
        """The default mode of functions."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        mode = "DebugMode" if mode == "DEBUG_MODE" else mode  # Theano has both spellings.
        if mode not in MODES:
            raise ValueError(f"config.mode is one of {', '.join(MODES)}, not {mode!r}")
        self._mode = mode


config = Config()


@contextmanager
def floats(dtype: str) -> Iterator[None]:
    """In the block, numbers without a type are of this one."""
    before, config.floatX = config.floatX, dtype
    try:
        yield
    finally:
        config.floatX = before


class _Deriving(threading.local):
    depth = 0


_deriving = _Deriving()


@contextmanager
def deriving() -> Iterator[None]:
    """In the block, a function of expressions runs once, and what it says is used in every step."""
    _deriving.depth += 1
    try:
        yield
    finally:
        _deriving.depth -= 1


def is_deriving() -> bool:
    """Whether this thread is in such a block."""
    return _deriving.depth > 0
