"""What nnkit.kernels.cpu.batch computes."""


def gather(data, order, batch, size, first, rows):
    """``rows`` is the number of rows here."""
    start = batch * size + first
    return data[order[start : start + rows]]


def gather_sequence(data, batch, size, first, rows):
    start = batch * size + first
    return data[start : start + rows]


def scatter_sequence(rows, batch, size, first, data):
    data = data.copy()
    start = batch * size + first
    data[start : start + len(rows)] = rows
    return data
