"""A model of two inputs and two outputs in the simulator, against the CPU."""

import numpy as np

import nnkit
from nnkit.layers import Add, Dense
from tests.cuda.simulator import compare


def two_of_each():
    """A dense layer that both inputs use, and an output of each kind."""
    left, right = nnkit.Input((3,)), nnkit.Input((3,))
    shared = Dense(4, "tanh")
    joined = Add()([shared(left), shared(right)])
    outputs = [Dense(2, "softmax", name="kind")(joined), Dense(1, name="size")(joined)]
    model = nnkit.Model([left, right], outputs)
    model.compile("adam", ["sparse_categorical_crossentropy", "mse"], loss_weights=[1.0, 0.5])
    return model


def test_two_inputs_and_outputs(rng):
    x = [rng.normal(size=(5, 3)).astype(np.float32) for _ in range(2)]
    compare(two_of_each, x, [np.arange(5) % 2, rng.normal(size=(5, 1)).astype(np.float32)])
