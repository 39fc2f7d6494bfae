"""RNN and its cells against SimpleRNN, LSTM and GRU, and what a cell must be."""

import numpy as np
import pytest

import nnkit
from nnkit import ops
from nnkit.layers import (
    GRU,
    LSTM,
    RNN,
    ConvLSTM2D,
    Dense,
    GRUCell,
    Layer,
    LSTMCell,
    Masking,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
)

PAIRS = [
    (SimpleRNN, SimpleRNNCell, {}),
    (LSTM, LSTMCell, {}),
    (LSTM, LSTMCell, {"recurrent_activation": "hard_sigmoid", "unit_forget_bias": False}),
    (GRU, GRUCell, {}),
    (GRU, GRUCell, {"reset_after": False}),
    (GRU, GRUCell, {"use_bias": False, "activation": None}),
]


def trained_like(layer, like, data):
    """Two models with the same weights, after some steps on sequences of two lengths."""
    made = []
    for each in (layer, like):
        model = nnkit.Sequential([nnkit.Input((None, 3)), Masking(), each, Dense(1)])
        model.compile(nnkit.optimizers.SGD(0.3), "mse")
        made.append(model)
    made[0].set_weights(made[1].get_weights())
    for x, y in data:
        for model in made:
            model.train_on_batch(x, y)
    return made


@pytest.mark.parametrize(("layer", "cell", "options"), PAIRS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"return_sequences": True, "go_backwards": True},
        {"return_sequences": True, "zero_output_for_mask": True},
    ],
    ids=str,
)
def test_a_cell_is_a_step_of_its_layer(layer, cell, options, settings, rng):
    def batch(steps):
        x = rng.normal(size=(5, steps, 3)).astype(np.float32)
        x[rng.uniform(size=(5, steps)) < 0.3] = 0
        x[0] = 0  # All steps are masked.
        shape = (5, steps, 1) if "return_sequences" in settings else (5, 1)
        return x, rng.normal(size=shape)

    data = [batch(4), batch(2)]
    one = RNN(cell(4, **options), **settings)
    found, wanted = trained_like(one, layer(4, **options, **settings), data)
    for x, _ in data:
        np.testing.assert_allclose(found.predict(x), wanted.predict(x), 1e-5, 1e-6)
    for a, b in zip(found.get_weights(), wanted.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, 1e-5, 1e-6)


def test_stacked_cells_are_stacked_layers(rng):
    """Also in the states that they return and begin with."""
    x, first = rng.normal(size=(4, 3, 2)), [rng.normal(size=(4, n)) for n in (3, 3, 2)]
    stacked = RNN([LSTMCell(3), GRUCell(2)], return_state=True)
    y, h, c, last = stacked(x, initial_state=first)
    lower, upper = LSTM(3, return_sequences=True, return_state=True), GRU(2)
    lower.build((None, 3, 2))
    upper.build((None, 3, 3))
    lower.set_weights(stacked.get_weights()[:3])
    upper.set_weights(stacked.get_weights()[3:])
    between, wanted_h, wanted_c = lower(x, initial_state=first[:2])
    for one, other in [
        (y, upper(between, initial_state=first[2])),
        (last, y),
        (h, wanted_h),
        (c, wanted_c),
    ]:
        np.testing.assert_allclose(one, other, 1e-5, 1e-6)


def test_a_cell_by_itself(rng):
    x, h, c = (rng.normal(size=(4, n)) for n in (2, 3, 3))
    cell = LSTMCell(3)
    y, (new_h, new_c) = cell(x, [h, c])
    np.testing.assert_array_equal(y, new_h)
    again = RNN(cell, return_state=True)(x[:, None], initial_state=[h, c])
    for one, other in zip(again, (y, new_h, new_c), strict=True):
        np.testing.assert_allclose(one, other, 1e-6, 1e-7)


def test_dropout_is_one_mask_for_all_timesteps():
    """With ones in and a sum as cell, what is dropped in one step is dropped in each."""
    cell = SimpleRNNCell(
        50, None, False, "ones", "zeros", dropout=0.5, recurrent_dropout=0.3, seed=1
    )
    layer = RNN(cell, return_sequences=True)
    y = layer(np.ones((6, 4, 1)), training=True)
    assert set(np.unique(y)) == {0.0, 2.0}  # One input, dropped or doubled.
    np.testing.assert_array_equal(y, np.repeat(y[:, :1], 4, axis=1))
    np.testing.assert_array_equal(layer(np.ones((6, 4, 1))), np.ones((6, 4, 50)))


class Memory(Layer):
    """A cell with an output of another size than its state."""

    state_size, output_size = 2, 3

    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", (2, 3))

    def call(self, inputs, states):
        state = states[0] + inputs
        return ops.matmul(state, self.kernel), [state]


def test_a_cell_of_ones_own(rng, tmp_path):
    nnkit.saving.register(Memory)
    x = rng.normal(size=(3, 4, 2)).astype(np.float32)
    model = nnkit.Sequential([nnkit.Input((None, 2)), RNN(Memory(), return_sequences=True)])
    wanted = np.cumsum(x, axis=1) @ model.get_weights()[0]
    np.testing.assert_allclose(model.predict(x), wanted, 1e-5, 1e-6)
    model.save(tmp_path / "m.h5")
    loaded = nnkit.load_model(tmp_path / "m.h5")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


class Broken(Layer):
    state_size = 2

    def call(self, inputs, states):
        return inputs


class TooMany(Layer):
    state_size = 2

    def call(self, inputs, states):
        return inputs, [inputs, inputs]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: RNN(Dense(2)), TypeError, "the cell 'dense' .* has no state_size"),
        (lambda: RNN(3), TypeError, "layer"),
        (lambda: RNN([]), ValueError, "at least one cell"),
        (lambda: RNN(GRUCell(2), stateful=True), ValueError, "RNN has no stateful=True"),
        (lambda: GRUCell(0), ValueError, "GRUCell: units"),
        (lambda: LSTMCell(2, dropout=1.0), ValueError, "LSTMCell: dropout"),
        (lambda: StackedRNNCells([GRUCell(2)])(np.ones((1, 2))), TypeError, "states"),
        (lambda: RNN(Broken())(np.ones((1, 2, 2))), TypeError, "its output and its new states"),
        (lambda: RNN(TooMany())(np.ones((1, 2, 2))), ValueError, "has 1 states, but returned 2"),
        (lambda: RNN(GRUCell(2))(np.ones((1, 2))), ValueError, r"\(batch, steps, features\)"),
        (
            lambda: RNN(GRUCell(2))(np.ones((1, 2, 2)), initial_state=np.ones((1, 3))),
            ValueError,
            r"initial_state must be arrays of the shapes \[\(1, 2\)\]",
        ),
        (lambda: ConvLSTM2D(2, 3)(np.ones((1, 2, 4, 4))), ValueError, r"\(batch, steps, \*image\)"),
    ],
)
def test_refused(make, error, text):
    with pytest.raises(error, match=text):
        make()
