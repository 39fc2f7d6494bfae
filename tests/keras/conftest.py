"""nnkit against Keras 3 on JAX, from the lists of everything in ``tests/layers/catalogue.py``."""

import pytest


@pytest.fixture
def files(tmp_path):
    """Names for files, each another."""
    numbers = iter(range(10))
    return lambda: tmp_path / f"{next(numbers)}.h5"
