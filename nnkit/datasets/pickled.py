"""A reader of the few pickles among data sets, which runs no code and makes nothing but data.

Keras's files of texts hold arrays of lists, and CIFAR's are dictionaries of arrays. NumPy can only
store such things as pickles, and a pickle can call any function. So the instructions of these are
followed as far as they make numbers, texts, lists, dictionaries and arrays; the three functions of
NumPy that they name are never called, but replaced by records of what they were to get; and the
arrays are made of those records, with all sizes checked.
"""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from nnkit.datasets.parts import as_keras
from nnkit.utils.downloads import has_digest

__all__ = ["read_npz", "read_pickle"]

_LARGEST = 1 << 30  # Bytes of a file's part.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, pickle.UnpicklingError, ValueError)


class _Type:
    """What a pickle says about a data type."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code = code.decode("ascii") if isinstance(code, bytes) else code
        self.order = "="

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        self.order = order.decode("ascii") if isinstance(order, bytes) else order
        if any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("it has a structured data type")


class _Array:
    """What a pickle says about an array."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def made(self) -> np.ndarray:
        """The array."""
        if not isinstance(self.state, tuple) or len(self.state) != 5:
            raise pickle.UnpicklingError("it has an array without content")
        _, shape, kind, by_columns, content = self.state
        whole = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
        if not whole or not isinstance(kind, _Type):
            raise pickle.UnpicklingError("it has an array of no known form")
        count = 1
        for n in shape:
            count *= n
        if kind.code in ("O8", "O4", "O"):
            if len(shape) != 1 or not isinstance(content, list) or len(content) != count:
                raise pickle.UnpicklingError("it has an array of objects that is no list")
            array = np.empty(count, object)
            array[:] = content
            return array
        if kind.code not in ("u1", "i4", "i8", "f4", "f8") or not isinstance(content, bytes):
            raise pickle.UnpicklingError(f"it has an array of type {kind.code!r}")
        if kind.order not in ("<", ">", "=", "|"):
            raise pickle.UnpicklingError(f"it has an array of byte order {kind.order!r}")
        dtype = np.dtype(kind.order.replace("|", "=") + kind.code)
        if len(content) != count * dtype.itemsize:
            raise pickle.UnpicklingError("it has an array with too much or too little content")
        array = np.frombuffer(content, dtype).reshape(shape, order="F" if by_columns else "C")
        return array.astype(dtype.newbyteorder("="))


class _ArrayType:
    """Stands for ``numpy.ndarray``, which a pickle only names."""


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes in the protocol of Python 2."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("it has bytes in an unknown form")
    return text.encode("latin1")


_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _ArrayType,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("_codecs", "encode"): _encode,
}


def _known(_: Any, module: str, name: str) -> Any:
    try:
        return _KNOWN[module, name]
    except KeyError:
        raise pickle.UnpicklingError(
            f"it asks for {module}.{name}, which no data set needs, and which may be an attack"
        ) from None


class _Fast(pickle.Unpickler):
    """For files whose digest is known. An instruction may make it ask for any amount of memory."""

    find_class = _known


def _build(reader: Any) -> None:
    """Tell a record what it is about; anything else could be changed for all that come after."""
    if type(reader.stack[-2]) not in (_Type, _Array):
        raise pickle.UnpicklingError("it changes what is no array")
    pickle._Unpickler.load_build(reader)  # type: ignore[attr-defined]


class _Careful(pickle._Unpickler):
    """For all others: what it keeps is never larger than what it read, but it takes longer."""

    find_class = _known
    # Without instructions that name a size of memory, or more than the data sets need.
    dispatch = {
        code[0]: pickle._Unpickler.dispatch[code[0]]
        for code in (
            *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.POP, pickle.POP_MARK),
            *(pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE),
            *(pickle.INT, pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG, pickle.LONG1),
            *(pickle.STRING, pickle.BINSTRING, pickle.SHORT_BINSTRING),
            *(pickle.UNICODE, pickle.BINUNICODE, pickle.SHORT_BINUNICODE),
            *(pickle.BINBYTES, pickle.SHORT_BINBYTES),
            *(pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
            *(pickle.EMPTY_LIST, pickle.LIST, pickle.APPEND, pickle.APPENDS),
            *(pickle.EMPTY_DICT, pickle.DICT, pickle.SETITEM, pickle.SETITEMS),
            *(pickle.GET, pickle.BINGET, pickle.LONG_BINGET),
            *(pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE),
            *(pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.REDUCE),
        )
    } | {pickle.BUILD[0]: _build}


def read_pickle(content: bytes, trusted: bool = False) -> Any:
    """What a pickle describes: numbers, texts, bytes, lists, dictionaries and arrays of these.

    Parameters
    ----------
    content : bytes
    trusted : bool
        Whether the digest of the file is known, so that it is read by the faster reader.

    Returns
    -------
    object
        Texts of Python 2 are bytes.

    Raises
    ------
    ValueError
        It asks for anything else, or is damaged.
    """
    reader = (_Fast if trusted else _Careful)(io.BytesIO(content), encoding="bytes")
    try:
        found = reader.load()
    except MemoryError:
        raise
    except Exception as error:  # A damaged pickle may fail in any way.
        raise ValueError(f"it is no such pickle: {error!r}") from error
    return _with_arrays(found)


def _with_arrays(found: Any) -> Any:
    try:
        if isinstance(found, _Array):
            return found.made()
        if isinstance(found, dict):
            return {k: v.made() if isinstance(v, _Array) else v for k, v in found.items()}
    except (pickle.UnpicklingError, KeyError, TypeError) as error:
        raise ValueError(str(error)) from error
    return found


def read_npz(path: Path, names: tuple[str, ...], known_hash: str) -> dict[str, np.ndarray]:
    """The arrays of Keras's files of texts: numbers, or lists of whole numbers.

    Parameters
    ----------
    path : pathlib.Path
    names : tuple of str
        Of the arrays.
    known_hash : str
        ``"sha256:..."`` of Keras's file. Another file is read by a slower reader.

    Returns
    -------
    dict of str to numpy.ndarray

    Raises
    ------
    ValueError
        The file has other content, or is damaged.
    """
    trusted = has_digest(path, known_hash)
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in names:
                if f"{name}.npy" not in archive.namelist():
                    listed = ", ".join(n.removesuffix(".npy") for n in archive.namelist())
                    raise ValueError(f"it has no {name}, only {listed or 'nothing'}")
                info = archive.getinfo(f"{name}.npy")
                if info.file_size > _LARGEST:
                    raise ValueError(f"{name} has {info.file_size} bytes, more than any data set")
                with archive.open(info) as file:
                    arrays[name] = _array(name, file.read(_LARGEST), trusted)
    except _DAMAGED as error:
        raise as_keras(path, error) from error
    return arrays


def _array(name: str, content: bytes, trusted: bool) -> np.ndarray:
    """An array from what NumPy has written."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    head = np.lib.format.read_array_header_1_0
    head = head if version[0] == 1 else np.lib.format.read_array_header_2_0
    shape, _, dtype = head(stream)
    if not dtype.hasobject:
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)
    array = read_pickle(content[stream.tell() :], trusted)
    if not isinstance(array, np.ndarray) or array.shape != shape:
        raise ValueError(f"{name} has no array of the shape {shape} that it says")
    for number, words in enumerate(array):
        if type(words) is not list or set(map(type, words)) - {int}:
            raise ValueError(f"element {number} of {name} is no list of whole numbers")
    return array
