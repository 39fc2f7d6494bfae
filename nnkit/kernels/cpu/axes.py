"""Exchange of axes."""

from nnkit.kernels._jit import kernel

# Swapped square by square, so that both the squares read and written stay in the cache.
_SIDE = 16


@kernel(outputs=["y"], split=["x", "y"])
def swap_axes(x, y):
    """y[n, j, i] = x[n, i, j]: moves channels to the end, or to the front."""
    rows, columns = x.shape[1:]
    for n in range(x.shape[0]):
        for i in range(0, rows, _SIDE):
            for j in range(0, columns, _SIDE):
                for k in range(j, min(j + _SIDE, columns)):
                    for h in range(i, min(i + _SIDE, rows)):
                        y[n, k, h] = x[n, h, k]
