import io

import numpy as np
import pytest
from PIL import Image

from nnkit.utils import array_to_img, img_to_array, load_img, save_img


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 256, (6, 9, 3), np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_there_and_back(channels, data_format, rng):
    x = rng.integers(0, 256, (6, 9, channels)).astype(np.float32)
    given = x if data_format == "channels_last" else x.transpose(2, 0, 1)
    img = array_to_img(given, data_format, scale=False)
    assert img.size == (9, 6)
    assert img.mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    back = img_to_array(img, data_format)
    np.testing.assert_array_equal(back, given)
    assert back.dtype == np.float32
    assert back.flags.c_contiguous
    assert img_to_array(img, data_format, "uint8").dtype == np.uint8


def test_scaling(rng):
    x = rng.normal(size=(5, 4, 3))
    expected = (x - x.min()) / np.ptp(x) * 255
    assert abs(img_to_array(array_to_img(x)) - expected).max() < 1.001
    assert img_to_array(array_to_img(x)).max() == 255
    assert img_to_array(array_to_img(np.full((2, 2, 1), 7))).max() == 0
    wide = np.array([[[70000.0], [3.0]]])
    assert img_to_array(array_to_img(wide, scale=False)).ravel().tolist() == [70000, 3]


def test_files(pixels, tmp_path):
    for name in ("a.png", "b.bmp", "c.PNG"):
        save_img(tmp_path / name, pixels, scale=False)
        np.testing.assert_array_equal(np.asarray(load_img(str(tmp_path / name))), pixels)
    save_img(tmp_path / "d.jpg", pixels, quality=95)
    assert load_img(tmp_path / "d.jpg").size == (9, 6)
    with pytest.warns(UserWarning, match="JPEG has no transparency"):
        save_img(tmp_path / "e.jpg", np.zeros((2, 2, 4)))
    file = io.BytesIO()
    save_img(file, pixels, file_format="png", scale=False)
    np.testing.assert_array_equal(np.asarray(load_img(file)), pixels)
    assert load_img(tmp_path / "a.png", "grayscale").mode == "L"
    assert load_img(tmp_path / "a.png", "rgba").mode == "RGBA"
    Image.fromarray(np.full((2, 3), 70000, np.int32)).save(tmp_path / "f.tif")
    assert img_to_array(load_img(tmp_path / "f.tif", "grayscale")).max() == 70000


def test_sizes(pixels, tmp_path):
    save_img(tmp_path / "a.png", pixels, scale=False)
    img = load_img(tmp_path / "a.png", target_size=(3, 3))
    np.testing.assert_array_equal(np.asarray(img), pixels[1::2, 1::3])
    img = load_img(tmp_path / "a.png", target_size=(6, 6), keep_aspect_ratio=True)
    np.testing.assert_array_equal(np.asarray(img), pixels[:, 1:7])
    img = load_img(tmp_path / "a.png", target_size=(2, 6), keep_aspect_ratio=True)
    np.testing.assert_array_equal(
        np.asarray(img), np.asarray(Image.fromarray(pixels[1:4]).resize((6, 2), Image.NEAREST))
    )
    img = load_img(tmp_path / "a.png", target_size=[12, 18], interpolation="bilinear")
    expected = Image.fromarray(pixels).resize((18, 12), Image.BILINEAR)
    np.testing.assert_array_equal(np.asarray(img), np.asarray(expected))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda: array_to_img(np.zeros((2, 2))), r"must be one image \(height, width, channels\)"),
        (lambda: array_to_img(np.zeros((2, 2, 5))), r"1, 3 or 4 channels, got shape \(2, 2, 5\)"),
        (lambda: array_to_img(np.zeros((0, 2, 3))), "got shape"),
        (lambda: array_to_img(np.full((2, 2, 3), np.nan)), "NaN or infinite"),
        (
            lambda: array_to_img(np.full((2, 2, 3), 300), scale=False),
            "from 300 to 300, .* scale=True",
        ),
        (lambda: array_to_img(np.full((2, 2, 1), -5), scale=False), "from -5 to -5"),
        (lambda: array_to_img(np.zeros((2, 2, 3)), "last"), "data_format must be one of"),
        (lambda: img_to_array(np.zeros(3)), r"2 or 3 axes, got shape \(3,\)"),
        (lambda: save_img(io.BytesIO(), np.zeros((2, 2, 3))), "give file_format='png'"),
        (lambda: save_img("a.xyz", np.zeros((2, 2, 3))), "Pillow writes no format 'xyz'"),
        (lambda: load_img("nowhere.png"), "nowhere.png"),
        (lambda: load_img(3), "path is a path or an open file, got 3"),
        (lambda: load_img("a.png", "grey"), "color_mode must be one of"),
        (lambda: load_img("a.png", target_size=3.5), "target_size must be"),
    ],
)
def test_errors(wrong, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((TypeError, ValueError, OSError), match=reason):
        wrong()


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    for call in (lambda: array_to_img(np.zeros((2, 2, 3))), lambda: load_img("a.png")):
        with pytest.raises(ImportError, match=r"pip install nnkit\[images\]"):
            call()
