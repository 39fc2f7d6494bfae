"""Batch, layer and group normalization.

Batch normalization views its input as (rows, n, inner), n channels. Sums over the batch are
computed in blocks of a fixed number of rows, and the blocks' sums are added in order, so the result
doesn't depend on how blocks are divided among workers. A block stays in the cache while its mean,
then its squared deviations from that mean are summed: one pass over memory. Means are sums of
differences from one of the elements, so that large numbers lose no precision.

With few channels and ``inner`` = 1, k rows may be viewed as one, with n k *lanes*, to fill the
vector registers: lane i belongs to channel i % n.

A mask (rows, 1) or (rows, n) selects the rows, or their lanes, that count in the statistics.
Elements that are masked out are normalised like the rest.
"""

import math

from nnkit.kernels._jit import inline, kernel


def _cost_of_input(x, *others):
    return 0.3 * x.size


@inline
def _zero(vector):
    for j in range(vector.size):
        vector[j] = vector.dtype.type(0)


@inline
def _moments_of_rows(x, mean, squares):
    """Moments of each column of a matrix; four rows at a time, or every sum waits for memory."""
    rows, n = x.shape
    whole = rows - rows % 4
    _zero(mean)
    _zero(squares)
    origin = x[0]
    for r in range(0, whole, 4):
        for j in range(n):
            a, b = x[r, j] - origin[j], x[r + 1, j] - origin[j]
            c, d = x[r + 2, j] - origin[j], x[r + 3, j] - origin[j]
            mean[j] += (a + b) + (c + d)
    for r in range(whole, rows):
        for j in range(n):
            mean[j] += x[r, j] - origin[j]
    share = x.dtype.type(1) / x.dtype.type(rows)
    for j in range(n):
        mean[j] = origin[j] + share * mean[j]
    for r in range(0, whole, 4):
        for j in range(n):
            a, b = x[r, j] - mean[j], x[r + 1, j] - mean[j]
            c, d = x[r + 2, j] - mean[j], x[r + 3, j] - mean[j]
            squares[j] += (a * a + b * b) + (c * c + d * d)
    for r in range(whole, rows):
        for j in range(n):
            a = x[r, j] - mean[j]
            squares[j] += a * a


@inline
def _moments_of_planes(x, mean, squares):
    """Moments of each channel of (rows, n, inner)."""
    rows, n, inner = x.shape
    share = x.dtype.type(1) / x.dtype.type(rows * inner)
    for j in range(n):
        origin, total = x[0, j, 0], x.dtype.type(0)
        for r in range(rows):
            for i in range(inner):
                total += x[r, j, i] - origin
        centre = origin + total * share
        total = x.dtype.type(0)
        for r in range(rows):
            for i in range(inner):
                a = x[r, j, i] - centre
                total += a * a
        mean[j], squares[j] = centre, total


@kernel(outputs=["partial"], split=["partial"], cost=_cost_of_input)
def batch_moments(x, size, first, partial):
    """Mean, sum of squared deviations and count of each channel in each block of ``size`` rows.

    x (rows, n, inner), partial (blocks, 3, n).
    """
    rows, n, inner = x.shape
    for b in range(partial.shape[0]):
        start = (first + b) * size
        block = x[start : min(start + size, rows)]
        if inner == 1:
            matrix = block.reshape(block.shape[0], n)
            _moments_of_rows(matrix, partial[b, 0], partial[b, 1])
        else:
            _moments_of_planes(block, partial[b, 0], partial[b, 1])
        count = x.dtype.type(block.shape[0] * inner)
        for j in range(n):
            partial[b, 2, j] = count


@inline
def _masked_moments_of_rows(x, mask, mean, squares, count):
    """Masked moments of each column; the mean is corrected once, as any element may be masked."""
    rows, n = x.shape
    zero, one = x.dtype.type(0), x.dtype.type(1)
    _zero(mean)
    _zero(squares)
    kept = 0
    for r in range(rows):
        if mask[r, 0]:
            kept += 1
            for j in range(n):
                mean[j] += x[r, j]
    share = one / x.dtype.type(max(kept, 1))
    for j in range(n):
        count[j] = x.dtype.type(kept)
        mean[j] *= share
    for r in range(rows):
        if mask[r, 0]:
            for j in range(n):
                squares[j] += x[r, j] - mean[j]
    for j in range(n):
        mean[j] += share * squares[j]
        squares[j] = zero
    for r in range(rows):
        if mask[r, 0]:
            for j in range(n):
                off = x[r, j] - mean[j]
                squares[j] += off * off


@inline
def _masked_moments_of_planes(x, mask, mean, squares, count):
    """Masked moments of each channel of (rows, n, inner)."""
    rows, n, inner = x.shape
    zero = x.dtype.type(0)
    for j in range(n):
        k = j if mask.shape[1] > 1 else 0
        origin, total, kept = zero, zero, 0
        for r in range(rows):
            if mask[r, k]:
                origin = x[r, j, 0] if kept == 0 else origin
                kept += inner
                for i in range(inner):
                    total += x[r, j, i] - origin
        centre = origin + total / x.dtype.type(max(kept, 1))
        total = zero
        for r in range(rows):
            if mask[r, k]:
                for i in range(inner):
                    off = x[r, j, i] - centre
                    total += off * off
        mean[j], squares[j], count[j] = centre, total, x.dtype.type(kept)


@kernel(outputs=["partial"], split=["partial"], cost=_cost_of_input)
def masked_moments(x, mask, size, first, partial):
    """:func:`batch_moments` of the elements that a mask, bool (rows, 1 or n), selects."""
    rows, n, inner = x.shape
    for b in range(partial.shape[0]):
        start = (first + b) * size
        stop = min(start + size, rows)
        block, kept = x[start:stop], mask[start:stop]
        if inner == 1 and mask.shape[1] == 1:
            matrix = block.reshape(block.shape[0], n)
            _masked_moments_of_rows(matrix, kept, partial[b, 0], partial[b, 1], partial[b, 2])
        else:
            _masked_moments_of_planes(block, kept, partial[b, 0], partial[b, 1], partial[b, 2])


@kernel(outputs=["mean", "variance", "share"], updates=["moving_mean", "moving_variance"])
def batch_statistics(partial, momentum, moving_mean, moving_variance, mean, variance, share):
    """Mean and variance of each channel from the blocks' moments; updates the moving averages.

    partial (blocks, 3, lanes); the others (n,). moving = momentum moving + (1 - momentum) new. The
    variance is the biased one: squares divided by their number, whose inverse is ``share``. A
    channel that is masked everywhere has mean, variance and share 0; its averages don't change.
    """
    blocks, _, lanes = partial.shape
    n = mean.size
    zero, one = mean.dtype.type(0), mean.dtype.type(1)
    keep = mean.dtype.type(momentum)
    _zero(mean)
    _zero(variance)
    _zero(share)
    for b in range(blocks):
        for i in range(0, lanes, n):
            for j in range(n):
                share[j] += partial[b, 2, i + j]
                mean[j] += partial[b, 2, i + j] * (partial[b, 0, i + j] - partial[0, 0, j])
    for j in range(n):
        share[j] = one / share[j] if share[j] > zero else zero
        mean[j] = partial[0, 0, j] + share[j] * mean[j]
    for b in range(blocks):
        for i in range(0, lanes, n):
            for j in range(n):
                off = partial[b, 0, i + j] - mean[j]
                variance[j] += partial[b, 1, i + j] + partial[b, 2, i + j] * (off * off)
    for j in range(n):
        variance[j] *= share[j]
        if share[j] > zero:
            moving_mean[j] = keep * moving_mean[j] + (one - keep) * mean[j]
            moving_variance[j] = keep * moving_variance[j] + (one - keep) * variance[j]


@kernel(outputs=["lines"])
def batch_lines(mean, variance, epsilon, gamma, beta, lines):
    """The numbers by which each lane is normalised: mean, gamma / sqrt(variance + epsilon), beta.

    All (n,), but lines (3, lanes).
    """
    n = mean.size
    small = mean.dtype.type(epsilon)
    for i in range(lines.shape[1]):
        j = i % n
        lines[0, i] = mean[j]
        lines[1, i] = gamma[j] / math.sqrt(variance[j] + small)
        lines[2, i] = beta[j]


@inline
def _normalize(x, lines, y):
    rows, n, inner = x.shape
    mean, factor, beta = lines[0], lines[1], lines[2]
    if inner == 1:
        for r in range(rows):
            for j in range(n):
                y[r, j, 0] = (x[r, j, 0] - mean[j]) * factor[j] + beta[j]
    else:
        for r in range(rows):
            for j in range(n):
                m, f, b = mean[j], factor[j], beta[j]
                for i in range(inner):
                    y[r, j, i] = (x[r, j, i] - m) * f + b


@kernel(outputs=["y"], split=["x", "y"])
def normalize(x, lines, y):
    """y = (x - mean) factor + beta; x and y (rows, n, inner), lines (3, n)."""
    _normalize(x, lines, y)


@inline
def _sums_of_rows(dy, x, mean, sums, products):
    rows, n = x.shape
    _zero(sums)
    _zero(products)
    whole = rows - rows % 2
    for r in range(0, whole, 2):
        for j in range(n):
            a, b = dy[r, j], dy[r + 1, j]
            sums[j] += a + b
            products[j] += a * (x[r, j] - mean[j]) + b * (x[r + 1, j] - mean[j])
    for r in range(whole, rows):
        for j in range(n):
            sums[j] += dy[r, j]
            products[j] += dy[r, j] * (x[r, j] - mean[j])


@inline
def _sums_of_planes(dy, x, mean, sums, products):
    rows, n, inner = x.shape
    for j in range(n):
        total, product = x.dtype.type(0), x.dtype.type(0)
        for r in range(rows):
            for i in range(inner):
                total += dy[r, j, i]
                product += dy[r, j, i] * (x[r, j, i] - mean[j])
        sums[j], products[j] = total, product


@kernel(outputs=["partial"], split=["partial"], cost=_cost_of_input)
def batch_gradient_sums(dy, x, lines, size, first, partial):
    """Sums of dy and of dy (x - mean), for each channel in each block of ``size`` rows.

    dy and x (rows, n, inner), lines (3, n), partial (blocks, 2, n).
    """
    rows, n, inner = x.shape
    for b in range(partial.shape[0]):
        start = (first + b) * size
        stop = min(start + size, rows)
        sums, products = partial[b, 0], partial[b, 1]
        if inner == 1:
            matrices = dy.reshape(rows, n)[start:stop], x.reshape(rows, n)[start:stop]
            _sums_of_rows(matrices[0], matrices[1], lines[0], sums, products)
        else:
            _sums_of_planes(dy[start:stop], x[start:stop], lines[0], sums, products)


@kernel(outputs=["slopes", "dgamma", "dbeta"])
def batch_gradients(partial, variance, epsilon, gamma, share, slopes, dgamma, dbeta):
    """The gradients of gamma and beta, and the coefficients of each lane's dx.

    partial (blocks, 2, lanes), slopes (3, lanes), the others (n,). ``share`` is 1 over the number
    of elements of a channel that mean and variance depend on, 0 if they are given. With s = 1 /
    sqrt(variance + epsilon): dbeta = sum dy, dgamma = s sum dy (x - mean), and
    dx = gamma s (dy - share dbeta - (x - mean) s share dgamma).
    """
    blocks, _, lanes = partial.shape
    n = gamma.size
    one = gamma.dtype.type(1)
    small = gamma.dtype.type(epsilon)
    _zero(dgamma)
    _zero(dbeta)
    for b in range(blocks):
        for i in range(0, lanes, n):
            for j in range(n):
                dbeta[j] += partial[b, 0, i + j]
                dgamma[j] += partial[b, 1, i + j]
    for j in range(n):
        dgamma[j] /= math.sqrt(variance[j] + small)
    for i in range(lanes):
        j = i % n
        s = one / math.sqrt(variance[j] + small)
        slopes[0, i] = gamma[j] * s
        slopes[1, i] = -slopes[0, i] * s * dgamma[j] * share[j]
        slopes[2, i] = -slopes[0, i] * dbeta[j] * share[j]


@inline
def _normalize_backward(dy, x, lines, slopes, dx):
    rows, n, inner = x.shape
    mean = lines[0]
    if inner == 1:
        for r in range(rows):
            for j in range(n):
                off = x[r, j, 0] - mean[j]
                dx[r, j, 0] = slopes[0, j] * dy[r, j, 0] + (slopes[1, j] * off + slopes[2, j])
    else:
        for r in range(rows):
            for j in range(n):
                m, a, b, c = mean[j], slopes[0, j], slopes[1, j], slopes[2, j]
                for i in range(inner):
                    dx[r, j, i] = a * dy[r, j, i] + (b * (x[r, j, i] - m) + c)


@kernel(outputs=["dx"], split=["dy", "x", "dx"])
def normalize_backward(dy, x, lines, slopes, dx):
    """dx = slope_0 dy + slope_1 (x - mean) + slope_2; arrays (rows, n, inner), lines (3, n)."""
    _normalize_backward(dy, x, lines, slopes, dx)


@kernel(outputs=["dx"], split=["dy", "x", "mask", "dx"])
def masked_normalize_backward(dy, x, mask, lines, slopes, dx):
    """:func:`normalize_backward` with a mask: masked elements have no part in the statistics.

    For these, dx = slope_0 dy; mask bool (rows, 1 or n).
    """
    rows, n, inner = x.shape
    zero, mean = x.dtype.type(0), lines[0]
    if inner == 1 and mask.shape[1] == 1:
        for r in range(rows):
            if mask[r, 0]:
                for j in range(n):
                    off = x[r, j, 0] - mean[j]
                    dx[r, j, 0] = slopes[0, j] * dy[r, j, 0] + (slopes[1, j] * off + slopes[2, j])
            else:
                for j in range(n):
                    dx[r, j, 0] = slopes[0, j] * dy[r, j, 0]
    else:
        for r in range(rows):
            for j in range(n):
                kept = mask[r, j if mask.shape[1] > 1 else 0]
                m, a, b, c = mean[j], slopes[0, j], slopes[1, j], slopes[2, j]
                for i in range(inner):
                    rest = b * (x[r, j, i] - m) + c
                    dx[r, j, i] = a * dy[r, j, i] + (rest if kept else zero)


@kernel(outputs=["y", "mean", "inverse"], split=["x", "y", "mean", "inverse"])
def layer_normalization(x, gamma, beta, epsilon, y, mean, inverse):
    """y = (x - mean) inverse gamma + beta for each row, inverse = 1 / sqrt(variance + epsilon).

    x and y (rows, n), gamma and beta (n,), mean and inverse (rows,).
    """
    rows, n = x.shape
    one = x.dtype.type(1)
    small = x.dtype.type(epsilon)
    share = one / x.dtype.type(n)
    for r in range(rows):
        total = x.dtype.type(0)
        for j in range(n):
            total += x[r, j]
        m = total * share
        total = x.dtype.type(0)
        for j in range(n):
            total += (x[r, j] - m) * (x[r, j] - m)
        s = one / math.sqrt(total * share + small)
        for j in range(n):
            y[r, j] = (x[r, j] - m) * s * gamma[j] + beta[j]
        mean[r], inverse[r] = m, s


@inline
def _sums_of_normalized(dy, x, mean, inverse, products, sums):
    """Sums of dy z and dy of each column; two rows at a time, as each sum goes through memory."""
    rows, n = x.shape
    whole = rows - rows % 2
    _zero(products)
    _zero(sums)
    for r in range(0, whole, 2):
        m, s, o, t = mean[r], inverse[r], mean[r + 1], inverse[r + 1]
        for j in range(n):
            a, b = dy[r, j], dy[r + 1, j]
            products[j] += a * ((x[r, j] - m) * s) + b * ((x[r + 1, j] - o) * t)
            sums[j] += a + b
    for r in range(whole, rows):
        for j in range(n):
            products[j] += dy[r, j] * ((x[r, j] - mean[r]) * inverse[r])
            sums[j] += dy[r, j]


@kernel(outputs=["dx", "dgamma", "dbeta"], split=["dgamma", "dbeta"], cost=_cost_of_input)
def layer_normalization_backward(dy, x, gamma, mean, inverse, size, first, dx, dgamma, dbeta):
    """The gradient of the input, and those of gamma and beta for each block of ``size`` rows.

    With g = dy gamma and z = (x - mean) inverse: dx = inverse (g - the mean of g - z times the
    mean of g z), dgamma = sum dy z, dbeta = sum dy. Arrays (rows, n), but gamma (n,), mean and
    inverse (rows,), dgamma and dbeta (blocks, n).
    """
    rows, n = x.shape
    share = x.dtype.type(1) / x.dtype.type(n)
    for b in range(dgamma.shape[0]):
        start = (first + b) * size
        stop = min(start + size, rows)
        for r in range(start, stop):
            m, s = mean[r], inverse[r]
            total, product = x.dtype.type(0), x.dtype.type(0)
            for j in range(n):
                g = dy[r, j] * gamma[j]
                total += g
                product += g * (x[r, j] - m)
            a, c = total * share, product * share * s * s
            for j in range(n):
                dx[r, j] = s * (dy[r, j] * gamma[j] - a - (x[r, j] - m) * c)
        _sums_of_normalized(
            dy[start:stop],
            x[start:stop],
            mean[start:stop],
            inverse[start:stop],
            dgamma[b],
            dbeta[b],
        )


@kernel(outputs=["y", "lines", "inverse"], split=["x", "y", "lines", "inverse"])
def group_normalization(x, gamma, beta, epsilon, y, lines, inverse):
    """y = (x - mean) inverse gamma + beta for each group of channels of each sample.

    inverse = 1 / sqrt(variance + epsilon), (batch, groups). x and y (batch, rows, n, inner), gamma
    and beta (n,). ``lines``, (batch, 3, n), are those of :func:`normalize`, for each sample.
    """
    batch, rows, n, inner = x.shape
    groups = inverse.shape[1]
    size = n // groups
    one = x.dtype.type(1)
    small = x.dtype.type(epsilon)
    count = x.dtype.type(rows * inner)
    each, share = one / x.dtype.type(size), one / x.dtype.type(rows * inner * size)
    for b in range(batch):
        means, squares = lines[b, 0], lines[b, 1]
        if inner == 1:
            _moments_of_rows(x[b].reshape(rows, n), means, squares)
        else:
            _moments_of_planes(x[b], means, squares)
        for g in range(groups):
            start, stop = g * size, (g + 1) * size
            origin, total = means[start], x.dtype.type(0)
            for j in range(start, stop):
                total += means[j] - origin
            m = origin + total * each
            total = x.dtype.type(0)
            for j in range(start, stop):
                total += squares[j] + count * ((means[j] - m) * (means[j] - m))
            s = one / math.sqrt(total * share + small)
            for j in range(start, stop):
                lines[b, 0, j], lines[b, 1, j], lines[b, 2, j] = m, gamma[j] * s, beta[j]
            inverse[b, g] = s
        _normalize(x[b], lines[b], y[b])


@kernel(
    outputs=["dx", "slopes", "dgamma", "dbeta"],
    split=["dy", "x", "lines", "inverse", "dx", "slopes", "dgamma", "dbeta"],
)
def group_normalization_backward(dy, x, gamma, lines, inverse, dx, slopes, dgamma, dbeta):
    """The gradient of the input, and those of gamma and beta for each sample, (batch, n).

    With g = dy gamma and z = (x - mean) inverse: dx = inverse (g - the group's mean of g - z times
    the group's mean of g z), dgamma = sum dy z, dbeta = sum dy. ``slopes``, (batch, 3, n), are
    those of :func:`normalize_backward`.
    """
    batch, rows, n, inner = x.shape
    groups = inverse.shape[1]
    size = n // groups
    share = x.dtype.type(1) / x.dtype.type(rows * inner * size)
    for b in range(batch):
        mean, sums, products = lines[b, 0], dbeta[b], dgamma[b]
        if inner == 1:
            _sums_of_rows(dy[b].reshape(rows, n), x[b].reshape(rows, n), mean, sums, products)
        else:
            _sums_of_planes(dy[b], x[b], mean, sums, products)
        for g in range(groups):
            s = inverse[b, g]
            total, product = x.dtype.type(0), x.dtype.type(0)
            for j in range(g * size, (g + 1) * size):
                products[j] *= s
                total += gamma[j] * sums[j]
                product += gamma[j] * products[j]
            for j in range(g * size, (g + 1) * size):
                slopes[b, 0, j] = gamma[j] * s
                slopes[b, 1, j] = -s * s * product * share
                slopes[b, 2, j] = -s * total * share
        _normalize_backward(dy[b], x[b], lines[b], slopes[b], dx[b])
