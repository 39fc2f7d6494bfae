"""ModelCheckpoint and CSVLogger."""

import csv

import numpy as np
import pytest

import nnkit
from nnkit.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
)
from tests.callbacks.conftest import X, Y


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_names_from_results(model, tmp_path):
    path = tmp_path / "new" / "{epoch:02d}-{val_loss:.1f}.h5"
    history = model.fit(
        X, Y, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[ModelCheckpoint(path)]
    )
    first, second = history.history["val_loss"]
    assert files(tmp_path) == [f"new/01-{first:.1f}.h5", f"new/02-{second:.1f}.h5"]
    loaded = nnkit.load_model(tmp_path / files(tmp_path)[1])
    assert (loaded.predict(X) == model.predict(X)).all()


def test_only_the_best(model, tmp_path, capsys):
    path = tmp_path / "{epoch}.h5"
    keep = ModelCheckpoint(path, "loss", save_best_only=True, mode="max", verbose=1)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[keep])
    assert files(tmp_path) == ["1.h5"]
    assert f"Epoch 1: saved {tmp_path}/1.h5 (loss is " in capsys.readouterr().out


def test_only_the_best_of_the_epochs_with_validation(model, tmp_path):
    keep = ModelCheckpoint(tmp_path / "{epoch}.h5", save_best_only=True)
    data = {"validation_data": (X, Y), "validation_freq": 2}
    history = model.fit(X, Y, epochs=5, verbose=0, callbacks=keep, **data)
    assert files(tmp_path) == ["2.h5", "4.h5"]
    assert keep.best == min(history.history["val_loss"])


def test_nan_is_not_the_best(model, tmp_path):
    keep = ModelCheckpoint(tmp_path / "m.h5", "loss", save_best_only=True)
    model.optimizer.learning_rate = 1e30
    model.fit(X, Y, epochs=1, batch_size=4, verbose=0)
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=keep)
    assert np.isnan(history.history["loss"]).all()
    assert (files(tmp_path), keep.best) == ([], None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "can't see 'val_loss', as fit was given no validation data"),
        ({"save_freq": 1}, "writes no file: 'val_loss' is known after an epoch only"),
    ],
)
def test_the_best_of_what_is_never_there(model, tmp_path, options, message):
    keep = ModelCheckpoint(tmp_path / "m.h5", save_best_only=True, **options)
    with pytest.warns(UserWarning, match=message) as warned:
        model.fit(X, Y, epochs=3, batch_size=20, verbose=0, callbacks=keep)
    assert len(warned) == 1
    assert files(tmp_path) == []


def test_the_best_of_batches(model, tmp_path):
    losses = []

    class Note(Callback):
        def on_train_batch_end(self, batch, logs=None):
            losses.append(logs["loss"])

    keep = ModelCheckpoint(tmp_path / "{batch}.h5", "loss", save_best_only=True, save_freq=2)
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=[Note(), keep])
    looked_at = losses[1::2]
    better = [i for i, loss in enumerate(looked_at) if loss < min(looked_at[:i], default=np.inf)]
    assert files(tmp_path) == sorted(f"{2 * i + 2}.h5" for i in better)


def test_a_name_from_a_validation_that_did_not_take_place(model, tmp_path):
    keep = ModelCheckpoint(tmp_path / "{epoch}-{val_loss:.1f}.h5")
    data = {"validation_data": (X, Y), "validation_freq": 2}
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=keep, **data)
    assert files(tmp_path) == ["1-nan.h5", f"2-{history.history['val_loss'][0]:.1f}.h5"]


@pytest.mark.parametrize("name", ["m.hdf5", "m.h5"])
@pytest.mark.parametrize("weights_only", [False, True])
def test_suffixes(model, tmp_path, name, weights_only):
    path = tmp_path / name
    keep = ModelCheckpoint(path, save_weights_only=weights_only)
    model.fit(X, Y, verbose=0, callbacks=keep)
    saved = model.get_weights()
    model.fit(X, Y, verbose=0)
    model.load_weights(path)
    assert all((a == b).all() for a, b in zip(saved, model.get_weights(), strict=True))


def test_threshold(model, tmp_path):
    keep = ModelCheckpoint(
        tmp_path / "m.h5", "loss", save_best_only=True, initial_value_threshold=0.0
    )
    model.fit(X, Y, verbose=0, callbacks=[keep])
    assert files(tmp_path) == []


def test_weights_after_batches(model, tmp_path):
    path = tmp_path / "{epoch}-{batch}.weights.h5"
    keep = ModelCheckpoint(path, save_weights_only=True, save_freq=4)
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=[keep])
    assert files(tmp_path) == [f"{n}.weights.h5" for n in ("1-4", "1-8", "2-10", "2-2", "2-6")]
    model.load_weights(tmp_path / "2-10.weights.h5")


def test_problems_are_found_before_the_first_batch(tmp_path):
    class Odd(nnkit.layers.Tanh):
        def __init__(self, function):
            super().__init__()

    model = nnkit.Sequential([nnkit.Input((3,)), Odd(len), nnkit.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="layer 'odd': function is <built-in function len>"):
        model.fit(X, Y, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "m.h5")])
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filepath": "m.keras"}, r"m\.keras: .*use the suffix \.h5"),
        ({"filepath": "m.txt", "save_weights_only": True}, r"ends in \.h5, not in '\.txt'"),
        ({"filepath": "m.h5", "save_freq": 0}, "save_freq"),
        ({"filepath": "m.h5", "initial_value_threshold": float("nan")}, "initial_value_threshold"),
        ({"filepath": "{epoch:02d.h5"}, r"no pattern such as 'at-\{epoch:02d\}.h5': .*; got '\{ep"),
        ({"filepath": "{}.h5"}, "no pattern .* positional"),
        ({"filepath": "{epoch:.2q}.h5"}, "no pattern .* 'q'"),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ModelCheckpoint(**arguments)


def test_unknown_name_in_path(model, tmp_path):
    keep = ModelCheckpoint(tmp_path / "{los}.h5")
    known = r"Known: val_loss, val_mae, epoch, loss, mae\."
    with pytest.raises(ValueError, match=f"asks for 'los'; did you mean 'loss'.* {known}"):
        model.fit(X, Y, verbose=0, callbacks=[keep])


def test_csv(model, tmp_path):
    path = tmp_path / "log.csv"
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[CSVLogger(path)])
    rows = [line.split(",") for line in path.read_text().splitlines()]
    assert rows[0] == ["epoch", "loss", "mae"]
    assert rows[1][0] == "0"
    assert float(rows[2][1]) == history.history["loss"][1]
    model.fit(X, Y, epochs=3, initial_epoch=2, verbose=0, callbacks=[CSVLogger(path, append=True)])
    rows = [line.split(",") for line in path.read_text().splitlines()]
    assert [row[0] for row in rows] == ["epoch", "0", "1", "2"]


def test_columns_for_a_validation_of_later_epochs(model, tmp_path):
    path = tmp_path / "log.csv"
    data = {"validation_data": (X, Y), "validation_freq": 2}
    scheduler = LearningRateScheduler(lambda epoch: 0.5)
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[scheduler, CSVLogger(path)], **data)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert list(rows[0]) == ["epoch", "learning_rate", "loss", "mae", "val_loss", "val_mae"]
    assert [row["learning_rate"] for row in rows] == ["0.5", "0.5"]
    assert (rows[0]["val_loss"], rows[0]["val_mae"]) == ("NA", "NA")
    assert float(rows[1]["val_mae"]) == history.history["val_mae"][0]


@pytest.mark.parametrize(
    ("metrics", "data", "lacking"),
    [
        (["mae", "accuracy"], {}, "accuracy"),
        (["mae"], {"validation_data": (X, Y)}, "val_loss, val_mae"),
    ],
)
def test_no_row_under_other_columns(model, tmp_path, metrics, data, lacking):
    path = tmp_path / "log.csv"
    model.fit(X, Y, verbose=0, callbacks=CSVLogger(path))
    before = path.read_text()
    model.compile("sgd", "mse", metrics=metrics)
    with pytest.raises(ValueError, match=f"columns epoch, loss, mae, and none for {lacking};"):
        model.fit(X, Y, verbose=0, callbacks=CSVLogger(path, append=True), **data)
    with pytest.raises(ValueError, match="has the columns epoch,loss,mae, and none for epoch, l"):
        model.fit(X, Y, verbose=0, callbacks=CSVLogger(path, ";", append=True))
    assert path.read_text() == before
    assert model.optimizer.iterations == 0


def test_append_keeps_the_order_of_the_columns(model, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("mae,note,epoch,loss\n1.5,by hand,0,2.5")  # The last line was cut off.
    history = model.fit(X, Y, verbose=0, callbacks=CSVLogger(path, append=True)).history
    _, first, second = path.read_text().splitlines()
    assert first == "1.5,by hand,0,2.5"
    assert second == f"{history['mae'][0]},NA,0,{history['loss'][0]}"


def test_a_result_of_another_callback_without_a_column(model, tmp_path):
    path = tmp_path / "log.csv"
    model.fit(X, Y, verbose=0, callbacks=CSVLogger(path))
    both = [LearningRateScheduler(lambda epoch: 0.5), CSVLogger(path, append=True)]
    with pytest.warns(UserWarning, match=r"log\.csv has no column for learning_rate"):
        model.fit(X, Y, epochs=2, verbose=0, callbacks=both)
    assert [line.count(",") for line in path.read_text().splitlines()] == [2, 2, 2, 2]


def test_an_error_before_training_keeps_the_old_table(model, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("precious")
    with pytest.raises(ValueError, match="no result 'los'"):
        model.fit(X, Y, verbose=0, callbacks=[CSVLogger(path), EarlyStopping("los")])
    assert path.read_text() == "precious"


def test_csv_separator(tmp_path):
    with pytest.raises(ValueError, match="separator must be one character"):
        CSVLogger(tmp_path / "log.csv", ", ")
    logger = CSVLogger(tmp_path / "log.csv", ";")
    with pytest.raises(RuntimeError, match="between on_train_begin and on_train_end"):
        logger.on_epoch_end(0, {})
    logger.on_train_begin()
    logger.on_epoch_end(0, {"loss": 1.0, "val_loss": 2.0})
    logger.on_epoch_end(1, {"loss": 1.0})
    logger.on_train_end()
    assert (tmp_path / "log.csv").read_text() == "epoch;loss;val_loss\n0;1.0;2.0\n1;1.0;NA\n"
