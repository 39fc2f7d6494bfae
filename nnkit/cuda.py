"""Functions to write custom kernels for GPUs; ``import nnkit`` does not import this module.

A kernel made with :func:`nnkit.kernel` runs on the CPU. In a model that trains on a GPU it runs on
copies in host memory, unless it has a twin, a second kernel for the GPU::

    import nnkit
    from nnkit import cuda

    @nnkit.kernel(outputs=["y"], split=["x", "y"], elementwise=True)
    def cube(x, y):
        for i in range(x.size):
            y[i] = x[i] * x[i] * x[i]

    @cuda.twin(cube, cuda.elements("y"))
    def cube_on_gpu(x, y):
        i = cuda.thread()
        while i < x.size:
            y[i] = x[i] * x[i] * x[i]
            i += cuda.threads()

The functions of ``numba.cuda`` for kernels (``syncthreads``, ``shared.array``...) work as usual.
"""

from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    THREADS,
    block_sum,
    device,
    elements,
    lane_max,
    lane_sum,
    one_block,
    one_thread,
    rows,
    thread,
    threads,
    twin,
)

__all__ = [
    "LANES",
    "ROWS",
    "THREADS",
    "block_sum",
    "device",
    "elements",
    "lane_max",
    "lane_sum",
    "one_block",
    "one_thread",
    "rows",
    "thread",
    "threads",
    "twin",
]
