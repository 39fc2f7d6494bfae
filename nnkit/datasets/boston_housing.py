"""Boston housing: prices of houses in 506 places around Boston in the 1970s, by 13 features.

D. Harrison and D. L. Rubinfeld, 1978, "Hedonic housing prices and the demand for clean air". One of
the features, B, is made on the assumption that who lives in a place by the colour of their skin
makes its price: don't use these data but to study such effects;
:mod:`nnkit.datasets.california_housing` takes their place.
"""

from __future__ import annotations

from nnkit.datasets.parts import Pair, first_part, generator, read_table, shuffled
from nnkit.datasets.places import GOOGLE, fetch

__all__ = ["load_data"]

HASH = "sha256:f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"


def load_data(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int | None = 113
) -> tuple[Pair, Pair]:
    """Load the prices, as Keras does.

    The file is looked for in the folder that the environment variable ``NNKIT_DATA_DIR`` names,
    then in ``nnkit.config.cache_dir() / "datasets"``, and is otherwise downloaded to that folder
    once (57 KB).

    Parameters
    ----------
    path : str
        Name of the file.
    test_split : float
        The part to test on: the last ones.
    seed : int or None
        Of the order; None for another one each time.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Features, float64 (404, 13) and (102, 13); median prices in thousands of dollars, float64.

    Raises
    ------
    OSError
        The file was not found and could not be downloaded, or the download is damaged.
    TypeError, ValueError
        An argument has a wrong type or value; or the file found is not Keras's.

    Examples
    --------
    >>> from nnkit.datasets import boston_housing
    >>> (x_train, y_train), (x_test, y_test) = boston_housing.load_data()  # doctest: +SKIP
    >>> x_train.shape  # doctest: +SKIP
    (404, 13)
    """
    owner = "boston_housing.load_data"
    part, state = first_part(owner, test_split), generator(owner, seed)
    file = fetch("Boston housing", path, f"{GOOGLE}boston_housing.npz", HASH)
    x, y = read_table(file, 13)
    rows = shuffled(len(x), state)
    cut = int(len(x) * part)
    return (x[rows[:cut]], y[rows[:cut]]), (x[rows[cut:]], y[rows[cut:]])
