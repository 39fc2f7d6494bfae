"""Which device runs: the processor, or an NVIDIA GPU when asked for."""

from __future__ import annotations

import difflib
import functools
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nnkit.engine.cpu import CPU
from nnkit.engine.device import Device
from nnkit.errors import DeviceError

__all__ = ["device", "get_device", "set_device"]

_CUDA = 2  # kDLCUDA in dlpack.h.

_log = logging.getLogger("nnkit")

# What set_device chose or, at the first use without that, NNKIT_DEVICE.
_chosen: str | None = None

# What people call a device, and what nnkit calls it.
_NAMES = {"cpu": "cpu", "cuda": "cuda", "auto": "auto", "gpu": "cuda", "nvidia": "cuda"}


class _Block(threading.local):
    """The device of this thread's innermost ``with nnkit.device(...)``."""

    name: str | None = None


_block = _Block()


def set_device(name: str) -> None:
    """Choose the device for the whole process, in place of ``NNKIT_DEVICE`` and the default, cpu.

    Parameters
    ----------
    name : str
        ``"cpu"``; ``"cuda"``, the first GPU; ``"cuda:1"``, the second; or ``"auto"``, a GPU if one
        can be used. What ``"auto"`` chose, and why, goes to the log ``nnkit``.

    Raises
    ------
    nnkit.errors.DeviceError
        The GPU can't be used; the message says what is missing and what to do.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.set_device("cpu")
    >>> nnkit.get_device()
    'cpu'
    >>> nnkit.set_device("gpu")
    Traceback (most recent call last):
    ValueError: set_device: there is no device 'gpu'; did you mean 'cuda'? ...
    """
    global _chosen
    _chosen = _resolve("set_device", name)


@contextmanager
def device(name: str) -> Iterator[None]:
    """Choose the device for a ``with`` block, in this thread only. Blocks may be nested.

    Parameters
    ----------
    name : str
        As in :func:`nnkit.set_device`.

    Raises
    ------
    nnkit.errors.DeviceError
        The GPU can't be used.

    Examples
    --------
    >>> import nnkit
    >>> with nnkit.device("cpu"):
    ...     nnkit.get_device()
    'cpu'
    """
    before, _block.name = _block.name, _resolve("device", name)
    try:
        yield
    finally:
        _block.name = before


def get_device() -> str:
    """The device in use here: ``"cpu"``, ``"cuda:0"``, ``"cuda:1"`` and so on."""
    global _chosen
    if _block.name is not None:
        return _block.name
    if _chosen is None:
        _chosen = _resolve("NNKIT_DEVICE", os.environ.get("NNKIT_DEVICE") or "cpu")
    return _chosen


def current() -> Device:
    """The device in use here."""
    return open_device(_block.name or _chosen or get_device())


@functools.cache
def open_device(name: str) -> Device:
    """The device of a name that :func:`get_device` gives."""
    if name == "cpu":
        return CPU
    from nnkit.engine.cuda.device import CudaDevice

    return CudaDevice(name)


def on_gpu(value: Any) -> bool:
    """Whether an array lies on a GPU, as its library says."""
    if hasattr(value, "__dlpack_device__") and int(value.__dlpack_device__()[0]) == _CUDA:
        return True
    return hasattr(value, "__cuda_array_interface__")


def _resolve(owner: str, name: Any) -> str:
    """``"cpu"`` or ``"cuda:N"``, a GPU only if it can be used."""
    if not isinstance(name, str):
        raise TypeError(f"{owner}: a device is named by a string such as 'cuda', got {name!r}")
    if name == "auto":
        return _best()
    if name == "cpu":
        return name
    match = re.fullmatch(r"cuda(?::([0-9]+))?", name)
    if match is None:
        near = difflib.get_close_matches(name.lower().split(":")[0], _NAMES, 1)
        hint = f"; did you mean {_NAMES[near[0]]!r}?" if near else "."
        raise ValueError(
            f"{owner}: there is no device {name!r}{hint} "
            "Devices are 'cpu', 'cuda', 'cuda:1' and so on, and 'auto'"
        )
    index = int(match[1] or 0)
    try:
        _check(index)
    except DeviceError as error:
        raise DeviceError(f"{owner}: {name!r} can't be used: {error}") from None
    return f"cuda:{index}"


@functools.cache  # Of a failure nothing is kept: what is missing may be there the next time.
def _check(index: int) -> None:
    from nnkit.engine.cuda.diagnosis import diagnose

    problems = diagnose().problems(index)
    if problems:
        raise DeviceError(
            "\n".join([*problems, "`python -m nnkit devices` shows all that was found."])
        )


def _best() -> str:
    from nnkit.engine.cuda.diagnosis import diagnose

    name, reason = diagnose().choice()
    _log.info("device 'auto' is %s: %s", name, reason)
    return name
