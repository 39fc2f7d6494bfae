"""Settings in files of Keras 1, Keras 2 and tf.keras mean what they meant there."""

import warnings

import h5py
import numpy as np
import pytest

import nnkit
from nnkit import ops
from nnkit.errors import FileFormatError
from nnkit.saving import load_model
from tests.saving import old_files
from tests.saving.old_files import dense, layer, named, recurrent, write

RNG = np.random.default_rng(0)
X = RNG.normal(scale=2, size=(6, 4)).astype("float32")
STEPS = RNG.normal(size=(6, 5, 3)).astype("float32")
FIRST = {"batch_input_shape": [None, 4], "dtype": "float32"}
OF_STEPS = {"batch_input_shape": [None, 5, 3], "dtype": "float32"}
EYE = named("d", np.eye(4), np.zeros(4))
OLD = ["1.2.2", "2.0.8", "2.2.4", "2.2.4-tf", "2.3.0-tf", "2.15.0", None]
KERAS_3 = {"version": "3.4.1", "backend": "jax"}


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def of_eye(path, layers, **file):
    """What a file's layers make of X, after a Dense that does nothing."""
    return load_model(write(path, [dense("d", 4, **FIRST), *layers], {"d": EYE}, **file)).predict(X)


# ------------------------------------------------------------------------------------ activations


@pytest.mark.parametrize("version", OLD)
def test_hard_sigmoid_as_a_layer(version, tmp_path):
    y = of_eye(tmp_path / "m.h5", [layer("Activation", "a", activation="hard_sigmoid")],
               version=version)  # fmt: skip
    np.testing.assert_allclose(y, old_files.hard_sigmoid(X), atol=1e-6)


def test_hard_sigmoid_of_keras_3(tmp_path):
    layers = [layer("Activation", "a", activation="hard_sigmoid")]
    np.testing.assert_allclose(
        of_eye(tmp_path / "m.h5", layers, **KERAS_3), np.clip(X / 6 + 0.5, 0, 1), atol=1e-6
    )


def test_hard_sigmoid_of_dense_and_inside_of_others(tmp_path):
    kernel = normal(3, 2)
    layers = [
        layer("TimeDistributed", "t", layer=dense("d", 2, "hard_sigmoid"), **OF_STEPS),
    ]
    path = write(tmp_path / "m.h5", layers, {"t": named("d", kernel, np.zeros(2))})
    want = old_files.hard_sigmoid(STEPS @ kernel)
    np.testing.assert_allclose(load_model(path).predict(STEPS), want, atol=1e-6)


LSTM = normal(3, 16), normal(4, 16), normal(16)
GRU = normal(3, 12), normal(4, 12), normal(12)


@pytest.mark.parametrize("version", ["2.0.8", "2.2.4", "2.2.4-tf"])
@pytest.mark.parametrize(
    ("class_name", "weights", "formula"),
    [("LSTM", LSTM, old_files.lstm), ("GRU", GRU, old_files.gru)],
)
@pytest.mark.parametrize("given", [{"recurrent_activation": "hard_sigmoid"}, {}])
def test_gates(class_name, weights, formula, given, version, tmp_path):
    """hard_sigmoid is Keras 2's, said or not; a GRU resets first unless a file says otherwise."""
    described = recurrent(class_name, "r", 4, implementation=1, **given, **OF_STEPS)
    path = write(tmp_path / "m.h5", [described], {"r": named("r", *weights)}, version=version)
    np.testing.assert_allclose(load_model(path).predict(STEPS), formula(STEPS, *weights), atol=1e-6)


def test_what_a_file_says_of_a_gru(tmp_path):
    weights = normal(3, 12), normal(4, 12), normal(2, 12)
    said = {"recurrent_activation": "sigmoid", "reset_after": True}
    described = recurrent("GRU", "r", 4, **said, **OF_STEPS)
    path = write(tmp_path / "m.h5", [described], {"r": named("r", *weights)}, version="2.4.0")
    want = old_files.gru_reset_after(STEPS, *weights)
    np.testing.assert_allclose(load_model(path).predict(STEPS), want, atol=1e-6)


def test_bidirectional(tmp_path):
    """Each direction has hard_sigmoid gates, and Keras 2's order of weights."""
    back = normal(3, 16), normal(4, 16), normal(16)
    inside = recurrent("LSTM", "lstm", 4, recurrent_activation="hard_sigmoid")
    described = layer("Bidirectional", "b", layer=inside, merge_mode="concat", **OF_STEPS)
    weights = named("b/forward_lstm", *LSTM) + named("b/backward_lstm", *back)
    path = write(tmp_path / "m.h5", [described], {"b": weights})
    want = [old_files.lstm(STEPS, *LSTM), old_files.lstm(STEPS[:, ::-1], *back)]
    model = load_model(path)
    np.testing.assert_allclose(model.predict(STEPS), np.concatenate(want, axis=1), atol=1e-6)
    model.save(path)
    np.testing.assert_array_equal(load_model(path).predict(STEPS), model.predict(STEPS))


def test_hard_sigmoid_is_kept_in_own_files(tmp_path):
    described = recurrent("LSTM", "r", 4, recurrent_activation="hard_sigmoid", **OF_STEPS)
    model = load_model(write(tmp_path / "m.h5", [described], {"r": named("r", *LSTM)}))
    model.save(tmp_path / "again.h5")
    again = load_model(tmp_path / "again.h5")
    np.testing.assert_array_equal(again.predict(STEPS), model.predict(STEPS))
    with h5py.File(tmp_path / "again.h5", "r+") as file:  # As Keras reads it.
        del file["nnkit"]
    as_keras = load_model(tmp_path / "again.h5")
    np.testing.assert_allclose(as_keras.predict(STEPS), model.predict(STEPS), atol=1e-6)


# --------------------------------------------------------------------------------- other settings

ARRAY = {"type": "ndarray", "value": 0.25}


@pytest.mark.parametrize(
    ("described", "want"),
    [
        (layer("LeakyReLU", "a", alpha=0.1), np.where(X < 0, 0.1 * X, X)),
        (layer("LeakyReLU", "a", alpha=ARRAY), np.where(X < 0, 0.25 * X, X)),
        (layer("LeakyReLU", "a"), np.where(X < 0, 0.3 * X, X)),
        (layer("ELU", "a", alpha=ARRAY), np.where(X < 0, 0.25 * np.expm1(X), X)),
        (layer("ThresholdedReLU", "a", theta=0.5), np.where(X > 0.5, X, 0)),
        (layer("ReLU", "a", max_value=ARRAY, negative_slope=0.0), np.clip(X, 0, 0.25)),
        (
            layer("Activation", "a", activation=layer("LeakyReLU", "x", alpha=0.1)),
            np.where(X < 0, 0.1 * X, X),
        ),
    ],
    ids=str,
)
def test_numbers_of_activations(described, want, tmp_path):
    np.testing.assert_allclose(of_eye(tmp_path / "m.h5", [described]), want, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3, 3), (2, 5), (4,)])
def test_flatten_of_channels_first(shape, tmp_path):
    x = normal(3, *shape)
    described = [
        layer("Activation", "a", activation="linear", batch_input_shape=[None, *shape]),
        layer("Flatten", "f", data_format="channels_first"),
    ]
    model = load_model(write(tmp_path / "m.h5", described, {}))
    np.testing.assert_array_equal(model.predict(x), np.moveaxis(x, 1, -1).reshape(3, -1))


def test_what_changes_nothing_is_not_said(tmp_path):
    """Warnings are errors in tests."""
    first = {"input_dim": 4, "input_length": None, **FIRST}
    layers = [
        dense("d", 4, **first),
        layer("Reshape", "r", target_shape=[1, 4]),
        recurrent("LSTM", "l", 2, implementation=2, unit_forget_bias=True, time_major=False),
        layer("BatchNormalization", "b", axis=[1], momentum=0.99, fused=None, renorm=False),
        layer("ActivityRegularization", "x", l1=0.0, l2=0.0),
        layer("Reshape", "s", target_shape=[2, 1]),
        layer("SpatialDropout1D", "p", rate=0.5, noise_shape=None, seed=None),
    ]
    training = {
        "loss": "mse",
        "weighted_metrics": None,
        "loss_weights": [1.0],
        "jit_compile": False,
    }
    weights = {
        "d": EYE,
        "l": named("l", normal(4, 8), normal(2, 8), normal(8)),
        "b": [(n, np.ones(2)) for n in ("gamma", "beta", "mean", "variance")],
    }
    assert load_model(write(tmp_path / "m.h5", layers, weights, training=training)).compiled


def test_a_layer_that_remembers_keeps_its_batch_size(tmp_path):
    first = OF_STEPS | {"batch_input_shape": [6, 5, 3]}
    described = recurrent("LSTM", "r", 4, recurrent_activation="sigmoid", **first)
    described["config"]["stateful"] = True
    model = load_model(write(tmp_path / "m.h5", [described], {"r": named("r", *LSTM)}))
    want = old_files.lstm(STEPS, *LSTM, gate=old_files.sigmoid)
    np.testing.assert_allclose(model.predict(STEPS, batch_size=6), want, atol=1e-6)


# --------------------------------------------------------------------------------------- names

NAMES = ["my layer", "block/conv 1", "a:0", "größe-層", "x(y)[0]{}'\"", "a/b", "a"]


@pytest.mark.parametrize("version", ["2.2.4", "3.4.1"])
def test_names_of_any_characters(version, tmp_path):
    layers = [dense(name, 4, **FIRST) for name in NAMES]
    arrays = [[normal(4, 4), normal(4)] for _ in NAMES]
    weights = {name: named(name, *pair) for name, pair in zip(NAMES, arrays, strict=True)}
    model = load_model(write(tmp_path / "m.h5", layers[::-1], weights, version))
    assert [each.name for each in model.layers] == NAMES[::-1]
    want = X
    for kernel, bias in arrays[::-1]:
        want = want @ kernel + bias
    np.testing.assert_allclose(model.predict(X), want, rtol=1e-4)
    for name in ("own.h5", "w.h5", "v.weights.h5"):
        (model.save if name == "own.h5" else model.save_weights)(tmp_path / name)
    again = load_model(tmp_path / "own.h5")
    assert [each.name for each in again.layers] == NAMES[::-1]
    for name in ("own.h5", "w.h5", "v.weights.h5"):
        again.set_weights([w * 0 for w in again.get_weights()])
        again.load_weights(tmp_path / name)
        np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_names_that_differ_in_slashes_differ_in_keras(tmp_path):
    model = nnkit.Sequential([nnkit.Input((4,))], name="n/1")
    for name in ("a_b", "a/b", "a/b_"):
        model.add(nnkit.layers.Dense(4, name=name))
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        del file["nnkit"]
    as_keras = load_model(tmp_path / "m.h5")
    assert [each.name for each in as_keras.layers] == ["a_b", "a_b_", "a_b__"]
    assert as_keras.name == "n_1"
    np.testing.assert_array_equal(as_keras.predict(X), model.predict(X))


# ------------------------------------------------------------------------ classes and functions

CODE = ["4wEAAAAAAAAABYTECODE" * 40, None, None]


@pytest.mark.parametrize(
    "config",
    [
        {"function": CODE, "function_type": "lambda"},
        {"function": CODE[0], "function_type": "lambda"},
        {"function": {"class_name": "__lambda__", "config": {"code": CODE[0]}}},
        {"function": {"type": "ndarray", "value": CODE}},
    ],
)
def test_byte_code_is_refused_and_not_printed(config, tmp_path):
    described = layer("Lambda", "l", output_shape=None, arguments={}, **config)
    with pytest.raises(
        FileFormatError, match=r"Lambda 'l' is Python code, .*custom_objects={'l': your_f"
    ) as error:
        of_eye(tmp_path / "m.h5", [described])
    assert "BYTECODE" not in str(error.value)
    path = tmp_path / "m.h5"
    assert load_model(path, {"l": double}).layers[1].function is double
    np.testing.assert_allclose(load_model(path, {"l": double}).predict(X), 2 * X)
    described = layer("Activation", "a", activation=config["function"])
    with pytest.raises(FileFormatError) as error:
        of_eye(tmp_path / "m.h5", [described])
    assert len(str(error.value)) < 1000


def double(x):
    return 2 * x


class Halve(nnkit.layers.Layer):
    def call(self, x):
        return x / 2


@pytest.mark.parametrize("spelled", ["double", "pkg>double"])
@pytest.mark.parametrize("written", ["double", "pkg>double"])
def test_functions_in_custom_objects(spelled, written, tmp_path):
    layers = [
        layer("Activation", "a", activation=written),
        layer("Lambda", "l", function=written, function_type="function", module="user"),
        dense("d2", 4, {"class_name": "function", "config": written}),
    ]
    path = write(tmp_path / "m.h5", [dense("d", 4, **FIRST), *layers],
                 {"d": EYE, "d2": named("d2", np.eye(4), np.zeros(4))})  # fmt: skip
    model = load_model(path, {spelled: double})
    np.testing.assert_allclose(model.predict(X), 8 * X)
    with pytest.raises(FileFormatError, match="double"):
        load_model(path)


@pytest.mark.parametrize("spelled", ["Halve", "pkg>Halve"])
@pytest.mark.parametrize(
    "written",
    [
        {"class_name": "Halve"},
        {"class_name": "pkg>Halve"},
        {"class_name": "Halve", "registered_name": "pkg>Halve", "module": "user"},
    ],
)
def test_classes_in_custom_objects(spelled, written, tmp_path):
    described = written | {"config": {"name": "h"}}
    layers = [dense("d", 4, **FIRST), described, layer("TimeDistributed", "t", layer=described)]
    layers.insert(2, layer("Reshape", "r", target_shape=[2, 2]))
    path = write(tmp_path / "m.h5", layers, {"d": EYE})
    model = load_model(path, {spelled: Halve})
    np.testing.assert_allclose(model.predict(X).reshape(6, 4), X / 4)
    model.save(tmp_path / "own.h5")
    again = load_model(tmp_path / "own.h5", {spelled: Halve})
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_function_of_the_user_s_comes_first(tmp_path):
    path = write(tmp_path / "m.h5", [dense("d", 4, "hard_sigmoid", **FIRST)], {"d": EYE})
    np.testing.assert_allclose(load_model(path, {"hard_sigmoid": double}).predict(X), 2 * X)


def test_custom_objects_that_are_none(tmp_path):
    path = write(tmp_path / "m.h5", [dense("d", 4, **FIRST)], {"d": EYE})
    with pytest.raises(TypeError, match=r"custom_objects\['ops'\] must be a function, or a class"):
        load_model(path, {"ops": ops})


def test_custom_objects_are_known_while_loading_only(tmp_path):
    path = write(tmp_path / "m.h5", [dense("d", 4, "double", **FIRST)], {"d": EYE})
    load_model(path, {"double": double})
    with pytest.raises(ValueError, match="unknown activation 'double'"):
        nnkit.layers.Dense(4, activation="double")


def test_nothing_is_said_for_files_of_keras_3_that_is_not_for_older_ones(tmp_path):
    """An argument that was renamed is unknown in a file that should know better."""
    with pytest.warns(UserWarning, match="without: alpha=0.1 of LeakyReLU 'a'"):
        of_eye(tmp_path / "m.h5", [layer("LeakyReLU", "a", alpha=0.1)], **KERAS_3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        of_eye(tmp_path / "m.h5", [layer("LeakyReLU", "a", negative_slope=0.1)], **KERAS_3)


@pytest.mark.parametrize(
    "initializer",
    [
        "mine",
        layer("Mine", "m"),
        {"class_name": "Constant", "config": {"value": {"type": "ndarray", "value": [[1.0, 2.0]]}}},
        {"name": "he_normal"},
        None,
        7,
    ],
)
def test_an_initializer_that_is_not_needed(initializer, tmp_path):
    """The file has the weights that it made."""
    described = dense("d", 4, **FIRST)
    described["config"]["kernel_initializer"] = initializer
    path = write(tmp_path / "m.h5", [described], {"d": EYE})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(load_model(path).predict(X), X)
