"""Generated kernels for GPUs, from the same loops as those for the CPU. Imports CUDA.

Without a sum, the threads share the elements. Of a sum, the last axis decides: where it is added
up, a row of threads shares a row; where it is kept, threads side by side have columns side by side,
so that both read memory as it lies. Where everything is added up, there is one block.

Threads go through several loops as through one, by the number of the iteration. Its indices are
counted up like the digits of a clock: only the first are divided for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.kernels.cuda._cuda import LANES, ROWS, CudaKernel, Rule, Shape, blocks, elements
from nnkit.kernels.generated.cuda_functions import SUMMANDS, names
from nnkit.kernels.generated.nest import LETTERS, Nest

__all__ = ["cuda_kernel"]


def cuda_kernel(nest: Nest) -> CudaKernel:
    """The kernel for GPUs that does what ``nest`` says."""
    known = dict(names())
    make = _elementwise if not nest.adds else _columns if nest.columns else _rows
    make = _total if nest.adds and not nest.kept else make
    lines, rule = make(nest)
    exec("\n".join([f"def fused({', '.join(nest.parameters)}):", *_indented(lines)]), known)
    return CudaKernel(known["fused"], rule)


# -------------------------------------------------------------------------------------- shapes


def _elementwise(nest: Nest) -> tuple[list[str], Rule]:
    """A thread for every element."""
    inside = [*_statements(nest, 1), f"{nest.target} = {nest.value}"]
    before, loop = _loop(nest, range(len(nest.extents)), "thread()", "threads()", inside)
    return [*nest.body[0], *before, *loop], elements("y")


def _rows(nest: Nest) -> tuple[list[str], Rule]:
    """``LANES`` threads for every sum, side by side along the last axis."""
    lines = _sums(
        nest,
        each=("cuda.blockIdx.x * ROWS", "cuda.threadIdx.y", "cuda.gridDim.x * ROWS"),
        share=("cuda.threadIdx.x", "LANES"),
        together="lane_sum(total)",
    )
    return lines, _rule_for_rows


def _columns(nest: Nest) -> tuple[list[str], Rule]:
    """``SUMMANDS`` threads for every sum, one below the other."""
    lines = _sums(
        nest,
        each=("cuda.blockIdx.x * LANES", "cuda.threadIdx.x", "cuda.gridDim.x * LANES"),
        share=("cuda.threadIdx.y", "SUMMANDS"),
        together=f"column_sum_{_kind(nest)}(total)",
    )
    return lines, _rule_for_columns


def _sums(
    nest: Nest, each: tuple[str, str, str], share: tuple[str, str], together: str
) -> list[str]:
    """Sums that several threads have a share in; all threads of a block come by.

    Parameters
    ----------
    each : tuple of str
        The first sum of a block, a thread's number in it, and how far it is to the block's next.
    share : tuple of str
        A thread's first iteration of a sum, and how far it is to its next.
    together : str
        What adds up the threads' totals.
    """
    kept = [depth for depth, summed in enumerate(nest.summed) if not summed]
    summed = [depth for depth, summed in enumerate(nest.summed) if summed]
    outside = 0 if nest.row_by_row else len(kept)
    kind = _kind(nest)
    before, loop = _loop(nest, summed, *share, _added(nest, kind, outside + 1))
    mine = [*_digits(nest, kept, "place"), *_statements(nest, 1, outside), *loop]
    first, inside, step = each
    return [
        *nest.body[0],
        *before,
        f"base = {first}",
        "while base < y.size:",
        *_indented(
            [
                f"place = base + {inside}",
                f"total = {kind}(0)",
                "if place < y.size:",
                *_indented(mine),
                f"total = {together}",
                f"if place < y.size and {share[0]} == 0:",
                f"    {nest.target} = {nest.dtype}(total)",
                f"base += {step}",
            ]
        ),
    ]


def _total(nest: Nest) -> tuple[list[str], Rule]:
    """One sum by one block, floats in float64 as on the CPU."""
    kind = "float64" if nest.dtype.startswith("float") else "int64"
    loops, share = range(len(nest.extents)), ("lane", "LANES * SUMMANDS")
    before, loop = _loop(nest, loops, *share, _added(nest, kind, 1))
    lines = [
        *nest.body[0],
        "lane = cuda.threadIdx.y * LANES + cuda.threadIdx.x",
        *before,
        f"total = {kind}(0)",
        *loop,
        f"total = block_sum_{kind}(total)",
        "if lane == 0:",
        f"    {nest.target} = {nest.dtype}(total)",
    ]
    return lines, lambda arguments: ((1,), (LANES, SUMMANDS))


def _rule_for_rows(arguments: dict[str, Any]) -> tuple[Shape, Shape]:
    return (blocks(arguments["y"].size, ROWS),), (LANES, ROWS)


def _rule_for_columns(arguments: dict[str, Any]) -> tuple[Shape, Shape]:
    return (blocks(arguments["y"].size, LANES),), (LANES, SUMMANDS)


# ---------------------------------------------------------------------------------------- text


def _kind(nest: Nest) -> str:
    """In which data type a sum of some elements is added up."""
    return nest.dtype if nest.dtype.startswith("float") else "int64"


def _statements(nest: Nest, first: int, last: int | None = None) -> list[str]:
    """The statements from one depth to another."""
    stop = None if last is None else last + 1
    return [statement for depth in nest.body[first:stop] for statement in depth]


def _added(nest: Nest, kind: str, first: int) -> list[str]:
    return [*_statements(nest, first), f"total += {kind}({nest.value})"]


def _digits(nest: Nest, loops: Sequence[int], number: str, ending: str = "") -> list[str]:
    """Set the variables of loops to where they are in the iteration of this number."""
    lines = []
    for depth in reversed(loops):
        digit = number if depth == loops[0] else f"{number} % {nest.extents[depth]}"
        lines.append(f"{LETTERS[depth]}{ending} = {digit}")
        number = f"{number} // {nest.extents[depth]}"
    return lines


def _loop(
    nest: Nest, loops: Sequence[int], start: str, step: str, inside: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Some loops as one, from its iteration ``start`` on in steps; first what goes before it."""
    if not loops:
        return [], [f"if {start} == 0:", *_indented(inside)]
    first, extents = LETTERS[loops[0]], nest.extents
    condition = f"while {first} < {extents[loops[0]]}:"
    if len(loops) == 1:
        lines = [f"{first} = {start}", condition, *_indented([*inside, f"{first} += {step}"])]
        return [], lines
    before = [
        f"start, step = {start}, {step}",
        *_digits(nest, loops, "start", "_start"),
        *_digits(nest, loops, "step", "_step"),
    ]
    count = [f"{LETTERS[depth]} += {LETTERS[depth]}_step" for depth in loops]
    for depth, outer in zip(reversed(loops[1:]), reversed(loops[:-1]), strict=True):
        carry = [f"{LETTERS[depth]} -= {extents[depth]}", f"{LETTERS[outer]} += 1"]
        count += [f"if {LETTERS[depth]} >= {extents[depth]}:", *_indented(carry)]
    begin = [f"{LETTERS[depth]} = {LETTERS[depth]}_start" for depth in loops]
    return before, [*begin, condition, *_indented([*inside, *count])]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
