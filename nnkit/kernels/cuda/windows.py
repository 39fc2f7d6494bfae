"""Planes of volumes, stacked as channels; what windows see as a matrix has the CPU's text.

A thread computes one element. Names are those of :mod:`nnkit.kernels.cpu.windows`.
"""

from nnkit.kernels.cuda._cuda import device, elements, kernel, thread, threads
from nnkit.kernels.cuda._images import divide, position, split


@kernel(elements("stacks"))
def stack_planes(x, stride, front, dilation, stacks):
    """stacks (n, d', m, k, c) = planes i stride - front + p dilation of x (n, d, m, c), p < k."""
    for element in range(thread(), stacks.size, threads()):
        rest, c = divide(element, stacks.shape[4])
        rest, p = divide(rest, stacks.shape[3])
        rest, m = divide(rest, stacks.shape[2])
        n, i = divide(rest, stacks.shape[1])
        plane = i * stride - front + p * dilation
        inside = plane >= 0 and plane < x.shape[1]
        stacks[n, i, m, p, c] = x[n, plane, m, c] if inside else x.dtype.type(0)


@device
def _added(stacks, stride, front, dilation, place, total):
    """``total`` plus all that stacks have of an element of y."""
    n, plane, m, c = place
    for p in range(stacks.shape[3]):
        i = position(plane + front - p * dilation, stride, stacks.shape[1])
        if i >= 0:
            total += stacks[n, i, m, p, c]
    return total


@kernel(elements("y"))
def add_planes(stacks, stride, front, dilation, y):
    """y (n, d, m, c) = the sum of stacks (n, d', m, k, c), each where it would have been seen."""
    for element in range(thread(), y.size, threads()):
        n, plane, m, c = place = split(element, y.shape)
        y[n, plane, m, c] = _added(stacks, stride, front, dilation, place, y.dtype.type(0))


@kernel(elements("y"))
def add_planes_bias(stacks, stride, front, dilation, bias, y):
    """:func:`add_planes` plus bias (c,) at every pixel."""
    for element in range(thread(), y.size, threads()):
        n, plane, m, c = place = split(element, y.shape)
        y[n, plane, m, c] = _added(stacks, stride, front, dilation, place, bias[c])
