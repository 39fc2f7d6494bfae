"""The memory plan: arrays that meet never share a byte, others do."""

import numpy as np
import pytest

from nnkit.engine.dispatch import empty, launch, recording
from nnkit.engine.memory import Arena, plan
from nnkit.engine.references import Reference
from nnkit.engine.tape import Tape


def random_tape(rng, calls):
    """A tape of calls on arrays of random sizes, each reading an earlier one."""
    tape = Tape({})
    alive = [np.ones((1, int(rng.integers(1, 300))), np.float32)]
    with recording(tape):
        for _ in range(calls):
            x = alive[int(rng.integers(len(alive)))]
            y = empty(x.shape, "float32")
            launch.tanh(x, y)
            alive.append(y)
            if rng.random() < 0.3:
                alive.append(empty((1, int(rng.integers(1, 300))), "float32"))
                launch.fill(1.0, alive[-1])
            if len(alive) > 5:
                del alive[0]
    return tape


@pytest.mark.parametrize("seed", range(20))
def test_arrays_that_live_at_once_never_overlap(seed):
    tape = random_tape(np.random.default_rng(seed), 40)
    offsets, size = plan(tape)
    sizes = tape.sizes()
    life = {}
    for time, entry in enumerate(tape.entries):
        for reference, _ in entry.references:
            if tape.places[reference.place].kind == "step":
                life.setdefault(reference.place, []).append(time)
    for i, times in life.items():
        assert offsets[i] % 64 == 0
        assert offsets[i] + sizes[i] <= size
        for j, others in life.items():
            if i < j and max(min(times), min(others)) <= min(max(times), max(others)):
                assert offsets[i] + sizes[i] <= offsets[j] or offsets[j] + sizes[j] <= offsets[i]
    assert size < sum(sizes.values())


def test_a_chain_needs_two_arrays_at_a_time():
    tape = Tape({})
    with recording(tape):
        x = empty((16, 16), "float32")
        launch.fill(1.0, x)
        for _ in range(10):
            y = empty(x.shape, "float32")
            launch.tanh(x, y)
            x = y
    assert plan(tape)[1] == 2 * 16 * 16 * 4


def test_a_tape_without_temporaries():
    assert plan(Tape({})) == ({}, 0)


def test_arena_is_aligned_and_gives_views():
    arena = Arena()
    arena.reserve(1000)
    assert arena.base % 64 == 0
    view = arena.at(128, Reference(0, 8, (2, 3), (12, 4), np.dtype("float32")))
    assert view.shape == (2, 3)
    assert view.__array_interface__["data"][0] == arena.base + 136
    arena.poison(1000)
    assert np.isnan(view).all()
