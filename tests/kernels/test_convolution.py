import numpy as np
import pytest

from nnkit.kernels.cpu import axes, convolution, depthwise
from nnkit.kernels.cpu import windows as whole_windows
from nnkit.kernels.scratch import transposed_scratch, weights_scratch, windows_scratch
from tests.helpers import run
from tests.reference import convolution as reference

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
# Images, kernel (height, width, filters), place with groups, pixels of the output.
GEOMETRIES = {
    "one": ((1, 1, 1, 1), (1, 1, 1), (1, 1, 0, 0, 1, 1, 1), (1, 1)),
    "pointwise": ((2, 3, 4, 5), (1, 1, 3), (1, 1, 0, 0, 1, 1, 1), (3, 4)),
    "valid": ((3, 5, 7, 4), (3, 2, 6), (1, 1, 0, 0, 1, 1, 1), (3, 6)),
    "same": ((2, 5, 6, 3), (3, 4, 2), (1, 1, 1, 1, 1, 1, 1), (5, 6)),
    "strided": ((2, 7, 8, 3), (3, 2, 2), (2, 3, 0, 1, 1, 1, 1), (3, 3)),
    "gaps": ((1, 7, 9, 2), (2, 2, 3), (3, 4, 0, 0, 1, 1, 1), (2, 2)),
    "dilated": ((2, 8, 9, 3), (3, 3, 4), (1, 1, 2, 4, 2, 4, 1), (8, 9)),
    "groups": ((2, 5, 6, 4), (3, 3, 6), (1, 1, 1, 1, 1, 1, 2), (5, 6)),
    "all apart": ((2, 4, 5, 3), (2, 3, 3), (1, 1, 0, 1, 1, 1, 3), (3, 5)),
    "one channel": ((3, 5, 6, 1), (3, 3, 2), (1, 1, 1, 1, 1, 1, 1), (5, 6)),
    "one channel, strided": ((2, 7, 8, 1), (3, 2, 2), (2, 3, 0, 1, 1, 1, 1), (3, 3)),
    "one channel, dilated": ((2, 8, 9, 1), (3, 3, 4), (1, 1, 2, 4, 2, 4, 1), (8, 9)),
    "one filter": ((2, 5, 6, 3), (3, 3, 1), (1, 1, 1, 1, 1, 1, 1), (5, 6)),
    "sequence": ((2, 1, 9, 3), (1, 4, 5), (1, 1, 0, 3, 1, 1, 1), (1, 9)),
    "mostly padding": ((1, 1, 2, 2), (5, 5, 2), (1, 1, 2, 2, 1, 1, 1), (1, 2)),
    "many of all": ((13, 3, 29, 5), (2, 3, 37), (1, 1, 0, 1, 1, 1, 1), (2, 29)),
    "many in groups": ((25, 2, 14, 34), (2, 2, 36), (1, 1, 1, 0, 1, 1, 2), (3, 13)),
    "no images": ((0, 5, 6, 3), (3, 2, 4), (1, 1, 1, 1, 1, 1, 1), (5, 6)),
    "output padding": ((2, 9, 9, 2), (2, 3, 2), (2, 2, 0, 0, 1, 1, 1), (3, 3)),
}
# How many times the memory that a kernel needs at least it has.
ROOM = (1, 3, 100)


@pytest.fixture(params=TOLERANCE, ids=lambda t: t.__name__)
def dtype(request):
    return request.param


@pytest.fixture(params=GEOMETRIES)
def case(request, dtype, rng):
    shape, (kh, kw, filters), place, pixels = GEOMETRIES[request.param]
    x = rng.normal(size=shape).astype(dtype)
    w = rng.normal(size=(kh, kw, shape[3] // place[-1], filters)).astype(dtype)
    dy = rng.normal(size=(shape[0], *pixels, filters)).astype(dtype)
    return x, w, dy, place


def assert_close(got, want):
    tolerance = TOLERANCE[got.dtype.type]
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=10 * tolerance)


def memory(shape, dtype, room):
    return np.empty((shape[0], room * shape[1]), dtype)


@pytest.mark.parametrize("room", ROOM)
def test_conv2d(case, room, rng):
    x, w, dy, place = case
    y, bias = np.empty_like(dy), rng.normal(size=w.shape[3]).astype(x.dtype)
    want = reference.conv2d(*(a.astype(float) for a in (x, w)), place, dy.shape[1:3])
    scratch = memory(windows_scratch(x.shape, w.shape, place, y.shape), x.dtype, room)
    run(convolution.conv2d, x, w, *place, scratch, y)
    assert_close(y, want)
    run(convolution.conv2d_bias, x, w, *place, bias, scratch, y)
    assert_close(y, want + bias)


@pytest.mark.parametrize("room", ROOM)
def test_conv2d_transpose(case, room, rng):
    x, w, dy, place = case
    dx, bias = np.empty_like(x), rng.normal(size=x.shape[3]).astype(x.dtype)
    want = reference.conv2d_transpose(*(a.astype(float) for a in (dy, w)), place, x.shape)
    least = len(dy), 16 * (w.shape[3] // place[-1])
    scratch = memory(least, x.dtype, room)
    run(convolution.conv2d_transpose, dy, w, *place, scratch, dx)
    assert_close(dx, want)
    if place[-1] == 1:
        run(convolution.conv2d_transpose_bias, dy, w, *place, bias, scratch, dx)
        assert_close(dx, want + bias)


@pytest.mark.parametrize("room", ROOM)
def test_conv2d_weights(case, room):
    """Also in two parts, as two workers do it."""
    x, w, dy, place = case
    dw = np.empty((w[..., 0].size, w.shape[3]), x.dtype)
    want = reference.conv2d_weights(x.astype(float), dy.astype(float), w.shape, place)
    want = want.reshape(dw.shape)
    least = weights_scratch(x.shape, w.shape, place, (1, 1, *dy.shape[2:]))
    scratch = memory(least, x.dtype, room)
    for cut in {0, 1, len(dw) // 2, len(dw) - 1}:
        dw.fill(np.nan)
        for part in (slice(0, cut), slice(cut, None)):
            if len(dw[part]):
                arguments = part.start, scratch[part], dw[part]
                run(convolution.conv2d_weights, x, dy, w.shape[1], *place, *arguments)
        assert_close(dw, want)


def test_nothing_beyond_arrays_is_read_or_written(case):
    """Tiles end where the arrays do: what lies around these is NaN, and stays as it is."""
    x, w, dy, place = case
    x, w, dy = map(surrounded, (x, w, dy))
    y, dx, dw = surrounded(dy), surrounded(x), surrounded(w.reshape(-1, w.shape[3]))
    scratch = surrounded(np.zeros(windows_scratch(x.shape, w.shape, place, y.shape), x.dtype))
    run(convolution.conv2d, x, w, *place, scratch, y)
    scratch = surrounded(np.zeros(weights_scratch(x.shape, w.shape, place, y.shape), x.dtype))
    run(convolution.conv2d_weights, x, dy, w.shape[1], *place, 0, scratch, dw)
    scratch = surrounded(np.zeros(transposed_scratch(w.shape, place, y.shape), x.dtype))
    run(convolution.conv2d_transpose, dy, w, *place, scratch, dx)
    for array in (y, dx, dw):
        assert np.isfinite(array).all()
    for array in (x, w, dy, y, dx, dw, scratch):
        whole = array.base
        assert np.isnan(whole[:MARGIN]).all()
        assert np.isnan(whole[-MARGIN:]).all()


MARGIN = 64


def surrounded(array):
    """A copy in the middle of NaN."""
    whole = np.full(array.size + 2 * MARGIN, np.nan, array.dtype)
    middle = whole[MARGIN:-MARGIN].reshape(array.shape)
    middle[...] = array
    return middle


def test_im2col_and_back(case, rng):
    x, w, dy, place = case
    windows = np.empty((*dy.shape[:3], w[..., 0, 0].size * x.shape[3]), x.dtype)
    geometry = w.shape, (*place[:-1], 1)
    run(whole_windows.im2col, x, w.shape[1], *place[:-1], windows)
    assert_close(windows, reference.im2col(x.astype(float), *geometry, dy.shape[1:3]))
    windows = rng.normal(size=windows.shape).astype(x.dtype)
    y, bias = np.empty_like(x), rng.normal(size=x.shape[3]).astype(x.dtype)
    want = reference.col2im(windows.astype(float), *geometry, x.shape)
    run(whole_windows.col2im, windows, w.shape[1], *place[:-1], y)
    assert_close(y, want)
    run(whole_windows.col2im_bias, windows, w.shape[1], *place[:-1], bias, y)
    assert_close(y, want + bias)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_depthwise(case, m, rng):
    x, w, dy, place = case
    place, channels = place[:-1], x.shape[3]
    w = rng.normal(size=(*w.shape[:2], channels, m)).astype(x.dtype)
    dy = rng.normal(size=(*dy.shape[:3], channels * m)).astype(x.dtype)
    bias = rng.normal(size=channels * m).astype(x.dtype)
    wide = w.reshape(*w.shape[:2], 1, -1).astype(float)
    as_groups = *place, channels
    y, dx, dw = (
        np.empty_like(dy),
        np.empty_like(x),
        np.empty((w[..., 0, 0].size, bias.size), x.dtype),
    )
    want = reference.conv2d(x.astype(float), wide, as_groups, dy.shape[1:3])
    run(depthwise.depthwise2d, x, w, *place, y)
    assert_close(y, want)
    run(depthwise.depthwise2d_bias, x, w, *place, bias, y)
    assert_close(y, want + bias)
    run(depthwise.depthwise2d_input, dy, w, *place, dx)
    assert_close(dx, reference.conv2d_transpose(dy.astype(float), wide, as_groups, x.shape))
    cut = len(dw) // 2
    for part in (slice(0, cut), slice(cut, None)):
        if len(dw[part]):
            run(depthwise.depthwise2d_weights, x, dy, w.shape[1], *place, part.start, dw[part])
    want = reference.conv2d_weights(x.astype(float), dy.astype(float), wide.shape, as_groups)
    assert_close(dw, want.reshape(dw.shape))


# Volumes (batch, depth, pixels, channels), place along the depth, positions and planes of windows.
VOLUMES = [
    ((1, 1, 1, 1), (1, 0, 1), (1, 1)),
    ((2, 5, 3, 2), (2, 1, 1), (3, 3)),
    ((3, 4, 2, 5), (1, 2, 2), (4, 3)),
    ((2, 5, 1, 3), (3, 0, 1), (2, 2)),
    ((0, 5, 3, 2), (1, 1, 1), (5, 3)),
]


@pytest.mark.parametrize(("shape", "place", "window"), VOLUMES)
def test_planes_of_volumes(shape, place, window, dtype, rng):
    x, bias = rng.normal(size=shape).astype(dtype), rng.normal(size=shape[3]).astype(dtype)
    stacks = np.empty((shape[0], window[0], shape[2], window[1], shape[3]), dtype)
    run(whole_windows.stack_planes, x, *place, stacks)
    np.testing.assert_array_equal(stacks, reference.stack_planes(x, place, stacks.shape))
    stacks, y = rng.normal(size=stacks.shape).astype(dtype), np.empty_like(x)
    want = reference.add_planes(stacks.astype(float), place, shape)
    run(whole_windows.add_planes, stacks, *place, y)
    assert_close(y, want)
    run(whole_windows.add_planes_bias, stacks, *place, bias, y)
    assert_close(y, want + bias)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 5), (2, 17, 3), (1, 33, 40)])
def test_swap_axes(shape, dtype, rng):
    x = rng.normal(size=shape).astype(dtype)
    y = np.empty((shape[0], shape[2], shape[1]), dtype)
    run(axes.swap_axes, x, y)
    np.testing.assert_array_equal(y, x.swapaxes(1, 2))


def test_nan_reaches_what_sees_it(rng):
    x = rng.normal(size=(2, 5, 5, 2))
    x[1, 0, 0, 1] = np.nan
    w, y = rng.normal(size=(3, 3, 2, 4)), np.empty((2, 3, 3, 4))
    run(convolution.conv2d, x, w, 1, 1, 0, 0, 1, 1, 1, np.empty((2, 600)), y)
    nan = np.isnan(y)
    assert nan[1, 0, 0].all()
    assert nan.sum() == 4
