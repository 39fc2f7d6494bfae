"""Whatever is listed trains in the simulator as on the CPU: two batches and a smaller one."""

import pytest

import nnkit
from nnkit import optimizers
from tests.cuda.simulator import compare
from tests.layers.catalogue import (
    ACTIVATIONS,
    CONSTRAINTS,
    LAYERS,
    LOSSES,
    OPTIMIZERS,
    REGULARIZERS,
    again,
    label,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:(divide by zero|invalid value|overflow):RuntimeWarning"
)
PARTS = [("activation", name) for name in ACTIVATIONS]
PARTS += [("kernel_regularizer", made) for made in REGULARIZERS]
PARTS += [("kernel_constraint", made) for made in CONSTRAINTS]


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_layer(case, rng):
    batch = case.batch or 2
    x, y = case.data(rng, 2 * batch if case.batch else 5)
    compare(lambda: case.model(optimizers.SGD(0.1)), x, y, batch)


@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_loss(case, rng):
    last = None
    if case.predictions == "probabilities":
        last = "sigmoid" if case.loss.name == "binary_crossentropy" else "softmax"
    metric = "accuracy" if "crossentropy" in case.loss.name else "mae"

    def make():
        model = nnkit.Sequential([nnkit.Input((3,)), nnkit.layers.Dense(4, activation=last)])
        model.compile(optimizers.SGD(0.1), again(case.loss), metrics=[metric])
        return model

    compare(make, rng.normal(size=(3, 3)), case.y_true)


def one_dense(rng, optimizer, **options):
    def make():
        parts = {option: again(made) for option, made in options.items()}
        model = nnkit.Sequential([nnkit.Input((3,)), nnkit.layers.Dense(2, **parts)])
        model.compile(again(optimizer), "mse")
        return model

    compare(make, rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=label)
def test_optimizer(optimizer, rng):
    one_dense(rng, optimizer)


@pytest.mark.parametrize(("option", "made"), PARTS, ids=label)
def test_part(option, made, rng):
    one_dense(rng, optimizers.SGD(0.1), **{option: made})
