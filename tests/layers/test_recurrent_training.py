"""How recurrent layers remember, drop and train; their formulas: see ``test_recurrent.py``."""

import copy
import pickle

import numpy as np
import pytest

import nnkit
from nnkit import config
from nnkit.engine.dispatch import launch
from nnkit.engine.program import Program
from nnkit.kernels._jit import code_address
from nnkit.layers import GRU, LSTM, Dense, Input, SimpleRNN
from tests.layers.test_recurrent import (
    BATCH,
    FEATURES,
    STEPS,
    UNITS,
    OwnTanh,
    built,
    kinds,
    reference_step,
)
from tests.reference import recurrent as reference

# ---------------------------------------------------------------------------------------- states


@kinds
def test_a_sequence_in_two_pieces(cls, options, rng):
    layer = built(cls, rng, return_state=True, **options)
    x = rng.normal(size=(BATCH, 2 * STEPS, FEATURES))
    first, *states = layer(x[:, :STEPS])
    np.testing.assert_array_equal(first, states[0])
    y, *_ = layer(x[:, STEPS:], initial_state=states)
    begin = [np.zeros((BATCH, UNITS)) for _ in layer.state_names]
    want, _ = reference.through_time(reference_step(layer), x, begin)
    np.testing.assert_allclose(y, want[:, -1], atol=1e-12)


def test_stateful_goes_on_where_the_last_batch_ended(rng):
    layer = LSTM(UNITS, stateful=True, dtype="float64")
    usual = LSTM(UNITS, return_state=True, dtype="float64")
    x = rng.normal(size=(BATCH, 2 * STEPS, FEATURES))
    layer(x[:, :STEPS])
    usual.ensure_built((None, STEPS, FEATURES))
    usual.set_weights(layer.get_weights())
    _, *states = usual(x[:, :STEPS])
    for mine, theirs in zip(layer.states, states, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    y, *_ = usual(x[:, STEPS:], initial_state=states)
    np.testing.assert_array_equal(layer(x[:, STEPS:]), y)
    layer.reset_state()
    np.testing.assert_array_equal(layer(x[:, :STEPS]), states[0])


def stateful_model(eager):
    nnkit.utils.set_random_seed(3)
    layers = [LSTM(UNITS, stateful=True, return_sequences=True), GRU(2, stateful=True)]
    model = nnkit.Sequential([Input((STEPS, FEATURES), batch_size=2), *layers])
    model.compile("adam", "mse", run_eagerly=eager)
    return model


def test_states_are_carried_alike_by_recorded_and_python_steps(rng):
    x = rng.normal(size=(12, STEPS, FEATURES)).astype(np.float32)
    y = rng.normal(size=(12, 2)).astype(np.float32)
    found = []
    for eager in (False, True):
        model = stateful_model(eager)
        losses = model.fit(x, y, 2, 2, 0, shuffle=False).history["loss"]
        after = [state.copy() for layer in model.layers for state in layer.states]
        predicted = model.predict(x, batch_size=2)
        again = model.predict(x, batch_size=2)
        assert not np.array_equal(predicted, again)
        model.reset_states()
        found.append([losses, *after, predicted, again, model.predict(x, batch_size=2)])
    for recorded, python in zip(*found, strict=True):
        np.testing.assert_array_equal(recorded, python)


# --------------------------------------------------------------------------------------- dropout


def test_dropout_is_the_same_in_all_steps(rng):
    size = 40
    layer = SimpleRNN(
        size,
        activation=None,
        kernel_initializer="identity",
        recurrent_initializer="zeros",
        dropout=0.5,
        return_sequences=True,
    )
    y = layer(np.ones((BATCH, STEPS, size)), training=True)
    assert set(np.unique(y)) == {0, 2}
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert not np.array_equal(y[0], y[1])
    np.testing.assert_array_equal(layer(np.ones((1, STEPS, size))), 1)


def test_recurrent_dropout_is_the_same_in_all_steps():
    size = 40
    layer = SimpleRNN(
        size,
        activation=None,
        kernel_initializer="zeros",
        recurrent_initializer="identity",
        recurrent_dropout=0.5,
        return_sequences=True,
    )
    x, ones = np.ones((1, 3, 2)), np.ones((1, size))
    y = layer(x, training=True, initial_state=[ones])[0]
    assert set(np.unique(y[0])) == {0, 2}
    np.testing.assert_array_equal(y, y[0] ** np.array([[1], [2], [3]]))


# ---------------------------------------------------------------------------------- how it trains


def barriers(layer, steps, monkeypatch):
    """How often two workers meet in a training step."""
    counts = []
    make = Program.__init__

    def counting(program, tape, arena, workers):
        make(program, tape, arena, 2)
        codes = {code_address(code) for code in launch.barrier._compiled.values()}
        calls = [code for part in program._parts for code in part._workers[0]._lists[0]]
        counts.append(sum(function in codes for function in calls))

    monkeypatch.setattr(Program, "__init__", counting)
    model = nnkit.Sequential([Input((steps, FEATURES)), layer, Dense(1)])
    model.compile("sgd", "mse")
    x = np.zeros((8, steps, FEATURES), np.float32)
    model.fit(x, np.zeros((8, 1), np.float32), 2, 1, 0)
    monkeypatch.undo()
    return counts[-1]


@pytest.mark.parametrize("cls", [LSTM, GRU])
def test_workers_do_not_wait_for_each_other_between_steps(cls, monkeypatch):
    few, many = (barriers(cls(16), steps, monkeypatch) for steps in (3, 9))
    assert 0 < few == many


@kinds
def test_threads_change_rounding_only(cls, options, rng):
    x = rng.normal(size=(64, STEPS, FEATURES)).astype(np.float32)
    y = rng.normal(size=(64, 32)).astype(np.float32)
    weights = []
    try:
        for threads in (1, 3):
            config.set_num_threads(threads)
            nnkit.utils.set_random_seed(0)
            model = nnkit.Sequential([Input((STEPS, FEATURES)), cls(32, **options)])
            model.compile("adam", "mse")
            model.fit(x, y, 16, 2, 0)
            weights.append(model.get_weights())
    finally:
        config.set_num_threads(None)
    for one, three in zip(*weights, strict=True):
        np.testing.assert_allclose(one, three, rtol=1e-3, atol=1e-4)


def test_one_layer_in_two_places(rng):
    shared = GRU(FEATURES, activation=OwnTanh(), return_sequences=True)
    x = rng.normal(size=(4, STEPS, FEATURES)).astype(np.float32)
    losses = []
    for eager in (False, True):
        nnkit.utils.set_random_seed(0)
        model = nnkit.Sequential([Input((STEPS, FEATURES)), copy.deepcopy(shared)])
        model.add(model.layers[0])
        model.compile("sgd", "mse", run_eagerly=eager)
        losses.append(model.fit(x, x, 2, 3, 0, shuffle=False).history["loss"])
    np.testing.assert_array_equal(*losses)


@kinds
def test_copies_and_pickles(cls, options, rng):
    model = nnkit.Sequential([cls(UNITS, activation=OwnTanh(), **options), Dense(1)])
    model.compile("sgd", "mse")
    x = rng.normal(size=(4, STEPS, FEATURES)).astype(np.float32)
    model.fit(x, np.ones((4, 1)), verbose=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(x), model.predict(x))


def test_the_forget_gate_begins_open():
    layer = LSTM(2)
    layer.ensure_built((None, STEPS, FEATURES))
    np.testing.assert_array_equal(layer.bias.value, [0, 0, 1, 1, 0, 0, 0, 0])
    layer = LSTM(2, unit_forget_bias=False, bias_initializer="ones")
    layer.ensure_built((None, STEPS, FEATURES))
    np.testing.assert_array_equal(layer.bias.value, 1)
