"""The rate of a large product: what the processor can do, measured next to all else."""

import time

import numpy as np

from benchmarks import threads

_SIZE = 2048


class Product:
    """A square product in a worker."""

    def __init__(self):
        from nnkit.engine.dispatch import launch

        a, b, c = np.random.default_rng(0).random((3, _SIZE, _SIZE), np.float32)
        self.program = program(lambda: launch.matmul(a, b, c))

    def rate(self, repeats):
        """GFLOP/s of so many runs."""
        return rate(self.program, 2 * _SIZE**3, repeats)


def program(function):
    """What a function launches, made ready to be replayed by all cores."""
    from nnkit.engine.dispatch import recording
    from nnkit.engine.memory import Arena
    from nnkit.engine.program import Program
    from nnkit.engine.tape import Tape

    with recording(Tape({})) as tape:
        function()
    made = Program(tape, Arena(), threads.THREADS)
    made.run(1)
    return made


def rate(made, flops, repeats):
    """GFLOP/s of so many runs of a program."""
    started = time.perf_counter()
    made.run(repeats)
    return flops * repeats / (time.perf_counter() - started) / 1e9


def rate_turn(worker, pace):
    """A function that asks a worker for its rate."""
    worker.call("rate", 3)  # Warms up.
    return lambda: worker.call("rate", max(1, round(20 * pace.seconds)))
