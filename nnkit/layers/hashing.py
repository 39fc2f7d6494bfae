"""Hashing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.layers.encoder import Encoder, no_sparse
from nnkit.layers.hashes import fingerprint64, siphash
from nnkit.layers.strings import to_strings

__all__ = ["Hashing"]


class Hashing(Encoder):
    """Turn strings or whole numbers into those of a few bins, by a hash function.

    Its values are the same on all machines, and those of Keras's layer, which needs TensorFlow:
    FarmHash's Fingerprint64, or SipHash-2-4 with a salt, modulo the number of bins.

    Parameters
    ----------
    num_bins : int
        The number of bins, with that of ``mask_value``.
    mask_value : str or int, optional
        What goes into bin 0, alone; by default nothing does.
    salt : int or sequence of two int, optional
        A key for SipHash; one number is both halves.
    output_mode : {"int", "one_hot", "multi_hot", "count"}
        ``"int"`` gives numbers of bins; for the others see :class:`CategoryEncoding`.
    sparse : bool
        False; there are no sparse arrays.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, in a call, there is neither a string nor a
        number.

    Notes
    -----
    Numbers are hashed as the strings of their digits; fractions are cut off. In a model, which has
    no strings, the layer runs in NumPy on whole numbers.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.layers.Hashing(num_bins=3)([["A"], ["B"], ["C"], ["D"], ["E"]]).ravel()
    array([1, 0, 1, 1, 2])
    >>> nnkit.layers.Hashing(num_bins=3, salt=[133, 137])([["A"], ["B"], ["C"]]).ravel()
    array([1, 2, 1])
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: int | Sequence[int] | None = None,
        output_mode: str = "int",
        sparse: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(output_mode, ("int", "one_hot", "multi_hot", "count"), **options)
        self.num_bins = checks.integer("Hashing", "num_bins", num_bins)
        self.mask_value = mask_value
        self.salt = checked_salt("Hashing", salt)
        no_sparse("Hashing", "sparse", sparse)

    @property
    def depth(self) -> int:
        """The number of bins."""
        return self.num_bins

    def read(self, x: Any) -> np.ndarray:
        """Strings, or whole numbers."""
        array = np.asarray(x) if isinstance(x, (str, bytes, list, tuple)) else x
        if getattr(array, "dtype", None) is not None and array.dtype.kind in "USO":
            return to_strings(x, f"layer {self.name!r}: x")
        return to_numpy(x, f"layer {self.name!r}: x")

    def check_values(self, x: Any, name: str) -> None:
        """Any number will do that a model holds."""
        self.check_range(x if isinstance(x, np.ndarray) else x.numpy(), name)

    def indices(self, x: np.ndarray) -> np.ndarray:
        """The bin of each value."""
        values = x if x.dtype.kind == "O" else x.astype(np.int64)
        masks = self.mask_value is not None and self.num_bins > 1
        bins = self.num_bins - masks
        found = hashed(values, bins, self.salt) + masks
        return np.where(values == self.mask_value, 0, found) if masks else found


def checked_salt(owner: str, salt: Any) -> list[int] | None:
    """The two numbers of a key, or None.

    Raises
    ------
    TypeError, ValueError
        It is neither a whole number, nor two of them.
    """
    if salt is None:
        return None
    both = list(salt) if isinstance(salt, (list, tuple)) else [salt, salt]
    if len(both) != 2:
        raise ValueError(f"{owner}: salt is a whole number, or two of them, got {salt!r}")
    return [checks.integer(owner, "salt", k, -(2**63), 2**64 - 1) for k in both]


def hashed(values: np.ndarray, bins: int, salt: list[int] | None = None) -> np.ndarray:
    """The hash of each string, or each number's digits, modulo a number of bins."""
    found: dict[Any, int] = {}
    for value in values.reshape(-1).tolist():
        if value not in found:
            text = str(value).encode()
            found[value] = (fingerprint64(text) if salt is None else siphash(text, salt)) % bins
    flat = [found[value] for value in values.reshape(-1).tolist()]
    return np.array(flat, np.int64).reshape(values.shape)
