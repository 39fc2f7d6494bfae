"""States of recurrent layers as inputs and outputs of a graph.

Gradients, recorded and sharded steps: see ``catalogue.py``; Keras: ``tests/keras/test_states.py``.
"""

import numpy as np
import pytest

import nnkit
from nnkit.layers import GRU, LSTM, Bidirectional, Dense, Input, Masking, SimpleRNN

STEPS, FEATURES, UNITS, BATCH = 5, 3, 4, 3

kinds = pytest.mark.parametrize("kind", [SimpleRNN, LSTM, GRU])


@pytest.fixture
def x(rng):
    return rng.normal(size=(BATCH, STEPS, FEATURES)).astype(np.float32)


def states_of(kind, rng, batch=BATCH, units=UNITS):
    return [rng.normal(size=(batch, units)).astype(np.float32) for _ in kind.state_names]


def trained(model, x, y, eager=False, **options):
    model.compile("adam", "mse", run_eagerly=eager)
    return model.fit(x, y, 2, 3, 0, shuffle=False, **options).history["loss"]


# ------------------------------------------------------------------------------------- on arrays


@kinds
def test_states_in_the_list_of_inputs(kind, x, rng):
    layer, states = kind(UNITS), states_of(kind, rng)
    np.testing.assert_array_equal(layer([x, *states]), layer(x, initial_state=states))
    assert not np.array_equal(layer([x]), layer([x, *states]))
    np.testing.assert_array_equal(layer([x]), layer(x))


def test_a_single_state_needs_no_list(x, rng):
    layer, (state,) = GRU(UNITS), states_of(GRU, rng)
    np.testing.assert_array_equal(
        layer(x, initial_state=state), layer(x, initial_state=[state.tolist()])
    )


def test_a_list_of_samples_is_one_input(x):
    layer = SimpleRNN(UNITS)
    np.testing.assert_array_equal(layer(list(x)), layer(x))
    np.testing.assert_array_equal(layer(x.tolist()), layer(x))


@kinds
def test_given_states_win_over_remembered_ones_and_replace_them(kind, x, rng):
    layer, usual = kind(UNITS, stateful=True), kind(UNITS, return_state=True)
    layer(x)
    usual(x)
    usual.set_weights(layer.get_weights())
    given = states_of(kind, rng)
    y, *last = usual(x, initial_state=given)
    np.testing.assert_array_equal(layer(x, initial_state=given), y)
    for mine, theirs in zip(layer.states, last, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_remembered_states_may_be_given(x):
    layer = LSTM(UNITS, stateful=True)
    layer(x)
    before = [state.copy() for state in layer.states]
    wanted = layer(x)
    np.testing.assert_array_equal(layer(x, initial_state=before), wanted)
    for state, first in zip(layer.states, before, strict=True):
        state[...] = first
    np.testing.assert_array_equal(layer(x, initial_state=layer.states), wanted)


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (LSTM, np.zeros((BATCH, UNITS))),
        (LSTM, [np.zeros((BATCH, UNITS))] * 3),
        (GRU, np.zeros((BATCH, UNITS + 1))),
        (GRU, np.zeros((1, UNITS))),
        (GRU, np.zeros(UNITS)),
        (lambda units: Bidirectional(GRU(units)), [np.zeros((BATCH, UNITS))]),
        (lambda units: Bidirectional(LSTM(units)), [np.zeros((BATCH, UNITS))] * 2),
    ],
)
def test_states_that_do_not_fit(make, given, x):
    layer = make(UNITS)
    with pytest.raises(ValueError, match=r"initial_state must be arrays of the shapes \[\(3, 4\)"):
        layer(x, initial_state=given)
    assert layer.input_shape is None


def test_states_given_twice(x, rng):
    states = states_of(GRU, rng)
    with pytest.raises(ValueError, match="'gru': the first states are given twice"):
        GRU(UNITS)([x, *states], initial_state=states)


def test_no_timestep(x):
    layer = GRU(UNITS)
    layer(x)
    with pytest.raises(ValueError, match=r"GRU\) got sequences without a timestep"):
        layer(x[:, :0])


# ------------------------------------------------------------------------------------ in a graph


def in_one(layer):
    sequence = Input((2 * STEPS, FEATURES))
    y, *_ = layer(sequence)
    return nnkit.Model(sequence, y)


def in_two(layer):
    """The same, in two uses of the layer, the second of which goes on where the first ended."""
    first, second = Input((STEPS, FEATURES)), Input((STEPS, FEATURES))
    _, *states = layer(first)
    y, *_ = layer(second, initial_state=states)
    return nnkit.Model([first, second], y)


@kinds
@pytest.mark.parametrize("eager", [False, True])
def test_a_sequence_cut_in_two_trains_like_the_whole(kind, eager, rng):
    x = rng.normal(size=(4, 2 * STEPS, FEATURES))
    y = rng.normal(size=(4, UNITS))
    models = []
    for make, data in ((in_one, x), (in_two, [x[:, :STEPS], x[:, STEPS:]])):
        nnkit.utils.set_random_seed(0)
        model = make(kind(UNITS, return_state=True))
        trained(model, data, y, eager)
        models.append([*model.get_weights(), model.predict(data)])
    for one, two in zip(*models, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def encoder_decoder(kind, **options):
    """Any lengths; the encoder's states are all that the decoder learns of its input."""
    given, asked = Input((None, FEATURES)), Input((None, 2))
    encoder = kind(UNITS, return_state=True, **options)
    _, *states = encoder(Masking()(given))
    decoder = kind(UNITS, return_sequences=True, return_state=True, **options)
    sequence, *last = decoder(asked, initial_state=states)
    return nnkit.Model([given, asked], [Dense(2)(sequence), last[-1]])


@kinds
@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "recurrent_dropout": 0.2, "seed": 1}])
def test_recorded_like_python_at_several_lengths(kind, options, rng):
    found, data = [], []
    for encoded, decoded in ((3, 2), (4, 2), (3, 2)):
        given = rng.normal(size=(4, encoded, FEATURES))
        given[:2, -1] = 0
        asked = rng.normal(size=(4, decoded, 2))
        data.append(([given, asked], [asked + 1, given[:, :1, 0] * np.ones(UNITS)]))
    for eager in (False, True):
        nnkit.utils.set_random_seed(0)
        model = encoder_decoder(kind, **options)
        losses = [trained(model, x, y, eager) for x, y in data]
        found.append([*losses, *model.get_weights(), *model.predict(data[0][0])])
    for recorded, python in zip(*found, strict=True):
        np.testing.assert_array_equal(recorded, python)


def test_states_of_both_directions_in_a_graph(x, rng):
    """As the two layers by themselves give them."""
    sequence = Input((None, FEATURES))
    first = [Input((UNITS,)) for _ in range(4)]
    layer = Bidirectional(LSTM(UNITS, return_sequences=True, return_state=True), merge_mode=None)
    model = nnkit.Model([sequence, *first], layer(sequence, initial_state=first))
    states = states_of(LSTM, rng) + states_of(LSTM, rng)
    found = model.predict([x, *states])
    forth = layer.forward_layer(x, initial_state=states[:2])
    back = layer.backward_layer(x, initial_state=states[2:])
    wanted = [forth[0], back[0], *forth[1:], *back[1:]]
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-7)


def test_a_stateful_model_of_several_inputs_remembers_in_predict(x, rng):
    sequence, start = Input((STEPS, FEATURES), batch_size=BATCH), Input((2,), batch_size=BATCH)
    hidden = GRU(UNITS, stateful=True)(sequence)
    model = nnkit.Model([sequence, start], Dense(1)(hidden) + start)
    data = [np.concatenate([x, x]), np.zeros((2 * BATCH, 2), np.float32)]
    first = model.predict(data, BATCH)
    assert not np.array_equal(first[:BATCH], first[BATCH:])
    assert not np.array_equal(model.predict(data, BATCH), first)
    model.reset_states()
    np.testing.assert_array_equal(model.predict(data, BATCH), first)


def test_a_penalty_counts_for_each_output(x):
    sequence = Input((STEPS, FEATURES))
    layer = LSTM(UNITS, return_state=True, activity_regularizer="l2")
    model = nnkit.Model(sequence, layer(sequence)[0])
    model.compile("sgd", "mse")
    outputs = layer(x)
    penalty = sum(float((output**2).sum()) for output in outputs) * 0.01 / BATCH
    wanted = float(((outputs[0] - 1) ** 2).mean()) + penalty
    loss = model.evaluate(x, np.ones((BATCH, UNITS)), BATCH, 0)
    np.testing.assert_allclose(loss, wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "sizes"), [(GRU, [UNITS + 1]), (LSTM, [UNITS]), (LSTM, [UNITS, 2]), (GRU, [UNITS] * 2)]
)
def test_placeholders_that_do_not_fit(make, sizes):
    with pytest.raises(ValueError, match="initial_state must be arrays of the shapes"):
        make(UNITS)(Input((None, FEATURES)), initial_state=[Input((n,)) for n in sizes])
