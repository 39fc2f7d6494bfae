"""Functions of one element, and their gradients in terms of what the forward pass kept."""

from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    cuda,
    kernel,
    lane_sum,
    rows,
)


@kernel(rows("x", 0, 1, 2))
def prelu(x, alpha, y):
    """y = x where x > 0, else alpha x; x (batch, outer, m, inner, n), alpha (m, n) is shared."""
    batch, outer, m, inner, n = x.shape
    zero = x.dtype.type(0)
    step_i, step_k = LANES // n, LANES % n
    row = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while row < batch * outer * m:
        b, o, j = row // m // outer, row // m % outer, row % m
        i, k = cuda.threadIdx.x // n, cuda.threadIdx.x % n
        while i < inner:
            at = x[b, o, j, i, k]
            y[b, o, j, i, k] = at if at > zero else alpha[j, k] * at
            i += step_i
            k += step_k
            if k >= n:
                k -= n
                i += 1
        row += cuda.gridDim.x * ROWS


@kernel(rows("dalpha", 0, 1))
def prelu_backward(dy, x, alpha, dx, dalpha):
    """dx = dy where x > 0, else alpha dy; dalpha (batch, m, n) = the sums of dy x elsewhere."""
    batch, outer, m, inner, n = x.shape
    zero = x.dtype.type(0)
    lane = cuda.threadIdx.x
    base = cuda.blockIdx.x * ROWS
    while base < batch * m:
        row = base + cuda.threadIdx.y
        b, j = row // m, row % m
        # One alpha: its threads share its elements. Several: each thread has some of them.
        k = lane if n > 1 else 0
        while k < n:
            total = zero
            for o in range(outer if b < batch else 0):
                i = 0 if n > 1 else lane
                while i < inner:
                    at, given = x[b, o, j, i, k], dy[b, o, j, i, k]
                    dx[b, o, j, i, k] = given if at > zero else alpha[j, k] * given
                    total += zero if at > zero else at * given
                    i += 1 if n > 1 else LANES
            if n == 1:
                total = lane_sum(total)
            if b < batch and (n > 1 or lane == 0):
                dalpha[b, j, k] = total
            k += LANES
        base += cuda.gridDim.x * ROWS
