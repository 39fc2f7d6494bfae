import numpy as np

from tests.cuda.cases import Case, wide
from tests.reference import random as words
from tests.reference import warping as reference
from tests.reference.warping import MODES

# Images, and height and width of the result.
SHAPES = [((1, 1, 1, 1, 1), (1, 1)), ((3, 2, 4, 5, 1), (4, 5)), ((2, 1, 3, 2, 3), (5, 7))]
SCALES = [(-1.0, 2.0), (0.5, 1.5), (0.7, 0.9), (-2.0, 2.0), (-3.0, 1.0)]


def cases(dtype, rng):
    y = words.words_of(np.arange(29), 7, 3) * 2.0**-32
    yield Case("uniform", (7, np.array([3]), 0, np.empty(29)), {"y": y})
    for alike in (0, 1):
        shares = rng.random((9, 7))
        numbers = *SCALES[0], *SCALES[1], *SCALES[2], alike, *SCALES[3], *SCALES[4], 1, 1, 6, 9
        want = reference.random_points(shares, *SCALES[:3], alike, *SCALES[3:], 1, 1, (6, 9))
        yield Case("random_points", (shares, *numbers, np.empty((9, 2, 3))), {"points": want})
    want = np.array([[[1.0, 0, 2], [0, 1.0, 4]]] * 3)
    arguments = np.array([[0.999, 0.5]]), 2, 7, np.empty((3, 2, 3))
    yield Case("random_corner", arguments, {"points": want})
    for shape, size in SHAPES:
        x, dy = rng.normal(size=shape), rng.normal(size=(*shape[:2], *size, shape[4]))
        x, dy = x.astype(dtype), dy.astype(dtype)
        points = rng.normal(size=(shape[0], 2, 3)) * [1, 1, 6]
        for mode, name in enumerate(MODES):
            order = mode % 2
            y = reference.warp(*wide(x), points, order, name, 0.25, size)
            arguments = x, points, order, mode, 0.25, np.empty_like(dy)
            yield Case("warp", arguments, {"y": y}, 1e-4)
            dx = reference.warp_backward(*wide(dy), points, order, name, shape)
            arguments = dy, points, order, mode, np.empty_like(x)
            yield Case("warp_backward", arguments, {"dx": dx}, 1e-4)
    for shape in ((1, 1, 1, 1), (3, 1, 6, 2), (2, 3, 5, 1)):
        x, dy = (rng.normal(size=shape).astype(dtype) for _ in range(2))
        shares, intervals = rng.random((shape[0], 2)), ((0.5, 1.8), (-0.5, 0.5), -1.0, 0.8)
        numbers = *intervals[0], *intervals[1], *intervals[2:]
        y = reference.random_tones(*wide(x), shares, *intervals)
        yield Case("random_tones", (x, shares, *numbers, np.empty_like(x)), {"y": y}, 1e-4)
        dx = reference.random_tones_backward(*wide(x), shares, *intervals, *wide(dy))
        arguments = x, shares, *numbers, dy, np.empty_like(x)
        yield Case("random_tones_backward", arguments, {"dx": dx}, 1e-4)
