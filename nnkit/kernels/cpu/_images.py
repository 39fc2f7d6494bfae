"""Positions of windows on images (batch, height, width, channels)."""

from nnkit.kernels._jit import inline


@inline
def inside(i, stride, before, dilation, size, length):
    """A window's start along an axis, and the range of its elements inside the image: low, high."""
    start = i * stride - before
    first = min((max(-start, 0) + dilation - 1) // dilation, size)
    return start, first, max(min((length - start + dilation - 1) // dilation, size), first)


@inline
def span(count, stride, size, dilation):
    """The length that ``count`` windows cover, from the first one's start to the last one's end."""
    return (count - 1) * stride + (size - 1) * dilation + 1


@inline
def fill(images, value):
    """images = value in all elements."""
    flat = images.reshape(images.size)
    for i in range(flat.size):
        flat[i] = value


@inline
def fill_pixels(images, values):
    """images[n, i, j] = values (channels,) at each pixel."""
    pixels = images.reshape(-1, values.size)
    for i in range(pixels.shape[0]):
        for c in range(values.size):
            pixels[i, c] = values[c]


@inline
def divide(a, b):
    """Quotient and rest of two numbers that are not negative."""
    return a // b, a % b


@inline
def split(element, shape):
    """Indices of an element of an array with four axes."""
    pixel, c = divide(element, shape[3])
    line, j = divide(pixel, shape[2])
    n, i = divide(line, shape[1])
    return n, i, j, c


@inline
def is_inside(row, column, image):
    """Whether an array of images has this pixel."""
    return row >= 0 and row < image.shape[1] and column >= 0 and column < image.shape[2]


@inline
def position(offset, stride, count):
    """Which of ``count`` windows begins ``offset`` after the first; -1 if none does."""
    i, rest = divide(max(offset, 0), stride)
    return i if offset >= 0 and rest == 0 and i < count else -1
