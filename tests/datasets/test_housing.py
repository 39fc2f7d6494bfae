"""Boston and California: made-up files in the original form."""

import numpy as np
import pytest

from nnkit.datasets import boston_housing, california_housing


def expected(x, y, test_split, seed):
    rows = np.arange(len(x))
    np.random.RandomState(seed).shuffle(rows)
    cut = int(len(x) * (1 - test_split))
    return x[rows][:cut], y[rows][:cut], x[rows][cut:], y[rows][cut:]


@pytest.mark.parametrize(("test_split", "seed"), [(0.2, 113), (0.0, 1), (0.9, 7)])
def test_boston(folder, rng, test_split, seed):
    x, y = rng.normal(size=(51, 13)), rng.normal(size=51)
    np.savez(folder / "boston_housing.npz", x=x, y=y)
    train, test = boston_housing.load_data(test_split=test_split, seed=seed)
    for ours, theirs in zip((*train, *test), expected(x, y, test_split, seed), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("version", ["small", "large"])
def test_california(folder, rng, version):
    x, y = rng.normal(size=(700, 8)).astype("f4"), rng.normal(size=700)
    np.savez(folder / "california_housing.npz", x=x, y=y)
    train, test = california_housing.load_data(version)
    n = 600 if version == "small" else 700
    for ours, theirs in zip((*train, *test), expected(x[:n], y[:n], 0.2, 113), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_bad_files_and_arguments(folder, rng):
    path = folder / "boston_housing.npz"
    for arrays, reason in (
        ({"x": rng.normal(size=(5, 12)), "y": np.zeros(5)}, r"x is float64 \(5, 12\)"),
        ({"x": rng.normal(size=(5, 13)), "y": np.zeros(4)}, r"y float64 \(4,\)"),
        ({"x": np.array([{}]), "y": np.zeros(4)}, "allow_pickle"),
        ({"x": np.zeros((5, 13))}, "y is not a file in the archive"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(ValueError, match=reason) as error:
            boston_housing.load_data()
        assert f"{path} is not the data set" in str(error.value)
    path.write_text("<html>")
    with pytest.raises(ValueError, match="is not the data set"):
        boston_housing.load_data()
    for options in ({"test_split": 1}, {"test_split": -0.1}, {"seed": 2**32}):
        with pytest.raises(ValueError, match=next(iter(options))):
            boston_housing.load_data(**options)
    with pytest.raises(ValueError, match="version must be one of large, small"):
        california_housing.load_data("medium")
    with pytest.raises(OSError, match="California housing is not on this machine"):
        california_housing.load_data()
