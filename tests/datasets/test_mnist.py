import importlib.util
import os
import zipfile
from pathlib import Path

import numpy as np
import pooch
import pytest

from nnkit.datasets import load_digits, mnist

SHAPES = {
    "x_train": (60000, 28, 28),
    "y_train": (60000,),
    "x_test": (10000, 28, 28),
    "y_test": (10000,),
}
FULL_SET = os.environ.get("NNKIT_DATA_DIR")
needs_full_set = pytest.mark.skipif(not FULL_SET, reason="NNKIT_DATA_DIR is not set")


@pytest.fixture
def arrays():
    """Arrays of MNIST's shapes and types, all zero."""
    return {name: np.zeros(shape, np.uint8) for name, shape in SHAPES.items()}


@pytest.fixture(autouse=True)
def empty_machine(tmp_path, monkeypatch):
    """No data set anywhere, and no network."""

    def offline(*arguments, **keywords):
        raise ConnectionError("Name or service not known")

    monkeypatch.delenv("NNKIT_DATA_DIR", raising=False)
    monkeypatch.setenv("NNKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(pooch, "retrieve", offline)


def test_digits_have_all_classes_in_equal_parts():
    (x_train, y_train), (x_test, y_test) = load_digits()
    assert x_train.shape == (6000, 28, 28)
    assert x_test.shape == (1000, 28, 28)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    np.testing.assert_array_equal(np.bincount(y_train), [600] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [100] * 10)
    # Shuffled, so that a validation split of the last tenth sees every class.
    assert np.bincount(y_train[-600:], minlength=10).min() > 30


@needs_full_set
def test_digits_come_from_the_script(tmp_path):
    script = Path(__file__).parents[2] / "tools" / "make_digits.py"
    spec = importlib.util.spec_from_file_location("make_digits", script)
    make_digits = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_digits)
    make_digits.make_digits(Path(FULL_SET) / "mnist.npz", tmp_path / "digits.npz")
    # Byte for byte, but for the compression, which differs between versions of zlib.
    assert members(tmp_path / "digits.npz") == members(make_digits.SHIPPED)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@needs_full_set
def test_the_full_set_is_read(monkeypatch):
    monkeypatch.setenv("NNKIT_DATA_DIR", FULL_SET)
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert x_train.shape == (60000, 28, 28)
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert x_test.shape == (10000, 28, 28)
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]


def test_the_users_folder_comes_before_the_cache(tmp_path, monkeypatch, arrays):
    cached = tmp_path / "cache" / "datasets" / "mnist.npz"
    cached.parent.mkdir(parents=True)
    np.savez_compressed(cached, **arrays)
    assert mnist.find() == cached

    monkeypatch.setenv("NNKIT_DATA_DIR", str(tmp_path))
    assert mnist.find() == cached
    arrays["y_train"][0] = 5
    np.savez_compressed(tmp_path / "mnist.npz", **arrays)
    assert mnist.find() == tmp_path / "mnist.npz"
    assert mnist.load_data()[0][1][0] == 5


def test_another_name_is_looked_for(tmp_path, monkeypatch, arrays):
    monkeypatch.setenv("NNKIT_DATA_DIR", str(tmp_path))
    np.savez_compressed(tmp_path / "other.npz", **arrays)
    assert mnist.find() is None
    assert mnist.load_data("other.npz")[1][0].shape == (10000, 28, 28)


def test_download(tmp_path, monkeypatch, arrays):
    def retrieve(url, known_hash, fname, path, progressbar):
        assert url == mnist.URL
        assert known_hash == f"sha256:{mnist.SHA256}"
        assert progressbar
        np.savez_compressed(path / fname, **arrays)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    (x_train, _), (_, y_test) = mnist.load_data()
    assert x_train.shape == (60000, 28, 28)
    assert y_test.shape == (10000,)
    assert mnist.find() == tmp_path / "cache" / "datasets" / "mnist.npz"


@pytest.mark.parametrize("folder_given", [False, True])
def test_offline_says_what_was_tried_and_what_to_do(tmp_path, monkeypatch, folder_given):
    if folder_given:
        monkeypatch.setenv("NNKIT_DATA_DIR", str(tmp_path / "mine"))
    with pytest.raises(OSError, match="not on this machine") as error:
        mnist.load_data()
    message = str(error.value)
    assert (str(tmp_path / "mine" / "mnist.npz") in message) == folder_given
    assert ("NNKIT_DATA_DIR is not set" in message) != folder_given
    assert str(tmp_path / "cache" / "datasets" / "mnist.npz") in message
    assert mnist.URL in message
    assert "Name or service not known" in message
    assert "load_digits()" in message


def test_a_download_with_another_digest_is_refused(monkeypatch):
    def retrieve(*arguments, **keywords):
        raise ValueError("SHA256 hash of downloaded file does not match the known hash")

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(OSError, match="does not match the known hash"):
        mnist.load_data()


def write_without_labels(path, arrays):
    del arrays["y_test"]
    np.savez(path, **arrays)


def write_floats(path, arrays):
    arrays["x_test"] = np.zeros((10000, 28, 28), np.float16)
    np.savez(path, **arrays)


def write_flat_images(path, arrays):
    arrays["x_train"] = arrays["x_train"].reshape(60000, 784)
    np.savez(path, **arrays)


def write_objects(path, arrays):
    arrays["y_train"] = np.array([{}], dtype=object)
    np.savez(path, **arrays)


def write_text(path, arrays):
    path.write_text("<html>404</html>")


def write_half(path, arrays):
    np.savez(path, **arrays)
    path.write_bytes(path.read_bytes()[:1000])


def write_damaged(path, arrays):
    np.savez(path, **arrays)
    content = bytearray(path.read_bytes())
    content[10000] = 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (write_without_labels, "it has no y_test, only x_train, y_train, x_test"),
        (write_floats, r"x_test is float16 of shape \(10000, 28, 28\), not uint8"),
        (write_flat_images, r"x_train is uint8 of shape \(60000, 784\), not uint8 of shape"),
        (write_objects, "Object arrays cannot be loaded"),
        (write_text, "File is not a zip file"),
        (write_half, "File is not a zip file"),
        (write_damaged, "Bad CRC-32"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path, monkeypatch, arrays, write, reason):
    monkeypatch.setenv("NNKIT_DATA_DIR", str(tmp_path))
    write(tmp_path / "mnist.npz", arrays)
    with pytest.raises(ValueError, match=reason) as error:
        mnist.load_data()
    assert str(tmp_path / "mnist.npz") in str(error.value)
