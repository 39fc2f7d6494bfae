import numpy as np

from tests.cuda.cases import SIZES, Case, wide
from tests.reference import updates as reference

RATE = 0.01


def update(name, numbers, slots, size, step, dtype, rng):
    """A step from the middle of training, or the first one: from slots that are all zero."""
    g, p = rng.normal(size=(2, size)).astype(dtype)
    g[0] = 0  # At first there is nothing to divide by but epsilon.
    state = [np.zeros_like(p) if step == 1 else np.full_like(p, 0.3) for _ in slots] + [p]
    counted = name.startswith("adam")
    want = getattr(reference, name)(
        *wide(g), RATE, *([step] if counted else []), *numbers, *wide(*state)
    )
    iteration = [np.array([step])] if counted else []
    arguments = (g, np.array([RATE]), *iteration, *numbers, *state)
    return Case(name, arguments, dict(zip([*slots, "p"], want, strict=True)))


def cases(dtype, rng):
    for name, numbers, slots in reference.OPTIMIZERS:
        for size, step in zip(SIZES, (1, 7, 10**6), strict=True):
            yield update(name, numbers, slots.split(), size, step, dtype, rng)

    for size in SIZES:
        g, rate = rng.normal(size=size).astype(dtype), np.array([RATE])
        (want,) = reference.decay_weights(RATE, 0.1, *wide(g))
        yield Case("decay_weights", (rate, 0.1, g), {"p": want})
        (want,) = reference.clip_by_value(0.5, *wide(g))
        yield Case("clip_by_value", (0.5, g), {"g": want})

        partial = reference.sum_squares(g)
        yield Case("sum_squares", (g, np.empty_like(partial)), {"partial": partial}, 1e-13)
        for limit in (0.1, 1000.0):
            (want,) = reference.clip_by_norm(partial, limit, *wide(g))
            yield Case("clip_by_norm", (partial, limit, g), {"g": want})

    # More sums than the simulator has blocks, and more than a block has threads.
    x = np.ones(3 * 4096 + 1, dtype)
    yield Case("sum_squares", (x, np.empty((2, 4))), {"partial": reference.sum_squares(x)})
    ones = np.ones((2, 9))
    (want,) = reference.clip_by_norm(ones, 1.0, np.ones(1))
    yield Case("clip_by_norm", (ones, 1.0, np.ones(1, dtype)), {"g": want})

    yield Case("clip_by_norm", (np.zeros((2, 1)), 1.0, np.zeros(3, dtype)), {"g": np.zeros(3)})

    # Of large numbers, squares overflow, and the norm itself.
    top, most = np.finfo(dtype).max, 2.0**63 if dtype is np.float32 else 2.0**511
    for name, numbers, slots in reference.OPTIMIZERS[3:]:
        g, slots = np.array([1e3, top**0.7, top, -top], dtype), slots.split()
        state = [np.zeros_like(g) for _ in [*slots, "p"]]
        count = [1] if name.startswith("adam") else []
        limited = np.clip(*wide(g), -most, most)
        want = getattr(reference, name)(limited, RATE, *count, *numbers, *wide(*state))
        given = (np.array([RATE]), *(np.array([n]) for n in count), *numbers)
        yield Case(name, (g, *given, *state), dict(zip([*slots, "p"], want, strict=True)))
    g = np.array([1, -0.5, 0], dtype) * top
    scaled = np.array([[np.inf], [1.25 * (float(top) * 2.0**-600) ** 2]])
    if dtype is np.float32:
        scaled[:] = 1.25 * float(top) ** 2
    yield Case("clip_by_norm", (scaled, 2.0, g), {"g": np.array([2, -1, 0]) / np.sqrt(1.25)})
    g = np.array([np.nan, 2], dtype)
    yield Case("clip_by_value", (1.0, g), {"g": np.array([np.nan, 1])})
