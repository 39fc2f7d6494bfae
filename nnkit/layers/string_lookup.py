"""StringLookup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.layers.hashing import checked_salt
from nnkit.layers.lookup import Lookup
from nnkit.layers.strings import to_strings

__all__ = ["StringLookup"]


class StringLookup(Lookup):
    """Turn strings into their numbers in a vocabulary, or into codes.

    It is for arrays of strings, which no model holds: apply it to the data, and give a model the
    numbers.

    Parameters
    ----------
    max_tokens : int, optional
        The largest size of the vocabulary, with the tokens for masked and unknown ones.
    num_oov_indices : int
        How many numbers there are for strings that are not in the vocabulary; with several, a hash
        (FarmHash's) says which. With 0, such a string is an error.
    mask_token : str, optional
        A string that has number 0, or, in codes, is left out.
    oov_token : str
        What stands for unknown strings in the vocabulary.
    vocabulary : sequence of str or path, optional
        In place of ``adapt``: strings, or a file with one in each line.
    idf_weights : sequence of float, optional
        For ``"tf_idf"`` with a vocabulary, the weight of each string.
    invert : bool
        Whether to turn numbers into strings.
    output_mode : {"int", "one_hot", "multi_hot", "count", "tf_idf"}
        ``"int"`` gives numbers. ``"tf_idf"`` gives counts times the weights that ``adapt``
        found, log(1 + documents / (1 + documents with the string)). For the others see
        :class:`CategoryEncoding`.
    pad_to_max_tokens : bool
        Whether codes have the size ``max_tokens`` though the vocabulary is smaller.
    sparse : bool
        False; there are no sparse arrays.
    encoding : str
        Of strings that are bytes.
    salt : int or sequence of two int, optional
        A key for the hash of unknown strings, which is then SipHash.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; in a call, there is no vocabulary yet, an item is no
        string, or it is unknown with ``num_oov_indices=0``; or the layer is called in a model.

    Examples
    --------
    >>> import nnkit
    >>> layer = nnkit.layers.StringLookup(vocabulary=["a", "b", "c", "d"])
    >>> layer([["a", "c", "d"], ["d", "z", "b"]])
    array([[1, 3, 4],
           [4, 0, 2]])
    >>> layer = nnkit.layers.StringLookup(output_mode="count")
    >>> layer.adapt([["a", "c", "d"], ["d", "z", "b"]])
    >>> layer.get_vocabulary()
    ['[UNK]', 'd', 'z', 'c', 'b', 'a']
    >>> layer([["a", "d", "d"]])
    array([[0., 2., 0., 0., 0., 1.]], dtype=float32)
    """

    strings = True

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        *,
        salt: int | Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        self.encoding = encoding
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            pad_to_max_tokens,
            sparse,
            **options,
        )
        self.salt = checked_salt("StringLookup", salt)

    def tokens_of(self, values: Any, name: str) -> np.ndarray:
        """Strings as an array of objects."""
        return to_strings(values, name, self.encoding)

    def read(self, x: Any) -> np.ndarray:
        """Strings; with ``invert``, numbers."""
        name = f"layer {self.name!r}: x"
        return to_numpy(x, name) if self.invert else self.tokens_of(x, name)
