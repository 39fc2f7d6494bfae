"""The interpreter that replays a recorded step, and the barrier its workers meet at."""

from nnkit.kernels._intrinsics import atomic_add, atomic_load, atomic_store, call, yield_thread
from nnkit.kernels._jit import kernel

_SPINS = 4000


@kernel()
def interpret(functions, operands, steps):
    """Call ``functions[i]`` with ``operands[i]``, both addresses, one after the other."""
    for _ in range(steps):
        for i in range(functions.size):
            call(functions[i], operands[i])


@kernel(updates=["state"])
def barrier(workers, state):
    """Wait until all workers have come here.

    ``state`` is int64 (16,): [0] counts who has come, [8] how often all have (each on a cache line
    of its own). A worker spins for some microseconds, then offers its core to others.
    """
    count = state.ctypes.data
    generation = count + 64
    now = atomic_load(generation)
    if atomic_add(count, 1) == workers - 1:
        atomic_store(count, 0)
        atomic_store(generation, now + 1)
        return
    spins = 0
    while atomic_load(generation) == now:
        spins += 1
        if spins > _SPINS:
            yield_thread()
