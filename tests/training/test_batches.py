"""Data that come in batches, from generators, data sets and other iterables."""

import os
import re
import signal
import sys
import threading

import numpy as np
import pytest

import nnkit
from nnkit import Input, Model, Sequential
from nnkit.data import reader
from nnkit.layers import (
    LSTM,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePooling1D,
    Layer,
)
from nnkit.utils import PyDataset

N, SIZE = 22, 4  # Six batches, the last of two rows.
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 5)).astype(np.float32)
Y = RNG.integers(0, 3, N)
WEIGHT = RNG.uniform(size=N).astype(np.float32)


def network(built=True):
    """A model that draws random numbers, compiled."""
    nnkit.utils.set_random_seed(1)
    given = [Input((5,))] if built else []
    model = Sequential([*given, Dense(6, "tanh"), Dropout(0.3), Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def parts(*arrays):
    """The batches of some arrays, in order."""
    rows = range(0, N, SIZE)
    return [tuple(a[i : i + SIZE] for a in arrays) for i in rows]


def forever(batches):
    while True:
        yield from batches


class Data(PyDataset):
    """Batches by their numbers, and what was asked of them."""

    def __init__(self, batches, **options):
        super().__init__(**options)
        self.batches, self.asked = batches, []

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        self.asked.append(index)
        return self.batches[index]

    def on_epoch_begin(self):
        self.asked.append("begin")

    def on_epoch_end(self):
        self.asked.append("end")


class Bare:
    """The same without the base class, as in Keras's oldest scripts."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


class Iterable:
    """What can be iterated over again and again, and may have a length."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


class Loader(Iterable):
    def __len__(self):
        return len(self.batches)


def buffered(batches):
    """A generator that uses its arrays again."""
    memory = [np.empty_like(a) for a in batches[0]]
    for batch in forever(batches):
        for place, array in zip(memory, batch, strict=True):
            place[: len(array)] = array
        yield tuple(place[: len(batch[0])] for place in memory)
        for place in memory:
            place[...] = 0


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert not [t for t in threading.enumerate() if t.name == "nnkit-reader"]


def trained(model, *data, epochs=3, **options):
    history = model.fit(*data, epochs=epochs, verbose=0, **options).history
    return history, model.get_weights()


FORMS = {
    "generator": lambda batches: (forever(batches), {"steps_per_epoch": 6}),
    "its buffers": lambda batches: (buffered(batches), {"steps_per_epoch": 6}),
    "Sequence": lambda batches: (Data(batches), {"shuffle": False}),
    "threads": lambda batches: (Data(batches, workers=3, max_queue_size=2), {"shuffle": False}),
    "processes": lambda b: (Data(b, workers=2, use_multiprocessing=True), {"shuffle": False}),
    "duck": lambda batches: (Bare(batches), {"shuffle": False}),
    "iterable": lambda batches: (Iterable(batches), {}),
    "steps of an iterable": lambda batches: (Iterable(batches), {"steps_per_epoch": 6}),
    "loader": lambda batches: (Loader([list(b) for b in batches]), {}),
    "lists": lambda batches: (Data([tuple(a.tolist() for a in b) for b in batches]), {}),
    "single steps": lambda batches: (Data(batches), {"shuffle": False, "callbacks": [Hooks()]}),
}


class Hooks(nnkit.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seen = []

    def on_train_batch_begin(self, batch, logs=None):
        self.seen.append(batch)

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(batch)


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_the_bits_are_those_of_arrays(form, built):
    data, options = FORMS[form](parts(X, Y, WEIGHT))
    options = {"shuffle": False} | options
    expected = trained(
        network(built), X, Y, SIZE, sample_weight=WEIGHT, shuffle=False, validation_data=(X, Y)
    )
    model = network(built)
    found = trained(model, data, validation_data=Data(parts(X, Y)), **options)
    if form == "lists":  # Other types: float64 and int64.
        np.testing.assert_allclose(found[0]["loss"], expected[0]["loss"], 1e-6)
        return
    np.testing.assert_equal(found, expected)
    data = Bare(parts(X, Y))
    for name in ("evaluate", "predict"):
        ask = getattr(model, name)
        arrays = (X, Y) if name == "evaluate" else (X,)
        expected = ask(*arrays, batch_size=SIZE, verbose=0)
        np.testing.assert_equal(ask(data, verbose=0), expected)
        np.testing.assert_equal(ask(iter(data.batches), verbose=0), expected)
        np.testing.assert_equal(ask(forever(data.batches), steps=6, verbose=1), expected)


def test_class_weights():
    weights = {0: 2.0, 2: 0.5}
    expected = trained(network(), X, Y, SIZE, shuffle=False, class_weight=weights)
    found = trained(network(), Iterable(parts(X, Y)), class_weight=weights)
    np.testing.assert_equal(found, expected)
    with pytest.raises(ValueError, match=r"batch 0 .*: give sample_weight or class_weight, not bo"):
        network().fit(Iterable(parts(X, Y, WEIGHT)), class_weight=weights, verbose=0)


def several(form):
    nnkit.utils.set_random_seed(2)
    p, q = Input((5,), name="p"), Input((2,), name="q")
    hidden = Dense(4, "relu")(Concatenate()([p, q]))
    a, b = Dense(3, "softmax", name="a")(hidden), Dense(1, name="b")(hidden)
    model = Model([p, q], [a, b])
    model.compile("sgd", {"a": "sparse_categorical_crossentropy", "b": "mse"})
    return model


@pytest.mark.parametrize("form", [list, dict])
def test_several_inputs_and_outputs(form):
    data = {"p": X, "q": X[:, :2], "a": Y, "b": X[:, 0]}

    def given(rows):
        cut = {name: array[rows] for name, array in data.items()}
        x, y = ({n: cut[n] for n in names} for names in ("pq", "ab"))
        weight = {"a": WEIGHT[rows], "b": WEIGHT[rows] ** 2}
        return (x, y, weight) if form is dict else tuple(list(d.values()) for d in (x, y, weight))

    x, y, weight = given(slice(None))
    expected = trained(several(form), x, y, SIZE, sample_weight=weight, shuffle=False)
    batches = [given(slice(i, i + SIZE)) for i in range(0, N, SIZE)]
    model = several(form)
    np.testing.assert_equal(trained(model, forever(batches), steps_per_epoch=6), expected)
    np.testing.assert_equal(
        model.predict(iter([(x, y)])),
        model.predict(x, batch_size=N),  # Targets are left alone.
    )


def test_batches_of_other_sizes_and_lengths():
    """They are those of train_on_batch; a model built by the first of them takes longer ones."""
    texts = [RNG.integers(0, 9, shape) for shape in ((3, 4), (2, 4), (2, 7), (5, 1), (3, 4))]
    batches = [(text, text.mean(axis=1)) for text in texts]

    def made():
        nnkit.utils.set_random_seed(3)
        model = Sequential([Embedding(9, 3), GlobalAveragePooling1D(), Dense(1)])
        model.compile("adam", "mse")
        return model

    one = made()
    one.fit(Data(batches), shuffle=False, verbose=0, epochs=2)
    other = made()
    for _ in range(2):
        for batch in batches:
            other.train_on_batch(*batch)
    np.testing.assert_equal(one.get_weights(), other.get_weights())
    found = one.predict(Data(batches))
    expected = np.concatenate([one.predict(text, batch_size=len(text)) for text in texts])
    np.testing.assert_equal(found, expected)


def test_predictions_of_other_shapes_are_refused():
    model = Sequential([Input((None, 2)), Dense(1)])
    with pytest.raises(ValueError, match=r"batch 1 .* has shape \(2, 4, 1\), .* \(2, 3, 1\)"):
        model.predict(iter([np.ones((2, 3, 2)), np.ones((2, 4, 2))]))


def test_a_stateful_model():
    def made():
        nnkit.utils.set_random_seed(4)
        model = Sequential([Input(batch_shape=(2, 1, 5)), LSTM(3, stateful=True), Dense(1)])
        model.compile("sgd", "mse")
        return model

    x, y = X[:20, None], X[:20, :1]
    expected = trained(made(), x, y, shuffle=False)
    batches = [(x[i : i + 2], y[i : i + 2]) for i in range(0, 20, 2)]
    model = made()
    np.testing.assert_equal(trained(model, Iterable(batches)), expected)
    with pytest.raises(ValueError, match=r"batch 1 .*: the batch has 3 samples, .* stateful"):
        model.evaluate(iter([batches[0], (x[:3], y[:3])]), verbose=0)
    again = made()
    again.set_weights(model.get_weights())
    model.reset_states()
    found = model.predict(b[0] for b in batches)
    np.testing.assert_equal(found, again.predict(x))


# ------------------------------------------------------------------------------ order and steps


def test_a_data_set_is_shuffled_by_seed_and_epoch(tmp_path):
    data = Data(parts(X, Y))
    model = network()
    model.fit(data, epochs=4, verbose=0)
    epochs = np.array([i for i in data.asked if isinstance(i, int)]).reshape(4, 6)
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs.tolist())
    assert len(set(map(tuple, epochs.tolist()))) == 4
    assert data.asked[:2] == ["begin", epochs[0, 0]]
    assert data.asked[7:10] == ["end", "begin", epochs[1, 0]]
    half = network()
    half.fit(Data(parts(X, Y), workers=2), epochs=2, verbose=0)
    half.save(tmp_path / "half.h5")
    half = nnkit.load_model(tmp_path / "half.h5")
    half.fit(Data(parts(X, Y)), epochs=4, initial_epoch=2, verbose=0)
    np.testing.assert_equal(half.get_weights(), model.get_weights())


class Rows(Layer):
    """Notes the first number of each row that it sees."""

    seen = ()

    def forward(self, x, training=False):
        self.seen = [*self.seen, x[:, 0].astype(int).tolist()]
        return x

    def backward(self, dy):
        return dy


LINE = np.arange(10.0)[:, None]


def rows_of(data, epochs=4, first=0, **options):
    """Which rows each step of a training sees."""
    model = Sequential([Input((1,)), Rows(), Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    given = (data,) if not isinstance(data, np.ndarray) else (data, data)
    model.fit(*given, epochs=epochs, initial_epoch=first, verbose=0, shuffle=False, **options)
    return model.layers[0].seen, model.history.epoch


def pairs(size=2):
    return [(LINE[i : i + size], LINE[i : i + size]) for i in range(0, 10, size)]


@pytest.mark.parametrize("form", ["arrays", Data, Loader, Bare])
def test_epochs_go_on_through_the_data(form):
    """As in Keras the last epoch of a pass is short; an epoch's steps are a function of it only."""
    data = LINE if form == "arrays" else form(pairs())
    options = {"steps_per_epoch": 3} | ({"batch_size": 2} if form == "arrays" else {})
    with pytest.warns(UserWarning, match=r"ran out of data in epoch 1 .*, after 2 of 3") as caught:
        found, epochs = rows_of(data, **options)
    assert (len(caught), caught[0].filename) == (1, __file__)
    once = [[i, i + 1] for i in range(0, 10, 2)]
    assert (found, epochs) == (once * 2, [0, 1, 2, 3])
    with pytest.warns(UserWarning, match="ran out of data in epoch 3"):
        found, _ = rows_of(data, first=3, **options)
    assert found == once[3:]


def test_batches_of_arrays_by_steps():
    """Without batch_size, as many rows as make so many steps."""
    assert rows_of(LINE, 1, steps_per_epoch=3)[0] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert rows_of(LINE, 1, steps_per_epoch=2.5)[0] == rows_of(LINE, 1, batch_size=4)[0]
    model = Sequential([Input((1,)), Rows(), Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    model.evaluate(LINE, LINE, batch_size=3, steps=2, verbose=0)
    assert model.layers[0].seen == [[0, 1, 2], [3, 4, 5]]
    assert len(model.predict(LINE, batch_size=3, steps=2)) == 6
    assert len(model.predict(LINE, steps=3)) == 10
    model.layers[0].seen = ()
    options = {"batch_size": 10, "validation_steps": 2, "validation_batch_size": 3, "epochs": 2}
    model.fit(LINE, LINE, validation_data=(LINE, LINE), verbose=0, shuffle=False, **options)
    assert model.layers[0].seen[1:3] == model.layers[0].seen[4:] == [[0, 1, 2], [3, 4, 5]]


def test_a_generator_is_read_as_far_as_needed():
    count = iter(range(1000))
    numbers = ((LINE[:1] + i, LINE[:1]) for i in count)
    found, _ = rows_of(numbers, epochs=2, steps_per_epoch=3)
    assert found == [[i] for i in range(6)]
    assert next(count) == 6
    model = Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", "mse")
    model.evaluate(numbers, steps=2, verbose=0)
    model.predict(numbers, steps=2)
    assert next(count) == 11
    assert next(numbers)[0][0, 0] == 12  # It is not closed.


def test_an_iterable_of_unknown_length_begins_anew():
    assert (
        rows_of(Iterable(pairs()), 4, steps_per_epoch=5)[0]
        == [[i, i + 1] for i in (0, 2, 4, 6, 8)] * 4
    )


def test_a_data_set_without_an_end():
    class Numbers(PyDataset):
        num_batches = None

        def __getitem__(self, index):
            return LINE[:1] + index, LINE[:1]

    assert rows_of(Numbers(), 2, steps_per_epoch=3)[0] == [[i] for i in range(6)]
    assert rows_of(Numbers(workers=2), 2, 1, steps_per_epoch=3)[0] == [[3], [4], [5]]
    for call, name in ((network().fit, "steps_per_epoch"), (network().predict, "steps")):
        with pytest.raises(ValueError, match=f"x has no end .*: give {name}"):
            call(Numbers(), verbose=0)


@pytest.mark.parametrize(
    ("batches", "options", "message", "epochs"),
    [
        (5, {"steps_per_epoch": 2}, r"epoch 2 \(counted from 0\), after 1 of 2 batches: train", 3),
        (4, {"steps_per_epoch": 2}, r"epoch 2 \(counted from 0\), after 0 of 2 batches: train", 2),
        (5, {}, r"epoch 0 \(counted from 0\), after 5 batches: training ends here", 1),
    ],
)
def test_a_generator_that_ends_early(batches, options, message, epochs):
    model = network()
    with pytest.warns(UserWarning, match=message) as caught:
        model.fit(iter(parts(X, Y)[:batches]), epochs=9, verbose=0, **options)
    assert (len(caught), caught[0].filename) == (1, __file__)
    assert model.history.epoch == list(range(epochs))
    assert model.optimizer.iterations == batches


def test_one_epoch_of_a_generator_needs_no_steps():
    assert rows_of(iter(pairs()), epochs=1)[0] == [[i, i + 1] for i in range(0, 10, 2)]


def test_validation_with_a_generator_goes_on():
    batches = [(X[:4] * i, Y[:4]) for i in range(1, 5)]
    model = network()
    found = model.fit(
        X, Y, SIZE, epochs=2, validation_data=iter(batches), validation_steps=2, verbose=0
    )
    assert model.history is found
    assert found.history["val_loss"][1] == model.evaluate(iter(batches[2:]), verbose=0)[0]
    with pytest.warns(UserWarning, match=r"validation_data ran out of data in epoch 1 .* 0 of 3"):
        found = model.fit(
            X, Y, epochs=2, validation_data=iter(batches[:3]), validation_steps=3, verbose=0
        )
    assert [len(v) for v in found.history.values()] == [2, 2, 1, 1]
    with pytest.warns(UserWarning, match="^x ran out of data, after 4 of 5 batches"):
        model.evaluate(iter(batches), steps=5, verbose=0)


# --------------------------------------------------------------------------------- the thread


def test_one_thread_advances_a_generator():
    """The same in all epochs, not the user's, but on the same device."""
    threads = set()

    def numbers():
        while True:
            threads.add(threading.get_ident())
            assert nnkit.get_device() == "cpu"
            yield X[:2], Y[:2]

    with nnkit.device("cpu"):
        network().fit(numbers(), epochs=3, steps_per_epoch=5, verbose=0)
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def taken(stack):
    return stack.first, stack.batches, stack.rows


def test_batches_pile_up_while_nobody_waits():
    """Equal ones in a block, of which native code does many steps; no more than two blocks."""
    made, full = [], threading.Event()

    def arrays(batch, number):
        made.append(number)
        if number == 128:  # It has no place yet.
            full.set()
        return nnkit.data.Arrays([batch])

    found = reader.Reader(arrays, lambda stack: [stack], str, lambda thread: False)
    shapes = [*[(2, 3)] * 200, (1, 3), (2, 3), (3, 3), (3, 4), (3, 4)]
    found.begin(iter(np.ones(shape) for shape in shapes), None)
    assert full.wait(60)
    stacks = [found.take()]
    while stacks[-1] is not None:
        stacks.append(found.take())
    assert taken(stacks[0]) == (0, 64, 128)
    assert taken(stacks[1]) == (64, 64, 128)
    assert sum(s.rows for s in stacks[:-1]) == sum(shape[0] for shape in shapes)
    firsts = [s.first for s in stacks[:-1]]
    assert firsts == sorted(firsts)
    assert {s.arrays().x[0].shape[1] for s in stacks[-2:-1]} == {4}
    found.close()


def test_a_callback_sets_what_the_batches_of_an_epoch_are():
    """No batch of an epoch is made before the callbacks know of it."""
    state = {}

    class Level(nnkit.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            state["epoch"] = epoch

    class Levels(Data):
        def __getitem__(self, index):
            return LINE[:1] + state["epoch"], LINE[:1]

    found, _ = rows_of(Levels(pairs()), epochs=2, callbacks=[Level()])
    assert found == [[0]] * 5 + [[1]] * 5


class OddError(RuntimeError):
    def __init__(self, one, two):
        super().__init__(one)


def test_an_error_of_a_generator_is_the_users():
    def failing():
        yield from parts(X, Y)[:3]
        raise OddError("no more images", 2)

    model = network()
    with pytest.raises(OddError, match="no more images") as caught:
        model.fit(failing(), epochs=2, steps_per_epoch=2, verbose=0)
    assert caught.value.__notes__ == ["This was for x, epoch 1, batch 1 (counted from 0)."]
    assert model.optimizer.iterations == 3
    assert model.history.epoch == [0]


def test_threads_of_a_data_set_fail():
    class Failing(Data):
        def __getitem__(self, index):
            return self.batches[index // (index != 3)]

    with pytest.raises(ZeroDivisionError) as caught:
        network().evaluate(Failing(parts(X, Y), workers=3), verbose=0)
    assert caught.value.__notes__ == ["This was for x, batch 3 (counted from 0)."]


@pytest.mark.parametrize("where", ["on_epoch_begin", "on_progress", "on_train_batch_end"])
def test_an_error_in_a_callback_ends_the_thread(where):
    def fail(*arguments):
        raise OddError("in a callback", 2)

    callback = nnkit.callbacks.Callback()
    setattr(callback, where, fail)
    with pytest.raises(OddError):
        network().fit(forever(parts(X, Y)), steps_per_epoch=6, verbose=0, callbacks=[callback])


def test_stopped_early():
    class Stop(nnkit.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 2

    model = network()
    model.fit(forever(parts(X, Y)), epochs=3, steps_per_epoch=6, verbose=0, callbacks=[Stop()])
    assert (model.optimizer.iterations, model.history.epoch) == (3, [0])


@pytest.mark.skipif(sys.platform == "win32", reason="signals work otherwise")
@pytest.mark.parametrize("built", [True, False])
def test_ctrl_c_while_a_generator_hangs(built, monkeypatch):
    monkeypatch.setattr(reader, "_PATIENCE_SECONDS", 0.01)
    hangs, thread = threading.Event(), []

    def hanging():
        if built:
            yield X[:4], Y[:4]
        thread.append(threading.current_thread())
        os.kill(os.getpid(), signal.SIGINT)
        hangs.wait()
        yield X[:4], Y[:4]

    model = network(built)
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(hanging(), steps_per_epoch=3, verbose=0)
        assert thread[0].is_alive()
        assert model.optimizer.iterations <= built
    finally:
        hangs.set()
    thread[0].join()
    trained(model, X, Y)


def test_a_generator_may_use_the_model():
    """Its predictions in a training, as in reinforcement learning; and in an evaluation."""
    model = network()

    def guesses():
        while True:
            yield X[:4], model.predict(X[:4]).argmax(axis=1)

    model.fit(guesses(), steps_per_epoch=5, verbose=0)
    model.evaluate(guesses(), steps=3, verbose=0)
    model.predict(guesses(), steps=3)


@pytest.mark.parametrize("stateful", [False, True])
def test_a_generator_that_changes_the_model_it_is_evaluated_with(stateful):
    model = Sequential([Input(batch_shape=(2, 1, 5)), LSTM(3, stateful=stateful), Dense(1)])
    model.compile("sgd", "mse")

    def changing():
        yield X[:2, None], X[:2, :1]
        model.set_weights(model.get_weights())
        yield X[:2, None], X[:2, :1]

    for ask in (model.evaluate, model.predict):
        with pytest.raises(RuntimeError, match="the batches wants to change the model that waits"):
            ask(changing(), verbose=0)
    trained(model, forever([(X[:2, None], X[:2, :1])]), steps_per_epoch=2)


# ----------------------------------------------------------------------------------- bad input

GOOD = (X[:4], Y[:4])
NAN = np.where(np.arange(20).reshape(4, 5) == 7, np.nan, 1)
WRONG = [
    (None, TypeError, "the batch is None; it must be x"),
    ("abc", TypeError, "the batch is of type str; it must be x"),
    (7, TypeError, "the batch is of type int"),
    ((), ValueError, "the batch is a tuple of 0"),
    ((X[:4], Y[:4], WEIGHT[:4], 1), ValueError, r"the batch is a tuple of 4; it must be x, \(x, y"),
    ((X[:4],), TypeError, "y is missing"),
    (X[:4], TypeError, "y is missing"),
    ((X[:4], Y[:3]), ValueError, "x has 4, y has 3"),
    ((X[:4], Y[:4], WEIGHT[:3]), ValueError, "y has 4, sample_weight has 3"),
    ((X[:0], Y[:0]), ValueError, "x must have at least one sample"),
    ((X[:4, :3], Y[:4]), ValueError, r"x has samples of shape \(3,\), but the model takes \(5,\)"),
    ((X[0], Y[:5]), ValueError, "a single sample needs a batch axis"),
    ((NAN, Y[:4]), ValueError, "x contains NaN or infinity .* first in sample 1"),
    ((X[:4], [0, 1, 2, 3]), ValueError, r"whole numbers from 0 to 2 .*y\[3\] is 3"),
    ((X[:4], Y[:4], np.array([1, np.inf, 1, 1])), ValueError, "sample_weight contains NaN"),
    (({"a": X[:4]}, Y[:4]), TypeError, "x is a dictionary; the model has one input"),
    ((["a"], Y[:4]), TypeError, "x must be an array of numbers"),
]


@pytest.mark.parametrize(("wrong", "error", "message"), WRONG)
def test_a_wrong_batch_is_named(wrong, error, message):
    """Those before it are trained on."""
    model = network()
    batches = [GOOD] * 3 + [wrong, GOOD]
    with pytest.raises(error, match=rf"^x, epoch 1, batch 1 \(counted from 0\): .*{message}"):
        model.fit(iter(batches), epochs=2, steps_per_epoch=2, verbose=0)
    assert model.optimizer.iterations == 3
    with pytest.raises(error, match=r"^validation_data, epoch 0, batch 3 \(counted from 0\): "):
        model.fit(X, Y, epochs=2, validation_data=Data(batches), verbose=0)
    with pytest.raises(error, match=r"^x, batch 3 \(counted from 0\): "):
        model.evaluate(Data(batches), verbose=0)


def test_the_first_batch_is_wrong_for_a_model_that_is_not_built():
    model = network(built=False)
    for wrong in (None, (X[0, 0], 1), (np.array(["a"]), [1])):
        with pytest.raises((TypeError, ValueError), match=r"^x, epoch 0, batch 0 .*: "):
            model.fit(iter([wrong]), verbose=0)
    with pytest.raises(ValueError, match="x has no batches"):
        model.fit(iter([]), verbose=0)
    assert not model.built


def test_where_numbers_stop_being_finite():
    model = Sequential([Input((1,)), Dense(1)])
    model.compile(nnkit.optimizers.SGD(1e30), "mse")
    batches = [(LINE[:2] * 0, LINE[:2] * 0)] * 3 + [(LINE[:2] + 1, LINE[:2])] * 3
    with pytest.raises(FloatingPointError, match=r"stopped being finite in epoch 1, batch 1"):
        model.fit(iter(batches), epochs=2, steps_per_epoch=3, verbose=0, check_numerics=True)


def test_a_prediction_of_nan_names_the_sample():
    with pytest.warns(RuntimeWarning, match="first in sample 5, and so does") as caught:
        network().predict(iter([X[:4], NAN, NAN]))
    assert len(caught) == 1


REFUSED = [
    (
        "fit",
        {"y": Y},
        "fit: x is a list_iterator, which gives batches, and each batch has the targ",
    ),
    ("fit", {"sample_weight": WEIGHT}, "each batch has the weights: leave sample_weight out"),
    ("fit", {"batch_size": 4}, "a batch is as large as it comes: leave batch_size out"),
    ("fit", {"validation_split": 0.5}, "x gives batches, so give validation_data"),
    ("fit", {"validation_data": iter([GOOD])}, "may have no end, .*: give validation_steps"),
    (
        "fit",
        {"validation_data": Bare([GOOD]), "validation_batch_size": 2},
        "leave validation_batch",
    ),
    ("evaluate", {"y": Y}, "evaluate: x is a list_iterator"),
    ("evaluate", {"batch_size": 3}, "leave batch_size out"),
    ("predict", {"batch_size": 3}, "predict: x is a list_iterator"),
    ("predict", {"to_host": False}, "to_host=False is for arrays"),
]


@pytest.mark.parametrize(("method", "options", "message"), REFUSED)
def test_what_does_not_go_with_batches(method, options, message):
    batches = iter([GOOD])
    with pytest.raises(ValueError, match=message):
        getattr(network(), method)(batches, verbose=0, **options)
    assert next(batches) is GOOD  # Before anything was read.


def test_the_number_of_batches_may_be_an_attribute_or_a_method():
    class Old(PyDataset):
        def __init__(self):
            self.num_batches = 5

        def __getitem__(self, index):
            return pairs()[index]

    class Odd(Bare):
        def num_batches(self):
            raise AssertionError("this is not Keras's")

    for data in (Old(), Odd(pairs())):
        assert rows_of(data, 1)[0] == [[i, i + 1] for i in range(0, 10, 2)]


def test_a_data_set_without_its_methods():
    class Empty(PyDataset):
        pass

    with pytest.raises(NotImplementedError, match="Empty needs __len__, or the property num_batc"):
        network().fit(Empty(), verbose=0)
    with pytest.raises(ValueError, match="x has no batches: its length is 0"):
        network().fit(Data([]), verbose=0)
    with pytest.raises(ValueError, match="Data: workers must be a whole number from 0"):
        Data([], workers=-1)
    assert [batch[0].shape for batch in Data(parts(X, Y))] == [(4, 5)] * 5 + [(2, 5)]


@pytest.mark.parametrize("value", [{1, 2}, "abc", Bare, {"a": 1}.keys, lambda: 1])
def test_what_gives_no_batches(value):
    with pytest.raises(TypeError, match="x must be an array of numbers"):
        network().predict(value)


# ----------------------------------------------------------------------------- what is reported


def test_hooks_count_the_batches_of_an_epoch():
    class Tests(nnkit.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_test_batch_end(self, batch, logs=None):
            self.seen.append(batch)

        def on_predict_batch_end(self, batch, logs=None):
            self.seen.append(batch)

    hooks, tests = Hooks(), Tests()
    data, model = Iterable(parts(X, Y)), network()
    model.fit(data, epochs=2, verbose=0, callbacks=[hooks])
    assert hooks.seen == [i for i in range(6) for _ in range(2)] * 2
    assert hooks.params["steps"] == 6  # Known from the first epoch on.
    model.evaluate(data, verbose=0, callbacks=[tests])
    model.predict(data, callbacks=[tests])
    assert tests.seen == [*range(6)] * 2


def test_lines_of_data_of_unknown_length(capsys):
    model = network()
    model.fit(Iterable(parts(X, Y)), epochs=2, verbose=2)
    model.evaluate(iter(parts(X, Y)), verbose=2)
    model.predict(iter(parts(X, Y)), verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(", .*", "", line) for line in lines] == [
        "Epoch 1/2 - 6 steps",
        "Epoch 2/2 - 6 steps",
        "Evaluate - 6 steps",
        "Predict - 6 steps",
    ]
    model.fit(Iterable(parts(X, Y)), epochs=1, verbose=1)
    assert "Epoch 1/1 - 6 steps" in capsys.readouterr().out


def test_one_warning_of_targets():
    model = Sequential([Input((5,)), Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    y = np.where(Y > 0, 1, -1)
    with pytest.warns(UserWarning, match="from 0 to 1, but y") as caught:
        model.fit(Iterable(parts(X, y)), epochs=2, validation_data=Data(parts(X, y)), verbose=0)
    assert (len(caught), caught[0].filename) == (1, __file__)


# ---------------------------------------------------------------------------- other libraries


def test_a_loader_of_torch():
    torch = pytest.importorskip("torch")
    tensors = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    loader = torch.utils.data.DataLoader(tensors, batch_size=SIZE)
    expected = trained(network(), X, Y, SIZE, shuffle=False)
    model = network()
    np.testing.assert_equal(trained(model, loader), expected)
    np.testing.assert_equal(model.predict(loader), model.predict(X, batch_size=SIZE))


def test_files_and_tables_are_arrays_as_before(tmp_path):
    h5py, pandas = pytest.importorskip("h5py"), pytest.importorskip("pandas")
    expected = trained(network(), X, Y, SIZE)
    np.save(tmp_path / "x.npy", X)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"], file["y"] = X, Y
        np.testing.assert_equal(trained(network(), file["x"], file["y"], SIZE), expected)
    for x in (np.load(tmp_path / "x.npy", mmap_mode="r"), pandas.DataFrame(X)):
        np.testing.assert_equal(trained(network(), x, Y, SIZE), expected)
