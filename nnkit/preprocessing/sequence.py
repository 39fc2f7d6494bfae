"""Sequences of numbers and of words: Keras 2's ``preprocessing.sequence``."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.errors import warn
from nnkit.utils.padding import pad_sequences
from nnkit.utils.py_dataset import PyDataset

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]

_EULER = 0.577  # Euler's and Mascheroni's constant, in as many digits as Keras has.


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """The probabilities with which words are kept, by rank: frequent ones are kept rarely.

    T. Mikolov et al., 2013, "Distributed representations of words and phrases", with frequencies by
    Zipf's law: ``f(rank) = 1 / (rank * (log(rank) + 0.577) + 1/2 - 1 / (12 * rank))``, and
    ``p = min(1, sqrt(sampling_factor / f))``.

    Parameters
    ----------
    size : int
        The number of words.
    sampling_factor : float

    Returns
    -------
    numpy.ndarray
        float64 (size,), for :func:`skipgrams`. Entry 0 is that of rank 1.

    Raises
    ------
    TypeError, ValueError
        ``size`` is not from 1 on, or ``sampling_factor`` not above 0.

    Examples
    --------
    >>> from nnkit.preprocessing.sequence import make_sampling_table
    >>> make_sampling_table(4)
    array([0.00315225, 0.00315225, 0.00547597, 0.00741556])
    """
    rank = np.arange(checks.integer("make_sampling_table", "size", size)).astype(float)
    factor = checks.number("make_sampling_table", "sampling_factor", sampling_factor, "(0, inf)")
    rank[0] = 1
    inverse = rank * (np.log(rank) + _EULER) + 0.5 - 1 / (12 * rank)
    return np.minimum(1, np.sqrt(factor * inverse))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of words that are near each other, and of words drawn at random.

    T. Mikolov et al., 2013, "Efficient estimation of word representations in vector space".

    Parameters
    ----------
    sequence : list of int
        Words' numbers; 0 stands for no word, and is skipped.
    vocabulary_size : int
        The largest number plus 1.
    window_size : int
        How far the words of a pair may be apart.
    negative_samples : float
        Pairs drawn at random, in relation to the others; 0 for none.
    shuffle : bool
        Whether pairs are in a random order.
    categorical : bool
        Whether labels are ``[0, 1]`` and ``[1, 0]`` in place of 1 and 0.
    sampling_table : array, optional
        (vocabulary_size,), the probability with which each word is kept as the first of pairs; see
        :func:`make_sampling_table`.
    seed : int, optional
        Of what is drawn. Without it Python's ``random`` draws, which ``random.seed`` and
        :func:`nnkit.utils.set_random_seed` seed.

    Returns
    -------
    couples : list of [int, int]
    labels : list
        1 for words that are near each other, 0 for those drawn at random.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> from nnkit.preprocessing.sequence import skipgrams
    >>> skipgrams([1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False)
    ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    owner = "skipgrams"
    size = checks.integer(owner, "vocabulary_size", vocabulary_size, 2)
    window = checks.integer(owner, "window_size", window_size, 0)
    part = checks.number(owner, "negative_samples", negative_samples, "[0, inf)")
    words = [checks.integer(owner, "a word of sequence", w, 0) for w in sequence]
    if max(words, default=0) >= size:
        warn(
            f"{owner}: sequence has the word {max(words)}, but with vocabulary_size={size} words "
            f"are drawn at random up to {size - 1} only: it should be the largest word plus 1"
        )
    if sampling_table is not None:
        sampling_table = np.asarray(sampling_table)
        if sampling_table.ndim != 1 or len(sampling_table) <= max(words, default=0):
            raise ValueError(
                f"{owner}: sampling_table must have an entry for each word, shape ({size},), got "
                f"{sampling_table.shape}"
            )
    seed = checks.seed(owner, seed)
    draw: Any = random if seed is None else random.Random(seed)

    couples: list[list[int]] = []
    for i, word in enumerate(words):
        if not word or (sampling_table is not None and sampling_table[word] < draw.random()):
            continue
        near = range(max(0, i - window), min(len(words), i + window + 1))
        couples += [[word, words[j]] for j in near if j != i and words[j]]
    yes, no = ([0, 1], [1, 0]) if categorical else (1, 0)
    labels: list[Any] = [yes] * len(couples)
    if part and couples:
        drawn = int(len(couples) * part)
        first = [couple[0] for couple in couples]
        draw.shuffle(first)
        couples += [[first[i % len(first)], draw.randint(1, size - 1)] for i in range(drawn)]
        labels += [no] * drawn
    if shuffle:
        order = list(range(len(couples)))
        draw.shuffle(order)
        couples, labels = [couples[i] for i in order], [labels[i] for i in order]
    return couples, labels


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, with what comes next as targets.

    The window for row r has the steps from ``r - length`` to ``r - 1``, every ``sampling_rate``-th
    of them, and the target ``targets[r]``.

    Parameters
    ----------
    data : array or list
        (steps, ...).
    targets : array or list
        As long as ``data``.
    length : int
        Steps that a window goes back.
    sampling_rate : int
        Steps from one of a window to the next.
    stride : int
        Steps from one window to the next.
    start_index : int
        Steps before are not used.
    end_index : int, optional
        The last step used as a target; by default the last there is.
    shuffle : bool
        Whether rows are drawn at random, with repetitions, as in Keras, by ``numpy.random``.
    reverse : bool
        Whether windows go back in time.
    batch_size : int
    **options
        Of :class:`~nnkit.utils.PyDataset`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value, or no window has room.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.sequence import TimeseriesGenerator
    >>> series = np.arange(10)
    >>> windows = TimeseriesGenerator(series, series, length=3, batch_size=2)
    >>> windows[0]
    (array([[0, 1, 2],
           [1, 2, 3]]), array([3, 4]))
    >>> len(windows)
    4
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = "TimeseriesGenerator"
        if len(data) != len(targets):
            raise ValueError(
                f"{owner}: data and targets must be equally long, they have {len(data)} and "
                f"{len(targets)} steps"
            )
        self.data, self.targets = data, targets
        self.length = checks.integer(owner, "length", length)
        self.sampling_rate = checks.integer(owner, "sampling_rate", sampling_rate)
        self.stride = checks.integer(owner, "stride", stride)
        self.start_index = checks.integer(owner, "start_index", start_index, 0) + self.length
        self.end_index = len(data) - 1
        if end_index is not None:
            self.end_index = checks.integer(owner, "end_index", end_index, 0, len(data) - 1)
        self.shuffle = checks.flag(owner, "shuffle", shuffle)
        self.reverse = checks.flag(owner, "reverse", reverse)
        self.batch_size = checks.integer(owner, "batch_size", batch_size)
        if self.start_index > self.end_index:
            raise ValueError(
                f"{owner}: no window has room: start_index + length is {self.start_index}, and the "
                f"last step, end_index, is {self.end_index}"
            )

    def __len__(self) -> int:
        rows = (self.end_index - self.start_index) // self.stride + 1
        return -(-rows // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            every = self.batch_size * self.stride
            start = self.start_index + every * (index % len(self))
            rows = np.arange(start, min(start + every, self.end_index + 1), self.stride)
        windows = [self.data[row - self.length : row : self.sampling_rate] for row in rows]
        x, y = np.array(windows), np.array([self.targets[row] for row in rows])
        return (x[:, ::-1] if self.reverse else x), y

    def get_config(self) -> dict[str, Any]:
        """The arguments, with data and targets as JSON, in Keras's form.

        Returns
        -------
        dict
        """
        names = "length sampling_rate stride start_index end_index shuffle reverse batch_size"
        data = {n: json.dumps(np.asarray(getattr(self, n)).tolist()) for n in ("data", "targets")}
        return data | {name: getattr(self, name) for name in names.split()}

    def to_json(self, **options: Any) -> str:
        """The arguments as JSON.

        Parameters
        ----------
        **options
            Of ``json.dumps``.

        Returns
        -------
        str
        """
        config = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(config, **options)
