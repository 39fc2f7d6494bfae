"""The generator of all seeds."""

from __future__ import annotations

import random
import threading

import numpy as np

from nnkit import checks, forks

__all__ = ["next_seed", "set_random_seed"]

_lock = threading.Lock()
forks.hold(_lock, 5)
_generator = np.random.Generator(np.random.PCG64())


def set_random_seed(seed: int) -> None:
    """Make a program reproducible: initial weights, dropout, shuffling.

    This seeds nnkit's own generator and, as in Keras, Python's ``random`` and NumPy's global
    ``numpy.random``. Call it before the model is built.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.

    Raises
    ------
    TypeError
        The seed is not an integer.
    ValueError
        The seed is out of range.

    Examples
    --------
    >>> import nnkit
    >>> from nnkit.utils.random import next_seed
    >>> nnkit.utils.set_random_seed(7)
    >>> first = next_seed()
    >>> nnkit.utils.set_random_seed(7)
    >>> next_seed() == first
    True
    """
    global _generator
    seed = checks.integer("set_random_seed", "seed", seed, 0, 2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)
    with _lock:
        _generator = np.random.Generator(np.random.PCG64(seed))


def next_seed() -> int:
    """Draw a seed from nnkit's own generator, for an initializer, a dropout layer or shuffling.

    Several threads may call this at once.

    Returns
    -------
    int
        From 0 to 2**63 - 1.

    Examples
    --------
    >>> from nnkit.utils.random import next_seed
    >>> 0 <= next_seed() < 2**63
    True
    """
    with _lock:
        return int(_generator.integers(2**63))
