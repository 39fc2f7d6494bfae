"""Ctrl-C at any moment, and forks: nothing is lost, nothing half done, nobody waits for ever."""

import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential, callbacks, forks, interrupts
from nnkit.engine import turns
from nnkit.engine.dispatch import launch
from nnkit.layers import BatchNormalization, Dense, Layer
from tests.helpers import rounds
from tests.training.test_resources import LABELS, X, output

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks work otherwise")

ENOUGH = 60  # Seconds after which a Ctrl-C is lost.


class Half(Layer):
    """In Python."""

    def forward(self, x, training=False):
        return x / 2

    def backward(self, dy):
        return dy / 2


class Batches(callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


def network(*more):
    nnkit.utils.set_random_seed(0)
    layers = [Input((20,)), Dense(32, "relu"), BatchNormalization(), *more, Dense(3, "softmax")]
    model = Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Interrupter:
    """Presses Ctrl-C some time after it was asked to."""

    def __init__(self, seed):
        self.random, self.asked = random.Random(seed), threading.Semaphore(0)
        self.lost = []
        sys.unraisablehook = self._note
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=self._press, daemon=True).start()

    def _note(self, unraisable):
        # Between open() and its with block, Python itself leaves a file to the collector.
        if unraisable.exc_type is not ResourceWarning:
            self.lost.append(unraisable)

    def _press(self):
        while True:
            self.asked.acquire()
            time.sleep(self.delay)
            os.kill(os.getpid(), signal.SIGINT)

    def during(self, call, span):
        """Repeat a call until Ctrl-C ends it, within so many seconds."""
        self.delay = self.random.random() * span
        end = time.monotonic() + span + ENOUGH
        try:
            self.asked.release()
            while time.monotonic() < end:
                call()
        except KeyboardInterrupt:
            assert not self.lost, self.lost
            return
        raise AssertionError(f"Ctrl-C was lost: {self.lost}")


def settled(model):
    """Nobody has a turn or reads, signals are as they were, and training goes on as from a file."""
    root = model.turns._root()
    assert (root._owner, len(root._queue), root._writers, turns._reading) == (0, 0, {}, {})
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    folder = Path(tempfile.mkdtemp())
    model.save(folder / "model.h5")
    twin = nnkit.load_model(folder / "model.h5", custom_objects={"Half": Half})
    shutil.rmtree(folder)
    before = model.optimizer.iterations
    for each in (model, twin):
        each.fit(X[:100], LABELS[:100], verbose=0)
        assert each.optimizer.iterations == before + 4
    np.testing.assert_equal(model.get_weights(), twin.get_weights())
    np.testing.assert_array_equal(model.predict(X[:9]), twin.predict(X[:9]))


def interrupt_fit(times):
    press, fitted = Interrupter(0), [network(), network(Half())]
    for i in range(times):
        model, listeners = fitted[i % 2], [Batches()] if i % 3 == 0 else []
        press.during(
            lambda m=model, c=listeners: m.fit(
                X, LABELS, epochs=2, validation_split=0.1, verbose=0, callbacks=c
            ),
            0.1,
        )
        settled(model)


def interrupt_single_batches(times):
    press, model = Interrupter(1), network()
    for _ in range(times):
        press.during(lambda: model.train_on_batch(X[:32], LABELS[:32]), 0.02)
        settled(model)


def interrupt_predict(times):
    press, model = Interrupter(2), network()
    expected = model.predict(X)
    for i in range(times):
        rows = 1 if i % 2 else 600
        press.during(lambda n=rows: model.predict(X[:n]), 0.01)
        np.testing.assert_array_equal(model.predict(X), expected)
        press.during(lambda: network().predict(X), 0.03)  # The first of a model is recorded.
    settled(model)


class Lots(nnkit.utils.PyDataset):
    """Batches for a while."""

    def __len__(self):
        return len(X) // 32

    def __getitem__(self, index):
        rows = slice(32 * index, 32 * (index + 1))
        return X[rows], LABELS[rows]


def interrupt_batches(times):
    press, fitted = Interrupter(5), [network(), network(Half())]
    for i in range(times):
        model, data = fitted[i % 2], Lots(workers=1 + i % 3)
        press.during(lambda m=model, x=data: m.fit(x, validation_data=x, verbose=0), 0.1)
        press.during(lambda m=model, x=data: m.predict(x), 0.03)
        for thread in threading.enumerate():
            if thread.name == "nnkit-reader":  # Of a Ctrl-C while one ended the thread.
                thread.join(ENOUGH)
                assert not thread.is_alive()
        settled(model)


def interrupt_files(times):
    press, folder = Interrupter(3), Path(tempfile.mkdtemp())
    model = Sequential([Input((20,)), *(Dense(200) for _ in range(6)), Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    path = folder / "model.h5"
    model.save(path)
    for _ in range(times):
        press.during(lambda: model.save(path), 0.1)
        press.during(lambda: nnkit.load_model(path), 0.1)
        assert [file.name for file in folder.iterdir()] == ["model.h5"]
        np.testing.assert_equal(nnkit.load_model(path).get_weights(), model.get_weights())
    settled(model)
    shutil.rmtree(folder)


def interrupt_compilation(times):
    press, expected = Interrupter(4), network()
    expected.fit(X, LABELS, verbose=0)
    used = [launch.fill, launch.relu, launch.advance, *rounds([], vars(launch).values())]
    for _ in range(times):
        os.environ["NNKIT_CACHE_DIR"] = tempfile.mkdtemp()
        for kernel in used:
            kernel._compiled.clear()
        model = network()
        press.during(lambda m=model: m.fit(X, LABELS, verbose=0), rounds(0.3, 8))
        if model.optimizer.iterations == 0:
            model.fit(X, LABELS, verbose=0)
            np.testing.assert_equal(model.get_weights(), expected.get_weights())
        settled(model)
        shutil.rmtree(os.environ["NNKIT_CACHE_DIR"])


@pytest.mark.soak
@pytest.mark.parametrize(
    ("what", "many"),
    [
        *(("fit", 120), ("single_batches", 120), ("batches", 120), ("predict", 120)),
        *(("files", 120), ("compilation", 20)),
    ],
)
def test_ctrl_c_at_any_moment(what, many):
    output(f"from tests.training.test_interrupts import *\ninterrupt_{what}({rounds(3, many)})")


@pytest.fixture
def handled():
    """A handler of the user's, and what it was called for."""
    calls = []
    before = signal.signal(signal.SIGINT, lambda number, frame: calls.append(number))
    yield calls
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_waits_until_a_block_ends(handled):
    with interrupts.deferred():
        with interrupts.deferred():
            signal.raise_signal(signal.SIGINT)
        assert handled == []
    assert handled == [signal.SIGINT]


def test_ctrl_c_comes_where_it_is_looked_for(handled):
    with interrupts.deferred():
        signal.raise_signal(signal.SIGINT)
        interrupts.check()
        assert handled == [signal.SIGINT]
        with interrupts.allowed():
            signal.raise_signal(signal.SIGINT)
            assert handled == [signal.SIGINT] * 2
        signal.raise_signal(signal.SIGINT)
        with interrupts.allowed():
            assert handled == [signal.SIGINT] * 3


def test_a_handler_that_is_set_within_a_block_stays(handled):
    def own(number, frame):
        raise AssertionError

    with interrupts.deferred(), interrupts.allowed():
        signal.signal(signal.SIGINT, own)
    assert signal.getsignal(signal.SIGINT) is own


def test_what_runs_apart_goes_on_after_ctrl_c():
    begun, go_on, made = threading.Event(), threading.Event(), []

    def work():
        begun.set()
        go_on.wait()
        made.append(threading.current_thread())

    def press(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, press)
    try:
        presser = threading.Thread(
            target=lambda: (begun.wait(), os.kill(os.getpid(), signal.SIGINT))
        )
        presser.start()
        with pytest.raises(KeyboardInterrupt):
            interrupts.apart(work)
        presser.join()
    finally:
        signal.signal(signal.SIGINT, before)
    apart = [thread for thread in threading.enumerate() if thread.name == "nnkit-apart"]
    go_on.set()
    for thread in apart:
        thread.join()
    assert made == apart


def test_what_runs_apart_returns_or_raises():
    assert interrupts.apart(divmod, 7, 3) == (2, 1)
    with pytest.raises(ZeroDivisionError):
        interrupts.apart(divmod, 7, 0)


def fork_during(work, times):
    """Fork while threads work; each child predicts, trains, saves and compiles."""
    forks._PATIENCE_SECONDS = 10 * ENOUGH
    model, other, stop = network(), network(), threading.Event()
    for each in (model, other):
        each.fit(X, LABELS, validation_split=0.1, verbose=0)
    expected = other.predict(X)
    folder = Path(tempfile.mkdtemp())
    model.save(folder / "model.h5")
    os.environ["NNKIT_CACHE_DIR"] = str(folder / "cache")

    def repeat(call):
        while not stop.is_set():
            call()

    def compile_kernel():
        number = random.random()

        @nnkit.kernel(outputs=["y"])
        def fill(x, y):
            y[0] = x + number

        y = np.zeros(1)
        fill(1.0, y)
        assert y[0] == 1 + number

    calls = {
        "fit": lambda: model.fit(X, LABELS, verbose=0),
        "predict": lambda: network().predict(X),
        "save": lambda: model.save(folder / "model.h5"),
        "compile": compile_kernel,
    }
    threads = [threading.Thread(target=repeat, args=(calls[name],)) for name in work.split()]
    for thread in threads:
        thread.start()
    for _ in range(times):
        child = os.fork()
        if child == 0:
            signal.alarm(2 * ENOUGH)
            np.testing.assert_array_equal(other.predict(X), expected)
            assert np.isfinite(model.evaluate(X, LABELS, verbose=0)).all()
            model.fit(X, LABELS, verbose=0)
            model.save(folder / "child.h5")
            compile_kernel()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    stop.set()
    for thread in threads:
        thread.join()
    shutil.rmtree(folder)


def fork_before_a_layer_compiles():
    """A layer that runs in Python has the model's turn while it compiles; so the fork waits."""
    begun = threading.Event()

    @nnkit.kernel(outputs=["y"])
    def twice(x, y):
        for i in range(len(x)):
            y[i] = 2 * x[i]

    class Compiles(Half):
        def forward(self, x, training=False):
            begun.set()
            while forks._waits_for is None:
                time.sleep(0.001)
            twice(np.ones(3), y := np.empty(3))
            return x * y[0]

    forks._PATIENCE_SECONDS = 10 * ENOUGH
    os.environ["NNKIT_CACHE_DIR"] = folder = tempfile.mkdtemp()
    model = Sequential([Input((20,)), Compiles()])
    thread = threading.Thread(target=model, args=(X,))
    thread.start()
    begun.wait()
    signal.alarm(ENOUGH)
    child = os.fork()
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    thread.join()
    shutil.rmtree(folder)


def test_a_fork_waits_for_a_layer_that_compiles():
    output(
        "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
        "from tests.training.test_interrupts import *\n"
        "fork_before_a_layer_compiles()"
    )


def fork_during_the_first_save():
    """h5py takes a lock of its own at forks, and wants it while it is imported."""
    forks._PATIENCE_SECONDS = 10 * ENOUGH
    model, other = network(), network()
    folder = Path(tempfile.mkdtemp())
    saving = threading.Thread(target=model.save, args=(folder / "model.h5",))
    saving.start()
    while "h5py.h5t" not in sys.modules:
        time.sleep(0)
    child = os.fork()
    if child == 0:
        other.save(folder / "other.h5")
        os._exit(0)
    saving.join()
    assert os.waitpid(child, 0)[1] == 0
    assert len(nnkit.load_model(folder / "other.h5").layers) == len(other.layers)


def test_a_fork_during_the_first_save():
    output(
        "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
        "from tests.training.test_interrupts import *\n"
        "fork_during_the_first_save()"
    )


@pytest.mark.soak
@pytest.mark.parametrize("work", ["fit", "predict predict save", "compile fit"])
def test_a_fork_at_any_moment(work):
    output(
        "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
        "from tests.training.test_interrupts import *\n"
        f"fork_during({work!r}, {rounds(3, 60)})"
    )
