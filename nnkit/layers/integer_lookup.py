"""IntegerLookup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.layers.hashing import checked_salt
from nnkit.layers.lookup import Lookup

__all__ = ["IntegerLookup"]


class IntegerLookup(Lookup):
    """Turn whole numbers, such as keys of a table, into places in a vocabulary, or into codes.

    Parameters
    ----------
    max_tokens : int, optional
        The largest size of the vocabulary, with the tokens for masked and unknown ones.
    num_oov_indices : int
        How many places there are for numbers that are not in the vocabulary; with several, the
        remainder of a division by it says which. With 0, such a number is an error.
    mask_token : int, optional
        A number that has place 0, or, in codes, is left out.
    oov_token : int
        What stands for unknown numbers in the vocabulary.
    vocabulary : sequence of int or path, optional
        In place of ``adapt``: numbers, or a file with one in each line.
    vocabulary_dtype : str
        ``"int64"``.
    idf_weights : sequence of float, optional
        For ``"tf_idf"`` with a vocabulary, the weight of each number.
    invert : bool
        Whether to turn places into numbers of the vocabulary.
    output_mode : {"int", "one_hot", "multi_hot", "count", "tf_idf"}
        See :class:`StringLookup`.
    sparse : bool
        False; there are no sparse arrays.
    pad_to_max_tokens : bool
        Whether codes have the size ``max_tokens`` though the vocabulary is smaller.
    oov_method : {"floormod", "farmhash"}
        With several places for unknown numbers: ``"farmhash"`` takes a hash of the digits in place
        of the remainder.
    salt : int or sequence of two int, optional
        A key for that hash, which is then SipHash.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, in a call, there is no vocabulary yet, or a
        number has a fraction, or is unknown with ``num_oov_indices=0``.

    Notes
    -----
    In a model, the layer runs in NumPy on numbers of 32 bits, and places are floats.

    Examples
    --------
    >>> import nnkit
    >>> layer = nnkit.layers.IntegerLookup(vocabulary=[12, 36, 1138, 42])
    >>> layer([[12, 1138, 42], [42, 1000, 36]])
    array([[1, 3, 4],
           [4, 0, 2]])
    >>> back = nnkit.layers.IntegerLookup(vocabulary=[12, 36, 1138, 42], invert=True)
    >>> back([[1, 3, 4], [4, 0, 2]])
    array([[  12, 1138,   42],
           [  42,   -1,   36]])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: int | Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        checks.one_of("IntegerLookup", "vocabulary_dtype", vocabulary_dtype, ("int64",))
        known = ("floormod", "farmhash")
        self.hashes_unknown = checks.one_of("IntegerLookup", "oov_method", oov_method, known) != (
            "floormod"
        )
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
        self.salt = checked_salt("IntegerLookup", salt)
        if salt is not None and not self.hashes_unknown:
            raise ValueError("IntegerLookup: salt is for oov_method='farmhash'")

    def tokens_of(self, values: Any, name: str) -> np.ndarray:
        """Whole numbers as an array of objects."""
        array = to_numpy(values, name)
        if array.dtype.kind == "f" and not (array == np.floor(array)).all():
            raise ValueError(f"{name} must be whole numbers, but has fractions")
        return array.astype(np.int64).astype(object)

    def read(self, x: Any) -> np.ndarray:
        """Whole numbers, of 64 bits."""
        return self.tokens_of(x, f"layer {self.name!r}: x").astype(np.int64)

    def read_file(self, path: str) -> list[int]:
        """The numbers of a file, one in each line."""
        return [int(line) for line in super().read_file(path)]

    def encoded(self, x: np.ndarray, weights: Any = None) -> Any:
        """Places or codes of numbers; with ``invert``, the numbers at places."""
        found = super().encoded(x if self.invert else x.astype(np.int64))
        return found.astype(np.int64) if self.invert else found
