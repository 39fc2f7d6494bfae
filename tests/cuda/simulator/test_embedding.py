"""Tables on a GPU: which rows a step uses is known there, too."""

import numpy as np
import pytest

import nnkit
from nnkit import optimizers
from nnkit.layers import Dense, Embedding, Flatten

ROWS, COLUMNS, STEPS = 9, 3, 4


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    nnkit.set_device("cpu")


def trained(devices, optimizer, look, x, y):
    """Weights after an epoch on each of the devices: two whole batches, and a smaller one."""
    nnkit.utils.set_random_seed(5)
    model = nnkit.Sequential([nnkit.Input((STEPS,)), Embedding(ROWS, COLUMNS), Flatten(), Dense(2)])
    model.compile(optimizer, "mse")
    for device in devices:
        nnkit.set_device(device)
        model.fit(x, y, 2, 1, shuffle=False, verbose=0)
        if look:
            model.layers[0].embeddings.gradient.fill(np.nan)
    return [*model.get_weights(), model.predict(x)]


@pytest.mark.parametrize("look", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("devices", ["gg", "gcg", "cgcg"])
def test_devices_in_turn(devices, optimizer, look, rng):
    """A gradient, and what is known of its rows, go together from one to the other."""
    make = {"sgd": lambda: optimizers.SGD(0.5), "adam": lambda: optimizers.Adam(0.1)}[optimizer]
    names = [{"c": "cpu", "g": "cuda"}[letter] for letter in devices]
    x, y = rng.integers(0, ROWS, (5, STEPS)), rng.normal(size=(5, 2))
    got = trained(names, make(), look, x, y)
    want = trained(["cpu"] * len(names), make(), False, x, y)
    for mine, theirs in zip(got, want, strict=True):
        np.testing.assert_allclose(mine, theirs, 1e-5, 1e-6)
