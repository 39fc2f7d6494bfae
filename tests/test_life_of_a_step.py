"""The figures of docs/life_of_a_step.rst: what a reader reads from ``fit`` to a kernel and back.

The page lists functions, file by file, and says how many lines and files they are at most. Here
their code lines are counted, without blank lines, comments and docstrings, and a step is watched:
nothing may run in it that the page doesn't name.
"""

import ast
import io
import re
import sys
import tokenize
from pathlib import Path

import numpy as np
import pytest

import nnkit
from nnkit.layers import Dense, Input, Tanh
from nnkit.training import loops

ROOT = Path(nnkit.__file__).parents[1]
PAGE = ROOT / "docs" / "life_of_a_step.rst"
# Functions between the loop over batches and a layer: session, step, record, batch, network.
MOST_CALLS = 5


def section(title):
    """What the page says under a title, and the block of text that follows."""
    found = re.search(
        rf"^{title}\n[-~]+\n(.*?)::? text\n\n(.*?)\n\n\S", PAGE.read_text(), re.M | re.S
    )
    return found.groups()


def listed(title):
    """The block of text under a title of the page: its words, by the file that they begin with."""
    found = {}
    for line in section(title)[1].splitlines():
        first, *names = line.replace(",", " ").split()
        if first.startswith("nnkit/"):
            path = found.setdefault(first, [])
        path += names if first.startswith("nnkit/") else [first, *names]
    return found


LISTS = ("Dense and Tanh", "The loss")
ASIDE = listed("Along the way")
COUNTED = [
    (path, name) for title in LISTS for path, names in listed(title).items() for name in names
]


def functions(path):
    """Every function of a file by its name, methods as ``Class.method``."""

    found = {}  # Of a property and what sets it, the property.

    def look(node, prefix):
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, (ast.FunctionDef, ast.ClassDef))
            if named:
                found.setdefault(f"{prefix}{child.name}", child)
            look(child, f"{prefix}{child.name}." if named else prefix)

    look(ast.parse((ROOT / path).read_text()), "")
    return found


def is_aside(path, name):
    """Whether the page says to leave a function for later, or its file, or its folder."""
    if path in ASIDE:
        return name in (ASIDE[path] or [name])
    counted = {path for path, _ in COUNTED}
    return path not in counted and any(path.startswith(folder) for folder in ASIDE)


def code_lines(path, name):
    """Numbers of the lines of a function that hold code."""
    node = functions(path)[name]
    documentation = {
        line
        for inner in ast.walk(node)
        if isinstance(inner, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(inner)
        for line in range(inner.body[0].lineno, inner.body[0].end_lineno + 1)
    }
    empty = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    tokens = tokenize.generate_tokens(io.StringIO((ROOT / path).read_text()).readline)
    code = {
        line
        for token in tokens
        if token.type not in empty
        for line in range(token.start[0], token.end[0] + 1)
    }
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return code.intersection(range(first, node.end_lineno + 1)) - documentation


@pytest.mark.parametrize("title", LISTS)
def test_a_step_is_short_to_read(title):
    said = re.search(r"At most (\d+) lines of code in (\d+) files", section(title)[0])
    lines = {
        path: len(set().union(*(code_lines(path, name) for name in names)))
        for path, names in listed(title).items()
    }
    assert sum(lines.values()) <= int(said[1]), lines
    assert len(lines) <= int(said[2]), lines


@pytest.fixture(scope="module")
def seen():
    """What runs in a ``fit`` of Dense and Tanh: functions, kernels, and the ways to Dense."""
    model = nnkit.Sequential([Input((8,)), Dense(4), Tanh()])
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(70, n)).astype(np.float32) for n in (8, 4))
    model.predict(x)
    vars(nnkit.launch).clear()  # Kernels are looked up by name once a process.
    ran, ways = set(), []

    def profile(frame, event, argument):
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(str(ROOT / "nnkit")):
            return
        way, outer = [], frame
        while outer is not None and outer.f_code is not loops.fit.__code__:
            way.append(outer.f_code.co_name)
            outer = outer.f_back
        if outer is None:
            return
        name = code.co_qualname.partition(".<locals>")[0]
        if not name.startswith("<"):
            ran.add((str(Path(code.co_filename).relative_to(ROOT)), name))
        if code.co_name == "execute":
            kernel = frame.f_locals["kernel"].function
            path = Path(kernel.__code__.co_filename).relative_to(ROOT)
            ran.add((str(path), kernel.__name__))
        if code is Dense.forward.__code__:
            ways.append(way[1 : way.index(loops._train_epoch.__name__)])

    sys.setprofile(profile)
    try:
        model.fit(x, y, epochs=3, verbose=0)
    finally:
        sys.setprofile(None)
    return ran, ways


def test_what_runs_in_a_step_is_what_the_page_names(seen):
    ran, _ = seen
    counted = set(COUNTED)
    assert len(counted) == len(COUNTED)
    assert counted - ran == set()
    assert {(path, name) for path, name in ran - counted if not is_aside(path, name)} == set()


def test_few_calls_lead_to_a_layer(seen):
    _, ways = seen
    assert len(ways) == 4  # Two Python steps for each of two batch shapes.
    assert all(len(way) <= MOST_CALLS for way in ways), ways
