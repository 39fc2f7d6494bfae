"""Options of optimizers, and schedules, against Keras's: the same steps from the same weights."""

import inspect

import numpy as np
import pytest

import nnkit
from nnkit import optimizers
from tests.keras.theirs import QUIET, assert_close, keras, loaded_to_train

pytestmark = QUIET

NAMES = [name for name in optimizers.__all__ if isinstance(getattr(optimizers, name), type)]
NAMES.remove("LBFGS")  # Keras has none.
SCHEDULES = [
    ("ExponentialDecay", (0.1, 7, 0.5), {}),
    ("ExponentialDecay", (0.1, 7, 0.5), {"staircase": True}),
    ("InverseTimeDecay", (0.1, 7, 0.5), {}),
    ("InverseTimeDecay", (0.1, 7, 0.5, True), {}),
    ("PiecewiseConstantDecay", ([3, 8], [0.1, 0.01, 0.001]), {}),
    ("PolynomialDecay", (0.1, 7), {}),
    ("PolynomialDecay", (0.1, 7, 0.01, 2.0, True), {}),
    ("CosineDecay", (0.1, 7, 0.2), {}),
    ("CosineDecay", (0.1, 7, 0.2), {"warmup_target": 0.5, "warmup_steps": 4}),
    ("CosineDecayRestarts", (0.1, 3), {}),
    ("CosineDecayRestarts", (0.1, 3, 1.0, 0.5, 0.1), {}),
]


@pytest.mark.parametrize(("name", "given", "options"), SCHEDULES)
def test_schedule(name, given, options):
    ours = getattr(optimizers.schedules, name)(*given, **options)
    theirs = getattr(keras.optimizers.schedules, name)(*given, **options)
    steps = (0, 1, 3, 4, 7, 10, 29)  # Keras compiles each anew.
    assert_close([ours.rates(step, 1)[0] for step in steps], [theirs(step) for step in steps])
    assert ours.get_config() == theirs.get_config()
    described = keras.optimizers.schedules.serialize(theirs)
    again = optimizers.schedules.deserialize(described)
    np.testing.assert_array_equal(again.rates(0, 30), ours.rates(0, 30))
    there = keras.optimizers.schedules.deserialize(optimizers.schedules.serialize(ours))
    assert_close(there(5), ours(5))


@pytest.mark.parametrize("name", NAMES)
def test_arguments_have_keras_order(name):
    """Also those that are passed on; ``decay`` is of Keras 2."""
    ours = inspect.signature(getattr(optimizers, name)).parameters
    ours = [argument for argument in ours if argument != "decay"]
    theirs = list(inspect.signature(getattr(keras.optimizers, name)).parameters)
    assert ours == [argument for argument in theirs if argument != "kwargs"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "Optimizer"])
def test_descriptions(name):
    """What either serializes, the other takes."""
    theirs = keras.optimizers.serialize(getattr(keras.optimizers, name)(use_ema=True))
    ours = optimizers.deserialize(theirs)
    assert ours.use_ema
    known = theirs["config"] | {"learning_rate": ours.learning_rate, "name": ours.name}
    assert ours.get_config() == known
    if name != "Lamb":  # Keras's list of what can be described lacks it.
        again = keras.optimizers.deserialize(optimizers.serialize(ours))
        assert again.get_config()["use_ema"]


def undecayed(optimizer):
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


TRAINED = {
    "several batches": lambda o: o.Adam(
        0.05, gradient_accumulation_steps=3, clipnorm=0.1, weight_decay=0.1
    ),
    "an average": lambda o: o.Nadam(0.05, use_ema=True, ema_momentum=0.8),
    "both": lambda o: o.Adamax(0.05, use_ema=True, gradient_accumulation_steps=2),
    "overwritten": lambda o: o.Lion(
        0.05, use_ema=True, ema_overwrite_frequency=2, gradient_accumulation_steps=2
    ),
    "excluded": lambda o: undecayed(o.AdamW(0.05, weight_decay=0.5)),
    "scaled": lambda o: o.SGD(0.05, loss_scale_factor=256.0),
    "excluded layers": lambda o: o.Muon(0.05, exclude_layers=["last"], rms_rate=None),
    "schedule": lambda o: o.RMSprop(
        o.schedules.CosineDecay(0.01, 6, warmup_target=0.05, warmup_steps=3),
        gradient_accumulation_steps=2,
        weight_decay=0.1,
    ),
    "relative": lambda o: o.Adafactor(0.5, clip_threshold=0.5),
    "penalties": lambda o: o.Ftrl(
        0.05,
        learning_rate_power=-0.4,
        l1_regularization_strength=0.01,
        l2_regularization_strength=0.02,
        l2_shrinkage_regularization_strength=0.03,
        beta=0.1,
    ),
}


def network(library, optimizer):
    dense = library.layers.Dense
    hidden = dense(7, activation="tanh", name="hidden")
    model = library.Sequential([library.Input((5,)), hidden, dense(3, name="last")])
    model.compile(optimizer, "mse")
    return model


@pytest.mark.parametrize("make", TRAINED.values(), ids=TRAINED)
def test_twelve_steps(make, rng):
    nnkit.utils.set_random_seed(0)  # Adam makes much of the rounding of a gradient near 0.
    x, y = (rng.normal(size=(48, n)).astype(np.float32) for n in (5, 3))
    ours, theirs = network(nnkit, make(optimizers)), network(keras, make(keras.optimizers))
    theirs.set_weights(ours.get_weights())
    for model in (ours, theirs):
        model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    for mine, value in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_close(mine, value)
    assert ours.optimizer.iterations == int(theirs.optimizer.iterations)
    assert_close(ours.optimizer.learning_rate, theirs.optimizer.learning_rate)


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_validation_by_averages(swap_on_epoch, rng):
    x, y = (rng.normal(size=(16, n)).astype(np.float32) for n in (5, 3))
    averaged = {"use_ema": True, "ema_momentum": 0.8}
    models = [network(lib, lib.optimizers.SGD(0.1, **averaged)) for lib in (nnkit, keras)]
    models[1].set_weights(models[0].get_weights())
    found = [], []
    for library, model, seen in zip((nnkit, keras), models, found, strict=True):

        def look(epoch, logs, model=model, seen=seen):
            seen.extend(np.copy(weight) for weight in model.get_weights())

        look = library.callbacks.LambdaCallback(on_epoch_end=look)
        callbacks = [library.callbacks.SwapEMAWeights(swap_on_epoch), look]
        given = {"epochs": 3, "batch_size": 4, "shuffle": False, "verbose": 0}
        run = model.fit(x, y, validation_data=(x, y), callbacks=callbacks, **given)
        seen += [run.history["loss"], run.history["val_loss"], *model.get_weights()]
    for mine, theirs in zip(*found, strict=True):
        assert_close(mine, theirs)


def test_decay_is_a_schedule_to_keras(tmp_path):
    model = network(nnkit, optimizers.SGD(0.1, momentum=0.5, decay=0.25))
    x, y = np.ones((4, 5), "float32"), np.ones((4, 3), "float32")
    model.fit(x, y, batch_size=2, verbose=0)
    model.save(tmp_path / "model.h5")
    theirs = loaded_to_train(tmp_path / "model.h5")
    for each in (model, theirs):
        each.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    for mine, value in zip(model.get_weights(), theirs.get_weights(), strict=True):
        assert_close(mine, value)
