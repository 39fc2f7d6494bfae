"""The lists are complete, and everything on them can be described and made again."""

import json

import numpy as np
import pytest

import nnkit
from nnkit import activations, initializers, layers, losses, metrics, optimizers
from nnkit.registry import registered
from tests.layers import catalogue
from tests.layers.catalogue import again, label

LISTS = {
    "layer": (layers, [case.layer for case in catalogue.LAYERS]),
    "loss": (losses, [case.loss for case in catalogue.LOSSES]),
    "metric": (metrics, [case.metric for case in catalogue.METRICS]),
    "optimizer": (optimizers, catalogue.OPTIMIZERS),
    "initializer": (initializers, catalogue.INITIALIZERS),
    "regularizer": (nnkit.regularizers, catalogue.REGULARIZERS),
    "constraint": (nnkit.constraints, catalogue.CONSTRAINTS),
}
# Tested by themselves, and why they can't be on a list.
ELSEWHERE = {
    "CTC": "tests/losses: its targets have a length of their own",
    "Mean": "tests/metrics: it takes values",
    "Sum": "tests/metrics: it takes values",
    "LBFGS": "tests/optimizers: it takes all data as one batch",
    "InputLayer": "it is no step of a network",
    "Model": "tests/networks and tests/models",
    "Operation": "tests/networks",
    "Cast": "tests/networks",
    "AddedLoss": "tests/networks",
    "MaskOf": "tests/networks",
    "Wrapper": "TimeDistributed and SpectralNormalization",
    "StringLookup": "no model has strings: tests/layers/test_encoding.py",
    "TextVectorization": "no model has strings: tests/layers/test_encoding.py",
    "InputSpec": "it is no layer",
    "LSTMGates": "within LSTMCell",
    "Split": "within RNN",
    "GRUCell": "within RNN",
    "LSTMCell": "within RNN",
    "SimpleRNNCell": "within RNN",
    "StackedRNNCells": "within RNN",
    "Drawn": "tests/backend",
    "Slopes": "tests/backend",
}


@pytest.mark.parametrize("kind", LISTS)
def test_the_list_is_complete(kind):
    """Classes are found by what modules make public, and by what a file may name."""
    module, listed = LISTS[kind]
    public = [getattr(module, name) for name in module.__all__]
    public = {cls for cls in public if isinstance(cls, type) and "kind" not in vars(cls)}
    public = {cls for cls in public if "stands_for" not in vars(cls)}  # Old names of others.
    named = {cls for cls in registered(kind).values() if cls.__module__.startswith("nnkit.")}
    assert {cls.__name__ for cls in public | named} - ELSEWHERE.keys() == {
        type(made).__name__ for made in listed
    }


def test_the_list_of_activations_is_complete():
    assert {*catalogue.ACTIVATIONS, *activations._FORMULAS} == {*activations._NAMES, "threshold"}


@pytest.mark.parametrize("name", catalogue.ACTIVATIONS)
def test_activations_are_described_by_their_names(name):
    assert activations.serialize(activations.get(name)) == name


@pytest.mark.parametrize("made", [m for _, listed in LISTS.values() for m in listed], ids=label)
def test_a_description_makes_another(made):
    """A description is plain data; Lambda's function is in it by its name."""
    config = json.loads(json.dumps(made.get_config()))
    assert type(made).from_config(config).get_config() == made.get_config()
    assert config == json.loads(json.dumps(again(made).get_config()))


@pytest.mark.parametrize("made", catalogue.INITIALIZERS, ids=label)
def test_initializers_keep_to_shape_and_type(made):
    for dtype in ("float32", "float64"):
        for shape in [(1, 1), (3, 5), (5, 3)]:
            value = made(shape, dtype)
            assert (value.shape, value.dtype) == (shape, dtype)
            assert np.isfinite(value).all()
    if "seed" in made.get_config():
        seeded = again(made, seed=3)
        np.testing.assert_array_equal(seeded((4, 3)), seeded((4, 3)))
        assert (seeded((4, 3)) != made((4, 3))).any()
