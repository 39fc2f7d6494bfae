"""Every public name of Keras 3 is here, or is listed as left out, with a reason."""

import importlib
import inspect

import pytest

from nnkit.left_out import LEFT_OUT, reason
from tests.keras.theirs import keras

PACKAGES = (
    *("layers", "losses", "metrics", "optimizers", "optimizers.schedules", "callbacks"),
    *("activations", "initializers", "regularizers", "constraints", "ops", "utils", "models"),
    *("datasets", "preprocessing", "preprocessing.sequence", "preprocessing.image"),
    *("backend", "config", "random", "saving"),
)


def of_keras(package):
    found = keras
    for part in package.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_missing_is_listed(package):
    ours = importlib.import_module(f"nnkit.{package}")
    theirs = {name for name in dir(of_keras(package)) if not name.startswith("_")}
    listed = {name for names in LEFT_OUT.get(package, {}) for name in names.split()}
    assert {name for name in theirs if not hasattr(ours, name)} == listed
    assert all(reason(package, name) for name in listed)


def test_no_list_is_without_a_package():
    assert LEFT_OUT.keys() <= set(PACKAGES)


def test_what_both_have_is_of_one_kind():
    """A class is a class, a function can be called, a module is a module."""
    for package in PACKAGES:
        ours, theirs = importlib.import_module(f"nnkit.{package}"), of_keras(package)
        for name in dir(theirs):
            if name.startswith("_") or not hasattr(ours, name):
                continue
            mine, other = getattr(ours, name), getattr(theirs, name)
            assert inspect.ismodule(mine) == inspect.ismodule(other), f"{package}.{name}"
            assert callable(mine) == callable(other), f"{package}.{name}"
