"""Lookup: the base class of layers that number what is in a vocabulary."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.layers.adapting import batches_of
from nnkit.layers.encoder import Encoder, no_sparse
from nnkit.layers.hashing import hashed

__all__ = ["MODES", "Lookup"]

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class Lookup(Encoder, abstract=True):
    """A layer that gives each token, a string or a whole number, its place in a vocabulary.

    The vocabulary begins with ``mask_token``, if there is one and numbers are given, and
    ``num_oov_indices`` times ``oov_token``.

    Parameters
    ----------
    max_tokens, num_oov_indices : int
    mask_token, oov_token : str or int
    vocabulary, idf_weights : sequence, optional
    invert : bool
    output_mode : str
    pad_to_max_tokens, sparse : bool
        See :class:`StringLookup` for all of them.
    **options
        Arguments of :class:`Layer`.
    """

    salt: list[int] | None = None
    hashes_unknown = True  # Or those that are unknown are numbered by the remainder.

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        sparse: bool,
        **options: Any,
    ) -> None:
        super().__init__(output_mode, MODES, **options)
        owner = type(self).__name__
        self.max_tokens = (
            None if max_tokens is None else checks.integer(owner, "max_tokens", max_tokens, 2)
        )
        self.num_oov_indices = checks.integer(owner, "num_oov_indices", num_oov_indices, 0)
        self.mask_token, self.oov_token = mask_token, oov_token
        self.invert = checks.flag(owner, "invert", invert)
        self.pad_to_max_tokens = checks.flag(owner, "pad_to_max_tokens", pad_to_max_tokens)
        no_sparse(owner, "sparse", sparse)
        if self.invert and self.output_mode != "int":
            raise ValueError(f"{owner}: invert=True is for output_mode='int', got {output_mode!r}")
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ValueError(f"{owner}: pad_to_max_tokens=True needs max_tokens")
        if idf_weights is not None and vocabulary is None:
            raise ValueError(f"{owner}: idf_weights are those of a vocabulary; give that, too")
        self._fixed = vocabulary is not None
        self._tokens: list[Any] = []
        self._idf: list[float] = []
        self._places: dict[Any, int] = {}
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # ------------------------------------------------------------------- what a subclass says

    def tokens_of(self, values: Any, name: str) -> np.ndarray:
        """Tokens as an array of objects: strings or whole numbers."""
        raise NotImplementedError

    def read_file(self, path: str) -> list[Any]:
        """The tokens of a file, one in each line."""
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()

    # --------------------------------------------------------------------------- the vocabulary

    @property
    def _special(self) -> list[Any]:
        masks = self.mask_token is not None and self.output_mode == "int"
        return [self.mask_token] * masks + [self.oov_token] * self.num_oov_indices

    @property
    def depth(self) -> int:
        """The size of a code."""
        return self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()  # type: ignore

    def vocabulary_size(self) -> int:
        """How many tokens there are, those for masked and unknown ones included."""
        return len(self._special) + len(self._tokens)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their numbers.

        Parameters
        ----------
        include_special_tokens : bool
            Whether to begin with those for masked and unknown ones.
        """
        return [*(self._special if include_special_tokens else []), *self._tokens]

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary.

        Parameters
        ----------
        vocabulary : sequence, array or path
            Tokens, or a file with one in each line. It may begin with those for masked and unknown
            ones, in the order of :meth:`get_vocabulary`.
        idf_weights : sequence of float, optional
            For ``output_mode="tf_idf"``, the weight of each.

        Raises
        ------
        TypeError, ValueError
            It is empty or larger than ``max_tokens``, a token is in it twice or is not of the kind
            that the layer takes; or there are not as many weights.
        """
        owner = f"layer {self.name!r} ({type(self).__name__})"
        if isinstance(vocabulary, (str, os.PathLike)):
            vocabulary = self.read_file(os.fspath(vocabulary))
        given = self.tokens_of(vocabulary, f"{owner}: vocabulary").reshape(-1).tolist()
        special = self._special
        whole = bool(special) and given[: len(special)] == special
        tokens = given[len(special) :] if whole else given
        if not given:
            raise ValueError(f"{owner}: the vocabulary is empty")
        twice = [token for token, count in Counter(tokens).items() if count > 1]
        if twice:
            raise ValueError(f"{owner}: the vocabulary has {twice[0]!r} more than once")
        for name in ("mask_token", "oov_token") if self.invert else ("mask_token",):
            token = getattr(self, name)
            if token is not None and token in tokens:
                raise ValueError(
                    f"{owner}: the vocabulary has {name} {token!r}, which may only be at its "
                    f"beginning, as in {special}"
                )
        if self.max_tokens is not None and len(special) + len(tokens) > self.max_tokens:
            raise ValueError(
                f"{owner}: the vocabulary has {len(special) + len(tokens)} tokens with those for "
                f"masked and unknown ones, but max_tokens is {self.max_tokens}"
            )
        if (idf_weights is not None) != (self.output_mode == "tf_idf"):
            raise ValueError(f"{owner}: output_mode='tf_idf', and only that, needs idf_weights")
        if idf_weights is not None:
            weights = to_numpy(idf_weights, f"{owner}: idf_weights", np.float64)
            if weights.shape != (len(given),):
                raise ValueError(
                    f"{owner}: there must be a weight for each of the {len(given)} tokens, got "
                    f"shape {weights.shape}"
                )
            self._set_idf(weights.tolist(), 0 if whole else len(special))
        self._set_tokens(tokens)

    def _set_tokens(self, tokens: Iterable[Any]) -> None:
        self._tokens = list(tokens)
        self._places = {token: i for i, token in enumerate(self._tokens, len(self._special))}
        self._drop_graphs()

    def _set_idf(self, weights: list[float], missing: int) -> None:
        """Tokens that are not in the vocabulary get the mean of all weights."""
        self._idf = [float(np.mean(weights))] * missing + weights

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Make a vocabulary of what is in data, the most frequent first; forget an earlier one.

        Parameters
        ----------
        data : array, list, or iterable of these
            Tokens, or batches of them. For ``"tf_idf"``, a row is a document; of a vector, each
            item.
        steps : int, optional
            How many batches to take; all by default.

        Raises
        ------
        TypeError, ValueError
            The layer was given a vocabulary; or there are no tokens.
        """
        batches = batches_of(self.name, data, steps, self.tokens_of)
        self.adapt_to_rows(
            row.reshape(-1).tolist()
            for batch in map(np.atleast_1d, batches)
            for row in batch[..., None]
        )

    def adapt_to_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Make a vocabulary of the tokens of documents."""
        if self._fixed:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) was given a vocabulary, so it "
                "doesn't adapt to data"
            )
        counts: Counter[Any] = Counter()
        in_documents: Counter[Any] = Counter()
        documents = 0
        for row in rows:
            counts.update(row)
            in_documents.update(set(row))
            documents += 1
        for token in (self.mask_token, self.oov_token):
            counts.pop(token, None)
        if not counts:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}): there are no tokens to adapt to"
            )
        tokens = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        if self.max_tokens is not None:
            tokens = tokens[: self.max_tokens - len(self._special)]
        if self.output_mode == "tf_idf":
            weights = [np.log(1 + documents / (1 + in_documents[token])) for token in tokens]
            self._set_idf([float(w) for w in weights], len(self._special))
        self._set_tokens(tokens)

    # --------------------------------------------------------------------------------- a call

    def indices(self, x: np.ndarray) -> np.ndarray:
        """The number of each token; -1 for masked ones that are not to be counted."""
        if not self._tokens:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) has no vocabulary yet: call "
                "adapt(data), or give vocabulary"
            )
        flat = x.reshape(-1).tolist()
        first = len(self._special) - self.num_oov_indices
        found = np.array([self._places.get(token, -1) for token in flat], np.int64)
        unknown = found < 0
        if self.mask_token is not None:
            masked = np.array([token == self.mask_token for token in flat], bool)
            found[masked] = 0 if self.output_mode == "int" else -1
            unknown &= ~masked
        if unknown.any():
            if not self.num_oov_indices:
                token = flat[int(np.flatnonzero(unknown)[0])]
                raise ValueError(
                    f"layer {self.name!r} ({type(self).__name__}): {token!r} is not in the "
                    "vocabulary; with num_oov_indices=1 there is a number for such tokens"
                )
            strangers = np.array(flat, object)[unknown]
            if self.num_oov_indices == 1:
                found[unknown] = first
            elif self.hashes_unknown:
                found[unknown] = first + hashed(strangers, self.num_oov_indices, self.salt)
            else:
                found[unknown] = first + strangers.astype(np.int64) % self.num_oov_indices
        return found.reshape(x.shape)

    def encoded(self, x: np.ndarray, weights: Any = None) -> Any:
        """Numbers or codes of tokens; with ``invert``, the tokens of numbers."""
        if self.invert:
            return self._tokens_at(x)
        found = super().encoded(x)
        if self.output_mode == "tf_idf":
            idf = np.zeros(self.depth, self.dtype)
            idf[: len(self._idf)] = self._idf
            found *= idf
        return found

    def _tokens_at(self, x: np.ndarray) -> np.ndarray:
        special = len(self._special)
        found = np.full(x.shape, self.oov_token, object)
        known = (x >= special) & (x < special + len(self._tokens))
        found[known] = np.array(self._tokens, object)[x[known].astype(np.int64) - special]
        if self.mask_token is not None:
            found[x == 0] = self.mask_token
        return found

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with the vocabulary that was set or found."""
        config = super().get_config()
        tokens, weights = self._tokens or None, self._idf[len(self._special) :] or None
        return config | {"vocabulary": tokens, "idf_weights": weights}
