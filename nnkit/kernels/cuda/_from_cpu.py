"""A kernel for GPUs of the CPU's text: the same statements, but each loop is a thread's share."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import textwrap
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from types import FunctionType
from typing import Any, NamedTuple

from nnkit.kernels._jit import Kernel
from nnkit.kernels.cpu import _math as cpu_math
from nnkit.kernels.cuda import _cuda, _math

__all__ = [
    "BLOCK",
    "BLOCKS",
    "ELEMENTS",
    "LANES",
    "LANES_OF_ROWS",
    "NO_LOOPS",
    "PLANE",
    "for_threads",
    "from_cpu",
    "lanes_of",
]


class Share(NamedTuple):
    """What a thread does of a loop ``for i in range(n)``.

    Attributes
    ----------
    start, step : str
        Where the thread begins, and how far it goes at a time.
    loops : int
        How many loops are done as one: each is the last statement of the one around it.
    together : {"", "lane", "block"}
        Whose threads share the loop: those of a row or of a block. Afterwards they add up what each
        has added up, or find the largest of what each has found, and all of them get the result.
    """

    start: str
    step: str
    loops: int = 1
    together: str = ""


Shares = Sequence[Share]

LANES: Shares = [Share("cuda.threadIdx.x", "LANES", together="lane")]


def lanes_of(loops: int) -> Shares:
    """``LANES`` threads for each round of so many loops share the loops within."""
    row = "cuda.blockIdx.x * ROWS + cuda.threadIdx.y"
    return [Share(row, "cuda.gridDim.x * ROWS", loops), *LANES]


# Of each loop, the outermost first.
NO_LOOPS: Shares = ()
ELEMENTS: Shares = [Share("thread()", "threads()")]
LANES_OF_ROWS: Shares = lanes_of(1)
PLANE: Shares = [
    Share("cuda.blockIdx.y * ROWS + cuda.threadIdx.y", "cuda.gridDim.y * ROWS"),
    Share("cuda.blockIdx.x * LANES + cuda.threadIdx.x", "cuda.gridDim.x * LANES"),
]
BLOCK: Shares = [Share("cuda.threadIdx.x", "THREADS", together="block")]
BLOCKS: Shares = [Share("cuda.blockIdx.x", "cuda.gridDim.x"), *BLOCK]


def from_cpu(kernel: Kernel, rule: _cuda.Rule, shares: Shares) -> _cuda.CudaKernel:
    """The twin of a kernel whose loops share out their work among threads.

    Parameters
    ----------
    kernel : Kernel
        No element may depend on what the loops did for another one, but by sums and largest
        elements in variables that begin with 0 and -infinity. Around the last loop that is shared,
        all threads that share it do the same, but ``x[i] += a`` is done by one.
    rule : callable
        How many threads do a call.
    shares : sequence of Share
        What a thread does of the loops, from the outermost on; all of those within.
    """
    return _cuda.CudaKernel(_rewritten(kernel.function, shares), rule)


def for_threads(helper: Callable[..., Any], shares: Shares = NO_LOOPS) -> Any:
    """A helper of the CPU's kernels, by default as one that each thread calls for itself."""
    return _cuda.device(_rewritten(helper, shares))


_NAMES = ["LANES", "ROWS", "THREADS", "cuda", "thread", "threads"]
_NAMES += ["lane_sum", "lane_max", "block_sum"]


def _rewritten(function: Callable[..., Any], shares: Shares) -> Callable[..., Any]:
    tree: Any = ast.parse(textwrap.dedent(inspect.getsource(function)))
    ast.increment_lineno(tree, function.__code__.co_firstlineno - 1)
    tree.body[0].decorator_list = []
    names = [name for name in function.__code__.co_names if name in function.__globals__]
    in_rows = bool(shares) and shares[-1].together == "lane"
    helpers = {name: _on_device(function.__globals__[name], in_rows) for name in names}
    sharing = _Sharing(shares)
    sharing.visit(tree)
    # The last loop may be a helper's.
    if sharing.deepest < len(shares) - in_rows:
        raise ValueError(f"{function.__name__} has fewer loops than a thread takes a share of")
    known = function.__globals__ | {name: getattr(_cuda, name) for name in _NAMES} | helpers
    exec(compile(tree, inspect.getfile(function), "exec"), known)
    made: Callable[..., Any] = known[function.__name__]
    return made


class _Sharing(ast.NodeTransformer):
    """``for i in range(n)`` becomes a loop over what a thread does of it."""

    def __init__(self, shares: Shares) -> None:
        self._shares, self._depth, self.deepest = shares, 0, 0

    def visit_For(self, loop: ast.For) -> Any:
        if self._depth == len(self._shares):
            return loop
        share = self._shares[self._depth]
        loop = _merged(loop, share.loops)
        self._depth += 1
        self.deepest = max(self.deepest, self._depth)
        self.generic_visit(loop)
        self._depth -= 1
        *begin, end = map(ast.unparse, loop.iter.args)  # type: ignore[attr-defined]
        start = " + ".join([*(f"({b})" for b in begin), share.start])
        i = ast.unparse(loop.target)
        made = _statements(f"{i} = {start}\nwhile {i} < ({end}): {i} += {share.step}", loop)
        made[1].body[:0] = loop.body
        combined = _combined(loop) if share.together else {}
        for name, how in combined.items():
            made += _statements(f"{name} = {share.together}_{how}({name})", loop)
        return made

    def visit_AugAssign(self, statement: ast.AugAssign) -> Any:
        around = self._depth < len(self._shares) and self._shares[-1].together
        if not around or isinstance(statement.target, ast.Name):
            return statement
        return _statements(f"if cuda.threadIdx.x == 0: {ast.unparse(statement)}", statement)


def _statements(text: str, place: ast.AST) -> Any:
    made = ast.parse(text).body
    for node in (node for statement in made for node in ast.walk(statement)):
        ast.copy_location(node, place)
    return made


def _merged(loop: ast.For, count: int) -> ast.For:
    """Some loops, each the last statement of the one around it, as a single one."""
    loops: list[Any] = [loop]
    while len(loops) < count:
        loops.append(loops[-1].body[-1])
    if count > 1:
        sizes = [ast.unparse(each.iter.args[0]) for each in loops]
        head = ["_rest = _round"]
        for each, size in list(zip(loops, sizes, strict=True))[:0:-1]:
            head += [f"{ast.unparse(each.target)} = _rest % ({size})", f"_rest //= ({size})"]
        head.append(f"{ast.unparse(loop.target)} = _rest")
        around = [statement for each in loops[:-1] for statement in each.body[:-1]]
        (made,) = _statements(f"for _round in range(({') * ('.join(sizes)})): pass", loop)
        made.body = [*_statements("\n".join(head), loop), *around, *loops[-1].body]
        return made  # type: ignore[no-any-return]
    return loop


def _combined(loop: ast.For) -> dict[str, str]:
    """The variables that a loop only adds to, or only raises: each with "sum" or "max"."""
    stored = [
        n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    found = []
    for node in ast.walk(loop):
        match node:
            case ast.AugAssign(ast.Name(name), ast.Add() | ast.Sub()):
                found.append((name, "sum"))
            case ast.Assign(
                [ast.Name(name)],
                ast.IfExp(ast.Compare(_, [ast.Gt()], [ast.Name(a)]), _, ast.Name(b)),
            ) if name == a == b:
                found.append((name, "max"))
    only = [name for name, _ in found]
    return {name: how for name, how in found if only.count(name) == stored.count(name)}


def _on_device(value: Any, in_rows: bool) -> Any:
    """What a text for the CPU knows by a name, for a GPU."""
    if value is cpu_math:
        return _math
    return _helper(value, in_rows) if isinstance(value, FunctionType) else value


@functools.cache
def _helper(function: FunctionType, in_rows: bool) -> Any:
    """A GPU's own helper has the CPU's name, in the file of the same name here; few do."""
    name = function.__module__.replace(".cpu.", ".cuda.")
    own = importlib.import_module(name) if find_spec(name) else None
    shares = LANES if in_rows else NO_LOOPS
    return getattr(own, function.__name__, None) or for_threads(function, shares)
