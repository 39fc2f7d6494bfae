"""TextVectorization."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.adapting import batches_of
from nnkit.layers.encoder import Encoder, no_sparse
from nnkit.layers.lookup import MODES
from nnkit.layers.string_lookup import StringLookup
from nnkit.layers.strings import to_strings
from nnkit.registry import function_named

__all__ = ["TextVectorization"]

_PUNCTUATION = str.maketrans("", "", "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'")
# Letters of ASCII only, as in Keras.
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_STANDARDS = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
_SPLITS = ("whitespace", "character")


class TextVectorization(Encoder):
    """Turn texts into the numbers of their words, or into counts and other codes.

    A text is standardised, split into words, joined to n-grams if asked for, and looked up in a
    vocabulary. The layer is for arrays of strings, which no model holds: apply it to the data, and
    give a model the numbers.

    Parameters
    ----------
    max_tokens : int, optional
        The largest size of the vocabulary, with the tokens for padding and unknown words.
    standardize : str, callable or None
        ``"lower_and_strip_punctuation"``, ``"lower"`` or ``"strip_punctuation"``, of ASCII only; or
        a function from an array of strings to another.
    split : str, callable or None
        ``"whitespace"``; ``"character"``; or a function from an array of strings to a list of lists
        of strings. With None, each string is a word, and the last axis is that of words.
    ngrams : int or tuple of int, optional
        How many neighbouring words a token has: the sizes, or 1 to n.
    output_mode : {"int", "multi_hot", "count", "tf_idf"}
        ``"int"`` gives numbers, 0 after a text's end, 1 for unknown words. For the others see
        :class:`StringLookup`; they have no number for padding.
    output_sequence_length : int, optional
        How many numbers each text has in the output, which is cut or filled with zeros; by default
        those of the longest text.
    pad_to_max_tokens : bool
        Whether codes have the size ``max_tokens`` though the vocabulary is smaller.
    vocabulary : sequence of str or path, optional
        In place of ``adapt``: words, or a file with one in each line.
    idf_weights : sequence of float, optional
        For ``"tf_idf"`` with a vocabulary, the weight of each word.
    sparse, ragged : bool
        False; there are no such arrays.
    encoding : str
        Of strings that are bytes.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; in a call, there is no vocabulary yet, or an item is
        no string; or the layer is called in a model.

    Examples
    --------
    >>> import nnkit
    >>> layer = nnkit.layers.TextVectorization(max_tokens=5000, output_sequence_length=4)
    >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'baz', 'bar', 'foo', 'boom', 'bada']
    >>> layer([["Foo qux bar!"], ["qux baz"]])
    array([[4, 1, 3, 0],
           [1, 2, 0, 0]])
    """

    strings = True

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Callable[..., Any] | None = "lower_and_strip_punctuation",
        split: str | Callable[..., Any] | None = "whitespace",
        ngrams: int | Sequence[int] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        **options: Any,
    ) -> None:
        super().__init__(output_mode, MODES, **options)
        owner = "TextVectorization"
        self.standardize = _chosen("standardize", standardize, _STANDARDS)
        self.split = _chosen("split", split, _SPLITS)
        self.ngrams: tuple[int, ...] | None = None
        if ngrams is not None:
            several = isinstance(ngrams, (list, tuple))
            sizes = ngrams if several else range(1, checks.integer(owner, "ngrams", ngrams) + 1)
            self.ngrams = tuple(checks.integer(owner, "ngrams", n) for n in sizes)  # type: ignore
        self.output_sequence_length = output_sequence_length
        if output_sequence_length is not None:
            checks.integer(owner, "output_sequence_length", output_sequence_length)
            if self.output_mode != "int":
                raise ValueError(
                    f"{owner}: output_sequence_length is for output_mode='int', got {output_mode!r}"
                )
        no_sparse(owner, "sparse", sparse)
        no_sparse(owner, "ragged", ragged)
        self.encoding = encoding
        self._lookup = StringLookup(
            max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=self.output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            encoding=encoding,
            name=self.name,
            dtype=self.dtype,
        )

    @property
    def depth(self) -> int:
        """The size of a code."""
        return self._lookup.depth

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Make a vocabulary of the words of texts, the most frequent first; forget an earlier one.

        Parameters
        ----------
        data : array, list, or iterable of these
            Texts, or batches of them. Of batches that are tuples, the first item counts.
        steps : int, optional
            How many batches to take; all by default.

        Raises
        ------
        TypeError, ValueError
            The layer was given a vocabulary; or there are no words.
        """
        batches = batches_of(self.name, data, steps, self._strings)
        self._lookup.adapt_to_rows(row for batch in batches for row in self._words(batch)[0])

    def vocabulary_size(self) -> int:
        """How many tokens there are, those for padding and unknown words included."""
        return self._lookup.vocabulary_size()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The words in the order of their numbers.

        Parameters
        ----------
        include_special_tokens : bool
            Whether to begin with those for padding and unknown words.
        """
        return self._lookup.get_vocabulary(include_special_tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary; see ``set_vocabulary`` of :class:`StringLookup`.

        Parameters
        ----------
        vocabulary : sequence of str or path
        idf_weights : sequence of float, optional
            For ``output_mode="tf_idf"``, the weight of each word.
        """
        self._lookup.set_vocabulary(vocabulary, idf_weights)

    def _strings(self, values: Any, name: str) -> np.ndarray:
        return to_strings(values, name, self.encoding)

    def read(self, x: Any) -> np.ndarray:
        """Texts."""
        return self._strings(x, f"layer {self.name!r}: x")

    def _words(self, texts: np.ndarray) -> tuple[list[list[str]], tuple[int, ...]]:
        """The tokens of each text, and the shape of the texts."""
        given = texts
        if callable(self.standardize):
            texts = self._strings(
                self.standardize(texts.astype(str)), f"layer {self.name!r}: standardize gives"
            )
        elif self.standardize is not None:
            texts = np.array([self._standard(text) for text in texts.reshape(-1)], object)
            texts = texts.reshape(given.shape)
        if self.split is None:
            rows = texts.reshape(-1, texts.shape[-1]).tolist() if texts.ndim > 1 else texts[:, None]
            shape = texts.shape[:-1] if texts.ndim > 1 else texts.shape
            return self._joined([list(row) for row in rows]), shape
        if texts.ndim > 1:
            if texts.shape[-1] != 1:
                raise ValueError(
                    f"layer {self.name!r} (TextVectorization) splits texts of shape (batch,) or "
                    f"(batch, 1), got shape {texts.shape}"
                )
            texts = texts[..., 0]
        flat = texts.reshape(-1)
        if callable(self.split):
            rows = [[str(word) for word in row] for row in self.split(flat.astype(str))]
        elif self.split == "character":
            rows = [list(text) for text in flat]
        else:
            rows = [re.findall(r"[^ \t\n\v\f\r]+", text) for text in flat]
        return self._joined(rows), texts.shape

    def _standard(self, text: str) -> str:
        if self.standardize != "strip_punctuation":
            text = text.translate(_LOWER)
        return text if self.standardize == "lower" else text.translate(_PUNCTUATION)

    def _joined(self, rows: list[list[str]]) -> list[list[str]]:
        """Rows of n-grams: first all of the first size."""
        if self.ngrams is None:
            return rows
        return [
            [" ".join(row[i : i + n]) for n in self.ngrams for i in range(len(row) - n + 1)]
            for row in rows
        ]

    def encoded(self, x: np.ndarray, weights: Any = None) -> Any:
        """Numbers or codes of texts."""
        rows, shape = self._words(x)
        longest = self.output_sequence_length if self.output_mode == "int" else None
        size = max(map(len, rows), default=0) if longest is None else longest
        padded = np.full((len(rows), size), "", object)
        for i, row in enumerate(rows):
            padded[i, : min(len(row), size)] = row[:size]
        flat = self.split is None and x.ndim < 2 and self.ngrams is None and longest is None
        if flat and self.output_mode == "int":
            return self._lookup.encoded(padded[:, 0])
        found = self._lookup.encoded(padded)
        return found.reshape(*shape, *found.shape[1:])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with the vocabulary that was set or found."""
        inner = self._lookup.get_config()
        kept = {name: inner[name] for name in ("vocabulary", "idf_weights")}
        return super().get_config() | kept


def _chosen(name: str, value: Any, known: tuple[str, ...]) -> Any:
    """A word, a function or None."""
    if value is None or (isinstance(value, str) and value in known):
        return value
    if callable(value):
        return value
    try:
        return function_named("TextVectorization", value)  # A registered one.
    except (TypeError, ValueError):
        return checks.one_of("TextVectorization", name, value, known)
