"""What a graph refuses, before any work."""

import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense


def two():
    a, b = nnkit.Input((8,), name="a"), nnkit.Input((4,), name="b")
    return nnkit.Model([a, b], [Dense(4, name="y")(a), Dense(2, name="z")(b)], name="m")


def test_inputs_and_outputs_that_do_not_belong_together():
    model = two()
    a, b = model.inputs
    with pytest.raises(ValueError, match="no output depends on the input 'b'"):
        nnkit.Model([a, b], model.outputs[0])
    with pytest.raises(ValueError, match="depend on the input 'a', which is not among"):
        nnkit.Model(b, model.outputs[0])
    with pytest.raises(TypeError, match="inputs are placeholders"):
        nnkit.Model(np.zeros((2, 8)), model.outputs[0])


@pytest.mark.parametrize("what", ["loss", "loss_weights", "metrics", "weighted_metrics"])
def test_compile_refuses_unknown_outputs(what):
    given = {"yy": 1.0 if what == "loss_weights" else "mse"}
    model = two()
    with pytest.raises(ValueError, match=f"{what} names the output 'yy'; did you mean 'y'"):
        model.compile("sgd", **({"loss": "mse"} | {what: given}))
    assert not model.compiled


class Owner(nnkit.layers.Layer):
    """A layer that may have another in an attribute."""

    def __init__(self, inner=None, **options):
        super().__init__(**options)
        self.dense, self.inner = nnkit.layers.Dense(3), inner

    def call(self, x):
        return self.dense(x) if self.inner is None else self.inner(x)


class OwnerModel(nnkit.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.inner = nnkit.layers.Dense(3), None

    def call(self, x):
        return self.dense(x) if self.inner is None else self.inner(x)


def of_itself(kind):
    """A layer or a model that is inside itself."""
    outer = OwnerModel() if kind.endswith("model") else Owner()
    if kind.startswith("through"):
        outer.inner = Owner(outer)
    else:
        outer.inner = [outer] if kind.startswith("list") else outer
    return outer


@pytest.mark.parametrize(
    "kind", ["layer", "model", "list", "list model", "through a layer", "through a model"]
)
def test_what_is_made_of_itself(kind):
    x = np.ones((2, 3))
    with pytest.raises(ValueError, match="made of itself"):
        of_itself(kind)(x)
    with pytest.raises(ValueError, match="made of itself"):
        of_itself(kind)(nnkit.Input((3,)))
    with pytest.raises(ValueError, match="made of itself"):
        nnkit.Sequential([nnkit.Input((3,)), of_itself(kind)])
    if kind.endswith("model"):
        lines = []
        with pytest.raises(ValueError, match="made of itself"):
            of_itself(kind).summary(print_fn=lines.append, expand_nested=True)
        assert not lines
        with pytest.raises(ValueError, match="made of itself"):
            of_itself(kind).predict(x)


class TwoWidths(nnkit.layers.Layer):
    """Adds what two layers give."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def call(self, x):
        return self.first(x) + self.second(x)


@pytest.mark.parametrize("given", [nnkit.Input((4,)), np.ones((2, 4), "float32")])
def test_a_refused_call_builds_nothing(given):
    first, second = Dense(3), Dense(2)
    layer = TwoWidths(first, second)
    with pytest.raises(ValueError, match=r"add of .*\(None, 3\).*\(None, 2\)"):
        layer(given)
    assert layer.input_shape is first.input_shape is second.input_shape is None
    assert not layer.weights
    layer.second = Dense(3)
    assert layer(np.ones((2, 6), "float32")).shape == (2, 3)


def test_a_refused_call_keeps_what_was_built():
    first = Dense(3)
    first(np.ones((2, 4), "float32"))
    kernel = first.weights[0]
    second = Dense(2)
    second.build((None, 4))
    own = second.weights
    with pytest.raises(ValueError, match="add of"):
        TwoWidths(first, second)(nnkit.Input((4,)))
    assert first.weights[0] is kernel
    assert [a is b for a, b in zip(second.weights, own, strict=True)] == [True, True]
    assert second(np.ones((2, 4), "float32")).shape == (2, 2)


@pytest.mark.parametrize("name", ["add", "matmul"])
def test_operators_name_the_shapes(name):
    a, b = nnkit.Input((8,), name="left"), nnkit.Input((4,), name="right")
    expected = rf"{name} of 'left' of shape \(None, 8\) and 'right' of shape \(None, 4\)"
    with pytest.raises(ValueError, match=expected):
        a + b if name == "add" else a @ b


def test_a_sequential_is_no_layer_of_itself():
    model = nnkit.Sequential([nnkit.Input((3,)), nnkit.layers.Dense(2)])
    for layer in (model, nnkit.Sequential([model])):
        with pytest.raises(ValueError, match="can't be a layer of itself"):
            model.add(layer)
    assert [layer.name for layer in model.layers] == ["dense"]
    assert model.predict(np.ones((2, 3))).shape == (2, 2)


def test_the_number_of_inputs_of_a_call():
    a, b = nnkit.Input((3,), name="a"), nnkit.Input((3,), name="b")
    with pytest.raises(ValueError, match=r"'q' \(Dense\) takes one input, got 2, of the shapes"):
        nnkit.layers.Dense(2, name="q")([a, b])
    model = nnkit.Model(a, nnkit.layers.Dense(2)(a), name="m")
    with pytest.raises(ValueError, match="model 'm' takes inputs"):
        model([a, b])
    with pytest.raises(ValueError, match="model 'm' takes inputs"):
        model(nnkit.Input((4,)))
    with pytest.raises(ValueError, match="names the input 'aa'; did you mean 'a'"):
        nnkit.Model({"a": a}, nnkit.layers.Dense(2)(a))({"aa": b})


def test_a_dictionary_of_inputs_has_the_names_of_the_model():
    a, b = nnkit.Input((3,), name="a"), nnkit.Input((3,), name="b")
    model = nnkit.Model({"left": a, "right": b}, nnkit.layers.add([a, b]))
    x = np.ones((2, 3))
    for call in (model, model.predict):
        with pytest.raises(ValueError, match="names the input 'righ'; did you mean 'right'"):
            call({"left": x, "righ": x})
    with pytest.raises(ValueError, match="names the input 'righ'; did you mean 'right'"):
        model({"left": a, "righ": b})
    assert model({"left": a, "right": b}).shape == model({"a": a, "b": b}).shape == (None, 3)


A, B, Y, Z = (np.ones((6, n), "float32") for n in (8, 4, 4, 2))


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        ({"a": A, "bb": B}, [Y, Z], {}, "^x names the input 'bb'; did you mean 'b'"),
        ({"a": A}, [Y, Z], {}, r"x lacks the inputs \['b'\]"),
        ([A, B, B], [Y, Z], {}, "2 inputs.*got a list of 3"),
        ([A, B], {"y": Y, "zz": Z}, {}, "^y names the output 'zz'; did you mean 'z'"),
        ([A, B], [Y], {}, "^y is a list of 1, but the model has 2 outputs"),
        ([A, B], {"y": Y}, {}, r"y\['z'\] is missing"),
        ([A, B], Y, {}, "^with 2 outputs, y is a list"),
        (
            [A, B],
            [Y, Z],
            {"sample_weight": {"yy": np.ones(6)}},
            "^sample_weight names the output 'yy'; did you mean 'y'",
        ),
        ([A, B], [Y, Z], {"sample_weight": [np.ones(6)] * 3}, "sample_weight is a list of 3"),
        (
            [A, B],
            [Y, Z],
            {"validation_data": ({"a": A, "bb": B}, [Y, Z])},
            "^validation_data: x names the input 'bb'; did you mean 'b'",
        ),
        (
            [A, B],
            [Y, Z],
            {"validation_data": ([A, B], {"y": Y, "zz": Z})},
            "^validation_data: y names the output 'zz'; did you mean 'z'",
        ),
        (
            [A, B],
            [Y, Z],
            {"validation_data": ([A, B], [Y, Z], {"yy": np.ones(6)})},
            "^validation_data: sample_weight names the output 'yy'",
        ),
        ([nnkit.Input((8,), name="p"), B], [Y, Z], {}, r"x\['a'\].*'p' is a placeholder"),
    ],
)
def test_data_for_other_inputs_or_outputs(x, y, options, message):
    model = two()
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises((TypeError, ValueError), match=message):
        model.fit(x, y, verbose=0, **options)
    if "validation_data" not in options:
        with pytest.raises((TypeError, ValueError), match=message):
            model.evaluate(x, y, verbose=0, **options)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("what", ["loss", "loss_weights"])
def test_lists_of_another_length_than_the_outputs(what):
    model = two()
    model.compile("sgd", "mse")
    optimizer = model.optimizer
    with pytest.raises(ValueError, match=f"{what} is a list of 3, but the model has 2 outputs"):
        model.compile("sgd", **({"loss": "mse"} | {what: [1.0 if "_" in what else "mse"] * 3}))
    assert model.compiled
    assert model.optimizer is optimizer


def test_arrays_and_placeholders_are_not_mixed():
    model = two()
    with pytest.raises(TypeError, match="'m' gets placeholders and ndarray together"):
        model([nnkit.Input((8,)), B])
    with pytest.raises(TypeError, match="'add' gets placeholders and ndarray together"):
        nnkit.layers.add([nnkit.Input((4,)), B])
    with pytest.raises(TypeError, match="outputs are placeholders"):
        nnkit.Model(nnkit.Input((4,)), B)


@pytest.mark.parametrize("merge", ["add", "subtract", "multiply", "average", "maximum", "minimum"])
def test_shapes_that_do_not_merge(merge):
    a, b = nnkit.Input((8,)), nnkit.Input((4,))
    with pytest.raises(ValueError, match=rf"layer '{merge}'.*\(None, 8\), \(None, 4\)"):
        getattr(nnkit.layers, merge)([a, b])
    with pytest.raises(ValueError, match=rf"layer '{merge}'.*2 inputs"):
        getattr(nnkit.layers, merge)([a])


def test_nested_inputs():
    a, b, c = (nnkit.Input((3,), name=name) for name in "abc")
    inputs = {"pair": [a, b], "one": c}
    model = nnkit.Model(inputs, nnkit.layers.subtract([nnkit.layers.add([a, b]), c]))
    x, y, z = (np.full((2, 3), n, "float32") for n in (1, 2, 4))
    for given in ({"one": z, "pair": [x, y]}, {"a": x, "b": y, "c": z}, [z, x, y]):
        assert np.array_equal(model.predict(given), x + y - z)
        assert np.array_equal(model(given), x + y - z)
    with pytest.raises(ValueError, match="names the input 'pairs'; did you mean 'pair'"):
        model.predict({"one": z, "pairs": [x, y]})
    with pytest.raises(ValueError, match="got a list of 2"):
        model.predict({"one": z, "pair": [x]})


def test_what_is_no_text_no_flag_and_no_data_type():
    model = nnkit.Sequential([nnkit.Input((2,)), nnkit.layers.Lambda(lambda x: x)])
    with pytest.raises(TypeError, match=r"to_json: <function .* has no text; register"):
        model.to_json()
    with pytest.raises(TypeError, match="takes the text that to_json returned, got 3"):
        nnkit.models.model_from_json(3)
    with pytest.raises(TypeError, match="sequential: training is True or False, got 'no'"):
        model(np.zeros((1, 2)), training="no")
    with pytest.raises(ValueError, match=r"dtype is one of float32, .*, bool, not 'foo'"):
        nnkit.Input((2,), dtype="foo")
