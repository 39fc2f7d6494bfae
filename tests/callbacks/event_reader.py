"""A slow reader of event files, which shares nothing with the writer."""

import struct
from typing import NamedTuple

import numpy as np


class Value(NamedTuple):
    step: int
    tag: str
    plugin: str
    content: bytes
    kind: int
    data: object  # A float32 number, an array of float64, or a list of bytes.


def crc32c(data):
    """Division by the polynomial, bit by bit."""
    rest = 2**32 - 1
    for byte in data:
        for i in range(8):
            odd = (rest ^ byte >> i) & 1
            rest = rest // 2 ^ (0x82F63B78 if odd else 0)
    return rest ^ 2**32 - 1


def masked(data):
    crc = crc32c(data)
    return (crc // 2**15 + crc % 2**15 * 2**17 + 0xA282EAD8) % 2**32


def records(data):
    """The messages in a file; an error if a checksum is wrong, or the file ends within a record."""
    at = 0
    while at < len(data):
        length, check = struct.unpack_from("<QI", data, at)
        assert masked(data[at : at + 8]) == check
        message = data[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", data, at + 12 + length) == (masked(message),)
        yield message
        at += length + 16


def fields(message):
    """A dictionary of lists: what a message has under each number."""
    found, at = {}, 0

    def varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = message[at]
            at += 1
            number += byte % 128 * 2**shift
            shift += 7
            if byte < 128:
                return number

    while at < len(message):
        key = varint()
        if key % 8 == 0:
            value = varint()
        elif key % 8 == 1:
            value, at = struct.unpack_from("<d", message, at)[0], at + 8
        else:
            assert key % 8 == 2
            length = varint()
            value, at = message[at : at + length], at + length
        found.setdefault(key // 8, []).append(value)
    assert at == len(message)
    return found


def tensor(message):
    parts = fields(message)
    shape = [fields(d)[1][0] for d in fields(parts[2][0]).get(2, [])]
    if parts[1] == [7]:
        assert shape == [len(parts[8])]
        return parts[8]
    array = np.frombuffer(parts[4][0], {1: "<f4", 2: "<f8"}[parts[1][0]]).reshape(shape)
    return array if shape else array[()]


def read_file(path):
    """The values of a file in their order."""
    first, *others = map(fields, records(path.read_bytes()))
    assert first[3] == [b"brain.Event:2"]
    found, before = [], first[1][0]
    for event in others:
        assert event[1][0] >= before > 1e9  # Seconds of 1970.
        before = event[1][0]
        (value,) = fields(event[5][0])[1]
        value = fields(value)
        metadata = fields(value[9][0])
        plugin = fields(metadata[1][0])
        found.append(
            Value(
                event[2][0],
                value[1][0].decode(),
                plugin[1][0].decode(),
                plugin[2][0],
                metadata[4][0],
                tensor(value[8][0]),
            )
        )
    return found


def read(folder):
    """All values of a run, as TensorBoard reads its files: in the order of their names."""
    return [value for path in sorted(folder.glob("*tfevents*")) for value in read_file(path)]


def series(folder, plugin="scalars"):
    """By tag, the steps and the data of one kind."""
    found = {}
    for value in read(folder):
        if value.plugin == plugin:
            found.setdefault(value.tag, []).append((value.step, value.data))
    return found
