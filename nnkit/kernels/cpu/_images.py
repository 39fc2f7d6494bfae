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
