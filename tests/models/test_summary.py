"""model.summary() of graphs: what is connected to what, and models in models."""

import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense, concatenate


def table(model, **options):
    lines = []
    model.summary(print_fn=lines.append, **options)
    return lines


def cells(lines):
    return [line.split() for line in lines]


def graph():
    """Two inputs, a shared layer, a model in the model, two outputs."""
    a, b = nnkit.Input((8,), name="a"), nnkit.Input((8,), name="b")
    shared = Dense(4, name="shared")
    inner = nnkit.Sequential(
        [nnkit.Input((4,)), Dense(3, "relu", name="first"), Dense(2, name="second")], name="inner"
    )
    first = shared(a)
    joined = concatenate([first, shared(b)], name="joined")
    return nnkit.Model([a, b], [joined, inner(first)], name="net")


def test_connections():
    lines = table(graph())
    rows = cells(lines)
    assert rows[2] == ["Layer", "(type)", "Output", "shape", "Weights", "Connected", "to"]
    assert ["a", "(InputLayer)", "(None,", "8)", "0"] in rows
    assert ["b", "(InputLayer)", "(None,", "8)", "0"] in rows
    assert ["shared", "(Dense)", "(None,", "4)", "36", "a[0][0]"] in rows
    assert rows[rows.index(["shared", "(Dense)", "(None,", "4)", "36", "a[0][0]"]) + 1] == [
        "b[0][0]"
    ]
    assert ["joined", "(Concatenate)", "(None,", "8)", "0", "shared[0][0]"] in rows
    assert ["shared[1][0]"] in rows
    assert ["inner", "(Sequential)", "(None,", "2)", "23", "shared[0][0]"] in rows
    assert lines[-2].startswith(f"Total weights: {8 * 4 + 4 + 4 * 3 + 3 + 3 * 2 + 2} ")
    assert all(len(line) <= 98 for line in lines)


def test_models_in_models_are_shown_on_demand():
    assert not any("first" in line for line in table(graph()))
    lines = table(graph(), expand_nested=True)
    first = next(line for line in lines if "first (Dense)" in line)
    assert first.startswith("  first (Dense)")
    assert first.split()[2:5] == ["(None,", "3)", "15"]


def test_frozen_layers_and_length_of_lines():
    model = graph()
    model.get_layer("shared").trainable = False
    lines = table(model, line_length=120, show_trainable=True)
    assert any("shared (Dense) frozen" in line for line in lines)
    assert "Trainable: 23   Not trainable: 36" in lines
    assert max(map(len, lines)) == 120


def test_a_line_has_no_connections():
    a = nnkit.Input((8,), name="a")
    lines = table(nnkit.Model(a, Dense(4, name="out")(a)))
    assert not any("Connected" in line for line in lines)
    assert ["out", "(Dense)", "(None,", "4)", "36"] in cells(lines)


def test_an_unbuilt_model_in_a_model():
    model = nnkit.Sequential([nnkit.Sequential([Dense(2, name="deep")], name="inner")])
    lines = table(model, expand_nested=True)
    assert ["inner", "(Sequential)", "?", "?"] in cells(lines)
    assert ["deep", "(Dense)", "?", "0"] in cells(lines)
    assert lines[-1].startswith("Not built yet")


def test_two_lines_beside_each_other_are_no_line():
    a, b = nnkit.Input((8,), name="a"), nnkit.Input((4,), name="b")
    lines = table(nnkit.Model([a, b], [Dense(4, name="y")(a), Dense(2, name="z")(b)]))
    assert ["y", "(Dense)", "(None,", "4)", "36", "a[0][0]"] in cells(lines)
    assert ["z", "(Dense)", "(None,", "2)", "10", "b[0][0]"] in cells(lines)


@pytest.mark.parametrize("length", [40, 65])
def test_nothing_is_cut_off(length):
    name = "a_name_that_is_longer_than_the_column_of_names"
    a = nnkit.Input((1000, 1000, 1000, 64))
    model = nnkit.Model(a, Dense(1024, name=name)(a))
    lines = table(model, line_length=length)
    start = next(i for i, line in enumerate(lines) if line.startswith("a_name"))
    rows = lines[start : next(i for i, line in enumerate(lines) if i > start and line[0] == "=")]
    first = int(length * 0.5)
    assert "".join(row[:first].strip() for row in rows).replace(" ", "") == f"{name}(Dense)"
    assert "66,560" in rows[0]
    rest = " ".join(row[first:].strip() for row in rows).replace("66,560", "").split()
    assert "".join(rest) == "(None,1000,1000,1000,1024)"
    assert max(map(len, lines)) == length


class Block(nnkit.layers.Layer):
    """Two layers in a list."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = [Dense(5, name="one"), Dense(3, name="two")]

    def call(self, x):
        return self.inner[1](self.inner[0](x)) + x


def test_layers_of_layers_have_shapes():
    model = nnkit.Sequential([nnkit.Input((3,)), Block(name="block")])
    rows = cells(table(model, expand_nested=True))
    assert ["block", "(Block)", "(None,", "3)", "38"] in rows
    assert ["one", "(Dense)", "(None,", "5)", "20"] in rows
    assert ["two", "(Dense)", "(None,", "3)", "18"] in rows


class Net(nnkit.Model):
    def __init__(self):
        super().__init__(name="net")
        self.block = Block(name="block")

    def call(self, x):
        return self.block(x)


def test_a_model_with_a_call():
    model = Net()
    assert ["block", "(Block)", "?", "0"] in cells(table(model))
    model(np.ones((2, 3), "float32"))
    rows = cells(table(model, expand_nested=True))
    assert ["block", "(Block)", "(None,", "3)", "38"] in rows
    assert ["two", "(Dense)", "(None,", "3)", "18"] in rows


@pytest.mark.parametrize(
    "options",
    [{"line_length": 39}, {"line_length": "x"}, {"expand_nested": "no"}, {"show_trainable": 2}],
)
def test_refusals(options):
    lines = []
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        graph().summary(print_fn=lines.append, **options)
    with pytest.raises(TypeError, match="print_fn"):
        graph().summary(print_fn=3)
    assert not lines
