"""Histograms, pictures and graphs, as the dashboards of TensorBoard take them."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import numpy as np

__all__ = ["buckets", "graph", "pictures", "png"]

BUCKETS = 30  # Of a histogram; TensorFlow's number.
LARGEST = float(np.finfo("float32").max)  # What a chart can show.
MOST_PICTURES = 3  # Of a weight; TensorFlow's number.


def buckets(values: np.ndarray) -> np.ndarray:
    """The lower end, upper end and count of the parts of a range.

    Parameters
    ----------
    values : array
        Of any shape. What float32 can't hold, or is not finite, is not counted.

    Returns
    -------
    array
        (30, 3) float64. Equal numbers are in the last part; without any, all is 0.
    """
    values = values.ravel().astype("f8")
    values = values[np.abs(values) <= LARGEST]
    if not values.size:
        return np.zeros((BUCKETS, 3))
    low, high = values.min(), values.max()
    edges, width = np.linspace(low, high, BUCKETS + 1, retstep=True)
    which = np.full(values.size, BUCKETS - 1)
    if width > 0:
        which = np.minimum((values - low) / width, BUCKETS - 1).astype(int)
    return np.stack([edges[:-1], edges[1:], np.bincount(which, minlength=BUCKETS)], axis=1)


def png(picture: np.ndarray) -> bytes:
    """A PNG of uint8 (height, width), from black to white; the format is of RFC 2083."""
    height, width = picture.shape
    rows = np.pad(picture, ((0, 0), (1, 0)))  # Each begins with a byte: no filter.
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes())),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def pictures(weight: np.ndarray) -> np.ndarray | None:
    """A weight as uint8 (number, height, width); None if it is no number of pictures.

    A vector is a column, a matrix lies on its longer side. What is not finite counts as 0.
    """
    array = weight.squeeze().astype("f8")
    if not 1 <= array.ndim <= 3 or not array.size:
        return None
    if array.ndim == 3:
        array = array.transpose(2, 0, 1)[:MOST_PICTURES]
    else:
        array = array[:, None] if array.ndim == 1 else array
        array = (array.T if array.shape[0] > array.shape[1] > 1 else array)[None]
    array = np.nan_to_num(array, posinf=0, neginf=0)
    low, high = array.min(), array.max()
    return np.rint((array - low) * (255 / (high - low) if high > low else 0)).astype("uint8")


def graph(text: str) -> str:
    """Keras's part of a model's text, in the form that TensorBoard can read.

    Its reader, ``plugins/graph/keras_util.py``, looks for outputs of layers only: it fails at
    numbers among the arguments of a layer, and in the place of a model's inputs it wants names.
    """
    described = json.loads(text, object_hook=_for_reader)
    del described["nnkit"]
    return json.dumps(described)


def _for_reader(found: dict[str, Any]) -> dict[str, Any]:
    """An object in the text: a use of a layer, the ends of a model, or something else."""
    if {*found} == {"args", "kwargs"}:
        return found | {"args": _without_numbers(found["args"])}
    if "input_layers" in found and "output_layers" in found:
        outputs = [[name] for name in _names(found["output_layers"])]
        return found | {"input_layers": _names(found["input_layers"]), "output_layers": outputs}
    return found


def _without_numbers(arguments: list[Any]) -> list[Any]:
    kept = (a for a in arguments if isinstance(a, (list, dict)))
    return [_without_numbers(a) if isinstance(a, list) else a for a in kept]


def _names(ends: Any) -> list[str]:
    """Names of layers, from ``[name, use, output]``, or several of them in a list or dictionary."""
    if isinstance(ends, dict):
        ends = list(ends.values())
    if isinstance(ends[0], str):
        return [ends[0]]
    return [name for end in ends for name in _names(end)]
