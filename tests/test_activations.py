import numpy as np
import pytest

from nnkit import activations
from nnkit.layers import Dropout, Layer, ReLU, Sigmoid, Softmax, Tanh


@pytest.mark.parametrize("name", ["relu", "sigmoid", "softmax", "tanh"])
def test_names_come_back(name):
    assert activations.serialize(activations.get(name)) == name


@pytest.mark.parametrize("nothing", [None, "linear"])
def test_nothing(nothing):
    assert activations.get(nothing) is None
    assert activations.serialize(None) is None


@pytest.mark.parametrize("activation", [ReLU(max_value=6), Softmax(axis=1), Dropout(0.5)])
def test_arguments_come_back(activation):
    again = activations.get(activations.serialize(activation))
    assert type(again) is type(activation)
    assert again.get_config() == activation.get_config()


def test_instances_and_classes():
    mine = Tanh()
    assert activations.get(mine) is mine
    assert isinstance(activations.get(Sigmoid), Sigmoid)


def test_dtype_is_the_owners():
    assert activations.get("tanh", "float64").dtype == "float64"
    assert activations.get(Tanh(), "float64").dtype == "float64"


def test_a_layer_of_ones_own():
    class Double(Layer):
        def forward(self, x, training=False):
            return 2 * x

    assert activations.get(Double())(np.ones((1, 1))) == 2


@pytest.mark.parametrize("unknown", ["Tanh", "tahn"])
def test_unknown_names(unknown):
    with pytest.raises(ValueError, match=f"unknown activation '{unknown}'; did you mean 'tanh'"):
        activations.get(unknown)


@pytest.mark.parametrize("wrong", [3, ["tanh"], int])
def test_other_things(wrong):
    with pytest.raises(TypeError, match=r"activation must be a name .* a function or a layer"):
        activations.get(wrong)
