"""Exceptions of nnkit's own; every other one is Python's."""

__all__ = ["DeviceError", "FileFormatError"]


class DeviceError(RuntimeError):
    """A device can't be used: something is missing, too old, or does not fit the rest.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.set_device("cuda:99")
    Traceback (most recent call last):
    nnkit.errors.DeviceError: set_device: 'cuda:99' can't be used: ...
    """


class FileFormatError(ValueError):
    """A file is not what it should be: damaged, of another format, too new, or unsafe to read.

    Examples
    --------
    >>> import pathlib, tempfile, nnkit
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.h5")
    >>> _ = path.write_bytes(b"PK and the rest of a zip archive")
    >>> nnkit.saving.load_model(path)
    Traceback (most recent call last):
    nnkit.errors.FileFormatError: ...model.h5: ... Keras 3's .keras format, ...
    """
