"""IMDB: 50000 reviews of films, half of them good and half bad, as numbers of words.

A. L. Maas et al., 2011, "Learning word vectors for sentiment analysis",
https://ai.stanford.edu/~amaas/data/sentiment/.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.arguments import refuse_unknown
from nnkit.datasets.parts import generator, shuffled
from nnkit.datasets.places import GOOGLE, fetch
from nnkit.datasets.words import Encoding, read_texts, word_index

__all__ = ["get_word_index", "load_data"]

HASH = "sha256:69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
Pair = tuple[np.ndarray, np.ndarray]


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int | None = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **options: Any,
) -> tuple[Pair, Pair]:
    """Load the reviews, as Keras does: 25000 to train and 25000 to test.

    The file is looked for in the folder that the environment variable ``NNKIT_DATA_DIR`` names,
    then in ``nnkit.config.cache_dir() / "datasets"``, and is otherwise downloaded to that folder
    once (17 MB). No code in the file is run.

    Words are numbered by how often they occur, from ``1 + index_from`` on; 0 is for padding.

    Parameters
    ----------
    path : str
        Name of the file.
    num_words : int, optional
        Words with this number or a larger one are left out: they become ``oov_char``.
    skip_top : int
        So do words with a number below this.
    maxlen : int, optional
        Reviews of this length or longer are left out.
    seed : int or None
        Of the order of the reviews; None for another one each time.
    start_char : int or None
        Begins each review; None for nothing.
    oov_char : int or None
        Stands for words that are left out; None for nothing.
    index_from : int
        What is added to the numbers of words.
    **options
        ``nb_words``, Keras 1's ``num_words``.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Reviews, an array of lists of int; labels, int64, 0 (bad) or 1 (good).

    Raises
    ------
    OSError
        The file was not found and could not be downloaded, or the download is damaged.
    TypeError, ValueError
        An argument has a wrong type or value; or the file found is not Keras's.

    Examples
    --------
    >>> from nnkit.datasets import imdb
    >>> (x_train, y_train), (x_test, y_test) = imdb.load_data(num_words=10000)  # doctest: +SKIP
    >>> len(x_train), x_train[0][:5]  # doctest: +SKIP
    (25000, [1, 14, 22, 16, 43])
    """
    owner = "imdb.load_data"
    refuse_unknown(owner, options, ("nb_words",))
    num_words = options.get("nb_words", num_words)
    encoding = Encoding(owner, num_words, skip_top, maxlen, start_char, oov_char, index_from)
    state = generator(owner, seed)
    file = fetch("IMDB", path, f"{GOOGLE}imdb.npz", HASH)
    arrays = read_texts(file, {"x_train": "y_train", "x_test": "y_test"}, HASH)
    rows = {name: shuffled(len(arrays[name]), state) for name in ("x_train", "x_test")}
    x, kept = encoding.apply(np.concatenate([arrays[name][rows[name]] for name in rows]))
    n = len(rows["x_train"])
    kept_train, kept_test = kept[:n], kept[n:]
    if not kept_train.any() or not kept_test.any():
        raise ValueError(
            f"{owner}: maxlen={maxlen} leaves no review to "
            f"{'test' if kept_train.any() else 'train'} on: increase maxlen"
        )
    y_train = arrays["y_train"][rows["x_train"]][kept_train]
    y_test = arrays["y_test"][rows["x_test"]][kept_test]
    return (x[: len(y_train)], y_train), (x[len(y_train) :], y_test)


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Load the words' numbers: ``word_index[word] + index_from`` is in the reviews.

    Parameters
    ----------
    path : str
        Name of the file, which is looked for and downloaded (1.6 MB) as that of :func:`load_data`.

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
    >>> from nnkit.datasets import imdb
    >>> words = {i + 3: word for word, i in imdb.get_word_index().items()}  # doctest: +SKIP
    """
    return word_index("IMDB", path, "imdb_word_index.json", "bfafd718b763782e994055a2d397834f")
