"""Constructors of variables: ``T.matrix('x')`` and its like.

A name that begins with a letter for the data type is a type: ``T.lvector('y')`` is a variable of
``T.lvector``, which is ``TensorType("int64", [False])``. Those without a letter are of
``config.floatX`` unless they are told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnkit.symbolic.tensor.scalars import named
from nnkit.symbolic.tensor.variable import TensorType, TensorVariable

_PREFIXES = {
    "b": "int8",
    "w": "int16",
    "i": "int32",
    "l": "int64",
    "f": "float32",
    "d": "float64",
}
_KINDS = {
    "scalar": (),
    "vector": (False,),
    "row": (True, False),
    "col": (False, True),
    "matrix": (False, False),
    "tensor3": (False,) * 3,
    "tensor4": (False,) * 4,
    "tensor5": (False,) * 5,
}


__all__ = [
    "tensor",
    *(prefix + kind for kind in _KINDS for prefix in ("", *_PREFIXES)),
    *(prefix + kind + "s" for kind in _KINDS for prefix in ("", *_PREFIXES) if kind != "matrix"),
    *(prefix + "matrices" for prefix in ("", *_PREFIXES)),
]


def tensor(dtype: str, broadcastable: Sequence[bool], name: str | None = None) -> TensorVariable:
    """A variable of a data type, with an axis for each of ``broadcastable``.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> T.tensor("float32", (False, True), name="x").type
    TensorType(float32, col)
    """
    return TensorType(dtype, broadcastable)(name)


def _constructor(kind: str, meaning: str) -> Callable[..., TensorVariable]:
    """A constructor of variables of a kind, by default of ``config.floatX``."""

    def make(name: str | None = None, dtype: str | None = None) -> TensorVariable:
        return tensor(dtype or "floatX", _KINDS[kind], name)

    return named(make, kind, meaning)


scalar = _constructor("scalar", "A number.")
vector = _constructor("vector", "A variable with one axis.")
row = _constructor("row", "A matrix of one row, which broadcasts against matrices.")
col = _constructor("col", "A matrix of one column, which broadcasts against matrices.")
matrix = _constructor(
    "matrix",
    """A variable with two axes.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> T.matrix("x").dtype, T.matrix("y", dtype="int32").dtype
    ('float64', 'int32')
    """,
)
tensor3 = _constructor("tensor3", "A variable with three axes.")
tensor4 = _constructor("tensor4", "A variable with four axes.")
tensor5 = _constructor("tensor5", "A variable with five axes.")


def _several(make: Callable[..., TensorVariable]) -> Callable[..., list[TensorVariable]]:
    """A constructor of several variables."""

    def several(*names: Any, dtype: str | None = None) -> list[TensorVariable]:
        """Several variables, by their names or their number.

        Examples
        --------
        >>> import nnkit.symbolic.tensor as T
        >>> T.vectors("x y"), T.dscalars("a", "b"), len(T.matrices(3))
        ([x, y], [a, b], 3)
        """
        given: list[str | None] = []
        for name in names:
            given += [None] * name if isinstance(name, int) else name.split()
        options = {} if dtype is None else {"dtype": dtype}
        return [make(name, **options) for name in given]

    return several


def _types(kind: str) -> list[TensorType]:
    """The types of a kind, by the letters' order."""
    return [TensorType(dtype, _KINDS[kind]) for dtype in _PREFIXES.values()]


def _plurals(kind: str) -> list[Callable[..., list[TensorVariable]]]:
    """The plural forms of a kind, the one without a letter first."""
    return [_several(globals()[prefix + kind]) for prefix in ("", *_PREFIXES)]


bscalar, wscalar, iscalar, lscalar, fscalar, dscalar = _types("scalar")
bvector, wvector, ivector, lvector, fvector, dvector = _types("vector")
brow, wrow, irow, lrow, frow, drow = _types("row")
bcol, wcol, icol, lcol, fcol, dcol = _types("col")
bmatrix, wmatrix, imatrix, lmatrix, fmatrix, dmatrix = _types("matrix")
btensor3, wtensor3, itensor3, ltensor3, ftensor3, dtensor3 = _types("tensor3")
btensor4, wtensor4, itensor4, ltensor4, ftensor4, dtensor4 = _types("tensor4")
btensor5, wtensor5, itensor5, ltensor5, ftensor5, dtensor5 = _types("tensor5")

scalars, bscalars, wscalars, iscalars, lscalars, fscalars, dscalars = _plurals("scalar")
vectors, bvectors, wvectors, ivectors, lvectors, fvectors, dvectors = _plurals("vector")
rows, brows, wrows, irows, lrows, frows, drows = _plurals("row")
cols, bcols, wcols, icols, lcols, fcols, dcols = _plurals("col")
matrices, bmatrices, wmatrices, imatrices, lmatrices, fmatrices, dmatrices = _plurals("matrix")
tensor3s, btensor3s, wtensor3s, itensor3s, ltensor3s, ftensor3s, dtensor3s = _plurals("tensor3")
tensor4s, btensor4s, wtensor4s, itensor4s, ltensor4s, ftensor4s, dtensor4s = _plurals("tensor4")
tensor5s, btensor5s, wtensor5s, itensor5s, ltensor5s, ftensor5s, dtensor5s = _plurals("tensor5")
