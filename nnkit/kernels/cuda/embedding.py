"""Rows of a table by their numbers; :mod:`nnkit.kernels.cpu.embedding` says what ``used`` is."""

from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    cuda,
    kernel,
    lane_max,
    rows,
)


@kernel(rows("g"))
def clear_rows(used, g):
    """g (rows, k) = 0, and then no row is used."""
    count, k = g.shape
    zero = g.dtype.type(0)
    r = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while r < count:
        if lane_max(int(used[r])) > 0:  # By now all have seen that the row is used.
            j = cuda.threadIdx.x
            while j < k:
                g[r, j] = zero
                j += LANES
            used[r] = 0
        r += cuda.gridDim.x * ROWS


@kernel(rows("ids"))
def add_rows(dy, ids, first, used, g):
    """g[r] += the sum of dy[i] where ids[i] is first + r; those rows are used.

    The first place with a number adds up all of them, in their order: the sums are the CPU's.
    """
    count, k = g.shape
    n = ids.size
    i = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while i < n:
        here = ids[i] >= first and ids[i] < first + count
        row = int(ids[i]) - first if here else 0
        for start in range(0, n, LANES):
            other = start + cuda.threadIdx.x
            found = here and other < n and ids[other] == ids[i]
            if lane_max(1 if found else 0) > 0:  # One of the next LANES places is the row's.
                for j in range(start, min(start + LANES, n)):
                    if ids[j] == ids[i]:
                        here = here and j >= i  # An earlier place does it all.
                        if here:
                            used[row] = 1
                            e = cuda.threadIdx.x
                            while e < k:
                                g[row, e] += dy[j, e]
                                e += LANES
        i += cuda.gridDim.x * ROWS
