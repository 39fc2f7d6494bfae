"""Batches of images in folders and tables."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from nnkit.preprocessing.image import ImageDataGenerator


@pytest.fixture
def folder(tmp_path):
    """Images of one colour: file i of class c has the value 40 c + i."""
    for c, name in enumerate(("cat", "dog", "owl")):
        for i in range(5):
            path = (
                tmp_path / name / ("more" if i == 3 else "") / f"{i}.{'jpg' if i == 4 else 'png'}"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8 + i, 6), (40 * c + i,) * 3).save(path)
        (tmp_path / name / "notes.txt").write_text("no image")
    (tmp_path / "stray.png").write_bytes(b"no class")
    return tmp_path


VALUES = [40 * c + i for c in range(3) for i in (0, 1, 2, 4, 3)]


def values(x):
    """The value that an image has in all pixels."""
    assert np.ptp(x, axis=(1, 2, 3)).max() == 0
    return x[:, 0, 0, 0].tolist()


def test_folders(folder, capsys):
    generator = ImageDataGenerator()
    iterator = generator.flow_from_directory(
        folder, target_size=(4, 5), batch_size=15, shuffle=False
    )
    assert capsys.readouterr().out == "Found 15 images belonging to 3 classes.\n"
    x, y = iterator[0]
    assert x.shape == (15, 4, 5, 3)
    assert x.dtype == y.dtype == np.float32
    assert values(x) == VALUES
    np.testing.assert_array_equal(y, np.eye(3)[[v // 40 for v in VALUES]])
    assert iterator.class_indices == {"cat": 0, "dog": 1, "owl": 2}
    assert iterator.filenames[0] == "cat/0.png"
    assert iterator.filenames[4] == "cat/more/3.png"
    assert iterator.filepaths[4] == str(folder / "cat" / "more" / "3.png")
    assert iterator.classes.tolist() == [v // 40 for v in VALUES]
    assert (iterator.samples, iterator.n, iterator.num_classes) == (15, 15, 3)
    assert iterator.image_shape == (4, 5, 3)


def test_modes_of_folders(folder):
    generator = ImageDataGenerator(rescale=2)

    def first(**options):
        options = {"target_size": (3, 3), "shuffle": False} | options
        return generator.flow_from_directory(folder, **options)[0]

    assert values(first(class_mode=None)) == [2 * v for v in VALUES]
    x, y = first(class_mode="input", color_mode="grayscale")
    assert x.shape == (15, 3, 3, 1)
    np.testing.assert_array_equal(x, y)
    assert first(class_mode="sparse")[1].tolist() == [v // 40 for v in VALUES]
    x, y = first(class_mode="binary", classes=["owl", "cat"], color_mode="rgba")
    assert x.shape == (10, 3, 3, 4)
    assert y.tolist() == [0] * 5 + [1] * 5
    assert values(x[..., :3]) == [2 * v for v in (*VALUES[10:], *VALUES[:5])]
    first_axis = ImageDataGenerator(data_format="channels_first")
    assert first_axis.flow_from_directory(folder, (4, 5))[0][0].shape == (15, 3, 4, 5)


def test_order_and_transforms_of_files(folder):
    generator = ImageDataGenerator(width_shift_range=0.4, fill_mode="constant", cval=250)

    def epoch(seed):
        iterator = generator.flow_from_directory(folder, (6, 8), batch_size=4, seed=seed)
        return [next(iterator) for _ in range(4)]

    first, again = epoch(1), epoch(1)
    for (x, y), (x2, y2) in zip(first, again, strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)
    labels = np.concatenate([y for _, y in first])
    np.testing.assert_array_equal(labels.sum(0), [5, 5, 5])
    assert (labels != np.concatenate([y for _, y in epoch(2)])).any()
    assert any((x == 250).any() for x, _ in first)


def test_subsets_of_folders(folder):
    generator = ImageDataGenerator(validation_split=0.4)
    options = {"target_size": (3, 3), "shuffle": False, "class_mode": None}
    parts = [
        values(generator.flow_from_directory(folder, subset=subset, **options)[0])
        for subset in ("validation", "training")
    ]
    assert parts[0] == [40 * c + i for c in range(3) for i in (0, 1)]
    assert parts[1] == [40 * c + i for c in range(3) for i in (2, 4, 3)]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"directory": "nowhere"}, "there is no folder 'nowhere'"),
        ({"classes": ["cow"]}, "no folder for class 'cow', but 'cat', 'dog', 'owl'"),
        ({"class_mode": "binary"}, "is for 2 classes, .* has 3: cat, dog, owl"),
        ({"class_mode": "categoric"}, "did you mean 'categorical'"),
        ({"color_mode": "bgr"}, "color_mode must be one of"),
        ({"interpolation": "cubic"}, "interpolation must be one of"),
        ({"target_size": (0, 3)}, "target_size must be"),
        ({"subset": "test"}, "subset must be one of training, validation"),
    ],
)
def test_errors_of_folders(folder, options, reason):
    with pytest.raises((TypeError, ValueError, OSError), match=reason):
        ImageDataGenerator().flow_from_directory(**{"directory": folder} | options)


def test_folders_without_images(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no folders, one for each class"):
        ImageDataGenerator().flow_from_directory(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(FileNotFoundError, match="have no images"):
        ImageDataGenerator().flow_from_directory(tmp_path)
    (tmp_path / "cat" / "1.png").write_bytes(b"no image")
    with pytest.raises(OSError, match="cannot identify image file"):
        ImageDataGenerator().flow_from_directory(tmp_path)[0]


# ------------------------------------------------------------------------------------- tables


@pytest.fixture
def table(folder):
    return pd.DataFrame(
        {
            "filename": ["cat/0.png", "dog/1.png", "owl/2.png", "cat/4.jpg", "dog/more/3.png"],
            "class": ["cat", "dog", "owl", "cat", "dog"],
            "left": [0.5, 1.5, 2.5, 3.5, 4.5],
            "right": [1, 2, 3, 4, 5],
            "many": [["a"], ["b", "a"], ("c",), [], ["a", "b", "c"]],
        }
    )


COLOURS = [0, 41, 82, 4, 43]


@pytest.mark.parametrize(
    ("options", "rows", "expected"),
    [
        ({}, range(5), np.eye(3)[[0, 1, 2, 0, 1]]),
        ({"class_mode": "sparse"}, range(5), [0, 1, 2, 0, 1]),
        ({"class_mode": "sparse", "classes": ["owl", "cat"]}, [0, 2, 3], [1, 0, 1]),
        ({"class_mode": "binary", "classes": ["cat", "owl"]}, [0, 2, 3], [0, 1, 0]),
        ({"class_mode": "raw", "y_col": "left"}, range(5), [0.5, 1.5, 2.5, 3.5, 4.5]),
        (
            {"class_mode": "other", "y_col": ["left", "right"]},
            range(5),
            [[i + 0.5, i + 1] for i in range(5)],
        ),
        ({"y_col": "many"}, [0, 1, 2, 4], [[1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 1, 1]]),
        ({"y_col": "many", "classes": ["b", "c"]}, [1, 2, 4], [[1, 0], [0, 1], [1, 1]]),
        ({"class_mode": None}, range(5), None),
    ],
)
def test_tables(folder, table, options, rows, expected, capsys):
    iterator = ImageDataGenerator().flow_from_dataframe(
        table, folder, target_size=(3, 4), shuffle=False, **options
    )
    batch = iterator[0]
    x, y = (batch, None) if expected is None else batch
    assert values(x) == [COLOURS[i] for i in rows]
    assert x.shape[1:] == (3, 4, 3)
    if expected is not None:
        np.testing.assert_array_equal(y, expected)
    assert capsys.readouterr().out.startswith(f"Found {len(rows)} validated image filenames")


def test_several_outputs_weights_and_subsets(folder, table):
    generator = ImageDataGenerator(validation_split=0.4)
    options = {"target_size": (3, 3), "shuffle": False, "weight_col": "left"}
    x, (left, right), weight = generator.flow_from_dataframe(
        table, folder, y_col=["left", "right"], class_mode="multi_output", **options
    )[0]
    assert left.tolist() == weight.tolist() == table["left"].tolist()
    assert right.tolist() == [1, 2, 3, 4, 5]
    x, y, weight = generator.flow_from_dataframe(table, folder, subset="validation", **options)[0]
    assert values(x) == COLOURS[:2]
    assert weight.tolist() == [0.5, 1.5]
    x, y, weight = generator.flow_from_dataframe(table, folder, subset="training", **options)[0]
    assert values(x) == COLOURS[2:]
    np.testing.assert_array_equal(y, np.eye(3)[[2, 0, 1]])
    absolute = table.assign(filename=[str(folder / name) for name in table["filename"]])
    assert values(generator.flow_from_dataframe(absolute, shuffle=False)[0][0]) == COLOURS


def test_files_that_are_missing(folder, table):
    table.loc[1, "filename"] = "dog/9.png"
    with pytest.warns(UserWarning, match=r"1 of 5 rows are left out: .*dog/9\.png"):
        iterator = ImageDataGenerator().flow_from_dataframe(table, folder, shuffle=False)
    assert values(iterator[0][0]) == [0, 82, 4, 43]
    iterator = ImageDataGenerator().flow_from_dataframe(table, folder, validate_filenames=False)
    with pytest.raises(FileNotFoundError, match=r"9\.png"):
        iterator[0]
    with (
        pytest.warns(UserWarning, match="5 of 5 rows are left out"),
        pytest.raises(ValueError, match="no row of the table is left"),
    ):
        ImageDataGenerator().flow_from_dataframe(table, folder / "cat", class_mode=None)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"x_col": "filenames"}, "no column x_col='filenames'; did you mean 'filename'"),
        ({"x_col": "left"}, "must hold files' names, got 0.5"),
        ({"y_col": "right"}, r"must hold str or lists of them, got 1; give .*astype\(str\)"),
        ({"y_col": "many", "class_mode": "sparse"}, r"must hold str, got \['a'\]"),
        ({"classes": ["cat", "dgo"]}, "is of the class 'dgo'; did you mean 'dog'"),
        ({"class_mode": "binary"}, "is for 2 classes, there are 3: cat, dog, owl"),
        ({"class_mode": "multi_output"}, "y_col is a list of columns, got 'class'"),
        ({"class_mode": "raw", "y_col": ["left", "class"]}, "y_col='class' must hold numbers"),
        ({"weight_col": "class"}, "weight_col='class' must hold numbers"),
        ({"directory": "nowhere"}, "there is no folder 'nowhere'"),
        ({"batch_sizes": 3}, "did you mean 'batch_size'"),
    ],
)
def test_errors_of_tables(folder, table, options, reason):
    options = {"dataframe": table, "directory": folder} | options
    with pytest.raises((TypeError, ValueError, OSError), match=reason):
        ImageDataGenerator().flow_from_dataframe(**options)
