"""Batch and layer normalization; :mod:`nnkit.kernels.cpu.normalization` explains the parts."""

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    cuda,
    elements,
    kernel,
    lane_sum,
    rows,
    thread,
    threads,
)

# The threads of a sum go along the rows of (rows, n, inner) if inner is 1: then the rows of a block
# of threads are neighbouring channels, and loads are coalesced. Otherwise they go along inner.


@kernel(rows("partial", 0, 2))
def batch_moments(x, size, first, partial):
    """Mean, sum of squared deviations and count of each channel in each block of ``size`` rows."""
    count, n, inner = x.shape
    lane = cuda.threadIdx.x
    begin, over = (lane, LANES) if inner == 1 else (0, 1)
    zero = x.dtype.type(0)
    base = cuda.blockIdx.x * ROWS
    while base < partial.shape[0] * n:
        item = base + cuda.threadIdx.y
        b, j = item // n, item % n
        start = (first + b) * size
        stop = min(start + size, count) if b < partial.shape[0] else start
        origin = x[start, j, 0] if b < partial.shape[0] else zero
        total = zero
        r = start + begin
        while r < stop:
            i = lane if inner > 1 else 0
            while i < inner:
                total += x[r, j, i] - origin
                i += LANES
            r += over
        elements_here = x.dtype.type((stop - start) * inner) if stop > start else x.dtype.type(1)
        if lane == 0 and b < partial.shape[0]:
            partial[b, 2, j] = elements_here
        mean = origin + lane_sum(total) / elements_here
        total = zero
        r = start + begin
        while r < stop:
            i = lane if inner > 1 else 0
            while i < inner:
                off = x[r, j, i] - mean
                total += off * off
                i += LANES
            r += over
        squares = lane_sum(total)
        if lane == 0 and b < partial.shape[0]:
            partial[b, 0, j] = mean
            partial[b, 1, j] = squares
        base += cuda.gridDim.x * ROWS


@kernel(rows("partial", 0, 2))
def masked_moments(x, mask, size, first, partial):
    """:func:`batch_moments` of the elements that a mask, bool (rows, 1 or n), selects.

    The mean is corrected once, as any element may be masked.
    """
    count, n, inner = x.shape
    lane = cuda.threadIdx.x
    begin, over = (lane, LANES) if inner == 1 else (0, 1)
    zero, one = x.dtype.type(0), x.dtype.type(1)
    base = cuda.blockIdx.x * ROWS
    while base < partial.shape[0] * n:
        item = base + cuda.threadIdx.y
        b, j = item // n, item % n
        k = j if mask.shape[1] > 1 else 0
        start = (first + b) * size
        stop = min(start + size, count) if b < partial.shape[0] else start
        mean = share = squares = kept = zero
        for turn in range(3):
            total = zero
            r = start + begin
            while r < stop:
                i = lane if inner > 1 else 0
                while i < inner and mask[r, k]:
                    off = x[r, j, i] - mean
                    total += off * off if turn == 2 else off
                    kept += one if turn == 0 else zero
                    i += LANES
                r += over
            total = lane_sum(total)
            if turn == 0:
                kept = lane_sum(kept)
                share = one / kept if kept > zero else zero
            if turn < 2:
                mean += share * total
            else:
                squares = total
        if lane == 0 and b < partial.shape[0]:
            partial[b, 0, j] = mean
            partial[b, 1, j] = squares
            partial[b, 2, j] = kept
        base += cuda.gridDim.x * ROWS


@kernel(rows("mean"))
def batch_statistics(partial, momentum, moving_mean, moving_variance, mean, variance, share):
    """Mean and variance of each channel from the blocks' moments; updates the moving averages."""
    blocks, _, lanes = partial.shape
    n = mean.size
    zero, one = mean.dtype.type(0), mean.dtype.type(1)
    keep = mean.dtype.type(momentum)
    base = cuda.blockIdx.x * ROWS
    while base < n:
        j = base + cuda.threadIdx.y
        total = count = zero
        origin = partial[0, 0, j] if j < n else zero
        b = cuda.threadIdx.x if j < n else blocks
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
        b = cuda.threadIdx.x if j < n else blocks
        while b < blocks:
            i = j
            while i < lanes:
                off = partial[b, 0, i] - centre
                total += partial[b, 1, i] + partial[b, 2, i] * (off * off)
                i += n
            b += LANES
        spread = lane_sum(total) * part
        if cuda.threadIdx.x == 0 and j < n:
            mean[j], variance[j], share[j] = centre, spread, part
            if part > zero:
                moving_mean[j] = keep * moving_mean[j] + (one - keep) * centre
                moving_variance[j] = keep * moving_variance[j] + (one - keep) * spread
        base += cuda.gridDim.x * ROWS


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


@kernel(elements("y"))
def normalize(x, lines, y):
    """y = (x - mean) factor + beta."""
    count, n, inner = x.shape
    at, step = thread(), threads()
    r, j, i = at // inner // n, at // inner % n, at % inner
    step_r, step_j, step_i = step // inner // n, step // inner % n, step % inner
    while r < count:
        y[r, j, i] = (x[r, j, i] - lines[0, j]) * lines[1, j] + lines[2, j]
        r += step_r
        j += step_j
        i += step_i
        if i >= inner:
            i -= inner
            j += 1
        if j >= n:
            j -= n
            r += 1


@kernel(rows("partial", 0, 2))
def batch_gradient_sums(dy, x, lines, size, first, partial):
    """Sums of dy and of dy (x - mean), for each channel in each block of ``size`` rows."""
    count, n, inner = x.shape
    lane = cuda.threadIdx.x
    begin, over = (lane, LANES) if inner == 1 else (0, 1)
    base = cuda.blockIdx.x * ROWS
    while base < partial.shape[0] * n:
        item = base + cuda.threadIdx.y
        b, j = item // n, item % n
        start = (first + b) * size
        stop = min(start + size, count) if b < partial.shape[0] else start
        total, product = x.dtype.type(0), x.dtype.type(0)
        mean = lines[0, j]
        r = start + begin
        while r < stop:
            i = lane if inner > 1 else 0
            while i < inner:
                total += dy[r, j, i]
                product += dy[r, j, i] * (x[r, j, i] - mean)
                i += LANES
            r += over
        total, product = lane_sum(total), lane_sum(product)
        if lane == 0 and b < partial.shape[0]:
            partial[b, 0, j] = total
            partial[b, 1, j] = product
        base += cuda.gridDim.x * ROWS


@kernel(rows("gamma"))
def batch_gradients(partial, variance, epsilon, gamma, share, slopes, dgamma, dbeta):
    """The gradients of gamma and beta, and the coefficients of each lane's dx."""
    blocks, _, lanes = partial.shape
    n = gamma.size
    one = gamma.dtype.type(1)
    base = cuda.blockIdx.x * ROWS
    while base < n:
        j = base + cuda.threadIdx.y
        total, product = gamma.dtype.type(0), gamma.dtype.type(0)
        b = cuda.threadIdx.x if j < n else blocks
        while b < blocks:
            i = j
            while i < lanes:
                total += partial[b, 0, i]
                product += partial[b, 1, i]
                i += n
            b += LANES
        total, product = lane_sum(total), lane_sum(product)
        if cuda.threadIdx.x == 0 and j < n:
            s = one / _math.sqrt(variance[j] + gamma.dtype.type(epsilon))
            dbeta[j], dgamma[j] = total, product * s
            i = j
            while i < lanes:
                slopes[0, i] = gamma[j] * s
                slopes[1, i] = -gamma[j] * s * s * s * product * share[j]
                slopes[2, i] = -gamma[j] * s * total * share[j]
                i += n
        base += cuda.gridDim.x * ROWS


@kernel(elements("dx"))
def normalize_backward(dy, x, lines, slopes, dx):
    """dx = slope_0 dy + slope_1 (x - mean) + slope_2."""
    count, n, inner = x.shape
    at, step = thread(), threads()
    r, j, i = at // inner // n, at // inner % n, at % inner
    step_r, step_j, step_i = step // inner // n, step // inner % n, step % inner
    while r < count:
        off = x[r, j, i] - lines[0, j]
        dx[r, j, i] = slopes[0, j] * dy[r, j, i] + (slopes[1, j] * off + slopes[2, j])
        r += step_r
        j += step_j
        i += step_i
        if i >= inner:
            i -= inner
            j += 1
        if j >= n:
            j -= n
            r += 1


@kernel(elements("dx"))
def masked_normalize_backward(dy, x, mask, lines, slopes, dx):
    """:func:`normalize_backward` with a mask: masked elements have no part in the statistics."""
    count, n, inner = x.shape
    zero = x.dtype.type(0)
    at, step = thread(), threads()
    r, j, i = at // inner // n, at // inner % n, at % inner
    step_r, step_j, step_i = step // inner // n, step // inner % n, step % inner
    while r < count:
        off = x[r, j, i] - lines[0, j]
        rest = slopes[1, j] * off + slopes[2, j] if mask[r, j if mask.shape[1] > 1 else 0] else zero
        dx[r, j, i] = slopes[0, j] * dy[r, j, i] + rest
        r += step_r
        j += step_j
        i += step_i
        if i >= inner:
            i -= inner
            j += 1
        if j >= n:
            j -= n
            r += 1


@kernel(rows("x"))
def layer_normalization(x, gamma, beta, epsilon, y, mean, inverse):
    """y = (x - mean) inverse gamma + beta for each row, inverse = 1 / sqrt(variance + epsilon)."""
    count, n = x.shape
    one = x.dtype.type(1)
    small = x.dtype.type(epsilon)
    share = one / x.dtype.type(n)
    base = cuda.blockIdx.x * ROWS
    while base < count:
        r = base + cuda.threadIdx.y
        begin = cuda.threadIdx.x if r < count else n
        total = x.dtype.type(0)
        j = begin
        while j < n:
            total += x[r, j]
            j += LANES
        m = lane_sum(total) * share
        total = x.dtype.type(0)
        j = begin
        while j < n:
            total += (x[r, j] - m) * (x[r, j] - m)
            j += LANES
        s = one / _math.sqrt(lane_sum(total) * share + small)
        j = begin
        while j < n:
            y[r, j] = (x[r, j] - m) * s * gamma[j] + beta[j]
            j += LANES
        if cuda.threadIdx.x == 0 and r < count:
            mean[r], inverse[r] = m, s
        base += cuda.gridDim.x * ROWS


@kernel(rows("x"))
def layer_normalization_backward(dy, x, gamma, mean, inverse, size, first, dx, dgamma, dbeta):
    """The gradient of the input, and those of gamma and beta for each block of ``size`` rows."""
    count, n = x.shape
    share = x.dtype.type(1) / x.dtype.type(n)
    base = cuda.blockIdx.x * ROWS
    while base < count:
        r = base + cuda.threadIdx.y
        begin = cuda.threadIdx.x if r < count else n
        m, s = (mean[r], inverse[r]) if r < count else (x.dtype.type(0), x.dtype.type(0))
        total, product = x.dtype.type(0), x.dtype.type(0)
        j = begin
        while j < n:
            g = dy[r, j] * gamma[j]
            total += g
            product += g * (x[r, j] - m)
            j += LANES
        a, c = lane_sum(total) * share, lane_sum(product) * share * s * s
        j = begin
        while j < n:
            dx[r, j] = s * (dy[r, j] * gamma[j] - a - (x[r, j] - m) * c)
            j += LANES
        base += cuda.gridDim.x * ROWS
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
