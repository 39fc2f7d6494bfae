"""References: the recorded array, wherever its place lies; and what two records share."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from nnkit.engine.dispatch import empty, launch, recording, repeat
from nnkit.engine.memory import Arena
from nnkit.engine.program import Program
from nnkit.engine.references import root
from nnkit.engine.stops import in_python
from nnkit.engine.tape import Call, Tape

VIEWS = {
    "whole": lambda a: a,
    "transposed": lambda a: a.T,
    "backwards": lambda a: a[::-1, 1::2],
    "a column": lambda a: a[:, 2],
    "an element": lambda a: a[1, 2, ...],
    "nothing": lambda a: a[2:2],
    "flat": lambda a: a.ravel("K")[3:9],
    "windows": lambda a: as_strided(a[1:], (2, 2, 3), (a.strides[0], a.strides[1], a.strides[1])),
    "repeated": lambda a: np.broadcast_to(a[1], (3, 6)),
    "a view of a view of windows": lambda a: as_strided(a, (3, 2), (8, 16))[1:].T,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("order", "CF")
def test_a_reference_is_the_array(view, order, rng):
    owner = np.asarray(rng.normal(size=(4, 6)), order=order)
    tape, array = Tape({}), view(owner)
    reference = tape.reference(array)
    same = tape.array(reference)
    np.testing.assert_array_equal(same, array)
    assert (same.shape, same.strides, same.dtype) == (array.shape, array.strides, array.dtype)
    assert root(same) is root(array) is owner
    assert (reference.ndim, reference.size, reference.nbytes) == (
        array.ndim,
        array.size,
        array.nbytes,
    )
    assert reference.contiguous == array.flags.c_contiguous
    np.testing.assert_array_equal(tape.array(reference.T), array.T)
    begin, end = reference.extent()
    low, high = np.lib.array_utils.byte_bounds(array)
    start = owner.ctypes.data
    assert (begin, end) == ((low - start, high - start) if array.size else (begin, begin))
    elsewhere = owner.copy(order=order)
    np.testing.assert_array_equal(reference.at(elsewhere), view(elsewhere))
    assert len(tape.places) == 1


def test_parts_of_a_reference(rng):
    array = rng.normal(size=(6, 4))
    tape = Tape({})
    reference = tape.reference(array)
    assert len(reference) == 6
    np.testing.assert_array_equal(tape.array(reference.rows(2, 5)), array[2:5])
    np.testing.assert_array_equal(tape.array(reference.reshaped(3, 2, 4)), array.reshape(3, 2, 4))
    np.testing.assert_array_equal(tape.array(reference.reshaped(24)), array.reshape(-1))
    assert tape.array(tape.reference(array[0, 0, ...]).reshaped()).shape == ()


def test_a_read_only_array_stays_so():
    array = np.ones(3)
    array.flags.writeable = False
    tape = Tape({})
    assert not tape.array(tape.reference(array)).flags.writeable


def test_who_knows_bound_data():
    """A view by itself, because its memory may be somebody else's too; an owner by its parts."""
    data, own = np.zeros((4, 3)), np.zeros((4, 3))
    x, y = data[:2], data[:2]
    tape = Tape({"x": x, "y": y, "own": own})
    arrays = (x, y, data[:1], own, own[1:, 0])
    places = [tape.places[tape.reference(a).place] for a in arrays]
    assert [place.name for place in places] == ["x", "y", None, "own", "own"]
    assert places[2].array is data


# ---------------------------------------------------------------------------- two records of a step


def record(function):
    with recording(Tape({})) as tape:
        function(lambda: empty((2, 3), "float32"))
    return tape


def test_a_number_that_is_nan_stays_the_same():
    x, y = np.ones((2, 3), np.float32), np.ones((2, 3), np.float32)
    first, second = (record(lambda _: launch.scale(x, float("nan"), y)) for _ in range(2))
    assert first.difference(second) is None


@pytest.mark.parametrize("others", [(2.0, 3.0), (0.0, -0.0), (1, 1.0)])
def test_a_number_that_changes(others):
    x, y = np.ones((2, 3), np.float32), np.ones((2, 3), np.float32)
    first, second = (record(lambda _, n=n: launch.scale(x, n, y)) for n in others)
    assert first.difference(second) is not None


def test_what_is_read_from_changes():
    """The same calls on results of the same shape, but of other calls."""
    x = np.ones((2, 3), np.float32)

    def step(which):
        def run(new):
            made = [new(), new(), new()]
            launch.tanh(x, made[0])
            launch.scale(x, 2.0, made[1])
            launch.tanh(made[which], made[2])

        return run

    assert record(step(0)).difference(record(step(0))) is None
    assert record(step(0)).difference(record(step(1))) is not None


def test_more_memory_is_no_difference():
    """A first step may make what is kept for the next."""
    x = np.ones((2, 3), np.float32)

    def first(new):
        new()
        launch.tanh(x, new())

    assert record(first).difference(record(lambda new: launch.tanh(x, new()))) is None


def test_memory_outside_the_step_made_anew():
    x = np.ones((2, 3), np.float32)
    made = [np.empty_like(x), np.empty_like(x)]
    first, second = (record(lambda _, y=y: launch.tanh(x, y)) for y in made)
    assert first.difference(second) is not None


# ------------------------------------------------------------------------------- on other memory


def test_bound_data_is_found_by_every_worker_and_in_each_part(rng):
    x, y = (rng.normal(size=(40, 3)).astype(np.float32) for _ in range(2))
    bound = {"x": x, "y": y}
    with recording(Tape(bound)) as tape:
        launch.tanh(x, y)
        launch.scale(y[10:20], 2.0, x[30:])
    for workers in (1, 3):
        program = Program(tape, Arena(), workers)
        others = {name: rng.normal(size=(40, 3)).astype(np.float32) for name in bound}
        start = others["x"].copy()
        old = x.copy(), y.copy()
        program.bind(others)
        program.run(1)
        np.testing.assert_allclose(others["y"], np.tanh(start), rtol=1e-5)
        np.testing.assert_allclose(others["x"][30:], 2 * np.tanh(start[10:20]), rtol=1e-5)
        np.testing.assert_array_equal(others["x"][:30], start[:30])
        for array, copy in zip((x, y), old, strict=True):
            np.testing.assert_array_equal(array, copy)


def test_bound_data_with_more_rows_goes_flat_to_an_elementwise_kernel(rng):
    first, more = ({name: rng.normal(size=(rows, 3)) for name in ("x", "y")} for rows in (4, 7))
    with recording(Tape(first)) as tape:
        launch.tanh(first["x"], first["y"])
    program = Program(tape, Arena(), 1)
    for arrays in (more, first):
        arrays["y"].fill(0)
        program.bind(arrays)
        program.run(1)
        np.testing.assert_allclose(arrays["y"], np.tanh(arrays["x"]), rtol=1e-12)


def test_stops_read_the_data_that_is_bound_now():
    x, y = np.ones((2, 2)), np.zeros((2, 2))
    with recording(Tape({"x": x})) as tape:
        launch.copy(in_python("double", lambda a, b: a * 2 + b, (x, x[1]), "float64"), y)
    program = Program(tape, Arena(), 1)
    program.bind({"x": np.array([[5.0, 6], [7, 8]])})
    program.run(1)
    np.testing.assert_array_equal(y, [[17, 20], [21, 24]])


@pytest.mark.parametrize("turned", [lambda a: a.T, lambda a: a[::-1]], ids=["T", "backwards"])
def test_views_of_bound_data_in_its_own_shape(turned, rng):
    """They have the shape of the whole, but are not the whole."""
    x, y = rng.normal(size=(3, 3)), np.zeros((3, 3))
    with recording(Tape({"x": x})) as tape:
        launch.copy(in_python("double", lambda a: a * 2, (turned(x),), "float64"), y)
    program, other = Program(tape, Arena(), 1), rng.normal(size=(3, 3))
    program.bind({"x": other})
    program.run(1)
    np.testing.assert_array_equal(y, turned(other) * 2)


def test_a_program_that_nobody_told_where_data_lies():
    x, y = np.ones((2, 2)), np.zeros((2, 2))
    with recording(Tape({"x": x})) as tape:
        launch.copy(x, y)
    program = Program(tape, Arena(), 1)
    with pytest.raises(RuntimeError, match="bind must say where 'x' lies before a program runs"):
        program.run(1)
    with pytest.raises(KeyError, match="z"):
        program.bind({"z": x})


class Interrupted(np.ndarray):
    """Comes to an end in the middle of what is written to it."""

    def __setitem__(self, at, value):
        self.view(np.ndarray)[at] = value
        raise KeyboardInterrupt


def test_an_interrupt_while_other_data_is_bound(rng):
    """The first data once more: its address is the last one that was bound to the end."""
    x, y = rng.normal(size=(4, 3)), np.zeros((4, 3))
    with recording(Tape({"x": x})) as tape:
        launch.copy(x, y)
    program = Program(tape, Arena(), 1)
    program.bind({"x": x})
    operands = program._operands
    words, operands.words = operands.words, operands.words.view(Interrupted)
    with pytest.raises(KeyboardInterrupt):
        program.bind({"x": np.zeros((4, 3))})
    operands.words = words
    program.bind({"x": x})
    y.fill(0)
    program.run(1)
    np.testing.assert_array_equal(y, x)


def test_an_arena_that_moves():
    x, y = np.full((2, 3), 2.0), np.zeros((2, 3))
    with recording(Tape({})) as tape:
        z = empty(x.shape, x.dtype)
        launch.scale(x, 3.0, z)
        launch.copy(z, y)
    arena = Arena()
    program = Program(tape, arena, 1)
    for value in (2.0, 5.0):
        x.fill(value)
        program.run(1)
        np.testing.assert_array_equal(y, 3 * value)
        old = arena.memory
        arena.reserve(old.size * 2)
        old.fill(0xFF)


def test_calls_made_again_are_recorded_on_the_arrays_given(rng):
    x, y = np.zeros((4, 3)), np.zeros((2, 3))
    with recording(Tape({"x": x, "y": y})) as inner:
        z = empty((4, 3), "float64")
        launch.tanh(x, z)
        launch.scale(z[2:], 2.0, y)
    given = {"x": rng.normal(size=(4, 3)), "y": np.zeros((2, 3))}
    with recording(Tape({})) as outer:
        located = repeat(inner, given)
    np.testing.assert_allclose(given["y"], 2 * np.tanh(given["x"][2:]), rtol=1e-12)
    np.testing.assert_allclose(located(inner.reference(z)), np.tanh(given["x"]), rtol=1e-12)
    assert [entry.kernel.name for entry in outer.entries if isinstance(entry, Call)] == [
        "tanh",
        "scale",
    ]
    assert outer.owns(located(inner.reference(z)))
    given["y"].fill(0)
    Program(outer, Arena(), 2).run(1)
    np.testing.assert_allclose(given["y"], 2 * np.tanh(given["x"][2:]), rtol=1e-12)
    assert not y.any()
