import numpy as np

from tests.cuda.cases import Case, wide
from tests.reference import attention as reference


def cases(dtype, rng):
    for b, h, m, k, n in [(1, 1, 1, 1, 1), (2, 2, 3, 2, 5), (1, 2, 9, 4, 5)]:
        x = rng.normal(size=(b, h, m, k)).astype(dtype)
        z = rng.normal(size=(b, h, k, n)).astype(dtype)
        want = reference.matmul_stack(*wide(x, z))
        yield Case("matmul_stack", (x, z, np.empty(want.shape, dtype)), {"c": want})

    for shape, small in [((1, 1, 1, 1, 1),) * 2, ((2, 3, 2, 3, 5), (2, 1, 1, 1, 5))]:
        mask = rng.uniform(size=small) < 0.6
        other = rng.uniform(size=(*shape[:4], 1)) < 0.6
        yield Case("join_masks", (mask, other, 0, np.empty(shape, bool)), {"y": mask & other})
        x, dy = rng.normal(size=(2, *shape)).astype(dtype)
        x[..., -1, -1] = np.nan  # The last source doesn't count for the last target.
        where = mask & (np.arange(small[-1]) < small[-1] - 1), 1, 1, 0.5
        y = reference.masked_softmax(*wide(x), *where, 0.25)
        yield Case("masked_softmax", (x, *where, 0.25, 0, np.empty_like(x)), {"y": y})
        y = y.astype(dtype)
        dx = reference.masked_softmax_backward(*wide(dy, y), *where)
        yield Case("masked_softmax_backward", (dy, y, *where, 0, np.empty_like(x)), {"dx": dx})

    for b, t, s, n, weights in [(1, 1, 1, 1, 1), (2, 3, 4, 5, 5), (3, 2, 3, 9, 1)]:
        query, key = (rng.normal(size=(b, steps, n)).astype(dtype) for steps in (t, s))
        arrays = query, key, *(rng.normal(size=size).astype(dtype) for size in (1, weights))
        dy = rng.normal(size=(b, t, s)).astype(dtype)
        want = reference.additive_scores(*wide(*arrays))
        yield Case("additive_scores", (*arrays, np.empty_like(dy)), {"y": want})
        names = "dquery", "dkey", "dfactor", "dweight"
        want = reference.additive_scores_backward(*wide(dy, *arrays))
        made = (np.empty(a.shape, dtype) for a in want)
        expected = dict(zip(names, want, strict=True))
        yield Case("additive_scores_backward", (dy, *arrays, *made), expected)
