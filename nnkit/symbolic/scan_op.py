"""The operation behind ``scan``: a graph for one step, run in a loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nnkit.symbolic.derive.grad import grad
from nnkit.symbolic.graph import FunctionGraph, Variable, ancestors, clone
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.rewriting.passes import rewrite
from nnkit.symbolic.run.branches import Runner, runner
from nnkit.symbolic.run.scans import NativeScan
from nnkit.symbolic.tensor.formulas import minimum
from nnkit.symbolic.tensor.indexing import set_subtensor
from nnkit.symbolic.tensor.joining import concatenate, stack
from nnkit.symbolic.tensor.making import zeros_like
from nnkit.symbolic.tensor.math import tensor_copy
from nnkit.symbolic.tensor.variable import TensorType

__all__ = ["Body", "Scan"]


@dataclass(eq=False)
class Body:
    """What is done in every step: a graph.

    Attributes
    ----------
    inputs : list of Variable
        An element of each sequence, the values of each state at its taps, then the non-sequences.
    outputs : list of Variable
        The new states, then what is only collected; last, if ``until``, whether to stop.
    sequences : int
        How many there are.
    taps : list of tuple of int
        For each state, how many steps back its values are from: (-2, -1).
    kept : list of bool
        For each state, whether its values are collected; otherwise the last is the output.
    until : bool
    name : str or None
    mode : str
    truncate : int
        Of how many steps, the last ones, a gradient is made; -1 for all.
    """

    inputs: list[Any]
    outputs: list[Any]
    sequences: int
    taps: list[tuple[int, ...]]
    kept: list[bool]
    until: bool = False
    name: str | None = None
    mode: str = "FAST_RUN"
    truncate: int = -1

    @property
    def results(self) -> list[Any]:
        """The outputs without the condition."""
        return self.outputs[:-1] if self.until else self.outputs

    def first(self, state: int) -> int:
        """Where the values of a state begin among the inputs."""
        return self.sequences + sum(len(taps) for taps in self.taps[:state])

    @property
    def non_sequences(self) -> list[Any]:
        """The inputs that are the same in each step."""
        return self.inputs[self.first(len(self.taps)) :]

    @property
    def state_types(self) -> list[TensorType]:
        """The type of each state."""
        return [self.inputs[self.first(j)].type for j in range(len(self.taps))]

    @cached_property
    def native(self) -> NativeScan:
        """Does all steps natively."""
        return NativeScan(self)

    @cached_property
    def run(self) -> Runner:
        """Does one step; made when it is first needed."""
        outputs = rewrite(self.outputs, self.mode)
        return runner(FunctionGraph(self.inputs, outputs), self.mode)


@dataclass(frozen=True, repr=False)
class Scan(Op):
    """Steps one after another.

    Its inputs are the number of steps, the sequences, the first values of the states, stacked, and
    non-sequences; its outputs those of the steps, stacked.

    Parameters
    ----------
    body : Body
    """

    body: Body

    def __repr__(self) -> str:
        return f"Scan{{{self.body.name}}}" if self.body.name else "Scan"

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Those of a step's outputs, with an axis for the steps."""
        kept = [*self.body.kept, *[True] * len(self.body.results)]
        return [
            TensorType(v.dtype, (False, *v.broadcastable)) if keep else v.type
            for v, keep in zip(self.body.results, kept, strict=False)
        ]

    def _split(self, inputs: Sequence[Any]) -> tuple[Any, list[Any], list[Any], list[Any]]:
        steps, *rest = inputs
        n, m = self.body.sequences, self.body.sequences + len(self.body.taps)
        return steps, rest[:n], rest[n:m], rest[m:]

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """A loop, natively if that is possible."""
        steps, sequences, initial, non_sequences = self._split(arrays)
        if steps < 0 or any(len(s) < steps for s in sequences):
            raise ValueError(
                f"{self} is to do {steps} steps, on sequences of lengths "
                f"{[len(s) for s in sequences]}"
            )
        if self.body.mode == "FAST_RUN":
            found = self.body.native.run(int(steps), sequences, initial, non_sequences)
            if found is not None:
                return tuple(found)
        return self._in_python(int(steps), sequences, initial, non_sequences)

    def _in_python(
        self,
        steps: int,
        sequences: Sequence[np.ndarray],
        initial: Sequence[np.ndarray],
        non_sequences: Sequence[np.ndarray],
    ) -> tuple[np.ndarray, ...]:
        """A loop in Python over the evaluated graph."""
        states = [deque(first, len(first)) for first in initial]
        collected: list[list[np.ndarray]] = [[] for _ in self.body.results]
        for t in range(steps):
            # An element of a vector is no array, so [t, ...].
            now = [s[t, ...] for s in sequences]
            for state, taps in zip(states, self.body.taps, strict=True):
                now += [np.asarray(state[tap]) for tap in taps]
            made = self.body.run([*now, *non_sequences])
            for state, value in zip(states, made, strict=False):
                state.append(value)
            for i, (values, value) in enumerate(zip(collected, made, strict=False)):
                if i >= len(states) or self.body.kept[i]:
                    values.append(value)
            if self.body.until and made[-1]:
                break
        results = []
        for i, (values, v) in enumerate(zip(collected, self.body.results, strict=True)):
            if i < len(states) and not self.body.kept[i]:
                results.append(np.asarray(states[i][-1]))
            elif values:
                results.append(np.stack(values))
            else:
                shape = initial[i].shape[1:] if i < len(states) else (0,) * v.ndim
                results.append(np.empty((0, *shape), v.dtype))
        return tuple(results)

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Another scan, backwards over the values that this one went through.

        It carries the gradients by the states that it has still to meet, and sums for the
        non-sequences.
        """
        body = self.body
        _, sequences, initial, non_sequences = self._split(inputs)
        traces, cotangents = self._traced(inputs, outputs, cotangents)
        length = traces[0].shape[0]
        begin = length - minimum(length, body.truncate) if body.truncate >= 0 else 0
        backward = _BackwardBody(body)
        sums = [v for v in non_sequences if smooth(v)]
        read = [
            *sequences,
            *_earlier(body, initial, traces),
            *(g for v, g in zip(traces, cotangents, strict=True) if smooth(v)),
            *(traces[i] for i in backward.recalled),
        ]
        starts = [
            *(zeros_like(initial[j][:1]) for j, cells in backward.pending.items() for _ in cells),
            *(zeros_like(v).dimshuffle("x", *range(v.ndim)) for v in sums),
        ]
        results = iter(
            Scan(backward.body(len(read))).applied(
                length - begin, *(x[begin:length][::-1] for x in read), *starts, *non_sequences
            )
        )
        by_initial: list[Any] = [None] * len(initial)
        for j, cells in backward.pending.items():
            by_initial[j] = stack([next(results) for _ in cells], axis=0)
        by_non_sequences = [next(results) if smooth(v) else None for v in non_sequences]
        by_sequences = [
            set_subtensor(zeros_like(s)[begin:length], next(results)[::-1]) if smooth(s) else None
            for s in sequences
        ]
        return [None, *by_sequences, *by_initial, *by_non_sequences]

    def _traced(
        self, inputs: Variables, outputs: Variables, cotangents: Variables
    ) -> tuple[Variables, Variables]:
        """All values of each output, also of states of which the last alone is kept, and gradients.

        A gradient of the last value alone is zeros for those before.
        """
        kept = self.body.kept
        if all(kept):
            return outputs, cotangents
        traces = Scan(replace(self.body, kept=[True] * len(kept))).applied(*inputs)
        whole = list(cotangents)
        for i, keep in enumerate(kept):
            if not keep and smooth(traces[i]):
                whole[i] = set_subtensor(zeros_like(traces[i])[-1], cotangents[i])
        return traces, whole


class _BackwardBody:
    """A step of the gradient of a scan: from the gradients after a step to those before it.

    Attributes
    ----------
    pending : dict of int to list of Variable
        For each state that has a gradient, those by its latest values, the oldest first: what
        later steps have added up for values that the way back has still to come to.
    recalled : list of int
        The outputs of the step that are read from the forward scan, not computed again.
    """

    def __init__(self, body: Body) -> None:
        self._body = body
        # By copies, as an output may be made of another, or be the same.
        ends = [tensor_copy(v) for v in body.results]
        self._outside = {end: end.type() for end in ends if smooth(end)}
        self.pending = {
            j: [type() for _ in range(-min(taps))]
            for j, (type, taps) in enumerate(zip(body.state_types, body.taps, strict=True))
            if type.dtype.startswith("float")
        }
        known: dict[Variable, Any] = dict(self._outside)
        for j, cells in self.pending.items():
            known[ends[j]] = known[ends[j]] + cells[-1]
        wanted = [v for v in body.inputs if smooth(v)]
        found = grad(None, wanted, known_grads=known, disconnected_inputs="ignore")
        by = dict(zip(wanted, found, strict=True))
        self._sums = {v: v.type() for v in body.non_sequences if smooth(v)}
        outputs = [g for j in self.pending for g in self._moved(j, by)]
        outputs += [total + by[v] for v, total in self._sums.items()]
        outputs += [by[v] for v in body.inputs[: body.sequences] if smooth(v)]
        values = {v: v.type() for v in body.results if v.owner is not None}
        self._outputs = clone(outputs, values)
        used = {id(v) for v in ancestors(self._outputs)}
        places = {v: i for i, v in enumerate(body.results) if v in values and id(values[v]) in used}
        self._values = [values[v] for v in places]
        self.recalled = list(places.values())

    def _moved(self, state: int, by: dict[Variable, Any]) -> list[Any]:
        """The pending gradients of a state for the step before: one has been met, others grow."""
        cells = self.pending[state]
        moved = [zeros_like(cells[0]), *cells[:-1]]
        for i, tap in enumerate(self._body.taps[state], self._body.first(state)):
            moved[tap] = moved[tap] + by[self._body.inputs[i]]
        return moved

    def body(self, sequences: int) -> Body:
        """The step as that of a scan over so many sequences."""
        body = self._body
        carried = [*(cell for cells in self.pending.values() for cell in cells)]
        carried += self._sums.values()
        elements = body.inputs[: body.first(len(body.taps))]
        return Body(
            [*elements, *self._outside.values(), *self._values, *carried, *body.non_sequences],
            self._outputs,
            sequences,
            [(-1,)] * len(carried),
            [False] * len(carried),
            name=f"gradient of {body.name or 'scan'}",
            mode=body.mode,
        )


def _earlier(body: Body, initial: Variables, traces: Variables) -> Iterator[Any]:
    """For each tap of each state the values that the steps had from it."""
    for first, trace, taps in zip(initial, traces, body.taps, strict=False):
        values = concatenate([first, trace], axis=0)
        yield from (values[tap - min(taps) :] for tap in taps)


def smooth(v: Any) -> bool:
    """Whether there is a gradient by a variable."""
    return bool(v.type.dtype.startswith("float"))
