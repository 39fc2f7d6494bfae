"""A model and data that the tests of this folder share."""

import types

import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense

X = np.random.default_rng(0).standard_normal((40, 3)).astype("float32")
Y = X @ np.array([[1.0], [2.0], [3.0]], "float32")


@pytest.fixture
def model():
    nnkit.utils.set_random_seed(0)
    model = nnkit.Sequential([nnkit.Input((3,)), Dense(1)])
    model.compile(nnkit.optimizers.SGD(0.01), "mse", metrics=["mae"])
    return model


@pytest.fixture
def stub():
    """Stands in for a model where a test wants to choose the results of every epoch itself."""
    weights = [[np.zeros(1)]]

    def get_weights():
        return weights[0]

    def set_weights(new):
        weights[0] = new

    return types.SimpleNamespace(
        metric_directions={"loss": "min", "accuracy": "max"},
        optimizer=types.SimpleNamespace(learning_rate=1.0),
        stop_training=False,
        get_weights=get_weights,
        set_weights=set_weights,
    )


def run(callback, model, values, monitor="loss", **params):
    """Go through epochs with these results; the number of epochs until training was stopped."""
    callback.set_model(model)
    callback.set_params(params)
    callback.on_train_begin()
    done = 0
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch)
        model.set_weights([np.full(1, epoch)])
        callback.on_epoch_end(epoch, {"loss": 9.0, monitor: value})
        done += 1
        if model.stop_training:
            break
    callback.on_train_end()
    return done
