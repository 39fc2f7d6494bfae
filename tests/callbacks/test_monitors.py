"""EarlyStopping, ReduceLROnPlateau and what they share."""

import numpy as np
import pytest

from nnkit import ops
from nnkit.callbacks import EarlyStopping, LambdaCallback, ModelCheckpoint, ReduceLROnPlateau
from nnkit.metrics import Metric
from tests.callbacks.conftest import X, Y, run

NAN = float("nan")


@pytest.mark.parametrize(
    ("options", "values", "epochs"),
    [
        ({}, [3, 2, 1], 3),
        ({}, [3, 3, 1], 2),
        ({}, [3, NAN, 1], 2),
        ({}, [NAN, 3, 2, 1], 4),
        ({}, [NAN, NAN, 1], 2),
        ({"patience": 3}, [NAN, NAN, NAN, 1], 3),
        ({"patience": 3}, [NAN, NAN, 5, NAN, NAN, NAN, 1], 6),
        ({"patience": 2, "mode": "max"}, [NAN, -9, NAN, NAN, 1], 4),
        ({"patience": 2}, [float("inf"), 5, 5, 5], 4),
        ({"patience": 2}, [3, 4, 4, 1], 3),
        ({"patience": 2}, [3, 4, 2, 4, 4, 1], 5),
        ({"min_delta": 0.5}, [3, 2.6, 1], 2),
        ({"min_delta": -0.5}, [3, 2.6, 1], 2),
        ({"mode": "max"}, [3, 2, 1], 2),
        ({"baseline": 2.5, "patience": 2}, [5, 4, 3, 2.6, 2.5], 5),
        ({"baseline": 2.5, "patience": 2}, [5, 5, 1], 2),
        ({"baseline": 2.5, "patience": 3}, [5, 2, 3, 3, 3], 5),
        ({"start_from_epoch": 3}, [3, 4, 4, 4, 5, 6], 5),
    ],
)
def test_early_stopping(stub, options, values, epochs):
    """As Keras 3 does it, but NaN is no improvement, not even over nothing."""
    assert run(EarlyStopping("loss", **options), stub, values) == epochs


def test_direction_comes_from_the_metric(stub):
    assert run(EarlyStopping("val_accuracy"), stub, [1, 2, 3], "val_accuracy") == 3
    assert run(EarlyStopping("accuracy"), stub, [3, 2, 1], "accuracy") == 2


def test_best_weights(stub, capsys):
    stop = EarlyStopping("loss", patience=2, restore_best_weights=True, verbose=1)
    assert run(stop, stub, [3, 1, 2, 2, 0]) == 4
    assert stub.get_weights() == [np.full(1, 1)]
    assert (stop.best, stop.best_epoch, stop.stopped_epoch) == (1, 1, 3)
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 4: early stopping",
        "Restoring the weights of the best epoch: 2",
    ]


def test_best_weights_are_restored_without_a_stop(stub):
    assert run(EarlyStopping("loss", patience=9, restore_best_weights=True), stub, [1, 2]) == 2
    assert stub.get_weights() == [np.full(1, 0)]


def test_weights_that_gave_nan_are_not_the_best(stub):
    stop = EarlyStopping("loss", patience=9, restore_best_weights=True)
    assert run(stop, stub, [NAN, 2, NAN]) == 3
    assert (stop.best, stop.best_epoch, stub.get_weights()) == (2, 1, [np.full(1, 1)])


def r_squared(y_true, y_pred):
    return 1 - ops.square(y_true - y_pred)


@pytest.mark.parametrize(
    "make",
    [
        lambda **mode: EarlyStopping("r_squared", **mode),
        lambda **mode: EarlyStopping("val_r_squared", **mode),
        lambda **mode: ReduceLROnPlateau("r_squared", **mode),
        lambda **mode: ModelCheckpoint(
            "b.weights.h5", "r_squared", save_best_only=True, save_weights_only=True, **mode
        ),
    ],
)
def test_a_direction_that_nobody_knows(model, make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model.compile("sgd", "mse", metrics=[r_squared])
    data = {"validation_data": (X, Y), "verbose": 0}
    with pytest.raises(ValueError, match=r"'r_squared' is better.*give mode='min' or mode='max'"):
        model.fit(X, Y, callbacks=make(), **data)
    assert model.optimizer.iterations == 0
    model.fit(X, Y, callbacks=make(mode="max"), **data)


def test_a_metric_may_say_its_direction(model):
    class RSquared(Metric):
        direction = "max"

        def forward(self, y_true, y_pred):
            return 1 - ((y_true - y_pred) ** 2).mean(axis=-1)

    model.compile("sgd", "mse", metrics=[RSquared()])
    stop = EarlyStopping("r_squared", patience=9)
    model.fit(X, Y, epochs=4, verbose=0, callbacks=stop)
    assert stop.best_epoch == 3


def test_used_twice(stub):
    stop = EarlyStopping("loss")
    assert run(stop, stub, [1, 2]) == 2
    stub.stop_training = False
    assert run(stop, stub, [9, 8, 7]) == 3


@pytest.mark.parametrize("kind", [EarlyStopping, ReduceLROnPlateau])
def test_unknown_result(model, kind):
    with pytest.raises(ValueError, match=r"no result 'los' to monitor; did you mean 'loss'\?"):
        model.fit(X, Y, verbose=0, callbacks=[kind("los")])
    with pytest.raises(ValueError, match=r"no result 'score'.*Known: loss, mae.*needs mode="):
        model.fit(X, Y, verbose=0, callbacks=[kind("score")])
    with pytest.warns(UserWarning, match=r"see 'maae'; did you mean 'mae'\? .*: loss") as all_:
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[kind("maae", mode="max")])
    assert len(all_) == 1


@pytest.mark.parametrize("kind", [EarlyStopping, ReduceLROnPlateau])
def test_a_result_that_some_epochs_have(model, kind):
    """One that another callback computes, as an array of one number."""

    def rate(epoch, logs):
        if epoch % 3 == 0:
            logs["score"] = np.array([epoch])

    watch = kind("score", mode="max", patience=1)
    model.fit(X, Y, epochs=8, verbose=0, callbacks=[LambdaCallback(on_epoch_end=rate), watch])
    assert watch.best == 6


def test_no_validation(model):
    with pytest.warns(UserWarning, match="can't see 'val_loss', as fit was given no valid") as all_:
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[EarlyStopping()])
    assert len(all_) == 1


def test_arguments():
    with pytest.raises(ValueError, match="mode must be one of auto, min, max, got 'up'"):
        EarlyStopping(mode="up")
    with pytest.raises(ValueError, match="patience"):
        EarlyStopping(patience=-1)
    with pytest.raises(ValueError, match="factor"):
        ReduceLROnPlateau(factor=1.0)
    with pytest.raises(TypeError, match=r"monitor must be the name .*, got None"):
        ReduceLROnPlateau(None)
    with pytest.raises(TypeError, match="EarlyStopping: baseline must be a number"):
        EarlyStopping(baseline="0.5")
    with pytest.raises(ValueError, match="EarlyStopping: start_from_epoch"):
        EarlyStopping(start_from_epoch=-1)


@pytest.mark.parametrize(
    ("options", "values", "rate"),
    [
        ({"patience": 1}, [3, 2, 1], 1.0),
        ({"patience": 1}, [3, 3], 0.5),
        ({"patience": 1}, [3, 3, 3], 0.25),
        ({"patience": 2}, [3, 3, 3], 0.5),
        ({"patience": 1, "cooldown": 2}, [3, 3, 3, 3], 0.25),
        ({"patience": 1, "cooldown": 3}, [3, 3, 3, 3], 0.5),
        ({"patience": 1, "min_lr": 0.4}, [3, 3, 3, 3], 0.4),
        ({"patience": 1, "min_delta": 1}, [3, 2.5], 0.5),
        ({"patience": 2}, [NAN, NAN, NAN], 0.5),
        ({"patience": 2}, [3, NAN, 2, NAN, NAN], 0.5),
    ],
)
def test_plateau(stub, options, values, rate):
    run(ReduceLROnPlateau("loss", factor=0.5, **options), stub, values)
    assert stub.optimizer.learning_rate == rate


def test_plateau_in_fit(model, capsys):
    model.optimizer.learning_rate = 0.0
    model.fit(X, Y, verbose=0)
    model.optimizer.learning_rate = 1e-9
    plateau = ReduceLROnPlateau("loss", patience=1, verbose=1)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[plateau])
    np.testing.assert_allclose(history.history["learning_rate"], [1e-9, 1e-9, 1e-10])
    assert "Epoch 2: the learning rate is reduced to 1e-10" in capsys.readouterr().out
