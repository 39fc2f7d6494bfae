"""Reading JSON documents that nobody vouches for."""

from __future__ import annotations

import json
import math
from typing import Any

from nnkit.errors import FileFormatError

__all__ = ["MAX_TEXT", "parse_json"]

MAX_TEXT = 16 * 2**20  # Characters.
MAX_DEPTH = 64


def parse_json(document: str, what: str) -> Any:
    """The plain data in a JSON document.

    Duplicate keys, NaN, infinities, numbers beyond 64 bits and deep nesting are refused.

    Examples
    --------
    >>> parse_json('{"units": 10}', "model_config")
    {'units': 10}
    >>> parse_json('{"units": 10, "units": 20}', "model_config")
    Traceback (most recent call last):
    nnkit.errors.FileFormatError: model_config: the key 'units' occurs twice
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                raise FileFormatError(f"{what}: the key {key!r} occurs twice")
            result[key] = value
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
