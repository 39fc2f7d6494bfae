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
from typing import Any

from nnkit.kernels._jit import Kernel
from nnkit.kernels.cpu import _math as cpu_math
from nnkit.kernels.cuda import _cuda, _math

__all__ = ["ELEMENTS", "LANES_OF_ROWS", "NO_LOOPS", "PLANE", "for_threads", "from_cpu"]

Shares = Sequence[tuple[str, str]]

# Of each loop, the outermost first: where a thread begins, and how far it goes at a time.
NO_LOOPS: Shares = ()
ELEMENTS: Shares = [("thread()", "threads()")]
LANES_OF_ROWS: Shares = [
    ("cuda.blockIdx.x * ROWS + cuda.threadIdx.y", "cuda.gridDim.x * ROWS"),
    ("cuda.threadIdx.x", "LANES"),
]
PLANE: Shares = [
    ("cuda.blockIdx.y * ROWS + cuda.threadIdx.y", "cuda.gridDim.y * ROWS"),
    ("cuda.blockIdx.x * LANES + cuda.threadIdx.x", "cuda.gridDim.x * LANES"),
]


def from_cpu(kernel: Kernel, rule: _cuda.Rule, shares: Shares) -> _cuda.CudaKernel:
    """The twin of a kernel whose loops share out their work among threads.

    Parameters
    ----------
    kernel : Kernel
        No element may depend on what the loops did for another one.
    rule : callable
        How many threads do a call.
    shares : sequence of (str, str)
        What a thread does of the loops ``for i in range(n)``, from the outermost on; all of those
        within.
    """
    return _cuda.CudaKernel(_rewritten(kernel.function, shares), rule)


def for_threads(helper: Callable[..., Any]) -> Any:
    """A helper of the CPU's kernels as one that each thread calls for itself."""
    return _cuda.device(_rewritten(helper, NO_LOOPS))


def _rewritten(function: Callable[..., Any], shares: Shares) -> Callable[..., Any]:
    tree: Any = ast.parse(textwrap.dedent(inspect.getsource(function)))
    ast.increment_lineno(tree, function.__code__.co_firstlineno - 1)
    tree.body[0].decorator_list = []
    sharing = _Share(shares)
    sharing.visit(tree)
    if sharing.deepest < len(shares):
        raise ValueError(f"{function.__name__} has fewer loops than a thread takes a share of")
    known = function.__globals__ | {
        name: _on_device(function.__globals__[name])
        for name in function.__code__.co_names
        if name in function.__globals__
    }
    known |= {name: getattr(_cuda, name) for name in ("LANES", "ROWS", "cuda", "thread", "threads")}
    exec(compile(tree, inspect.getfile(function), "exec"), known)
    made: Callable[..., Any] = known[function.__name__]
    return made


class _Share(ast.NodeTransformer):
    """``for i in range(n)`` becomes a loop over what a thread does of it."""

    def __init__(self, shares: Shares) -> None:
        self._shares, self._depth, self.deepest = shares, 0, 0

    def visit_For(self, loop: ast.For) -> Any:
        if self._depth == len(self._shares):
            return loop
        start, step = self._shares[self._depth]
        self._depth += 1
        self.deepest = max(self.deepest, self._depth)
        self.generic_visit(loop)
        self._depth -= 1
        i, n = ast.unparse(loop.target), ast.unparse(loop.iter).removeprefix("range")
        made: Any = ast.parse(f"{i} = {start}\nwhile {i} < {n}: {i} += {step}").body
        for node in (node for statement in made for node in ast.walk(statement)):
            ast.copy_location(node, loop)
        made[1].body[:0] = loop.body
        return made


def _on_device(value: Any) -> Any:
    """What a text for the CPU knows by a name, for a GPU."""
    if value is cpu_math:
        return _math
    return _helper(value) if isinstance(value, FunctionType) else value


@functools.cache
def _helper(function: FunctionType) -> Any:
    """A GPU's own helper has the CPU's name, in the file of the same name here; few do."""
    name = function.__module__.replace(".cpu.", ".cuda.")
    own = importlib.import_module(name) if find_spec(name) else None
    return getattr(own, function.__name__, None) or for_threads(function)
