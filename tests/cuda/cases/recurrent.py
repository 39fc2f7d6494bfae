import numpy as np

from tests.cuda.cases import MATRICES, Case, wide
from tests.reference import recurrent as reference


def cases(dtype, rng):
    for shape in [(1, 1, 1), (3, 5, 4)]:
        x = rng.normal(size=shape).astype(dtype)
        for backwards in (0, 1):
            y = np.ascontiguousarray(reference.steps_first(x, backwards))
            yield Case("steps_first", (x, backwards, 0, np.empty_like(y)), {"y": wide(y)[0]})
            yield Case("batch_first", (y, backwards, 0, np.empty_like(x)), {"y": wide(x)[0]})
    mask = np.array([[True, False, False]])[..., None]
    turned = np.array([[[False]], [[False]], [[True]]])
    yield Case("steps_first", (mask, 1, 0, np.empty_like(turned)), {"y": turned})

    for rows, units in MATRICES:
        yield from _masks(rows, units, dtype, rng)
        yield from _gates(rows, units, dtype, rng)


def _masks(rows, units, dtype, rng):
    x, other = rng.choice([0.5, 2.0], size=(2, rows, units)).astype(dtype)
    x[0] = 0.5
    y, mask = reference.mask_steps(*wide(x), 0.5)
    empty = np.empty_like(x), np.empty(rows, bool)
    yield Case("mask_steps", (x, 0.5, *empty), {"y": y, "mask": mask})
    yield Case("keep_steps", (x, mask, empty[0]), {"y": y})
    yield Case("hold", (mask, x, other), {"state": reference.hold(mask, *wide(x, other))})
    want = reference.hold_backward(mask, *wide(x, other))
    expected = dict(zip(("dstate", "dprevious"), want, strict=True))
    yield Case("hold_backward", (mask, x, other), expected)


def _gates(rows, units, dtype, rng):
    before, d, dc, carried = rng.normal(size=(4, rows, units)).astype(dtype)
    empty = np.empty_like(before)
    sums = rng.normal(size=(rows, 4 * units)).astype(dtype)
    gates, c, h = reference.lstm_gates(*wide(before, sums))
    yield Case("lstm_gates", (before, sums, empty, empty), {"gates": gates, "c": c, "h": h})
    i, f, g, o = np.split(gates, 4, axis=1)
    of_c = dc + d * o * (1 - np.tanh(c) ** 2)
    of_o = d * np.tanh(c) * o * (1 - o)
    of_sums = [of_c * g * i * (1 - i), of_c * before * f * (1 - f), of_c * i * (1 - g * g), of_o]
    yield Case(
        "lstm_gates_backward",
        (d, dc, before, c.astype(dtype), gates.astype(dtype), carried),
        {"gates": np.hstack(of_sums), "dc_previous": carried + of_c * f},
    )

    inner, sums = rng.normal(size=(2, rows, 3 * units)).astype(dtype)
    gates, h = reference.gru_gates(*wide(before, inner, sums))
    yield Case("gru_gates", (before, inner, sums, empty), {"gates": gates, "h": h})
    z, r, g = np.split(gates, 3, axis=1)
    of_z, of_g = d * (before - g) * z * (1 - z), d * (1 - z) * (1 - g * g)
    of_r = of_g * inner[:, 2 * units :] * r * (1 - r)
    yield Case(
        "gru_gates_backward",
        (d, before, inner, gates.astype(dtype), carried),
        {
            "gates": np.hstack([of_z, of_r, of_g]),
            "inner": np.hstack([of_z, of_r, of_g * r]),
            "dh_previous": carried + d * z,
        },
    )
