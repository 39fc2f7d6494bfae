import numpy as np

from tests.cuda.cases import Case, wide
from tests.reference import softmax as reference

SHAPES = [(1, 1, 1), (9, 37, 1), (2, 3, 4)]


def cases(dtype, rng):
    for shape in SHAPES:
        x, dy = rng.normal(scale=3, size=(2, *shape)).astype(dtype)
        y = reference.softmax(*wide(x))
        yield Case("softmax", (x, np.empty_like(x)), {"y": y})
        y = y.astype(dtype)
        dx = reference.softmax_backward(*wide(dy, y))
        yield Case("softmax_backward", (dy, y, np.empty_like(x)), {"dx": dx})
        y = reference.log_softmax(*wide(x))
        yield Case("log_softmax", (x, np.empty_like(x)), {"y": y})
        y = y.astype(dtype)
        dx = reference.log_softmax_backward(*wide(dy, y))
        yield Case("log_softmax_backward", (dy, y, np.empty_like(x)), {"dx": dx})

    nan, inf = np.nan, np.inf
    x = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [-inf, 0, -inf], [0, nan, 0]], dtype)
    y = np.array([[1, 0, 0], [1 / 3] * 3, [0, 1, 0], [nan] * 3])
    yield Case("softmax", (x[..., None], np.empty_like(x)[..., None]), {"y": y[..., None]})
    y = np.array([[0, -2e4, -1e4], [-np.log(3)] * 3, [-inf, 0, -inf], [nan] * 3])
    yield Case("log_softmax", (x[..., None], np.empty_like(x)[..., None]), {"y": y[..., None]})
