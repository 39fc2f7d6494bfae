"""A picture of a model's graph, drawn without any system program."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from nnkit import checks
from nnkit.nested import leaves

__all__ = ["plot_model"]

_SIZE, _LINE, _PAD, _GAP, _BETWEEN = 12.0, 16.0, 8.0, 24.0, 44.0
# Widths of characters of DejaVu Sans, in its size, with some room: all that are narrow or wide.
_WIDTHS = dict.fromkeys("fijlrtIJ.,:;'`|!()[]{}/\\ ", 0.42) | dict.fromkeys("mwMW@%+=<>~#^&", 1.0)


def width_of(text: str) -> float:
    """The width of a text, in points, at least what the fonts of the picture take."""
    widths = [
        _WIDTHS.get(c, 0.66 if c.islower() or c.isdigit() else 0.82)
        if c.isascii()
        else (1.1 if east_asian_width(c) in "WF" else 1.0)
        for c in text
    ]
    return _SIZE * sum(widths)


@dataclass(eq=False)
class Box:
    """A layer's use, or (without text) the place where an edge passes a rank.

    Attributes
    ----------
    x, y, width, height : float
        The centre and the size, in points.
    band : float
        The extent of its rank, from the rank before to the one after.
    """

    text: list[str] = field(default_factory=list)
    sources: list[Box] = field(default_factory=list)
    rank: int = 0
    x: float = 0.0
    y: float = 0.0
    width: float = 8.0
    height: float = 0.0
    band: float = 0.0


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> None:
    """Draw the graph of a model into a file.

    Parameters
    ----------
    model : Model
        Built.
    to_file : path
        ``.svg``, or ``.png``, which needs matplotlib (``pip install nnkit[plot]``).
    show_shapes, show_dtype, show_layer_names : bool
        What the boxes say besides the layers' classes.
    rankdir : {"TB", "BT", "LR", "RL"}
        From the inputs to the outputs: down, up, to the right, to the left.
    expand_nested : bool
        Whether models among the layers are drawn layer by layer.
    dpi : int
        Pixels per inch of a ``.png``, from 10 to 2000.
    show_layer_activations, show_trainable : bool
        What else the boxes say.

    Raises
    ------
    TypeError, ValueError
        It is no model, or has no graph yet; or an argument or the file's suffix is unknown.
    FileNotFoundError
        The folder of the file does not exist.
    ImportError
        A ``.png`` is wanted without matplotlib.

    Examples
    --------
    >>> import nnkit, tempfile, pathlib
    >>> model = nnkit.Sequential([nnkit.Input((8,)), nnkit.layers.Dense(3)])
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "model.svg"
    >>> nnkit.utils.plot_model(model, file, show_shapes=True)
    >>> "(None, 3)" in file.read_text()
    True
    """
    for name, shown in {
        "show_shapes": show_shapes,
        "show_dtype": show_dtype,
        "show_layer_names": show_layer_names,
        "expand_nested": expand_nested,
        "show_layer_activations": show_layer_activations,
        "show_trainable": show_trainable,
    }.items():
        checks.flag("plot_model", name, shown)
    checks.integer("plot_model", "dpi", dpi, 10, 2000)
    checks.one_of("plot_model", "rankdir", rankdir, ("TB", "BT", "LR", "RL"))
    if not hasattr(model, "network"):
        raise TypeError(f"plot_model draws a model, got {model!r}")
    path = Path(to_file)
    suffix = path.suffix.lower()
    if suffix not in (".svg", ".png"):
        raise ValueError(f"plot_model writes .svg and .png; got to_file={str(to_file)!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r} for {str(to_file)!r}")
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has no graph to draw: give it an Input, build it, or call "
            "it with data first"
        )

    def text_of(node: Any) -> list[str]:
        layer = node.layer
        lines = [f"{layer.name} ({type(layer).__name__})"]
        if not show_layer_names:
            lines = [type(layer).__name__]
        if show_layer_activations and getattr(layer, "activation", None) is not None:
            activation = layer.activation
            lines.append(f"activation: {getattr(activation, 'name', activation)}")
        outputs = leaves(node.outputs)
        if show_shapes:
            lines += [f"output: {p.shape}" for p in outputs]
        if show_dtype:
            lines.append(f"dtype: {outputs[0].dtype}")
        if show_trainable and layer.variables:
            lines.append("trainable" if layer.trainable else "frozen")
        return lines

    boxes = _boxes(model, text_of, expand_nested)
    edges, width, height = layout(boxes, rankdir)
    if suffix == ".svg":
        path.write_text(_svg(boxes, edges, width, height, rankdir), encoding="utf-8")
    else:
        _png(path, boxes, edges, width, height, rankdir, dpi)


def _boxes(model: Any, text_of: Any, expand_nested: bool) -> list[Box]:
    """A box for each use of a layer, after those that it gets its inputs from."""
    boxes: list[Box] = []

    def add(one: Any, given: dict[int, Box]) -> dict[int, Box]:
        for p in one.inputs:
            if id(p) not in given:
                given[id(p)] = Box(text_of(p.node))
                boxes.append(given[id(p)])
        for node in one.network.nodes:
            outputs, layer = leaves(node.outputs), node.layer
            if expand_nested and getattr(getattr(layer, "network", None), "nodes", None):
                inner = [given[id(p)] for p in node.inputs]
                found = add(layer, {id(p): b for p, b in zip(layer.inputs, inner, strict=True)})
                pairs = zip(outputs, layer.outputs, strict=True)
                given |= {id(p): found[id(q)] for p, q in pairs}
            elif any(id(p) not in given for p in outputs):
                sources = [given[id(p)] for p in node.inputs if id(p) in given]
                box = Box(text_of(node), list(dict.fromkeys(sources)))
                boxes.append(box)
                given |= {id(p): box for p in outputs}
        return given

    add(model, {})
    return boxes


def layout(boxes: list[Box], rankdir: str) -> tuple[list[list[Box]], float, float]:
    """Give boxes their places: ranks by depth, in a rank by the mean of the neighbours' places.

    Returns
    -------
    edges : list of list of Box
        The boxes and passing places through which each edge goes.
    width, height : float
    """
    across = rankdir in ("LR", "RL")
    for box in boxes:
        box.width = max(map(width_of, box.text)) + 2 * _PAD
        box.height = len(box.text) * _LINE + 2 * _PAD
        if across:
            box.width, box.height = box.height, box.width
        box.rank = max((source.rank + 1 for source in box.sources), default=0)
    ranks: list[list[Box]] = [[] for _ in range(max(box.rank for box in boxes) + 1)]
    edges = []
    above: dict[Box, list[Box]] = {}
    for box in boxes:
        ranks[box.rank].append(box)
        for source in box.sources:
            edge = [source]
            for passed in range(source.rank + 1, box.rank):
                edge.append(Box(rank=passed))
                ranks[passed].append(edge[-1])
            edge.append(box)
            edges.append(edge)
            for upper, lower in itertools.pairwise(edge):
                above.setdefault(lower, []).append(upper)
    below: dict[Box, list[Box]] = {}
    for lower, uppers in above.items():
        for upper in uppers:
            below.setdefault(upper, []).append(lower)

    def place(rank: list[Box]) -> None:
        x = -(sum(b.width for b in rank) + _GAP * (len(rank) - 1)) / 2
        for b in rank:
            b.x = x + b.width / 2
            x += b.width + _GAP

    for rank in ranks:
        place(rank)
    for neighbours, order in [(above, ranks), (below, ranks[::-1])] * 4:
        for rank in order:
            means = {b: [n.x for n in neighbours.get(b, [])] or [b.x] for b in rank}
            rank.sort(key=lambda b: sum(means[b]) / len(means[b]))
            place(rank)

    left = min(b.x - b.width / 2 for rank in ranks for b in rank) - _GAP
    y = _GAP
    for rank in ranks:
        height = max(b.height for b in rank)
        for b in rank:
            b.x, b.y = b.x - left, y + height / 2
            b.band = height
            b.height = b.height or height  # An edge passes the whole rank straight.
        y += height + _BETWEEN
    length = y - _BETWEEN + _GAP
    breadth = max(b.x + b.width / 2 for rank in ranks for b in rank) + _GAP
    for b in (b for rank in ranks for b in rank):
        if rankdir in ("BT", "RL"):
            b.y = length - b.y
        if across:
            b.x, b.y, b.width, b.height = b.y, b.x, b.height, b.width
    return edges, *((length, breadth) if across else (breadth, length))


def _curve(edge: list[Box], rankdir: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """The pen's moves along an edge: "M" to, "L" line to, "C" curve to.

    It is curved between ranks only, where no boxes are.
    """
    across, sign = rankdir in ("LR", "RL"), 1 if rankdir in ("TB", "LR") else -1

    def point(box: Box, extent: float) -> tuple[float, float]:
        if across:
            return box.x + sign * extent / 2, box.y
        return box.x, box.y + sign * extent / 2

    def size(box: Box) -> float:
        return box.width if across else box.height

    moves = [("M", [point(edge[0], size(edge[0]))])]
    for upper, lower in itertools.pairwise(edge):
        (x1, y1), (x2, y2) = point(upper, upper.band), point(lower, -lower.band)
        if size(upper) < upper.band or upper is not edge[0]:
            moves.append(("L", [(x1, y1)]))
        bends = [((x1 + x2) / 2, y1), ((x1 + x2) / 2, y2)]
        if not across:
            bends = [(x1, (y1 + y2) / 2), (x2, (y1 + y2) / 2)]
        moves.append(("C", [*bends, (x2, y2)]))
    if size(edge[-1]) < edge[-1].band:
        moves.append(("L", [point(edge[-1], -size(edge[-1]))]))
    return moves


def _svg(
    boxes: list[Box], edges: list[list[Box]], width: float, height: float, rankdir: str
) -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="{_SIZE:g}">',
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#66727d"/></marker>'
        f'</defs><rect width="{width:g}" height="{height:g}" fill="white"/>',
    ]
    for edge in edges:
        way = " ".join(
            command + " ".join(f"{x:g},{y:g}" for x, y in points)
            for command, points in _curve(edge, rankdir)
        )
        parts.append(f'<path d="{way}" fill="none" stroke="#66727d" marker-end="url(#head)"/>')
    for b in boxes:
        parts.append(
            f'<rect x="{b.x - b.width / 2:g}" y="{b.y - b.height / 2:g}" width="{b.width:g}" '
            f'height="{b.height:g}" rx="4" fill="#eef3f7" stroke="#66727d"/>'
        )
        for i, line in enumerate(b.text):
            y = b.y + (i - (len(b.text) - 1) / 2) * _LINE + _SIZE / 3
            parts.append(f'<text x="{b.x:g}" y="{y:g}" text-anchor="middle">{escape(line)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _png(
    path: Path,
    boxes: list[Box],
    edges: list[list[Box]],
    width: float,
    height: float,
    rankdir: str,
    dpi: int,
) -> None:
    try:
        from matplotlib.figure import Figure
        from matplotlib.patches import FancyArrowPatch, Rectangle
        from matplotlib.path import Path as Way
    except ImportError as error:
        raise ImportError(
            "a .png needs matplotlib: pip install nnkit[plot], or write an .svg"
        ) from error
    figure = Figure(figsize=(width / 72, height / 72), dpi=dpi)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    codes = {"M": Way.MOVETO, "L": Way.LINETO, "C": Way.CURVE4}
    for edge in edges:
        moves = _curve(edge, rankdir)
        way = Way(
            [p for _, points in moves for p in points],
            [codes[command] for command, points in moves for _ in points],
        )
        axes.add_patch(
            FancyArrowPatch(
                path=way, arrowstyle="-|>", mutation_scale=8, color="#66727d", shrinkA=0, shrinkB=0
            )
        )
    for b in boxes:
        corner = b.x - b.width / 2, b.y - b.height / 2
        axes.add_patch(Rectangle(corner, b.width, b.height, fc="#eef3f7", ec="#66727d"))
        for i, line in enumerate(b.text):
            y = b.y + (i - (len(b.text) - 1) / 2) * _LINE
            axes.text(b.x, y, line, ha="center", va="center", fontsize=_SIZE, parse_math=False)
    figure.savefig(path, dpi=dpi)
