import numpy as np

from tests.cuda.cases import SIZES, Case, wide
from tests.reference import activations as reference

NUMBERS = {
    "relu": [(0.0, np.inf, 0.0), (0.2, 6.0, 0.5)],
    "rescale": [(1 / 255, -0.5)],
    "scale": [(3.0,)],
}
CORNERS = np.array([1.0, 1.5, 6.0, 7.0, 0.5, np.inf, -np.inf, np.nan])


def forward(name, x, numbers):
    expected = getattr(reference, name)(*wide(x), *numbers)
    return Case(name, (x, *numbers, np.empty_like(x)), {"y": expected})


def backward(name, dy, kept, numbers):
    expected = getattr(reference, f"{name}_backward")(*wide(dy, kept), *numbers)
    return Case(f"{name}_backward", (dy, kept, *numbers, np.empty_like(dy)), {"dx": expected})


def cases(dtype, rng):
    for name in ("tanh", "sigmoid", "relu", "rescale", "scale", "copy"):
        for numbers in NUMBERS.get(name, [()]):
            for size in SIZES:
                x, dy = rng.normal(scale=3, size=(2, size)).astype(dtype)
                yield forward(name, x, numbers)
                if name in ("tanh", "sigmoid", "relu"):
                    kept = x if name == "relu" else getattr(reference, name)(x)
                    yield backward(name, dy, kept, numbers)
            yield forward(name, np.array([np.nan, 0, 100, -100], dtype), numbers)

    # At the maximum ReLU's gradient is 0, at the threshold 1.
    corners = CORNERS.astype(dtype)
    y = np.array([1, 1.5, 6, 6, 0, 6, 0, np.nan])
    yield Case("relu", (corners, 0.0, 6.0, 1.0, corners), {"y": y})
    dx = np.array([1.0, 1, 0, 0, 0, 0, 0, 1])
    ones = np.ones_like(corners)
    yield Case("relu_backward", (ones, corners, 0.0, 6.0, 1.0, corners), {"dx": dx})
