"""What recorded steps take on a GPU is counted, too."""

import numpy as np
import pytest

import nnkit
from nnkit import config
from nnkit.layers import Dense

X = np.random.default_rng(0).standard_normal((256, 5)).astype(np.float32)
Y = X[:, :4].copy()


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    config.set_record_memory(None)


def records(layers):
    """Of a model that has been trained with two sizes of batches."""
    sizes = [nnkit.Input((5,)), *(Dense(4) for _ in range(layers))]
    model = nnkit.Sequential(sizes)
    model.compile("sgd", "mse")
    for size in (32, 64):
        model.fit(X, Y, batch_size=size, verbose=0)
    return model.session().records


def test_more_launches_take_more(gpu):
    one, five = records(1), records(5)
    assert 10_000 < one.nbytes < five.nbytes
    assert five.nbytes == sum(step.nbytes for step in five._steps.values())
    assert all(step.checked for step in five._steps.values())


def test_beyond_the_bound_the_longest_unused_is_dropped(gpu):
    config.set_record_memory(0)
    (step,) = records(1)._steps.values()
    assert step.window.size == 64
    config.set_record_memory(None)
    assert len(records(1)._steps) == 2
