"""A graph as an SVG drawing: inputs above, each operation below what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from nnkit.symbolic.graph import Apply, Variable, toposort
from nnkit.symbolic.tensor.variable import Constant, SharedVariable

__all__ = ["pydotprint"]

_HEIGHT, _GAP, _LETTER, _LEVEL = 28, 16, 7.2, 72
_COLORS = {"input": "#cfe8cf", "shared": "#cfdcf2", "constant": "#eeeeee", "operation": "#ffffff"}
_RESULT = "#f7d9a8"


def pydotprint(
    fct: Any,
    outfile: str | Path | None = None,
    compact: bool = True,
    format: str = "svg",
    return_image: bool = False,
    **ignored: Any,
) -> str | None:
    """Draw a graph, in Theano's colours: inputs green, shared variables blue, results orange.

    Parameters
    ----------
    fct : Variable, sequence of Variable, or Function
        A function's graph is what is left after all rewrites.
    outfile : path, optional
        The file, by default ``nnkit.svg``; nothing is written if the text is returned.
    compact : bool
        Leave out constants of one element.
    format : {"svg"}
    return_image : bool
        Return the text of the drawing.
    """
    if format != "svg":
        raise ValueError(f"a graph is drawn as 'svg', not {format!r}")
    outputs = [fct] if isinstance(fct, Variable) else list(getattr(fct, "graph", fct))
    text = _Drawing(outputs, compact).text()
    if outfile is not None or not return_image:
        Path(outfile or "nnkit.svg").write_text(text, encoding="utf-8")
    return text if return_image else None


class _Drawing:
    """Boxes in levels: an operation is one below the lowest of its operands."""

    def __init__(self, outputs: Sequence[Variable], compact: bool) -> None:
        self._results = {id(v.owner or v) for v in outputs}
        self._levels: list[list[Any]] = [[]]
        self._edges: list[tuple[Any, Any]] = []
        level: dict[int, int] = {}
        for node in toposort(outputs):
            sources = [v.owner or v for v in node.inputs if not (compact and _small(v))]
            for source in sources:
                if id(source) not in level:
                    level[id(source)] = 0
                    self._levels[0].append(source)
                self._edges.append((source, node))
            level[id(node)] = 1 + max((level[id(s)] for s in sources), default=0)
            while len(self._levels) <= level[id(node)]:
                self._levels.append([])
            self._levels[level[id(node)]].append(node)
        self._levels[0] += [v for v in outputs if v.owner is None and id(v) not in level]
        self._places = self._placed()

    def _placed(self) -> dict[int, tuple[float, float]]:
        """Where the middles of the boxes are: in each level in the order of their neighbors."""
        x: dict[int, float] = {}
        ups: dict[int, list[Any]] = {}
        downs: dict[int, list[Any]] = {}
        for a, b in self._edges:
            ups.setdefault(id(b), []).append(a)
            downs.setdefault(id(a), []).append(b)

        def middle(box: Any, neighbors: dict[int, list[Any]]) -> float:
            known = [x[id(n)] for n in neighbors.get(id(box), ()) if id(n) in x]
            return sum(known) / len(known) if known else x.get(id(box), 0)

        for sweep in range(4):
            down = sweep % 2 == 0
            for row in self._levels if down else self._levels[::-1]:
                row.sort(key=lambda box: middle(box, ups if down else downs))
                right = -sum(_width(box) + _GAP for box in row) / 2
                for box in row:
                    x[id(box)] = right + _width(box) / 2
                    right += _width(box) + _GAP
        left = min((x[id(b)] - _width(b) / 2 for row in self._levels for b in row), default=0)
        return {
            id(box): (x[id(box)] - left + _GAP, _GAP + _HEIGHT / 2 + i * _LEVEL)
            for i, row in enumerate(self._levels)
            for box in row
        }

    def text(self) -> str:
        """The drawing."""
        boxes = [box for row in self._levels for box in row]
        width = max((self._places[id(b)][0] + _width(b) / 2 for b in boxes), default=0) + _GAP
        height = len(self._levels) * _LEVEL
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
            'font-family="monospace" font-size="12" text-anchor="middle">'
        ]
        for a, b in self._edges:
            (x, y), (u, v) = self._places[id(a)], self._places[id(b)]
            y, v, bend = y + _HEIGHT / 2, v - _HEIGHT / 2, _LEVEL / 3
            parts.append(
                f'<path d="M{x:.1f},{y:.1f} C{x:.1f},{y + bend:.1f} {u:.1f},{v - bend:.1f} '
                f'{u:.1f},{v:.1f}" fill="none" stroke="#888888"/>'
            )
        for box in boxes:
            x, y = self._places[id(box)]
            wide, corner = _width(box), 3 if isinstance(box, Apply) else _HEIGHT / 2
            color = _RESULT if id(box) in self._results else _COLORS[_kind(box)]
            parts.append(
                f'<g><title>{escape(_title(box))}</title><rect x="{x - wide / 2:.1f}" '
                f'y="{y - _HEIGHT / 2:.1f}" width="{wide:.1f}" height="{_HEIGHT}" rx="{corner}" '
                f'fill="{color}" stroke="#444444"/>'
                f'<text x="{x:.1f}" y="{y + 4:.1f}">{escape(_label(box))}</text></g>'
            )
        return "\n".join([*parts, "</svg>\n"])


def _small(variable: Variable) -> bool:
    """Whether it is a number, or one with more axes."""
    while variable.owner is not None and len(variable.owner.inputs) == 1:
        variable = variable.owner.inputs[0]
    return isinstance(variable, Constant) and variable.data.size == 1


def _kind(box: Any) -> str:
    if isinstance(box, Apply):
        return "operation"
    if isinstance(box, SharedVariable):
        return "shared"
    return "constant" if isinstance(box, Constant) else "input"


def _label(box: Any) -> str:
    if not isinstance(box, Apply):
        return repr(box)
    name = box.outputs[0].name
    return repr(box.op) if name is None else f"{name} = {box.op!r}"


def _title(box: Any) -> str:
    """What a browser shows when the mouse is over a box."""
    variable = box.outputs[0] if isinstance(box, Apply) else box
    return f"{variable.type}, made in {variable.line}"


def _width(box: Any) -> float:
    return len(_label(box)) * _LETTER + 20
