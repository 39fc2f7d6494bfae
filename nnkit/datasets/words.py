"""What the data sets of texts, which are lists of words' numbers, have in common."""

from __future__ import annotations

import json
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from nnkit import checks
from nnkit.datasets.parts import as_keras
from nnkit.datasets.pickled import read_npz
from nnkit.datasets.places import GOOGLE, fetch

__all__ = ["Encoding", "read_texts", "word_index"]


class Encoding:
    """How words are numbered, by the arguments of ``load_data``.

    Parameters
    ----------
    owner : str
        Who asks, for errors.
    num_words, skip_top, maxlen, start_char, oov_char, index_from
        See :func:`nnkit.datasets.imdb.load_data`.
    """

    def __init__(
        self,
        owner: str,
        num_words: int | None,
        skip_top: int,
        maxlen: int | None,
        start_char: int | None,
        oov_char: int | None,
        index_from: int | None,
    ) -> None:
        def whole(name: str, value: int | None, low: int = 0) -> int | None:
            return None if value is None else checks.integer(owner, name, value, low)

        self.owner = owner
        self.num_words = whole("num_words", num_words) or None
        self.skip_top = whole("skip_top", skip_top) or 0
        self.maxlen = whole("maxlen", maxlen) or None
        self.start_char, self.oov_char = (
            whole("start_char", start_char),
            whole("oov_char", oov_char),
        )
        self.index_from = whole("index_from", index_from) or 0

    def apply(self, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Texts with other numbers, without those that are too long.

        Parameters
        ----------
        texts : numpy.ndarray
            Objects, each a list of int.

        Returns
        -------
        texts : numpy.ndarray
        kept : numpy.ndarray
            Of each text that was given, whether it is among them.
        """
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        try:
            words = np.fromiter(chain.from_iterable(texts), np.int64, lengths.sum())
        except OverflowError as error:
            raise ValueError(f"{self.owner}: a word's number in the file is too large") from error
        words += self.index_from
        ends = lengths.cumsum()
        if self.start_char is not None:
            words = np.insert(words, ends - lengths, self.start_char)
            lengths += 1
        kept: np.ndarray = lengths < (self.maxlen or np.inf)
        if not kept.any():
            raise ValueError(
                f"{self.owner}: no text has less than maxlen={self.maxlen} words: increase maxlen"
            )
        words, lengths = words[np.repeat(kept, lengths)], lengths[kept]
        # As in Keras, the largest number is left out if there is no limit.
        most = self.num_words or words.max(initial=0)
        known = (self.skip_top <= words) & (words < most)
        if self.oov_char is not None:
            words = np.where(known, words, self.oov_char)
        else:
            texts_of_words = np.repeat(np.arange(len(lengths)), lengths)
            lengths = np.bincount(texts_of_words[known], minlength=len(lengths))
            words = words[known]
        flat, bounds = words.tolist(), [0, *lengths.cumsum().tolist()]
        changed = np.empty(len(lengths), object)
        for i, (start, end) in enumerate(pairwise(bounds)):
            changed[i] = flat[start:end]
        return changed, kept


def read_texts(path: Path, names: dict[str, str], known_hash: str) -> dict[str, np.ndarray]:
    """Arrays of texts and of labels, from a file as Keras has it.

    Parameters
    ----------
    path : pathlib.Path
    names : dict of str to str
        Names of texts, each with that of its labels.
    known_hash : str
        Of Keras's file.

    Returns
    -------
    dict of str to numpy.ndarray

    Raises
    ------
    ValueError
        The file has something else.
    """
    arrays = read_npz(path, tuple(chain.from_iterable(names.items())), known_hash)
    for x, y in names.items():
        texts, labels = arrays[x], arrays[y]
        if texts.dtype != object:
            raise as_keras(path, f"{x} has no lists but {texts.dtype}")
        if labels.dtype.kind != "i" or labels.shape != texts.shape:
            raise as_keras(path, f"{y} is {labels.dtype} {labels.shape} for {len(texts)} texts")
    return arrays


def word_index(data_set: str, path: str, url_name: str, md5: str) -> dict[str, int]:
    """The numbers of words, from Keras's file.

    Parameters
    ----------
    data_set : str
        What errors call it.
    path : str
        Name of the file on this machine.
    url_name : str
        Name of the file on the net.
    md5 : str
        Its digest.

    Returns
    -------
    dict of str to int

    Raises
    ------
    OSError
        The file was not found and could not be downloaded.
    ValueError
        The file found has something else.
    """
    file = fetch(f"{data_set}'s index of words", path, GOOGLE + url_name, f"md5:{md5}")
    try:
        index = json.loads(file.read_text(encoding="utf-8"))
        whole = isinstance(index, dict) and all(type(n) is int for n in index.values())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is no JSON: {error}. Replace or remove it.") from error
    if not whole:
        raise ValueError(f"{file} has no numbers by word. Replace or remove it.")
    return dict(index)
