"""Wrapper: layers of one's own around another one."""

import pickle

import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense, Wrapper


@nnkit.saving.register
class Scaled(Wrapper):
    def __init__(self, layer, factor=2.0, **options):
        super().__init__(layer, **options)
        self.factor = factor

    def call(self, x):
        return self.factor * self.layer(x)


def trained(layer, x, y, path):
    nnkit.utils.set_random_seed(0)
    model = nnkit.Sequential([nnkit.Input((3,)), layer])
    model.compile("sgd", "mse")
    history = model.fit(x, y, epochs=2, shuffle=False, verbose=0).history
    model.save(path)
    again = nnkit.load_model(path)
    for other in (again, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    return history["loss"], model.get_weights()


def test_weights_and_penalties_are_the_layer_s(rng, tmp_path):
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    found = [
        trained(layer, x, y, tmp_path / "model.h5")
        for layer in (
            Dense(2, kernel_initializer="ones", kernel_regularizer="l2"),
            Scaled(Dense(2, kernel_initializer="ones", kernel_regularizer="l2"), 1.0),
        )
    ]
    np.testing.assert_allclose(found[0][0], found[1][0], 1e-6)
    for one, other in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(one, other, 1e-5, 1e-6)


def test_what_it_takes():
    assert Scaled(Dense(2, dtype="float64")).dtype == "float64"
    assert not Scaled(Dense(2), trainable=False).layer.trainable
    with pytest.raises((TypeError, ValueError)):
        Scaled("no layer")
