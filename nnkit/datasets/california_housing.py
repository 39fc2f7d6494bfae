"""California housing: prices of houses in 20640 districts in 1990, by 8 features.

R. K. Pace and R. Barry, 1997, "Sparse spatial autoregressions". The features are median income, age
of the house, rooms and bedrooms per household, inhabitants of the district, inhabitants of a
household, latitude and longitude.
"""

from __future__ import annotations

from nnkit import checks
from nnkit.datasets.parts import Pair, first_part, generator, read_table, shuffled
from nnkit.datasets.places import GOOGLE, fetch

__all__ = ["load_data"]

HASH = "sha256:1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"
_SMALL = 600


def load_data(
    version: str = "large",
    path: str = "california_housing.npz",
    test_split: float = 0.2,
    seed: int | None = 113,
) -> tuple[Pair, Pair]:
    """Load the prices, as Keras does.

    The file is looked for in the folder that the environment variable ``NNKIT_DATA_DIR`` names,
    then in ``nnkit.config.cache_dir() / "datasets"``, and is otherwise downloaded to that folder
    once.

    Parameters
    ----------
    version : {"large", "small"}
        All districts, or 600 of them.
    path : str
        Name of the file.
    test_split : float
        The part to test on: the last ones.
    seed : int or None
        Of the order; None for another one each time.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Features, (districts, 8); median prices in dollars, (districts,).

    Raises
    ------
    OSError
        The file was not found and could not be downloaded, or the download is damaged.
    TypeError, ValueError
        An argument has a wrong type or value; or the file found is not Keras's.

    Examples
    --------
    >>> from nnkit.datasets import california_housing
    >>> (x_train, y_train), (x_test, y_test) = california_housing.load_data()  # doctest: +SKIP
    >>> x_train.shape  # doctest: +SKIP
    (16512, 8)
    """
    owner = "california_housing.load_data"
    checks.one_of(owner, "version", version, ("large", "small"))
    part, state = first_part(owner, test_split), generator(owner, seed)
    file = fetch("California housing", path, f"{GOOGLE}california_housing.npz", HASH)
    x, y = read_table(file, 8)
    n = len(x) if version == "large" else min(len(x), _SMALL)
    rows = shuffled(n, state)
    cut = int(n * part)
    return (x[rows[:cut]], y[rows[:cut]]), (x[rows[cut:]], y[rows[cut:]])
