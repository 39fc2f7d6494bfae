"""Optimizers, losses, regularizers and constraints against Keras's: training goes on over there."""

import numpy as np
import pytest

import nnkit
from nnkit import losses, optimizers
from tests.keras.theirs import QUIET, assert_close, jax, keras, loaded_to_train
from tests.layers.catalogue import CONSTRAINTS, LOSSES, OPTIMIZERS, REGULARIZERS, again, label

pytestmark = QUIET

CASES = [case for case in LOSSES if not isinstance(case.keras, str)]


def network(optimizer, loss, last=None, **options):
    """A small model with a kernel that is regularized or bound."""
    nnkit.utils.set_random_seed(5)
    dense = nnkit.layers.Dense
    hidden = dense(5, activation="tanh", **options)
    model = nnkit.Sequential([nnkit.Input((3,)), hidden, dense(4, activation=last)])
    model.compile(again(optimizer), loss)
    return model


def go_on(ours, theirs, x, y):
    """Five steps of each, with the same results."""
    for _ in range(5):
        assert_close(ours.train_on_batch(x, y), theirs.train_on_batch(x, y))
    for mine, value in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_close(mine, value)


def there_and_back(ours, x, y, files):
    """Five steps here, five on both sides, back by a file of Keras's, five more."""
    for _ in range(5):
        ours.train_on_batch(x, y)
    path, back = files(), files()
    ours.save(path)
    theirs = loaded_to_train(path)
    go_on(ours, theirs, x, y)
    if isinstance(ours.optimizer, optimizers.Adafactor):
        return  # Keras writes its r and c under one name, which HDF5 refuses.
    theirs.save(back)
    go_on(nnkit.load_model(back), theirs, x, y)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=label)
def test_optimizer(optimizer, rng, files):
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 4))
    there_and_back(network(optimizer, "mse"), x, y, files)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_loss(case, rng, files):
    """Its value, its gradient, and training with it."""
    y_pred = case.outputs(rng).astype(np.float32)
    config = {"class_name": type(case.loss).__name__, "config": case.loss.get_config()}
    theirs = keras.losses.deserialize(config)
    value, slope = jax.value_and_grad(lambda p: theirs(case.y_true, p))(y_pred)
    assert_close(case.loss(case.y_true, y_pred), value)
    prepared = case.loss.prepare(case.y_true, y_pred.shape)
    prepared = prepared.astype(case.loss.target_dtype("float32"))
    case.loss.forward(prepared, y_pred)
    counted = case.loss.counted(prepared)
    weights = np.full(3, 1 / 3, np.float32) if counted is None else counted / counted.sum()
    assert_close(case.loss.backward(weights), slope)
    last = None
    if case.predictions == "probabilities":
        last = "sigmoid" if isinstance(case.loss, losses.BinaryCrossentropy) else "softmax"
    model = network(optimizers.SGD(0.1), again(case.loss), last)
    there_and_back(model, rng.normal(size=(3, 3)), case.y_true, files)


PARTS = [("kernel_regularizer", made) for made in REGULARIZERS]
PARTS += [("kernel_constraint", made) for made in CONSTRAINTS]
PARTS = [(o, made) for o, made in PARTS if not type(made).__name__.startswith("Function")]


@pytest.mark.parametrize(
    ("option", "made"), PARTS, ids=lambda p: p if isinstance(p, str) else label(p)
)
def test_regularizers_and_constraints(option, made, rng, files):
    """Their values, and training with them."""
    module = getattr(keras, option.removeprefix("kernel_") + "s")
    theirs = module.deserialize({"class_name": type(made).__name__, "config": made.get_config()})
    for shape in [(4, 3), (3, 4), (2, 2)]:
        w = rng.normal(size=shape).astype(np.float32)
        assert_close(made(w), theirs(keras.ops.array(w)))
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 4))
    there_and_back(network(optimizers.SGD(0.1), "mse", **{option: again(made)}), x, y, files)
