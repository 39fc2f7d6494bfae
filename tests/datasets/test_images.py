"""CIFAR and Fashion-MNIST: made-up files in the original form."""

import gzip
import io
import pickle
import tarfile

import numpy as np
import pytest

from nnkit.datasets import cifar10, cifar100, fashion_mnist

N = 4


def batch(rng, python2=True, **labels):
    """A batch as Python 2 wrote it: texts and an array of bytes, by protocol 2."""
    x = rng.integers(0, 256, (N, 3072), np.uint8)
    if not python2:
        return x, pickle.dumps({b"data": x, **{k.encode(): v for k, v in labels.items()}}, 2)
    head = b"\x80\x02}q\x01(U\x04dataq\x02"
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K"
        + bytes([N])
        + b"M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ"
        b"\xff\xff\xff\xffK\x00tb\x89T" + x.nbytes.to_bytes(4, "little") + x.tobytes() + b"tb"
    )
    rest = b"".join(
        b"U" + bytes([len(k)]) + k.encode() + b"](" + b"".join(b"K" + bytes([n]) for n in v) + b"e"
        for k, v in labels.items()
    )
    return x, head + array + rest + b"u."


def archive(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def images(x):
    return x.reshape(N, 3, 32, 32).transpose(0, 2, 3, 1)


@pytest.mark.parametrize("python2", [True, False])
@pytest.mark.parametrize("as_folder", [True, False])
def test_cifar10(folder, rng, python2, as_folder):
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    labels = [rng.integers(0, 10, N).tolist() for _ in names]
    made = [batch(rng, python2, labels=y, batch_label=[1]) for y in labels]
    files = {f"cifar-10-batches-py/{n}": c for n, (_, c) in zip(names, made, strict=True)}
    if as_folder:
        (folder / "cifar-10-batches-py").mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    else:
        # In another order, with files that don't matter.
        others = {"cifar-10-batches-py/readme.html": b"<html>", "../evil": b"evil"}
        archive(folder / "cifar-10-python.tar.gz", others | dict(reversed(files.items())))
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    np.testing.assert_array_equal(x_train, np.concatenate([images(x) for x, _ in made[:5]]))
    np.testing.assert_array_equal(y_train, np.reshape(labels[:5], (-1, 1)))
    np.testing.assert_array_equal(x_test, images(made[5][0]))
    np.testing.assert_array_equal(y_test, np.reshape(labels[5], (-1, 1)))
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype("uint8")}
    assert not (folder.parent / "evil").exists()


@pytest.mark.parametrize("mode", ["fine", "coarse"])
def test_cifar100(folder, rng, mode):
    labels = {k: rng.integers(0, 20, N).tolist() for k in ("fine_labels", "coarse_labels")}
    (x, train), (_, test) = batch(rng, **labels), batch(rng, **labels)
    files = {"cifar-100-python/train": train, "cifar-100-python/test": test}
    archive(folder / "cifar-100-python.tar.gz", files)
    (x_train, y_train), (x_test, _) = cifar100.load_data(mode)
    np.testing.assert_array_equal(x_train, images(x))
    np.testing.assert_array_equal(y_train[:, 0], labels[f"{mode}_labels"])
    assert x_test.shape == (N, 32, 32, 3)
    with pytest.raises(ValueError, match=r"label_mode must be one of fine, coarse, got 'corse'"):
        cifar100.load_data("corse")


class Calls:
    def __reduce__(self):
        return open, ("made", "w")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pickle.dumps(Calls(), 2), "asks for (io|_io|__builtin__).open"),
        (pickle.dumps([1], 2), "no dictionary"),
        (pickle.dumps({b"data": 1}, 2), "no array b'data'"),
        (pickle.dumps({b"data": np.zeros((2, 9), np.uint8)}, 2), "9 values, not 3072"),
        (batch(np.random.default_rng(0), labels=[1])[1], "a label for each image"),
        (batch(np.random.default_rng(0), labels=[1, 2, 3, 200])[1], "a label for each image"),
        (None, "it has no cifar-100-python/test"),
    ],
    ids=["code", "list", "number", "size", "few", "large", "missing"],
)
def test_another_file_is_refused(folder, rng, content, reason, monkeypatch):
    monkeypatch.chdir(folder)
    good = batch(rng, fine_labels=[1] * N, labels=[1] * N)[1]
    files = {"train": good} | ({} if content is None else {"test": content})
    archive(
        folder / "cifar-100-python.tar.gz", {f"cifar-100-python/{n}": c for n, c in files.items()}
    )
    with pytest.raises(ValueError, match=reason) as error:
        cifar100.load_data()
    assert "cifar-100-python.tar.gz is not the data set" in str(error.value)
    assert not (folder / "made").exists()


def test_no_archive(folder):
    with pytest.raises(OSError, match="CIFAR-10 is not on this machine") as error:
        cifar10.load_data()
    assert "the folder cifar-10-batches-py from it will do, too" in str(error.value)
    (folder / "cifar-10-python.tar.gz").write_bytes(b"<html>404</html>")
    with pytest.raises(ValueError, match="is not the data set"):
        cifar10.load_data()
    (folder / "cifar-10-batches-py").mkdir()
    with pytest.raises(OSError, match="has no file data_batch_1"):
        cifar10.load_data()


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()


def test_fashion_mnist(folder, rng):
    (folder / "fashion-mnist").mkdir()
    arrays = {}
    for part, n in (("train", 60000), ("t10k", 10000)):
        arrays[part] = np.zeros((n, 28, 28), np.uint8), rng.integers(0, 10, n).astype(np.uint8)
        arrays[part][0][:, 3, 5] = arrays[part][1]
        for array, name in zip(arrays[part], ("images-idx3", "labels-idx1"), strict=True):
            path = folder / "fashion-mnist" / f"{part}-{name}-ubyte.gz"
            path.write_bytes(gzip.compress(idx(array), 1))
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    np.testing.assert_array_equal(x_train, arrays["train"][0])
    np.testing.assert_array_equal(y_train, arrays["train"][1])
    np.testing.assert_array_equal(x_test, arrays["t10k"][0])
    np.testing.assert_array_equal(y_test, arrays["t10k"][1])
    for content in (idx(y_test[:9]), idx(y_test) + b"1", b""):
        path.write_bytes(gzip.compress(content, 1))
        with pytest.raises(ValueError, match=r"no array of uint8 of shape \(10000,\)"):
            fashion_mnist.load_data()
    path.write_bytes(b"<html>")
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte\.gz is not the data set"):
        fashion_mnist.load_data()
    path.unlink()
    with pytest.raises(OSError, match="Fashion-MNIST is not on this machine"):
        fashion_mnist.load_data()
