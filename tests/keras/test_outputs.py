"""Training with several inputs and outputs: losses, metrics, weights, data, as Keras takes them."""

import numpy as np
import pytest

import nnkit
from tests.keras.theirs import QUIET, assert_close, keras

pytestmark = QUIET

ROWS, BATCH = 8, 4
OPTIONS = {"batch_size": BATCH, "verbose": 0}


def made(library, form=list):
    """A model of the inputs p and q, with the outputs a and b in a list or dictionary.

    In a dictionary, it is the keys that name the outputs, not their layers.
    """
    layers = library.layers
    p, q = library.Input((3,), name="p"), library.Input((2,), name="q")
    hidden = layers.Dense(4, "tanh")(layers.Concatenate()([p, q]))
    names = {"a": "last", "b": "first"} if form is dict else {"a": "a", "b": "b"}
    a = layers.Dense(2, name=names["a"])(hidden)
    b = layers.Dense(3, "softmax", name=names["b"])(hidden)
    return library.Model([p, q], {"a": a, "b": b} if form is dict else [a, b])


@pytest.fixture
def data(rng):
    """Inputs, targets and weights by name."""
    return {
        "p": rng.normal(size=(ROWS, 3)).astype(np.float32),
        "q": rng.normal(size=(ROWS, 2)).astype(np.float32),
        "a": rng.normal(size=(ROWS, 2)).astype(np.float32),
        "b": np.eye(3, dtype=np.float32)[rng.integers(0, 3, ROWS)],
        "weight a": rng.uniform(size=ROWS).astype(np.float32),
        "weight b": rng.uniform(size=ROWS).astype(np.float32),
    }


def pair(form, rng, **compiled):
    ours, theirs = made(nnkit, form), made(keras, form)
    ours.set_weights([rng.normal(size=w.shape) for w in ours.get_weights()])
    theirs.set_weights(ours.get_weights())
    for model in (ours, theirs):
        model.compile("sgd", **compiled)
    return ours, theirs


def compare(ours, theirs, x, y, weights=None, **fitted):
    """Fit, evaluate and predict: the same names and numbers."""
    options = OPTIONS | {"epochs": 2, "shuffle": False, "sample_weight": weights} | fitted
    found, expected = (model.fit(x, y, **options).history for model in (ours, theirs))
    assert sorted(found) == sorted(expected)
    for name, values in expected.items():
        assert_close(found[name], values)
    options = OPTIONS | {"sample_weight": weights}
    found, expected = (model.evaluate(x, y, **options) for model in (ours, theirs))
    assert_close(found, expected)
    found, expected = (m.evaluate(x, y, return_dict=True, **options) for m in (ours, theirs))
    assert sorted(found) == sorted(expected)
    assert_close([found[name] for name in expected], list(expected.values()))
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_close(mine, other)


@pytest.mark.parametrize("form", [list, dict])
@pytest.mark.parametrize(
    "compiled",
    [
        {"loss": "mse"},
        {"loss": ["mse", "categorical_crossentropy"], "loss_weights": [0.3, 2.0]},
        {
            "loss": {"a": "mse", "b": "categorical_crossentropy"},
            "loss_weights": {"a": 0.3, "b": 2.0},
            "metrics": {"b": ["accuracy", "mae"], "a": "mae"},
        },
        {"loss": ["mse", None]},
        {"loss": {"a": None, "b": "mae"}, "metrics": [["mae"], ["accuracy"]]},
        {"loss": "mse", "metrics": ["mae", "accuracy"]},
        {"loss": "mse", "metrics": [None, ["accuracy"]]},
        {"loss": "mse", "metrics": {"a": "mae"}, "weighted_metrics": {"a": "mse", "b": "mae"}},
    ],
    ids=str,
)
def test_losses_and_metrics(form, compiled, data, rng):
    ours, theirs = pair(form, rng, **compiled)
    y = form({"a": data["a"], "b": data["b"]}.items() if form is dict else (data["a"], data["b"]))
    weights = None
    if "weighted_metrics" in compiled:
        weights = [data["weight a"], data["weight b"]]
        weights = dict(zip("ab", weights, strict=True)) if form is dict else weights
    compare(ours, theirs, [data["p"], data["q"]], y, weights)


def test_data_by_name(data, rng):
    ours, theirs = pair(list, rng, loss="mse", metrics={"b": ["accuracy"]})
    x = {"p": data["p"], "q": data["q"]}
    y = {"a": data["a"], "b": data["b"]}
    held_out = {"p": data["p"][::-1], "q": data["q"]}, y
    compare(ours, theirs, x, y, validation_data=held_out)


def test_weights_of_validation(data, rng):
    ours, theirs = pair(list, rng, loss="mse")
    x, y = [data["p"], data["q"]], [data["a"], data["b"]]
    weights = [data["weight b"], data["weight a"]]
    compare(ours, theirs, x, y, data["weight a"], validation_data=(x, y, weights))


@pytest.mark.parametrize("names", ["ab", "a"])
def test_weights_by_name_where_outputs_are_a_list(names, data, rng):
    """Keras refuses them; they are as a list with ones."""
    ours, theirs = pair(list, rng, loss="mse")
    x, y = [data["p"], data["q"]], [data["a"], data["b"]]
    by_name = {name: data[f"weight {name}"] for name in names}
    listed = [by_name.get(name, np.ones(ROWS)) for name in "ab"]
    found = ours.fit(x, y, sample_weight=by_name, shuffle=False, **OPTIONS).history
    expected = theirs.fit(x, y, sample_weight=listed, shuffle=False, **OPTIONS).history
    for name, values in expected.items():
        assert_close(found[name], values)


@pytest.mark.parametrize(
    "compiled",
    [
        {"loss": {"a": "mse", "bb": "mse"}},
        {"loss": "mse", "metrics": {"bb": ["mae"]}},
    ],
    ids=str,
)
def test_refused(compiled, data):
    x, y = [data["p"], data["q"]], [data["a"], data["b"]]

    def run(library):
        model = made(library)
        model.compile("sgd", **compiled)
        model.fit(x, y, **OPTIONS)

    for library in (nnkit, keras):
        with pytest.raises((KeyError, ValueError)):
            run(library)


def test_class_weight_is_refused(data):
    for library in (nnkit, keras):
        model = made(library)
        model.compile("sgd", "mse")
        with pytest.raises(ValueError, match="class_weight"):
            model.fit(
                *([data["p"], data["q"]], [data["a"], data["b"]]), class_weight={0: 2.0}, **OPTIONS
            )


def test_only_added_losses(data, rng):
    """compile(loss=None), for a model whose layers add losses."""

    def adding(library):
        class Small(library.layers.Layer):
            def call(self, x):
                self.add_loss(library.ops.mean(library.ops.square(x)))
                return x

        x = library.Input((3,))
        return library.Model(x, Small()(library.layers.Dense(2)(x)))

    ours, theirs = adding(nnkit), adding(keras)
    theirs.set_weights(ours.get_weights())
    for model in (ours, theirs):
        model.compile("sgd")
    options = OPTIONS | {"epochs": 3, "shuffle": False}
    found, expected = (model.fit(data["p"], **options).history for model in (ours, theirs))
    assert_close(found["loss"], expected["loss"])
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_close(mine, other)
