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


@pytest.mark.parametrize("package", PACKAGES)
def test_names_mean_the_same(package):
    """No module of nnkit's is where Keras has a function or a class, and aliases are aliases."""
    theirs, ours = getattr(keras, package), getattr(nnkit, package)
    for name, value in vars(theirs).items():
        mine = getattr(ours, name, None)
        if name.startswith("_") or mine is None or isinstance(value, types.ModuleType):
            continue
        assert callable(mine), name
        assert mine.__name__ in (name, value.__name__), name
        assert inspect.isclass(mine) == inspect.isclass(value) or name == "Input", name


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
