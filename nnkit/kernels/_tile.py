"""A small product of matrices whose result stays in registers, for operands where they lie.

BLAS first copies matrices into an order of its own, which pays for large ones. A convolution is
many small products of parts of images that overlap: here neighbours in the left operand may be any
distance apart, and the result is a tile of a few rows by one vector of the machine (the inner loop
of K. Goto and R. van de Geijn, 2008, "Anatomy of high-performance matrix multiplication", without
the copies around it).

LLVM's instructions for it are written here one by one, and nothing checks where they read and
write. ``NNKIT_PLAIN_TILES=1`` takes plain loops instead, which numba's bounds checks see.
"""

from __future__ import annotations

import functools
import os
from itertools import product
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import carray, types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

from nnkit.kernels._fingerprint import key_of
from nnkit.kernels._flags import EXACT
from nnkit.kernels._intrinsics import pointer
from nnkit.kernels._machine_code import MachineCode, obtain, target_machine

__all__ = [
    "MOST_ROWS",
    "add_in_loops",
    "add_in_registers",
    "add_product",
    "lanes",
    "lanes_of",
    "whole",
]

# With a vector of the right operand and an element of the left one they take 14 registers. Most
# machines have 16 for vectors, some 32.
MOST_ROWS = 12

_WORD, _INDEX = ir.IntType(64), ir.IntType(32)


def lanes_of(dtype: Any) -> int:
    """How many numbers of a type are a vector of this machine."""
    features = llvmlite.binding.get_host_cpu_features()
    size = 64 if features.get("avx512f") else 32 if features.get("avx") else 16
    return size * 8 // int(dtype.bitwidth)


@intrinsic
def lanes(context: Any, array: Any) -> Any:
    """How many of an array's elements are a vector of this machine."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(_WORD, lanes_of(array.dtype))

    return types.int64(array), generate


@intrinsic
def add_in_registers(
    context: Any,
    shape: Any,
    c: Any,
    c_at: Any,
    c_row: Any,
    a: Any,
    a_at: Any,
    a_strides: Any,
    b: Any,
    b_at: Any,
    b_strides: Any,
) -> Any:
    """Add a product of matrices to a tile: c += a b.

    The sum is over ``runs`` times ``steps`` elements: a step goes from one to the next, a run from
    one group of them to the next. Each element of c is summed up in that order.

    Parameters
    ----------
    shape : tuple of int
        (rows, columns, steps, runs), each at least 1; at most ``MOST_ROWS`` rows. Of more columns
        than :func:`lanes`, only so many are done.
    c, a, b : array
        Contiguous, of one type.
    c_at, a_at, b_at : int
        The index of the first element in memory. Nothing checks it.
    c_row : int
        From one row of c to the next, in elements; columns lie together.
    a_strides : tuple of int
        The same for a: from a row, a step and a run to the next. A row's is 1, or a step's.
    b_strides : tuple of int
        The same for b: from a step and a run to the next; columns lie together.
    """
    word, pair = types.int64, types.UniTuple(types.int64, 2)
    sizes, triple = types.UniTuple(word, 4), types.UniTuple(word, 3)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def begin(array: int, at: int) -> Any:
            kind = context.make_array(signature.args[array])
            return builder.gep(kind(context, builder, arguments[array]).data, [arguments[at]])

        sizes = cgutils.unpack_tuple(builder, arguments[0])
        operands = [*sizes, begin(1, 2), arguments[3], begin(4, 5)]
        operands += [*cgutils.unpack_tuple(builder, arguments[6]), begin(7, 8)]
        operands += cgutils.unpack_tuple(builder, arguments[9])
        real = context.get_value_type(c.dtype)
        kind, name = _signature(real), _NAMES[c.dtype]
        _load(c.dtype)
        builder.call(cgutils.get_or_insert_function(builder.module, kind, name), operands)
        return context.get_dummy_value()

    return types.void(sizes, c, word, word, a, word, triple, b, word, pair), generate


@register_jitable
def whole(x):  # type: ignore[no-untyped-def]
    """The memory of an array, also what lies between its rows, as a vector."""
    last = 0
    for n, stride in zip(x.shape, x.strides):  # noqa: B905  (numba's zip knows no strict)
        last += (n - 1) * stride
    return carray(pointer(x.ctypes.data), (max(last // x.itemsize + 1, 0),), x.dtype)


@register_jitable(**EXACT)
def add_in_loops(shape, c, c_at, c_row, a, a_at, a_strides, b, b_at, b_strides):  # type: ignore[no-untyped-def]
    """:func:`add_in_registers` in plain loops, which refuse what that takes on trust.

    A product and a sum may round once or twice, so last bits may differ.
    """
    rows, columns, steps, runs = shape
    a_row, a_step, a_run = a_strides
    b_step, b_run = b_strides
    if min(shape) < 1 or rows > MOST_ROWS or (a_row != 1 and a_step != 1):
        raise ValueError("no tile: its sizes, or neither rows nor steps of a lie together")
    to, left, right = whole(c), whole(a), whole(b)
    for i in range(rows):
        for j in range(min(columns, lanes(c))):
            of_c = c_at + i * c_row + j
            total = to[of_c]
            for run in range(runs):
                for step in range(steps):
                    of_a = a_at + i * a_row + step * a_step + run * a_run
                    of_b = b_at + step * b_step + run * b_run + j
                    if min(of_a, of_b, of_c) < 0:  # Python would count from the end.
                        raise IndexError("a tile goes beyond the begin of an array")
                    total += left[of_a] * right[of_b]
            to[of_c] = total


# Kernels know it by this name; their keys in the cache tell one from the other.
add_product = add_in_loops if os.environ.get("NNKIT_PLAIN_TILES") == "1" else add_in_registers


# ---------------------------------------------------------------------------- one for all kernels

# Compiling it takes longer than most kernels do, so they call it by name.
_NAMES = {dtype: f"nnkit_add_product_{dtype}" for dtype in (types.float32, types.float64)}


def load_for(code: MachineCode) -> None:
    """Load what stored machine code asks for by name."""
    for dtype, name in _NAMES.items():
        if name.encode() in code.object_file:
            _load(dtype)


@functools.cache
def _load(dtype: Any) -> None:
    """Compile the function for a type, or take it from disk, and make its name known."""
    name = _NAMES[dtype]
    code = obtain(key_of(name, ()), functools.partial(_build, dtype))
    llvmlite.binding.add_symbol(name, code.load())


def _build(dtype: Any) -> MachineCode:
    """The machine code. LLVM's general optimisations take long, and find nothing to do."""
    module = ir.Module()
    module.triple = llvmlite.binding.get_process_triple()
    real = ir.FloatType() if dtype == types.float32 else ir.DoubleType()
    _write(module, _NAMES[dtype], real, lanes_of(dtype))
    compiled = target_machine().emit_object(llvmlite.binding.parse_assembly(str(module)))
    return MachineCode(_NAMES[dtype], bytes(compiled))


def _signature(real: Any) -> Any:
    """rows, columns, steps, runs; c, c_row; a, a_row, a_step, a_run; b, b_step, b_run."""
    p, w = real.as_pointer(), _WORD
    return ir.FunctionType(ir.VoidType(), [w, w, w, w, p, w, p, w, w, w, p, w, w])


def _write(module: Any, name: str, real: Any, count: int) -> None:
    """The function that chooses the one for a tile's size, and these."""
    function = ir.Function(module, _signature(real), name)
    rows, columns, a_step = function.args[0], function.args[1], function.args[8]
    builder = ir.IRBuilder(function.append_basic_block())
    partial = builder.icmp_signed("<", columns, ir.Constant(_WORD, count))
    apart = builder.icmp_signed("!=", a_step, ir.Constant(_WORD, 1))
    number = rows
    for condition, step in ((partial, MOST_ROWS), (apart, 2 * MOST_ROWS)):
        more, none = ir.Constant(_WORD, step), ir.Constant(_WORD, 0)
        number = builder.add(number, builder.select(condition, more, none))
    end = function.append_basic_block()
    cases = builder.switch(number, end)
    for i, (is_apart, is_partial, r) in enumerate(product((0, 1), (0, 1), range(MOST_ROWS))):
        case = function.append_basic_block()
        cases.add_case(ir.Constant(_WORD, i + 1), case)
        builder.position_at_end(case)
        tile = _Tile(module, real, count, r + 1, bool(is_partial), bool(is_apart))
        builder.call(tile.function, function.args[1:])
        builder.branch(end)
    builder.position_at_end(end)
    builder.ret_void()


class _Tile:
    """The function for a number of rows, and a vector or the first few elements of one.

    The steps of the left operand lie together, or they are apart and its rows lie together.
    """

    def __init__(
        self, module: Any, real: Any, count: int, rows: int, masked: bool, apart: bool
    ) -> None:
        self._module, self._rows, self._masked, self._apart = module, rows, masked, apart
        self._count, self._size = count, 8 if real == ir.DoubleType() else 4
        self._vector = ir.VectorType(real, count)
        self._suffix = f"v{count}f{8 * self._size}"
        name = f"rows{rows}{'_masked' * masked}{'_apart' * apart}"
        kind = ir.FunctionType(ir.VoidType(), _signature(real).args[1:])
        self.function = ir.Function(module, kind, name)
        self.function.linkage = "internal"
        self._write(self.function)

    def _write(self, function: Any) -> None:
        """A loop over runs, in it one over steps; the sums are variables of both."""
        columns, steps, runs, c, c_row, a, a_row, a_step, a_run, b, b_step, b_run = function.args
        if self._apart:  # Then rows lie together. Addresses are simpler if that is known.
            a_row = ir.Constant(_WORD, 1)
        else:
            a_step = ir.Constant(_WORD, 1)
        blocks = ("begin", "run", "step", "next", "end")
        begin, run, step, after, end = map(function.append_basic_block, blocks)
        self._builder = builder = ir.IRBuilder(begin)
        if self._masked:
            lane = ir.Constant(ir.VectorType(_WORD, self._count), list(range(self._count)))
            self._mask = builder.icmp_unsigned("<", lane, self._all(columns))
        tiles = [builder.gep(c, [self._times(c_row, i)]) for i in range(self._rows)]
        sums = [self._load(tile) for tile in tiles]
        zero, one = ir.Constant(_WORD, 0), ir.Constant(_WORD, 1)
        builder.branch(run)

        builder.position_at_end(run)
        outer = self._variables([zero, a, b, *sums], begin)
        builder.branch(step)

        builder.position_at_end(step)
        inner = self._variables([zero, *(v for v in outer[1:])], run)
        done, at_a, at_b, *sums = inner
        right = self._load(at_b)
        sums = [
            self._add_product(self._all(builder.load(self._row(at_a, a_row, i))), right, total)
            for i, total in enumerate(sums)
        ]
        ahead = builder.add(done, one)
        new = [ahead, builder.gep(at_a, [a_step]), builder.gep(at_b, [b_step]), *sums]
        self._become(inner, new, step)
        builder.cbranch(builder.icmp_signed("<", ahead, steps), step, after)

        builder.position_at_end(after)
        ahead = builder.add(outer[0], one)
        new = [ahead, builder.gep(outer[1], [a_run]), builder.gep(outer[2], [b_run]), *sums]
        self._become(outer, new, after)
        builder.cbranch(builder.icmp_signed("<", ahead, runs), run, end)

        builder.position_at_end(end)
        for tile, total in zip(tiles, sums, strict=True):
            self._store(total, tile)
        builder.ret_void()

    # ------------------------------------------------------------------------------ instructions

    def _variables(self, values: list[Any], before: Any) -> list[Any]:
        """Variables of a loop, and what they are when it is entered."""
        made = [self._builder.phi(value.type) for value in values]
        self._become(made, values, before)
        return made

    @staticmethod
    def _become(variables: list[Any], values: list[Any], block: Any) -> None:
        for variable, value in zip(variables, values, strict=True):
            variable.add_incoming(value, block)

    def _times(self, stride: Any, count: int) -> Any:
        return self._builder.mul(stride, ir.Constant(_WORD, count))

    def _row(self, at: Any, stride: Any, row: int) -> Any:
        return self._builder.gep(at, [self._times(stride, row)])

    def _all(self, value: Any) -> Any:
        """A vector of one value."""
        kind = ir.VectorType(value.type, self._count)
        first = ir.Constant(kind, ir.Undefined)
        first = self._builder.insert_element(first, value, ir.Constant(_INDEX, 0))
        zeros = ir.Constant(ir.VectorType(_INDEX, self._count), [0] * self._count)
        return self._builder.shuffle_vector(first, first, zeros)

    def _add_product(self, left: Any, right: Any, total: Any) -> Any:
        return self._call("fmuladd", self._suffix, self._vector, [left, right, total])

    def _load(self, at: Any) -> Any:
        place = self._builder.bitcast(at, self._vector.as_pointer())
        if not self._masked:
            return self._builder.load(place, align=self._size)
        nothing = ir.Constant(self._vector, [0.0] * self._count)
        operands = [place, ir.Constant(_INDEX, self._size), self._mask, nothing]
        return self._call("masked.load", f"{self._suffix}.p0", self._vector, operands)

    def _store(self, value: Any, at: Any) -> None:
        place = self._builder.bitcast(at, self._vector.as_pointer())
        if not self._masked:
            self._builder.store(value, place, align=self._size)
            return
        operands = [value, place, ir.Constant(_INDEX, self._size), self._mask]
        self._call("masked.store", f"{self._suffix}.p0", ir.VoidType(), operands)

    def _call(self, name: str, suffix: str, kind: Any, operands: list[Any]) -> Any:
        """An operation that LLVM knows by name."""
        signature = ir.FunctionType(kind, [operand.type for operand in operands])
        name = f"llvm.{name}.{suffix}"
        function = cgutils.get_or_insert_function(self._module, signature, name)
        return self._builder.call(function, operands)
