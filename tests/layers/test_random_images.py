"""Layers that transform images at random: what they draw, and models that begin with them."""

import numpy as np
import pytest

import nnkit
from nnkit.layers import (
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
    Rescaling,
)

COLUMN = np.tile(np.arange(100.0), (500, 1, 1)).reshape(500, 1, 100, 1)


def layers():
    return [
        RandomFlip(seed=1),
        RandomRotation(0.2, seed=1),
        RandomTranslation(0.2, 0.3, seed=1),
        RandomZoom(0.2, seed=1),
        RandomContrast(0.5, seed=1),
        RandomBrightness(0.3, seed=1),
    ]


@pytest.mark.parametrize("layer", layers(), ids=lambda layer: type(layer).__name__)
def test_each_image_has_numbers_of_its_own(layer, rng):
    x = np.tile(rng.uniform(0, 255, (1, 6, 7, 3)), (40, 1, 1, 1))
    y = layer(x, training=True)
    kinds = len(np.unique(y.reshape(40, -1).round(3), axis=0))
    assert kinds == 4 if isinstance(layer, RandomFlip) else kinds == 40
    assert not np.array_equal(layer(x, training=True), y)  # The next call draws others.
    np.testing.assert_array_equal(layer(x, training=False), x.astype(np.float32))


@pytest.mark.parametrize(
    "layer", [*layers(), RandomCrop(6, 7, seed=1)], ids=lambda layer: layer.name
)
def test_one_image_alone(layer, rng):
    """As in Keras: what the first of a batch would become."""
    image = rng.uniform(0, 255, (6, 7, 3))
    alone = layer(image)
    again = type(layer).from_config(layer.get_config())
    assert alone.shape == image.shape
    np.testing.assert_array_equal(alone, again(image[None])[0])


@pytest.mark.parametrize(
    ("factor", "low", "high"), [(0.1, -10, 10), ((0.05, 0.2), 5, 20), ((0.1, -0.3), -30, 10)]
)
def test_distances_fill_their_interval(factor, low, high):
    y = RandomTranslation(0, factor, "constant", fill_value=-1e6)(COLUMN)
    moved = 50 - y[:, 0, 50, 0]
    assert low <= moved.min() < low + 0.05 * (high - low)
    assert high - 0.05 * (high - low) < moved.max() <= high


@pytest.mark.parametrize(("mode", "axes"), [("horizontal", {2}), ("vertical", {1})])
def test_half_of_the_images_are_mirrored(mode, axes, rng):
    x = np.tile(rng.random((1, 3, 4, 2)), (400, 1, 1, 1)).astype(np.float32)
    y = RandomFlip(mode, seed=1)(x, training=True)
    mirrored = (y == np.flip(x, tuple(axes))).all(axis=(1, 2, 3))
    assert ((y == x).all(axis=(1, 2, 3)) ^ mirrored).all()
    assert 160 < mirrored.sum() < 240


def test_factors_of_contrast():
    x = COLUMN[..., :60, :] + 30
    y = RandomContrast((0.5, 0.2), seed=1)(x, training=True)
    factors = (y[:, 0, 59, 0] - y[:, 0, 0, 0]) / 59
    assert 0.5 <= factors.min() < 0.53
    assert 1.17 < factors.max() <= 1.2


def test_crops(rng):
    x = rng.random((3, 6, 8, 2)).astype(np.float32)
    corners = set()
    layer = RandomCrop(3, 4, seed=1)
    for _ in range(60):
        y = layer(x, training=True)
        windows = [
            (i, j)
            for i in range(4)
            for j in range(5)
            if np.array_equal(y, x[:, i : i + 3, j : j + 4])
        ]
        assert len(windows) == 1
        corners.update(windows)
    assert {i for i, _ in corners} == set(range(4))
    assert {j for _, j in corners} == set(range(5))
    middle = nnkit.layers.Resizing(3, 4, crop_to_aspect_ratio=True)(x)
    np.testing.assert_array_equal(layer(x, training=False), middle)
    small = layer(x[:, :2], training=True)
    assert small.shape == (3, 3, 4, 2)


def test_a_classifier_of_a_tutorial(rng, tmp_path):
    """Whole numbers as images; augmentation as a model in a model; the same from a file."""
    augment = nnkit.Sequential(
        [RandomFlip("horizontal"), RandomRotation(0.1), RandomZoom(0.1), RandomContrast(0.2)]
    )
    inputs = nnkit.Input((12, 10, 3))
    x = Rescaling(1 / 255)(augment(inputs))
    x = GlobalAveragePooling2D()(Conv2D(4, 3, activation="relu")(x))
    model = nnkit.Model(inputs, Dense(2, activation="softmax")(x))
    model.compile(nnkit.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    y = rng.integers(0, 2, 64)
    images = rng.integers(0, 100, (64, 12, 10, 3)).astype(np.uint8)
    images[y == 1, ..., 0] += 100
    assert not np.array_equal(augment(images), images)  # As in Keras; unlike the whole model.
    np.testing.assert_array_equal(augment(images, training=False), images)
    np.testing.assert_allclose(model(images), model.predict(images), rtol=1e-5)
    history = model.fit(images, y, epochs=8, verbose=0).history["loss"]
    assert history[-1] < 0.9 * history[0]
    path = tmp_path / "model.h5"
    model.save(path)
    again = nnkit.load_model(path)
    np.testing.assert_array_equal(again.predict(images), model.predict(images))
    for one in (model, again):
        one.fit(images, y, epochs=1, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomRotation(1.5), r"RandomRotation: factor must be a number in \[-1.0, 1.0\]"),
        (lambda: RandomRotation((0.1, 0.2, 0.3)), "factor is a number or two of them"),
        (lambda: RandomRotation(0.1, "mirror"), "RandomRotation: fill_mode"),
        (lambda: RandomZoom(0.1, interpolation="cubic"), "RandomZoom: interpolation"),
        (lambda: RandomZoom("0.1"), "RandomZoom: height_factor"),
        (lambda: RandomTranslation(0.1), "width_factor"),
        (lambda: RandomFlip("left"), "RandomFlip: mode"),
        (lambda: RandomContrast(-0.1), r"RandomContrast: factor must be a number in \[0.0, 1.0\]"),
        (lambda: RandomBrightness(0.1, 255), "RandomBrightness: value_range is two numbers"),
        (lambda: RandomBrightness(0.1, (1, 1)), "RandomBrightness: value_range must be two"),
        (lambda: RandomCrop(0, 3), "RandomCrop: height"),
        (lambda: Flatten()(RandomFlip()(nnkit.Input((3, 4)))), "needs inputs of shape"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
