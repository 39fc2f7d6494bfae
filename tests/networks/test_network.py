"""A network says what a model is without data."""

import numpy as np
import pytest

from nnkit import Input, Model, Sequential, ops
from nnkit.layers import (
    Add,
    Concatenate,
    Dense,
    Embedding,
    Flatten,
    Masking,
    SimpleRNN,
    Softmax,
    Tanh,
)
from nnkit.losses import CategoricalCrossentropy, MeanSquaredError
from nnkit.networks import Network


def line(*layers):
    return Sequential(list(layers)).built_network()


def test_shapes_are_those_of_the_layers():
    network = line(Input((4,)), Dense(3, "tanh"), Tanh())
    assert (network.input_shapes, network.output_shapes) == ([(None, 4)], [(None, 3)])
    assert [v.path for v in network.weights] == ["dense/kernel", "dense/bias"]
    network.layers[0].trainable = False
    assert network.trainable_weights == []


def test_the_graph_of_a_line():
    graph = line(Input((4,)), Dense(3, "tanh"), Tanh()).graph([(None, 4)], training=True)
    assert [use.part.name for use in graph.uses] == ["dense", "tanh", "tanh"]


@pytest.mark.parametrize(
    ("loss", "names"),
    [
        (CategoricalCrossentropy(), ["dense"]),
        (MeanSquaredError(), ["dense", "softmax"]),
        (None, ["dense", "softmax"]),
    ],
)
def test_a_loss_may_absorb_the_last_layer(loss, names):
    network = line(Input((4,)), Dense(3), Softmax())
    graph = network.graph([(None, 4)], True, [loss])
    assert [use.part.name for use in graph.uses] == names
    assert graph.absorbed == [len(names) == 1]


def test_an_output_that_goes_on_is_not_absorbed():
    x = Input((4,))
    y = Softmax()(Dense(3)(x))
    network = Network(x, [y, Dense(2)(y)])
    graph = network.graph([(None, 4)], True, [CategoricalCrossentropy(), MeanSquaredError()])
    assert graph.absorbed == [False, False]


@pytest.mark.parametrize(
    ("layers", "shape", "makes"),
    [
        ((Masking(), Dense(2)), (3, 4), True),
        ((Dense(2),), (3, 4), False),
        ((Embedding(5, 2, mask_zero=True),), (3,), True),
        ((Masking(), SimpleRNN(2)), (3, 4), False),
    ],
)
def test_who_makes_a_mask(layers, shape, makes):
    assert line(Input(shape), *layers).makes_mask == makes


def test_a_failed_build_changes_nothing():
    first, second = Dense(3), Flatten()
    model = Sequential([first, second, SimpleRNN(2)])
    with pytest.raises(ValueError, match="cannot build 'simple_rnn'"):
        model.build((None, 4))
    assert not model.built
    assert first.input_shape is None
    assert first.variables == []


def test_states_are_counted_once():
    rnn = SimpleRNN(2, stateful=True, return_sequences=True)
    network = line(Input((3, 2), batch_size=4), rnn, rnn)
    assert [state.shape for state in network.states()] == [(4, 2)]
    assert network.fixed_batch_size == 4


def test_the_order_of_layers_is_that_of_their_distance_from_the_outputs():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    left = Dense(3, name="deep")(Dense(3, name="deeper")(a))
    right = Dense(3, name="near")(b)
    model = Model([a, b], Add(name="sum")([left, right]))
    assert [layer.name for layer in model.layers] == ["a", "deeper", "b", "deep", "near", "sum"]


def test_a_network_may_begin_amid_another():
    x = Input((4,))
    hidden = Dense(3, "tanh")(x)
    whole = Model(x, Dense(2)(hidden))
    rest = Model(hidden, whole.output)
    data = np.random.default_rng(0).normal(size=(5, 4)).astype("f")
    between = Model(x, hidden).predict(data)
    np.testing.assert_array_equal(rest.predict(between), whole.predict(data))
    assert rest.layers[-1] is whole.layers[-1]


def test_shapes_for_other_sizes_follow_from_the_nodes():
    x, y = Input((None, 4)), Input((None, 4))
    joined = Concatenate(axis=1)([x, y])
    network = Network([x, y], [Flatten()(joined), ops.sum(joined, axis=2)])
    assert network.output_shapes == [(None, None), (None, None)]
    assert network.output_shapes_for([(None, 2, 4), (None, 3, 4)]) == [(None, 20), (None, 5)]


A, B = Input((4,), name="a"), Input((3,), name="b")
JOINED = Concatenate()([A, B])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Network(A, JOINED), ValueError, "depend on the input 'b', which is not among"),
        (lambda: Network([A, B], Dense(2)(A)), ValueError, "no output depends on the input 'b'"),
        (lambda: Network([A, A, B], JOINED), ValueError, "an input is given twice"),
        (lambda: Network(np.ones(3), JOINED), TypeError, "inputs are placeholders"),
        (lambda: Network([A, B], [JOINED, 3]), TypeError, "outputs are placeholders"),
        (lambda: Network([], JOINED), ValueError, "needs inputs"),
        (
            lambda: Network(A, Dense(2, name="d")(Dense(4, name="d")(A))),
            ValueError,
            "two layers are called 'd'",
        ),
        (lambda: Add()([A, np.ones((2, 4))]), TypeError, "placeholders and ndarray together"),
        (lambda: Add()([A, B]), ValueError, r"'add'.*\(None, 4\), \(None, 3\)"),
        (lambda: Dense(2)(), TypeError, "called without 'x'"),
        (lambda: Dense(2)(A, traning=True), TypeError, "did you mean 'training'"),
    ],
)
def test_what_is_no_network(make, error, message):
    with pytest.raises(error, match=message):
        make()
