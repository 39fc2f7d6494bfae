"""Reuters: 11228 newswires of 1987 on 46 topics, as numbers of words.

Made of Reuters-21578 by D. D. Lewis, https://kdd.ics.uci.edu/databases/reuters21578.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.arguments import refuse_unknown
from nnkit.datasets.parts import first_part, generator, shuffled
from nnkit.datasets.places import GOOGLE, fetch
from nnkit.datasets.words import Encoding, read_texts, word_index

__all__ = ["get_label_names", "get_word_index", "load_data"]

HASH = "sha256:d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
TOPICS = (
    "cocoa",
    "grain",
    "veg-oil",
    "earn",
    "acq",
    "wheat",
    "copper",
    "housing",
    "money-supply",
    "coffee",
    "sugar",
    "trade",
    "reserves",
    "ship",
    "cotton",
    "carcass",
    "crude",
    "nat-gas",
    "cpi",
    "money-fx",
    "interest",
    "gnp",
    "meal-feed",
    "alum",
    "oilseed",
    "gold",
    "tin",
    "strategic-metal",
    "livestock",
    "retail",
    "ipi",
    "iron-steel",
    "rubber",
    "heat",
    "jobs",
    "lei",
    "bop",
    "zinc",
    "orange",
    "pet-chem",
    "dlr",
    "gas",
    "silver",
    "wpi",
    "hog",
    "lead",
)
Pair = tuple[np.ndarray, np.ndarray]


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int | None = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **options: Any,
) -> tuple[Pair, Pair]:
    """Load the newswires, as Keras does.

    The file is looked for in the folder that the environment variable ``NNKIT_DATA_DIR`` names,
    then in ``nnkit.config.cache_dir() / "datasets"``, and is otherwise downloaded to that folder
    once (2 MB). No code in the file is run.

    Parameters
    ----------
    path : str
        Name of the file.
    num_words, skip_top, maxlen
        As for :func:`nnkit.datasets.imdb.load_data`.
    test_split : float
        The part to test on: the last ones.
    seed, start_char, oov_char, index_from, **options
        As for :func:`nnkit.datasets.imdb.load_data`.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Newswires, an array of lists of int; topics, int64, 0 to 45 (:func:`get_label_names`).

    Raises
    ------
    OSError
        The file was not found and could not be downloaded, or the download is damaged.
    TypeError, ValueError
        An argument has a wrong type or value; or the file found is not Keras's.

    Examples
    --------
    >>> from nnkit.datasets import reuters
    >>> (x_train, y_train), (x_test, y_test) = reuters.load_data(num_words=1000)  # doctest: +SKIP
    >>> len(x_train), len(x_test)  # doctest: +SKIP
    (8982, 2246)
    """
    owner = "reuters.load_data"
    refuse_unknown(owner, options, ("nb_words",))
    num_words = options.get("nb_words", num_words)
    encoding = Encoding(owner, num_words, skip_top, maxlen, start_char, oov_char, index_from)
    part, state = first_part(owner, test_split), generator(owner, seed)
    file = fetch("Reuters", path, f"{GOOGLE}reuters.npz", HASH)
    arrays = read_texts(file, {"x": "y"}, HASH)
    rows = shuffled(len(arrays["x"]), state)
    x, kept = encoding.apply(arrays["x"][rows])
    y = arrays["y"][rows][kept]
    cut = int(len(x) * part)
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Load the words' numbers: ``word_index[word] + index_from`` is in the newswires.

    Parameters
    ----------
    path : str
        Name of the file, which is looked for and downloaded (0.6 MB) as that of :func:`load_data`.

    Returns
    -------
    dict of str to int

    Raises
    ------
    OSError
        The file was not found and could not be downloaded.
    ValueError
        The file found is no such index.

    Examples
    --------
    >>> from nnkit.datasets import reuters
    >>> words = {i + 3: word for word, i in reuters.get_word_index().items()}  # doctest: +SKIP
    """
    return word_index(
        "Reuters", path, "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921"
    )


def get_label_names() -> tuple[str, ...]:
    """The names of the 46 topics, in the order of their labels.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from nnkit.datasets import reuters
    >>> reuters.get_label_names()[3]
    'earn'
    """
    return TOPICS
