"""Descriptions of graphs: Keras 2's, arrays in calls, and what is refused."""

import json

import numpy as np
import pytest

import nnkit
from nnkit import Input, Model, ops
from nnkit.errors import FileFormatError
from nnkit.layers import Dense
from nnkit.models import model_from_json


def input_of(name, *shape):
    config = {"batch_input_shape": [None, *shape], "dtype": "float32", "name": name}
    return {"class_name": "InputLayer", "name": name, "config": config, "inbound_nodes": []}


def layer(class_name, name, *calls, **config):
    config = {"name": name, "trainable": True, **config}
    return {"class_name": class_name, "name": name, "config": config, "inbound_nodes": calls}


def graph(name, layers, inputs, outputs, *calls):
    """A model, in a graph with ``calls``."""
    ends = {"input_layers": [[i, 0, 0] for i in inputs], "output_layers": outputs}
    return layer("Model", name, *calls, layers=layers, **ends)


def call(*inputs):
    return [[name, node, output, {}] for name, node, output in inputs]


def read(described):
    return model_from_json(json.dumps(described))


def dense_of(name, *calls, units=3):
    return layer("Dense", name, *calls, units=units)


def test_a_model_of_keras_2():
    """There a model was called once before its first call in a graph, which no file has."""
    d = dense_of("d", call(("i", 0, 0)))
    inner = graph(
        "m", [input_of("i", 4), d], ["i"], [["d", 0, 0]], call(("a", 0, 0)), call(("b", 0, 0))
    )
    states = call(("s", 0, 0), ("m", 1, 0), ("m", 2, 0))
    layers = [input_of("a", 4), input_of("b", 4), input_of("s", None, 2), inner]
    layers += [layer("LSTM", "l", states, units=3), dense_of("o", call(("l", 0, 0)), units=2)]
    model = read(graph("top", layers, "abs", [["o", 0, 0], ["m", 1, 0], ["m", 2, 0]]))
    rng = np.random.default_rng(0)
    a, b, s = (rng.normal(size=n).astype(np.float32) for n in [(2, 4), (2, 4), (2, 5, 2)])
    _, of_a, of_b = model.predict([a, b, s])
    kernel, bias = model.get_layer("m").get_weights()
    np.testing.assert_allclose(of_a, a @ kernel + bias, 1e-5)
    np.testing.assert_allclose(of_b, b @ kernel + bias, 1e-5)
    (lstm,) = (node for node in model.network.nodes if node.layer.name == "l")
    states = lstm.arguments["initial_state"]
    assert [p.node.arguments["x"].name for p in states] == ["a", "b"]


def test_a_sequential_of_keras_2_that_had_no_input():
    line = layer("Sequential", "s", call(("a", 0, 0)), layers=[dense_of("d")])
    out = dense_of("o", call(("s", 0, 0)), units=2)
    assert read(graph("top", [input_of("a", 4), line, out], "a", [["o", 0, 0]])).output_shape == (
        None,
        2,
    )


def test_calls_in_any_order():
    """Each call needs the next one in the file."""
    count = 2000
    calls = [call(("d", i + 1, 0)) for i in range(count)] + [call(("a", 0, 0))]
    layers = [input_of("a", 4), dense_of("d", *calls, units=4)]
    model = read(graph("top", layers, "a", [["d", 0, 0]]))
    assert len(model.network.nodes) == count + 1


GOOD = [["d", 0, 0]]


@pytest.mark.parametrize(
    ("layers", "outputs", "message"),
    [
        ([dense_of("d", call(("b", 0, 0)))], GOOD, "refers to a layer 'b', which is not there"),
        ([dense_of("d", call(("a", 1, 0)))], GOOD, "layer 'a' has no call 1"),
        ([dense_of("d", call(("a", 0, 1)))], GOOD, "1 is no number from 0 to 0"),
        ([dense_of("d", call(("d", 0, 0)))], GOOD, "the calls of .'d'. go round in a circle"),
        ([dense_of("d", call(("a", 0, 0)))], [["d", 1, 0]], "layer 'd' has no call 1"),
        ([dense_of("d", call(("a", 0, 0)))], [["e", 0, 0]], "'e', which is not there"),
        ([dense_of("d", call(("a", 0, 0)))], 3, "3 is no place of a tensor"),
        ([dense_of("d", [])], GOOD, "call of Dense has no input"),
        ([dense_of("d", [3])], GOOD, "is no call of a layer"),
        ([dense_of("d", {"args": 3})], GOOD, "is no call of a layer"),
        ([dense_of("d", {"args": [], "kwargs": [1]})], GOOD, "is no call of a layer"),
        ([dense_of("d", [["a", 0, 0, 3]])], GOOD, "is no call of a layer"),
        ([dense_of("d", call(("a", 0, 0), ("a", 0, 0)))], GOOD, "'d'"),
        ([dense_of("a", call(("a", 0, 0)))], GOOD, "two layers, or none, are called 'a'"),
    ],
)
def test_a_graph_that_is_none(layers, outputs, message):
    with pytest.raises(FileFormatError, match=message):
        read(graph("top", [input_of("a", 4), *layers], "a", outputs))


def called_thrice(depth):
    """A model that calls one thrice that calls one thrice..."""
    if depth == 0:
        return dense_of("d", call(("a", 0, 0)), units=4)
    calls = [call(("a", 0, 0)), call(("m", 1, 0)), call(("m", 2, 0))]
    inner = called_thrice(depth - 1)
    output = ["d", 0, 0] if depth == 1 else ["m", 3, 0]
    return graph("m", [input_of("a", 4), inner], "a", [output], *calls)


def test_models_that_call_models_too_often():
    assert read(called_thrice(3)).count_params() == 20
    with pytest.raises(FileFormatError, match=r"layers are used [0-9]+ times in a step"):
        read(called_thrice(12))


@pytest.mark.parametrize("name", ["missing", "of_anything", "__getattr__", "eval", "axes"])
def test_only_functions_of_ops_are_called(name):
    x = Input((4,))
    described = json.loads(Model(x, ops.exp(x)).to_json())
    text = json.dumps(described["nnkit"]).replace('"function": "exp"', f'"function": "{name}"')
    with pytest.raises(FileFormatError, match=r"nnkit\.ops has no function"):
        model_from_json(json.dumps(described | {"nnkit": json.loads(text)}))


def test_sizes_that_no_machine_has():
    x = Input((4,))
    text = Model(x, x * 2 + 1).to_json().replace("[null, 4]", f"[null, {2**31}, 4]")
    with pytest.raises(FileFormatError, match="too large"):
        model_from_json(text)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + np.arange(4, dtype=np.float32),
        lambda x: x * np.float32(0.1),
        lambda x: ops.take(x, np.array([0, 2]), axis=1),
        lambda x: ops.cast(x, np.float64),
        lambda x: x[:, [0, 2]] * x[..., None, 1],
    ],
)
def test_arrays_and_types_in_calls(function, tmp_path):
    x = Input((4,))
    model = Model(x, function(x))
    model.save(tmp_path / "m.h5")
    rows = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    wanted = model.predict(rows)
    for other in (nnkit.load_model(tmp_path / "m.h5"), nnkit.models.clone_model(model)):
        found = other.predict(rows)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


def test_an_array_that_is_too_large_for_a_file(tmp_path):
    x = Input((20000,))
    model = Model(x, x + np.zeros(20000))
    (tmp_path / "m.h5").write_text("before")
    with pytest.raises(ValueError, match="an array of 20000 values"):
        model.save(tmp_path / "m.h5")
    assert (tmp_path / "m.h5").read_text() == "before"


def test_an_axis_of_size_1_broadcasts(rng):
    x = Input((5, 4))
    weighted = x * ops.sigmoid(x[:, :, :1])
    model = Model(x, [weighted, Dense(1)(weighted)])
    rows = rng.normal(size=(3, 5, 4)).astype(np.float32)
    found = model.predict(rows)[0]
    np.testing.assert_allclose(found, rows / (1 + np.exp(-rows[:, :, :1])), 1e-5)
