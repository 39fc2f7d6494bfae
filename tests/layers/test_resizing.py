import numpy as np
import pytest

from nnkit.layers import (
    AdaptiveMaxPooling2D,
    CenterCrop,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Permute,
    PReLU,
    RepeatVector,
    Resizing,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)


@pytest.mark.parametrize(
    ("padding", "sides"),
    [(2, ((2, 2), (2, 2))), ((1, 2), ((1, 1), (2, 2))), (((1, 0), (2, 3)), ((1, 0), (2, 3)))],
)
def test_padding_of_images(padding, sides, rng):
    x = rng.normal(size=(2, 3, 4, 5))
    y = ZeroPadding2D(padding, dtype="float64")(x)
    np.testing.assert_array_equal(y, np.pad(x, ((0, 0), *sides, (0, 0))))
    y = ZeroPadding2D(padding, data_format="channels_first", dtype="float64")(x)
    np.testing.assert_array_equal(y, np.pad(x, ((0, 0), (0, 0), *sides)))


@pytest.mark.parametrize(("padding", "sides"), [(2, (2, 2)), ((1, 0), (1, 0))])
def test_padding_of_sequences(padding, sides, rng):
    x = rng.normal(size=(2, 3, 4))
    y = ZeroPadding1D(padding, dtype="float64")(x)
    np.testing.assert_array_equal(y, np.pad(x, ((0, 0), sides, (0, 0))))


def test_upsampling(rng):
    x = rng.normal(size=(2, 3, 4, 5))
    y = UpSampling2D((2, 3), dtype="float64")(x)
    np.testing.assert_array_equal(y, x.repeat(2, axis=1).repeat(3, axis=2))
    y = UpSampling2D((2, 3), data_format="channels_first", dtype="float64")(x)
    np.testing.assert_array_equal(y, x.repeat(2, axis=2).repeat(3, axis=3))
    np.testing.assert_array_equal(UpSampling1D(3, dtype="float64")(x[0]), x[0].repeat(3, axis=1))


def test_padding_while_resizing_has_its_own_value(rng):
    x = rng.normal(size=(2, 2, 6, 3)).astype("float32")
    layer = Resizing(4, 4, pad_to_aspect_ratio=True, fill_value=9, dtype="float64")
    padded = np.pad(x, ((0, 0), (2, 2), (0, 0), (0, 0)), constant_values=9)
    whole = Resizing(4, 4, dtype="float64")
    np.testing.assert_allclose(layer(x), whole(padded))
    dy = rng.normal(size=(2, 4, 4, 3))
    np.testing.assert_allclose(layer.backward(dy), whole.backward(dy)[:, 2:4])


def test_cropping_and_volumes(rng):
    x = rng.normal(size=(2, 3, 4, 5, 2))
    y = Cropping3D((1, (0, 1), (2, 1)), dtype="float64")(x)
    np.testing.assert_array_equal(y, x[:, 1:-1, :-1, 2:-1])
    y = Cropping2D(((1, 0), (2, 2)), dtype="float64")(x[:, 0])
    np.testing.assert_array_equal(y, x[:, 0, 1:, 2:-2])
    np.testing.assert_array_equal(Cropping1D(1, dtype="float64")(x[:, 0, 0]), x[:, 0, 0, 1:-1])
    y = ZeroPadding3D((2, 3, (0, 1)), dtype="float64")(x)
    np.testing.assert_array_equal(y, np.pad(x, ((0, 0), (2, 2), (3, 3), (0, 1), (0, 0))))
    y = UpSampling3D((2, 3, 1), dtype="float64")(x)
    np.testing.assert_array_equal(y, x.repeat(2, axis=1).repeat(3, axis=2))


@pytest.mark.parametrize("dims", [(1,), (2, 1), (3, 1, 2), (4, 2, 3, 1)])
def test_permute(dims, rng):
    x = rng.normal(size=(2, 3, 4, 5, 6)[: len(dims) + 1])
    layer = Permute(dims, dtype="float64")
    y = layer(x)
    np.testing.assert_array_equal(y, x.transpose(0, *dims))
    np.testing.assert_array_equal(layer.backward(y), x)


def test_repeat_vector(rng):
    x = rng.normal(size=(2, 3))
    y = RepeatVector(4, dtype="float64")(x)
    np.testing.assert_array_equal(y, np.stack([x] * 4, axis=1))


@pytest.mark.parametrize(
    ("shared_axes", "shape"),
    [
        (None, (3, 4, 5)),
        ([1], (1, 4, 5)),
        ([2], (3, 1, 5)),
        ([3], (3, 4, 1)),
        ([1, 3], (1, 4, 1)),
        ([2, 3], (3, 1, 1)),
        (1, (1, 4, 5)),
        ([1, 2, 3], (1, 1, 1)),
    ],
)
def test_prelu_shares_slopes(shared_axes, shape, rng):
    layer = PReLU("uniform", shared_axes=shared_axes, dtype="float64")
    x = rng.normal(size=(2, 3, 4, 5))
    y = layer(x)
    assert layer.alpha.shape == shape
    np.testing.assert_allclose(y, np.where(x > 0, x, layer.alpha.value * x))


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (ZeroPadding2D(), (2, 3, 4), r"\(ZeroPadding2D\) needs inputs of shape \(batch, height,"),
        (ZeroPadding1D(), (2, 3), "needs inputs of shape"),
        (UpSampling2D(), (2, 3, 4), "needs inputs of shape"),
        (Permute((2, 1)), (2, 3), r"\(Permute\) orders 2 axes, but inputs of shape"),
        (Cropping2D((1, 2)), (2, 3, 4, 1), r"\(Cropping2D\): cropping .* leaves nothing of .*3, 4"),
        (Cropping3D(1), (2, 3, 4, 5), r"\(batch, depth, height, width, channels\)"),
        (Resizing(2, 2), (3, 4, 5), r"\(Resizing\) needs inputs of shape \(batch, height"),
        (RepeatVector(2), (2, 3, 4), r"\(RepeatVector\) needs inputs of shape \(batch, features\)"),
        (PReLU(shared_axes=[3]), (2, 3, 4), r"\(PReLU\) shares axes \[3\]"),
        (PReLU(shared_axes=[2, 4]), (2, 3, 4, 5, 6), "more than two groups of axes"),
    ],
)
def test_inputs_that_do_not_fit(layer, shape, message):
    if message.startswith("more than"):
        shape = (*shape, 2)
    with pytest.raises(ValueError, match=message):
        layer(np.zeros(shape))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ZeroPadding2D(-1), "padding must be a whole number from 0"),
        (lambda: ZeroPadding2D((1, 2, 3)), "padding is a whole number, 2 of them, or"),
        (lambda: ZeroPadding2D(1, "channel_last"), "did you mean 'channels_last'"),
        (lambda: ZeroPadding1D((1, 2, 3)), "padding must be a whole number or 2 of them"),
        (lambda: UpSampling2D(0), "size must be a whole number from 1"),
        (lambda: UpSampling2D(interpolation="bilinaer"), "did you mean 'bilinear'"),
        (lambda: Cropping1D(-1), "cropping must be a whole number from 0"),
        (lambda: Cropping3D((1, 2)), "cropping is a whole number, 3 of them, or 3 pairs"),
        (lambda: ZeroPadding3D(((1, 2, 3), 0, 0)), "padding must be a whole number or 2 of them"),
        (lambda: UpSampling3D((1, 2)), "size must be a whole number or 3 of them"),
        (lambda: Resizing(0, 1), "height must be a whole number from 1"),
        (lambda: Resizing(1, 1, "area"), "interpolation must be one of nearest, bilinear"),
        (lambda: Resizing(1, 1, fill_mode="reflect"), "fill_mode must be"),
        (
            lambda: Resizing(1, 1, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            "can't be both cropped and padded",
        ),
        (lambda: CenterCrop(1, 2.5), "width must be a whole number"),
        (lambda: AdaptiveMaxPooling2D((1, 0)), "output_size must be a whole number from 1"),
        (lambda: Permute((1, 3)), "dims must be a whole number from 1 to 2"),
        (lambda: Permute((1, 1)), "dims must name each axis once"),
        (lambda: Permute(2), "dims must be a tuple"),
        (lambda: Permute((5, 4, 3, 2, 1)), "1 to 4 axes"),
        (lambda: RepeatVector(0), "n must be a whole number from 1"),
        (lambda: PReLU(shared_axes=[0]), "shared_axes must be a whole number from 1"),
    ],
)
def test_arguments(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
