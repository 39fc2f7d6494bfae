"""ModelCheckpoint and CSVLogger."""

import pytest

import nnkit
from nnkit.callbacks import CSVLogger, ModelCheckpoint
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
        ({"filepath": "m.keras"}, r"must end in '\.h5', got 'm\.keras'"),
        ({"filepath": "m.h5", "save_weights_only": True}, r"must end in '\.weights\.h5'"),
        ({"filepath": "m.h5", "save_freq": 0}, "save_freq"),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ModelCheckpoint(**arguments)


def test_unknown_name_in_path(model, tmp_path):
    keep = ModelCheckpoint(tmp_path / "{los}.h5")
    with pytest.raises(ValueError, match="asks for 'los'; did you mean 'loss'"):
        model.fit(X, Y, verbose=0, callbacks=[keep])


def test_csv(model, tmp_path):
    path = tmp_path / "log.csv"
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[CSVLogger(path)])
    rows = [line.split(",") for line in path.read_text().splitlines()]
    assert rows[0] == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert rows[1][0] == "0"
    assert float(rows[2][1]) == history.history["loss"][1]
    assert rows[1][3:] == ["NA", "NA"]
    model.fit(X, Y, epochs=3, initial_epoch=2, verbose=0, callbacks=[CSVLogger(path, append=True)])
    rows = [line.split(",") for line in path.read_text().splitlines()]
    assert [row[0] for row in rows] == ["epoch", "0", "1", "2"]


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
