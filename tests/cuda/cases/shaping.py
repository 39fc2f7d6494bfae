import numpy as np

from tests.cuda.cases import Case, wide
from tests.reference import shaping as reference


def cases(dtype, rng):
    for shape, top, left, bottom, right in [
        ((1, 1, 1, 1), 0, 0, 0, 0),
        ((2, 3, 4, 5), 1, 0, 2, 3),
        ((1, 1, 9, 37), 0, 2, 1, 1),
    ]:
        padded = (*shape[:2], top + shape[2] + bottom, left + shape[3] + right)
        x, dy = rng.normal(size=shape).astype(dtype), rng.normal(size=padded).astype(dtype)
        y = reference.zero_pad(*wide(x), top, left, padded)
        yield Case("zero_pad", (x, top, left, np.empty_like(dy)), {"y": y})
        dx = reference.zero_pad_backward(*wide(dy), top, left, shape)
        yield Case("zero_pad_backward", (dy, top, left, np.empty_like(x)), {"dx": dx})

    for shape, down, across in [
        ((1, 1, 1, 1, 1), 1, 1),
        ((2, 3, 4, 5, 1), 2, 3),
        ((3, 1, 2, 9, 3), 3, 1),
    ]:
        x = rng.normal(size=shape).astype(dtype)
        y = reference.repeat(*wide(x), down, across)
        dy = rng.normal(size=y.shape).astype(dtype)
        yield Case("repeat", (x, np.empty_like(dy)), {"y": y})
        dx = reference.repeat_backward(*wide(dy), down, across)
        yield Case("repeat_backward", (dy, np.empty_like(x)), {"dx": dx})

    for shape, order in [((1, 1, 1, 1, 1), (0, 1, 2, 3, 4)), ((2, 3, 4, 5, 6), (0, 4, 1, 3, 2))]:
        x = rng.normal(size=shape).astype(dtype)
        y = np.ascontiguousarray(x.transpose(order), float)
        steps = [step // x.itemsize for step in x.transpose(order).strides[1:]]
        arguments = x.reshape(len(x), -1), *steps, np.empty(y.shape, dtype)
        yield Case("permute", arguments, {"y": y})

    for shape, shared in [((1, 1, 1, 1, 1), (1, 1, 1, 1, 1)), ((2, 1, 4, 5, 3), (2, 1, 1, 1, 3))]:
        x = rng.normal(size=shape).astype(dtype)
        x.flat[0] = np.nan
        mask = rng.integers(0, 2, shared).astype(dtype) * 2
        mask.flat[0] = 0
        spread = np.broadcast_to(mask, shape)
        y = reference.apply_mask(*wide(x, spread))
        steps = [step // x.itemsize for step in spread.strides]
        arguments = x, mask.reshape(-1), *steps, 0, np.empty_like(x)
        yield Case("apply_mask", arguments, {"y": y})
