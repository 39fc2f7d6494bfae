"""Winograd's convolutions against sums in float64; the direct kernels are no further from them."""

import numpy as np
import pytest

import nnkit
from nnkit.engine.dispatch import recording
from nnkit.engine.tape import Tape
from nnkit.kernels.cpu import convolution, winograd
from nnkit.kernels.scratch import (
    suits_winograd,
    transposed_scratch,
    weights_scratch,
    windows_scratch,
    winograd_scratch,
    winograd_weights_scratch,
)
from nnkit.kernels.shares import least, ranges
from tests.helpers import run
from tests.reference import convolution as reference

# Images, filters, padding, height and width of the output.
GEOMETRIES = {
    "one tile": ((1, 2, 2, 32), 32, 1, (2, 2)),
    "same": ((3, 6, 8, 48), 32, 1, (6, 8)),
    "valid": ((2, 8, 6, 32), 64, 0, (6, 4)),
    "full": ((2, 4, 2, 32), 48, 2, (6, 4)),
    "one line of tiles": ((1, 2, 40, 32), 32, 1, (2, 40)),
    "some tiles more than in the cache": ((1, 14, 14, 32), 32, 1, (14, 14)),
    "many images": ((13, 4, 4, 64), 32, 1, (4, 4)),
    "no images": ((0, 4, 4, 32), 32, 1, (4, 4)),
}


def operands(name, rng):
    (n, height, width, c), f, padding, pixels = GEOMETRIES[name]
    x = rng.normal(size=(n, height, width, c)).astype(np.float32)
    w = (rng.normal(size=(3, 3, c, f)) / np.sqrt(9 * c)).astype(np.float32)
    dy = rng.normal(size=(n, *pixels, f)).astype(np.float32)
    return x, w, dy, (1, 1, padding, padding, 1, 1, 1)


def errors(got, want):
    """The largest, and the root of the mean of the squares."""
    distance = np.abs(got - want) if got.size else np.zeros(1)
    return distance.max(), np.sqrt((distance**2).mean())


def assert_as_near(got, direct, want):
    """F(2x2, 3x3) adds before it multiplies; in the mean that is no worse, in the worst case 4x."""
    (largest, mean), (of_direct, mean_of_direct) = errors(got, want), errors(direct, want)
    assert largest <= 4 * of_direct + 1e-6
    assert mean <= 2 * mean_of_direct + 1e-7


@pytest.mark.parametrize("name", GEOMETRIES)
def test_forward(name, rng):
    x, w, dy, place = operands(name, rng)
    bias, y, direct = rng.normal(size=w.shape[3]).astype(np.float32), *np.empty((2, *dy.shape), "f")
    want = reference.conv2d(*(a.astype(float) for a in (x, w)), place, dy.shape[1:3])
    scratch = np.full(winograd_scratch(w.shape, y.shape, 1), np.nan, np.float32)
    memory = np.empty(windows_scratch(x.shape, w.shape, place, y.shape), np.float32)
    run(convolution.conv2d, x, w, *place, memory, direct)
    run(winograd.conv2d_winograd, x, w, *place, scratch, y)
    assert_as_near(y, direct, want)
    run(convolution.conv2d_bias, x, w, *place, bias, memory, direct)
    run(winograd.conv2d_bias_winograd, x, w, *place, bias, scratch, y)
    assert_as_near(y, direct, want + bias)


@pytest.mark.parametrize("name", GEOMETRIES)
def test_gradient_of_the_input(name, rng):
    x, w, dy, place = operands(name, rng)
    dx, direct = np.empty((2, *x.shape), np.float32)
    want = reference.conv2d_transpose(*(a.astype(float) for a in (dy, w)), place, x.shape)
    scratch = np.full(winograd_scratch(w.shape, x.shape, 1, True), np.nan, np.float32)
    memory = np.empty(transposed_scratch(w.shape, place, dy.shape), np.float32)
    run(convolution.conv2d_transpose, dy, w, *place, memory, direct)
    run(winograd.conv2d_transpose_winograd, dy, w, *place, scratch, dx)
    assert_as_near(dx, direct, want)
    bias = rng.normal(size=w.shape[2]).astype(np.float32)
    run(convolution.conv2d_transpose_bias, dy, w, *place, bias, memory, direct)
    run(winograd.conv2d_transpose_bias_winograd, dy, w, *place, bias, scratch, dx)
    assert_as_near(dx, direct, want + bias)


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 16])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_gradient_of_the_kernel(name, workers, rng):
    """Channels are divided among workers, and bits don't depend on how."""
    x, w, dy, place = operands(name, rng)
    want = reference.conv2d_weights(x.astype(float), dy.astype(float), w.shape, place)
    c, f = w.shape[2:]
    direct = np.empty((9 * c, f), np.float32)
    memory = np.empty(weights_scratch(x.shape, w.shape, place, dy.shape), np.float32)
    run(convolution.conv2d_weights, x, dy, 3, *place, 0, memory, direct)
    dw, whole = np.full((2, 3, 3, c, f), np.nan, np.float32)
    for out, some in ((whole, 1), (dw, workers)):
        by_channel = out.reshape(9, c, f).swapaxes(0, 1)
        scratch = np.full(winograd_weights_scratch(w.shape, dy.shape, some), np.nan, np.float32)
        for begin, end in ranges(c, some):
            rows = slice(begin, end)
            if begin < end:
                arguments = begin, scratch[rows], by_channel[rows]
                winograd.conv2d_weights_winograd(x, dy, 3, *place, *arguments)
    assert_as_near(whole, direct.reshape(whole.shape), want.reshape(whole.shape))
    np.testing.assert_array_equal(dw, whole)


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 16])
def test_bits_do_not_depend_on_the_workers(workers, rng):
    x, w, dy, place = operands("many images", rng)
    y, whole = np.empty((2, *dy.shape), np.float32)
    scratch = np.empty(winograd_scratch(w.shape, y.shape, workers), np.float32)
    run(winograd.conv2d_winograd, x, w, *place, scratch, whole)
    for begin, end in ranges(len(x), workers):
        rows = slice(begin, end)
        if begin < end:
            assert end - begin >= least(len(x), workers)
            run(winograd.conv2d_winograd, x[rows], w, *place, scratch[rows], y[rows])
    np.testing.assert_array_equal(y, whole)


def test_too_little_memory_shows(rng):
    """As for more workers than the memory was made for."""
    x, w, dy, place = operands("same", rng)
    y = np.empty_like(dy)
    scratch = np.zeros((len(x), 1000), np.float32)
    run(winograd.conv2d_winograd, x, w, *place, scratch, y)
    assert np.isnan(y).all()
    dw = np.empty((9, *w.shape[2:]), np.float32).swapaxes(0, 1)
    scratch = np.zeros((len(dw), 10), np.float32)
    winograd.conv2d_weights_winograd(x, dy, 3, *place, 0, scratch, dw)
    assert np.isnan(dw).all()


def test_what_it_is_for():
    kernel, place, pixels = (3, 3, 32, 32), (1, 1, 1, 1, 1, 1, 1), (8, 8, 8, 32)
    assert suits_winograd(kernel, place, pixels, np.dtype(np.float32), of_weights=True)
    large = 3, 3, 512, 512
    assert suits_winograd(large, place, pixels, np.dtype(np.float32))
    assert not suits_winograd(large, place, pixels, np.dtype(np.float32), of_weights=True)
    for other in (
        ((3, 3, 16, 32), place, pixels, np.float32),
        ((3, 3, 32, 40), place, pixels, np.float32),
        ((1, 3, 32, 32), place, pixels, np.float32),
        (kernel, (2, 1, 1, 1, 1, 1, 1), pixels, np.float32),
        (kernel, (1, 1, 1, 1, 2, 1, 1), pixels, np.float32),
        (kernel, (1, 1, 1, 1, 1, 1, 2), pixels, np.float32),
        (kernel, (1, 1, 3, 1, 1, 1, 1), pixels, np.float32),
        (kernel, place, (80, 7, 8, 32), np.float32),
        (kernel, place, (7, 8, 8, 32), np.float32),
        (kernel, place, pixels, np.float64),
    ):
        assert not suits_winograd(*other[:3], np.dtype(other[3]))


@pytest.mark.parametrize("options", [{}, {"use_bias": False}, {"padding": "same"}])
def test_a_layer_takes_it(options, rng):
    """In a recorded step of several workers it is what it is in Python, and near float64."""
    x = rng.normal(size=(24, 6, 8, 32)).astype(np.float32)
    layer = nnkit.layers.Conv2D(48, 3, **options)
    model = nnkit.Sequential([nnkit.Input(x.shape[1:]), layer])
    padding = 1 if options.get("padding") == "same" else 0
    pixels = (6, 8) if padding else (4, 6)
    place = (1, 1, padding, padding, 1, 1, 1)
    want = reference.conv2d(x.astype(float), layer.kernel.numpy().astype(float), place, pixels)
    with recording(Tape({})) as tape:
        layer.forward(x)
    calls = [entry.kernel.name for entry in tape.entries]
    np.testing.assert_allclose(model.predict(x), want, atol=1e-5)
    np.testing.assert_array_equal(model.predict(x), model.predict(x))
    assert "conv2d_bias_winograd" in calls if layer.use_bias else "conv2d_winograd" in calls


@pytest.mark.parametrize("options", [{}, {"use_bias": False}, {"padding": "same"}])
def test_a_transposed_layer_takes_it(options, rng):
    x = rng.normal(size=(24, 6, 8, 32)).astype(np.float32)
    layer = nnkit.layers.Conv2DTranspose(48, 3, **options)
    y = layer.forward(layer.ensure_built(x.shape) or x)
    cut = (y.shape[1] == 6) * 1
    place = (1, 1, cut, cut, 1, 1, 1)
    w = layer.kernel.numpy().astype(float)
    want = reference.conv2d_transpose(x.astype(float), w, place, y.shape)
    with recording(Tape({})) as tape:
        np.testing.assert_allclose(layer.forward(x), want, atol=1e-5)
        dx = layer.backward(y)
    assert [entry.kernel.name for entry in tape.entries][:2] == [
        f"conv2d_transpose{'_bias' * layer.use_bias}_winograd",
        "conv2d_weights_winograd",
    ]
    want = reference.conv2d(y.astype(float), w, place, x.shape[1:3])
    np.testing.assert_allclose(dx, want, atol=1e-4)
    want = reference.conv2d_weights(y.astype(float), x.astype(float), w.shape, place)
    np.testing.assert_allclose(layer.kernel.gradient, want.reshape(w.shape), rtol=1e-4, atol=1e-3)
