"""Bidirectional, TimeDistributed and Masking: what the catalogue doesn't say of them."""

import numpy as np
import pytest

import nnkit
from nnkit.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Dense,
    Dropout,
    Input,
    Layer,
    Masking,
    SimpleRNN,
    TimeDistributed,
)
from nnkit.testing import check_layer

STEPS, FEATURES, BATCH = 5, 3, 4


@pytest.fixture
def x(rng):
    return rng.normal(size=(BATCH, STEPS, FEATURES)).astype(np.float32)


@pytest.fixture
def mask(rng):
    return rng.uniform(size=(BATCH, STEPS)) < 0.6


# --------------------------------------------------------------------------------- Bidirectional

MERGES = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
}


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("merge_mode", MERGES)
def test_both_directions(merge_mode, sequences, x, mask):
    layer = Bidirectional(GRU(2, return_sequences=sequences), merge_mode)
    y = layer(x, mask=mask)
    forward = GRU(2, return_sequences=sequences, zero_output_for_mask=True)
    backward = GRU(2, return_sequences=sequences, zero_output_for_mask=True, go_backwards=True)
    for mine, theirs in ((forward, layer.forward_layer), (backward, layer.backward_layer)):
        mine.ensure_built((None, STEPS, FEATURES))
        mine.set_weights(theirs.get_weights())
    back = backward(x, mask=mask)
    back = back[:, ::-1] if sequences else back
    want = MERGES[merge_mode](forward(x, mask=mask), back)
    np.testing.assert_allclose(y, want, rtol=1e-6)
    model = nnkit.Sequential([Input((STEPS, FEATURES)), layer])
    np.testing.assert_allclose(model.predict(x), layer(x), rtol=1e-5)


@pytest.mark.parametrize("sequences", [False, True])
def test_gradients_with_another_layer_for_the_way_back(sequences):
    options = {"return_sequences": sequences}
    back = SimpleRNN(2, "relu", go_backwards=True, use_bias=False, **options)
    check_layer(Bidirectional(LSTM(2, **options), backward_layer=back), (4, 3), masked=True)


def test_the_two_begin_differently():
    layer = Bidirectional(LSTM(2))
    layer.ensure_built((None, STEPS, FEATURES))
    forward, backward = layer.forward_layer.get_weights(), layer.backward_layer.get_weights()
    assert not np.array_equal(forward[0], backward[0])
    assert [v.path for v in layer.weights][:4:3] == ["forward_lstm/kernel", "backward_lstm/kernel"]


def test_outputs_and_states_by_themselves(x):
    layer = Bidirectional(LSTM(2, return_sequences=True, return_state=True), merge_mode=None)
    forward, backward, *states = layer(x)
    assert len(states) == 4
    np.testing.assert_array_equal(forward[:, -1], states[0])
    np.testing.assert_array_equal(backward[:, 0], states[2])
    again = layer(x, initial_state=states)
    assert not np.array_equal(again[0], forward)
    merged = Bidirectional(LSTM(2), merge_mode="sum")
    merged.ensure_built((None, STEPS, FEATURES))
    merged.set_weights(layer.get_weights())
    np.testing.assert_allclose(merged(x), states[0] + states[2], rtol=1e-6)


def test_states_of_both_last(x):
    model = nnkit.Sequential(
        [Input((STEPS, FEATURES), batch_size=BATCH), Bidirectional(GRU(2, stateful=True))]
    )
    first, second = model.predict(x, BATCH), model.predict(x, BATCH)
    assert not np.array_equal(first, second)
    model.layers[0].reset_state()
    np.testing.assert_array_equal(model.predict(x, BATCH), first)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Bidirectional(Dense(2)), TypeError, "must be a SimpleRNN, LSTM or GRU, got Dense"),
        (lambda: Bidirectional(GRU(2), "concatt"), ValueError, "did you mean 'concat'"),
        (lambda: Bidirectional(GRU(2, go_backwards=True)), ValueError, "got True and True"),
        (
            lambda: Bidirectional(GRU(2), backward_layer=GRU(2)),
            ValueError,
            "backward_layer True; got False and False",
        ),
        (
            lambda: Bidirectional(
                GRU(2), backward_layer=GRU(2, go_backwards=True, return_sequences=True)
            ),
            ValueError,
            "the same return_sequences, got False and True",
        ),
        (
            lambda: Bidirectional(GRU(2), backward_layer=Dense(2)),
            TypeError,
            "backward_layer must be a SimpleRNN, LSTM or GRU",
        ),
    ],
)
def test_bad_pairs(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_two_outputs_in_a_model(x):
    model = nnkit.Sequential([Bidirectional(GRU(2), merge_mode=None), Dense(1)])
    with pytest.raises(ValueError, match="merge_mode=None"):
        model.predict(x)


def test_outputs_that_do_not_fit():
    layer = Bidirectional(GRU(2), "sum", backward_layer=GRU(3, go_backwards=True))
    with pytest.raises(ValueError, match=r"'bidirectional': to add"):
        layer(np.ones((1, 2, 2)))


# ------------------------------------------------------------------------------- TimeDistributed


class Double(Layer):
    """In plain NumPy, and only for one step at a time."""

    def forward(self, x, training=False):
        assert x.ndim == 2
        return 2 * x

    def backward(self, dy):
        return 2 * dy


def test_each_step_by_itself(x):
    dense = Dense(2, activation="tanh")
    layer = TimeDistributed(dense)
    y = layer(x)
    for t in range(STEPS):
        np.testing.assert_allclose(y[:, t], dense(x[:, t]), rtol=1e-5)
    assert layer.weights == dense.weights


def test_layers_of_all_kinds_within_steps(x):
    check_layer(TimeDistributed(SimpleRNN(2)), (2, 3, 2))
    model = nnkit.Sequential([Input((STEPS, FEATURES)), TimeDistributed(Double()), GRU(2)])
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((BATCH, 2)), verbose=0)
    np.testing.assert_array_equal(TimeDistributed(Double())(x), 2 * x)


def test_a_mask_passes_by(x):
    inside = nnkit.Sequential([Masking(), TimeDistributed(Dropout(0.5)), LSTM(2)])
    x[:, 2:] = 0
    np.testing.assert_allclose(inside(x), inside.layers[2](x[:, :2]), rtol=1e-5)


def test_dtype_is_that_of_the_layer_within():
    assert TimeDistributed(Dense(2, dtype="float64")).dtype == "float64"
    assert TimeDistributed(Dense(2), dtype="float64").layer.dtype == "float64"


@pytest.mark.parametrize("shape", [(FEATURES,), ()])
def test_nothing_in_a_step(shape):
    with pytest.raises(ValueError, match=r"TimeDistributed\) needs inputs of shape \(batch, steps"):
        TimeDistributed(Dense(2))(np.ones((BATCH, *shape)))


def test_several_outputs_of_a_step():
    layer = TimeDistributed(SimpleRNN(2, return_state=True, name="inner"))
    with pytest.raises(ValueError, match="takes layers with one output; 'inner' has 2"):
        layer(np.ones((BATCH, STEPS, 3, 2)))


# --------------------------------------------------------------------------------------- Masking


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_masking(value, x):
    x[0, 1] = x[2, 3:] = value
    x[1, 0, 0] = value
    layer = Masking(value)
    y = layer(x)
    expected = np.ones((BATCH, STEPS), bool)
    expected[0, 1] = expected[2, 3:] = False
    np.testing.assert_array_equal(layer.compute_mask(x, None), expected)
    np.testing.assert_array_equal(y, np.where(expected[..., None], x, 0))
    dx = layer.backward(np.ones_like(x))
    np.testing.assert_array_equal(dx, np.broadcast_to(expected[..., None], x.shape))


def test_bad_masking():
    with pytest.raises(TypeError, match="Masking: mask_value must be a number"):
        Masking("0")
    with pytest.raises(ValueError, match=r"Masking\) needs inputs of shape"):
        Masking()(np.ones((2, 3)))


def test_a_masked_model_learns_alike_recorded_and_in_python(x):
    x[:, 3:] = 0
    y = np.ones((BATCH, STEPS, 2), np.float32)
    losses = []
    for eager in (False, True):
        nnkit.utils.set_random_seed(1)
        model = nnkit.Sequential(
            [
                Input((STEPS, FEATURES)),
                Masking(),
                Bidirectional(LSTM(3, return_sequences=True)),
                GRU(3, return_sequences=True, dropout=0.3, recurrent_dropout=0.3),
                TimeDistributed(Dense(2)),
            ]
        )
        model.compile("adam", "mse", run_eagerly=eager)
        losses.append(model.fit(x, y, 2, 4, 0, shuffle=False).history["loss"])
    np.testing.assert_array_equal(*losses)
