"""Sums of products over axes that have letters."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from nnkit.ops.axes import sizes_of
from nnkit.ops.naming import Expression
from nnkit.ops.shapes import transpose
from nnkit.symbolic import tensor as T

__all__ = ["einsum"]


def einsum(subscripts: str, *operands: Expression) -> Expression:
    """Sums of products over axes that letters name, as NumPy's ``einsum``; from left to right.

    Parameters
    ----------
    subscripts : str
        A letter for each axis of each operand and of the result: ``"ab,bc->ac"``. An ellipsis
        stands for any number of axes, of equal sizes in all operands that have one. Without an
        arrow, the result has the ellipsis and the letters that occur once, in alphabetical order.
    *operands : expression

    Raises
    ------
    ValueError
        The subscripts don't fit the operands; or one has a letter twice, which asks for a diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit import ops
    >>> ops.einsum("ab,cb->ca", np.array([[1, 2]]), np.array([[3, 4], [5, 6]])).eval()
    array([[11],
           [17]])
    """
    values = [T.as_tensor(x) for x in operands]
    letters, output = _subscripts(subscripts, [x.ndim for x in values])
    found, names = values[0], letters[0]
    for i in range(1, len(values)):
        kept = set(output).union(*letters[i + 1 :])
        found, names = _product(found, names, values[i], letters[i], kept)
    found, names = _summed(found, names, set(output))
    return transpose(found, [names.index(n) for n in output]) if names != output else found


def _subscripts(subscripts: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result; Greek ones stand for ellipses."""
    text = subscripts.replace(" ", "")
    before, arrow, after = text.partition("->")
    parts = before.split(",")
    allowed = r"[a-zA-Z]*(\.\.\.)?[a-zA-Z]*"
    if not all(re.fullmatch(allowed, part) for part in (*parts, after)):
        raise ValueError(f"einsum: subscripts are such as 'ab,bc->ac', got {subscripts!r}")
    if len(parts) != len(ranks):
        raise ValueError(f"einsum: {subscripts!r} is for {len(parts)} operands, got {len(ranks)}")
    dots, letters = "", []
    for part, rank in zip(parts, ranks, strict=True):
        more = rank - len(part.replace("...", ""))
        if more < 0 or (more and "..." not in part):
            raise ValueError(f"einsum: {part!r} of {subscripts!r} has an operand of {rank} axes")
        own = "".join(chr(0x3B1 + i) for i in range(more))[::-1]  # Counted from the last one.
        dots = max(dots, own, key=len)
        letters.append(part.replace("...", own))
    if not arrow:
        all_letters = "".join(letters)
        after = "..." + "".join(sorted(n for n in all_letters if all_letters.count(n) == 1))
        after = "".join(n for n in after if n not in dots)
    output = after.replace("...", dots)
    for part in (*letters, output):
        if len(set(part)) < len(part):
            raise ValueError(f"einsum: {subscripts!r} has a letter twice in one part")
    if not set(output) <= set("".join(letters)):
        raise ValueError(f"einsum: the result of {subscripts!r} has a letter of no operand")
    return letters, output


def _summed(x: Expression, letters: str, kept: set[str]) -> tuple[Expression, str]:
    """x summed over the axes whose letters nobody needs, and the letters of the others."""
    alone = [i for i, n in enumerate(letters) if n not in kept]
    left = "".join(n for n in letters if n in kept)
    return (T.sum(x, axis=alone) if alone else x), left


def _product(
    a: Expression, of_a: str, b: Expression, of_b: str, kept: set[str]
) -> tuple[Expression, str]:
    """The product of two operands, one of matrices or of stacks of them; and its letters."""
    a, of_a = _summed(a, of_a, kept | set(of_b))
    b, of_b = _summed(b, of_b, kept | set(of_a))
    stack = [n for n in of_a if n in of_b and n in kept]
    inner = [n for n in of_a if n in of_b and n not in kept]
    rows, columns = [n for n in of_a if n not in of_b], [n for n in of_b if n not in of_a]
    sizes = dict(zip(of_b, sizes_of(b), strict=True)) | dict(zip(of_a, sizes_of(a), strict=True))

    def matrices(x: Expression, letters: str, left: list[str], right: list[str]) -> Expression:
        order = [letters.index(n) for n in (*stack, *left, *right)]
        x = x if order == sorted(order) else transpose(x, order)
        groups = [*([stack] if stack else []), left, right]
        return _reshaped(x, len(letters), [_size(sizes, group) for group in groups], groups)

    pair = matrices(a, of_a, rows, inner), matrices(b, of_b, inner, columns)
    product = (T.batched_dot if stack else T.dot)(*pair)
    found = [*stack, *rows, *columns]
    groups = [*([stack] if stack else []), rows, columns]
    plain = all(len(group) == 1 for group in groups)
    return product if plain else T.reshape(product, [sizes[n] for n in found]), "".join(found)


def _size(sizes: dict[str, Any], letters: Sequence[str]) -> Any:
    return math.prod(sizes[n] for n in letters)


def _reshaped(x: Expression, rank: int, shape: list[Any], groups: Sequence[Any]) -> Expression:
    """x with an axis for each group; as it is if each has one letter."""
    return x if rank == len(groups) and all(map(len, groups)) else T.reshape(x, shape)
