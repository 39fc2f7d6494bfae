"""Gather a batch from a data set, and advance the counters of a step.

``batch`` is int64 (1,), the index of the batch in the epoch; ``size`` is the number of rows in a
full batch; ``first`` is the index of a worker's first row in the batch.
"""

from nnkit.kernels._jit import kernel


@kernel(outputs=["rows"], split=["rows"])
def gather(data, order, batch, size, first, rows):
    """rows_i = data[order[batch size + first + i]], converted; data is 2-D, of any type."""
    start = batch[0] * size + first
    for i in range(rows.shape[0]):
        source = order[start + i]
        for j in range(rows.shape[1]):
            rows[i, j] = rows.dtype.type(data[source, j])


@kernel(outputs=["rows"], split=["rows"])
def gather_sequence(data, batch, size, first, rows):
    """rows_i = data[batch size + first + i], converted: consecutive rows, without shuffling."""
    start = batch[0] * size + first
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            rows[i, j] = rows.dtype.type(data[start + i, j])


@kernel(updates=["data"], split=["rows"])
def scatter_sequence(rows, batch, size, first, data):
    """data[batch size + first + i] = rows_i; other rows of data don't change."""
    start = batch[0] * size + first
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            data[start + i, j] = data.dtype.type(rows[i, j])


@kernel(updates=["position", "batch", "iteration", "rate"])
def advance(rates, position, batch, iteration, rate):
    """Begin a training step: look up its learning rate; add 1 to position, batch and iteration."""
    rate[0] = rates[position[0]]
    position[0] += 1
    batch[0] += 1
    iteration[0] += 1


@kernel(updates=["batch"])
def advance_batch(batch):
    """batch += 1."""
    batch[0] += 1
