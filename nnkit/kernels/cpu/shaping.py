"""Padding, repetition, permutation of axes, and masks that broadcast.

Images are (batch, outer, rows, columns, inner): ``inner`` is the channels or 1, ``outer`` 1 or the
channels.
"""

from nnkit.kernels._jit import kernel


@kernel(outputs=["y"], split=["x", "y"])
def zero_pad(x, top, left, y):
    """y = x with ``top`` rows and ``left`` columns of zeros before it, and zeros after it.

    Both are (batch, outer, rows, columns), where columns include the inner axis.
    """
    rows, columns = x.shape[2], x.shape[3]
    for b in range(y.shape[0]):
        for o in range(y.shape[1]):
            for r in range(y.shape[2]):
                row = y[b, o, r]
                for c in range(row.size):
                    row[c] = y.dtype.type(0)
                if top <= r < top + rows:
                    for c in range(columns):
                        row[left + c] = x[b, o, r - top, c]


@kernel(outputs=["dx"], split=["dy", "dx"])
def zero_pad_backward(dy, top, left, dx):
    """dx = dy without the padding."""
    for b in range(dx.shape[0]):
        for o in range(dx.shape[1]):
            for r in range(dx.shape[2]):
                for c in range(dx.shape[3]):
                    dx[b, o, r, c] = dy[b, o, top + r, left + c]


@kernel(outputs=["y"], split=["x", "y"])
def repeat(x, y):
    """y = x with every row and column repeated as often as y's shape requires."""
    rows, columns = x.shape[2], x.shape[3]
    down, across = y.shape[2] // max(rows, 1), y.shape[3] // max(columns, 1)
    for b in range(y.shape[0]):
        for o in range(y.shape[1]):
            for r in range(y.shape[2]):
                for c in range(columns):
                    for k in range(c * across, (c + 1) * across):
                        for i in range(y.shape[4]):
                            y[b, o, r, k, i] = x[b, o, r // down, c, i]


@kernel(outputs=["dx"], split=["dy", "dx"])
def repeat_backward(dy, dx):
    """dx = the sum of dy over the copies of each element."""
    down, across = dy.shape[2] // max(dx.shape[2], 1), dy.shape[3] // max(dx.shape[3], 1)
    for b in range(dx.shape[0]):
        for o in range(dx.shape[1]):
            for r in range(dx.shape[2]):
                for c in range(dx.shape[3]):
                    for i in range(dx.shape[4]):
                        dx[b, o, r, c, i] = dx.dtype.type(0)
                    for j in range(r * down, (r + 1) * down):
                        for k in range(c * across, (c + 1) * across):
                            for i in range(dx.shape[4]):
                                dx[b, o, r, c, i] += dy[b, o, j, k, i]


@kernel(outputs=["y"], split=["x", "y"])
def permute(x, s1, s2, s3, s4, y):
    """y = x with permuted axes: y[b, h, i, j, k] = x[b, h s1 + i s2 + j s3 + k s4]."""
    for b in range(y.shape[0]):
        row = x[b]
        for h in range(y.shape[1]):
            for i in range(y.shape[2]):
                for j in range(y.shape[3]):
                    start = h * s1 + i * s2 + j * s3
                    for k in range(y.shape[4]):
                        y[b, h, i, j, k] = row[start + k * s4]


@kernel(outputs=["y"], split=["x", "y"])
def apply_mask(x, mask, s0, s1, s2, s3, s4, first, y):
    """y = x m, or 0 where m is 0; m of (b, h, i, j, k) is mask[b s0 + h s1 + ... + k s4].

    ``mask`` is a vector. Elements along axes of step 0 share an element of the mask.
    """
    zero = x.dtype.type(0)
    for b in range(y.shape[0]):
        for h in range(y.shape[1]):
            for i in range(y.shape[2]):
                for j in range(y.shape[3]):
                    start = (first + b) * s0 + h * s1 + i * s2 + j * s3
                    for k in range(y.shape[4]):
                        m = mask[start + k * s4]
                        y[b, h, i, j, k] = x[b, h, i, j, k] * m if m != zero else zero
