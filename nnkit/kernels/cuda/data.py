"""Checks of a user's arrays in device memory; NumPy checks those on the host."""

from nnkit.kernels.cuda._cuda import cuda, elements, kernel, thread, threads


@kernel(elements("x"))
def first_not_finite(x, limit, found):
    """found (1,) = the smaller of itself and the first index with not |x| <= limit."""
    i = thread()
    while i < x.size:
        if not abs(x[i]) <= limit:
            cuda.atomic.min(found, 0, i)
        i += threads()
