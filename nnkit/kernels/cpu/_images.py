"""Where the windows of images (batch, height, width, channels) lie."""

from nnkit.kernels._jit import inline


@inline
def inside(i, stride, before, dilation, size, length):
    """Where a window begins, and which of its elements are inside: from one to below another."""
    start = i * stride - before
    first = min((max(-start, 0) + dilation - 1) // dilation, size)
    return start, first, max(min((length - start + dilation - 1) // dilation, size), first)


@inline
def span(count, stride, size, dilation):
    """How much so many windows see, from the first one's begin to the last one's end."""
    return (count - 1) * stride + (size - 1) * dilation + 1


@inline
def fill(images, value):
    """Set all elements."""
    flat = images.reshape(images.size)
    for i in range(flat.size):
        flat[i] = value


@inline
def fill_pixels(images, values):
    """Set each pixel's channels."""
    pixels = images.reshape(-1, values.size)
    for i in range(pixels.shape[0]):
        for c in range(values.size):
            pixels[i, c] = values[c]
