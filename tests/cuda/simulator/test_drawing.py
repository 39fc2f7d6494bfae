"""Random numbers in a call, and a variable in a loss: the GPU's steps are the CPU's."""

import numpy as np

import nnkit
from nnkit import backend as K
from nnkit.layers import Dense, Input, Lambda
from tests.cuda.simulator import compare


def test_draws_and_variables(rng):
    weight = K.variable(0.3)

    def loss(y_true, y_pred):
        return weight * K.mean(K.square(y_true - y_pred), axis=-1)

    def make():
        noisy = Lambda(lambda x: x + weight * K.random_normal((K.shape(x)[0], 3)))
        model = nnkit.Sequential([Input((3,)), noisy, Dense(2)])
        model.compile("sgd", loss)
        return model

    x = rng.normal(size=(6, 3)).astype(np.float32)
    compare(make, x, x[:, :2])
