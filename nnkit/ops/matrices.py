"""Products of arrays, and matrices."""

from __future__ import annotations

import math
from typing import Any

from nnkit.ops.axes import matmul
from nnkit.ops.naming import Expression
from nnkit.ops.shapes import shape
from nnkit.symbolic import tensor as T
from nnkit.symbolic.tensor import nlinalg, slinalg
from nnkit.symbolic.tensor.math import floats

__all__ = [
    "cdist",
    "cholesky",
    "cholesky_inverse",
    "cross",
    "det",
    "diagonal",
    "dot_product_attention",
    "eigh",
    "einsum",
    "inner",
    "inv",
    "kron",
    "logdet",
    "outer",
    "slogdet",
    "solve",
    "solve_triangular",
    "tensordot",
    "trace",
    "vdot",
]


def inner(x1: Expression, x2: Expression) -> Expression:
    """Products summed over the last axes of both."""
    return T.inner(x1, x2)


def outer(x1: Expression, x2: Expression) -> Expression:
    """The matrix of the products of each element of x1 with each of x2."""
    return T.outer(x1, x2)


def vdot(x1: Expression, x2: Expression) -> Expression:
    """The sum of the products of all elements."""
    return T.dot(T.flatten(x1, 1), T.flatten(x2, 1))


def tensordot(x1: Expression, x2: Expression, axes: Any = 2) -> Expression:
    """Products summed over some axes: so many of the last and first; or lists of both's axes."""
    return T.tensordot(x1, x2, axes)


def kron(x1: Expression, x2: Expression) -> Expression:
    """The Kronecker product: x2 times each element of x1, in its place."""
    x1, x2 = T.as_tensor(x1), T.as_tensor(x2)
    ndim = max(x1.ndim, x2.ndim)
    x1, x2 = T.as_tensor(x1, ndim=ndim), T.as_tensor(x2, ndim=ndim)
    left = x1.dimshuffle(*(p for i in range(ndim) for p in (i, "x")))
    right = x2.dimshuffle(*(p for i in range(ndim) for p in ("x", i)))
    sizes = [n * m for n, m in zip(shape(x1), shape(x2), strict=True)]
    return T.reshape(left * right, sizes)


def cross(
    x1: Expression,
    x2: Expression,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Expression:
    """The cross products of vectors of three elements.

    Parameters
    ----------
    x1, x2 : expression
    axisa, axisb, axisc : int
        The axis of the vectors in x1, in x2, and in the result.
    axis : int, optional
        All three.
    """
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    x1, x2 = T.moveaxis(x1, axisa, -1), T.moveaxis(x2, axisb, -1)
    a, b, c = (x1[..., i] for i in range(3))
    d, e, f = (x2[..., i] for i in range(3))
    made = T.stack([b * f - c * e, c * d - a * f, a * e - b * d], axis=-1)
    return T.moveaxis(made, -1, axisc)


def diagonal(x: Expression, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Expression:
    """The diagonals of the matrices in two axes, along a last axis."""
    return T.diagonal(x, offset, axis1, axis2)


def trace(x: Expression, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Expression:
    """The sums of the diagonals of the matrices in two axes."""
    return T.sum(T.diagonal(x, offset, axis1, axis2), axis=-1)


# ------------------------------------------------------------------------------------- matrices


def det(x: Expression) -> Expression:
    """The determinant of a matrix."""
    return nlinalg.det(x)


def slogdet(x: Expression) -> list[Expression]:
    """The sign of a matrix's determinant, and the logarithm of its absolute value."""
    return nlinalg.slogdet(x)


def logdet(x: Expression) -> Expression:
    """The logarithm of the determinant of a positive definite matrix."""
    return nlinalg.slogdet(x)[1]


def inv(x: Expression) -> Expression:
    """The inverse of a matrix."""
    return nlinalg.inv(x)


def solve(a: Expression, b: Expression) -> Expression:
    """The solution x of a x = b, for a matrix a, and a vector or matrix b."""
    return slinalg.solve(a, b)


def solve_triangular(a: Expression, b: Expression, lower: bool = False) -> Expression:
    """The solution x of a x = b, where only the upper or lower triangle of a is read."""
    return slinalg.solve(T.tril(a) if lower else T.triu(a), b)


def cholesky(x: Expression, upper: bool = False) -> Expression:
    """The triangular factor L of a positive definite matrix L L^T, or L^T."""
    return slinalg.cholesky(x, not upper)


def cholesky_inverse(x: Expression, upper: bool = False) -> Expression:
    """The inverse of the matrix whose triangular factor is given."""
    x = T.triu(floats(x)) if upper else T.tril(floats(x))
    return nlinalg.inv(T.dot(x.T, x) if upper else T.dot(x, x.T))


def eigh(x: Expression) -> list[Expression]:
    """The eigenvalues of a symmetric matrix, ascending, and its eigenvectors as columns."""
    return nlinalg.eigh(x)


def cdist(x: Expression, y: Expression) -> Expression:
    """The distance of each row of x from each row of y."""
    x, y = T.as_tensor(x), T.as_tensor(y)
    rows = x.dimshuffle(*range(x.ndim - 1), "x", x.ndim - 1)
    others = y.dimshuffle(*range(y.ndim - 2), "x", y.ndim - 2, y.ndim - 1)
    return T.sqrt(T.sum(T.sqr(rows - others), axis=-1))


def dot_product_attention(
    query: Expression,
    key: Expression,
    value: Expression,
    bias: Expression | None = None,
    mask: Expression | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Expression:
    """Values averaged by how well their keys fit each query: softmax(q k^T scale) v, by heads.

    Parameters
    ----------
    query : expression
        (batch, queries, heads, features).
    key, value : expression
        (batch, keys, heads, features).
    bias : expression, optional
        Added before the softmax, (batch, heads, queries, keys) or what broadcasts to it.
    mask : expression, optional
        Bool, of that shape: what counts.
    scale : float, optional
        By default 1 / sqrt(features); needed where their number is not known.
    is_causal : bool
        Whether a query sees the keys up to its own place only.
    flash_attention
        Has no effect.
    attn_logits_soft_cap : float, optional
        Logits z become cap tanh(z / cap).
    """
    query, key, value = (T.transpose(x, (0, 2, 1, 3)) for x in (query, key, value))
    root = T.sqrt(T.cast(query.shape[3], query.dtype)) if scale is None else 1 / scale
    logits = matmul(query, T.swapaxes(key, -1, -2)) / root
    if attn_logits_soft_cap is not None:
        logits = attn_logits_soft_cap * T.tanh(logits / attn_logits_soft_cap)
    if bias is not None:
        logits = logits + bias
    least = -0.7 * (3.4e38 if logits.dtype == "float32" else 1.7e308)
    if mask is not None:
        logits = T.switch(mask, logits, T.constant(least, dtype=logits.dtype))
    if is_causal:
        places = T.arange(logits.shape[2]).dimshuffle(0, "x"), T.arange(logits.shape[3])
        logits = T.switch(places[1] <= places[0], logits, T.constant(least, dtype=logits.dtype))
    return T.transpose(matmul(T.nnet.softmax(logits, -1), value), (0, 2, 1, 3))


# --------------------------------------------------------------------------------------- einsum


def einsum(subscripts: str, *operands: Expression) -> Expression:
    """Products of arrays, summed over the axes that the result doesn't name.

    Parameters
    ----------
    subscripts : str
        A letter for each axis of each operand, and those of the result: ``"bij,bjk->bik"``. Three
        dots stand for any axes; without ``->``, the result has the letters that occur once, in
        alphabetical order.
    *operands : expression
    """
    arrays = [T.as_tensor(x) for x in operands]
    names, wanted = _letters(subscripts, [x.ndim for x in arrays])
    terms = [_without_doubles(x, own) for x, own in zip(arrays, names, strict=True)]
    array, own = terms[0]
    later = [set("".join(names[i:])) | set(wanted) for i in range(1, len(terms) + 1)]
    array, own = _summed(array, own, later[0])
    for (other, theirs), needed in zip(terms[1:], later[1:], strict=True):
        other, theirs = _summed(other, theirs, needed | set(own))
        array, own = _product(array, own, other, theirs, needed)
    return array.dimshuffle(*(own.index(letter) for letter in wanted))


def _letters(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with letters in place of dots."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ValueError(f"einsum: {subscripts!r} is for {len(terms)} operands, got {len(ranks)}")
    free = [c for c in map(chr, range(0x3B1, 0x3B1 + 60)) if c not in text]
    dots = 0
    for term, rank in zip(terms, ranks, strict=True):
        named = len(term.replace("...", ""))
        if named > rank or ("..." not in term and named != rank):
            raise ValueError(f"einsum: {term!r} does not fit an array of {rank} axes")
        dots = max(dots, rank - named if "..." in term else 0)
    for_dots = "".join(free[:dots])

    def spelled(term: str, rank: int) -> str:
        missing = rank - len(term.replace("...", ""))
        return term.replace("...", for_dots[len(for_dots) - missing :] if missing else "")

    names = [spelled(term, rank) for term, rank in zip(terms, ranks, strict=True)]
    if arrow:
        wanted = right.replace("...", for_dots)
    else:
        every = "".join(names)
        wanted = for_dots + "".join(
            sorted(c for c in set(every) - set(for_dots) if every.count(c) == 1)
        )
    lost = set(wanted) - set("".join(names))
    if lost or len(set(wanted)) < len(wanted):
        raise ValueError(f"einsum: the result {right!r} names axes that no operand has, or twice")
    return names, wanted


def _without_doubles(x: Any, names: str) -> tuple[Any, str]:
    """The diagonals of axes that have one letter."""
    for letter in dict.fromkeys(names):
        while names.count(letter) > 1:
            first = names.index(letter)
            second = names.index(letter, first + 1)
            x = T.diagonal(x, 0, first, second)
            names = names[:first] + names[first + 1 : second] + names[second + 1 :] + letter
    return x, names


def _summed(x: Any, names: str, needed: set[str]) -> tuple[Any, str]:
    """The sum over axes that nobody needs."""
    axes = [i for i, letter in enumerate(names) if letter not in needed]
    if not axes:
        return x, names
    return T.sum(x, axis=axes), "".join(letter for letter in names if letter in needed)


def _product(x: Any, own: str, y: Any, theirs: str, needed: set[str]) -> tuple[Any, str]:
    """The product of two arrays, summed over the axes that both have and nobody needs."""
    both = [c for c in own if c in theirs]
    batch = [c for c in both if c in needed]
    summed = [c for c in both if c not in needed]
    left, right = ([c for c in names if c not in both] for names in (own, theirs))
    if not summed:  # Element by element.
        names = "".join([*batch, *left, *right])
        aligned = [
            a.dimshuffle(*(n.index(c) if c in n else "x" for c in names))
            for a, n in ((x, own), (y, theirs))
        ]
        return aligned[0] * aligned[1], names
    if not batch:
        axes = [[own.index(c) for c in summed], [theirs.index(c) for c in summed]]
        return T.tensordot(x, y, axes), "".join([*left, *right])
    sizes = {
        c: n for a, names in ((x, own), (y, theirs)) for c, n in zip(names, shape(a), strict=True)
    }
    groups = [math.prod([sizes[c] for c in group]) for group in (batch, left, summed, right)]
    x = x.dimshuffle(*(own.index(c) for c in [*batch, *left, *summed]))
    y = y.dimshuffle(*(theirs.index(c) for c in [*batch, *summed, *right]))
    x = T.reshape(x, (groups[0], groups[1], groups[2]))
    y = T.reshape(y, (groups[0], groups[2], groups[3]))
    names = "".join([*batch, *left, *right])
    return T.reshape(T.batched_dot(x, y), [sizes[c] for c in names]), names
