import numpy as np

from tests.cuda.cases import MATRICES, SIZES, Case, wide
from tests.reference import updates as reference

RATE = 0.01


def update(name, numbers, slots, size, step, dtype, rng):
    """A step from the middle of training, or the first one: from slots that are all zero."""
    g, p = rng.normal(size=(2, size)).astype(dtype)
    g[0] = 0  # At first there is nothing to divide by but epsilon.
    state = [np.zeros_like(p) if step == 1 else np.full_like(p, 0.3) for _ in slots] + [p]
    counted = name in reference.COUNTED
    want = getattr(reference, name)(
        *wide(g), RATE, *([step] if counted else []), *numbers, *wide(*state)
    )
    iteration = [np.array([step])] if counted else []
    arguments = (g, np.array([RATE]), *iteration, *numbers, *state)
    # In Ftrl's sum, large numbers cancel.
    rough = 1e-4 if name == "ftrl" and dtype is np.float32 else None
    return Case(name, arguments, dict(zip([*slots, "p"], want, strict=True)), rough)


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
    for name, numbers, slots in reference.SQUARED:
        g, slots = np.array([1e3, top**0.7, top, -top], dtype), slots.split()
        state = [np.zeros_like(g) for _ in [*slots, "p"]]
        count = [1] if name in reference.COUNTED else []
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

    yield from of_nadam(dtype, rng)
    yield from of_norms(dtype, rng)
    yield from of_adafactor(dtype, rng)
    yield from of_several_batches(dtype, rng)


def of_nadam(dtype, rng):
    for step in (1, 7, 2000):
        want = reference.nadam_numbers(RATE, step, 0.9, 0.999)
        given = np.array([RATE]), np.array([step]), 0.9, 0.999, np.empty(3)
        yield Case("nadam_numbers", given, {"numbers": want}, 1e-12)
        for size in SIZES:
            g, p, m = rng.normal(size=(3, size)).astype(dtype)
            v = m**2
            state = reference.nadam(*wide(g), RATE, step, 0.9, 0.999, 1e-7, *wide(m, v, p))
            arguments = (g, want, 0.9, 0.999, 1e-7, m, v, p)
            yield Case("nadam", arguments, dict(zip("mvp", state, strict=True)))


def of_norms(dtype, rng):
    for size in SIZES:
        g, m, p = rng.normal(size=(3, size)).astype(dtype)
        v, d = m**2, np.empty_like(g)
        zeros = np.zeros(size)
        at, of_g = np.array([3]), wide(g)
        wanted = reference.lamb(*of_g, 1.0, 3, 0.9, 0.999, 1e-7, *wide(m, v), zeros)
        expected = {"m": wanted[0], "v": wanted[1], "d": -wanted[2]}
        yield Case("lamb_direction", (g, at, 0.9, 0.999, 1e-7, m.copy(), v, d), expected)

        squares = [reference.sum_squares(a) for a in (p, g)]
        norms = [np.sqrt((a**2).sum()) for a in wide(p, g)]
        want = wide(p)[0] - RATE * norms[0] / norms[1] * of_g[0]
        yield Case("trust_step", (*squares, np.array([RATE]), g, p.copy()), {"p": want})
        none = np.zeros((2, 1))
        want = wide(p)[0] - RATE * of_g[0]
        yield Case("trust_step", (none, squares[1], np.array([RATE]), g, p.copy()), {"p": want})

        want = wide(p)[0] / (norms[0] + 0.5)
        yield Case("divide_by_norm", (squares[0], 0.5, p.copy()), {"x": want})
        want = 2 * wide(p)[0] - 0.5 * of_g[0]
        yield Case("mix", (p, 2.0, -0.5, g.copy()), {"y": want})
        for nesterov in (False, True):
            kept = 0.9 * wide(m)[0] + of_g[0]
            want = {"m": kept, "d": of_g[0] + 0.9 * kept if nesterov else kept}
            yield Case("add_momentum", (g, 0.9, nesterov, m.copy(), np.empty_like(g)), want)


def of_adafactor(dtype, rng):
    for step in (1, 7):
        want = np.array([min(RATE, step**-0.5), step**-0.8])
        given = np.array([RATE]), np.array([step]), -0.8, np.empty(2)
        yield Case("adafactor_numbers", given, {"numbers": want}, 1e-12)
    numbers = np.array([RATE, 0.3])
    for size in SIZES:
        g, p = rng.normal(size=(2, size)).astype(dtype)
        v, d = g**2, np.empty_like(g)
        kept = 0.7 * wide(v)[0] + 0.3 * (wide(g)[0] ** 2 + 0.1)
        expected = {"v": kept, "d": wide(g)[0] / np.sqrt(kept)}
        yield Case("adafactor_direction", (g, numbers, 0.1, v.copy(), d), expected)
        yield Case("scaled_squares", (g, 0.5, d.copy()), {"s": wide(g)[0] ** 2 / 2})
        expected = {"c": 0.7 * wide(v)[0] + 0.3 * (wide(p)[0] + 0.1)}
        yield Case("adafactor_columns", (p, numbers, 0.1, v.copy()), expected)
        squares = [reference.sum_squares(a) for a in (p, g)]
        rms = [np.sqrt((a**2).mean()) for a in wide(p, g)]
        for least, threshold in ((1e-3, 0.1), (1e3, 1e3)):
            step = max(least, rms[0]) * RATE / max(1, rms[1] / threshold)
            given = (*squares, size, numbers, least, threshold, g, p.copy())
            yield Case("adafactor_step", given, {"p": wide(p)[0] - step * wide(g)[0]})
    for shape in MATRICES:
        g = rng.normal(size=shape).astype(dtype)
        r, c = (rng.uniform(1, 2, n).astype(dtype) for n in shape)
        want = 0.7 * wide(r)[0] + 0.3 * ((wide(g)[0] ** 2).mean(1) + 0.1)
        yield Case("adafactor_rows", (g, numbers, 0.1, r.copy()), {"r": want})
        mean = np.array([1.5], dtype)
        v = wide(r)[0][:, None] / 1.5 * wide(c)[0]
        expected = {"v": v, "d": wide(g)[0] / np.sqrt(v)}
        given = (g, r, mean, c, np.empty_like(g), np.empty_like(g))
        yield Case("adafactor_factored", given, expected)


def of_several_batches(dtype, rng):
    for batch in (1, 3, 4, 6):
        want = {"update": np.array([-(-batch // 3)])}
        yield Case("count_updates", (np.array([batch]), 3, np.zeros(1, int)), want)
        g, total = rng.normal(size=(2, 5)).astype(dtype)
        both = sum(wide(g, total))
        want = {"total": 0 * both, "g": both / 3} if batch % 3 == 0 else {"total": both, "g": g}
        want = {name: value.astype(float) for name, value in want.items()}
        given = (np.array([batch]), 3, total.copy(), g.copy())
        yield Case("accumulate_gradients", given, want)
        want = {"x": wide(g if batch % 3 == 0 else total)[0]}
        yield Case("undo_unless_last", (total, np.array([batch]), 3, g.copy()), want)
        for every in (0, 3):
            average = wide(g)[0] if batch == 1 else 0.9 * wide(total)[0] + 0.1 * wide(g)[0]
            last = every and batch % every == 0
            want = {"average": average, "p": average if last else wide(g)[0]}
            given = (np.array([batch]), 0.9, every, total.copy(), g.copy())
            yield Case("average_weights", given, want)
