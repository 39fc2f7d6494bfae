"""Files that Keras wrote (see tools/make_keras_files.py), and older forms of them."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import nnkit
from nnkit.errors import FileFormatError
from nnkit.saving import inspect, load_model

DATA = Path(__file__).parents[1] / "data"
EXPECTED = np.load(DATA / "keras_expected.npz")
X = EXPECTED["x"]
TARGETS = {"adam": "labels", "sgd_mse": "values", "rmsprop": "values"}


@pytest.mark.parametrize("name", TARGETS)
def test_predictions_and_results(name):
    model = load_model(DATA / f"keras_{name}.h5")
    np.testing.assert_allclose(model.predict(X), EXPECTED[f"{name}_predictions"], atol=1e-6)
    results = model.evaluate(X, EXPECTED[TARGETS[name]], verbose=0)
    np.testing.assert_allclose(results, EXPECTED[f"{name}_results"], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "turns"),
    [
        ("adam", [("momentum", "velocity")]),
        ("sgd_mse", [("momentum",)]),
        ("rmsprop", [("velocity",), ("momentum",)]),
    ],
)
def test_optimizer_state(name, turns):
    model = load_model(DATA / f"keras_{name}.h5")
    slots = model.optimizer_slots()
    count = len(model.trainable_weights)
    found = [slots[s][i] for group in turns for i in range(count) for s in group]
    variables = [EXPECTED[n] for n in EXPECTED.files if n.startswith(f"{name}_optimizer_")]
    assert model.optimizer.iterations == variables[0] == 4
    for ours, theirs in zip(found, variables[2:], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_of_keras_3(tmp_path):
    model = load_model(DATA / "keras_adam.h5")
    expected = model.get_weights()
    model.set_weights([w * 0 for w in expected])
    model.load_weights(DATA / "keras_adam.weights.h5")
    for a, b in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert "dense: 0 float32 (4, 5), 1 float32 (5,)" in inspect(DATA / "keras_adam.weights.h5")


@pytest.fixture
def change(tmp_path):
    """Changes the JSON in a copy of Keras's file; returns the copy's path."""

    def changed(name, function, attribute="model_config"):
        path = tmp_path / "changed.h5"
        shutil.copy(DATA / f"keras_{name}.h5", path)
        with h5py.File(path, "r+") as file:
            config = json.loads(file.attrs[attribute])
            config = function(config) or config
            file.attrs[attribute] = json.dumps(config)
        return path

    return changed


def test_keras_2(change):
    """Strings for dtypes, batch_input_shape, no InputLayer, initializers without modules, lists."""

    def old(config):
        layers = config["config"]["layers"][1:]
        layers[0]["config"]["batch_input_shape"] = [None, 4]
        for layer in layers:
            layer["config"]["dtype"] = "float32"
            for value in layer["config"].values():
                if isinstance(value, dict):
                    value.pop("module")
                    value.pop("registered_name")
        return {"class_name": "Sequential", "config": layers}

    def old_training(config):
        config["optimizer_config"]["config"] = {"name": "SGD", "lr": 0.25, "decay": 0.0}
        config["metrics"] = [
            [{"class_name": "MeanMetricWrapper", "config": {"name": "m", "fn": "mae"}}]
        ]

    path = change("sgd_mse", old)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["training_config"])
        old_training(config)
        file.attrs["training_config"] = json.dumps(config).encode()  # Fixed bytes, as of old.
    model = load_model(path)
    assert model.optimizer.learning_rate == 0.25
    np.testing.assert_allclose(model.predict(X), EXPECTED["sgd_mse_predictions"], atol=1e-6)


def test_unknown_arguments_are_listed(change):
    def newer(config):
        config["config"]["layers"][1]["config"] |= {"shiny": 3, "quantization_config": None}

    with pytest.warns(UserWarning, match=r"without: shiny=3 of Dense 'dense_\d'") as caught:
        load_model(change("sgd_mse", newer))
    assert len(caught) == 1


LAMBDA = {
    "class_name": "Lambda",
    "config": {
        "name": "lambda",
        "function": {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA"}},
        "arguments": {},
    },
}


@pytest.mark.parametrize(
    ("change_config", "message"),
    [
        (lambda c: c | {"class_name": "Functional"}, "Functional model without input_layers"),
        (
            lambda c: c["config"]["layers"][1].update(class_name="Gate"),
            "unknown layer 'Gate'.*Known: Activation, .*Dense.*custom_objects",
        ),
        (lambda c: c["config"]["layers"].append(LAMBDA), "a file never holds code"),
        (
            lambda c: c["config"]["layers"][1]["config"].update(
                shine_regularizer={"class_name": "L2", "config": {"l2": 0.01}}
            ),
            r"Dense 'dense_\d': nnkit has no shine_regularizer yet",
        ),
        (
            lambda c: c["config"]["layers"][1]["config"].update(dtype="mixed_float16"),
            "data type 'mixed_float16'",
        ),
        (lambda c: c["config"].update(layers=7), "should have a 'layers' that is a list"),
        (lambda c: c["config"]["layers"].pop(0) and c["config"].pop("build_input_shape") and None,
         "shape of the input isn't in it"),
        (
            lambda c: c["config"]["layers"][0]["config"].update(batch_shape=[None, "4"]),
            "not a list of sizes",
        ),
        (lambda c: c["config"]["layers"][1]["config"].update(units=-1), "can't be made: .*units"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(change, change_config, message):
    with pytest.raises(FileFormatError, match=message):
        load_model(change("sgd_mse", change_config))


def test_schedule(change):
    schedule = {"class_name": "ExponentialDecay", "config": {"decay_steps": 10}}

    def with_schedule(config):
        config["optimizer_config"]["config"]["learning_rate"] = schedule

    path = change("sgd_mse", with_schedule, "training_config")
    with pytest.raises(FileFormatError, match="compile=False"):
        load_model(path)
    assert isinstance(load_model(path, compile=False), nnkit.Sequential)
