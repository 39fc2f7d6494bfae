"""Every script in examples/ runs, and learns.

An example has a ``main`` with at least ``epochs`` and ``output_dir`` among its parameters, which
returns the accuracy on the test images.
"""

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path, tmp_path, monkeypatch):
    monkeypatch.delenv("NNKIT_DATA_DIR", raising=False)  # The small set that ships is enough.
    accuracy = load(path).main(epochs=3, output_dir=tmp_path)
    assert accuracy > 0.85
