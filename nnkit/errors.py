"""nnkit's own exceptions, and its function for warnings; other exceptions are Python's."""

from __future__ import annotations

import sys
import warnings

__all__ = ["DeviceError", "FileFormatError", "warn"]


class DeviceError(RuntimeError):
    """A device can't be used: something is missing, too old, or incompatible.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.set_device("cuda:99")
    Traceback (most recent call last):
    nnkit.errors.DeviceError: set_device: 'cuda:99' can't be used: ...
    """


class FileFormatError(ValueError):
    """A file can't be read: it is damaged, of another format, too new, or unsafe.

    Examples
    --------
    >>> import pathlib, tempfile, nnkit
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.h5")
    >>> _ = path.write_bytes(b"PK and the rest of a zip archive")
    >>> nnkit.saving.load_model(path)
    Traceback (most recent call last):
    nnkit.errors.FileFormatError: ...model.h5: ... Keras 3's .keras format, ...
    """


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user's code that led here, however deep the stack is."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.split(".")[0] == "nnkit"
