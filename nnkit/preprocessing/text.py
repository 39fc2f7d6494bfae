"""Texts as numbers: Keras 2's ``preprocessing.text``."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nnkit import budget, checks
from nnkit.arguments import refuse_unknown

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "tfidf", "freq")
# What describes a tokenizer; the second as JSON in JSON.
_SETTINGS = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
_COUNTS = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Split a text into words.

    Parameters
    ----------
    input_text : str
    filters : str
        Characters that stand for ``split``.
    lower : bool
        Whether letters are made small.
    split : str
        What is between words.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        ``input_text`` is no text.
    ValueError
        ``split`` is empty.

    Examples
    --------
    >>> from nnkit.preprocessing.text import text_to_word_sequence
    >>> text_to_word_sequence("The cat, the hat.")
    ['the', 'cat', 'the', 'hat']
    """
    if not isinstance(input_text, str):
        raise TypeError(f"text_to_word_sequence: input_text must be a str, got {input_text!r:.60}")
    if not isinstance(split, str) or not split:
        raise ValueError(f"text_to_word_sequence: split must be a character or more, got {split!r}")
    if lower:
        input_text = input_text.lower()
    input_text = input_text.translate({ord(c): split for c in filters or ""})
    return [word for word in input_text.split(split) if word]


def hashing_trick(
    text: str,
    n: int,
    hash_function: str | Callable[[str], int] | None = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Iterable[str]] | None = None,
) -> list[int]:
    """Number the words of a text by a hash; different words may get the same number.

    Parameters
    ----------
    text : str
    n : int
        Numbers are from 1 to ``n - 1``.
    hash_function : "md5" or callable, optional
        By default Python's ``hash``, which differs between runs of Python; ``"md5"`` doesn't.
    filters, lower, split
        As for :func:`text_to_word_sequence`.
    analyzer : callable, optional
        Splits the text in place of :func:`text_to_word_sequence`.

    Returns
    -------
    list of int

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> from nnkit.preprocessing.text import hashing_trick
    >>> hashing_trick("the cat the hat", 50, "md5")
    [43, 32, 43, 39]
    """
    owner = "hashing_trick"
    n = checks.integer(owner, "n", n, 2)
    if hash_function is None:
        hash_function = hash
    elif isinstance(hash_function, str):
        checks.one_of(owner, "hash_function", hash_function, ("md5",))
        hash_function = _md5
    elif not callable(hash_function):
        raise TypeError(f"{owner}: hash_function is 'md5' or a function, got {hash_function!r}")
    if analyzer is None:
        words: Iterable[str] = text_to_word_sequence(text, filters, lower, split)
    else:
        words = analyzer(text)
    return [hash_function(word) % (n - 1) + 1 for word in words]


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Iterable[str]] | None = None,
) -> list[int]:
    """Number the words of a text by Python's hash: :func:`hashing_trick` without a function.

    The numbers differ between runs of Python, unless ``PYTHONHASHSEED`` is set.

    Parameters
    ----------
    input_text : str
    n, filters, lower, split, analyzer
        As for :func:`hashing_trick`.

    Returns
    -------
    list of int

    Examples
    --------
    >>> from nnkit.preprocessing.text import one_hot
    >>> first, second, third = one_hot("cat hat cat", 1000)
    >>> first == third, 1 <= second < 1000
    (True, True)
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Number the words of texts by how often they occur: the most frequent is 1.

    0 is for padding. Words that occur equally often are in the order in which they came.

    Parameters
    ----------
    num_words : int, optional
        Only numbers below it are used, that is the ``num_words - 1`` most frequent words.
        ``word_index`` has all.
    filters : str
        Characters that stand between words, as ``split`` does.
    lower : bool
        Whether letters are made small.
    split : str
    char_level : bool
        Whether characters are numbered in place of words.
    oov_token : str, optional
        Gets number 1, and stands for all words that have no number; without it they are left out.
    analyzer : callable, optional
        Splits a text into words, in place of :func:`text_to_word_sequence`.
    **options
        ``nb_words``, Keras 1's ``num_words``, and ``document_count``.

    Attributes
    ----------
    word_index, index_word : dict
        Numbers by word, words by number.
    word_counts : dict
        How often each word occurred.
    word_docs, index_docs : dict
        In how many texts, by word and by number.
    document_count : int
        The number of texts.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> from nnkit.preprocessing.text import Tokenizer
    >>> tokenizer = Tokenizer(oov_token="?")
    >>> tokenizer.fit_on_texts(["The cat sat.", "The hat sat on the cat."])
    >>> tokenizer.word_index
    {'?': 1, 'the': 2, 'cat': 3, 'sat': 4, 'hat': 5, 'on': 6}
    >>> tokenizer.texts_to_sequences(["the dog sat"])
    [[2, 1, 4]]
    >>> tokenizer.sequences_to_texts([[2, 1, 4]])
    ['the ? sat']
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Callable[[str], Iterable[str]] | None = None,
        **options: Any,
    ) -> None:
        refuse_unknown("Tokenizer", options, ("nb_words", "document_count"))
        num_words = options.get("nb_words", num_words)
        self.num_words = (
            None if not num_words else checks.integer("Tokenizer", "num_words", num_words)
        )
        if not isinstance(split, str) or not split:
            raise ValueError(f"Tokenizer: split must be a character or more, got {split!r}")
        if analyzer is not None and not callable(analyzer):
            raise TypeError(f"Tokenizer: analyzer must be a function, got {analyzer!r}")
        self.filters, self.lower, self.split = filters, lower, split
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.document_count = checks.integer(
            "Tokenizer", "document_count", options.get("document_count", 0), 0
        )
        self.word_counts: dict[str, int] = OrderedDict()
        self.word_docs: dict[str, int] = defaultdict(int)
        self.index_docs: dict[int, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def fit_on_texts(self, texts: Iterable[str | Sequence[str]]) -> None:
        """Count the words of texts, and number them; what was counted before counts as well.

        Parameters
        ----------
        texts : iterable of str, or of lists of str
            A list is words already.

        Raises
        ------
        TypeError
            ``texts`` is one text in place of a list, or has something else than texts.
        ValueError
            There is no word in any text.
        """
        for text in self._each(texts):
            words = self._words(text)
            self.document_count += 1
            for word, count in Counter(words).items():
                self.word_counts[word] = self.word_counts.get(word, 0) + count
                self.word_docs[word] = self.word_docs.get(word, 0) + 1
        if not self.word_counts:
            raise ValueError("Tokenizer: there is no word in texts, so there is nothing to number")
        ordered = sorted(self.word_counts, key=self.word_counts.__getitem__, reverse=True)
        first = []
        if self.oov_token is not None:
            first, ordered = [self.oov_token], [w for w in ordered if w != self.oov_token]
        self.word_index = {word: i for i, word in enumerate([*first, *ordered], 1)}
        self.index_word = {i: word for word, i in self.word_index.items()}
        self.index_docs = defaultdict(int)
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Sequence[Sequence[int]]) -> None:
        """Count in how many sequences each number is, for ``mode="tfidf"``.

        Parameters
        ----------
        sequences : list of lists of int
        """
        self.document_count += len(sequences)
        for sequence in sequences:
            for i in set(sequence):
                self.index_docs[i] = self.index_docs.get(i, 0) + 1

    def texts_to_sequences(self, texts: Iterable[str | Sequence[str]]) -> list[list[int]]:
        """The numbers of the words of texts.

        Parameters
        ----------
        texts : iterable of str, or of lists of str

        Returns
        -------
        list of lists of int
            A text without known words gives an empty list.

        Raises
        ------
        TypeError
            ``texts`` is one text in place of a list, or has something else than texts.
        ValueError
            No word has a number: :meth:`fit_on_texts` comes first.
        """
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(
        self, texts: Iterable[str | Sequence[str]]
    ) -> Iterator[list[int]]:
        """The same as :meth:`texts_to_sequences`, one after the other.

        Parameters
        ----------
        texts : iterable of str, or of lists of str

        Yields
        ------
        list of int
        """
        if not self.word_index:
            raise ValueError("Tokenizer: no word has a number yet: call fit_on_texts first")
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        most = self.num_words or len(self.word_index) + 1
        for text in self._each(texts):
            numbers = (self.word_index.get(word, most) for word in self._words(text))
            known = (i if i < most else unknown for i in numbers)
            yield [i for i in known if i is not None]

    def sequences_to_texts(self, sequences: Iterable[Sequence[int]]) -> list[str]:
        """The texts of numbers, with a space between words.

        Parameters
        ----------
        sequences : iterable of lists of int

        Returns
        -------
        list of str
        """
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Sequence[int]]) -> Iterator[str]:
        """The same as :meth:`sequences_to_texts`, one after the other.

        Parameters
        ----------
        sequences : iterable of lists of int

        Yields
        ------
        str
        """
        most = self.num_words or len(self.word_index) + 1
        for sequence in sequences:
            words = (self.index_word.get(i) if i < most else None for i in sequence)
            known = (self.oov_token if word is None else word for word in words)
            yield " ".join(word for word in known if word is not None)

    def texts_to_matrix(
        self, texts: Iterable[str | Sequence[str]], mode: str = "binary"
    ) -> np.ndarray:
        """A row for each text, with a column for each word.

        Parameters
        ----------
        texts : iterable of str, or of lists of str
        mode : {"binary", "count", "tfidf", "freq"}
            As for :meth:`sequences_to_matrix`.

        Returns
        -------
        numpy.ndarray
            float64 (texts, num_words).
        """
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> Any:
        """A row for each sequence, with a column for each number.

        Parameters
        ----------
        sequences : list of lists of int
            Numbers from ``num_words`` on are left out.
        mode : {"binary", "count", "tfidf", "freq"}
            Whether the number is in the sequence; how often it is, c; c weighted as ``(1 + log(c))
            * log(1 + texts / (1 + texts with it))``; c in relation to the length.

        Returns
        -------
        numpy.ndarray
            float64 (sequences, num_words); ``num_words`` is by default the size of the vocabulary
            plus 1. Column 0 is padding.

        Raises
        ------
        ValueError
            Nothing says how many columns there are; or a number is negative, or no whole number;
            or there were no texts to count for ``mode="tfidf"``.
        MemoryError
            The matrix is larger than this machine's memory: give a smaller ``num_words``.
        """
        checks.one_of("sequences_to_matrix", "mode", mode, _MODES)
        if not self.num_words and not self.word_index:
            raise ValueError(
                "Tokenizer: nothing says how many columns there are: give num_words, or call "
                "fit_on_texts first"
            )
        columns = self.num_words or len(self.word_index) + 1
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Tokenizer: mode='tfidf' needs texts: call fit_on_texts first")
        sequences = list(sequences)
        budget.check_possible(
            (len(sequences), columns), np.float64, "the matrix (give a smaller num_words)"
        )
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences, strict=True):
            if not len(sequence):
                continue
            numbers = np.asarray(sequence)
            if numbers.dtype.kind not in "iu" or numbers.min() < 0:
                raise ValueError(
                    f"Tokenizer: sequences must be lists of whole numbers from 0 on, one is "
                    f"{sequence!r:.60}"
                )
            found, counts = np.unique(numbers[numbers < columns], return_counts=True)
            if mode == "binary":
                row[found] = 1
            elif mode == "count":
                row[found] = counts
            elif mode == "freq":
                row[found] = counts / len(sequence)
            else:
                with_it = np.array([self.index_docs.get(int(i), 0) for i in found])
                row[found] = (1 + np.log(counts)) * np.log1p(self.document_count / (1 + with_it))
        return matrix

    def get_config(self) -> dict[str, Any]:
        """Settings and counts, in Keras's form: dictionaries are JSON in it.

        Returns
        -------
        dict

        Raises
        ------
        ValueError
            The tokenizer has an ``analyzer``, which is code.
        """
        if self.analyzer is not None:
            raise ValueError(
                "Tokenizer: its analyzer is code, which no JSON can hold; keep texts as lists of "
                "words, which need none"
            )
        config = {name: getattr(self, name) for name in _SETTINGS}
        return config | {name: json.dumps(getattr(self, name)) for name in _COUNTS}

    def to_json(self, **options: Any) -> str:
        """Settings and counts as JSON, which Keras reads as well; see :func:`tokenizer_from_json`.

        Parameters
        ----------
        **options
            Of ``json.dumps``.

        Returns
        -------
        str
        """
        return json.dumps({"class_name": "Tokenizer", "config": self.get_config()}, **options)

    @staticmethod
    def _each(texts: Iterable[Any]) -> Iterable[Any]:
        if isinstance(texts, (str, bytes)) or not hasattr(texts, "__iter__"):
            raise TypeError(f"Tokenizer: texts must be a list of texts, got {texts!r:.60}")
        return texts

    def _words(self, text: Any) -> Iterable[str]:
        if isinstance(text, str) and not self.char_level:
            if self.analyzer is not None:
                return self.analyzer(text)
            return text_to_word_sequence(text, self.filters, self.lower, self.split)
        if isinstance(text, (list, tuple)) and all(isinstance(word, str) for word in text):
            return [word.lower() for word in text] if self.lower else text
        if isinstance(text, str):
            return text.lower() if self.lower else text
        raise TypeError(f"Tokenizer: a text must be a str or a list of them, got {text!r:.60}")


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Make the tokenizer that :meth:`Tokenizer.to_json` wrote, nnkit's or Keras's.

    Parameters
    ----------
    json_string : str

    Returns
    -------
    Tokenizer

    Raises
    ------
    ValueError
        The text is not what a tokenizer writes.

    Examples
    --------
    >>> from nnkit.preprocessing.text import Tokenizer, tokenizer_from_json
    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["the cat"])
    >>> tokenizer_from_json(tokenizer.to_json()).word_index
    {'the': 1, 'cat': 2}
    """
    try:
        config = dict(json.loads(json_string)["config"])
        counts = {name: json.loads(config.pop(name)) for name in _COUNTS}
        for name, table in counts.items():
            if not isinstance(table, Mapping):
                raise ValueError(f"{name} is no dictionary")
        tokenizer = Tokenizer(**config)
        tokenizer.word_counts = OrderedDict(counts["word_counts"])
        tokenizer.word_docs = defaultdict(int, counts["word_docs"])
        tokenizer.word_index = counts["word_index"]
        # JSON has no numbers as keys.
        by_number = [{int(k): v for k, v in counts[name].items()} for name in _COUNTS[2:4]]
        tokenizer.index_docs, tokenizer.index_word = defaultdict(int, by_number[0]), by_number[1]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is no tokenizer's JSON: {error!r}") from error
    return tokenizer
