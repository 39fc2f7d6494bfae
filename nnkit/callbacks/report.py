"""HTML report of a training for notebooks: a small table, and a small chart of each result."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import numpy as np

from nnkit.utils.terminal import short

__all__ = ["report"]

# The largest number of rows and points to show; of more, evenly spaced ones are chosen.
_ROWS, _POINTS, _CHARTS = 10, 400, 8

_WIDTH, _HEIGHT = 280, 140
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 270, 26, 114  # Edges of the curves' frame, in pixels.
_COLOURS = {"training": "#1f77b4", "validation": "#ff7f0e"}

Row = tuple[int, dict[str, Any]]
Point = tuple[float, float]


def report(rows: Sequence[Row]) -> str | None:
    """Make the report, as HTML without scripts or external links.

    Parameters
    ----------
    rows : list of (int, dict)
        Each epoch, counted from 0, and its results by name. An epoch may lack some of them.

    Returns
    -------
    str or None
        None if there is nothing to show.

    Examples
    --------
    >>> html = report([(0, {"loss": 0.5}), (1, {"loss": 0.25})])
    >>> html.count("<tr>"), html.count("<svg")
    (3, 1)
    """
    names = list(dict.fromkeys(name for _, logs in rows for name in logs))
    if not names:
        return None
    arrays = {name for _, logs in rows for name, value in logs.items() if np.ndim(value)}
    first = [name for name in names if not (name.startswith("val_") and name[4:] in names)]
    first = [name for name in first if name not in arrays]
    charts = "".join(_chart(name, rows) for name in first[:_CHARTS])
    return f"<div>{_table(names, rows)}<div>{charts}</div></div>"


def _table(names: Sequence[str], rows: Sequence[Row]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in ("epoch", *names))
    lines = "".join(
        f"<tr><th>{epoch + 1}</th>"
        + "".join(f"<td>{escape(_text(logs.get(name)))}</td>" for name in names)
        + "</tr>"
        for epoch, logs in _some(rows, _ROWS)
    )
    few = f"<caption>{_ROWS} of {len(rows)} epochs</caption>" if len(rows) > _ROWS else ""
    return f"<table>{few}<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _chart(name: str, rows: Sequence[Row]) -> str:
    """A chart with the curves of a result and of its validation."""
    rows = _some(rows, _POINTS)
    both = [[_number(logs.get(key)) for _, logs in rows] for key in (name, f"val_{name}")]
    finite = [v for values in both for v in values if v is not None and math.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (math.nan, math.nan)

    half = high / 2 - low / 2  # high - low might overflow.

    def point(at: int, value: float) -> Point:
        across = at / (len(rows) - 1) if len(rows) > 1 else 0.5
        up = (value / 2 - low / 2) / half if half > 0 else 0.5
        return _LEFT + across * (_RIGHT - _LEFT), _BOTTOM - up * (_BOTTOM - _TOP)

    parts = [_parts(values, point) for values in both]
    title, curves = f'<tspan font-weight="bold">{escape(name)}</tspan>', ""
    for those, (what, colour) in zip(parts, _COLOURS.items(), strict=True):
        curves += "".join(_curve(part, colour) for part in those)
        title += f'<tspan fill="{colour}" dx="8">{what}</tspan>' if all(parts) else ""
    middle = (_TOP + _BOTTOM) // 2
    texts = [(_LEFT, _TOP - 12, "start", title)]
    if high > low:
        texts += [(_LEFT - 6, _TOP + 8, "end", short(high))]
        texts += [(_LEFT - 6, _BOTTOM, "end", short(low))]
    elif finite:
        texts += [(_LEFT - 6, middle + 4, "end", short(low))]
    else:
        texts += [(_LEFT, middle, "start", "no finite value")]
    texts += [(_LEFT, _BOTTOM + 18, "start", f"epoch {rows[0][0] + 1}")]
    texts += [(_RIGHT, _BOTTOM + 18, "end", f"{rows[-1][0] + 1}")] if len(rows) > 1 else []
    written = "".join(
        f'<text x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>'
        for x, y, anchor, text in texts
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{escape(name)} by epoch" font-family="sans-serif" font-size="11" '
        f'fill="currentColor">{written}{curves}</svg>'
    )


def _parts(
    values: Sequence[float | None], point: Callable[[int, float], Point]
) -> list[list[Point]]:
    """The points of a curve, in a list for each connected part.

    NaN and infinity interrupt a curve. An epoch without the result, such as one without validation,
    does not.
    """
    parts: list[list[Point]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            continue
        if math.isfinite(value):
            parts[-1].append(point(at, value))
        else:
            parts.append([])
    return [part for part in parts if part]


def _curve(points: Sequence[Point], colour: str) -> str:
    if len(points) == 1:
        ((x, y),) = points
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>'
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _some(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """At most ``most`` rows, evenly spaced, with the first and the last one."""
    if len(rows) <= most:
        return rows
    return [rows[round(i * (len(rows) - 1) / (most - 1))] for i in range(most)]


def _number(value: Any) -> float | None:
    """A result as a float, or None: other callbacks may add results that are not numbers."""
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        return None


def _text(value: Any) -> str:
    number = _number(value)
    if number is None and value is not None and np.ndim(value):
        return short(value)
    return short(number) if number is not None else "" if value is None else str(value)
