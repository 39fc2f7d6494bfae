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
        values = reference.channels(*wide(x), n)
        mean, variance = values.mean(axis=1), values.var(axis=1)
        for mask in (
            None,
            rng.uniform(size=(rows, 1)) < 0.6,
            rng.uniform(size=(rows, lanes)) < 0.4,
        ):
            name, masks = ("batch", ()) if mask is None else ("masked", (mask,))
            partial = reference.batch_moments(*wide(x), size, mask)
            arguments = x, *masks, size, 0, np.empty(partial.shape, dtype)
            yield Case(f"{name}_moments", arguments, {"partial": partial})
            moments = reference.channel_moments(*wide(x), n, mask)
            before = moving_mean.astype(float), moving_variance.astype(float)
            kept = np.where(moments[2] > 0, 0.9, 1)
            arguments = partial.astype(dtype), 0.9, moving_mean.copy(), moving_variance.copy()
            expected = dict(zip(("mean", "variance", "share"), moments, strict=True)) | {
                "moving_mean": kept * before[0] + (1 - kept) * moments[0],
                "moving_variance": kept * before[1] + (1 - kept) * moments[1],
            }
            yield Case("batch_statistics", (*arguments, *np.empty((3, n), dtype)), expected)

        given = mean.astype(dtype), variance.astype(dtype), 1e-3, gamma, beta
        lines = reference.batch_lines(mean, variance, 1e-3, *wide(gamma, beta), lanes)
        yield Case("batch_lines", (*given, np.empty((3, lanes), dtype)), {"lines": lines})
        lines = lines.astype(dtype)
        y = reference.normalize(*wide(x, lines))
        yield Case("normalize", (x, lines, empty), {"y": y})

        partial = reference.batch_gradient_sums(*wide(dy, x), lines[0].astype(float), size)
        arguments = dy, x, lines, size, 0, np.empty((blocks, 2, lanes), dtype)
        yield Case("batch_gradient_sums", arguments, {"partial": partial})
        for share in (np.full(n, 1 / values.shape[1]), np.zeros(n)):
            slopes, dgamma, dbeta = reference.batch_slopes(*wide(x, dy, gamma), 1e-3, share)
            arguments = partial.astype(dtype), given[1], 1e-3, gamma, share.astype(dtype)
            outputs = np.empty((3, lanes), dtype), each, each.copy()
            expected = {"slopes": slopes, "dgamma": dgamma, "dbeta": dbeta}
            yield Case("batch_gradients", (*arguments, *outputs), expected, 1e-4)
        slopes = rng.normal(size=slopes.shape)
        dx = reference.normalize_backward(*wide(dy, x, lines), slopes)
        arguments = lines, slopes.astype(dtype), empty
        yield Case("normalize_backward", (dy, x, *arguments), {"dx": dx})
        for mask in (rng.uniform(size=(rows, 1)) < 0.6, rng.uniform(size=(rows, lanes)) < 0.4):
            dx = reference.normalize_backward(*wide(dy, x, lines), slopes, mask)
            yield Case("masked_normalize_backward", (dy, x, mask, *arguments), {"dx": dx})

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

    shapes = [(1, 1, 1, 1, 1), (3, 5, 6, 1, 3), (2, 37, 8, 1, 1), (4, 1, 6, 5, 2), (2, 3, 4, 37, 4)]
    for *shape, groups in shapes:
        x, dy = (2 + rng.normal(size=(2, *shape))).astype(dtype)
        gamma, beta = rng.uniform(1, 2, (2, shape[2])).astype(dtype)
        y, lines, inverse = reference.group_normalization(*wide(x, gamma, beta), 1e-3, groups)
        outputs = np.empty_like(x), np.empty(lines.shape, dtype), np.empty(inverse.shape, dtype)
        expected = {"y": y, "lines": lines, "inverse": inverse}
        yield Case("group_normalization", (x, gamma, beta, 1e-3, *outputs), expected, 1e-4)
        lines, inverse = lines.astype(dtype), inverse.astype(dtype)
        given = dy, x, gamma, lines, inverse
        dx, slopes, dgamma, dbeta = reference.group_normalization_backward(*wide(*given))
        sums = np.empty_like(dgamma, dtype), np.empty_like(dbeta, dtype)
        expected = {"dx": dx, "slopes": slopes, "dgamma": dgamma, "dbeta": dbeta}
        outputs = np.empty_like(x), np.empty_like(lines), *sums
        yield Case("group_normalization_backward", (*given, *outputs), expected, 1e-3)
