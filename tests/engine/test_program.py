"""Replays: any number of workers does what the calls did one after the other."""

import numpy as np
import pytest

import nnkit
from nnkit import config
from nnkit.engine.dispatch import empty, launch, recording
from nnkit.engine.hazards import Ranges
from nnkit.engine.memory import Arena
from nnkit.engine.program import Program, choose_workers
from nnkit.engine.stops import in_python, update_in_python
from nnkit.engine.tape import Tape
from nnkit.engine.workers import meeting_for
from nnkit.kernels._jit import address


def random_step(rng, lasting):
    """Some launches on lasting arrays and temporaries: split by rows, flat, whole, transposed."""
    rows, columns = lasting[0].shape
    alive = list(lasting)
    for _ in range(int(rng.integers(5, 25))):
        x = alive[int(rng.integers(len(alive)))]
        kind = rng.integers(7)
        y = empty((rows, columns), "float64")
        if kind == 0:
            launch.tanh(x, y)
        elif kind == 1:
            launch.matmul(x, lasting[0][:columns, :columns], y)
        elif kind == 2:
            square = empty((columns, columns), "float64")
            launch.matmul(x.T, alive[-1], square)  # Reads the rows of all workers.
            launch.matmul(x, square, y)
        elif kind == 3:
            total = empty((columns,), "float64")
            launch.sum_rows(x, 0, total)
            launch.matmul_bias(x, lasting[0][:columns, :columns], total, y)
        elif kind == 4:  # Cut elsewhere than by rows.
            launch.rescale(x.reshape(-1), 0.9, 0.1, y.reshape(-1))
        elif kind == 5:
            partial = empty((2, -(-x.size // 4096)), "float64")
            launch.sum_squares(x.reshape(-1), partial)
            launch.copy(x, y)
            launch.clip_by_norm(partial, 2.0, y)
        else:
            launch.softmax(x.reshape(rows, columns, 1), y.reshape(rows, columns, 1))
        bounded = empty((rows, columns), "float64")  # Rounding must not grow too fast.
        launch.tanh(y, bounded)
        alive.append(bounded)
        if rng.random() < 0.3:
            target = lasting[int(rng.integers(1, len(lasting)))]
            launch.copy(bounded, target)
    launch.copy(alive[-1], lasting[1])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("shape", [(7, 5), (33, 16), (1, 3)])
def test_workers_agree_with_one_after_the_other(seed, shape):
    """A barrier that is missing shows as a race; many steps and workers make it likely."""
    lasting = [np.random.default_rng(seed).normal(size=shape) for _ in range(3)]
    if shape[0] < shape[1]:
        lasting[0] = lasting[0].repeat(3, axis=0)
        lasting[1], lasting[2] = lasting[0].copy(), lasting[0].copy()
    start = [a.copy() for a in lasting]
    with recording(Tape({})) as tape:
        random_step(np.random.default_rng([seed, 1]), lasting)
    results = []
    for workers in (1, 2, 3, 5):
        for array, value in zip(lasting, start, strict=True):
            array[...] = value
        Program(tape, Arena(), workers).run(30)
        results.append([a.copy() for a in lasting])
    for result in results[1:]:
        for got, wanted in zip(result, results[0], strict=True):
            np.testing.assert_allclose(got, wanted, atol=1e-4)


def test_more_workers_than_rows():
    x, y = np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)
    with recording(Tape({})) as tape:
        launch.tanh(x, y)
    y.fill(0)
    Program(tape, Arena(), 7).run(3)
    np.testing.assert_allclose(y, np.tanh(x), rtol=1e-6)


def test_an_unsplit_kernel_of_ones_own_runs_once():
    @nnkit.kernel(updates=["count"])
    def count_up(count):
        count[0] += 1

    count = np.zeros(1, np.int64)
    with recording(Tape({})) as tape:
        count_up(count)
    Program(tape, Arena(), 4).run(10)
    assert count[0] == 11


def test_first_is_the_index_of_a_workers_first_row():
    @nnkit.kernel(outputs=["y"], split=["y"])
    def row_number(first, y):
        for i in range(y.shape[0]):
            y[i] = first + i

    @nnkit.kernel(outputs=["y"], split=["y"], elementwise=True)
    def element_number(first, y):
        for i in range(y.size):
            y[i] = first + i

    rows, elements = np.empty(10), np.empty((5, 3))
    with recording(Tape({})) as tape:
        row_number(100, rows)
        element_number(0, elements)
    rows.fill(0)
    elements.fill(0)
    Program(tape, Arena(), 3).run(1)
    np.testing.assert_array_equal(rows, 100 + np.arange(10))
    np.testing.assert_array_equal(elements.ravel(), np.arange(15))


def test_bound_arrays_may_change_their_length():
    first, second = np.arange(6.0).reshape(3, 2), np.arange(10.0).reshape(5, 2)
    batch = np.zeros(1, np.int64)
    out = np.zeros((1, 2))
    bound = {"x": first}
    with recording(Tape(bound)) as tape:
        launch.gather_sequence(first, batch, 1, 0, out)
    program = Program(tape, Arena(), 1)
    batch[0] = 4
    program.bind({"x": second})
    program.run(1)
    np.testing.assert_array_equal(out[0], second[4])


def test_stops_run_in_their_place():
    x, y = np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)
    calls = []
    with recording(Tape({})) as tape:
        z = empty(x.shape, "float32")
        launch.scale(x, 3.0, z)
        square = in_python("square", lambda a: calls.append(1) or a * a, (z,), "float32")
        launch.scale(square, 2.0, y)
        update_in_python(lambda x: np.add(x, 1, out=x), (), (x,))
    assert y[0, 0] == 18
    program = Program(tape, Arena(), 1)
    program.run(2)
    assert len(calls) == 3
    assert x[0, 0] == 4
    assert y[0, 0] == 2 * (3 * 3.0) ** 2


def test_a_stop_gets_its_input_read_only():
    def changes(a):
        a += 1

    with pytest.raises(ValueError, match="read-only"):
        in_python("changes", changes, (np.ones(2),), "float64")


def test_a_stop_must_keep_its_shape():
    shapes = iter([(2,), (3,)])
    with recording(Tape({})) as tape:
        in_python("odd", lambda: np.ones(next(shapes)), (), "float32")
    with pytest.raises(ValueError, match=r"'odd' gave shape \(3,\); .* was \(2,\)"):
        Program(tape, Arena(), 1).run(1)


def test_workers_follow_from_shapes_and_cores_only():
    def tape(rows):
        a, b, c = (np.ones(s, np.float32) for s in ((rows, 512), (512, 512), (rows, 512)))
        with recording(Tape({})) as tape:
            launch.matmul(a, b, c)
        return tape

    config.set_num_threads(8)
    try:
        assert choose_workers(tape(1)) == 1
        assert 1 < choose_workers(tape(32)) <= 8
        assert choose_workers(tape(1024)) == 8
        config.set_num_threads(1)
        assert choose_workers(tape(1024)) == 1
    finally:
        config.set_num_threads(None)


def test_ranges_of_bytes(rng):
    """Against a set of all bytes."""
    for _ in range(100):
        ranges, known = Ranges(), set()
        for begin, size in rng.integers([0, 1], [40, 9], (12, 2)).tolist():
            inside = range(begin, begin + size)
            assert ranges.meet(begin, begin + size) == bool(known.intersection(inside))
            ranges.add(begin, begin + size)
            known |= set(inside)


def test_kernels_that_a_stop_launches_are_part_of_it():
    def triple(a):
        b = np.empty_like(a)
        launch.scale(a, 3.0, b)
        return b

    x = np.ones((2, 2), np.float32)
    with recording(Tape({})) as tape:
        y = in_python("triple", triple, (x,), "float32")
    assert len(tape.entries) == 1
    assert y[0, 0] == 3


def test_a_thread_that_leaves_the_last_barrier_late_finds_that_it_is_over():
    """The state of a barrier outlives its program, and the next program counts on in it."""

    class Owner:
        pass

    owner = Owner()
    state = meeting_for(owner)
    came, address_before = int(state[8]), address(state)
    launch.barrier(1, state)
    del owner, state
    other = Owner()
    again = meeting_for(other)
    assert (address(again), again[0], again[8]) == (address_before, 0, came + 1)
