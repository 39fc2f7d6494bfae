import numpy as np

from tests.cuda.cases import SIZES, Case, wide
from tests.reference import activations as reference

CORNERS = np.array([1.0, 1.5, 6.0, 7.0, 0.5, np.inf, -np.inf, np.nan])


def forward(name, x, numbers):
    expected = getattr(reference, name)(*wide(x), *numbers)
    return Case(name, (x, *numbers, np.empty_like(x)), {"y": expected})


def backward(name, dy, kept, numbers):
    expected = getattr(reference, f"{name}_backward")(*wide(dy, kept), *numbers)
    return Case(f"{name}_backward", (dy, kept, *numbers, np.empty_like(dy)), {"dx": expected})


def cases(dtype, rng):
    for name in (*reference.OF_Y, *reference.OF_X, "rescale", "scale", "copy"):
        for numbers in reference.NUMBERS.get(name, [()]):
            for size in SIZES:
                x, dy = rng.normal(scale=3, size=(2, size)).astype(dtype)
                yield forward(name, x, numbers)
                if name in reference.OF_Y + reference.OF_X:
                    kept = x if name in reference.OF_X else getattr(reference, name)(x)
                    yield backward(name, dy, kept, numbers)
            yield forward(name, np.array([np.nan, 0, 80, -80], dtype), numbers)

    # These end as x and 0 do.
    ends = np.array([0.99, -0.99], dtype) * np.finfo(dtype).max
    for name in ("gelu", "gelu_tanh", "silu", "softplus", "mish"):
        (y,) = wide(np.array([ends[0], 0]))
        yield Case(name, (ends, ends.copy()), {"y": y})
        yield Case(
            f"{name}_backward", (np.ones(2, dtype), ends, ends.copy()), {"dx": np.array([1.0, 0])}
        )

    # ReLU's gradient is 0 at the maximum and at the threshold.
    corners = CORNERS.astype(dtype)
    y = np.array([1, 1.5, 6, 6, 0, 6, 0, np.nan])
    yield Case("relu", (corners, 0.0, 6.0, 1.0, corners), {"y": y})
    dx = np.array([0.0, 1, 0, 0, 0, 0, 0, 1])
    ones = np.ones_like(corners)
    yield Case("relu_backward", (ones, corners, 0.0, 6.0, 1.0, corners), {"dx": dx})

    for batch, outer, m, inner, n in [(1, 1, 1, 1, 1), (2, 3, 4, 9, 1), (3, 1, 2, 3, 37)]:
        x, dy = rng.normal(size=(2, batch, outer, m, inner, n)).astype(dtype)
        alpha = rng.uniform(size=(m, n)).astype(dtype)
        y = reference.prelu(*wide(x, alpha))
        yield Case("prelu", (x, alpha, np.empty_like(x)), {"y": y})
        dx, dalpha = reference.prelu_backward(*wide(dy, x, alpha))
        arguments = dy, x, alpha, np.empty_like(x), np.empty((batch, m, n), dtype)
        yield Case("prelu_backward", arguments, {"dx": dx, "dalpha": dalpha})
