"""The averages of the weights during evaluation and saving, and the weights again after it."""

import numpy as np
import pytest

import nnkit
from nnkit.callbacks import LambdaCallback, ModelCheckpoint, SwapEMAWeights
from nnkit.optimizers import SGD
from tests.callbacks.conftest import X, Y


@pytest.fixture
def averaged(model):
    model.compile(SGD(0.05, use_ema=True, ema_momentum=0.5), "mse")
    return model


def state(model):
    return [*map(np.copy, model.get_weights()), model.optimizer_slots()["average"][0].copy()]


def assert_same(a, b):
    for mine, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_weights_come_back(averaged):
    for i in range(3):
        averaged.train_on_batch(X[i:], Y[i:])
    before, swap = state(averaged), SwapEMAWeights()
    other = nnkit.models.clone_model(averaged)
    averages = [slot.copy() for slot in averaged.optimizer_slots()["average"]]
    other.set_weights(averages)
    other.compile("sgd", "mse")
    assert averaged.evaluate(X, Y, verbose=0, callbacks=swap) == other.evaluate(X, Y, verbose=0)
    assert averaged.evaluate(X, Y, verbose=0) != other.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(averaged.predict(X, callbacks=swap), other.predict(X))
    assert_same(state(averaged), before)


def fail(*arguments):
    raise ZeroDivisionError


@pytest.mark.parametrize("hook", ["on_test_begin", "on_test_batch_end", "on_test_end"])
def test_weights_come_back_after_an_error(averaged, hook):
    for i in range(3):
        averaged.train_on_batch(X[i:], Y[i:])
    before, callbacks = state(averaged), [SwapEMAWeights(), LambdaCallback(**{hook: fail})]
    with pytest.raises(ZeroDivisionError):
        averaged.evaluate(X, Y, verbose=0, callbacks=callbacks)
    assert_same(state(averaged), before)
    with pytest.raises(ZeroDivisionError):
        averaged.fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=callbacks)
    assert_same(averaged.get_weights(), averaged.optimizer_slots()["average"])
    with pytest.raises(ZeroDivisionError):
        averaged.predict(X, callbacks=[SwapEMAWeights(), LambdaCallback(on_predict_end=fail)])
    assert_same(averaged.get_weights(), averaged.optimizer_slots()["average"])


def test_saved_at_the_end_of_epochs(averaged, tmp_path):
    twin = nnkit.models.clone_model(averaged)
    twin.set_weights(averaged.get_weights())
    twin.compile(SGD(0.05, use_ema=True, ema_momentum=0.5), "mse")
    save = ModelCheckpoint(tmp_path / "{epoch}.h5")
    swap = SwapEMAWeights(swap_on_epoch=True)
    given = {"epochs": 3, "batch_size": 8, "shuffle": False, "verbose": 0}
    averaged.fit(X, Y, callbacks=[swap, save], **given)
    found = []
    note = LambdaCallback(
        on_epoch_end=lambda epoch, logs: found.append(
            [slot.copy() for slot in twin.optimizer_slots()["average"]]
        )
    )
    twin.fit(X, Y, callbacks=note, **given)
    assert_same(averaged.get_weights(), twin.get_weights())
    for epoch, averages in enumerate(found, 1):
        assert_same(nnkit.load_model(tmp_path / f"{epoch}.h5").get_weights(), averages)


def test_who_has_no_averages(model):
    before = model.get_weights()
    for run in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match="an optimizer that has use_ema=True, it has <SGD"):
            run(X, Y, verbose=0, callbacks=SwapEMAWeights())
    with pytest.raises(ValueError, match="use_ema=True, it has None"):
        nnkit.models.clone_model(model).predict(X, callbacks=SwapEMAWeights())
    with pytest.raises(TypeError, match="swap_on_epoch must be True or False"):
        SwapEMAWeights(swap_on_epoch=2)
    assert_same(model.get_weights(), before)
