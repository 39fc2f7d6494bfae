import numpy as np

from tests.cuda.cases import Case, wide
from tests.reference import convolution as reference

# Images, kernel (height, width, filters), place with groups, pixels of the output.
GEOMETRIES = [
    ((1, 1, 1, 1), (1, 1, 1), (1, 1, 0, 0, 1, 1, 1), (1, 1)),
    ((2, 3, 4, 3), (3, 2, 2), (1, 1, 1, 0, 1, 1, 1), (3, 4)),
    ((2, 5, 4, 2), (2, 2, 4), (2, 3, 0, 1, 1, 1, 2), (2, 2)),
    ((1, 4, 5, 2), (3, 2, 3), (1, 1, 2, 2, 2, 2, 1), (4, 5)),
    ((2, 3, 4, 2), (3, 3, 3), (1, 1, 1, 1, 1, 1, 1), (3, 4)),
]

# Volumes (batch, depth, pixels, channels), place along the depth, positions and planes of windows.
VOLUMES = [
    ((1, 1, 1, 1), (1, 0, 1), (1, 1)),
    ((2, 5, 3, 2), (2, 1, 1), (3, 3)),
    ((1, 4, 2, 3), (1, 2, 2), (4, 3)),
]


def cases(dtype, rng):
    def normal(*shape):
        return rng.normal(size=shape).astype(dtype)

    for shape, (kh, kw, filters), place, pixels in GEOMETRIES:
        x, w = normal(*shape), normal(kh, kw, shape[3] // place[-1], filters)
        dy, bias = normal(shape[0], *pixels, filters), normal(filters)
        scratch = np.empty((shape[0], w[..., 0].size), dtype)
        unused = {"scratch": np.full(scratch.shape, np.nan)}  # As the test filled it.
        y = reference.conv2d(*wide(x, w), place, pixels)
        yield Case("conv2d", (x, w, *place, scratch, np.empty_like(dy)), unused | {"y": y})
        arguments = x, w, *place, bias, scratch, np.empty_like(dy)
        yield Case("conv2d_bias", arguments, unused | {"y": y + bias})
        dx = reference.conv2d_transpose(*wide(dy, w), place, shape)
        yield Case(
            "conv2d_transpose", (dy, w, *place, scratch, np.empty_like(x)), unused | {"y": dx}
        )
        bias = normal(shape[3])
        arguments = dy, w, *place, bias, scratch, np.empty_like(x)
        yield Case("conv2d_transpose_bias", arguments, unused | {"y": dx + bias})
        dw = reference.conv2d_weights(*wide(x, dy), w.shape, place).reshape(-1, filters)
        scratch = np.empty((len(dw), 1), dtype)
        arguments = x, dy, kw, *place, 0, scratch, dw.astype(dtype)
        unused = {"scratch": np.full(scratch.shape, np.nan)}
        yield Case("conv2d_weights", arguments, unused | {"dw": dw})
        if (kh, kw, place[-1]) == (3, 3, 1):
            by_channel = dw.reshape(9, -1, filters).swapaxes(0, 1)
            scratch = np.empty((shape[3], 1), dtype)
            arguments = x, dy, kw, *place, 0, scratch, by_channel.astype(dtype)
            unused = {"scratch": np.full(scratch.shape, np.nan)}
            yield Case("conv2d_weights_winograd", arguments, unused | {"dw": by_channel})

        geometry = w.shape, (*place[:-1], 1)
        windows = reference.im2col(*wide(x), *geometry, pixels)
        arguments = x, kw, *place[:-1], windows.astype(dtype)
        yield Case("im2col", arguments, {"windows": windows})
        windows = normal(*windows.shape)
        y = reference.col2im(*wide(windows), *geometry, shape)
        yield Case("col2im", (windows, kw, *place[:-1], np.empty_like(x)), {"y": y})
        arguments = windows, kw, *place[:-1], bias, np.empty_like(x)
        yield Case("col2im_bias", arguments, {"y": y + bias})

        m, channels = 1 + kh % 2, shape[3]
        w, dy = normal(kh, kw, channels, m), normal(shape[0], *pixels, channels * m)
        bias, as_groups = normal(channels * m), (*place[:-1], channels)
        place = place[:-1]
        filters = w.reshape(kh, kw, 1, -1)
        y = reference.conv2d(*wide(x, filters), as_groups, pixels)
        yield Case("depthwise2d", (x, w, *place, np.empty_like(dy)), {"y": y})
        yield Case("depthwise2d_bias", (x, w, *place, bias, np.empty_like(dy)), {"y": y + bias})
        dx = reference.conv2d_transpose(*wide(dy, filters), as_groups, shape)
        yield Case("depthwise2d_input", (dy, w, *place, np.empty_like(x)), {"dx": dx})
        dw = reference.conv2d_weights(*wide(x, dy), filters.shape, as_groups).reshape(kh * kw, -1)
        arguments = x, dy, kw, *place, 0, dw.astype(dtype)
        yield Case("depthwise2d_weights", arguments, {"dw": dw})

    for shape, place, (count, planes) in VOLUMES:
        x, bias = normal(*shape), normal(shape[3])
        stacks = normal(shape[0], count, shape[2], planes, shape[3])
        want = reference.stack_planes(*wide(x), place, stacks.shape)
        yield Case("stack_planes", (x, *place, np.empty_like(stacks)), {"stacks": want})
        y = reference.add_planes(*wide(stacks), place, shape)
        yield Case("add_planes", (stacks, *place, np.empty_like(x)), {"y": y})
        yield Case("add_planes_bias", (stacks, *place, bias, np.empty_like(x)), {"y": y + bias})

    for shape in [(1, 1, 1), (2, 5, 3)]:
        x = normal(*shape)
        y = np.empty(x.swapaxes(1, 2).shape, dtype)
        yield Case("swap_axes", (x, y), {"y": x.swapaxes(1, 2).astype(float)})
