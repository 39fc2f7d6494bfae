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


def test_what_is_made_of_itself():
    layer, other, model = Owner(), Owner(), OwnerModel()
    layer.inner, other.inner, model.inner = layer, Owner(other), model
    for one in (layer, other, model):
        with pytest.raises((ValueError, RecursionError), match=r"made of itself|recursion"):
            one(np.ones((2, 3)))


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
