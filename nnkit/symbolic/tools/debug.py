"""``mode="DebugMode"``: operations, rewrites and compiled code checked on the actual arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Apply, FunctionGraph, Variable, describe, toposort
from nnkit.symbolic.rewriting.rewriter import Change
from nnkit.symbolic.rewriting.stable import STABLE
from nnkit.symbolic.run.branches import needs, runner
from nnkit.symbolic.run.evaluate import computed
from nnkit.symbolic.tensor.variable import Constant, SharedVariable

__all__ = ["CompilerError", "Debugger", "RewriteError"]

_STABLE = {rule.__name__.strip("_") for rules in STABLE.values() for rule in rules}
_REPORT = "please report it, and use mode='FAST_COMPILE' meanwhile"


class RewriteError(RuntimeError):
    """A rewrite has changed the results of a graph: a bug in nnkit."""


class CompilerError(RuntimeError):
    """Compiled code has other results than the graph: a bug in nnkit."""


class Debugger:
    """Evaluates a graph beside what it was before each rewrite, and beside its compiled code.

    Parameters
    ----------
    graph : FunctionGraph
        Rewritten.
    changes : sequence of Change
        The rewrites, recorded by :func:`nnkit.symbolic.rewriting.passes.rewrite`.
    """

    def __init__(self, graph: FunctionGraph, changes: Sequence[Change]) -> None:
        self._graph, self._changes = graph, list(changes)
        self._compiled = runner(graph, "FAST_RUN")

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results; shared variables are updated.

        Raises
        ------
        FloatingPointError
            A result is not finite; says which operation it comes from.
        RewriteError
            A rewrite has changed a value.
        CompilerError
            Compiled code has given another value.
        TypeError
            An operation has given an array of another type than it said.
        """
        values = _Values(zip(self._graph.inputs, arrays, strict=True))
        for variable in self._graph.outputs:
            values.compute(variable)
        for rule, old, new in self._changes:
            try:
                values.compute(old)
                values.compute(new)
            except Exception:
                continue  # It was only for what no result needs any more.
            _check_rewrite(rule, old, new, values)
        for variable in self._graph.outputs:
            _check_finite(variable, values)
        final = [np.array(values[v]) for v in self._graph.outputs]
        self._check_compiled(arrays, values, final)
        count = len(self._graph.results)
        for shared, array in zip(self._graph.updated, final[count:], strict=True):
            shared.set_value(array, borrow=True)
        return final[:count]

    def _check_compiled(
        self, arrays: Sequence[np.ndarray], values: _Values, final: Sequence[np.ndarray]
    ) -> None:
        """See that compiled code gives the same results and updates."""
        with _restored(self._graph.updated):
            made = [*self._compiled(arrays), *(s.storage for s in self._graph.updated)]
        for variable, array, wanted in zip(self._graph.outputs, made, final, strict=True):
            if not _agree(array, wanted):
                self._blame(variable, array, arrays, values)

    def _blame(
        self, result: Variable, array: np.ndarray, arrays: Sequence[np.ndarray], values: _Values
    ) -> None:
        """Name the first variable that comes out otherwise if it is compiled by itself."""
        culprit = result
        for variable in (v for node in toposort([result]) for v in node.outputs):
            if variable not in values or not isinstance(values[variable], np.ndarray):
                continue
            (alone,) = runner(FunctionGraph(self._graph.inputs, [variable]), "FAST_RUN")(arrays)
            if not _agree(alone, values[variable]):
                culprit, array = variable, alone
                break
        through = "" if culprit is result else f", and so does {describe(result)}"
        raise CompilerError(
            f"DebugMode: compiled, {describe(culprit)} comes out as {_summary(array)} instead of "
            f"{_summary(values[culprit])}{through}; {_REPORT}"
        )


@contextmanager
def _restored(variables: Sequence[SharedVariable]) -> Iterator[None]:
    """What happens to shared variables in the block is undone after it."""
    old = [v.storage.copy() for v in variables]
    try:
        yield
    finally:
        for v, array in zip(variables, old, strict=True):
            v.storage = array


class _Values:
    """The arrays of variables, none of which an operation may change."""

    def __init__(self, known: Any) -> None:
        self._arrays: dict[int, Any] = {}
        for variable, array in known:
            self[variable] = array

    def __setitem__(self, variable: Variable, array: Any) -> None:
        if isinstance(array, np.ndarray):
            array = array.view()
            array.flags.writeable = False
        self._arrays[id(variable)] = array

    def __contains__(self, variable: Variable) -> bool:
        return isinstance(variable, (Constant, SharedVariable)) or id(variable) in self._arrays

    def __getitem__(self, variable: Variable) -> Any:
        if id(variable) not in self._arrays:
            if isinstance(variable, Constant):
                self[variable] = variable.data
            if isinstance(variable, SharedVariable):
                self[variable] = variable.storage
        return self._arrays[id(variable)]

    def get(self, variable: Variable) -> Any:
        """The array, or None if it has not been computed."""
        return self[variable] if variable in self else None  # noqa: SIM401

    def compute(self, variable: Variable) -> None:
        """Evaluate what a variable needs."""
        stack = [variable.owner] if variable.owner is not None else []
        while stack:
            node = stack[-1]
            if node.outputs[0] in self:
                stack.pop()
                continue
            waits = [v.owner for v in needs(node, self) if v not in self and v.owner is not None]
            if waits:
                stack += waits[::-1]
                continue
            stack.pop()
            made = computed(node, [self.get(v) for v in node.inputs])
            for output, array in zip(node.outputs, made, strict=True):
                _check_type(output, array)
                self[output] = array


def _check_type(variable: Variable, array: Any) -> None:
    if not isinstance(array, np.ndarray):
        return
    type_ = variable.type
    ones = zip(type_.broadcastable, array.shape, strict=False)
    if (
        array.dtype != type_.dtype
        or array.ndim != type_.ndim
        or any(one and size != 1 for one, size in ones)
    ):
        raise TypeError(
            f"DebugMode: {describe(variable)} came out as {array.dtype} of shape {array.shape}"
        )


def _check_rewrite(rule: str, old: Variable, new: Variable, values: _Values) -> None:
    was, now = values[old], values[new]
    if not isinstance(was, np.ndarray):
        return
    fits = was.shape == now.shape and was.dtype == now.dtype
    if fits and was.dtype.kind == "f":
        eps = float(np.finfo(was.dtype).eps)
        # The naive formulas lose digits where the stable ones don't.
        precision = 0.05 if rule in _STABLE else 100 * eps
        with np.errstate(all="ignore"):
            near = abs(now - was) <= precision * abs(was) + 100 * eps
        fits = bool(np.all(near | ~np.isfinite(was)))
    elif fits:
        fits = bool(np.array_equal(was, now))
    if not fits:
        raise RewriteError(
            f"DebugMode: the rewrite {rule!r} has changed {describe(old)} from {_summary(was)} to "
            f"{_summary(now)}; {_REPORT}"
        )


def _agree(array: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether an array is another one but for rounding: to half of the digits of the largest.

    A sum of numbers near 1 may come out as 0, or as what is left by their rounding.
    """
    if array.shape != wanted.shape or array.dtype != wanted.dtype:
        return False
    if wanted.dtype.kind != "f":
        return bool(np.array_equal(array, wanted))
    finite = wanted[np.isfinite(wanted)]
    eps = float(np.finfo(wanted.dtype).eps)
    least = eps**0.5 * float(abs(finite).max(initial=0.0)) + 100 * eps
    return bool(np.allclose(array, wanted, eps**0.5, least, equal_nan=True))


def _check_finite(result: Variable, values: _Values) -> None:
    """Go back from a result that is not finite to where all operands were."""
    if not _bad(values[result]):
        return
    origin = result
    while origin.owner is not None:
        worse = [v for v in origin.owner.inputs if v in values and _bad(values[v])]
        if not worse:
            break
        origin = worse[0]
    what = "nan" if np.isnan(values[origin]).any() else "inf"
    where = f"it comes from {describe(origin)}"
    if origin is result:
        where = "it arises there"
    raise FloatingPointError(
        f"DebugMode: {describe(result)} is not finite; {where}: {what}"
        f"{_operands(origin.owner, values)}"
    )


def _bad(array: Any) -> bool:
    return (
        isinstance(array, (np.ndarray, np.generic))
        and array.dtype.kind == "f"
        and not np.isfinite(array).all()
    )


def _operands(node: Apply | None, values: _Values) -> str:
    if node is None:
        return ", as it was given"
    known = [v for v in node.inputs if v in values]
    return "".join(f"; operand {describe(v)}: {_summary(values[v])}" for v in known)


def _summary(array: Any) -> str:
    """An array in an error message."""
    if not isinstance(array, np.ndarray) or array.size <= 4:
        return str(array)
    return f"{array.dtype} of shape {array.shape}, from {array.min()} to {array.max()}"
