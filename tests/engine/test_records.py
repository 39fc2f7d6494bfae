"""Recorded steps are kept by the memory that they take."""

import gc
import tracemalloc
import weakref
from contextlib import nullcontext

import numpy as np
import pytest

import nnkit
from nnkit import config
from nnkit.engine.cpu import CPU
from nnkit.engine.dispatch import current_tape, empty, launch
from nnkit.engine.step import Records, Window
from nnkit.engine.stops import in_python
from nnkit.layers import RNN, BatchNormalization, Dense, Layer, LSTMCell, Tanh

X = np.linspace(-1, 1, 2400).reshape(1200, 2).astype(np.float32)


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    config.set_record_memory(None)


class Sums:
    """Steps of any number of rows, which add up the squares of a batch.

    Attributes
    ----------
    sizes : list of int
        Rows of each step that ran in Python.
    made : list of weakref.ref
        Each array of the steps' memory.
    """

    def __init__(self, stops=False):
        self.batch, self.total = np.zeros(1, np.int64), np.zeros((1, 2), np.float32)
        self.stops, self.sizes, self.made = stops, [], []
        self.records = Records([self.batch, self.total], nullcontext, lambda owner: False)

    def run(self, size, steps=3, x=X):
        window = Window(size, size, self.batch)
        self.batch[0] = 0
        step = self.records.step((), window, False, lambda: self.function)
        step.run({"x": x}, steps)
        return step

    def function(self, window, bound):
        self.sizes.append(window.size)
        x = empty((window.size, 2), "float32")
        launch.gather_sequence(bound["x"], self.batch, window.stride, 0, x)
        y = empty(x.shape, "float32")
        launch.multiply(x, x, y)
        if self.stops:
            y = in_python("cube", lambda x: x**3, (y,), "float32")
        if current_tape() is not None:
            places = current_tape().places
            self.made += [weakref.ref(place.array) for place in places if place.kind == "step"]
        launch.sum_rows(y, 0, self.total[0])
        launch.advance_batch(self.batch)


@pytest.mark.parametrize("stops", [False, True])
def test_four_hundred_sizes_are_recorded_once(stops):
    sums = Sums(stops)
    for size in range(1, 401):
        sums.run(size, 2)
    assert sums.sizes == [size for size in range(1, 401) for _ in range(2)]
    for size in (1, 17, 400):
        sums.run(size, 1)
        rows = X[:size].astype(np.float64) ** (6 if stops else 2)
        np.testing.assert_allclose(sums.total[0], rows.sum(0), rtol=1e-5)
    assert len(sums.sizes) == 800


def test_a_size_seen_once_is_recorded_for_the_second_time_when_it_comes_back():
    sums = Sums()
    for size in range(1, 101):
        sums.run(size, 1)
    for size in range(1, 101):
        sums.run(size, 2)
    assert sums.sizes == [*range(1, 101), *range(1, 101)]


def test_the_longest_unused_is_dropped_first():
    sums = Sums()
    for size in (1, 2, 3):
        sums.run(size)
    config.set_record_memory(1e-6 * sums.records.nbytes * 1.2)
    sums.run(1)
    sums.sizes.clear()
    sums.run(4)  # Takes the place of 2, and while it is recorded of 3.
    sums.run(1)
    assert sums.sizes == [4, 4]
    sums.run(2)
    assert sums.sizes == [4, 4, 2, 2]
    assert 1e-6 * sums.records.nbytes <= config.record_memory()


def test_the_step_in_use_stays_whatever_it_takes():
    config.set_record_memory(0)
    sums = Sums()
    step = sums.run(5)
    for _ in range(3):
        assert sums.run(5) is step
    sums.run(6)
    assert sums.run(5) is not step
    assert sums.sizes == [5, 5, 6, 6, 5, 5]
    assert sums.records.nbytes == sums.run(5).nbytes


def test_what_is_dropped_is_not_counted():
    sums = Sums()
    config.set_record_memory(1)
    for size in range(1, 301):
        sums.run(size)
    steps = sums.records._steps.values()
    assert 10 < len(steps) < 300
    assert sums.records.nbytes == sum(step.nbytes for step in steps) <= 1e6
    del steps
    config.set_record_memory(0)
    sums.run(301)
    assert sums.records.nbytes == sums.run(301).nbytes


@pytest.mark.parametrize("stops", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_no_memory_of_a_step_outlives_its_recording(steps, stops):
    """It was all kept from the first step to the second, and what stops read for good."""
    sums = Sums(stops)
    sums.run(7, steps)
    assert len(sums.made) > 1
    assert not any(ref() is not None for ref in sums.made)


@pytest.mark.parametrize("stops", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_no_data_outlives_its_run(steps, stops):
    """Steps with stops kept what they had been called with last, each its own."""
    sums, x = Sums(stops), X.copy()
    held = weakref.ref(x)
    sums.run(7, steps, x)
    del x
    assert held() is None


def test_steps_have_one_arena_as_large_as_the_largest_needs():
    sums = Sums()
    small, large = sums.run(3), sums.run(300)
    assert small._program.arena is large._program.arena is sums.records.arena(CPU)
    assert sums.records.arena(CPU).size == large._program.arena_size
    assert large._program.arena_size > small._program.arena_size


class Double(Layer):
    """A layer in NumPy, so that a step has stops."""

    def forward(self, x, training=False):
        return 2 * x

    def backward(self, dy):
        return 2 * dy


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize("middle", [Tanh, Double])
def test_what_a_record_takes_is_counted_about_right(middle, batches, threads):
    """As Python counts: recorded once, and checked."""
    x, y = np.zeros((2048, 64), np.float32), np.zeros((2048, 64), np.float32)
    layers = [nnkit.Input((64,)), Dense(64), middle(), Dense(64), middle(), Dense(64)]
    model = nnkit.Sequential(layers)
    model.compile("sgd", "mse")

    def fit(size):
        rows = size * batches
        model.fit(x[:rows], y[:rows], batch_size=size, verbose=0)

    config.set_num_threads(threads)
    try:
        for size in (1024, 1023, 1022):
            fit(size)
        records = model.session().records
        before = records.nbytes
        gc.collect()
        tracemalloc.start()
        for size in range(1000, 1010):
            fit(size)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    finally:
        config.set_num_threads(None)
    assert 0.7 * taken < records.nbytes - before < 1.4 * taken


def test_layers_keep_no_arrays_of_a_recorded_step(rng):
    """Neither as attributes nor in lists: they would take as much memory as the step again."""
    model = nnkit.Sequential(
        [nnkit.Input((6, 4)), RNN(LSTMCell(3)), BatchNormalization(), Dense(2)]
    )
    model.compile("sgd", "mse")
    for _ in range(3):
        model.train_on_batch(rng.normal(size=(5, 6, 4)), rng.normal(size=(5, 2)))
    (graph,) = model.session()._graphs.values()

    def arrays(value):
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(inner, (list, tuple)) or inner is not value:
            return [array for one in inner for array in arrays(one)]
        return [value] if isinstance(value, np.ndarray) else []

    kept = {id(use.part): arrays(vars(use.part)) for use in graph.uses}
    lasting = {id(v.value.base) for v in model.weights} | {
        id(v.gradient.base) for v in model.weights
    }
    assert len(kept) > 10
    assert [a.shape for found in kept.values() for a in found if id(a.base) not in lasting] == []
