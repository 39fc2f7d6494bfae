"""Exchange of axes."""

from nnkit.kernels.cuda._cuda import elements, kernel, thread, threads
from nnkit.kernels.cuda._images import divide


@kernel(elements("y"))
def swap_axes(x, y):
    """y[n, j, i] = x[n, i, j]: moves channels to the end, or to the front."""
    rows, columns = x.shape[1:]
    for element in range(thread(), y.size, threads()):
        rest, i = divide(element, rows)
        n, j = divide(rest, columns)
        y[n, j, i] = x[n, i, j]
