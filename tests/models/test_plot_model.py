"""utils.plot_model: boxes apart, edges beside them, text inside."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense, concatenate
from nnkit.utils import plot_model

SVG = "{http://www.w3.org/2000/svg}"


def graph():
    a, b = nnkit.Input((8,), name="a"), nnkit.Input((8,), name="b")
    shared = Dense(4, "relu", name="shared")
    inner = nnkit.Sequential([nnkit.Input((4,)), Dense(3), Dense(2, name="deep")], name="inner")
    first = shared(a)
    joined = concatenate([first, shared(b), inner(first), a])
    return nnkit.Model([a, b], [joined, inner(shared(b))], name="net")


def drawn(path):
    root = ElementTree.parse(path).getroot()
    rects = root.findall(f"{SVG}rect")[1:]
    boxes = [[float(r.get(k)) for k in ("x", "y", "width", "height")] for r in rects]
    return root, boxes


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
@pytest.mark.parametrize("expand_nested", [False, True])
def test_boxes_are_apart_and_hold_their_text(tmp_path, rankdir, expand_nested):
    path = tmp_path / "m.svg"
    shown = {"show_shapes": True, "show_dtype": True, "show_layer_names": True}
    plot_model(graph(), path, rankdir=rankdir, expand_nested=expand_nested, **shown)
    root, boxes = drawn(path)
    assert len(boxes) == (10 if expand_nested else 8)
    width, height = float(root.get("width")), float(root.get("height"))
    for x, y, w, h in boxes:
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in itertools.combinations(boxes, 2):
        assert x1 + w1 < x2 or x2 + w2 < x1 or y1 + h1 < y2 or y2 + h2 < y1
    for text in root.findall(f"{SVG}text"):
        x, y = float(text.get("x")), float(text.get("y"))
        half = 12 * 0.62 * len(text.text) / 2
        assert any(
            u < x - half and x + half < u + w and v < y - 9 and y < v + h for u, v, w, h in boxes
        )


def test_names_are_escaped(tmp_path):
    a = nnkit.Input((3,), name="a<b&c")
    plot_model(nnkit.Model(a, Dense(2)(a)), tmp_path / "m.svg", show_layer_names=True)
    root, _ = drawn(tmp_path / "m.svg")
    assert "a<b&c (InputLayer)" in [t.text for t in root.findall(f"{SVG}text")]


def test_png(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "m.png"
    plot_model(graph(), path, dpi=50)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert np.frombuffer(path.read_bytes()[16:24], ">u4").min() > 50


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match=r"\.svg and \.png"):
        plot_model(graph(), tmp_path / "m.pdf")
    for options in ({"dpi": 0}, {"dpi": 10**9}, {"show_shapes": "y"}, {"expand_nested": 2}):
        with pytest.raises((TypeError, ValueError), match=next(iter(options))):
            plot_model(graph(), tmp_path / "m.svg", **options)
    with pytest.raises(TypeError, match="draws a model, got 3"):
        plot_model(3, tmp_path / "m.svg")
    with pytest.raises(FileNotFoundError, match="no folder"):
        plot_model(graph(), tmp_path / "none" / "m.svg")
    with pytest.raises(ValueError, match="rankdir"):
        plot_model(graph(), tmp_path / "m.svg", rankdir="XY")
    with pytest.raises(ValueError, match="no graph to draw"):
        plot_model(nnkit.Sequential([Dense(2)]), tmp_path / "m.svg")
    assert not list(tmp_path.iterdir())


def test_texts_are_no_wider_than_the_layout_says():
    """Against the widths of the font itself."""
    pytest.importorskip("matplotlib")
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    from nnkit.utils.plotting import width_of

    font = FontProperties(family="DejaVu Sans")
    for text in [*map(chr, range(33, 127)), "\xc4", "W" * 40, "output: (None, None, 128)"]:
        found = TextPath((0, 0), text, size=12, prop=font).get_extents().width
        assert found <= width_of(text), text


def test_a_model_of_inputs_alone_and_suffixes_in_capitals(tmp_path):
    a = nnkit.Input((3,), name="a")
    plot_model(nnkit.Model(a, a), tmp_path / "m.SVG", show_layer_names=True)
    root, boxes = drawn(tmp_path / "m.SVG")
    assert len(boxes) == 1
    assert [t.text for t in root.findall(f"{SVG}text")] == ["a (InputLayer)"]


def points(way):
    """Points along a path of moves, lines and curves."""
    here = None
    for command, rest in re.findall("([MLC])([^MLC]*)", way):
        ends = [np.array([float(n) for n in p.split(",")]) for p in rest.split()]
        for t in np.linspace(0, 1, 30) if command != "M" else ():
            if command == "L":
                yield here + t * (ends[0] - here)
            else:
                a, b, c = ends
                yield (
                    (1 - t) ** 3 * here
                    + 3 * (1 - t) ** 2 * t * a
                    + 3 * (1 - t) * t**2 * b
                    + t**3 * c
                )
        here = ends[-1]


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_edges_cross_no_boxes(tmp_path, rankdir):
    """Also where low boxes stand beside a high one."""
    a = nnkit.Input((20,), name="a")
    first, *_ = nnkit.ops.split(a, 10, axis=1)
    low = [Dense(2)(a) for _ in range(2)]
    outputs = [concatenate([low[0], first, low[1]]) for _ in range(3)]
    outputs.append(concatenate([a, outputs[0]]))
    path = tmp_path / "m.svg"
    plot_model(nnkit.Model(a, outputs), path, True, rankdir=rankdir)
    root, boxes = drawn(path)
    ways = [p.get("d") for p in root.findall(f"{SVG}path")]
    assert len(ways) == 3 + 3 * 3 + 2
    for way in ways:
        for x, y in points(way):
            assert not any(
                u + 0.01 < x < u + w - 0.01 and v + 0.01 < y < v + h - 0.01 for u, v, w, h in boxes
            )
