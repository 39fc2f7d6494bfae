"""Threads that share a model: every pair of calls that the tutorial's table names."""

import copy
import itertools
import re
import threading
from pathlib import Path

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential, callbacks
from nnkit.engine import turns
from nnkit.layers import LSTM, Activation, Dense
from tests.helpers import rounds
from tests.training.test_resources import together

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 5)).astype("float32")
Y = RNG.integers(0, 3, 24)
TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.rst"


def compiled(model):
    """SGD without momentum: so many steps from its first weights, a model has one state."""
    model.compile(nnkit.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return model


def network():
    nnkit.utils.set_random_seed(0)
    return compiled(Sequential([Input((5,)), Dense(8, "tanh"), Dense(3, "softmax")]))


def table():
    """What each call does during predict or evaluate, and during fit, as the tutorial says."""
    text = TUTORIAL.read_text()
    text = text[text.index(".. list-table:: What a call does") :]
    rows = re.findall(r"\* - (``.*)\n +- (.*)\n +- (.*)", text)
    return {call: row[1:] for row in rows for call in re.findall(r"``([^`]+)``", row[0])}


class World:
    """Every state that the first weights can lead to, and calls that check what they see."""

    def __init__(self, folder, steps):
        self.folder, self.numbers = folder, itertools.count()
        twin = network()
        self.first = twin.get_weights()
        twin.save_weights(folder / "first.h5")
        self.weights, self.predictions, self.losses = set(), set(), set()
        for _ in range(steps):
            self.weights.add(bits(twin.get_weights()))
            self.predictions.add(twin.predict(X).tobytes())
            self.losses.add(twin.evaluate(X, Y, verbose=0))
            twin.train_on_batch(X, Y)

    def predict(self, model):
        assert model.predict(X).tobytes() in self.predictions

    def predict_on_batch(self, model):
        assert model.predict_on_batch(X).tobytes() in self.predictions

    def evaluate(self, model):
        assert model.evaluate(X, Y, verbose=0) in self.losses

    def test_on_batch(self, model):
        assert model.test_on_batch(X, Y) in self.losses

    def get_weights(self, model):
        assert bits(model.get_weights()) in self.weights

    def save(self, model):
        path = self.folder / f"{next(self.numbers)}.h5"
        model.save(path)
        assert bits(nnkit.load_model(path, compile=False).get_weights()) in self.weights

    def save_weights(self, model):
        path = self.folder / f"{next(self.numbers)}.weights.h5"
        model.save_weights(path)
        read = network()
        read.load_weights(path)
        assert bits(read.get_weights()) in self.weights

    def summary(self, model):
        lines = []
        model.summary(print_fn=lines.append)
        assert "Total weights: 75 (0.3 KiB)" in lines

    def deepcopy(self, model):
        assert bits(copy.deepcopy(model).get_weights()) in self.weights

    def call(self, model):
        np.testing.assert_allclose(model(X).sum(axis=1), 1, rtol=1e-5)

    def train_on_batch(self, model):
        assert np.isclose(model.train_on_batch(X, Y), list(self.losses), rtol=1e-5).any()

    def set_weights(self, model):
        model.set_weights(self.first)

    def load_weights(self, model):
        model.load_weights(self.folder / "first.h5")

    def reset_states(self, model):
        model.reset_states()

    def fit(self, model):
        model.fit(X, Y, batch_size=24, epochs=3, shuffle=False, verbose=0)

    def compile(self, model):
        compiled(model)

    def add(self, model):
        model.add(Activation("linear"))

    def pop(self, model):
        if len(model.layers) > 2:
            model.pop()


def bits(arrays):
    return b"".join(array.tobytes() for array in arrays)


METHODS = {"copy.deepcopy": "deepcopy", "model(x)": "call"}
CALLS = [METHODS.get(call, call) for call in table()]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"), rounds(40, 1000))


def test_the_table_names_every_call():
    assert set(CALLS) == {name for name in vars(World) if not name.startswith("_")}


@pytest.mark.soak
@pytest.mark.parametrize("one", CALLS)
def test_every_pair_of_calls(one, world):
    """Whatever is read is what a number of whole steps left."""
    repeats = rounds(3, 60)
    for other in CALLS[CALLS.index(one) :]:
        model = network()
        refusal = ["is within fit"] if "fit" in (one, other) else []
        if {one, other} & {"add", "pop"}:
            refusal.append("not compiled")

        def repeat(name, model=model, refusal=refusal):
            for _ in range(repeats):
                try:
                    getattr(world, name)(model)
                except RuntimeError as error:
                    if not any(expected in str(error) for expected in refusal):
                        raise
            return "done"

        found = together(lambda: repeat(one), lambda: repeat(other))  # noqa: B023
        assert found == ["done", "done"], (one, other)
        while len(model.layers) > 2:
            model.pop()
        compiled(model)
        model.set_weights(world.first)
        for _ in range(3):
            world.train_on_batch(model)
            world.evaluate(model)


class Meanwhile(callbacks.Callback):
    """Lets another thread call the model at the end of an epoch, and waits for it."""

    def __init__(self, task):
        super().__init__()
        self.task, self.found = task, []

    def on_epoch_end(self, epoch, logs=None):
        self.found += together(lambda: self.task(self.model))


@pytest.mark.parametrize("name", CALLS)
def test_what_another_thread_may_do_during_fit(name, world):
    """Also if a callback waits for that thread: between native calls a fit holds no lock."""
    during_fit = {METHODS.get(call, call): row[1] for call, row in table().items()}[name]
    model, other = network(), Meanwhile(getattr(world, name))
    model.fit(X, Y, batch_size=24, epochs=2, shuffle=False, verbose=0, callbacks=[other])
    if during_fit == "RuntimeError" and name != "pop":  # There is nothing to pop.
        assert [type(error) for error in other.found] == [RuntimeError] * 2
        assert "is within fit of the same model" in str(other.found[0])
    else:
        assert other.found == [None, None]
    if during_fit == "RuntimeError" or name in CALLS[: CALLS.index("train_on_batch")]:
        alone = network()
        alone.fit(X, Y, batch_size=24, epochs=2, shuffle=False, verbose=0)
        np.testing.assert_equal(model.get_weights(), alone.get_weights())


@pytest.mark.parametrize(
    "hook",
    [
        f"on_{call}_{moment}"
        for call in ("test", "predict")
        for moment in ("begin", "batch_begin", "batch_end", "end")
    ]
    + ["on_progress"],
)
def test_a_callback_may_wait_for_a_thread_that_changes_weights(hook, world):
    """In each hook of evaluate, of predict, and of a validation in fit."""
    model, found = network(), []

    def write(*arguments):
        tasks = (lambda: world.train_on_batch(model)), (lambda: world.set_weights(model))
        for task in tasks:
            found.extend(together(task))

    other = type("Other", (callbacks.Callback,), {hook: lambda self, *arguments: write()})()
    model.evaluate(X, Y, 24, 0, callbacks=other)
    model.predict(X, batch_size=24, callbacks=other)
    model.fit(X, Y, 24, verbose=0, validation_data=(X, Y), callbacks=other)
    assert set(found) == {None}
    assert turns._reading == {}


def test_fit_is_refused_after_ctrl_c_has_ended_a_join(monkeypatch):
    """Then Python up to 3.12 says of a thread that it has ended."""
    monkeypatch.setattr(threading.Thread, "is_alive", lambda thread: False)
    model = network()
    other = Meanwhile(lambda model: model.fit(X, Y, verbose=0))
    model.fit(X, Y, batch_size=24, verbose=0, callbacks=other)
    assert "is within fit of the same model" in str(other.found[0])


def test_a_fit_has_the_same_bits_while_others_look(world):
    alone, model = network(), network()
    for fitted in (alone, model):
        nnkit.utils.set_random_seed(1)  # That of the order of samples.
        fitted.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    expected = alone.fit(X, Y, batch_size=5, epochs=100, verbose=0)
    stop = threading.Event()

    def look(method):
        while not stop.is_set():
            method()
        return "done"

    def fit():
        try:
            return model.fit(X, Y, batch_size=5, epochs=100, verbose=0).history
        finally:
            stop.set()

    looks = [model.get_weights, lambda: model.evaluate(X, Y, verbose=0), lambda: model.predict(X)]
    *done, history = together(*(lambda m=m: look(m) for m in looks), fit)
    assert done == ["done"] * 3
    assert history == expected.history
    np.testing.assert_equal(model.get_weights(), alone.get_weights())


def test_models_that_share_a_layer_take_turns():
    """One trains what the other sees: no step is lost when the weights move between them."""
    shared = Dense(8, "tanh")
    first = compiled(Sequential([Input((5,)), shared, Dense(3, "softmax")]))
    second = Sequential([Input((5,)), *first.layers])
    compiled(second)
    begin = first.get_weights()
    for model in (first, second):
        for _ in range(rounds(20, 500)):
            model.train_on_batch(X, Y)
    expected = first.get_weights()
    first.set_weights(begin)

    def train(model):
        for _ in range(rounds(20, 500)):
            model.train_on_batch(X, Y)

    assert together(lambda: train(first), lambda: train(second)) == [None, None]
    np.testing.assert_equal(first.get_weights(), expected)


class PythonLoss(nnkit.losses.Loss):
    """Keeps arrays on itself from forward to backward."""

    def forward(self, y_true, y_pred):
        self.error = y_pred - y_true
        return (self.error**2).mean(axis=-1)

    def backward(self, weight):
        return 2 / self.error.shape[-1] * self.error * weight[:, None]


def test_models_may_share_a_loss():
    loss, targets = PythonLoss(), RNG.normal(size=(24, 3))

    def model(loss):
        made = network()
        made.compile("sgd", loss, metrics=[nnkit.metrics.MeanSquaredError()])
        return made

    def train(model):
        for _ in range(rounds(50, 1000)):
            model.train_on_batch(X, targets)
        return bits(model.get_weights())

    expected = train(model(PythonLoss()))
    models = [model(loss) for _ in range(3)]
    assert together(*(lambda m=m: train(m) for m in models)) == [expected] * 3


def test_layers_that_remember_are_not_disturbed():
    model = Sequential([Input((3, 2), batch_size=4), LSTM(3, stateful=True), Dense(1)])
    model.compile("sgd", "mse")
    x, y = RNG.normal(size=(8, 3, 2)).astype("float32"), np.zeros((8, 1))
    for task in (lambda m: m.evaluate(x, y, 4, 0), lambda m: m.predict(x, batch_size=4)):
        other = Meanwhile(task)
        model.fit(x, y, batch_size=4, shuffle=False, verbose=0, callbacks=[other])
        assert "stateful=True" in str(other.found[0])
    model.evaluate(x, y, 4, 0)
