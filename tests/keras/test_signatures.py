"""Every public signature against Keras's: equal defaults, and the same meaning of each position.

What differs is listed on the comparison page with its reason; the lists are read from there, so
that neither a difference nor an entry is missing.
"""

import inspect
import pathlib
import re

import pytest

import nnkit
from tests.keras.theirs import keras

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "comparison.rst"
MODULES = (
    *("layers", "losses", "optimizers", "metrics", "initializers", "regularizers", "constraints"),
    *("callbacks", "activations", "ops", "utils", "config"),
)
# What a model and a callback inherit is compared as well; of the others, the constructor.
METHODS = {"Sequential": nnkit.Sequential, "callbacks.Callback": nnkit.callbacks.Callback}
REQUIRED = inspect.Parameter.empty


def pairs():
    """All that both have, by name: ours and theirs."""
    found = {
        "Sequential": (nnkit.Sequential, keras.Sequential),
        "Input": (nnkit.Input, keras.Input),
        "load_model": (nnkit.load_model, keras.models.load_model),
    }
    for module in MODULES:
        ours, theirs = getattr(nnkit, module), getattr(keras, module)
        for name in dir(ours):
            public = not name.startswith("_") and hasattr(theirs, name)
            if public and callable(getattr(ours, name)):
                found[f"{module}.{name}"] = getattr(ours, name), getattr(theirs, name)
    for owner, cls in METHODS.items():
        for name, member in inspect.getmembers(cls, inspect.isfunction):
            if not name.startswith("_") and hasattr(found[owner][1], name):
                found[f"{owner}.{name}"] = member, getattr(found[owner][1], name)
    return found


def parameters(function):
    """The parameters by name, of a class those that it passes on to its bases included."""
    if not isinstance(function, type):
        known = inspect.signature(function).parameters
        return {name: p for name, p in known.items() if name != "self"}
    found = {}
    for base in function.__mro__:
        if "__init__" not in vars(base):
            continue
        here = inspect.signature(base.__init__).parameters
        for name, parameter in here.items():
            passed_on = bool(found) and name not in found
            found.setdefault(
                name, parameter.replace(kind=parameter.KEYWORD_ONLY) if passed_on else parameter
            )
        if not any(p.kind is p.VAR_KEYWORD for p in here.values()):
            break
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {n: p for n, p in found.items() if n != "self" and p.kind not in variable}


def plain(name, function, value):
    """A default such that equal ones are equal: a number for pairs of it, small letters."""
    if name == "name" and value is None and isinstance(function, type):
        named = getattr(function, "stands_for", function).__name__
        return re.sub(r"(?<!^)(?=[A-Z])", "_", named).lower()
    if isinstance(value, tuple) and value and len(set(value)) == 1:
        return value[0]
    if isinstance(value, str):
        return value.lower()
    return value


def default_differences():
    """``name(parameter)`` of all defaults that differ, with ours and theirs.

    A default where Keras has none is no difference: whoever gives the argument gets the same.
    """
    found = {}
    for name, (ours, theirs) in pairs().items():
        known = parameters(theirs)
        for key, parameter in parameters(ours).items():
            if key not in known or known[key].default is REQUIRED:
                continue
            values = parameter.default, known[key].default
            mine, other = (plain(key, f, v) for f, v in zip((ours, theirs), values, strict=True))
            if mine != other:
                shown = ("required" if v is REQUIRED else repr(v) for v in values)
                found[f"{name}({key})"] = tuple(shown)
    return found


def positional(function):
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, p in parameters(function).items() if p.kind in kinds]


def order_differences():
    """``name`` of all whose n-th argument is another than Keras's n-th, with both."""
    found = {}
    for name, (ours, theirs) in pairs().items():
        for mine, other in zip(positional(ours), positional(theirs), strict=False):
            if mine != other:
                found[name] = mine, other
                break
    return found


def listed(title):
    """The rows of a list-table of the page: the first cell, and the next two."""
    table = PAGE.read_text().split(f".. list-table:: {title}\n")[1].split("\n\n", 2)[1]
    rows = [
        re.findall(r"^   [* ] - ?(.*)$", row, re.M)
        for row in re.split(r"(?=^   \* -)", table, flags=re.M)
    ]
    rows = [[cell.strip().strip("`") for cell in row] for row in rows if row]
    assert all(len(row) == 4 and row[3] for row in rows), "each has a reason"
    return {row[0]: (row[1], row[2]) for row in rows[1:]}


@pytest.mark.parametrize(
    ("title", "found"),
    [("Defaults", default_differences), ("Order of arguments", order_differences)],
)
def test_differences_are_those_on_the_page(title, found):
    assert found() == listed(title)


# What programs call most: nnkit takes every argument of these. Those that are not there yet:
COMPLETE = (
    *("Input", "load_model", "layers.Layer", "Sequential.add_weight"),
    *(f"Sequential.{name}" for name in ["compile", "fit", "evaluate", "predict", "summary"]),
    *(f"Sequential.{name}" for name in ["save", "save_weights", "load_weights"]),
    *(f"Sequential.{name}_on_batch" for name in ("train", "test", "predict")),
)
COMING = {"steps_per_epoch", "validation_steps", "steps"}


def test_no_argument_is_lacking():
    found = pairs()
    for name in COMPLETE:
        mine, theirs = (set(parameters(f)) - {"args", "autocast", "kwargs"} for f in found[name])
        assert theirs - mine <= COMING, name


def test_much_is_compared():
    names = pairs()
    assert len(names) > 250
    assert {"Sequential.fit", "ops.concatenate", "optimizers.Adam", "layers.LSTM"} <= names.keys()
    assert "activity_regularizer" in parameters(nnkit.layers.LSTM)
    assert "weight_decay" in parameters(nnkit.optimizers.SGD)
