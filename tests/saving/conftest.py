"""Models and files that the tests of this folder share."""

import h5py
import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense, Dropout, Softmax, Tanh

X = np.random.default_rng(0).standard_normal((24, 4)).astype("float32")
Y = np.random.default_rng(1).integers(0, 3, 24)


def make(units=5):
    return nnkit.Sequential(
        [nnkit.Input((4,)), Dense(units), Tanh(), Dropout(0.2), Dense(3), Softmax()]
    )


def trained(optimizer="adam", epochs=2):
    model = make()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0)
    return model


@pytest.fixture
def saved(tmp_path):
    """The path of a trained model's file."""
    path = tmp_path / "model.h5"
    trained().save(path)
    return path


@pytest.fixture
def edit(saved):
    """Opens the file of ``saved`` for changing."""

    def editor():
        return h5py.File(saved, "r+")

    return editor
