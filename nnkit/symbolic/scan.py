"""Loops in a graph: ``scan`` calls a function of variables once, and runs what it made in steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from nnkit.symbolic.config import config
from nnkit.symbolic.graph import Variable, ancestors, clone, describe, toposort
from nnkit.symbolic.scan_op import Body, Scan
from nnkit.symbolic.tensor.axes import unbroadcast
from nnkit.symbolic.tensor.formulas import minimum
from nnkit.symbolic.tensor.math import cast
from nnkit.symbolic.tensor.shared_randomstreams import StateVariable
from nnkit.symbolic.tensor.variable import Constant, SharedVariable, TensorType, as_tensor

__all__ = ["foldl", "foldr", "map", "reduce", "scan", "until"]

# What an output starts with, stacked, and its taps.
Start = tuple[Any, tuple[int, ...]]


class until:  # noqa: N801  (Theano's name)
    """What a step returns last to end the loop after it, if a condition is true.

    Parameters
    ----------
    condition : variable
        A scalar.
    """

    def __init__(self, condition: Any) -> None:
        self.condition = as_tensor(condition)


def scan(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    n_steps: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: str | None = None,
    name: str | None = None,
    return_list: bool = False,
    profile: Any = False,
    allow_gc: bool | None = None,
    strict: bool = False,
) -> tuple[Any, dict[SharedVariable, Any]]:
    """Do the same with every element of sequences, with results of earlier steps.

    Parameters
    ----------
    fn : callable
        Gets the elements of the sequences, earlier outputs, and what stays, in this order. Returns
        the outputs of a step, or these and updates of shared variables, and maybe an
        :class:`until`. It is called once, or again if outputs are of another type than what they
        start with.
    sequences : variable, dict or list of these, optional
        Along their first axis. ``{"input": x, "taps": [-1, 0]}`` gives elements around the one
        whose turn it is.
    outputs_info : variable, dict, None or list of these, optional
        For each output what it starts with, if ``fn`` gets it back; None if not.
        ``{"initial": x, "taps": [-2, -1]}`` gives it back from several steps ago; then ``x`` has
        an axis for these.
    non_sequences : variable or list of them, optional
        What stays. Shared variables, and whatever else ``fn`` uses, need not be named.
    n_steps : int or variable, optional
        By default the length of the shortest sequence.
    truncate_gradient : int
        Of how many of the last steps a gradient is made; -1 for all.
    go_backwards : bool
        From the ends of the sequences.
    mode : str, optional
        How a step is compiled.
    name : str, optional
    return_list : bool
        Whether a single output is in a list, too.
    profile, allow_gc, strict
        Accepted for Theano's sake.

    Returns
    -------
    outputs : variable or list of them
        Each with an axis for the steps in front.
    updates : dict
        For ``function``: of shared variables that the steps changed.

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x, n = T.dscalar("x"), T.lscalar("n")
    >>> powers, updates = scan(lambda p, x: p * x, None, T.ones_like(x), x, n)
    >>> f = theano.function([x, n], powers, updates=updates)
    >>> f(2.0, 4)
    array([ 2.,  4.,  8., 16.])
    """
    slices = [piece for s in _list(sequences) for piece in _pieces(s, go_backwards)]
    steps = _count(slices, n_steps)
    infos = [_info(info) for info in _list(outputs_info)]
    fixed = [as_tensor(v) for v in _list(non_sequences)]
    elements = [TensorType(s.dtype, s.broadcastable[1:])() for s in slices]
    before = StateVariable.made
    back, infos, outputs, updates, stop = _called(fn, elements, infos, fixed, outputs_info is None)
    for v in ancestors([*outputs, *updates.values(), *stop]):
        if isinstance(v, StateVariable) and v.serial >= before and v not in updates:
            updates[v] = v.default_update
    state = [j for j, (_, taps) in enumerate(infos) if taps]
    free = [j for j, (_, taps) in enumerate(infos) if not taps]
    shared = {v: v.type() for v in updates}
    results = [
        *(cast(outputs[j], infos[j][0].dtype) for j in state),
        *(cast(v, s.dtype) for s, v in updates.items()),
        *(outputs[j] for j in free),
        *stop,
    ]
    looped = [*elements, *(v for j in state for v in back[j]), *shared.values()]
    outside = _outside(results, [*looped, *shared])
    inside = {v: v.type(v.name) for v in outside}
    body = Body(
        [*looped, *inside.values()],
        clone(results, {**inside, **shared}),
        len(elements),
        [*(infos[j][1] for j in state), *[(-1,)] * len(shared)],
        [True] * len(state) + [False] * len(shared),
        bool(stop),
        name,
        config.mode if mode is None else mode,
        truncate_gradient,
    )
    initial = [
        *(infos[j][0] for j in state),
        *(s.dimshuffle("x", *range(s.ndim)) for s in shared),
    ]
    made = Scan(body).applied(steps, *slices, *initial, *outside)
    last = made[len(state) : len(state) + len(shared)]
    for s, value in zip(shared, last, strict=True):
        if isinstance(s, StateVariable):
            s.default_update = value  # Without the updates, too, no number is drawn twice.
    order = {j: made[i] for i, j in enumerate(state)}
    order |= {j: made[len(state) + len(shared) + i] for i, j in enumerate(free)}
    listed = [order[j] for j in range(len(infos))]
    found = listed[0] if len(listed) == 1 and not return_list else listed or None
    return found, dict(zip(shared, last, strict=True))


def _list(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _count(slices: Sequence[Any], n_steps: Any) -> Any:
    """The number of steps: as given, or the length of the shortest sequence."""
    if n_steps is not None:
        steps = cast(as_tensor(n_steps), "int64")
        if steps.ndim != 0:
            raise TypeError(f"n_steps is a number, got {describe(as_tensor(n_steps))}")
        return steps
    if not slices:
        raise TypeError("scan needs n_steps, as there are no sequences")
    steps = slices[0].shape[0]
    for s in slices[1:]:
        steps = minimum(steps, s.shape[0])
    return steps


def _called(
    fn: Callable[..., Any],
    elements: Sequence[Any],
    infos: list[Start],
    fixed: Sequence[Any],
    collected: bool,
) -> tuple[list[list[Any]], list[Start], list[Any], dict[Any, Any], list[Any]]:
    """Call the function of a scan, until outputs are of the types of what they start with.

    Returns what stands for earlier outputs, what outputs start with, outputs, updates, condition.
    """
    while True:
        back = [
            [TensorType(first.dtype, first.broadcastable[1:])() for _ in taps]
            for first, taps in infos
        ]
        given = fn(*elements, *(v for values in back for v in values), *fixed)
        outputs, updates, stop = _returned(given)
        if collected:
            infos, back = [(None, ())] * len(outputs), [[] for _ in outputs]
        if len(outputs) != len(infos):
            raise ValueError(
                f"the function of scan returns {len(outputs)} outputs, and outputs_info is for "
                f"{len(infos)}"
            )
        widened = [_widened(info, v) for info, v in zip(infos, outputs, strict=True)]
        if all(new is old for new, old in zip(widened, infos, strict=True)):
            return back, infos, outputs, updates, stop
        infos = widened


def _pieces(sequence: Any, backwards: bool) -> list[Any]:
    """For each tap the sequence, moved so that element t is for step t."""
    taps = [0]
    if isinstance(sequence, dict):
        taps = _list(sequence.get("taps", 0))
        sequence = sequence["input"]
    x = as_tensor(sequence)
    if x.ndim == 0:
        raise TypeError(f"a sequence has an axis for the steps, got {describe(x)}")
    lowest, highest = min(0, *taps), max(0, *taps)
    pieces = []
    for tap in taps:
        end = tap - highest
        piece = x[tap - lowest : end or None] if lowest != highest else x
        pieces.append(piece[::-1] if backwards else piece)
    return pieces


def _info(info: Any) -> Start:
    """The first values of an output, stacked, and its taps."""
    taps: tuple[int, ...] = (-1,)
    if isinstance(info, dict):
        given = info.get("taps", -1)
        taps = () if given is None else tuple(_list(given))
        info = info.get("initial")
    if info is None:
        return None, ()
    if not taps or max(taps) >= 0:
        raise ValueError(f"taps of an output are negative, got {list(taps)}")
    x = as_tensor(info)
    if taps == (-1,):
        return x.dimshuffle("x", *range(x.ndim)), taps
    if x.ndim == 0:
        raise TypeError(f"with taps {list(taps)} there is an axis for them, got {describe(x)}")
    return x[: -min(taps)], taps


def _widened(info: Start, output: Any) -> Start:
    """What an output starts with, in a type that holds the output, too."""
    first, taps = info
    if not taps:
        return info
    if output.ndim != first.ndim - 1:
        raise TypeError(
            f"scan: {describe(output)} has {output.ndim} axes, and what it starts with, "
            f"{describe(first)}, is for {first.ndim - 1}"
        )
    dtype = str(np.result_type(first.dtype, output.dtype))
    if dtype != first.dtype:
        return cast(first, dtype), taps
    ones = zip(first.broadcastable[1:], output.broadcastable, strict=True)
    loose = [i + 1 for i, (mine, its) in enumerate(ones) if mine and not its]
    return (unbroadcast(first, *loose), taps) if loose else info


def _returned(given: Any) -> tuple[list[Any], dict[Any, Any], list[Any]]:
    """The outputs, updates and condition that the function of a scan returned."""
    outputs: list[Any] = []
    updates: dict[Any, Any] = {}
    stop: list[Any] = []
    for item in _list(given):
        if isinstance(item, until):
            stop = [item.condition]
        elif isinstance(item, dict):
            updates.update({s: as_tensor(v) for s, v in item.items()})
        elif isinstance(item, (list, tuple)):
            if item and all(isinstance(pair, tuple) for pair in item):
                updates.update({s: as_tensor(v) for s, v in item})
            else:
                outputs += [as_tensor(v) for v in item]
        else:
            outputs.append(as_tensor(item))
    return outputs, updates, stop


def _outside(results: Sequence[Variable], looped: Iterable[Variable]) -> list[Any]:
    """What the results need that no step changes: computed once, outside."""
    inside = {id(v) for v in looped}
    used: list[Variable] = []
    for node in toposort(results):
        if any(id(v) in inside for v in node.inputs):
            inside |= {id(v) for v in node.outputs}
            used += node.inputs
    found = {id(v): v for v in [*used, *results] if id(v) not in inside}
    return [v for v in found.values() if not isinstance(v, Constant)]


def map(
    fn: Callable[..., Any],
    sequences: Any,
    non_sequences: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: str | None = None,
    name: str | None = None,
) -> tuple[Any, dict[SharedVariable, Any]]:
    """A function of each element; see :func:`scan`."""
    return scan(
        fn, sequences, None, non_sequences, None, truncate_gradient, go_backwards, mode, name
    )


def reduce(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    go_backwards: bool = False,
    mode: str | None = None,
    name: str | None = None,
) -> tuple[Any, dict[SharedVariable, Any]]:
    """The last outputs of :func:`scan`."""
    outputs, updates = scan(
        fn, sequences, outputs_info, non_sequences, go_backwards=go_backwards, mode=mode, name=name
    )
    if isinstance(outputs, list):
        return [v[-1] for v in outputs], updates
    return outputs[-1], updates


def foldl(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    mode: str | None = None,
    name: str | None = None,
) -> tuple[Any, dict[SharedVariable, Any]]:
    """:func:`reduce` from the first element on."""
    return reduce(fn, sequences, outputs_info, non_sequences, False, mode, name)


def foldr(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    mode: str | None = None,
    name: str | None = None,
) -> tuple[Any, dict[SharedVariable, Any]]:
    """:func:`reduce` from the last element on."""
    return reduce(fn, sequences, outputs_info, non_sequences, True, mode, name)
