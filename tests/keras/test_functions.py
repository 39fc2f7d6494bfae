"""Names and values of the functions of keras.losses and keras.metrics, and of all small names."""

import inspect
import types

import numpy as np
import pytest

import nnkit
from tests.keras.theirs import QUIET, assert_close, keras

pytestmark = QUIET

PACKAGES = [
    "activations",
    "callbacks",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "regularizers",
    "utils",
]
P = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.15], [0.7, 0.1, 0.1]], np.float32)
T = np.array([[0, 1, 0], [0, 0, 1], [0, 1, 0]], np.float32)
LABELS = T.argmax(axis=1)
STEPS = np.stack([P, P[::-1]]), np.stack([T, T])
DENSE = [(T, P), (T[0], P[0]), STEPS[::-1], (T[:, 0], P[:, :1]), (T[:, :1], P[:, 0])]
SPARSE = [(LABELS, P), (LABELS[:, None], P), (np.stack([LABELS, LABELS]), STEPS[0])]
STEPPED = [STEPS[::-1]]
ROWWISE = [
    *("mean_absolute_percentage_error", "mean_squared_logarithmic_error", "huber", "log_cosh"),
    "cosine_similarity",
]
# Keras broadcasts (n,) and (n, 1) to (n, n) there.
NOT_SQUEEZED = ["kl_divergence", "poisson", "hinge", "squared_hinge", "categorical_hinge"]
FUNCTIONS = ["CustomObjectScope", "Input", "custom_object_scope"]  # Classes of Keras's.
WEIGHTS = np.array([0.5, 0.0, 2.0], np.float32)
REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", None, "none"]


@pytest.mark.parametrize("package", PACKAGES)
def test_names_mean_the_same(package):
    """No module of nnkit's is where Keras has a function or a class, and aliases are aliases."""
    theirs, ours = getattr(keras, package), getattr(nnkit, package)
    for name, value in vars(theirs).items():
        mine = getattr(ours, name, None)
        if name.startswith("_") or mine is None or isinstance(value, types.ModuleType):
            continue
        assert callable(mine), name
        assert mine.__name__ in (name, value.__name__, "custom_objects"), name
        assert inspect.isclass(mine) == inspect.isclass(value) or name in FUNCTIONS, name


@pytest.mark.parametrize("package", ["constraints", "initializers", "layers", "losses", "metrics"])
def test_what_is_there_has_all_its_names(package):
    theirs, ours = getattr(keras, package), getattr(nnkit, package)
    missing = [
        name
        for name, value in vars(theirs).items()
        if inspect.isclass(value) and hasattr(ours, value.__name__) and not hasattr(ours, name)
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("name", "options", "cases"),
    [
        ("losses.mean_squared_error", {}, DENSE),
        ("losses.mean_absolute_error", {}, DENSE),
        ("losses.binary_crossentropy", {}, DENSE[:3]),
        ("losses.binary_crossentropy", {"from_logits": True}, DENSE[:3]),
        ("losses.binary_crossentropy", {"label_smoothing": 0.2}, DENSE[:3]),
        ("losses.categorical_crossentropy", {}, DENSE[:3]),
        ("losses.categorical_crossentropy", {"from_logits": True}, DENSE[:3]),
        ("losses.categorical_crossentropy", {"label_smoothing": 0.2}, DENSE[:3]),
        ("losses.sparse_categorical_crossentropy", {}, SPARSE),
        ("losses.sparse_categorical_crossentropy", {"from_logits": True}, SPARSE),
        *((f"losses.{name}", {}, DENSE) for name in ROWWISE),
        *((f"losses.{name}", {}, DENSE[:3]) for name in NOT_SQUEEZED),
        ("losses.huber", {"delta": 0.3}, DENSE),
        ("losses.dice", {}, DENSE[:3]),
        ("losses.dice", {"axis": (1, 2)}, STEPPED),
        ("losses.tversky", {"alpha": 0.3, "beta": 0.9, "axis": -1}, DENSE[:3]),
        ("losses.binary_focal_crossentropy", {"apply_class_balancing": True}, DENSE[:3]),
        ("losses.binary_focal_crossentropy", {"from_logits": True, "gamma": 0.5}, DENSE[:3]),
        ("losses.categorical_focal_crossentropy", {"label_smoothing": 0.2}, DENSE[:3]),
        ("losses.categorical_focal_crossentropy", {"from_logits": True}, DENSE[:3]),
        ("losses.sparse_categorical_crossentropy", {"ignore_class": 2}, SPARSE[::2]),
        ("losses.ctc", {}, [(LABELS[None, :2], STEPS[0][:1])]),
        ("metrics.top_k_categorical_accuracy", {"k": 2}, DENSE[:3]),
        ("metrics.sparse_top_k_categorical_accuracy", {"k": 2}, SPARSE[::2]),
        ("metrics.pearson_correlation", {}, DENSE[:3]),
        ("metrics.concordance_correlation", {}, DENSE[:3]),
        ("metrics.binary_accuracy", {}, DENSE),
        ("metrics.binary_accuracy", {"threshold": 0.25}, DENSE),
        ("metrics.categorical_accuracy", {}, DENSE[:3]),
        ("metrics.sparse_categorical_accuracy", {}, SPARSE),
    ],
)
def test_values(name, options, cases):
    package, name = name.split(".")
    ours, theirs = (getattr(getattr(m, package), name) for m in (nnkit, keras))
    for y_true, y_pred in cases:
        expected = np.asarray(theirs(y_true, y_pred, **options))
        found = ours(y_true, y_pred, **options)
        assert np.shape(found) == expected.shape
        assert_close(found, expected)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_reductions(reduction, weights):
    """Of losses of rows, of samples, and with rows that are not counted."""
    for name, options, y_true, y_pred in [
        ("MeanSquaredError", {}, T, P),
        ("Huber", {"delta": 0.2}, T, P),
        ("SparseCategoricalCrossentropy", {"ignore_class": 2}, LABELS, P),
        ("Dice", {"axis": 1}, T, P),
    ]:
        ours, theirs = (
            getattr(m.losses, name)(**options, reduction=reduction)(y_true, y_pred, weights)
            for m in (nnkit, keras)
        )
        assert np.shape(ours) == np.shape(theirs), name
        assert_close(ours, np.asarray(theirs))


@pytest.mark.parametrize("reduction", REDUCTIONS[1:4])
@pytest.mark.parametrize("masked", [False, True])
def test_reductions_in_training(reduction, masked, rng):
    """Batches of several sizes, with weights of steps; metrics don't depend on the reduction."""
    x = rng.normal(size=(5, 4, 3)).astype(np.float32)
    if masked:
        x[rng.uniform(size=(5, 4)) < 0.3] = 0
    y = rng.normal(size=(5, 4, 2)).astype(np.float32)
    weights = rng.uniform(size=(5, 4)).astype(np.float32)
    kernel = rng.normal(size=(3, 2)).astype(np.float32)
    results = []
    for m in (nnkit, keras):
        dense = m.layers.Dense(2, use_bias=False)
        model = m.Sequential([m.Input((4, 3)), m.layers.Masking(), dense])
        dense.set_weights([kernel])
        loss = m.losses.MeanSquaredError(reduction=reduction)
        model.compile(m.optimizers.SGD(0.1), loss, metrics=["mae"], weighted_metrics=["mse"])
        history = model.fit(x, y, 2, 2, shuffle=False, verbose=0, sample_weight=weights).history
        found = [history["loss"], dense.get_weights()[0]]
        # Keras's metrics count masked steps, as opposed to its losses.
        results.append(found if masked else [*found, history["mae"], history["mse"]])
    for ours, theirs in zip(*results, strict=True):
        assert_close(ours, np.asarray(theirs))
