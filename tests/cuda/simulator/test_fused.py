"""The fused kernels against a float64 reference and against the steps that they stand for."""

import math
import sys
import threading
from concurrent.futures import Future
from typing import ClassVar

import numpy as np
import pytest
from numba import cuda
from numba.cuda.simulator import kernel, kernelapi
from numba.np import numpy_support

from nnkit.engine.cuda.small import Scratch, match
from nnkit.engine.references import Reference
from nnkit.kernels.cuda.fused import barrier
from nnkit.kernels.cuda.fused.persistent import persistent
from nnkit.kernels.cuda.fused.steps import three_steps
from nnkit.layers import Rescaling
from nnkit.losses import SparseCategoricalCrossentropy
from nnkit.optimizers import SGD, Adam
from tests.cuda.small_models import DENSE, Training, dense_model, reference, samples


class Device:
    """Runs the launches of a small step on copies in the device's memory.

    One array for each piece of memory, so that what shares memory on the host does there. All
    scratch memory but the counter and the flag starts as NaN.
    """

    def __init__(self, small, tape):
        self.small, self.tape = small, tape
        self._places = {}

    def place(self, argument):
        if isinstance(argument, Scratch):
            key, host = id(argument), np.zeros(argument.shape, argument.dtype)
            host.fill(np.nan if host.dtype.kind == "f" else 0)
        elif isinstance(argument, Reference):
            host = self.tape.array(argument)
            key = host.ctypes.data, host.size
        else:
            return argument
        if key not in self._places:
            self._places[key] = cuda.to_device(host)
        return self._places[key]

    def launch(self, kernel, **numbers):
        named = self.small.arguments | numbers
        kernel(*(self.place(named[name]) for name in kernel.parameters))

    def three_kernels(self):
        for phase in three_steps(self.small.tiling):
            self.launch(phase)

    def persistent(self, steps, fails=0):
        assert self.small.stays
        self.launch(persistent(self.small.tiling), steps=steps)
        assert self.place(self.small.arguments["failed"]).copy_to_host()[0] == fails

    def fetch(self):
        """Copy all that is not only read back to the host."""
        for name, array in self.small.arguments.items():
            if isinstance(array, Reference) and name not in ("x", "y", "order", "rates"):
                self.tape.array(array)[...] = self.place(array).copy_to_host()


def small(training, processors=1):
    found = match(training.tape, processors)
    assert found is not None
    return Device(found, training.tape)


def compare(training, device, steps):
    """The state on the device is that of so many steps on the CPU from the same beginning."""
    before = [a.copy() for a in training.state]
    training.run(steps)
    want = [a.copy() for a in training.state]
    for array, copy in zip(training.state, before, strict=True):
        array[...] = copy
    device.fetch()
    for array, wanted in zip(training.state, want, strict=True):
        if wanted.dtype == np.float64:
            np.testing.assert_allclose(array, wanted, 1e-6)
        else:
            np.testing.assert_allclose(array, wanted, 1e-5, 1e-6)


CASES = [
    ("relu", Adam(beta_1=0.8), "adam", (0.8, 0.999, 1e-7)),
    ("tanh", SGD(), "sgd", ()),
    ("sigmoid", SGD(momentum=0.9), "sgd_momentum", (0.9, False)),
    ("linear", SGD(momentum=0.9, nesterov=True), "sgd_momentum", (0.9, True)),
]


@pytest.mark.parametrize(("activation", "optimizer", "name", "numbers"), CASES)
def test_both_ways_in_turn(activation, optimizer, name, numbers, rng):
    """Three launches, one launch for two steps, three launches; then the CPU goes on."""
    training = Training(dense_model(activation=activation), *samples(rng), optimizer=optimizer)
    after_4, loss, hits = reference(training, activation, 4, 4, name, numbers)
    after_5, *_ = reference(training, activation, 5, 4, name, numbers)
    device = small(training)
    device.three_kernels()
    device.persistent(2)
    device.three_kernels()
    compare(training, device, 4)
    assert_weights(training, after_4)
    sums = training.session.objective.sums
    np.testing.assert_allclose(sums, [loss, 16, hits, 16], 1e-5)
    training.run(1)
    assert_weights(training, after_5)


def assert_weights(training, expected):
    for weights, want in zip(training.model.weights, expected, strict=True):
        np.testing.assert_allclose(weights.numpy(), want, 1e-5, 1e-6)


@pytest.mark.parametrize("processors", [2, 12])
def test_several_tiles(processors, rng):
    """Sums over parts of the inputs, groups of columns, and tiles that are not full."""
    x, y = samples(rng, inputs=9, outputs=3)
    training = Training(dense_model(9, 5, 3, "tanh"), x, y, size=3, stride=3)
    device = small(training, processors)
    assert device.small.tiling.blocks > 1
    device.three_kernels()
    compare(training, device, 1)


@pytest.mark.parametrize("size", [1, 5, 11])
def test_batches_of_any_size(size, rng):
    x, y = samples(rng, count=40)
    training = Training(dense_model(), x, y, size=size, stride=13)
    training.session.counters.batch[0] = 1
    device = small(training)
    device.persistent(1)
    device.three_kernels()
    compare(training, device, 2)


def test_a_single_number_everywhere(rng):
    x, y = np.ones((3, 1), np.float32), np.zeros(3, int)
    training = Training(dense_model(1, 1, 2), x, y, size=1, stride=1)
    device = small(training)
    device.three_kernels()
    device.persistent(2)
    compare(training, device, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_data_of_another_type_rescaled(dtype, rng):
    x = rng.integers(0, 9, (30, 5)).astype(dtype)
    training = Training(dense_model(before=[Rescaling(0.25, offset=-1)]), x, samples(rng)[1])
    device = small(training)
    device.three_kernels()
    device.persistent(1)
    compare(training, device, 2)


def test_one_hot_targets_and_no_metric(rng):
    x, y = samples(rng)
    training = Training(dense_model(), x, np.eye(2)[y], loss=DENSE, metrics=[])
    device = small(training)
    device.three_kernels()
    device.persistent(1)
    compare(training, device, 2)


def test_summed_loss(rng):
    x, y = samples(rng)
    loss = SparseCategoricalCrossentropy(reduction="sum")
    training = Training(dense_model(), x, y, loss=loss)
    device = small(training)
    device.three_kernels()
    compare(training, device, 1)


def test_extreme_logits(rng):
    """Nothing overflows, and a hidden layer of zeros has the gradient of the CPU's relu."""
    x, y = samples(rng)
    x[::2] = 0
    x[1::2] *= 1e4
    training = Training(dense_model(), x, y, optimizer=SGD())
    training.model.weights[1].value = np.zeros(3)
    device = small(training)
    device.three_kernels()
    compare(training, device, 1)


class BlocksAtOnce(kernel.BlockManager):
    """Runs all blocks side by side as a device does; the simulator runs one after the other."""

    running: ClassVar[list[Future]] = []

    def run(self, point, *arguments):
        block = Future()
        run = super().run

        def done():
            try:
                block.set_result(run(point, *arguments))
            except BaseException as error:
                block.set_exception(error)

        threading.Thread(target=done).start()
        self.running.append(block)
        if len(self.running) == math.prod(self._grid_dim):
            blocks = self.running.copy()
            self.running.clear()
            for each in blocks:  # Not "block": the last thread may not have looked at its own yet.
                each.result()


class SharedArrays:
    """A set of shared arrays for each block; the simulator has one set for all."""

    def __init__(self):
        self.lock, self.arrays = threading.Lock(), {}

    def array(self, shape, dtype):
        line = sys._getframe(1)
        key = threading.current_thread().blockIdx.x, line.f_code, line.f_lineno
        with self.lock:
            if key not in self.arrays:
                self.arrays[key] = np.empty(shape, numpy_support.as_dtype(dtype))
            return self.arrays[key]


def test_blocks_that_work_together(rng, monkeypatch):
    """Parts and groups at barriers, in two launches that share the count of arrivals."""
    monkeypatch.setattr(kernel, "BlockManager", BlocksAtOnce)
    monkeypatch.setattr(kernelapi, "FakeCUDAShared", lambda size: SharedArrays())
    x, y = samples(rng, inputs=9)
    training = Training(dense_model(9, 5, 2, "tanh"), x, y, size=2, stride=2)
    device = small(training, processors=4)
    assert (device.small.tiling.parts, device.small.tiling.groups) == (2, 2)
    device.persistent(2)
    device.persistent(1)
    compare(training, device, 3)


def test_blocks_that_never_come(rng, monkeypatch):
    """The simulator runs blocks one after the other, so the first one waits in vain."""
    monkeypatch.setattr(barrier, "_PATIENCE", 3)
    training = Training(dense_model(9, 3, 2), *samples(rng, inputs=9))
    device = small(training, processors=2)
    assert device.small.tiling.blocks == 2
    device.persistent(4, fails=1)
