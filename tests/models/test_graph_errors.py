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
