"""The interpreter that replays a recorded step, and the barrier for its workers."""

from nnkit.kernels._intrinsics import atomic_add, atomic_load, atomic_store, call, yield_thread
from nnkit.kernels._jit import kernel

_SPINS = 4000


@kernel()
def interpret(functions, operands, steps):
    """Call ``functions[i]`` with ``operands[i]``, both addresses, in order, ``steps`` times."""
    for _ in range(steps):
        for i in range(functions.size):
            call(functions[i], operands[i])


@kernel(updates=["state"])
def barrier(workers, state):
    """Wait until all workers have arrived.

    ``state`` is int64 (16,): [0] is the number of workers that have arrived, [8] the number of
    times that all have (each on its own cache line). A worker spins for some microseconds, then
    yields its core to other threads.
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
