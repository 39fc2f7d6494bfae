"""SimpleRNN, LSTM and GRU against NumPy, step by step; masks, states, and what they refuse.

Gradients, recorded and sharded steps, files and Keras: see ``catalogue.py``.
"""

import numpy as np
import pytest

import nnkit
from nnkit.layers import GRU, LSTM, Dense, Input, Layer, Sigmoid, SimpleRNN, Tanh
from nnkit.testing import check_layer
from tests.reference import recurrent as reference

STEPS, FEATURES, UNITS, BATCH = 5, 3, 4, 3


class OwnTanh(Tanh):
    """A tanh that the kernels don't know."""


class OwnSigmoid(Sigmoid):
    """Nor this sigmoid."""


class NumpyTanh(Layer):
    """An activation in plain NumPy."""

    def forward(self, x, training=False):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy):
        return dy * (1 - self.y**2)


def built(cls, rng, **options):
    layer = cls(UNITS, dtype="float64", **options)
    layer.ensure_built((None, STEPS, FEATURES))
    layer.set_weights([rng.normal(scale=0.7, size=w.shape) for w in layer.get_weights()])
    return layer


def reference_step(layer, activation=np.tanh, gate=reference.sigmoid):
    weights = layer.get_weights()
    weights += [np.zeros(layer.bias_shape())] if len(weights) == 2 else []
    if isinstance(layer, SimpleRNN):
        return lambda x, states: reference.simple_rnn(x, states, *weights, activation)
    if isinstance(layer, LSTM):
        function = reference.lstm
    else:
        function = reference.gru if layer.reset_after else reference.gru_reset_first
    return lambda x, states: function(x, states, *weights, activation, gate)


KINDS = [
    pytest.param(SimpleRNN, {}, id="SimpleRNN"),
    pytest.param(LSTM, {}, id="LSTM"),
    pytest.param(GRU, {}, id="GRU"),
    pytest.param(GRU, {"reset_after": False}, id="GRU-reset-first"),
]
kinds = pytest.mark.parametrize(("cls", "options"), KINDS)


# --------------------------------------------------------------------------------- the formulas


@kinds
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_outputs_and_states(cls, options, masked, backwards, rng):
    layer = built(
        cls, rng, return_sequences=True, return_state=True, go_backwards=backwards, **options
    )
    x = rng.normal(size=(BATCH, STEPS, FEATURES))
    states = list(rng.normal(size=(len(layer.state_names), BATCH, UNITS)))
    mask = rng.uniform(size=(BATCH, STEPS)) < 0.5 if masked else None
    y, *last = layer(x, mask=mask, initial_state=states)
    want, last_want = reference.through_time(reference_step(layer), x, states, mask, backwards)
    np.testing.assert_allclose(y, want, atol=1e-12)
    np.testing.assert_allclose(last, last_want, atol=1e-12)


@kinds
def test_without_bias_or_sequences(cls, options, rng):
    layer = built(cls, rng, use_bias=False, **options)
    x = rng.normal(size=(1, STEPS, FEATURES))
    states = [np.zeros((1, UNITS)) for _ in layer.state_names]
    want, _ = reference.through_time(reference_step(layer), x, states)
    np.testing.assert_allclose(layer(x), want[:, -1], atol=1e-12)


@kinds
def test_another_activation(cls, options, rng):
    def relu(x):
        return np.maximum(x, 0)

    def hard_sigmoid(x):
        return np.clip(x / 6 + 0.5, 0, 1)

    gates = {} if cls is SimpleRNN else {"recurrent_activation": "hard_sigmoid"}
    layer = built(cls, rng, activation="relu", **gates, **options)
    x = rng.normal(size=(BATCH, STEPS, FEATURES))
    states = [np.zeros((BATCH, UNITS)) for _ in layer.state_names]
    want, _ = reference.through_time(reference_step(layer, relu, hard_sigmoid), x, states)
    np.testing.assert_allclose(layer(x), want[:, -1], atol=1e-12)


@pytest.mark.parametrize("cls", [LSTM, GRU])
def test_written_out_steps_do_what_the_kernels_do(cls, rng):
    x, dy = rng.normal(size=(BATCH, STEPS, FEATURES)), rng.normal(size=(BATCH, STEPS, UNITS))
    mask = rng.uniform(size=(BATCH, STEPS)) < 0.7
    usual = built(cls, rng, return_sequences=True)
    other = built(
        cls, rng, return_sequences=True, activation=OwnTanh(), recurrent_activation=OwnSigmoid()
    )
    other.set_weights(usual.get_weights())
    found = []
    for layer in (usual, other):
        y = layer.forward(x, True, mask=mask)
        dx = layer.backward(dy)
        found.append([y, dx, *(v.gradient for v in layer.weights)])
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


@kinds
@pytest.mark.parametrize("activation", [None, "softmax", "gelu"])
def test_gradients_with_any_activation(cls, options, activation):
    gates = {} if cls is SimpleRNN else {"recurrent_activation": "softsign"}
    layer = cls(2, activation=activation, return_sequences=True, **gates, **options)
    check_layer(layer, (3, 2), masked=True)


@pytest.mark.parametrize("cls", [SimpleRNN, GRU])
def test_an_activation_in_numpy(cls, rng):
    layer = built(cls, rng, activation=NumpyTanh())
    usual = built(cls, rng)
    usual.set_weights(layer.get_weights())
    x, y = rng.normal(size=(4, STEPS, FEATURES)), rng.normal(size=(4, UNITS))
    losses = []
    for each in (layer, usual):
        model = nnkit.Sequential([Input((STEPS, FEATURES), dtype="float64"), each])
        model.compile("sgd", "mse")
        losses.append([model.train_on_batch(x, y) for _ in range(4)])
    np.testing.assert_allclose(*losses)


# ----------------------------------------------------------------------------------------- masks


@kinds
def test_masked_steps_are_passed_over(cls, options, rng):
    """As if they weren't there, whatever is in them."""
    layer = built(cls, rng, **options)
    x = rng.normal(size=(1, STEPS, FEATURES))
    longer = np.insert(x, [0, 2, STEPS], 1e3, axis=1)
    mask = np.array([[False, True, True, False, True, True, True, False]])
    other = built(cls, rng, **options)
    other.set_weights(layer.get_weights())
    np.testing.assert_allclose(other(longer, mask=mask), layer(x), atol=1e-12)
    dy = rng.normal(size=(1, UNITS))
    layer.forward(x)
    dx = layer.backward(dy)
    other.forward(longer, mask=mask)
    np.testing.assert_allclose(other.backward(dy)[mask], dx[0], atol=1e-12)
    for mine, theirs in zip(layer.weights, other.weights, strict=True):
        np.testing.assert_allclose(mine.gradient, theirs.gradient, atol=1e-12)


def test_outputs_of_masked_steps(rng):
    x = rng.normal(size=(1, STEPS, FEATURES))
    mask = np.array([[False, True, False, True, False]])
    layer = built(LSTM, rng, return_sequences=True)
    y = layer(x, mask=mask)[0]
    np.testing.assert_array_equal(y[0], 0)
    np.testing.assert_array_equal(y[2], y[1])
    np.testing.assert_array_equal(y[4], y[3])
    layer.zero_output_for_mask = True
    np.testing.assert_array_equal(layer(x, mask=mask)[0], np.where(mask.T, y, 0))


def test_nothing_but_masked_steps(rng):
    layer = built(GRU, rng)
    mask = np.zeros((BATCH, STEPS), bool)
    x = rng.normal(size=(BATCH, STEPS, FEATURES))
    np.testing.assert_array_equal(layer(x, mask=mask), 0)
    np.testing.assert_array_equal(layer.backward(np.ones((BATCH, UNITS))), 0)


# -------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 0}, "LSTM: units must be a whole number from 1"),
        ({"dropout": 1.0}, r"LSTM: dropout must be a number in \[0, 1\)"),
        ({"recurrent_dropout": -0.1}, "LSTM: recurrent_dropout"),
        ({"stateful": "yes"}, "LSTM: stateful must be True or False"),
        ({"recurrent_activation": "sigmoidd"}, "did you mean 'sigmoid'"),
        ({"return_sequence": True}, "did you mean 'return_sequences'"),
        ({"reset_after": True}, "LSTM"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        LSTM(**{"units": 3} | options)


def test_an_input_without_steps():
    with pytest.raises(
        ValueError, match=r"LSTM\) needs inputs of shape \(batch, steps, features\)"
    ):
        nnkit.Sequential([Input((28,)), LSTM(3)])


def test_a_list_of_states_in_a_model():
    with pytest.raises(ValueError, match=r"return_state=True.* one array goes from layer to layer"):
        nnkit.Sequential([Input((STEPS, FEATURES)), LSTM(3, return_state=True)])


def test_stateful_without_a_batch_size():
    model = nnkit.Sequential([Input((STEPS, FEATURES)), GRU(3, stateful=True)])
    with pytest.raises(ValueError, match="needs a fixed batch size: begin the model with Input"):
        model.predict(np.zeros((2, STEPS, FEATURES)))


def test_stateful_with_another_batch_size():
    model = nnkit.Sequential([Input((STEPS, FEATURES), batch_size=4), GRU(3, stateful=True)])
    with pytest.raises(ValueError, match=r"batch_size is 3, but the model is stateful, with .* 4"):
        model.predict(np.zeros((7, STEPS, FEATURES)), batch_size=3)


@pytest.mark.parametrize("given", [np.zeros((2, 3)), [np.zeros((2, 3))], [np.zeros((3, 3))] * 2])
def test_first_states_of_the_wrong_shape(given):
    with pytest.raises(ValueError, match="initial_state must be arrays of the shapes"):
        LSTM(3)(np.zeros((2, STEPS, FEATURES)), initial_state=given)


def test_a_mask_of_the_wrong_shape():
    with pytest.raises(ValueError, match=r"the mask of inputs of shape .* is bool \(2, 5\)"):
        LSTM(3)(np.zeros((2, STEPS, FEATURES)), mask=np.ones((2, 4), bool))


def test_an_activation_that_changes_the_shape():
    with pytest.raises(ValueError, match="keeps the shape, unlike 'dense'"):
        SimpleRNN(3, activation=Dense(2))(np.zeros((2, STEPS, FEATURES)))
