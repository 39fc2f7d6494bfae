"""ImageDataGenerator, its transforms and its batches; tests/keras compares them with Keras."""

import copy
import pickle

import numpy as np
import pytest

from nnkit.preprocessing.image import (
    ImageDataGenerator,
    Iterator,
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
    smart_resize,
)

MODES = ("constant", "nearest", "reflect", "wrap")
LAST = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}


@pytest.fixture
def x(rng):
    return rng.uniform(0, 255, (10, 6, 9, 3)).astype(np.float32)


# ------------------------------------------------------------------------------------ transforms


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"tx": 1}, [[2, 3, 0], [5, 6, 0]]),
        ({"ty": 1}, [[4, 5, 6], [0, 0, 0]]),
        ({"ty": -1, "fill_mode": "nearest"}, [[1, 2, 3], [1, 2, 3]]),
        ({"tx": 0.5, "fill_mode": "nearest"}, [[1.5, 2.5, 3], [4.5, 5.5, 6]]),
        ({"theta": 180}, [[6, 5, 4], [3, 2, 1]]),
        ({"zx": 0.5}, [[1.5, 2, 2.5], [4.5, 5, 5.5]]),
        ({"zy": 3, "fill_mode": "wrap"}, [[4, 5, 6], [1, 2, 3]]),
        ({"tx": 2, "fill_mode": "reflect"}, [[3, 3, 2], [6, 6, 5]]),
        ({"tx": 0.6, "order": 0, "fill_mode": "nearest"}, [[2, 3, 3], [5, 6, 6]]),
    ],
)
def test_by_hand(options, expected):
    image = np.array([[[1, 2, 3], [4, 5, 6]]], np.float64)
    found = apply_affine_transform(image, **{"fill_mode": "constant"} | options)
    if options == {"theta": 180}:  # At the edge, rounding may put a pixel outside.
        found = apply_affine_transform(image, **options)
    np.testing.assert_allclose(found[0], expected, atol=1e-12)
    last = apply_affine_transform(
        image.transpose(1, 2, 0), **LAST, **{"fill_mode": "constant"} | options
    )
    if options != {"theta": 180}:
        np.testing.assert_array_equal(last, found.transpose(1, 2, 0))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_against_scipy(mode, order, dtype, x):
    """Of an image that isn't square, about its middle: the matrix is made anew here."""
    ndimage = pytest.importorskip("scipy.ndimage")
    image = x[0].astype(dtype)
    p = {"theta": 25, "tx": 1.3, "ty": -2.1, "shear": 12, "zx": 0.8, "zy": 1.3}
    found = apply_affine_transform(image, **p, **LAST, fill_mode=mode, cval=3, order=order)
    theta, shear = np.radians([p["theta"], p["shear"]])
    # With (x, y) for columns and rows, as the parameters are named.
    rotation = [[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]]
    linear = np.array(rotation) @ [[1, -np.sin(shear)], [0, np.cos(shear)]]
    linear = linear @ np.diag([p["zx"], p["zy"]])
    middle = (np.array([9, 6]) - 1) / 2
    offset = np.array(rotation) @ [p["tx"], p["ty"]] + middle - linear @ middle
    for c in range(3):
        expected = ndimage.affine_transform(
            image[:, :, c], linear[::-1, ::-1], offset[::-1], order=order, mode=mode, cval=3
        )
        np.testing.assert_allclose(found[:, :, c], expected, rtol=1e-5, atol=1e-4)
    assert found.dtype == dtype


def test_brightness(x):
    """As Pillow does it, in whole numbers."""
    from PIL import Image, ImageEnhance

    image = x[0]
    for factor in (0.0, 0.7, 1.0, 1.9):
        found = apply_brightness_shift(image, factor, scale=False)
        by_pillow = ImageEnhance.Brightness(Image.fromarray(image.astype(np.uint8))).enhance(factor)
        np.testing.assert_array_equal(found, np.asarray(by_pillow))
    rgba = np.full((2, 2, 4), 100.0)
    assert apply_brightness_shift(rgba, 2, False)[0, 0].tolist() == [200, 200, 200, 100]
    wide = np.array([[[-1.0], [1.0]]])  # Scaled, changed, and scaled back.
    np.testing.assert_allclose(
        apply_brightness_shift(wide, 0.5, False).ravel(), [-1, 127 / 127.5 - 1]
    )
    assert apply_brightness_shift(wide, 0.5).ravel().tolist() == [0, 127]


def test_channels(x):
    found = apply_channel_shift(x[0], 40, 2)
    np.testing.assert_array_equal(found, np.clip(x[0] + 40, x[0].min(), x[0].max()))


def test_at_random(x):
    image = x[0]
    calls = [
        lambda: random_rotation(image, 30, **LAST),
        lambda: random_shift(image, 0.3, 0.3, **LAST),
        lambda: random_shear(image, 30, **LAST),
        lambda: random_zoom(image, (0.5, 1.5), **LAST),
        lambda: random_channel_shift(image, 50, 2),
        lambda: random_brightness(image, (0.5, 1.5)),
    ]
    for call in calls:
        np.random.seed(1)
        first, second = call(), call()
        assert first.shape == image.shape
        assert (first != second).any()
        np.random.seed(1)
        np.testing.assert_array_equal(call(), first)
    # The first number is how far width may move.
    across = random_shift(np.arange(9.0)[None, :, None] + np.zeros((6, 1, 1)), 0.5, 0, **LAST)
    assert np.ptp(across, axis=0).max() == 0
    assert random_zoom(image, (1, 1), **LAST).tolist() == image.tolist()


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (
            lambda x: apply_affine_transform(x),
            "x must be an image with three axes, got float32 of shape",
        ),
        (lambda x: apply_affine_transform(x[0], row_axis=2), "must be 0, 1, 2 or 1, 2, 0"),
        (lambda x: apply_affine_transform(x[0], theta="a"), "theta must be a number"),
        (lambda x: apply_affine_transform(x[0], tx=np.nan), "tx must be a number"),
        (lambda x: apply_affine_transform(x[0], order=3), r"must be 0 \(nearest\) or 1"),
        (lambda x: apply_affine_transform(x[0], fill_mode="mirror"), "fill_mode must be one of"),
        (lambda x: smart_resize(x[0, 0], (3, 3)), "x must be an image or a batch of them"),
        (lambda x: smart_resize(x, (3, 3, 3)), "size must be a whole number or 2 of them"),
        (lambda x: smart_resize(x, (3, 3), "cubic"), "interpolation must be one of"),
        (lambda x: random_rotation(x[0], -1), "rg must be a number in"),
        (lambda x: random_zoom(x[0], 0.2), "zoom_range must be two numbers, got 0.2"),
        (lambda x: random_zoom(x[0], (2, 1)), "the smaller number first"),
        (lambda x: apply_brightness_shift(x[0], -1), "brightness must be a number in"),
    ],
)
def test_errors_of_transforms(call, reason, x):
    with pytest.raises((TypeError, ValueError), match=reason):
        call(x)


# ------------------------------------------------------------------------------- the generator


def moved(image, options, seed):
    generator = ImageDataGenerator(fill_mode="wrap", interpolation_order=0, **options)
    return generator.random_transform(image, seed)


def test_directions():
    """Height is moved along by height_shift_range, which Keras has had the other way round."""
    rows = np.arange(6.0)[:, None, None] + np.zeros((1, 9, 1))
    columns = np.arange(9.0)[None, :, None] + np.zeros((6, 1, 1))
    down, across = {"height_shift_range": [2]}, {"width_shift_range": [2]}
    for seed in range(3):
        assert (moved(rows, down, seed) != rows).any()
        assert (moved(columns, down, seed) == columns).all()
        assert (moved(columns, across, seed) != columns).any()
        assert (moved(rows, across, seed) == rows).all()


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (0.5, (-0.5 * 9, 0.5 * 9, False)),
        (1.0, (-1, 1, False)),
        (2.5, (-2.5, 2.5, False)),
        (3, {-2, -1, 0, 1, 2}),
        (1, {0}),
        ([1, 4], {-4, -1, 1, 4}),
        ([0.1, 0.2], {-1.8, -0.9, 0.9, 1.8}),
    ],
)
def test_kinds_of_shifts(limit, expected):
    generator = ImageDataGenerator(width_shift_range=limit)
    drawn = [generator.get_random_transform((6, 9, 3), seed)["tx"] for seed in range(60)]
    if isinstance(expected, set):
        assert {round(v, 9) for v in drawn} == expected
    else:
        assert expected[0] <= min(drawn) < expected[0] / 2
        assert expected[1] / 2 < max(drawn) <= expected[1]


def test_flips_and_order(x):
    generator = ImageDataGenerator(horizontal_flip=True, vertical_flip=True)
    found = {}
    for seed in range(30):
        p = generator.get_random_transform(x.shape[1:], seed)
        found[p["flip_vertical"], p["flip_horizontal"]] = generator.random_transform(x[0], seed)
    assert len(found) == 4
    for (down, across), image in found.items():
        np.testing.assert_array_equal(image, x[0][:: 1 - 2 * down, :: 1 - 2 * across])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_both_formats_are_the_same(data_format, x):
    options = {
        **{"rotation_range": 20, "zoom_range": 0.2, "horizontal_flip": True},
        **{"channel_shift_range": 9, "brightness_range": (0.5, 1), "featurewise_center": True},
    }
    found = {}
    for name in ("channels_last", "channels_first"):
        generator = ImageDataGenerator(**options, data_format=name)
        images = x if name == "channels_last" else x.transpose(0, 3, 1, 2)
        generator.fit(images)
        batch = next(generator.flow(images, batch_size=10, seed=3))
        found[name] = batch if name == "channels_last" else batch.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(
        found["channels_last"], found["channels_first"], rtol=1e-5, atol=1e-4
    )
    assert (found["channels_last"] != x).any()


def test_standards(x):
    x64 = x.astype(float)
    generator = ImageDataGenerator(samplewise_std_normalization=True, rescale=0.5, dtype="float64")
    expected = x64 / 2 - (x64 / 2).mean((1, 2, 3), keepdims=True)
    expected /= (x64 / 2).std((1, 2, 3), keepdims=True) + 1e-6
    np.testing.assert_allclose(generator.standardize(x64), expected)
    np.testing.assert_allclose(generator.standardize(x64[0]), expected[0])
    np.testing.assert_allclose(generator.flow(x64, shuffle=False)[0], expected)

    generator = ImageDataGenerator(featurewise_std_normalization=True, dtype="float64")
    generator.fit(x64)
    expected = (x64 - x64.mean((0, 1, 2))) / (x64.std((0, 1, 2)) + 1e-6)
    np.testing.assert_allclose(generator.standardize(x64), expected)

    many = np.random.default_rng(1).normal(3, 2, (200, 2, 3, 1))
    generator = ImageDataGenerator(zca_whitening=True, dtype="float64")
    generator.fit(many)
    white = generator.standardize(many).reshape(200, -1)
    np.testing.assert_allclose(white.T @ white / 200, np.eye(6), atol=1e-4)
    assert x64.tolist() == x.tolist()  # What was given stays.


def test_fit_on_transformed_images(x):
    generator = ImageDataGenerator(
        featurewise_center=True, rotation_range=90, cval=0, fill_mode="constant"
    )
    generator.fit(x, augment=True, rounds=3, seed=1)
    first = generator.mean
    generator.fit(x, augment=True, rounds=3, seed=1)
    np.testing.assert_array_equal(generator.mean, first)
    assert (first < x.mean((0, 1, 2)) - 5).all()


def test_a_function_of_yours(x):
    seen = []

    def twice(image):
        seen.append(image.shape)
        return image.astype(np.float64) * 2

    generator = ImageDataGenerator(preprocessing_function=twice, rescale=0.5)
    np.testing.assert_allclose(generator.flow(x, shuffle=False)[0], x)
    assert seen == [(6, 9, 3)] * 10
    wrong = ImageDataGenerator(preprocessing_function=lambda image: image[:3])
    with pytest.raises(ValueError, match=r"made an image of shape \(3, 9, 3\) of one of shape"):
        wrong.flow(x)[0]


def test_a_zoom_that_mirrors():
    with pytest.warns(UserWarning, match="draws factors from -0.2 to 2.2"):
        generator = ImageDataGenerator(zoom_range=1.2, fill_mode="constant")
    assert generator.zoom_range == pytest.approx((-0.2, 2.2))
    row = np.arange(5.0)[:, None].repeat(5, 1)[..., None]
    mirrored = generator.apply_transform(row, {"zx": 1, "zy": -1})
    np.testing.assert_allclose(mirrored, row[::-1], atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*has no effect before")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"rotation_range": -1}, "rotation_range must be a number in"),
        ({"width_shift_range": -0.1}, "width_shift_range must be a number in"),
        ({"height_shift_range": []}, "height_shift_range must have at least one number"),
        ({"zoom_range": "1"}, "zoom_range must be a number"),
        ({"zoom_range": -0.2}, r"zoom_range must be a number in \[0, inf\)"),
        ({"zoom_range": (0, 1)}, "zoom_range must be a number in"),
        ({"zoom_range": (1, 2, 3)}, "zoom_range must be two numbers"),
        ({"brightness_range": 0.5}, "brightness_range must be two numbers, got 0.5"),
        ({"brightness_range": (-1, 1)}, "brightness_range must be a number in"),
        ({"shear_range": "a"}, "shear_range must be a number"),
        ({"fill_mode": "nearst"}, "did you mean 'nearest'"),
        ({"interpolation_order": 3}, "interpolation_order must be 0"),
        ({"validation_split": 1}, r"validation_split must be a number in \[0, 1\)"),
        ({"data_format": "channel_last"}, "did you mean 'channels_last'"),
        ({"dtype": "int32"}, "dtype must be float32 or float64"),
        ({"preprocessing_function": 3}, "must be a function"),
        ({"rotatoin_range": 3}, "did you mean 'rotation_range'"),
    ],
)
def test_bad_arguments(options, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        ImageDataGenerator(**options)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (
            lambda g, x: g.flow(x[..., 0]),
            r"shape \(10, 6, 9\); for grey images give x\[..., None\]",
        ),
        (
            lambda g, x: g.flow(x.transpose(0, 3, 1, 2)),
            "with data_format='channels_first' it would",
        ),
        (lambda g, x: g.flow(x[:0]), "there is no image"),
        (lambda g, x: g.flow(x, np.zeros(9)), "x and y must have equally many samples"),
        (lambda g, x: g.flow((x, [np.zeros(9)])), r"x and x\[1\] must have equally many"),
        (lambda g, x: g.flow(x, sample_weight=[1]), "x and sample_weight must have equally many"),
        (lambda g, x: g.flow(x, batch_size=0), "batch_size must be"),
        (lambda g, x: g.flow(x, seed=-1), "seed must be"),
        (lambda g, x: g.flow(x, subset="training"), r"needs ImageDataGenerator\(validation_split"),
        (lambda g, x: g.flow(x, save_to_dir="nowhere"), "no folder save_to_dir='nowhere'"),
        (lambda g, x: g.fit(x[0]), "x must be images"),
        (lambda g, x: g.apply_transform(x[0], {"zom": 1}), "transform_parameters must be one of"),
        (lambda g, x: g.apply_transform(x[0], {"theta": np.inf}), "theta must be a number"),
        (lambda g, x: g.apply_transform(x, {}), "x must be an image with three axes"),
        (lambda g, x: g.standardize(x[0, 0]), "x must be an image or a batch"),
        (lambda g, x: g.get_random_transform((3, 3)), "img_shape has three axes"),
    ],
)
def test_bad_data(wrong, reason, x):
    with pytest.raises((TypeError, ValueError, OSError), match=reason):
        wrong(ImageDataGenerator(), x)


def test_images_of_another_shape_than_those_of_fit(x):
    generator = ImageDataGenerator(featurewise_center=True)
    with pytest.warns(UserWarning, match="featurewise_center has no effect before"):
        generator.flow(x)
    generator.fit(x)
    with pytest.raises(ValueError, match="have 1 channels, those of fit had 3"):
        generator.flow(x[..., :1])
    generator = ImageDataGenerator(zca_whitening=True)
    generator.fit(x)
    with pytest.raises(ValueError, match=r"have shape \(6, 8, 3\), 144 values, but those of fit"):
        generator.flow(x[:, :, :8])
    with pytest.warns(UserWarning, match="has 2 channels, and not 1, 3 or 4"):
        ImageDataGenerator().flow(x[..., :2])
    with pytest.warns(UserWarning, match="zca_whitening replaces featurewise_std_normalization"):
        ImageDataGenerator(zca_whitening=True, featurewise_std_normalization=True)
    with pytest.raises(MemoryError, match="the matrix of zca_whitening"):
        generator.fit(np.broadcast_to(np.float32(0), (1, 2000, 3000, 1)))


# ---------------------------------------------------------------------------------- its batches

RANDOM = {"rotation_range": 20, "width_shift_range": 0.2, "horizontal_flip": True}


def batches(iterator, n):
    return [next(iterator) for _ in range(n)]


def test_what_is_drawn_goes_by_epoch_and_batch(x):
    generator, y = ImageDataGenerator(**RANDOM), np.arange(10)

    def flow(seed=5):
        return generator.flow(x, y, batch_size=4, seed=seed)

    expected = batches(flow(), 6)
    assert [len(labels) for _, labels in expected] == [4, 4, 2] * 2
    for epoch in (0, 1):
        assert sorted(np.concatenate([y for _, y in expected[3 * epoch : 3 * epoch + 3]])) == [*y]
    assert (expected[0][1] != expected[3][1]).any()
    iterator = flow()
    for epoch in range(2):
        for index in (2, 0, 1, -1):  # In any order, and again.
            for found, want in zip(iterator[index], expected[3 * epoch + index % 3], strict=True):
                np.testing.assert_array_equal(found, want)
        iterator.on_epoch_end()
    assert (batches(flow(6), 1)[0][0] != expected[0][0]).any()
    again = pickle.loads(pickle.dumps(flow()))
    for found in (batches(again, 6), batches(copy.deepcopy(flow()), 6)):
        for (images, labels), (i, n) in zip(found, expected, strict=True):
            np.testing.assert_array_equal(images, i)
            np.testing.assert_array_equal(labels, n)


def test_without_a_seed_numpy_draws_one(x):
    generator = ImageDataGenerator(**RANDOM)
    np.random.seed(3)
    first = batches(generator.flow(x), 2)
    assert (batches(generator.flow(x), 1)[0] != first[0]).any()
    np.random.seed(3)
    iterator = generator.flow(x)
    state = np.random.get_state()[1].tolist()
    for found, expected in zip(batches(iterator, 2), first, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert np.random.get_state()[1].tolist() == state  # Batches may be made by another thread.


def test_what_a_batch_has(x):
    generator = ImageDataGenerator(validation_split=0.3)
    y, weight, table = np.arange(10), np.arange(10.0), np.arange(20).reshape(10, 2)
    images, labels, weights = generator.flow(x, y, sample_weight=weight, shuffle=False)[0]
    np.testing.assert_array_equal(images, x)
    np.testing.assert_array_equal(labels, y)
    np.testing.assert_array_equal(weights, weight)
    (images, others), labels = generator.flow((x, [table]), y, shuffle=False)[0]
    np.testing.assert_array_equal(others, table)
    assert generator.flow(x.astype(np.uint8))[0].dtype == np.float32
    assert ImageDataGenerator(dtype="float64").flow(x)[0].dtype == np.float64
    with pytest.raises(ValueError, match="training and validation have different classes"):
        generator.flow(x, y, subset="training")
    options = {"shuffle": False, "ignore_class_split": True}
    np.testing.assert_array_equal(generator.flow(x, y, subset="validation", **options)[0][1], y[:3])
    np.testing.assert_array_equal(generator.flow(x, y, subset="training", **options)[0][1], y[3:])
    iterator = generator.flow(x, batch_size=3)
    assert len(iterator) == 4
    with pytest.raises(IndexError):
        iterator[4]
    first = generator.flow(x, batch_size=3, shuffle=False)
    batches(first, 2)
    first.reset()
    np.testing.assert_array_equal(next(first), x[:3])
    assert isinstance(first, Iterator)
    assert iter(first) is first


def test_saved_pictures(x, tmp_path):
    from PIL import Image

    generator = ImageDataGenerator()
    next(generator.flow(x, batch_size=4, shuffle=False, save_to_dir=tmp_path, save_prefix="a"))
    files = sorted(tmp_path.iterdir())
    assert [f.name.split("_")[:2] for f in files] == [["a", str(i)] for i in range(4)]
    scaled = (x[0] - x[0].min()) / (x[0].max() - x[0].min()) * 255
    with Image.open(files[0]) as image:
        assert abs(np.asarray(image) - scaled).max() < 1.01
