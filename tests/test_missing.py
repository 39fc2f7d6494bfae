"""What a script reads that asks for something nnkit lacks."""

import importlib
import re
import subprocess
import sys

import pytest

import nnkit
from nnkit.missing import missing

PAGE = re.escape("What Keras has and nnkit lacks is listed in the manual, docs/comparison.rst")
PACKAGES = [name for name in nnkit.__all__ if type(getattr(nnkit, name)) is type(nnkit)]


@pytest.mark.parametrize("package", ["nnkit", *(f"nnkit.{name}" for name in PACKAGES)])
def test_every_package_says_where_to_look(package):
    module = importlib.import_module(package)
    assert not hasattr(module, "Xyzzyx")
    assert not hasattr(module, "__xyzzy__")
    assert getattr(module, "Xyzzyx", 7) == 7
    with pytest.raises(AttributeError, match=rf"^{package} has no 'Xyzzyx'\. {PAGE}"):
        module.Xyzzyx  # noqa: B018
    with pytest.raises(ImportError, match=rf"^{package} has no 'Xyzzyx'\. {PAGE}"):
        exec(f"from {package} import Xyzzyx")
    exec(f"from {package} import *")


@pytest.mark.parametrize(
    ("package", "name", "hint"),
    [
        ("nnkit", "Dense", r"; it is nnkit\.layers\.Dense$"),
        ("nnkit", "layer", r"; did you mean 'layers'\?"),
        ("nnkit.models", "Sequentail", "; did you mean 'Sequential'"),
        ("nnkit.layers", "JaxLayer", ": it wraps a part of another framework$"),
        ("nnkit.layers", "Conv9D", rf"; did you mean 'Conv\dD'\? {PAGE}"),
        ("nnkit.layers", "EarlyStopping", r"; it is nnkit\.callbacks\.EarlyStopping$"),
        ("nnkit.losses", "mean_sqared_error", r"; did you mean 'mean_squared_error'\?"),
        ("nnkit.optimizers", "Xyzzyx", PAGE),
    ],
)
def test_hints(package, name, hint):
    message = rf"^{package} has no '{name}'.*{hint}"
    with pytest.raises(AttributeError, match=message):
        getattr(importlib.import_module(package), name)
    with pytest.raises(ImportError, match=message):
        exec(f"from {package} import {name}")


def test_among_many_names():
    """In a long list, the instruction's argument is larger than a byte."""
    names = ", ".join(f"get as get_{i}" for i in range(300))
    with pytest.raises(ImportError, match=r"nnkit\.layers has no 'ConvLSTM9D'"):
        exec(
            f"from nnkit.losses import {names}\nfrom nnkit.layers import ConvLSTM9D as a_{'x' * 9}"
        )


@pytest.mark.parametrize("name", ["cuda", "ops", "preprocessing", "symbolic", "wrappers"])
def test_imported_on_demand(name):
    code = f"""if True:
        import sys, nnkit
        assert "nnkit.{name}" not in sys.modules
        assert nnkit.{name} is sys.modules["nnkit.{name}"]
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_catalogue_is_imported_on_demand():
    """Strings, files and pickles name classes that nothing has imported yet."""
    code = """if True:
        import sys, nnkit
        parts = "layers.dense layers.conv2d metrics.auc_metric optimizers.adam saving.reader"
        there = lambda: [part for part in parts.split() if "nnkit." + part in sys.modules]
        assert there() == [], there()
        nnkit.optimizers.get("adam")
        nnkit.layers.deserialize({"class_name": "Dense", "config": {"units": 3}})
        assert there() == ["layers.dense", "optimizers.adam"], there()
        assert nnkit.metrics.get(lambda y_true, y_pred: y_pred[:, 0]).name == "<lambda>"
        assert nnkit.activations.get(lambda x: 2 * x).name == "lambda"
        assert there() == ["layers.dense", "optimizers.adam"], there()
        assert nnkit.layers.deserialize({"class_name": "MaxPool2D", "config": {}}).pool_size
        assert nnkit.metrics.get("mse").name == "mse"
        try:
            @nnkit.saving.register
            class Conv2D(nnkit.layers.Layer):
                pass
        except ValueError as error:
            assert "'Conv2D' is registered already (nnkit.layers.conv2d)" in str(error), error
        else:
            raise AssertionError
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_package_without_its_source():
    with pytest.raises(ImportError, match=r"itertools .* install it with its \.py files"):
        missing("itertools")


def test_a_second_import_after_ctrl_c_in_the_first(monkeypatch):
    """Modules whose import was done are there already, and Python doesn't bind their names."""
    monkeypatch.delattr(nnkit, "forks")
    found = {}
    exec("from nnkit import forks", found)
    assert found["forks"] is sys.modules["nnkit.forks"]
