"""Reading of untrusted JSON documents, and printing of text from them."""

from __future__ import annotations

import json
import math
from typing import Any

from nnkit.errors import FileFormatError

__all__ = ["MAX_TEXT", "parse_json", "printable"]

MAX_TEXT = 4 * 2**20  # Bytes.
MAX_DEPTH = 64
MAX_VALUES = 2**18
MAX_OBJECTS = 2**13  # Objects with a "class_name": layers, initializers, metrics...
_LONGEST = 4000  # Characters of an error's text.


def printable(text: str, longest: int = _LONGEST) -> str:
    r"""Make text from a file safe to print: escape control characters, and limit the length.

    Examples
    --------
    >>> print(printable("dense\x1b[2J \u202e"))
    dense\x1b[2J \u202e
    """
    if len(text) > longest:
        text = f"{text[:longest]}... ({len(text)} characters)"
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def parse_json(document: str, what: str) -> Any:
    """Parse a JSON document to plain data.

    Duplicate keys, keys with control characters, NaN, infinities, numbers beyond 64 bits and deep
    nesting are refused, and so are data that would need many times the document's size.

    Examples
    --------
    >>> parse_json('{"units": 10}', "model_config")
    {'units': 10}
    >>> parse_json('{"units": 10, "units": 20}', "model_config")
    Traceback (most recent call last):
    nnkit.errors.FileFormatError: model_config: the key 'units' occurs twice
    """
    objects = 0

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal objects
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                raise FileFormatError(f"{what}: the key {key[:80]!r} occurs twice")
            if not key.isprintable():
                raise FileFormatError(f"{what}: the key {key[:80]!r} has control characters")
            result[key] = value
        objects += "class_name" in result
        if objects > MAX_OBJECTS:
            raise FileFormatError(f"{what}: more than {MAX_OBJECTS} layers and other objects")
        return result

    def whole(digits: str) -> int:
        if len(digits) > 20 or abs(int(digits)) >= 2**64:
            raise FileFormatError(f"{what}: a number of more than 64 bits, {digits[:20]}...")
        return int(digits)

    def finite(digits: str) -> float:
        if not math.isfinite(float(digits)):
            raise FileFormatError(f"{what}: {digits[:20]} is no finite number")
        return float(digits)

    if len(document) > MAX_TEXT:
        raise FileFormatError(f"{what}: longer than {MAX_TEXT} characters")
    if sum(document.count(c) for c in "[{,") > MAX_VALUES:  # Each value follows one of these.
        raise FileFormatError(f"{what}: more than {MAX_VALUES} values")
    try:
        value = json.loads(
            document,
            object_pairs_hook=unique,
            parse_int=whole,
            parse_float=finite,
            parse_constant=finite,
        )
    except json.JSONDecodeError as error:
        raise FileFormatError(f"{what}: not JSON: {error}") from None
    except RecursionError:
        raise FileFormatError(f"{what}: nested deeper than {MAX_DEPTH} levels") from None
    _check_depth(value, what)
    return value


def _check_depth(value: Any, what: str, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise FileFormatError(f"{what}: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, what, depth + 1)
