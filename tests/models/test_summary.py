"""model.summary() of graphs: what is connected to what, and models in models."""

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
