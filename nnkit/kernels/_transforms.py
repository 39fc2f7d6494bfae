"""Linear transforms of small squares of numbers, for all channels at once, in vectors.

The loop over channels is written in LLVM's instructions: a loop of numba's with sixteen loads and
sixteen stores is not vectorised. ``NNKIT_PLAIN_TILES=1`` takes plain loops instead, which numba's
bounds checks see.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

from nnkit.kernels._tile import lanes_of, whole

__all__ = ["transform"]

_WORD = ir.IntType(64)
Matrix = Sequence[Sequence[float]]


def transform(matrix: Matrix) -> Callable[..., None]:
    """Make the function ``to = matrix square matrix^T + add`` for each of many channels.

    It is called with ``(count, source, at, row, column, to, to_at, to_row, to_column, add,
    add_at)``. The square's element (i, j) of channel c is ``source[at + i row + j column + c]``,
    that of the result ``to[to_at + i to_row + j to_column + c]``, for ``count`` channels, a
    multiple of 16. Nothing checks indices, which count elements of memory. ``add[add_at + c]`` is
    added to each element of the result, for ``add_at`` below 0 nothing.

    Parameters
    ----------
    matrix : nested sequence of float
    """
    chosen = _in_loops if os.environ.get("NNKIT_PLAIN_TILES") == "1" else _in_vectors
    return chosen(matrix)


def _in_loops(matrix: Matrix) -> Callable[..., None]:
    coefficients = tuple(map(tuple, matrix))
    rows, size = len(matrix), len(matrix[0])
    factors = np.array(coefficients)

    @register_jitable
    def in_loops(count, source, at, row, column, to, to_at, to_row, to_column, add, add_at):  # type: ignore[no-untyped-def]
        left, right = whole(source), whole(to)
        extra = whole(add)
        for c in range(count):
            for p in range(rows):
                for q in range(rows):
                    total = right.dtype.type(0)
                    for i in range(size):
                        for j in range(size):
                            factor = right.dtype.type(factors[p, i] * factors[q, j])
                            total += factor * left[at + i * row + j * column + c]
                    if add_at >= 0:
                        total += extra[add_at + c]
                    right[to_at + p * to_row + q * to_column + c] = total

    return in_loops


def _in_vectors(matrix: Matrix) -> Any:
    rows, size = len(matrix), len(matrix[0])

    @intrinsic
    def in_vectors(  # type: ignore[no-untyped-def]
        context, count, source, at, row, column, to, to_at, to_row, to_column, add, add_at
    ):
        word = types.int64
        given = word, source, word, word, word, to, word, word, word, add, word

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            def begin(array: int) -> Any:
                kind = context.make_array(signature.args[array])
                data = kind(context, builder, arguments[array]).data
                return builder.gep(data, [arguments[array + 1]])

            def places(array: int, count: int) -> list[Any]:
                base, (step, side) = begin(array), arguments[array + 2 : array + 4]
                return [
                    builder.gep(base, [builder.add(_times(step, i), _times(side, j))])
                    for i in range(count)
                    for j in range(count)
                ]

            def _times(step: Any, number: int) -> Any:
                return builder.mul(step, ir.Constant(_WORD, number))

            sources, targets, extra = places(1, size), places(5, rows), begin(9)
            extends = builder.icmp_signed(">=", arguments[10], ir.Constant(_WORD, 0))
            real, width = context.get_data_type(to.dtype), lanes_of(to.dtype)
            vector, alignment = ir.VectorType(real, width), to.dtype.bitwidth // 8

            def place(pointer: Any, c: Any) -> Any:
                return builder.bitcast(builder.gep(pointer, [c]), vector.as_pointer())

            def combined(values: Sequence[Any], factors: Sequence[float]) -> Any:
                total = None
                for value, factor in zip(values, factors, strict=True):
                    if factor == 0:
                        continue
                    if abs(factor) != 1:
                        constant = ir.Constant(vector, [abs(factor)] * width)
                        value = builder.fmul(value, constant)
                    if total is None:
                        minus = ir.Constant(vector, [-0.0] * width)
                        total = value if factor > 0 else builder.fsub(minus, value)
                    else:
                        join = builder.fadd if factor > 0 else builder.fsub
                        total = join(total, value)
                return total

            step = ir.Constant(_WORD, width)
            nothing = ir.Constant(vector, [0.0] * width)
            with cgutils.for_range_slice(
                builder, ir.Constant(_WORD, 0), arguments[0], step, intp=_WORD, inc=True
            ) as (c, _):
                square = [builder.load(place(s, c), align=alignment) for s in sources]
                columns = [square[j::size] for j in range(size)]
                half = [[combined(column, factors) for column in columns] for factors in matrix]
                with builder.if_else(extends) as (then, otherwise):
                    with then:
                        loaded = builder.load(place(extra, c), align=alignment)
                        of_then = builder.block
                    with otherwise:
                        of_otherwise = builder.block
                more = builder.phi(vector)
                more.add_incoming(loaded, of_then)
                more.add_incoming(nothing, of_otherwise)
                for i, line in enumerate(half):
                    for j, factors in enumerate(matrix):
                        value = builder.fadd(combined(line, factors), more)
                        builder.store(value, place(targets[i * rows + j], c), align=alignment)
            return context.get_dummy_value()

        return types.void(*given), generate

    return in_vectors
