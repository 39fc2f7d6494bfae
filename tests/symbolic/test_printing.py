"""Graphs as formulas, as text and as drawings."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.printing import Print, debugprint, dprint, pp, pprint, pydotprint


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (lambda x, y: x + y * x, "x + y * x"),
        (lambda x, y: (x + y) * x, "(x + y) * x"),
        (lambda x, y: x - (y - x), "x - (y - x)"),
        (lambda x, y: x - y - x, "x - y - x"),
        (lambda x, y: x / (y * x), "x / (y * x)"),
        (lambda x, y: (x**y) ** 3, "(x ** y) ** 3"),
        (lambda x, y: x ** (y**x), "x ** y ** x"),
        (lambda x, y: -(x + 1), "-(x + 1)"),
        (lambda x, y: -x * y, "-x * y"),
        (lambda x, y: x > y + 1, "x > y + 1"),
        (lambda x, y: T.dot(x, y).T, "dot(x, y).T"),
        (lambda x, y: (x + y).T, "(x + y).T"),
        (lambda x, y: T.sum(x), "sum(x)"),
        (lambda x, y: T.exp(x).sum(axis=1), "sum(exp(x), axis=1)"),
        (lambda x, y: T.cast(x, "float32"), "cast(x, 'float32')"),
        (lambda x, y: x.dimshuffle(1, "x", 0), "x.dimshuffle(1, 'x', 0)"),
        (lambda x, y: x, "x"),
    ],
)
def test_pprint(formula, text):
    assert pprint(formula(T.dmatrix("x"), T.dmatrix("y"))) == text
    assert pp is pprint


def test_what_repeats_without_end_is_left_out():
    x = T.dvector("x")
    for _ in range(100):
        x = x * x
    assert len(pprint(x)) < 10_000


def test_debugprint():
    x = T.dvector("x")
    y = T.exp(x)
    y.name = "y"
    text = debugprint([y * y, x], file="str")
    assert text.splitlines() == [
        "mul [id A]",
        " ├─ exp [id B] 'y'",
        " │  └─ x [id C]",
        " └─ exp [id B] 'y' ...",
        "x [id C]",
    ]
    assert dprint is debugprint


def test_debugprint_of_a_function_to_a_depth_with_types():
    x = T.dvector("x")
    f = theano.function([x], T.exp(x * 1) + x, mode="DebugMode")
    stream = io.StringIO()
    assert debugprint(f, depth=2, print_type=True, file=stream) is None
    assert stream.getvalue().splitlines() == [
        "add [id A] <TensorType(float64, vector)>",
        " ├─ exp [id B] <TensorType(float64, vector)> ...",
        " └─ x [id C] <TensorType(float64, vector)>",
    ]


def test_print_shows_values_as_they_come(capsys):
    x = T.dscalar("x")
    y = Print("x is")(x)
    f = theano.function([x], [T.sqr(y), theano.grad(T.sqr(y), x)], mode="FAST_COMPILE")
    assert f(3.0) == [9, 6]
    assert capsys.readouterr().out == "x is 3.0\n"


def test_print_of_attributes(capsys):
    x = T.dvector("x")
    Print("x", attrs=["shape", "min"])(x).eval({x: [3.0, 2.0]})
    assert capsys.readouterr().out.splitlines()[-2:] == ["x shape = (2,)", "x min = 2.0"]


def boxes(root):
    """Text, and the four sides, of each box."""
    found = []
    for group in root.findall(".//{*}g"):
        (rect,) = group.findall("{*}rect")
        x, y, width, height = (float(rect.get(k)) for k in ("x", "y", "width", "height"))
        found.append((group.find("{*}text").text, rect.get("fill"), x, y, x + width, y + height))
    return found


def test_pydotprint(tmp_path):
    x, w = T.dmatrix("x"), theano.shared(np.zeros((3, 2)), "w")
    cost = T.sqr(T.tanh(T.dot(x, w) < 1)).mean() + T.sum(w**2)
    cost.name = "cost"
    path = tmp_path / "graph.svg"
    assert pydotprint(cost, path) is None
    text = path.read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    found = boxes(root)
    labels = [label for label, *_ in found]
    assert {"x", "w", "cost = add", "Dot", "tanh"} <= set(labels)
    assert "1" not in labels
    colors = {label: color for label, color, *_ in found}
    assert len({colors[k] for k in ("x", "w", "cost = add", "tanh")}) == 4
    width, height = float(root.get("width")), float(root.get("height"))
    for i, (_, _, left, top, right, bottom) in enumerate(found):
        assert left >= 0
        assert right <= width
        assert bottom <= height
        for _, _, its_left, its_top, its_right, _ in found[i + 1 :]:
            assert its_top != top or its_right < left or right < its_left
    # All lines go down.
    for start, end in re.findall(r'd="M[\d.]+,([\d.]+) .* [\d.]+,([\d.]+)" fill', text):
        assert float(start) < float(end)


def test_pydotprint_of_a_function_with_constants():
    x = T.dvector("x")
    f = theano.function([x], [T.exp(x) * 2 < 5, x], mode="FAST_COMPILE")
    text = pydotprint(f, compact=False, return_image=True)
    assert {"2", "5", "lt"} <= {label for label, *_ in boxes(ElementTree.fromstring(text))}
    with pytest.raises(ValueError, match="'svg', not 'png'"):
        pydotprint(f, format="png")


def test_pydotprint_of_an_input():
    x = T.dvector("x")
    (box,) = boxes(ElementTree.fromstring(pydotprint(x, return_image=True)))
    assert box[0] == "x"


def test_debugprint_of_a_deep_graph():
    x = T.dvector("x")
    y = x
    for _ in range(2000):
        y = T.tanh(y)
    assert len(debugprint(y, file="str").splitlines()) == 2001
