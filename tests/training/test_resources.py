"""Memory that doesn't grow, threads and processes that don't meet, Ctrl-C that works."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential, callbacks, config
from nnkit.layers import Dense, Sigmoid, Softmax, Tanh

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 20)).astype("float32")
LABELS = RNG.integers(0, 3, 600)


def network(units=16, **compiled):
    nnkit.utils.set_random_seed(3)
    layers = [Input((20,)), Dense(units), Tanh(), Dense(8), Sigmoid(), Dense(3), Softmax()]
    model = Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **compiled)
    return model


@pytest.fixture
def two_workers():
    """A step that is large enough for two threads even where there is one core."""
    config.set_num_threads(2)
    yield
    config.set_num_threads(None)


def large():
    """A model that two workers share, trained a little."""
    model = network(units=512)
    model.fit(X, LABELS, batch_size=300, epochs=2, verbose=0)
    return model


def program(script, *arguments):
    """A program of its own, with nnkit and this module in reach."""
    start = "import gc, sys, numpy as np\nfrom tests.training.test_resources import *\n"
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-W", "error", "-c", start + script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(script):
    running = program(script)
    out, error = running.communicate(timeout=300)
    assert running.returncode == 0, error
    return out


def peak():
    """The most memory that this process has had, in MB."""
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


@pytest.mark.skipif(sys.platform == "win32", reason="there is no module resource")
@pytest.mark.parametrize(
    "work",
    [
        "for _ in range(n * 100): model.predict(X[:8])",
        "for _ in range(n): network().fit(X[:40], LABELS[:40], verbose=0)",
        "for _ in range(n): model.train_on_batch(X[:40], LABELS[:40])",
        "for i in range(n): model.predict(X[: i % 99 + 1]), model.test_on_batch(X[:9], LABELS[:9])",
    ],
    ids=["predict", "models", "train_on_batch", "batch sizes"],
)
def test_memory_is_flat(work):
    script = f"""
model = network()
def work(n):
    {work}
    gc.collect()
work(50)
before = peak()
work(150)
print(peak() - before)
"""
    assert float(output(script)) < 4


def test_a_dropped_model_is_freed():
    model = network()
    model.fit(X, LABELS, verbose=0)
    model.predict(X)
    gone = weakref.ref(model), weakref.ref(model.session().storage), weakref.ref(model.layers[0])
    del model
    gc.collect()
    assert [found() for found in gone] == [None] * 3


def test_batch_sizes_that_come_back_are_not_recorded_again():
    model = network()
    for _ in range(2):
        for size in range(1, 60):
            model.train_on_batch(X[:size], LABELS[:size])
            model.predict(X[:60], batch_size=size)
    assert len(model.session().records._steps) == 59
    np.testing.assert_allclose(model.predict(X), model(X), rtol=1e-4, atol=1e-6)


def together(*tasks):
    """Run tasks in threads that start at once; what they return, or raise."""
    barrier = threading.Barrier(len(tasks))
    found = [None] * len(tasks)

    def run(i):
        barrier.wait()
        try:
            found[i] = tasks[i]()
        except Exception as error:  # Shown by the assertion that follows.
            found[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("eager", [False, True])
def test_threads_may_make_the_first_predictions_of_a_model_at_once(eager):
    """Layers keep arrays on themselves: what they return must be their own call's all the same."""
    sizes = (100, 200, 300, 400)
    script = f"""
for _ in range(10):
    model = network(units=64, run_eagerly={eager})
    found = together(*(lambda n=n: model.predict(X[:n]) for n in {sizes}))
    for n, y in zip({sizes}, found):
        np.testing.assert_allclose(y, model(X[:n]), rtol=1e-4, atol=1e-6)
"""
    output(script)


def test_predicting_while_another_model_trains():
    alone = network()
    alone.fit(X, LABELS, epochs=3, verbose=0)
    other, model = network(), network()
    expected = other.predict(X)
    *found, _ = together(
        *[lambda: [other.predict(X) for _ in range(10)]] * 3,
        lambda: model.fit(X, LABELS, epochs=3, verbose=0),
    )
    for results in found:
        np.testing.assert_array_equal(results, [expected] * 10)
    np.testing.assert_equal(model.get_weights(), alone.get_weights())


def predict_and_fit(model, results):
    before = model.predict(X)
    model.fit(X, LABELS, batch_size=300, epochs=3, initial_epoch=2, verbose=0)
    results.put((before, model.get_weights()))


def in_a_child(method, model):
    context = multiprocessing.get_context(method)
    results = context.SimpleQueue()
    child = context.Process(target=predict_and_fit, args=(model, results))
    child.start()
    found = results.get()
    child.join()
    assert child.exitcode == 0
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_goes_on_training(two_workers):
    """The parent's worker threads are not in the child; it must not wait for them."""
    model = large()
    assert any(step._program.workers == 2 for step in model.session().records._steps.values())
    predicted, weights = in_a_child("fork", model)
    np.testing.assert_array_equal(predicted, model.predict(X))
    model.fit(X, LABELS, batch_size=300, epochs=3, initial_epoch=2, verbose=0)
    np.testing.assert_equal(model.get_weights(), weights)


def test_a_spawned_child_goes_on_training():
    model = network()
    model.fit(X, LABELS, batch_size=300, epochs=2, verbose=0)
    predicted, weights = in_a_child("spawn", model)
    np.testing.assert_allclose(predicted, model.predict(X), rtol=1e-5)
    model.fit(X, LABELS, batch_size=300, epochs=3, initial_epoch=2, verbose=0)
    for got, wanted in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


class Announce(callbacks.Callback):
    """Says on standard output that native code is training."""

    def on_progress(self, step, logs=None):
        print("training", flush=True)


@pytest.mark.skipif(sys.platform == "win32", reason="signals work otherwise")
def test_sigint_ends_a_long_fit_and_leaves_a_model():
    script = """
# Whoever started the tests in the background made them ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
config.set_num_threads(2)
model = large()
try:
    model.fit(X, LABELS, batch_size=300, epochs=10**6, verbose=0, callbacks=[Announce()])
except KeyboardInterrupt:
    pass
assert len(model.history.history.get("loss", [])) == len(model.history.epoch) < 10**6
assert np.isfinite(model.predict(X)).all()
model.fit(X, LABELS, batch_size=300, verbose=0)
print("usable")
"""
    running = program(script)
    assert running.stdout.readline() == "training\n"
    running.send_signal(signal.SIGINT)
    out, error = running.communicate(timeout=300)
    assert running.returncode == 0, error
    assert out.endswith("usable\n")


class Fail(callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise KeyError("mine")


class Again(callbacks.Callback):
    """Trains the model that is being trained."""

    done = False

    def on_train_batch_end(self, batch, logs=None):
        if not self.done:
            self.done = True
            self.model.fit(X[:90], LABELS[:90], epochs=2, verbose=0)


def test_a_callback_that_raises_leaves_a_model_that_goes_on():
    model = network()
    with pytest.raises(KeyError, match="mine"):
        model.fit(X, LABELS, verbose=0, callbacks=[Fail()])
    assert model.optimizer.iterations == 1
    model.fit(X, LABELS, verbose=0)
    assert model.optimizer.iterations == 1 + 19


def test_fit_within_fit():
    model = network()
    history = model.fit(X, LABELS, epochs=2, verbose=0, callbacks=[Again()])
    assert len(history.history["loss"]) == 2
    assert np.isfinite(history.history["loss"]).all()
    assert model.optimizer.iterations == 2 * 19 + 2 * 3


@pytest.mark.filterwarnings("error")
def test_a_step_recorded_on_some_data_serves_for_others():
    """Of bound arrays only the number of rows may differ, also between the first two runs."""
    model = network()
    model.train_on_batch(X[:32], LABELS[:32])
    model.fit(X[:90], LABELS[:90], verbose=0)
    model.fit(X, LABELS, verbose=0)
    assert not any(step.eager for step in model.session().records._steps.values())
