import numpy as np
import pytest

import nnkit
import nnkit.symbolic.tensor as T
from nnkit import activations, registry, symbolic
from nnkit.layers import (
    ELU,
    GELU,
    Dense,
    Dropout,
    Lambda,
    Layer,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)

NAMES = [name for name in activations._NAMES if name not in ("linear", "glu")]


@pytest.mark.parametrize("name", NAMES)
def test_names_come_back(name):
    assert activations.serialize(activations.get(name)) == name


@pytest.mark.parametrize("name", NAMES)
def test_functions_mean_the_same_as_their_names(name):
    function = getattr(activations, name)
    assert activations.serialize(activations.get(function)) == name
    assert Dense(3, activation=function).get_config()["activation"] == name


@pytest.mark.parametrize("name", NAMES)
def test_functions_take_arrays_and_expressions(name, rng):
    """The formula for expressions and its derived gradient are those of the layer."""
    x = np.concatenate([3 * rng.normal(size=(5, 7)), [[-40, 40, -1, 1, 1e-3, -1e-3, 2]]])
    function, layer = getattr(activations, name), activations.get(name, "float64")
    want = layer(x)
    np.testing.assert_allclose(function(x), want, rtol=1e-12, atol=1e-15)
    assert function(x.astype(np.float32)).dtype == function([[1, 2]]).dtype == np.float32
    dy = rng.normal(size=x.shape)
    symbol, by = T.dmatrix(), T.dmatrix()
    y = function(symbol)
    derived = symbolic.function([symbol, by], [y, symbolic.grad((y * by).sum(), symbol)])
    value, gradient = derived(x, dy)
    np.testing.assert_allclose(value, want, rtol=1e-9, atol=1e-12)
    slopes = layer.backward(dy)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-8, atol=1e-10)
    within = Lambda(function, dtype="float64")  # There, it is the layer.
    np.testing.assert_array_equal(within(x), want)
    np.testing.assert_array_equal(within.backward(dy), slopes)


@pytest.mark.parametrize("name", ["hard_swish", "relu6"])
def test_files_keep_the_name(name, tmp_path):
    model = nnkit.Sequential([nnkit.Input((3,)), Dense(2, activation=name)])
    model.save(tmp_path / "model.h5")
    x = np.ones((1, 3), np.float32)
    loaded = nnkit.load_model(tmp_path / "model.h5")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    assert activations.serialize(loaded.layers[0].activation) in ("hard_silu", "relu6")


def test_those_without_a_name():
    """A function that needs arguments or changes the shape is no ``activation=`` by name."""
    x = np.array([[-1.0, 0.5, 2.0, 3.0]])
    assert activations.threshold(x, 1.0, -7.0).tolist() == [[-7, -7, 2, 3]]
    with pytest.raises(ValueError, match="unknown activation 'threshold'"):
        activations.get("threshold")
    np.testing.assert_allclose(activations.glu(x), x[:, :2] / (1 + np.exp(-x[:, 2:])))
    with pytest.raises(ValueError, match="keeps the shape"):
        Dense(4, activation="glu")(x)
    named = activations.deserialize("sparsemax")
    np.testing.assert_allclose(named(x).sum(), 1, rtol=1e-6)


ARGUMENTS = [
    ("relu", {"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.5}, ReLU),
    ("relu", {"max_value": 2.0}, ReLU),
    ("leaky_relu", {"negative_slope": 0.5}, LeakyReLU),
    ("elu", {"alpha": 0.5}, ELU),
    ("gelu", {"approximate": True}, GELU),
]


@pytest.mark.parametrize(("name", "arguments", "cls"), ARGUMENTS)
def test_functions_take_keras_arguments(name, arguments, cls, rng):
    x, function = rng.normal(size=(4, 5)), getattr(activations, name)
    want = cls(dtype="float64", **arguments)(x)
    np.testing.assert_array_equal(function(x, **arguments), want)
    within = Lambda(lambda x: function(x, **arguments), dtype="float64")
    np.testing.assert_array_equal(within(x), want)
    symbol = T.dmatrix()
    derived = symbolic.function([symbol], function(symbol, **arguments))
    np.testing.assert_allclose(derived(x), want, rtol=1e-9, atol=1e-12)


def test_softmax_takes_any_axis_of_an_array(rng):
    x = rng.normal(size=(3, 4))
    np.testing.assert_allclose(activations.softmax(x, axis=0).sum(axis=0), 1)
    np.testing.assert_allclose(activations.softmax(x[0]).sum(), 1)
    assert activations.softmax(x, 0).shape == (3, 4)


def test_linear_and_swish(monkeypatch):
    monkeypatch.delitem(registry._functions, "swish", raising=False)  # Another test's.
    assert activations.get(activations.linear) is activations.linear
    assert activations.linear(3) == 3
    assert activations.serialize(activations.get("swish")) == "silu"
    assert activations.swish is activations.silu


def test_leaky_relu_has_two_defaults():
    """As in Keras: 0.2 as an activation, 0.3 as a layer."""
    assert activations.get("leaky_relu").negative_slope == 0.2
    assert activations.serialize(LeakyReLU())["config"]["negative_slope"] == 0.3


@pytest.mark.parametrize("nothing", [None, "linear"])
def test_nothing(nothing):
    assert activations.get(nothing) is activations.linear
    assert Dense(3, activation=nothing).activation is None
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
