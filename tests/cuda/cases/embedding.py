import numpy as np

from tests.cuda.cases import Case, wide
from tests.reference import embedding as reference

# Rows of the table, columns, numbers.
SIZES = ((1, 1, 1), (5, 3, 17), (13, 9, 8))


def cases(dtype, rng):
    for rows, k, n in SIZES:
        table, g = rng.normal(size=(2, rows, k)).astype(dtype)
        dy = rng.normal(size=(n, k)).astype(dtype)
        used = rng.integers(0, 2, rows).astype(np.uint8)
        for ids_dtype in (np.int32, np.float32):
            ids = rng.integers(-1, rows + 1, n).astype(ids_dtype)
            expected = {"y": reference.take_rows(ids, *wide(table))}
            yield Case("take_rows", (ids, table, np.empty((n, k), dtype)), expected)

            want_used, want = reference.add_rows(*wide(dy), ids, 0, used, *wide(g))
            arguments = (dy, ids, 0, used.copy(), g.copy())
            yield Case("add_rows", arguments, {"used": want_used, "g": want})
            expected = {"mask": ids != 0}
            yield Case("not_zero", (ids, np.empty(n, bool)), expected)
        want_used, want = reference.clear_rows(used, *wide(g))
        yield Case("clear_rows", (used.copy(), g.copy()), {"used": want_used, "g": want})
        expected = {"p": reference.sgd_rows(*wide(g), 0.1, used, *wide(table))}
        yield Case("sgd_rows", (g, np.array([0.1]), used, table.copy()), expected)
