"""Copy a batch out of a data set, and count batches: what changes from step to step.

``batch`` is int64 (1,), the number of the batch in the epoch; ``size`` is the number of rows in a
full batch. ``threadIdx.x`` goes along the columns and ``threadIdx.y`` along the rows, so that
nothing has to be divided to find an element.
"""

from nnkit.kernels.cuda._cuda import LANES, ROWS, blocks, cuda, kernel, one_thread


def _plane(arguments):
    """A thread for every element of ``rows``."""
    height, width = arguments["rows"].shape
    return (blocks(width, LANES), blocks(height, ROWS)), (LANES, ROWS)


@kernel(_plane)
def gather(data, order, batch, size, first, rows):
    """rows_i = data[order[batch size + first + i]], converted; data is 2-D, of any type."""
    start = batch[0] * size + first
    i = cuda.blockIdx.y * ROWS + cuda.threadIdx.y
    while i < rows.shape[0]:
        source = order[start + i]
        j = cuda.blockIdx.x * LANES + cuda.threadIdx.x
        while j < rows.shape[1]:
            rows[i, j] = rows.dtype.type(data[source, j])
            j += cuda.gridDim.x * LANES
        i += cuda.gridDim.y * ROWS


@kernel(_plane)
def gather_sequence(data, batch, size, first, rows):
    """rows_i = data[batch size + first + i], converted: without shuffling."""
    start = batch[0] * size + first
    i = cuda.blockIdx.y * ROWS + cuda.threadIdx.y
    while i < rows.shape[0]:
        j = cuda.blockIdx.x * LANES + cuda.threadIdx.x
        while j < rows.shape[1]:
            rows[i, j] = rows.dtype.type(data[start + i, j])
            j += cuda.gridDim.x * LANES
        i += cuda.gridDim.y * ROWS


@kernel(_plane)
def scatter_sequence(rows, batch, size, first, data):
    """data[batch size + first + i] = rows_i; the rest of the data stays."""
    start = batch[0] * size + first
    i = cuda.blockIdx.y * ROWS + cuda.threadIdx.y
    while i < rows.shape[0]:
        j = cuda.blockIdx.x * LANES + cuda.threadIdx.x
        while j < rows.shape[1]:
            data[start + i, j] = data.dtype.type(rows[i, j])
            j += cuda.gridDim.x * LANES
        i += cuda.gridDim.y * ROWS


@kernel(one_thread)
def advance(rates, position, batch, iteration, rate):
    """Begin a training step: look up its learning rate, count its position, batch and number."""
    rate[0] = rates[position[0]]
    position[0] += 1
    batch[0] += 1
    iteration[0] += 1


@kernel(one_thread)
def advance_batch(batch):
    """Count a batch."""
    batch[0] += 1
