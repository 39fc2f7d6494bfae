import numpy as np

from tests.cuda.cases import Case, wide
from tests.reference import normalization as reference

# Rows, lanes, inner, channels; rows of a block.
SHAPES = [(1, 1, 1, 1, 4), (13, 6, 1, 3, 4), (5, 3, 7, 3, 2), (9, 37, 1, 37, 9)]


def cases(dtype, rng):
    for rows, lanes, inner, n, size in SHAPES:
        x, dy = (3 + rng.normal(size=(2, rows, lanes, inner))).astype(dtype)
        gamma, beta, moving_mean, moving_variance = rng.uniform(1, 2, (4, n)).astype(dtype)
        empty, each, blocks = np.empty_like(x), np.empty(n, dtype), -(-rows // size)
        partial = reference.batch_moments(*wide(x), size)
        arguments = x, size, 0, np.empty(partial.shape, dtype)
        yield Case("batch_moments", arguments, {"partial": partial})

        values = reference.channels(*wide(x), n)
        mean, variance = values.mean(axis=1), values.var(axis=1)
        moving = (partial.astype(dtype), size, rows, inner, 0.9, moving_mean, moving_variance)
        expected = {
            "mean": mean,
            "variance": variance,
            "moving_mean": 0.9 * moving_mean.astype(float) + 0.1 * mean,
            "moving_variance": 0.9 * moving_variance.astype(float) + 0.1 * variance,
        }
        yield Case("batch_statistics", (*moving, each, each.copy()), expected)

        given = mean.astype(dtype), variance.astype(dtype), 1e-3, gamma, beta
        lines = reference.batch_lines(mean, variance, 1e-3, *wide(gamma, beta), lanes)
        yield Case("batch_lines", (*given, np.empty((3, lanes), dtype)), {"lines": lines})
        lines = lines.astype(dtype)
        y = reference.normalize(*wide(x, lines))
        yield Case("normalize", (x, lines, empty), {"y": y})

        partial = reference.batch_gradient_sums(*wide(dy, x), lines[0].astype(float), size)
        arguments = dy, x, lines, size, 0, np.empty((blocks, 2, lanes), dtype)
        yield Case("batch_gradient_sums", arguments, {"partial": partial})
        for count in (values.shape[1], 0):
            slopes, dgamma, dbeta = reference.batch_slopes(*wide(x, dy, gamma), 1e-3, count > 0)
            arguments = partial.astype(dtype), given[1], 1e-3, gamma, count
            outputs = np.empty((3, lanes), dtype), each, each.copy()
            expected = {"slopes": slopes, "dgamma": dgamma, "dbeta": dbeta}
            yield Case("batch_gradients", (*arguments, *outputs), expected, 1e-4)
        dx = reference.normalize_backward(*wide(dy, x, lines, slopes))
        arguments = dy, x, lines, slopes.astype(dtype), empty
        yield Case("normalize_backward", arguments, {"dx": dx})

    for rows, n, size in [(1, 1, 4), (9, 37, 4), (14, 3, 16)]:
        x, dy = (2 + rng.normal(size=(2, rows, n))).astype(dtype)
        gamma, beta = rng.uniform(1, 2, (2, n)).astype(dtype)
        each = np.empty(rows, dtype)
        y, mean, inverse = reference.layer_normalization(*wide(x, gamma, beta), 1e-3)
        arguments = x, gamma, beta, 1e-3, np.empty_like(x), each, each.copy()
        expected = {"y": y, "mean": mean, "inverse": inverse}
        yield Case("layer_normalization", arguments, expected)
        mean, inverse = mean.astype(dtype), inverse.astype(dtype)
        dx, dgamma, dbeta = reference.layer_normalization_backward(
            *wide(dy, x, gamma, mean, inverse), size
        )
        sums = np.empty_like(dgamma, dtype), np.empty_like(dbeta, dtype)
        arguments = dy, x, gamma, mean, inverse, size, 0, np.empty_like(x), *sums
        expected = {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}
        yield Case("layer_normalization_backward", arguments, expected, 1e-4)
