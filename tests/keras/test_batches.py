"""Training on data that come in batches against Keras's: the same histories and weights."""

import warnings

import numpy as np
import pytest

import nnkit
from tests.keras.theirs import QUIET, assert_close, keras

pytestmark = QUIET

ROWS, SIZE = 22, 4


@pytest.fixture
def data(rng):
    return {
        "p": rng.normal(size=(ROWS, 3)).astype(np.float32),
        "q": rng.normal(size=(ROWS, 2)).astype(np.float32),
        "a": rng.integers(0, 3, ROWS),
        "b": rng.normal(size=(ROWS, 1)).astype(np.float32),
        "weight": rng.uniform(size=ROWS).astype(np.float32),
    }


def batches(*arrays):
    return [tuple(a[i : i + SIZE] for a in arrays) for i in range(0, ROWS, SIZE)]


def data_set(library, found, **options):
    """The same PyDataset for either library."""

    class Batches(library.utils.PyDataset):
        def __len__(self):
            return len(found)

        def __getitem__(self, index):
            return found[index]

    return Batches(**options)


def forever(found):
    while True:
        yield from found


def simple(library):
    layers = library.layers
    return library.Sequential(
        [library.Input((3,)), layers.Dense(4, "tanh"), layers.Dense(3, "softmax")]
    )


def with_two(library):
    p, q = library.Input((3,), name="p"), library.Input((2,), name="q")
    hidden = library.layers.Dense(4, "tanh")(library.layers.Concatenate()([p, q]))
    a = library.layers.Dense(3, "softmax", name="a")(hidden)
    return library.Model([p, q], [a, library.layers.Dense(1, name="b")(hidden)])


def compare(make, rng, loss, given, ask=lambda model, x: None, **compiled):
    """Fit on both sides: ``given(library)`` makes the arguments."""
    ours, theirs = make(nnkit), make(keras)
    ours.set_weights([rng.normal(size=w.shape) for w in ours.get_weights()])
    theirs.set_weights(ours.get_weights())
    found = []
    for model, library in ((ours, nnkit), (theirs, keras)):
        model.compile(library.optimizers.SGD(0.1), loss, **compiled)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*(ran out of data|shuffle=True)", UserWarning)
            found.append(model.fit(**{"epochs": 3, "verbose": 0} | given(library)).history)
    mine, expected = found
    assert sorted(mine) == sorted(expected)
    for name, values in expected.items():
        assert_close(mine[name], values)
    for mine, value in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_close(mine, value)
    return ours, theirs


SPARSE = "sparse_categorical_crossentropy"


def test_sample_weights(data, rng):
    found = batches(data["p"], data["a"], data["weight"])

    def given(library):
        # With two, Keras's batches change their order after it has built the model.
        made = data_set(library, found, workers=2 if library is nnkit else 1)
        return {"x": made, "shuffle": False, "validation_data": data_set(library, found)}

    options = {"metrics": ["accuracy"], "weighted_metrics": ["sparse_categorical_accuracy"]}
    ours, theirs = compare(simple, rng, SPARSE, given, **options)
    found = data_set(nnkit, found), data_set(keras, found)
    mine, expected = (m.evaluate(x, verbose=0) for m, x in zip((ours, theirs), found, strict=True))
    assert_close(mine, expected)
    mine, expected = (m.predict(x, verbose=0) for m, x in zip((ours, theirs), found, strict=True))
    assert_close(mine, expected)


def test_class_weights(data, rng):
    found = batches(data["p"], data["a"])
    options = {"class_weight": {0: 2.0, 1: 1.0, 2: 0.5}, "shuffle": False}
    compare(simple, rng, SPARSE, lambda library: {"x": data_set(library, found)} | options)


def test_several_inputs_and_outputs(data, rng):
    rows = [slice(i, i + SIZE) for i in range(0, ROWS, SIZE)]
    found = [
        (
            {name: data[name][r] for name in "pq"},
            tuple(data[name][r] for name in "ab"),
            (data["weight"][r], data["weight"][r] ** 2),
        )
        for r in rows
    ]
    given = {"steps_per_epoch": 6}
    compare(with_two, rng, [SPARSE, "mse"], lambda library: {"x": forever(found)} | given)


@pytest.mark.parametrize(
    ("form", "steps"), [("arrays", 4), ("arrays", 9), ("data set", 4), ("generator", 4)]
)
def test_steps_per_epoch(form, steps, data, rng):
    """Also where they don't fit the number of batches, which is six."""
    p, a = data["p"], data["a"]

    def given(library):
        options = {"steps_per_epoch": steps, "shuffle": False, "epochs": 4}
        if form == "arrays":
            return {"x": p, "y": a, "batch_size": SIZE} | options
        found = batches(p, a)
        return {"x": data_set(library, found) if form == "data set" else forever(found)} | options

    compare(simple, rng, SPARSE, given)


def test_steps_without_a_batch_size(data, rng):
    given = {"x": data["p"], "y": data["a"], "steps_per_epoch": 3, "shuffle": False}
    validation = {"validation_data": (data["p"], data["a"]), "validation_steps": 2}
    ours, theirs = compare(simple, rng, SPARSE, lambda library: given | validation)
    for steps in (2, 3):
        assert_close(
            ours.evaluate(data["p"], data["a"], steps=steps, batch_size=5, verbose=0),
            theirs.evaluate(data["p"], data["a"], steps=steps, batch_size=5, verbose=0),
        )
        mine, expected = (
            m.predict(data["p"], steps=steps, batch_size=5, verbose=0) for m in (ours, theirs)
        )
        assert_close(mine, expected)
