"""Event files, read by a reader of the tests' own, and by TensorBoard's if it is installed."""

import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest

import nnkit
from nnkit.callbacks import Callback, EarlyStopping, LambdaCallback, TensorBoard, dashboards
from nnkit.callbacks.event_file import EventFile
from nnkit.layers import BatchNormalization, Conv2D, Dense, Flatten
from tests.callbacks.conftest import X, Y
from tests.callbacks.event_reader import crc32c, read, series

GIVEN = {"batch_size": 8, "verbose": 0}  # Five batches.
HELD_OUT = {"validation_data": (X[:9], Y[:9])}


def steps(points):
    return [step for step, _ in points]


def values(points):
    return [value for _, value in points]


def assert_equal(points, numbers):
    np.testing.assert_array_equal(values(points), np.array(numbers, "float32"))


def closed(board):
    return not board._files


def test_the_reader():
    assert crc32c(b"123456789") == 0xE3069283  # The check of RFC 3720's polynomial.
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4.


def test_epochs(model, tmp_path):
    board = TensorBoard(tmp_path)
    given = GIVEN | HELD_OUT | {"validation_freq": 2, "epochs": 4}
    history = model.fit(X, Y, callbacks=[board], **given).history
    train, held_out = series(tmp_path / "train"), series(tmp_path / "validation")
    assert list(train) == ["epoch_loss", "epoch_mae", "epoch_learning_rate"]
    for name in ("loss", "mae"):
        assert steps(train[f"epoch_{name}"]) == [0, 1, 2, 3]
        assert_equal(train[f"epoch_{name}"], history[name])
        assert steps(held_out[f"epoch_{name}"]) == [1, 3]
        assert_equal(held_out[f"epoch_{name}"], history[f"val_{name}"])
        at_steps = held_out.pop(f"evaluation_{name}_vs_iterations")
        assert steps(at_steps) == [10, 20]
        assert_equal(at_steps, history[f"val_{name}"])
    assert list(held_out) == ["epoch_loss", "epoch_mae"]
    assert_equal(train["epoch_learning_rate"], [0.01] * 4)
    for value in read(tmp_path / "train")[1:]:
        assert (value.plugin, value.content, value.kind) == ("scalars", b"", 1)
    assert closed(board)


@pytest.mark.parametrize(("update_freq", "expected"), [("batch", range(1, 11)), (3, (3, 6, 9))])
def test_batches(model, tmp_path, update_freq, expected):
    losses = []
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: losses.append(logs["loss"]))
    board = TensorBoard(tmp_path, update_freq=update_freq, write_steps_per_second=True)
    model.fit(X, Y, epochs=2, callbacks=[board, note], **GIVEN)
    train = series(tmp_path / "train")
    for name in ("loss", "mae", "steps_per_second"):
        assert steps(train[f"batch_{name}"]) == list(expected)
        assert steps(train[f"epoch_{name}"]) == [0, 1]
    assert_equal(train["batch_loss"], [losses[n - 1] for n in expected])
    assert min(values(train["batch_steps_per_second"] + train["epoch_steps_per_second"])) > 0
    assert not (tmp_path / "validation").exists()


def test_a_second_fit_goes_on(model, tmp_path):
    board = TensorBoard(tmp_path, update_freq=2)
    model.fit(X, Y, epochs=1, callbacks=board, **GIVEN)
    model.fit(X, Y, epochs=2, initial_epoch=1, callbacks=board, **GIVEN)
    assert len(list(tmp_path.glob("train/*"))) == 2
    train = series(tmp_path / "train")
    assert steps(train["batch_loss"]) == [2, 4, 6, 8, 10]
    assert steps(train["epoch_loss"]) == [0, 1]


def test_fit_runs_batch_by_batch_only_if_it_must(tmp_path):
    each = nnkit.callbacks.CallbackList([TensorBoard(tmp_path, histogram_freq=1)])
    assert not each.needs_train_batches
    assert nnkit.callbacks.CallbackList([TensorBoard(tmp_path, update_freq=9)]).needs_train_batches


def test_evaluate_alone(model, tmp_path):
    board = TensorBoard(tmp_path)
    model.fit(X, Y, **GIVEN)
    loss, mae = model.evaluate(X, Y, verbose=0, callbacks=[board])
    assert [path.name for path in tmp_path.iterdir()] == ["validation"]
    found = series(tmp_path / "validation")
    assert found == {
        "evaluation_loss_vs_iterations": [(5, np.float32(loss))],
        "evaluation_mae_vs_iterations": [(5, np.float32(mae))],
    }
    assert closed(board)


def test_the_rate_of_the_results_comes_first(model, tmp_path):
    plateau = nnkit.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    given = {"epochs": 3, "callbacks": [plateau, TensorBoard(tmp_path)], **GIVEN}
    history = model.fit(X, Y, **given).history
    assert_equal(series(tmp_path / "train")["epoch_learning_rate"], history["learning_rate"])


def test_a_scheduled_rate(model, tmp_path):
    rate = nnkit.optimizers.schedules.ExponentialDecay(0.01, 5, 0.5)
    model.compile(nnkit.optimizers.SGD(rate), "mse")
    model.fit(X, Y, epochs=2, callbacks=TensorBoard(tmp_path), **GIVEN)
    assert_equal(series(tmp_path / "train")["epoch_learning_rate"], [0.005, 0.0025])


@pytest.fixture
def pictures():
    nnkit.utils.set_random_seed(0)
    layers = [Conv2D(5, 3), BatchNormalization(), Flatten(), Dense(2, name="out")]
    model = nnkit.Sequential([nnkit.Input((5, 4, 1)), *layers])
    model.compile("sgd", "mse")
    return model


def test_weights(pictures, tmp_path):
    x, y = np.ones((4, 5, 4, 1), "float32"), np.zeros((4, 2), "float32")
    board = TensorBoard(tmp_path, histogram_freq=2, write_images=True)
    kept = []
    keep = LambdaCallback(on_epoch_end=lambda *_: kept.append(pictures.get_weights()))
    pictures.fit(x, y, epochs=4, callbacks=[keep, board], verbose=0)
    names = [f"conv2d/{n}" for n in ("kernel", "bias")]
    names += [
        f"batch_normalization/{n}" for n in ("gamma", "beta", "moving_mean", "moving_variance")
    ]
    names += [f"out/{n}" for n in ("kernel", "bias")]
    found = series(tmp_path / "train", "histograms")
    assert list(found) == [f"{name}/histogram" for name in names]
    for index, points in enumerate(found.values()):
        assert steps(points) == [0, 2]
        for (epoch, table), weights in zip(points, (kept[0], kept[2]), strict=True):
            weight = weights[index].ravel().astype("f8")
            assert table.shape == (30, 3), epoch
            assert table[:, 2].sum() == weight.size
            assert (table[0, 0], table[-1, 1]) == (weight.min(), weight.max())
            for low, high, count in table[:-1]:
                close = 1e-9 * np.ptp(weight)
                inner = ((weight > low + close) & (weight < high - close)).sum()
                outer = ((weight >= low - close) & (weight <= high + close)).sum()
                assert inner <= count <= outer
    images = series(tmp_path / "train", "images")
    sizes = {tag: (*points[0][1][:2], len(points[0][1]) - 2) for tag, points in images.items()}
    assert sizes.pop("conv2d/kernel/image") == (b"3", b"3", 3)  # Three of five.
    assert sizes.pop("conv2d/bias/image") == (b"1", b"5", 1)
    assert sizes.pop("out/kernel/image") == (b"30", b"2", 1)
    assert sizes.pop("out/bias/image") == (b"1", b"2", 1)
    assert set(sizes.values()) == {(b"1", b"5", 1)}
    picture = decoded(images["out/kernel/image"][0][1][2])
    weight = kept[0][-2].T.astype("f8")
    wanted = np.rint((weight - weight.min()) * (255 / np.ptp(weight)))
    np.testing.assert_array_equal(picture, wanted)
    kinds = {value.plugin: (value.content, value.kind) for value in read(tmp_path / "train")}
    assert kinds.pop("histograms") == (b"", 2)
    assert kinds.pop("images") == (b"", 3)


def decoded(png):
    """The pixels of a grey PNG whose rows have no filter."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(name + data),)
        chunks[name] = data
        at += length + 12
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 0, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), "u1").reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:]


@pytest.mark.parametrize(
    ("numbers", "counts"),
    [
        ([], {}),
        ([np.nan, np.inf, -np.inf], {}),
        ([2.0], {29: 1}),
        ([2.0, 2.0, np.nan], {29: 2}),
        ([0.0, 5e-324], {29: 2}),
        ([1.0, 1.0 + 2**-52], {0: 1, 29: 1}),
        ([0.0, 0.5, 30.0, np.inf], {0: 2, 29: 1}),
        ([-1e300, 1.0, 4.0], {0: 1, 29: 1}),
    ],
)
def test_histograms_of_hostile_numbers(tmp_path, numbers, counts):
    file = EventFile(tmp_path)
    file.histogram("h", np.array([numbers]), 7)
    file.close()
    (value,) = read(tmp_path)
    found = value.data[:, 2]
    assert {i: found[i] for i in np.flatnonzero(found)} == counts
    assert np.isfinite(value.data).all()
    assert (np.diff(value.data[:, :2]) >= 0).all()


def test_a_graph(pictures, tmp_path):
    x, y = np.ones((4, 5, 4, 1), "float32"), np.zeros((4, 2), "float32")
    pictures.fit(x, y, callbacks=TensorBoard(tmp_path / "a"), verbose=0)
    (graph,) = [v for v in read(tmp_path / "a/train") if v.plugin == "graph_keras_model"]
    assert (graph.tag, graph.step, graph.content) == ("keras", 0, b"1")
    described = json.loads(graph.data[0])
    assert [described["class_name"], *sorted(described)] == ["Sequential", "class_name", "config"]
    names = [layer["config"]["name"] for layer in described["config"]["layers"]]
    assert names == ["input_layer", "conv2d", "batch_normalization", "flatten", "out"]
    pictures.fit(x, y, callbacks=TensorBoard(tmp_path / "b", write_graph=False), verbose=0)
    assert {v.plugin for v in read(tmp_path / "b/train")} == {"scalars"}


def test_a_graph_as_the_reader_of_tensorboard_takes_it():
    a, b = nnkit.Input((3,), name="a"), nnkit.Input((4,), name="b")
    inner = nnkit.Model([a, b], [Dense(2)(a), Dense(2)(b)])
    x, y = nnkit.Input((3,)), nnkit.Input((4,))
    first, second = inner([x, y])
    model = nnkit.Model([x, y], nnkit.ops.reshape(2.0 * first - second, (-1, 1, 2)))
    described = json.loads(dashboards.graph(model.to_json()))

    def arguments(layer):
        for use in layer.get("inbound_nodes", []):
            for given in use["args"]:
                yield from given if isinstance(given, list) else [given]

    layers = described["config"]["layers"]
    origins = [[d["config"]["keras_history"][0] for d in arguments(layer)] for layer in layers]
    assert origins[2:] == [
        ["input_layer", "input_layer_1"],
        ["model"],
        ["multiply", "model"],
        ["subtract"],
    ]
    (config,) = [layer["config"] for layer in layers if layer["config"]["name"] == "model"]
    assert config["input_layers"] == ["a", "b"]
    assert config["output_layers"] == [["dense"], ["dense_1"]]
    assert described["config"]["output_layers"] == [["reshape"]]
    named = nnkit.Model({"a": a, "b": b}, {"c": Dense(2, name="c")(a), "d": Dense(2, name="d")(b)})
    config = json.loads(dashboards.graph(named.to_json()))["config"]
    assert config["input_layers"] == ["a", "b"]
    assert config["output_layers"] == [["c"], ["d"]]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((3,), (1, 3, 1)),
        ((1, 5), (1, 5, 1)),
        ((2, 7), (1, 2, 7)),
        ((7, 2), (1, 2, 7)),
        ((4, 5, 2), (2, 4, 5)),
        ((4, 5, 9), (3, 4, 5)),
        ((3, 3, 1, 2), (2, 3, 3)),
        ((), None),
        ((1, 1), None),
        ((0, 3), None),
        ((2, 2, 2, 2), None),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pictures(shape, expected, dtype):
    weight = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    found = dashboards.pictures(weight)
    if expected is None:
        assert found is None
        return
    assert (found.shape, found.dtype, found.min(), found.max()) == (expected, "uint8", 0, 255)
    assert not dashboards.pictures(np.full(shape, np.nan, dtype)).any()
    assert not dashboards.pictures(np.full(shape, 7.0, dtype)).any()


def test_a_model_without_a_graph(tmp_path):
    class Own(nnkit.Model):
        def __init__(self):
            super().__init__()
            self.last = Dense(1)

        def call(self, x):
            return self.last(x)

    model = Own()
    model.compile("sgd", "mse")
    model.fit(X, Y, callbacks=TensorBoard(tmp_path, histogram_freq=1), **GIVEN)
    assert {v.plugin for v in read(tmp_path / "train")} == {"scalars", "histograms"}


def test_a_model_without_a_text(tmp_path):
    class Odd(nnkit.layers.Tanh):
        def __init__(self, function):
            super().__init__()

    model = nnkit.Sequential([nnkit.Input((3,)), Odd(len), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="shows no graph of this model: .* has no text"):
        model.fit(X, Y, callbacks=TensorBoard(tmp_path), **GIVEN)
    assert "epoch_loss" in series(tmp_path / "train")


def test_nan(model, tmp_path):
    model.optimizer.learning_rate = 1e30
    board = TensorBoard(tmp_path, histogram_freq=1, write_images=True, update_freq=1)
    history = model.fit(X, Y, epochs=3, callbacks=board, **GIVEN).history
    assert np.isnan(history["loss"][-1])
    assert_equal(series(tmp_path / "train")["epoch_loss"], history["loss"])
    assert not series(tmp_path / "train", "histograms")["dense/kernel/histogram"][-1][1].any()


def test_results_of_other_kinds(stub, tmp_path):
    board = TensorBoard(pathlib.Path(tmp_path), write_graph=False)
    board.set_model(stub)
    board.on_train_begin()
    board.on_epoch_end(0)
    board.on_epoch_end(1, {})
    board.on_epoch_end(2, {"f1": np.array([0.5, 0.25]), "val_f1": [1], "big": 1e300})
    board.on_train_end()
    assert series(tmp_path / "train") == {
        "epoch_learning_rate": [(0, 1.0), (1, 1.0), (2, 1.0)],
        "epoch_f1/0": [(2, 0.5)],
        "epoch_f1/1": [(2, 0.25)],
        "epoch_big": [(2, np.inf)],
    }
    assert series(tmp_path / "validation") == {"epoch_f1/0": [(2, 1.0)]}


def test_float64(tmp_path):
    model = nnkit.Sequential([nnkit.Input((3,)), Dense(1, dtype="float64")])
    model.compile("sgd", "mse")
    history = model.fit(X, Y, callbacks=TensorBoard(tmp_path, 1), **GIVEN).history
    assert_equal(series(tmp_path / "train")["epoch_loss"], history["loss"])


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_what_ends_training(model, tmp_path, error):
    class Stop(Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise error

    board = TensorBoard(tmp_path)
    with pytest.raises(error):
        model.fit(X, Y, epochs=5, callbacks=[board, Stop()], **GIVEN, **HELD_OUT)
    assert closed(board)
    assert steps(series(tmp_path / "train")["epoch_loss"]) == [0, 1]
    assert steps(series(tmp_path / "validation")["epoch_loss"]) == [0, 1]


def test_an_error_before_training(model, tmp_path):
    board = TensorBoard(tmp_path)
    with pytest.raises(ValueError, match="no result 'los'"):
        model.fit(X, Y, callbacks=[board, EarlyStopping("los")], **GIVEN)
    assert closed(board)


def test_each_epoch_can_be_read_at_once(model, tmp_path):
    seen = []
    look = LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(len(series(tmp_path / "train")["epoch_loss"]))
    )
    model.fit(X, Y, epochs=3, callbacks=[TensorBoard(tmp_path), look], **GIVEN)
    assert seen == [1, 2, 3]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_process_that_is_killed(tmp_path):
    program = """if True:
        import os, signal, sys
        from nnkit.callbacks.event_file import EventFile
        file = EventFile(sys.argv[1])
        for step in range(3):
            file.scalar("a", step, step)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", program, tmp_path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert series(tmp_path) == {"a": [(0, 0.0), (1, 1.0), (2, 2.0)]}


def test_files_of_one_second_are_sorted_by_age(tmp_path, monkeypatch):
    monkeypatch.setattr("nnkit.callbacks.event_file.time.time", lambda: 1.5e9)
    for step in range(12):
        file = EventFile(tmp_path)
        file.scalar("a", 0.0, step)
        file.close()
    assert steps(series(tmp_path)["a"]) == list(range(12))


@pytest.mark.parametrize("blocked", ["", "train", "validation"])
def test_a_folder_that_is_a_file(model, tmp_path, blocked):
    folder = tmp_path / "logs"
    (folder / blocked).parent.mkdir(exist_ok=True)
    (folder / blocked).write_text("precious")
    board = TensorBoard(str(folder))
    with pytest.raises(OSError, match="logs"):
        model.fit(X, Y, callbacks=board, **GIVEN, **HELD_OUT)
    assert model.optimizer.iterations == 0
    assert (folder / blocked).read_text() == "precious"
    assert closed(board)


def test_a_folder_of_folders_is_made(model, tmp_path):
    model.fit(X, Y, callbacks=TensorBoard(tmp_path / "a" / "b"), **GIVEN)
    assert series(tmp_path / "a" / "b" / "train")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"histogram_freq": -1}, ValueError, "histogram_freq must be a whole number from 0"),
        ({"histogram_freq": 0.5}, TypeError, "histogram_freq"),
        ({"update_freq": 0}, ValueError, "update_freq must be a whole number from 1"),
        ({"update_freq": "epochs"}, ValueError, "update_freq .* did you mean 'epoch'"),
        ({"write_graph": 32}, TypeError, "write_graph must be True or False"),
        ({"write_images": None}, TypeError, "write_images"),
        ({"write_steps_per_second": 1}, TypeError, "write_steps_per_second"),
        ({"profile_batch": (2, 3)}, NotImplementedError, "no profiles .* write_steps_per_second"),
        ({"embeddings_freq": 1}, NotImplementedError, "no embeddings .* ModelCheckpoint"),
        ({"logdir": "a"}, TypeError, "did you mean 'log_dir'"),
        ({"log_dir": 3}, TypeError, "str, bytes or os.PathLike"),
    ],
)
def test_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        TensorBoard(**arguments)


def test_old_arguments():
    names = ("batch_size", "write_grads", "embeddings_layer_names", "embeddings_data")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        board = TensorBoard("logs", histogram_freq=1, **dict.fromkeys(names, True))
    assert (board.log_dir, board.histogram_freq, board.write_graph) == ("logs", 1, True)


def test_tensorboard_reads_it(pictures, tmp_path):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
        from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def
        from tensorboard.util.tensor_util import make_ndarray
    x, y = np.ones((4, 5, 4, 1), "float32"), np.zeros((4, 2), "float32")
    board = TensorBoard(tmp_path, 1, write_images=True)
    history = pictures.fit(x, y, epochs=3, callbacks=board, verbose=0).history
    events = accumulator.EventAccumulator(str(tmp_path / "train")).Reload()
    found = {}
    for tag in events.Tags()["tensors"]:
        found[tag] = [(e.step, make_ndarray(e.tensor_proto)) for e in events.Tensors(tag)]
    assert_equal(found["epoch_loss"], history["loss"])
    assert steps(found["epoch_loss"]) == [0, 1, 2]
    ours = series(tmp_path / "train", "histograms")["out/kernel/histogram"]
    for (_, theirs), (_, table) in zip(found["out/kernel/histogram"], ours, strict=True):
        np.testing.assert_array_equal(theirs, table)
    assert events.SummaryMetadata("out/kernel/image").plugin_data.plugin_name == "images"
    graph = keras_model_to_graph_def(json.loads(found["keras"][0][1].item()))
    nodes = {node.name: list(node.input) for node in graph.node}
    assert nodes["sequential/out"] == ["sequential/flatten"]
