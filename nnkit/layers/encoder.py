"""Encoder: the base class of layers that turn values into numbers of categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.layers.base import Layer, Shape
from nnkit.layers.nodes import holds_placeholders

__all__ = ["Encoder", "no_sparse"]

_OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def no_sparse(owner: str, name: str, value: Any) -> bool:
    """Refuse an argument that asks for arrays that nnkit doesn't have."""
    if checks.flag(owner, name, value):
        raise ValueError(
            f"{owner}: {name}=True asks for arrays that nnkit hasn't got; leave it out"
        )
    return False


class Encoder(Layer, abstract=True):
    """A layer that turns each value into the number of a category, or into ones among zeros.

    Called with arrays, it gives numbers as int64, and codes in the layer's data type. In a model it
    runs in NumPy, and numbers are floats; nothing has a gradient.

    Parameters
    ----------
    output_mode : str
        ``"int"`` for numbers; or codes, which a subclass describes.
    modes : tuple of str
        The modes that there are.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    strings : bool
        Whether it reads strings, which a model's arrays can't hold.
    """

    strings = False
    whole = True  # Whether inputs are whole numbers.
    int_dtype: Any = np.int64

    def __init__(self, output_mode: str, modes: tuple[str, ...], **options: Any) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        given = _OLD_NAMES.get(output_mode, output_mode)
        self.output_mode = checks.one_of(owner, "output_mode", given, modes)

    @property
    def depth(self) -> int:
        """The number of categories, which is the size of a code."""
        raise NotImplementedError

    def indices(self, x: np.ndarray) -> np.ndarray:
        """The category of each value, int64; none is counted that is not from 0 to below depth."""
        raise NotImplementedError

    def __call__(self, x: Any = None, *more: Any, **named: Any) -> Any:
        """The numbers or codes of an array; of a placeholder, a placeholder."""
        if holds_placeholders([x, more, named]):
            return super().__call__(x, *more, **named)
        given = self._bound(x, more, named)[0]
        given.pop("mask", None)
        return self.encoded(self.read(given.pop("x")), **given)

    def read(self, x: Any) -> np.ndarray:
        """What a call is given, as an array."""
        array = to_numpy(x, f"layer {self.name!r}: x")
        self.check_values(array, "x")
        return array

    def connected(self, arguments: dict[str, Any], training: bool | None) -> Any:
        """The placeholders that the layer gives for others: a node of a network."""
        if self.strings:
            raise TypeError(
                f"layer {self.name!r} ({type(self).__name__}) reads or gives strings, which a "
                "model's arrays can't hold: apply it to the data first, x = layer(x), and give the "
                "model what comes out"
            )
        return super().connected(arguments, training)

    @property
    def input_dtype(self) -> str:
        """int32: float32 would be exact for numbers up to 2**24 only."""
        return "int32" if self.whole else self.dtype

    def check_values(self, x: Any, name: str) -> None:
        """Refuse what is no whole number, or not one of 32 bits."""
        if not self.whole or not x.size:
            return
        array = x if isinstance(x, np.ndarray) else x.numpy()
        if array.dtype.kind == "f" and not (array == np.floor(array)).all():
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) takes whole numbers, but {name} has "
                "fractions"
            )
        self.check_range(array, name)

    def check_range(self, x: np.ndarray, name: str) -> None:
        """Refuse numbers that are too small or too large: of more than 32 bits, in a model."""
        if x.size and (x.min() < -(2**31) or x.max() >= 2**31):
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) takes numbers of 32 bits in a model, "
                f"but {name} has larger ones: apply the layer to the data first, x = layer(x), "
                "and give the model what comes out"
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape; of codes, with ``depth`` as the last size."""
        if self.output_mode == "int":
            return input_shape
        if len(input_shape) < 2 and self.output_mode != "one_hot":
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) with output_mode="
                f"{self.output_mode!r} needs inputs of shape (batch, ..., values), got "
                f"{input_shape}"
            )
        before = input_shape[:-1]
        if self.output_mode == "one_hot" and (len(input_shape) < 2 or input_shape[-1] != 1):
            before = input_shape
        return (*before, self.depth)

    def encoded(self, x: np.ndarray, weights: np.ndarray | None = None) -> Any:
        """Numbers or codes of an array."""
        found = self.indices(x)
        if self.output_mode == "int":
            return found.astype(self.int_dtype, copy=False)
        if self.output_mode == "one_hot":
            found = found[..., 0] if found.ndim > 1 and found.shape[-1] == 1 else found
            return one_hot(found, self.depth, self.dtype)
        return several_hot(found, self.depth, self.dtype, self.output_mode, weights)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Numbers or codes."""
        self._shape = x.shape
        return np.ascontiguousarray(self.encoded(x), self.dtype)

    def backward(self, dy: np.ndarray) -> Any:
        """Zeros."""
        return np.zeros(self._shape, self.dtype)


def one_hot(indices: np.ndarray, depth: int, dtype: Any) -> np.ndarray:
    """Ones at the indices, along a new last axis; none for an index outside of it."""
    flat = indices.reshape(-1)
    made = np.zeros((flat.size, depth), dtype)
    known = np.flatnonzero((flat >= 0) & (flat < depth))
    made[known, flat[known]] = 1
    return made.reshape(*indices.shape, depth)


def several_hot(
    indices: np.ndarray, depth: int, dtype: Any, mode: str, weights: np.ndarray | None = None
) -> np.ndarray:
    """One code for all indices along the last axis: ones, or how often each occurs."""
    rows = indices.reshape(-1, indices.shape[-1] if indices.ndim else 1)
    made = np.zeros((len(rows), depth), dtype)
    at = np.broadcast_to(np.arange(len(rows))[:, None], rows.shape)
    known = (rows >= 0) & (rows < depth)
    if mode == "multi_hot":
        made[at[known], rows[known]] = 1
    else:
        counted = np.ones(rows.shape) if weights is None else weights.reshape(rows.shape)
        np.add.at(made, (at[known], rows[known]), counted[known].astype(dtype))
    return made.reshape(*indices.shape[:-1], depth)
