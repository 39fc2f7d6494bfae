"""Preprocessing, data sets and utilities, against Keras's own, which for the oldest are legacy."""

import importlib
import pickle
import random
import sys

import numpy as np
import pytest

from nnkit import datasets, utils
from nnkit.preprocessing import image, sequence, text
from tests.datasets.test_images import archive, batch
from tests.datasets.test_texts import OPTIONS, ragged, write
from tests.keras.theirs import assert_close, keras

pytest.importorskip("scipy.ndimage")
from keras.src.legacy.preprocessing import image as their_image
from keras.src.legacy.preprocessing import sequence as their_sequence
from keras.src.legacy.preprocessing import text as their_text

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*namespace is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Your `PyDataset` class:UserWarning"),
    pytest.mark.filterwarnings("ignore:This ImageDataGenerator specifies:UserWarning"),
]


@pytest.mark.parametrize("maxlen", [None, 3, 9])
@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
def test_pad_sequences(maxlen, padding, truncating, rng):
    lists = [rng.integers(0, 9, n).tolist() for n in (4, 0, 6, 1)]
    arguments = (lists, maxlen, "int32", padding, truncating, 7)
    ours, theirs = (f(*arguments) for f in (utils.pad_sequences, keras.utils.pad_sequences))
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


def test_arrays(rng):
    labels = rng.integers(0, 5, (4, 3))
    np.testing.assert_array_equal(
        utils.to_categorical(labels, 6), keras.utils.to_categorical(labels, 6)
    )
    x = rng.normal(size=(4, 5)).astype("f4")
    for order in (1, 2, 3):
        assert_close(utils.normalize(x, -1, order), keras.utils.normalize(x, -1, order))


TEXTS = ["The cat sat, on the mat!", "A dog and a CAT", ["Given", "as", "words"], "the end\n\tthe"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_words": 6},
        {"oov_token": "<unk>", "num_words": 5},
        {"char_level": True, "lower": False},
        {"filters": "a", "split": "e"},
    ],
)
def test_tokenizer(options):
    ours, theirs = text.Tokenizer(**options), their_text.Tokenizer(**options)
    for each in (ours, theirs):
        each.fit_on_texts(TEXTS)
    new = [*TEXTS, "unknown words, the cat"]
    for name in ("word_index", "index_word", "word_counts", "word_docs", "index_docs"):
        assert dict(getattr(ours, name)) == dict(getattr(theirs, name)), name
    sequences = ours.texts_to_sequences(new)
    assert sequences == theirs.texts_to_sequences(new)
    assert ours.sequences_to_texts(sequences) == theirs.sequences_to_texts(sequences)
    for mode in ("binary", "count", "freq", "tfidf"):
        assert_close(ours.texts_to_matrix(new, mode), theirs.texts_to_matrix(new, mode))
    for read, written in (
        (text.tokenizer_from_json, theirs.to_json()),
        (their_text.tokenizer_from_json, ours.to_json()),
    ):
        assert read(written).texts_to_sequences(new) == sequences
    for n in (5, 100):
        arguments = (TEXTS[0], n, "md5")
        assert text.hashing_trick(*arguments) == their_text.hashing_trick(*arguments)
        assert text.one_hot(TEXTS[0], n) == their_text.one_hot(TEXTS[0], n)


def test_sequences():
    ours, theirs = (m.make_sampling_table(100, 1e-3) for m in (sequence, their_sequence))
    assert_close(ours, theirs)
    found = []
    for module in (sequence, their_sequence):
        random.seed(3)
        words = [1, 5, 0, 2, 9, 3, 3]
        found.append(module.skipgrams(words, 100, 2, 1.5, False, sampling_table=theirs + 0.3))
    assert found[0] == found[1]
    series = np.arange(60.0).reshape(30, 2)
    options = {"sampling_rate": 2, "stride": 3, "reverse": True, "batch_size": 3, "end_index": 27}
    ours, theirs = (
        m.TimeseriesGenerator(series, series, 5, **options) for m in (sequence, their_sequence)
    )
    assert len(ours) == len(theirs)
    for i in range(len(ours)):
        for a, b in zip(ours[i], theirs[i], strict=True):
            np.testing.assert_array_equal(a, b)


# -------------------------------------------------------------------------------------- images

GENERATORS = {
    "rotation": {"rotation_range": 30},
    "shift": {"width_shift_range": 0.2, "height_shift_range": 0.3},
    "shift by pixels": {"width_shift_range": 3, "height_shift_range": [1, 2.5]},
    "shear and zoom": {"shear_range": 20, "zoom_range": 0.3},
    "reflect": {"zoom_range": [0.5, 1.5], "fill_mode": "reflect"},
    "wrap": {"rotation_range": 90, "fill_mode": "wrap", "interpolation_order": 0},
    "constant": {"rotation_range": 30, "fill_mode": "constant", "cval": 7.0},
    "flips": {"channel_shift_range": 50, "horizontal_flip": True, "vertical_flip": True},
    "brightness": {"brightness_range": (0.5, 1.5), "rotation_range": 5},
    "sample": {"rescale": 1 / 255, "samplewise_std_normalization": True},
    "feature": {"featurewise_std_normalization": True},
    "whitening": {"zca_whitening": True, "horizontal_flip": True},
    "function": {"preprocessing_function": lambda x: x * 2, "rescale": 0.1},
}


def with_axes_as_documented(generator):
    """Keras's generator, whose ``height_shift_range`` moves along the width."""
    draw = generator.get_random_transform

    def swapped(shape, seed=None):
        found = draw(shape, seed)
        found["tx"], found["ty"] = found["ty"], found["tx"]
        return found

    generator.get_random_transform = swapped
    return generator


@pytest.mark.parametrize("name", GENERATORS)
def test_generator(name, rng):
    """The same draws, the same images, over three epochs with an incomplete batch each."""
    options, y = GENERATORS[name], np.arange(20)
    x = (255 * rng.random((20, 12, 12, 3))).astype(np.float32)
    ours = image.ImageDataGenerator(**options)
    theirs = with_axes_as_documented(their_image.ImageDataGenerator(**options))
    for generator in (ours, theirs):
        generator.fit(x[:15], augment=True, rounds=2, seed=3)
    ours, theirs = (g.flow(x, y, batch_size=6, seed=5) for g in (ours, theirs))
    changed = False
    for _ in range(12):
        (mine, labels), (other, their_labels) = next(ours), next(theirs)
        np.testing.assert_array_equal(labels, their_labels)
        assert_close(mine, other)
        changed |= bool((mine != x[labels]).any())
    assert changed


@pytest.mark.parametrize("channels_first", [False, True])
def test_affine_transform(channels_first, rng):
    """Of a square image: Keras takes another middle for others."""
    x = rng.normal(size=(3, 8, 8) if channels_first else (8, 8, 3)).astype("f4")
    axes = (1, 2, 0) if channels_first else (0, 1, 2)
    for mode in ("nearest", "reflect", "wrap", "constant"):
        arguments = (x, 20, 1.5, -2.25, 10, 0.7, 1.2, *axes, mode, 0.5)
        assert_close(
            image.apply_affine_transform(*arguments), their_image.apply_affine_transform(*arguments)
        )


def test_folder(tmp_path, rng, capsys):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(5):
            utils.save_img(tmp_path / name / f"{i}.png", rng.random((7, 9, 3)))
    options = {"target_size": (8, 8), "batch_size": 3, "seed": 1, "subset": "training"}
    settings = {"validation_split": 0.2, "rotation_range": 20}
    ours, theirs = (
        m.ImageDataGenerator(**settings).flow_from_directory(tmp_path, **options)
        for m in (image, their_image)
    )
    assert ours.filenames == theirs.filenames
    assert ours.class_indices == theirs.class_indices
    for _ in range(6):
        for mine, other in zip(next(ours), next(theirs), strict=True):
            assert_close(mine, other)
    assert capsys.readouterr().out == "Found 8 images belonging to 2 classes.\n" * 2
    path = tmp_path / "cat" / "0.png"
    proportions = {"target_size": (5, 5), "keep_aspect_ratio": True}
    for options in ({}, {"target_size": (4, 6)}, proportions):
        a, b = (u.load_img(path, interpolation="bicubic", **options) for u in (utils, keras.utils))
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
        array = utils.img_to_array(a)
        np.testing.assert_array_equal(array, keras.utils.img_to_array(b))
        a, b = (u.array_to_img(array * 0.7 - 9) for u in (utils, keras.utils))
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize(
    "interpolation", ["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"]
)
@pytest.mark.parametrize("size", [(5, 9), (16, 4), (1, 1)])
def test_resizing(interpolation, size, rng):
    from nnkit.utils.resizing import resize

    x = rng.normal(size=(8, 6, 3)).astype("f4")
    theirs = keras.ops.image.resize(x, size, interpolation=interpolation)
    assert_close(resize(x, size, interpolation), theirs)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_smart_resize(data_format, rng):
    for shape in ((9, 14, 3), (2, 14, 9, 3)):
        x = rng.normal(size=shape).astype("f4")
        x = x if data_format == "channels_last" else np.moveaxis(x, -1, -3).copy()
        for size in ((6, 6), (3, 8), (20, 4)):
            ours, theirs = (
                f(x, size, data_format=data_format)
                for f in (image.smart_resize, keras.preprocessing.image.smart_resize)
            )
            assert ours.shape == theirs.shape
            assert_close(ours, theirs)


# ------------------------------------------------------------------------------------ data sets


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in which both look for files."""
    monkeypatch.setenv("NNKIT_DATA_DIR", str(tmp_path))
    for name in ("imdb", "reuters", "boston_housing", "california_housing", "cifar10", "cifar100"):
        module = sys.modules[f"keras.src.datasets.{name}"]
        monkeypatch.setattr(module, "get_file", lambda fname, *a, **k: str(tmp_path / fname))
    return tmp_path


def assert_same(ours, theirs):
    for mine, other in zip((*ours[0], *ours[1]), (*theirs[0], *theirs[1]), strict=True):
        other = np.asarray(other)
        assert mine.dtype == other.dtype
        assert mine.tolist() == other.tolist()


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_texts(folder, rng, options):
    x, y = ragged(rng, 40), rng.integers(0, 2, 40)
    write(folder / "reuters.npz", x=x, y=y)
    write(folder / "imdb.npz", x_train=x, y_train=y, x_test=x[:30], y_test=y[:30])
    for name in ("reuters", "imdb"):
        ours, theirs = (importlib.import_module(f"{m}.datasets.{name}") for m in ("nnkit", "keras"))
        assert_same(ours.load_data(**options), theirs.load_data(**options))
    assert datasets.reuters.get_label_names() == keras.datasets.reuters.get_label_names()


def test_tables(folder, rng):
    for name, columns in (("boston_housing", 13), ("california_housing", 8)):
        np.savez(folder / f"{name}.npz", x=rng.normal(size=(700, columns)), y=rng.normal(size=700))
        for options in ({}, {"test_split": 0.37, "seed": 5}):
            ours, theirs = (getattr(m, name).load_data for m in (datasets, keras.datasets))
            assert_same(ours(**options), theirs(**options))
    small = [m.california_housing.load_data("small") for m in (datasets, keras.datasets)]
    assert_same(*small)


def test_cifar100(folder, rng):
    labels = {"fine_labels": [1, 2, 3, 99], "coarse_labels": [0, 1, 2, 19]}
    content = batch(rng, **labels)[1]
    files = {f"cifar-100-python/{name}": content for name in ("train", "test")}
    archive(folder / "cifar-100-python.tar.gz", files)
    for name, data in files.items():  # Keras extracts the archive.
        path = folder / "cifar-100-python-target" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert pickle.loads(content, encoding="bytes")[b"fine_labels"] == labels["fine_labels"]
    for mode in ("fine", "coarse"):
        with np.errstate(all="ignore"):
            theirs = keras.datasets.cifar100.load_data(mode)
        ours = datasets.cifar100.load_data(mode)
        for mine, other in zip((*ours[0], *ours[1]), (*theirs[0], *theirs[1]), strict=True):
            np.testing.assert_array_equal(mine, other)
