"""What a user waits for: ``python -m benchmarks.first_fit PEER`` in a fresh process.

Prints a line when the first training step is done, and one when the first epoch is.
"""

import sys
from dataclasses import replace

import numpy as np

from benchmarks.cases import CASES
from benchmarks.peers import PEERS

CASE = replace(CASES["small"], samples=6016)


def main(peer):
    rng = np.random.default_rng(0)
    x = rng.random((CASE.samples, CASE.inputs), np.float32)
    y = rng.integers(CASE.sizes[-1], size=CASE.samples, dtype=np.int32)
    one = replace(CASE, samples=CASE.batch)
    trainer = PEERS[peer].load()(one, CASE.weights())
    trainer.load(x[: one.samples], y[: one.samples])
    trainer.train(range(1))
    print("step", flush=True)
    trainer.case = CASE
    trainer.load(x, y)
    trainer.train(range(1, 2))
    print("epoch", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
