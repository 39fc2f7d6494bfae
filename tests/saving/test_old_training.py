"""Losses, metrics and optimizers in files of older Kerases."""

import numpy as np
import pytest

from nnkit import ops
from nnkit.errors import FileFormatError
from nnkit.saving import load_model
from tests.saving.old_files import dense, named, write

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4)).astype("float32")
KERNEL = RNG.normal(size=(4, 3)).astype("float32")
LOGITS = X.astype(float) @ KERNEL
LABELS = RNG.integers(0, 3, 20)
ONE_HOT = np.eye(3)[LABELS]
FIRST = {"batch_input_shape": [None, 4], "dtype": "float32"}
TF_KERAS = "2.15.0"


def compiled(path, training, version="2.3.0-tf", activation="linear", **file):
    """A file of one Dense layer that was compiled."""
    weights = {"d": named("d", KERNEL, np.zeros(3, "float32"))}
    layers = [dense("d", 3, activation, **FIRST)]
    return write(path, layers, weights, version, training=training, **file)


def name_of(argument):
    """Of a test's case; arrays and numbers have none."""
    return str(argument) if isinstance(argument, (str, dict, list)) else ""


def log_softmax(z):
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def described(class_name, **config):
    return {"class_name": class_name, "config": config}


CROSSENTROPY = -log_softmax(LOGITS)[np.arange(20), LABELS].mean()
SMOOTH = 0.9 * ONE_HOT + 0.1 / 3
SMOOTH_CROSSENTROPY = -(SMOOTH * log_softmax(LOGITS)).sum(axis=1).mean()
BINARY = (np.log1p(np.exp(-abs(LOGITS))) + np.maximum(LOGITS, 0) - ONE_HOT * LOGITS).mean()
SQUARES = ((LOGITS - ONE_HOT) ** 2).mean()
USUAL = {"reduction": "auto", "name": "the_loss"}
SPARSE = "SparseCategoricalCrossentropy"
TENTH = {"type": "float32", "value": 0.1}


@pytest.mark.parametrize(
    ("loss", "y", "want"),
    [
        (described(SPARSE, **USUAL, from_logits=True), LABELS, CROSSENTROPY),
        (
            described(SPARSE, **USUAL, from_logits=True, ignore_class=None,
                      fn="sparse_categorical_crossentropy"),
            LABELS, CROSSENTROPY,
        ),
        (
            described("LossFunctionWrapper", **USUAL, from_logits=True, axis=-1,
                      fn="sparse_categorical_crossentropy"),
            LABELS, CROSSENTROPY,
        ),
        (
            described("LossFunctionWrapper", **USUAL, from_logits=True, label_smoothing=0.1,
                      fn=described("function") | {"config": "categorical_crossentropy"}),
            ONE_HOT, SMOOTH_CROSSENTROPY,
        ),
        (
            described("CategoricalCrossentropy", **USUAL, from_logits=True, axis=-1,
                      fn="categorical_crossentropy", label_smoothing=TENTH),
            ONE_HOT, SMOOTH_CROSSENTROPY,
        ),
        (
            described("BinaryCrossentropy", **USUAL, from_logits=True, fn="binary_crossentropy"),
            ONE_HOT, BINARY,
        ),
        (described("MeanSquaredError", reduction="sum_over_batch_size"), ONE_HOT, SQUARES),
        (described("MeanSquaredError", reduction="sum"), ONE_HOT, 5 * SQUARES),  # Of a batch.
        ("mean_squared_error", ONE_HOT, SQUARES),
        (["mse"], ONE_HOT, SQUARES),
        ({"d": "mse"}, ONE_HOT, SQUARES),
        ({"d": described("MeanSquaredError", **USUAL)}, ONE_HOT, SQUARES),
        ([described("MeanSquaredError", **USUAL)], ONE_HOT, SQUARES),
    ],
    ids=name_of,
)  # fmt: skip
@pytest.mark.parametrize("version", ["2.3.0-tf", TF_KERAS])
def test_losses(loss, y, want, version, tmp_path):
    model = load_model(compiled(tmp_path / "m.h5", {"loss": loss}, version))
    got = model.evaluate(X, y, batch_size=5, verbose=0)
    assert got == pytest.approx(want, rel=1e-5)


ACCURACY = (LOGITS.argmax(axis=1) == LABELS).mean()
ABSOLUTE = abs(LOGITS - ONE_HOT).mean()


@pytest.mark.parametrize(
    ("metrics", "want"),
    [
        (["accuracy"], {"accuracy": ACCURACY}),
        (["acc"], {"acc": ACCURACY}),
        ([["acc", "mae"]], {"acc": ACCURACY, "mae": ABSOLUTE}),
        ({"d": "accuracy"}, {"accuracy": ACCURACY}),
        ({"d": ["accuracy", "mean_absolute_error"]},
         {"accuracy": ACCURACY, "mean_absolute_error": ABSOLUTE}),
        ([described("MeanMetricWrapper", name="accuracy", fn="categorical_accuracy")],
         {"accuracy": ACCURACY}),
        ([[described("MeanMetricWrapper", name="acc", dtype="float32", fn="categorical_accuracy"),
           described("MeanAbsoluteError", name="away", dtype="float32")]],
         {"acc": ACCURACY, "away": ABSOLUTE}),
        ([described("BinaryAccuracy", name="b", dtype="float32", threshold=0.9)],
         {"b": ((LOGITS > 0.9) == ONE_HOT).mean()}),
        ([described("MeanMetricWrapper", name="b", dtype="float32", threshold=-0.5,
                    fn="binary_accuracy")],
         {"b": ((LOGITS > -0.5) == ONE_HOT).mean()}),
        ([described("BinaryAccuracy", name="b", dtype="float32", threshold=0.9,
                    fn="binary_accuracy")],
         {"b": ((LOGITS > 0.9) == ONE_HOT).mean()}),
        (None, {}),
        ({}, {}),
    ],
    ids=name_of,
)  # fmt: skip
def test_metrics(metrics, want, tmp_path):
    path = compiled(tmp_path / "m.h5", {"loss": "mse", "metrics": metrics}, TF_KERAS)
    got = load_model(path).evaluate(X, ONE_HOT, verbose=0, return_dict=True)
    assert got.pop("loss") == pytest.approx(SQUARES, rel=1e-5)
    assert got == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize(
    ("version", "binary"),
    [("1.2.2", True), ("2.3.1", True), ("2.2.4-tf", True), ("2.3.0-tf", False), (TF_KERAS, False)],
)
@pytest.mark.parametrize("loss", ["binary_crossentropy", "bce", described("BinaryCrossentropy")])
def test_accuracy_with_a_binary_crossentropy(loss, version, binary, tmp_path):
    """Before TensorFlow 2.2 it was that of each of several outputs; then the shapes decide."""
    training = {"loss": loss, "metrics": ["acc"]}
    path = compiled(tmp_path / "m.h5", training, version, "sigmoid")
    got = load_model(path).evaluate(X, ONE_HOT, verbose=0, return_dict=True)
    want = ((LOGITS > 0) == ONE_HOT).mean() if binary else ACCURACY
    assert got["acc"] == pytest.approx(want)


@pytest.mark.parametrize(
    "training",
    [
        {"loss": "cosine_proximity"},
        {"loss": described("Circle", reduction="auto", name="c", gamma=80.0)},
        {"loss": described("MeanSquaredError", reduction="none", name="m")},
        {"loss": ["mse", "mae"]},
        {"loss": {"a": "mse", "b": "mae"}},
        {"loss": "mse", "metrics": [["acc"], ["mae"]]},
        {"loss": "mse", "metrics": {"a": "acc", "b": "mae"}},
        {"loss": "mse", "metrics": ["cosine_proximity"]},
        {"loss": "mse", "metrics": [described("MeanRelativeError", name="r", dtype="float32")]},
        {"loss": "mse", "metrics": [described("MeanMetricWrapper", name="r", fn="poison")]},
        {"loss": "mse", "metrics": [described("MeanMetricWrapper", name="r")]},
        {"loss": "mse", "optimizer_config": described("Yogi", lr=1.0, rho=0.95)},
        {"loss": "mse", "optimizer_config": described("Custom>Yogi", learning_rate=1.0)},
        {"loss": "mse", "optimizer_config": {"class_name": "TFOptimizer"}},
        {"loss": "mse", "optimizer_config": described("SGD",
            learning_rate=described("ExponentialDecay", decay_steps=10))},
        {"loss": "my_loss"},
        {"loss": described("function") | {"config": "my_loss"}},
        {"loss": described("LossFunctionWrapper", fn="my_loss", **USUAL)},
    ],
    ids=name_of,
)  # fmt: skip
def test_what_is_missing_leaves_the_rest(training, tmp_path):
    path = compiled(tmp_path / "m.h5", training)
    with pytest.raises(FileFormatError, match="compile=False"):
        load_model(path)
    np.testing.assert_allclose(
        load_model(path, compile=False).predict(X), LOGITS, rtol=1e-4, atol=1e-5
    )


def cubes(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)


@pytest.mark.parametrize("spelled", ["cubes", "pkg>cubes"])
@pytest.mark.parametrize(
    "written",
    [
        "cubes",
        "pkg>cubes",
        described("function") | {"config": "cubes", "registered_name": "pkg>cubes"},
        described("LossFunctionWrapper", fn="cubes", **USUAL),
    ],
    ids=name_of,
)
def test_functions_of_the_user(written, spelled, tmp_path):
    metric = described("MeanMetricWrapper", name="c", fn="pkg>cubes", dtype="float32")
    path = compiled(tmp_path / "m.h5", {"loss": written, "metrics": [metric]}, TF_KERAS)
    got = load_model(path, {spelled: cubes}).evaluate(X, ONE_HOT, verbose=0)
    want = (abs(LOGITS - ONE_HOT) ** 3).mean()
    assert got == pytest.approx([want, want], rel=1e-4)


def test_results_of_functions_have_the_file_s_names(tmp_path):
    path = compiled(tmp_path / "m.h5", {"loss": "mse", "metrics": ["one", "pkg>two"]})
    mine = {name: lambda y_true, y_pred: y_true - y_pred for name in ("one", "two")}
    got = load_model(path, mine).evaluate(X, ONE_HOT, verbose=0, return_dict=True)
    assert got.keys() == {"loss", "one", "two"}


# -------------------------------------------------------------------------------------- optimizers


def optimizer_of(path, config, class_name="SGD", version="2.2.4"):
    training = {"loss": "mse", "optimizer_config": described(class_name, **config)}
    return load_model(compiled(path, training, version)).optimizer


def test_old_arguments(tmp_path):
    path = tmp_path / "m.h5"
    optimizer = optimizer_of(path, {"lr": 0.25, "decay": 0.0, "momentum": 0.0, "nesterov": False})
    assert optimizer.learning_rate == 0.25
    adam = {"lr": 0.25, "beta_1": 0.9, "beta_2": 0.999, "epsilon": None, "amsgrad": False}
    assert optimizer_of(path, adam, "Adam").epsilon == 1e-7  # None was the backend's epsilon.
    assert optimizer_of(path, {"lr": {"type": "ndarray", "value": 0.25}}).learning_rate == 0.25
    newer = {
        "learning_rate": 0.25,
        "is_legacy_optimizer": False,
        "jit_compile": True,
        "use_ema": False,
        "ema_overwrite_frequency": 100,
        "ema_momentum": 0.99,
        "loss_scale_factor": 4.0,
    }
    assert optimizer_of(path, newer, "Custom>SGD", TF_KERAS).learning_rate == 0.25


def test_decay_was_a_schedule(tmp_path):
    optimizer = optimizer_of(tmp_path / "m.h5", {"lr": 0.25, "decay": 0.5})
    np.testing.assert_allclose(optimizer.rates(3), [0.25, 0.25 / 1.5, 0.25 / 2])


def test_what_changes_steps_is_said_once(tmp_path):
    config = {"lr": 0.25, "schedule_decay": 0.004, "momentum": 0.5, "nesterov": True}
    with pytest.warns(UserWarning, match="goes on without: schedule_decay=0.004 of SGD$") as caught:
        assert optimizer_of(tmp_path / "m.h5", config).momentum == 0.5
    assert len(caught) == 1
    training = {"loss": "mse", "loss_weights": {"d": 2.0}, "weighted_metrics": ["mae"]}
    model = load_model(compiled(tmp_path / "m.h5", training))
    assert [goal.factor for goal in model.goals()] == [2.0]
    assert model.metrics_names == ["loss", "mae"]


@pytest.mark.parametrize("version", ["1.2.2", "2.2.4", TF_KERAS])
def test_penalty_of_what_a_layer_gives(version, tmp_path):
    """Keras 1 and 2 added that of a whole batch; tf.keras and nnkit divide it by the rows."""
    layers = [dense("d", 3, **FIRST)]
    layers[0]["config"]["activity_regularizer"] = described("L1L2", l1=0.0, l2=0.5)
    weights = {"d": named("d", KERNEL, np.zeros(3, "float32"))}
    path = write(tmp_path / "m.h5", layers, weights, version, training={"loss": "mse"})
    if version == TF_KERAS:
        model = load_model(path)
    else:
        with pytest.warns(
            UserWarning, match="activity_regularizer=.*of Dense 'd' .it took the sum"
        ):
            model = load_model(path)
    want = SQUARES + 0.5 * (LOGITS**2).sum() / 20
    assert model.evaluate(X, ONE_HOT, verbose=0) == pytest.approx(want, rel=1e-5)


def test_clipnorm_was_that_of_all_gradients_in_keras_2(tmp_path):
    old = optimizer_of(tmp_path / "m.h5", {"lr": 0.25, "clipnorm": 1.5})
    assert (old.clipnorm, old.global_clipnorm) == (None, 1.5)
    new = optimizer_of(
        tmp_path / "m.h5", {"learning_rate": 0.25, "clipnorm": 1.5}, version=TF_KERAS
    )
    assert (new.clipnorm, new.global_clipnorm) == (1.5, None)


SHAPES = [(4, 3), (3,)]
FIRST_SLOT = [RNG.normal(size=s).astype("float32") for s in SHAPES]
SECOND_SLOT = [RNG.uniform(size=s).astype("float32") for s in SHAPES]
UNUSED = [np.zeros(1, "float32")] * 2
ADAM = {"lr": 0.5, "beta_1": 0.9, "beta_2": 0.999, "decay": 0.0, "epsilon": 1e-8}
IN_TURNS = [array for pair in zip(FIRST_SLOT, SECOND_SLOT, strict=True) for array in pair]


@pytest.mark.parametrize(
    ("class_name", "config", "version", "arrays", "iterations"),
    [
        ("Adam", ADAM, "1.2.2", [7.0, *FIRST_SLOT, *SECOND_SLOT], 7),
        ("Adam", ADAM, "2.2.4", [7, *FIRST_SLOT, *SECOND_SLOT, *UNUSED], 7),
        ("Adam", ADAM, "2.4.0", [7, *FIRST_SLOT, *SECOND_SLOT], 7),
        ("Adam", ADAM | {"is_legacy_optimizer": False}, "2.12.0", [7, *IN_TURNS], 7),
        ("SGD", {"lr": 0.5, "momentum": 0.5}, "2.2.4", [7, *FIRST_SLOT], 7),
        ("SGD", {"lr": 0.5, "momentum": 0.0}, "2.2.4", [7, *FIRST_SLOT], 7),
        ("SGD", {"lr": 0.5, "is_legacy_optimizer": False}, "2.15.0", [7, *FIRST_SLOT], 7),
        ("RMSprop", {"lr": 0.5, "rho": 0.9}, "2.2.4", SECOND_SLOT, 0),
        ("RMSprop", {"lr": 0.5, "rho": 0.9}, "2.3.1", [7, *SECOND_SLOT], 7),
    ],
)
def test_state(class_name, config, version, arrays, iterations, tmp_path):
    """Keras 2 stored all of one slot, then all of the next; warnings are errors."""
    training = {"loss": "mse", "optimizer_config": described(class_name, **config)}
    stored = [(f"o/{i}:0", array) for i, array in enumerate(arrays)]
    model = load_model(compiled(tmp_path / "m.h5", training, version, optimizer=stored))
    slots = model.optimizer_slots()
    expected = {"momentum": FIRST_SLOT, "velocity": SECOND_SLOT}
    for name in slots:
        for ours, theirs in zip(slots[name], expected[name], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert model.optimizer.iterations == iterations


def test_state_of_weights_of_one_shape(tmp_path):
    """Slots that only their order tells apart."""
    kernels = [RNG.normal(size=(4, 4)).astype("float32") for _ in range(2)]
    layers = [dense("a", 4, **FIRST), dense("b", 4)]
    for each in layers:
        each["config"]["use_bias"] = False
    weights = {n: [(f"{n}/kernel:0", k)] for n, k in zip("ab", kernels, strict=True)}
    slots = [RNG.normal(size=(4, 4)).astype("float32") for _ in range(4)]
    training = {"loss": "mse", "optimizer_config": described("Adam", **ADAM)}
    stored = [("iterations:0", np.int64(3)), *((f"o{i}", slot) for i, slot in enumerate(slots))]
    path = write(tmp_path / "m.h5", layers, weights, training=training, optimizer=stored)
    found = load_model(path).optimizer_slots()
    for name, expected in (("momentum", slots[:2]), ("velocity", slots[2:])):
        for ours, theirs in zip(found[name], expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
