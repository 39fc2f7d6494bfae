"""Exceptions of nnkit's own; every other one is Python's."""

__all__ = ["FileFormatError"]


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
