"""A network says what a model is without data."""

import numpy as np
import pytest

from nnkit.layers import Dense, Embedding, Flatten, Input, Masking, SimpleRNN, Softmax, Tanh
from nnkit.losses import CategoricalCrossentropy, MeanSquaredError
from nnkit.networks import Network


def network(*layers):
    made = Network()
    for layer in layers:
        made = made.followed_by(layer)
    return made


def test_a_network_with_one_more_layer_is_another():
    one = network(Input((4,)), Dense(3))
    two = one.followed_by(Tanh())
    assert [layer.name for layer in one.layers] == ["dense"]
    assert [layer.name for layer in two.layers] == ["dense", "tanh"]
    assert two.first is one.first
    one.build("one", (None, 4))
    assert two.input_shape is None
    assert two.known_input_shape() == (None, 4)


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ((Input((4, 2)), Flatten()), (None, 4, 2)),
        ((Input((4,), batch_size=3),), (3, 4)),
        ((Dense(2, input_shape=(5,)),), (None, 5)),
        ((Dense(2),), None),
        ((), None),
    ],
)
def test_the_input_shape_that_layers_say(layers, shape):
    assert network(*layers).known_input_shape() == shape


def test_a_built_layer_says_the_input_shape():
    layer = Dense(2)
    layer.build((None, 7))
    layer.input_shape = (None, 7)
    assert network(layer).known_input_shape() == (None, 7)


def test_shapes_are_those_of_the_layers():
    made = network(Dense(3, "tanh"), Tanh())
    made.build("m", (None, 4))
    assert (made.sample_shape, made.output_shape) == ((4,), (None, 3))
    assert [part.name for part in made.parts()] == ["dense", "tanh", "tanh"]
    assert [v.path for v in made.weights] == ["dense/kernel", "dense/bias"]
    made.layers[0].trainable = False
    assert made.trainable_weights == []


@pytest.mark.parametrize(
    ("loss", "names"),
    [
        (CategoricalCrossentropy(), ["dense"]),
        (MeanSquaredError(), ["dense", "softmax"]),
        (None, ["dense", "softmax"]),
    ],
)
def test_a_loss_may_absorb_the_last_layer(loss, names):
    made = network(Input((4,)), Dense(3), Softmax())
    made.build("m", (None, 4))
    chain = made.chain(loss)
    assert [part.name for part in chain.parts] == names
    assert chain.absorbed == (len(names) == 1)


@pytest.mark.parametrize(
    ("layers", "shape", "makes"),
    [
        ((Masking(), SimpleRNN(2, return_sequences=True)), (None, 3, 2), True),
        ((Masking(), SimpleRNN(2)), (None, 3, 2), False),  # It has no steps that may not count.
        ((Embedding(5, 2, mask_zero=True),), (None, 3), True),
        ((Embedding(5, 2),), (None, 3), False),
    ],
)
def test_who_makes_a_mask(layers, shape, makes):
    made = network(*layers)
    made.build("m", shape)
    assert made.makes_mask == makes


def test_a_failed_build_changes_nothing():
    made = network(Flatten(), Dense(2), SimpleRNN(2))
    with pytest.raises(ValueError, match=r"m: cannot build 'simple_rnn'"):
        made.build("m", (None, 2, 3))
    assert (made.input_shape, made.weights) == (None, [])


def test_states_are_counted_once():
    layer = SimpleRNN(2, stateful=True)
    made = network(layer, Flatten())
    made.build("m", (2, 3, 4))
    assert made.fixed_batch_size == 2
    assert [np.shape(state) for state in made.states()] == [(2, 2)]
