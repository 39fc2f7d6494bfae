"""What brings two branches together, and what it sends back to each."""

from nnkit.kernels.cuda._cuda import LANES, ROWS, cuda, elements, kernel, rows, thread, threads


@kernel(elements("y"))
def add(a, b, y):
    """y = a + b."""
    i = thread()
    while i < y.size:
        y[i] = a[i] + b[i]
        i += threads()


@kernel(elements("y"))
def multiply(a, b, y):
    """y = a b."""
    i = thread()
    while i < y.size:
        y[i] = a[i] * b[i]
        i += threads()


@kernel(elements("y"))
def maximum(a, b, y):
    """y = the larger of a and b; NaN where one is NaN."""
    i = thread()
    while i < y.size:
        y[i] = a[i] if a[i] >= b[i] or a[i] != a[i] else b[i]
        i += threads()


@kernel(elements("dy"))
def maximum_backward(dy, a, b, da, db):
    """dy goes to the larger of a and b; half to each where they are equal."""
    half, zero = dy.dtype.type(0.5), dy.dtype.type(0)
    i = thread()
    while i < dy.size:
        share = half * dy[i]
        other = dy[i] if a[i] > b[i] else zero
        da[i] = share if a[i] == b[i] else other
        db[i] = dy[i] - da[i]
        i += threads()


@kernel(rows("y"))
def join(a, b, y):
    """y_i = a_i, then b_i; a (rows, m), b (rows, n), y (rows, m + n)."""
    m = a.shape[1]
    i = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while i < y.shape[0]:
        j = cuda.threadIdx.x
        while j < y.shape[1]:
            y[i, j] = a[i, j] if j < m else b[i, j - m]
            j += LANES
        i += cuda.gridDim.x * ROWS


@kernel(rows("y"))
def cut(y, a, b):
    """The reverse of join."""
    m = a.shape[1]
    i = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while i < y.shape[0]:
        j = cuda.threadIdx.x
        while j < y.shape[1]:
            if j < m:
                a[i, j] = y[i, j]
            else:
                b[i, j - m] = y[i, j]
            j += LANES
        i += cuda.gridDim.x * ROWS
