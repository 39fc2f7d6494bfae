import numpy as np

from tests.cuda.cases import SIZES, Case, wide
from tests.reference import penalties as reference

SHAPES = ((1, 1, 1), (1, 7, 3), (9, 3, 1), (2, 3, 5))
EPSILON = 1e-7


def cases(dtype, rng):
    for size in (*SIZES, 3 * reference.BLOCK + 1):  # More blocks than the simulator has.
        w = rng.normal(size=size).astype(dtype)
        partial = reference.penalty_blocks(*wide(w), 0.1, 0.2)
        arguments = (w, 0.1, 0.2, 0, np.empty_like(partial))
        yield Case("penalty_blocks", arguments, {"partial": partial}, 1e-13)
    for size in SIZES:
        partial = rng.normal(size=size)
        expected = {"total": np.array([0.5 * partial.sum()])}
        yield Case("penalty_sum", (partial, 0.5, np.empty(1)), expected, 1e-13)

        w, g = rng.normal(size=(2, size)).astype(dtype)
        w[0] = 0
        expected = {"g": reference.penalty_gradient(*wide(w), 0.1, 0.2, *wide(g))}
        yield Case("penalty_gradient", (w, 0.1, 0.2, g.copy()), expected)
        yield Case("add_to", (w, g.copy()), {"y": np.add(*wide(w, g))})
        yield Case("not_negative", (w.copy(),), {"w": reference.not_negative(*wide(w))})
    w = np.array([np.nan, np.inf, -np.inf], dtype)
    expected = {"g": np.array([np.nan, np.inf, -np.inf])}
    yield Case("penalty_gradient", (w, 0.1, 0.2, np.zeros_like(w)), expected)
    yield Case("not_negative", (w.copy(),), {"w": np.array([np.nan, np.inf, 0])})

    for shape in SHAPES:
        outer, n, inner = shape
        w = rng.normal(size=shape).astype(dtype)
        for bounds in ((0.0, 2.0, 1.0), (1.0, 1.0, 1.0), (0.5, 1.5, 0.3)):
            factor = reference.norm_factors(*wide(w), *bounds, EPSILON)
            arguments = (w, *bounds, EPSILON, 0, np.empty_like(factor))
            yield Case("norm_factors", arguments, {"factor": factor}, 1e-12)
        rows = w.reshape(outer * n, inner)
        expected = {"w": reference.scale_vectors(factor, *wide(w)).reshape(rows.shape)}
        yield Case("scale_vectors", (factor, n, 0, rows.copy()), expected)
