"""EventFile: what TensorBoard reads, written without it.

A file is a row of records, a record a message ``Event`` of protobuf between its length and its
checksums. The sources are TensorFlow's ``lib/io/record_writer.h`` (records), ``util/event.proto``,
``framework/summary.proto`` and ``framework/tensor.proto`` (messages, whose fields have numbers),
https://protobuf.dev/programming-guides/encoding (how a field is written), RFC 3720, B.4 (CRC-32C),
and ``plugins/*/metadata.py`` of TensorBoard (what each dashboard expects).
"""

from __future__ import annotations

import os
import platform
import struct
import time
from collections.abc import Sequence
from io import BufferedWriter
from pathlib import Path
from typing import Any

import numpy as np

from nnkit.callbacks.dashboards import buckets, graph, png

__all__ = ["EventFile"]

# By dashboard: the number of its kind of data (``DataClass``), and its own bytes.
DASHBOARDS = {
    "scalars": (1, b""),
    "histograms": (2, b""),
    "images": (3, b""),
    "graph_keras_model": (3, b"1"),
}


class EventFile:
    """A new file in a folder, which is made if need be; each record is whole when a call returns.

    So TensorBoard sees it at once, and a process that is killed leaves a file that can be read.
    Files of one folder are one run to TensorBoard, which reads them in the order of their names.

    Parameters
    ----------
    folder : path

    Raises
    ------
    OSError
        The folder can't be written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        self._file = _create(Path(folder))
        self._write(_field(3, "brain.Event:2"))

    def scalar(self, tag: str, value: Any, step: int) -> None:
        """Write a number, as float32."""
        with np.errstate(over="ignore"):  # A chart shows infinity.
            self._summary("scalars", tag, _numbers(np.asarray(value, "<f4")), step)

    def histogram(self, tag: str, values: np.ndarray, step: int) -> None:
        """Write how many finite numbers lie in each of 30 equal parts of their range."""
        self._summary("histograms", tag, _numbers(buckets(values)), step)

    def images(self, tag: str, pictures: np.ndarray, step: int) -> None:
        """Write pictures, uint8 (number, height, width), from black to white."""
        height, width = pictures.shape[1:]
        texts = [str(width).encode(), str(height).encode(), *map(png, pictures)]
        self._summary("images", tag, _texts(texts), step)

    def model(self, tag: str, json: str) -> None:
        """Write a model's layers and connections, from what ``to_json`` says."""
        self._summary("graph_keras_model", tag, _texts([graph(json).encode()]), 0)

    def close(self) -> None:
        """Close the file; it can't be written any more."""
        self._file.close()

    def _summary(self, dashboard: str, tag: str, tensor: bytes, step: int) -> None:
        kind, own = DASHBOARDS[dashboard]
        metadata = _field(1, _field(1, dashboard) + _field(2, own)) + _field(4, kind)
        value = _field(1, tag) + _field(9, metadata) + _field(8, tensor)
        self._write(_field(2, step) + _field(5, _field(1, value)))

    def _write(self, event: bytes) -> None:
        event = _field(1, time.time()) + event
        length = struct.pack("<Q", len(event))
        self._file.write(length + _checksum(length) + event + _checksum(event))
        self._file.flush()


def _create(folder: Path) -> BufferedWriter:
    """A file that does not exist yet; later ones have names that are sorted behind it."""
    name = f"events.out.tfevents.{int(time.time()):010d}.{platform.node()}.{os.getpid()}"
    number = 0
    while True:
        try:
            return open(folder / f"{name}.{number:06d}.v2", "xb")
        except FileExistsError:
            number += 1


# ---------------------------------------------------------------------------------------- records


def _table() -> list[int]:
    """CRC-32C of each byte, whose polynomial is 0x1EDC6F41, read backwards."""
    table = list(range(256))
    for _ in range(8):
        table = [n >> 1 ^ (0x82F63B78 if n & 1 else 0) for n in table]
    return table


TABLE = _table()


def _checksum(data: bytes) -> bytes:
    """The CRC-32C of a record's part, masked, as it may be part of other records."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


# --------------------------------------------------------------------------------------- messages


def _varint(number: int) -> bytes:
    """A whole number, seven bits in a byte, the lowest ones first."""
    number &= 0xFFFFFFFFFFFFFFFF
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def _field(number: int, value: float | str | bytes) -> bytes:
    """A field of a message: a whole number, a double, or a text or message after its length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 1) + struct.pack("<d", value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _tensor(kind: int, shape: Sequence[int], content: bytes) -> bytes:
    sizes = b"".join(_field(2, _field(1, size)) for size in shape)
    return _field(1, kind) + _field(2, sizes) + content


def _numbers(array: np.ndarray) -> bytes:
    """A tensor of float32 or float64."""
    return _tensor({4: 1, 8: 2}[array.itemsize], array.shape, _field(4, array.tobytes()))


def _texts(texts: Sequence[bytes]) -> bytes:
    """A vector of texts."""
    return _tensor(7, [len(texts)], b"".join(_field(8, text) for text in texts))
