import numpy as np
import pytest
from PIL import Image

from nnkit.utils import image_dataset_from_directory, text_dataset_from_directory
from nnkit.utils.resizing import KERNELS, resize


@pytest.fixture
def images(tmp_path):
    """File i of class c has the value 40 c + i in all pixels."""
    for c, name in enumerate(("cat", "dog")):
        for i in range(5):
            path = tmp_path / name / ("more" if i == 3 else "") / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8 + i, 6), (40 * c + i,) * 3).save(path)
    (tmp_path / "cat" / "notes.md").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


VALUES = [40 * c + i for c in range(2) for i in (0, 1, 2, 4, 3)]


def values(x):
    np.testing.assert_allclose(x, x[:, :1, :1, :1] + np.zeros_like(x), atol=1e-4)
    return np.rint(x[:, 0, 0, 0]).astype(int).tolist()


def test_in_order(images, capsys):
    data = image_dataset_from_directory(images, image_size=(4, 5), shuffle=False, batch_size=4)
    assert capsys.readouterr().out == "Found 10 files belonging to 2 classes.\n"
    batches = list(data)
    assert [x.shape for x, _ in batches] == [(4, 4, 5, 3)] * 2 + [(2, 4, 5, 3)]
    x, y = (np.concatenate(part) for part in zip(*batches, strict=True))
    assert values(x) == VALUES
    assert y.tolist() == [v // 40 for v in VALUES]
    assert (x.dtype, y.dtype) == (np.float32, np.int32)
    assert data.class_names == ["cat", "dog"]
    assert data.file_paths[4] == str(images / "cat" / "more" / "3.png")


def test_labels(images):
    def labels(**options):
        data = image_dataset_from_directory(
            images, image_size=3, shuffle=False, verbose=False, **options
        )
        return data[0] if options.get("label_mode", 1) is None else data[0][1]

    expected = np.array([v // 40 for v in VALUES])
    np.testing.assert_array_equal(labels(label_mode="categorical"), np.eye(2)[expected])
    np.testing.assert_array_equal(labels(label_mode="binary"), expected[:, None])
    np.testing.assert_array_equal(labels(class_names=["dog", "cat"]), np.sort(expected))
    given = list(range(10))
    np.testing.assert_array_equal(labels(labels=given), given)
    assert labels(labels=given, label_mode="categorical").tolist() == np.eye(10).tolist()
    assert values(labels(label_mode=None, color_mode="grayscale")) == VALUES
    assert labels(label_mode=None, data_format="channels_first").shape == (10, 3, 3, 3)


def test_orders_and_subsets(images):
    def parts(**options):
        options = {
            "image_size": 3,
            "verbose": False,
            "label_mode": None,
            "batch_size": 20,
        } | options
        return image_dataset_from_directory(images, **options)

    data = parts(seed=1)
    epochs = [values(next(iter(data))), *(values(next(iter(data))) for _ in range(1))]
    data.on_epoch_end()
    epochs.append(values(data[0]))
    assert epochs[0] == epochs[1] != epochs[2]
    assert sorted(epochs[0]) == sorted(epochs[2]) == sorted(VALUES)
    train, test = parts(seed=1, validation_split=0.3, subset="both")
    assert sorted(values(train[0]) + values(test[0])) == sorted(VALUES)
    assert (len(train.file_paths), len(test.file_paths)) == (7, 3)
    alone = parts(seed=1, validation_split=0.3, subset="validation")
    assert alone.file_paths == test.file_paths
    ordered = parts(shuffle=False, validation_split=0.3, subset="training")
    assert values(ordered[0]) == VALUES[:7]
    one = parts(batch_size=None, shuffle=False, label_mode="int")
    assert len(one) == 10
    assert one[9][0].shape == (3, 3, 3)
    assert one[9][1] == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"directory": "nowhere"}, "there is no folder 'nowhere'"),
        ({"labels": "infer"}, "labels must be one of inferred"),
        ({"labels": [1]}, "labels has 1 entries, but .* has 10 files"),
        ({"labels": 3}, "labels must be 'inferred', a list of int or None, got 3"),
        ({"labels": [9] * 10, "label_mode": "categorical"}, "must be from 0 to 0 .* one is 9"),
        ({"class_names": ["cat", "cow"]}, "no folder for class 'cow', but 'cat', 'dog'"),
        ({"class_names": ["cat"], "label_mode": "binary"}, "is for 2 classes, there are 1: cat"),
        ({"class_names": ["cat"], "label_mode": None}, "they go with labels='inferred'"),
        ({"label_mode": "one_hot"}, "label_mode must be one of"),
        ({"color_mode": "bgr"}, "color_mode must be one of"),
        ({"interpolation": "area"}, "interpolation must be one of"),
        ({"image_size": (3,)}, "image_size must be a whole number or 2 of them"),
        ({"subset": "training"}, "give validation_split and subset, or neither"),
        ({"subset": "training", "validation_split": 0.5}, "both subsets need the same seed"),
        ({"subset": "test", "validation_split": 0.5, "seed": 1}, "subset must be one of"),
        ({"subset": "both", "validation_split": 0.01}, "leaves nothing to validate on"),
        ({"subset": "both", "validation_split": 1.0}, "validation_split must be a number in"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "not both"),
        ({"batch_size": 0}, "batch_size must be"),
    ],
)
def test_errors(images, options, reason):
    with pytest.raises((TypeError, ValueError, OSError), match=reason):
        image_dataset_from_directory(**{"directory": images} | options)


def test_empty_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no folders, one for each class"):
        image_dataset_from_directory(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(FileNotFoundError, match=r"has no folders of classes with files \.bmp"):
        image_dataset_from_directory(tmp_path)
    (tmp_path / "cat" / "1.png").write_bytes(b"<html>")
    with pytest.raises(OSError, match="cannot identify image file"):
        image_dataset_from_directory(tmp_path, verbose=False)[0]


def test_texts(tmp_path, capsys):
    for name, texts in (("bad", ["no", "never é"]), ("good", ["yes"])):
        (tmp_path / name).mkdir()
        for i, text in enumerate(texts):
            (tmp_path / name / f"{i}.txt").write_text(text, encoding="utf-8")
    data = text_dataset_from_directory(tmp_path, shuffle=False, max_length=7)
    assert capsys.readouterr().out == "Found 3 files belonging to 2 classes.\n"
    texts, labels = data[0]
    assert texts.tolist() == ["no", "never é", "yes"]
    assert labels.tolist() == [0, 0, 1]
    assert text_dataset_from_directory(tmp_path, shuffle=False, max_length=2)[0][0][1] == "ne"
    (tmp_path / "bad" / "0.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"0\.txt is no text in UTF-8"):
        list(text_dataset_from_directory(tmp_path))


# ----------------------------------------------------------------------------------- resizing


@pytest.mark.parametrize("interpolation", KERNELS)
def test_resizing(interpolation, rng):
    x = rng.normal(size=(5, 4, 2))
    np.testing.assert_allclose(resize(x, (5, 4), interpolation), x, atol=1e-12)
    flat = resize(np.ones((5, 4, 1)), (3, 9), interpolation)
    np.testing.assert_allclose(flat, np.ones((3, 9, 1)))


def test_resizing_by_hand():
    x = np.array([0.0, 4, 8])[None, :, None]
    assert resize(x, (1, 6), "nearest").ravel().tolist() == [0, 0, 4, 4, 8, 8]
    np.testing.assert_allclose(resize(x, (1, 6), "bilinear").ravel(), [0, 1, 3, 5, 7, 8])
    assert resize(x, (2, 1), "bilinear").ravel().tolist() == [4, 4]


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_proportions(tmp_path, fit):
    pixels = np.zeros((6, 12, 3), np.uint8)
    pixels[:, 3:9] = 200
    (tmp_path / "a").mkdir()
    Image.fromarray(pixels).save(tmp_path / "a" / "a.png")
    options = {f"{fit}_to_aspect_ratio": True, "label_mode": None, "verbose": False}
    x = image_dataset_from_directory(tmp_path, image_size=(6, 6), **options)[0][0, :, :, 0]
    if fit == "crop":
        np.testing.assert_allclose(x, 200)
    else:
        assert x[:1].max() == x[5:].max() == 0
        np.testing.assert_allclose(x[2], [0, 0, 200, 200, 0, 0], atol=101)
        assert x[2, 2] == x[3, 3] == 200
