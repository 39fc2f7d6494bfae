"""Every script in examples/ runs, and does what it is for.

An example that trains a network has a ``main`` with at least ``epochs`` and ``output_dir``
among its parameters, which returns the accuracy on the test images, or what stands for it. Those
called ``symbolic_*`` are programs in Theano's manner; each has a test of its own.
"""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
SYMBOLIC = [path for path in EXAMPLES if path.stem.startswith("symbolic_")]

# What three epochs on the small set reach, where it is not most of the test images: the share of
# the noise that is removed; what twenty images of five digits teach; sums of numbers as text; and
# how much of the test images' variance two numbers an image explain.
FLOORS = {
    "denoising_autoencoder": 0.75,
    "transfer_learning": 0.6,
    "addition_seq2seq": 0.4,
    "variational_autoencoder": 0.18,
}

# Weights and output of each iteration, as they were published.
FOUR_WEIGHTS = """
[19.94 20.09 19.99 20.14] 0.8
[23.908 24.058 23.958 24.108] 80.16
[24.7016 24.8516 24.7516 24.9016] 96.032
[24.86032 25.01032 24.91032 25.06032] 99.2064
[24.892064 25.042064 24.942064 25.092064] 99.84128
[24.8984128 25.0484128 24.9484128 25.0984128] 99.968256
[24.89968256 25.04968256 24.94968256 25.09968256] 99.9936512
[24.89993651 25.04993651 24.94993651 25.09993651] 99.99873024
[24.8999873 25.0499873 24.9499873 25.0999873] 99.999746048
[24.89999746 25.04999746 24.94999746 25.09999746] 99.9999492096
"""


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def symbolic(monkeypatch):
    """The main of an example by its name, less what all those names begin with."""
    monkeypatch.delenv("NNKIT_DATA_DIR", raising=False)
    examples = {path.stem.removeprefix("symbolic_"): path for path in SYMBOLIC}
    return lambda name: load(examples[name]).main


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if path not in SYMBOLIC], ids=lambda path: path.stem
)
def test_example(path, tmp_path, monkeypatch):
    monkeypatch.delenv("NNKIT_DATA_DIR", raising=False)  # The small set that ships is enough.
    accuracy = load(path).main(epochs=3, output_dir=tmp_path)
    assert accuracy > FLOORS.get(path.stem, 0.85)


def test_every_symbolic_example_has_a_test():
    tests = {name.removeprefix("test_symbolic_") for name in globals()}
    assert {path.stem.removeprefix("symbolic_") for path in SYMBOLIC} <= tests


def test_symbolic_matrix_times_vector(symbolic, capsys):
    assert symbolic("matrix_times_vector")().tolist() == [17, 39]
    assert "it is [17. 39.]" in capsys.readouterr().out


def test_symbolic_minimise(symbolic, capsys):
    x = symbolic("minimise")()
    assert x == pytest.approx(-0.5, abs=1e-8)
    printed = capsys.readouterr().out
    assert " 0: cost 421.000000\n 1: cost 67.990000\n" in printed  # At x = 20, then at 7.7.
    assert "x = -0.500000" in printed


def test_symbolic_four_weights(symbolic, capsys):
    outputs, _ = symbolic("four_weights")()
    lines = [
        re.fullmatch(r"(\[.*\]) (.*)", line).groups() for line in FOUR_WEIGHTS.split("\n")[1:-1]
    ]
    printed = re.findall(r"weights (\[.*\]), output (.*)", capsys.readouterr().out)
    assert printed == lines
    np.testing.assert_allclose(outputs, [float(output) for _, output in lines], rtol=1e-12)


def test_symbolic_mnist(symbolic, capsys):
    accuracy = symbolic("mnist")(epochs=5, batch_size=250, print_period=20)
    assert accuracy > 0.85
    printed = re.findall(r"cost (.*), errors (.*)%", capsys.readouterr().out)
    costs, errors = np.array(printed, float).T
    assert costs[-1] < costs[0] / 2
    assert errors[-1] < 15
