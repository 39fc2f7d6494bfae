"""Generated kernels and those of nnkit.symbolic in the simulator against the CPU's."""

import copy

import numpy as np
import pytest
from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

import nnkit
from nnkit.kernels._jit import Kernel
from nnkit.kernels.generated import loops
from nnkit.symbolic import config
from tests.cuda import expressions, test_functions
from tests.cuda.simulator import compare as trains_alike
from tests.cuda.test_symbolic import Attention, Normalized, crossentropy, hits, largest
from tests.cuda.test_training import Swish
from tests.helpers import launch_on_cpu

# A device gives infinity or NaN in silence where NumPy's numbers, which these are here, warn.
pytestmark = pytest.mark.filterwarnings(
    "ignore:(divide by zero|invalid value|overflow):RuntimeWarning"
)


def on_device(argument):
    """An argument that is not copied."""
    return FakeCUDAArray(argument) if isinstance(argument, np.ndarray) else argument


def compare(made):
    """What the twin writes, with what the CPU's kernel has written."""
    kernel, arguments, out = made
    expected = out.copy()
    before = [np.array(a) for a in arguments]
    out.fill(np.nan if out.dtype.kind == "f" else 111)
    kernel.cuda(*map(on_device, arguments))
    tolerance = 1e-12 if out.dtype == np.float64 else 2e-6
    np.testing.assert_allclose(out, expected, tolerance, tolerance)
    for argument, old in zip(arguments[:-1], before, strict=False):
        np.testing.assert_array_equal(argument, old)


@pytest.mark.parametrize("name", expressions.FUNCTIONS)
def test_function(name):
    for dtype in ("float32", "int32"):
        made = expressions.function(name, dtype)
        if made is not None:
            compare(made)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shapes", expressions.BROADCASTS, ids=str)
def test_broadcasting(shapes, order):
    compare(expressions.mixed(shapes, order=order))


@pytest.mark.parametrize(("shapes", "axes"), expressions.SUMS, ids=str)
def test_sum(shapes, axes):
    compare(expressions.mixed(shapes, axes))


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8"])
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)], ids=str)
def test_sum_of_another_type(axes, dtype):
    compare(expressions.mixed([(9, 11), (1, 11)], axes, dtype))


def test_casts():
    compare(expressions.casts())


def test_in_place():
    kernel, arguments, values = expressions.in_place()
    assert kernel.updates == {"y"}
    expected = values - np.float32(0.5)
    kernel.cuda(*arguments)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_loops(dtype):
    for kernel, arguments in expressions.loops_of(dtype):
        twin = list(map(on_device, copy.deepcopy(arguments)))
        launch_on_cpu(kernel, arguments)
        kernel.cuda(*twin)
        for mine, want in zip(twin, arguments, strict=True):
            if isinstance(want, np.ndarray):
                np.testing.assert_allclose(
                    mine.copy_to_host(), want, 1e-6, 1e-6, err_msg=kernel.name
                )


def test_all_loops_are_covered():
    names = {name for name, kernel in vars(loops).items() if isinstance(kernel, Kernel)}
    assert names == {kernel.name for kernel, _ in expressions.loops_of("float32")}


@pytest.mark.parametrize("layer", [Swish, Normalized, Attention])
def test_training(layer, rng):
    """With a loss and metrics by expression."""

    def make():
        parts = [nnkit.layers.Dense(4), layer(), nnkit.layers.Dense(3, activation="softmax")]
        made = nnkit.Sequential([nnkit.Input((3,)), *parts])
        made.compile(nnkit.optimizers.SGD(0.1), crossentropy, metrics=[hits, largest])
        return made

    x, y = rng.normal(size=(5, 3)).astype(np.float32), np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 2]]
    trains_alike(make, x, y)


def test_a_function(monkeypatch):
    """Trains on slices of shared data."""
    monkeypatch.setattr(config, "floatX", "float32")
    outcomes = []
    for device in ("cpu", "cuda"):
        nnkit.set_device(device)
        train, evaluate, weights = test_functions.network()
        values = [train(0), train(1), *evaluate(test_functions.X[:4], test_functions.Y[:4])]
        outcomes.append([*values, *(w.get_value() for w in weights)])
    for mine, theirs in zip(*outcomes, strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_allclose(mine, theirs, 1e-5, 1e-6)
