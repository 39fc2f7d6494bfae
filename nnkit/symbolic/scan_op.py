"""The operation behind ``scan``: a graph for one step, run in a loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nnkit.symbolic.derive.grad import grad
from nnkit.symbolic.graph import Apply, FunctionGraph, Variable, ancestors, clone
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.rewriting.passes import rewrite
from nnkit.symbolic.run.branches import Runner, runner
from nnkit.symbolic.run.loops import Replays
from nnkit.symbolic.tensor.formulas import minimum
from nnkit.symbolic.tensor.indexing import set_subtensor
from nnkit.symbolic.tensor.joining import concatenate, stack
from nnkit.symbolic.tensor.making import zeros_like
from nnkit.symbolic.tensor.math import tensor_copy
from nnkit.symbolic.tensor.variable import TensorType

__all__ = ["Scan", "Step"]


@dataclass(eq=False)
class Step:
    """What is done in every step: a graph.

    Attributes
    ----------
    inputs : list of Variable
        An element of each sequence, the values of each state at its taps, then what stays.
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
    def staying(self) -> list[Any]:
        """The inputs that are the same in each step."""
        return self.inputs[self.first(len(self.taps)) :]

    @property
    def kinds(self) -> list[TensorType]:
        """The type of each state."""
        return [self.inputs[self.first(j)].type for j in range(len(self.taps))]

    @cached_property
    def replays(self) -> Replays:
        """Does all steps natively."""
        return Replays(self)

    @cached_property
    def run(self) -> Runner:
        """Does one step; made when it is first needed."""
        outputs = rewrite(self.outputs, self.mode)
        return runner(FunctionGraph(self.inputs, outputs), self.mode)


@dataclass(frozen=True, repr=False)
class Scan(Op):
    """Steps one after another.

    Its inputs are the number of steps, the sequences, the first values of the states, stacked, and
    what stays; its outputs those of the steps, stacked.

    Parameters
    ----------
    step : Step
    """

    step: Step

    def __repr__(self) -> str:
        return f"Scan{{{self.step.name}}}" if self.step.name else "Scan"

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Those of a step's outputs, with an axis for the steps."""
        kept = [*self.step.kept, *[True] * len(self.step.results)]
        return [
            TensorType(v.dtype, (False, *v.broadcastable)) if keep else v.type
            for v, keep in zip(self.step.results, kept, strict=False)
        ]

    def _split(self, inputs: Sequence[Any]) -> tuple[Any, list[Any], list[Any], list[Any]]:
        steps, *rest = inputs
        n, m = self.step.sequences, self.step.sequences + len(self.step.taps)
        return steps, rest[:n], rest[n:m], rest[m:]

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """A loop, natively if that is possible."""
        steps, sequences, firsts, staying = self._split(arrays)
        if steps < 0 or any(len(s) < steps for s in sequences):
            raise ValueError(
                f"{self} is to do {steps} steps, on sequences of lengths "
                f"{[len(s) for s in sequences]}"
            )
        if self.step.mode == "FAST_RUN":
            found = self.step.replays.run(int(steps), sequences, firsts, staying)
            if found is not None:
                return tuple(found)
        return self._in_python(int(steps), sequences, firsts, staying)

    def _in_python(
        self,
        steps: int,
        sequences: Sequence[np.ndarray],
        firsts: Sequence[np.ndarray],
        staying: Sequence[np.ndarray],
    ) -> tuple[np.ndarray, ...]:
        """A loop in Python over the evaluated graph."""
        states = [deque(first, len(first)) for first in firsts]
        collected: list[list[np.ndarray]] = [[] for _ in self.step.results]
        for t in range(steps):
            # An element of a vector is no array, so [t, ...].
            now = [s[t, ...] for s in sequences]
            for state, taps in zip(states, self.step.taps, strict=True):
                now += [np.asarray(state[tap]) for tap in taps]
            made = self.step.run([*now, *staying])
            for state, value in zip(states, made, strict=False):
                state.append(value)
            for i, (values, value) in enumerate(zip(collected, made, strict=False)):
                if i >= len(states) or self.step.kept[i]:
                    values.append(value)
            if self.step.until and made[-1]:
                break
        results = []
        for i, (values, v) in enumerate(zip(collected, self.step.results, strict=True)):
            if i < len(states) and not self.step.kept[i]:
                results.append(np.asarray(states[i][-1]))
            elif values:
                results.append(np.stack(values))
            else:
                shape = firsts[i].shape[1:] if i < len(states) else (0,) * v.ndim
                results.append(np.empty((0, *shape), v.dtype))
        return tuple(results)

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Another scan, backwards over the values that this one went through.

        It carries the gradients by the states that it has still to meet, and the sums of those by
        what stays.
        """
        step = self.step
        _, sequences, firsts, staying = self._split(inputs)
        traces: list[Any] = list(outputs)
        above = list(cotangents)
        if not all(step.kept):
            again = Scan(replace(step, kept=[True] * len(step.kept)))
            traces = Apply(again, inputs, again.types(*inputs)).outputs
            for i, keep in enumerate(step.kept):
                if not keep and smooth(traces[i]):
                    last = zeros_like(traces[i])[-1]
                    above[i] = set_subtensor(last, cotangents[i])
        n = traces[0].shape[0]
        begin = n - minimum(n, step.truncate) if step.truncate >= 0 else 0

        def back(x: Any) -> Any:
            return x[begin:n][::-1]

        met = [back(s) for s in sequences]
        for first, trace, taps in zip(firsts, traces, step.taps, strict=False):
            depth = -min(taps)
            whole = concatenate([first, trace], axis=0)
            met += [back(whole[depth + tap :]) for tap in taps]
        # The gradients by the outputs of a step: from outside, and from later steps. By copies, as
        # an output may be made of another, or be the same.
        ends = [tensor_copy(v) for v in step.results]
        known: dict[Variable, Any] = {v: v.type() for v in ends if smooth(v)}
        arriving = list(known.values())
        met += [back(g) for v, g in zip(traces, above, strict=True) if smooth(v)]
        carried, starts, states = [], [], []
        for j, (first, taps) in enumerate(zip(firsts, step.taps, strict=True)):
            if not smooth(first):
                continue
            depth, kind = -min(taps), step.inputs[step.first(j)].type
            waiting = [kind() for _ in range(depth)]
            known[ends[j]] = known[ends[j]] + waiting[-1]
            states.append((j, waiting))
            carried += waiting
            starts += [zeros_like(first[:1])] * depth
        wanted = [v for v in step.inputs if smooth(v)]
        found = grad(None, wanted, known_grads=known, disconnected_inputs="ignore")
        by = {id(v): d for v, d in zip(wanted, found, strict=True)}
        made = []
        for j, waiting in states:
            shifted = [zeros_like(waiting[0]), *waiting[:-1]]
            for i, tap in enumerate(step.taps[j]):
                place = len(waiting) + tap
                shifted[place] = shifted[place] + by[id(step.inputs[step.first(j) + i])]
            made += shifted
        for inner, outer in zip(step.staying, staying, strict=True):
            if smooth(inner):
                carried.append(inner.type())
                starts.append(zeros_like(outer).dimshuffle("x", *range(outer.ndim)))
                made.append(carried[-1] + by[id(inner)])
        elements = [v for v in step.inputs[: step.sequences] if smooth(v)]
        # What a step gave is not computed again.
        given = {v: v.type() for v in step.results if v.owner is not None}
        outputs = clone([*made, *(by[id(v)] for v in elements)], given)
        used = {id(v) for v in ancestors(outputs)}
        recalled = [(given[v], g) for v, g in zip(step.results, traces, strict=True) if v in given]
        recalled = [(place, g) for place, g in dict(recalled).items() if id(place) in used]
        met += [back(g) for _, g in recalled]
        until_staying = step.inputs[: step.first(len(step.taps))]
        backwards = Step(
            [*until_staying, *arriving, *(v for v, _ in recalled), *carried, *step.staying],
            outputs,
            len(met),
            [(-1,)] * len(carried),
            [False] * len(carried),
            name=f"gradient of {step.name or 'scan'}",
            mode=step.mode,
        )
        results = iter(Scan(backwards).outputs(n - begin, *met, *starts, *staying))
        of_firsts: list[Any] = [None] * len(firsts)
        for j, waiting in states:
            of_firsts[j] = stack([next(results) for _ in waiting], axis=0)
        of_staying = [next(results) if smooth(v) else None for v in staying]
        of_sequences = [
            set_subtensor(zeros_like(s)[begin:n], next(results)[::-1]) if smooth(s) else None
            for s in sequences
        ]
        return [None, *of_sequences, *of_firsts, *of_staying]


def smooth(v: Any) -> bool:
    """Whether there is a gradient by a variable."""
    return bool(v.type.dtype.startswith("float"))
