"""A step is recorded, checked, and replayed; work that a record misses is found and blamed."""

from contextlib import nullcontext

import numpy as np
import pytest

from nnkit.engine.dispatch import current_tape, empty, launch
from nnkit.engine.step import Records, Window


class Part:
    """Somebody to blame."""

    def __init__(self, name, work):
        self.name, self.work = name, work


def stepper(*parts, eager=False):
    """A step that passes an array through parts and adds the result to ``total``."""
    total = np.zeros((2, 2), np.float32)
    calls, blamed = [], []

    def function(bound):
        calls.append(1)
        x = empty((2, 2), "float32")
        batch = np.zeros(1, np.int64) if current_tape() is None else batch_number
        launch.gather_sequence(bound["x"], batch, 2, 0, x)
        for part in parts:
            if current_tape() is not None:
                current_tape().owner = part
            x = part.work(x)
        if current_tape() is not None:
            current_tape().owner = None
        y = empty((2, 2), "float32")
        launch.rescale(x, 1.0, 0.0, y)
        launch.copy(y, total)

    batch_number = np.zeros(1, np.int64)

    def blame(owner):
        blamed.append(owner.name if owner else None)
        return False

    records = Records([total, batch_number], nullcontext, blame)
    step = records.step(
        (), Window(2, 2, batch_number), eager, lambda: lambda window, bound: function(bound)
    )
    return step, total, calls, blamed


def tanh(x):
    y = empty(x.shape, "float32")
    launch.tanh(x, y)
    return y


X = np.linspace(-1, 1, 4).reshape(2, 2).astype(np.float32)


def test_python_runs_twice_and_then_no_more():
    step, total, calls, blamed = stepper(Part("a", tanh), Part("b", tanh))
    step.run({"x": X}, 100)
    assert len(calls) == 2
    assert not blamed
    np.testing.assert_allclose(total, np.tanh(np.tanh(X)), rtol=1e-6)
    step.run({"x": 2 * X}, 1)
    np.testing.assert_allclose(total, np.tanh(np.tanh(2 * X)), rtol=1e-6)
    assert len(calls) == 2


def test_eager_always_runs_python():
    step, _, calls, _ = stepper(Part("a", tanh), eager=True)
    step.run({"x": X}, 5)
    assert len(calls) == 5


def numpy_into_own_memory(x):
    y = empty(x.shape, "float32")
    np.tanh(x, out=y)
    return y


def numpy_on_the_side(x):
    """Launches a kernel, then does more to its result."""
    y = tanh(x)
    y += 1
    return y


def number_from_data(x):
    y = empty(x.shape, "float32")
    number_from_data.calls += 1
    launch.scale(x, float(number_from_data.calls), y)
    return y


number_from_data.calls = 0


def array_from_outside(x):
    y = empty(x.shape, "float32")
    launch.rescale(np.array(x), 2.0, 0.0, y)
    return y


def another_kernel_each_time(x):
    y = empty(x.shape, "float32")
    another_kernel_each_time.calls += 1
    (launch.tanh if another_kernel_each_time.calls % 2 else launch.sigmoid)(x, y)
    return y


another_kernel_each_time.calls = 0


@pytest.mark.parametrize(
    "work",
    [
        numpy_into_own_memory,
        numpy_on_the_side,
        number_from_data,
        array_from_outside,
        another_kernel_each_time,
    ],
)
def test_the_part_at_fault_is_blamed(work):
    step, total, _, blamed = stepper(Part("fine", tanh), Part("fault", work), Part("also", tanh))
    step.run({"x": X}, 3)
    assert blamed == ["fault"]
    assert step.eager
    assert np.isfinite(total).all()


def test_x_and_y_may_be_one_array():
    total = np.zeros((2, 2), np.float32)
    batch = np.zeros(1, np.int64)

    def function(bound):
        x, y = empty((2, 2), "float32"), empty((2, 2), "float32")
        launch.gather_sequence(bound["x"], batch, 2, 0, x)
        launch.gather_sequence(bound["y"], batch, 2, 0, y)
        z = empty((2, 2), "float32")
        launch.tanh_backward(x, y, z)
        launch.copy(z, total)

    records = Records([total, batch], nullcontext, lambda owner: False)
    step = records.step(
        (), Window(2, 2, batch), False, lambda: lambda window, bound: function(bound)
    )
    step.run({"x": X, "y": X}, 3)
    step.run({"x": X, "y": 2 * X}, 1)
    np.testing.assert_allclose(total, X * (1 - 4 * X * X), rtol=1e-5)
