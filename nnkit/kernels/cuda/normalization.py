"""Batch, layer and group normalization; the CPU's :mod:`normalization` explains the parts."""

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    cuda,
    device,
    elements,
    kernel,
    lane,
    lane_sum,
    rows,
    thread,
    threads,
)

# The threads of a sum go along the rows of (rows, n, inner) if inner is 1: then the rows of a block
# of threads are neighbouring channels, and loads are coalesced. Otherwise they go along inner.


@device
def _lanes(inner):
    """Where a lane begins and how far it goes at a time, along the rows and along inner."""
    x = cuda.threadIdx.x
    return (x, LANES, 0, 1) if inner == 1 else (0, 1, x, LANES)


@device
def _place(item, n, size, first, count):
    """Block and channel of an item of ``partial``, and the block's rows: from, to."""
    b, j = item // n, item % n
    start = (first + b) * size
    return b, j, start, min(start + size, count)


@kernel(rows("partial", 0, 2))
def batch_moments(x, size, first, partial):
    """Mean, sum of squared deviations and count of each channel in each block of ``size`` rows."""
    count, n, inner = x.shape
    r0, over, i0, across = _lanes(inner)
    item = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while item < partial.shape[0] * n:
        b, j, start, stop = _place(item, n, size, first, count)
        elements_here = x.dtype.type((stop - start) * inner)
        origin = x[start, j, 0]
        total = x.dtype.type(0)
        r = start + r0
        while r < stop:
            i = i0
            while i < inner:
                total += x[r, j, i] - origin
                i += across
            r += over
        mean = origin + lane_sum(total) / elements_here
        total = x.dtype.type(0)
        r = start + r0
        while r < stop:
            i = i0
            while i < inner:
                off = x[r, j, i] - mean
                total += off * off
                i += across
            r += over
        partial[b, 0, j], partial[b, 1, j], partial[b, 2, j] = mean, lane_sum(total), elements_here
        item += cuda.gridDim.x * ROWS


@kernel(rows("partial", 0, 2))
def masked_moments(x, mask, size, first, partial):
    """:func:`batch_moments` of the elements that a mask, bool (rows, 1 or n), selects.

    The mean is corrected once, as any element may be masked.
    """
    count, n, inner = x.shape
    r0, over, i0, across = _lanes(inner)
    zero, one = x.dtype.type(0), x.dtype.type(1)
    item = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while item < partial.shape[0] * n:
        b, j, start, stop = _place(item, n, size, first, count)
        k = j if mask.shape[1] > 1 else 0
        mean = share = squares = kept = zero
        for turn in range(3):
            total = zero
            r = start + r0
            while r < stop:
                i = i0
                while i < inner and mask[r, k]:
                    off = x[r, j, i] - mean
                    total += off * off if turn == 2 else off
                    kept += one if turn == 0 else zero
                    i += across
                r += over
            total = lane_sum(total)
            if turn == 0:
                kept = lane_sum(kept)
                share = one / kept if kept > zero else zero
            if turn < 2:
                mean += share * total
            else:
                squares = total
        partial[b, 0, j], partial[b, 1, j], partial[b, 2, j] = mean, squares, kept
        item += cuda.gridDim.x * ROWS


@kernel(rows("mean"))
def batch_statistics(partial, momentum, moving_mean, moving_variance, mean, variance, share):
    """Mean and variance of each channel from the blocks' moments; updates the moving averages."""
    blocks, _, lanes = partial.shape
    n = mean.size
    zero, one = mean.dtype.type(0), mean.dtype.type(1)
    keep = mean.dtype.type(momentum)
    j = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while j < n:
        total = count = zero
        origin = partial[0, 0, j]
        b = lane()
        while b < blocks:
            i = j
            while i < lanes:
                count += partial[b, 2, i]
                total += partial[b, 2, i] * (partial[b, 0, i] - origin)
                i += n
            b += LANES
        count, total = lane_sum(count), lane_sum(total)
        part = one / count if count > zero else zero
        centre = origin + total * part
        total = zero
        b = lane()
        while b < blocks:
            i = j
            while i < lanes:
                off = partial[b, 0, i] - centre
                total += partial[b, 1, i] + partial[b, 2, i] * (off * off)
                i += n
            b += LANES
        spread = lane_sum(total) * part
        mean[j], variance[j], share[j] = centre, spread, part
        if cuda.threadIdx.x == 0 and part > zero:
            moving_mean[j] = keep * moving_mean[j] + (one - keep) * centre
            moving_variance[j] = keep * moving_variance[j] + (one - keep) * spread
        j += cuda.gridDim.x * ROWS


@kernel(elements("mean"))
def batch_lines(mean, variance, epsilon, gamma, beta, lines):
    """The numbers that normalise each lane: mean, gamma / sqrt(variance + epsilon), beta."""
    n = mean.size
    small = mean.dtype.type(epsilon)
    j = thread()
    while j < n:
        factor = gamma[j] / _math.sqrt(variance[j] + small)
        i = j
        while i < lines.shape[1]:
            lines[0, i] = mean[j]
            lines[1, i] = factor
            lines[2, i] = beta[j]
            i += n
        j += threads()


# A thread's next element in (rows, n, inner) is found by additions, because dividing is slow.


@device
def _split(number, n, inner):
    """A number of elements as whole rows, whole channels and the rest."""
    return number // inner // n, number // inner % n, number % inner


@device
def _after(place, step, n, inner):
    """The indices of the element that is a step after the one at a place."""
    r, j, i = place[0] + step[0], place[1] + step[1], place[2] + step[2]
    if i >= inner:
        i -= inner
        j += 1
    if j >= n:
        j -= n
        r += 1
    return r, j, i


@kernel(elements("y"))
def normalize(x, lines, y):
    """y = (x - mean) factor + beta."""
    count, n, inner = x.shape
    place, step = _split(thread(), n, inner), _split(threads(), n, inner)
    while place[0] < count:
        r, j, i = place
        y[r, j, i] = (x[r, j, i] - lines[0, j]) * lines[1, j] + lines[2, j]
        place = _after(place, step, n, inner)


@kernel(rows("partial", 0, 2))
def batch_gradient_sums(dy, x, lines, size, first, partial):
    """Sums of dy and of dy (x - mean), for each channel in each block of ``size`` rows."""
    count, n, inner = x.shape
    r0, over, i0, across = _lanes(inner)
    item = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while item < partial.shape[0] * n:
        b, j, start, stop = _place(item, n, size, first, count)
        total, product = x.dtype.type(0), x.dtype.type(0)
        mean = lines[0, j]
        r = start + r0
        while r < stop:
            i = i0
            while i < inner:
                total += dy[r, j, i]
                product += dy[r, j, i] * (x[r, j, i] - mean)
                i += across
            r += over
        partial[b, 0, j], partial[b, 1, j] = lane_sum(total), lane_sum(product)
        item += cuda.gridDim.x * ROWS


@kernel(rows("gamma"))
def batch_gradients(partial, variance, epsilon, gamma, share, slopes, dgamma, dbeta):
    """The gradients of gamma and beta, and the coefficients of each lane's dx."""
    blocks, _, lanes = partial.shape
    n = gamma.size
    one = gamma.dtype.type(1)
    j = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while j < n:
        total, product = gamma.dtype.type(0), gamma.dtype.type(0)
        b = lane()
        while b < blocks:
            i = j
            while i < lanes:
                total += partial[b, 0, i]
                product += partial[b, 1, i]
                i += n
            b += LANES
        total, product = lane_sum(total), lane_sum(product)
        s = one / _math.sqrt(variance[j] + gamma.dtype.type(epsilon))
        dbeta[j], dgamma[j] = total, product * s
        if cuda.threadIdx.x == 0:
            i = j
            while i < lanes:
                slopes[0, i] = gamma[j] * s
                slopes[1, i] = -gamma[j] * s * s * s * product * share[j]
                slopes[2, i] = -gamma[j] * s * total * share[j]
                i += n
        j += cuda.gridDim.x * ROWS


@kernel(elements("dx"))
def normalize_backward(dy, x, lines, slopes, dx):
    """dx = slope_0 dy + slope_1 (x - mean) + slope_2."""
    count, n, inner = x.shape
    place, step = _split(thread(), n, inner), _split(threads(), n, inner)
    while place[0] < count:
        r, j, i = place
        off = x[r, j, i] - lines[0, j]
        dx[r, j, i] = slopes[0, j] * dy[r, j, i] + (slopes[1, j] * off + slopes[2, j])
        place = _after(place, step, n, inner)


@kernel(elements("dx"))
def masked_normalize_backward(dy, x, mask, lines, slopes, dx):
    """:func:`normalize_backward` with a mask: masked elements have no part in the statistics."""
    count, n, inner = x.shape
    zero = x.dtype.type(0)
    place, step = _split(thread(), n, inner), _split(threads(), n, inner)
    while place[0] < count:
        r, j, i = place
        off = x[r, j, i] - lines[0, j]
        rest = slopes[1, j] * off + slopes[2, j] if mask[r, j if mask.shape[1] > 1 else 0] else zero
        dx[r, j, i] = slopes[0, j] * dy[r, j, i] + rest
        place = _after(place, step, n, inner)


@kernel(rows("x"))
def layer_normalization_backward(dy, x, gamma, mean, inverse, size, first, dx, dgamma, dbeta):
    """The gradient of the input, and those of gamma and beta for each block of ``size`` rows."""
    count, n = x.shape
    share = x.dtype.type(1) / x.dtype.type(n)
    r = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while r < count:
        m, s = mean[r], inverse[r]
        total, product = x.dtype.type(0), x.dtype.type(0)
        j = lane()
        while j < n:
            g = dy[r, j] * gamma[j]
            total += g
            product += g * (x[r, j] - m)
            j += LANES
        a, c = lane_sum(total) * share, lane_sum(product) * share * s * s
        j = lane()
        while j < n:
            dx[r, j] = s * (dy[r, j] * gamma[j] - a - (x[r, j] - m) * c)
            j += LANES
        r += cuda.gridDim.x * ROWS
    # Then each thread has a few columns of one block.
    item = (cuda.blockIdx.x * ROWS + cuda.threadIdx.y) * LANES + cuda.threadIdx.x
    while item < dgamma.size:
        b, j = item // n, item % n
        products, sums = x.dtype.type(0), x.dtype.type(0)
        r = (first + b) * size
        while r < min((first + b + 1) * size, count):
            products += dy[r, j] * ((x[r, j] - mean[r]) * inverse[r])
            sums += dy[r, j]
            r += 1
        dgamma[b, j], dbeta[b, j] = products, sums
        item += cuda.gridDim.x * ROWS * LANES


@kernel(rows("inverse", 0, 1))
def group_normalization(x, gamma, beta, epsilon, y, lines, inverse):
    """y = (x - mean) inverse gamma + beta for each group of channels of each sample."""
    batch, count, n, inner = x.shape
    groups = inverse.shape[1]
    size = n // groups
    r0, over, i0, across = _lanes(inner)
    share = x.dtype.type(1) / x.dtype.type(count * inner * size)
    item = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while item < batch * groups:
        b, g = item // groups, item % groups
        start, stop = g * size, (g + 1) * size
        origin, total = x[b, 0, start, 0], x.dtype.type(0)
        r = r0
        while r < count:
            for j in range(start, stop):
                i = i0
                while i < inner:
                    total += x[b, r, j, i] - origin
                    i += across
            r += over
        m = origin + lane_sum(total) * share
        total = x.dtype.type(0)
        r = r0
        while r < count:
            for j in range(start, stop):
                i = i0
                while i < inner:
                    total += (x[b, r, j, i] - m) * (x[b, r, j, i] - m)
                    i += across
            r += over
        variance = lane_sum(total) * share
        s = x.dtype.type(1) / _math.sqrt(variance + x.dtype.type(epsilon))
        inverse[b, g] = s
        j = start + lane()
        while j < stop:
            lines[b, 0, j], lines[b, 1, j], lines[b, 2, j] = m, gamma[j] * s, beta[j]
            j += LANES
        r = r0
        while r < count:
            for j in range(start, stop):
                i = i0
                while i < inner:
                    y[b, r, j, i] = (x[b, r, j, i] - m) * (gamma[j] * s) + beta[j]
                    i += across
            r += over
        item += cuda.gridDim.x * ROWS


@kernel(rows("inverse", 0, 1))
def group_normalization_backward(dy, x, gamma, lines, inverse, dx, slopes, dgamma, dbeta):
    """The gradient of the input, and those of gamma and beta for each sample."""
    batch, count, n, inner = x.shape
    groups = inverse.shape[1]
    size = n // groups
    r0, over, i0, across = _lanes(inner)
    share = x.dtype.type(1) / x.dtype.type(count * inner * size)
    item = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while item < batch * groups:
        b, g = item // groups, item % groups
        start, stop = g * size, (g + 1) * size
        m, s = lines[b, 0, start], inverse[b, g]
        total, product = x.dtype.type(0), x.dtype.type(0)
        for j in range(start, stop):
            of_dy, of_both = x.dtype.type(0), x.dtype.type(0)
            r = r0
            while r < count:
                i = i0
                while i < inner:
                    of_dy += dy[b, r, j, i]
                    of_both += dy[b, r, j, i] * (x[b, r, j, i] - m)
                    i += across
                r += over
            of_dy, of_both = lane_sum(of_dy), lane_sum(of_both) * s
            dbeta[b, j], dgamma[b, j] = of_dy, of_both
            total += gamma[j] * of_dy
            product += gamma[j] * of_both
        by_x, rest = -s * s * product * share, -s * total * share
        j = start + lane()
        while j < stop:
            slopes[b, 0, j], slopes[b, 1, j], slopes[b, 2, j] = gamma[j] * s, by_x, rest
            j += LANES
        r = r0
        while r < count:
            for j in range(start, stop):
                i = i0
                while i < inner:
                    off = x[b, r, j, i] - m
                    dx[b, r, j, i] = gamma[j] * s * dy[b, r, j, i] + (by_x * off + rest)
                    i += across
            r += over
        item += cuda.gridDim.x * ROWS
