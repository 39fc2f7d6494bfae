"""Finds steps that have faster kernels: training of a small dense model with one hidden layer.

A step is recognised by its record alone, call by call. It must be exactly::

    gather the batch and its targets; optionally rescale the batch
    product, bias, optionally relu, tanh or sigmoid; product, bias
    softmax and crossentropy; optionally the accuracy; the weights of the rows
    the gradients of all that; running sums; advance; sgd, sgd with momentum, or adam

in float32, each call on what the one before has made. Anything else (a second hidden layer,
dropout, sample weights, clipping, decay, a frozen layer, Python) is no match, and runs as it is
recorded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.engine.references import Reference
from nnkit.engine.tape import Call, Tape
from nnkit.engine.variable import ALIGNMENT
from nnkit.kernels.cuda.fused.sizes import Sizes, Tiling, tile

__all__ = ["Scratch", "SmallStep", "match"]


@dataclass(frozen=True)
class Scratch:
    """Memory that launches need besides the arrays of the tape: zeros at first, then it lasts."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class SmallStep:
    """What fast kernels must know of a step. They leave all but the gradients as its calls would.

    Attributes
    ----------
    tiling : Tiling
    arguments : dict of str to Reference or Scratch
        By the names of the kernels' parameters: three kernels a step and the persistent one share
        them, and may take turns. ``failed``, int32 (1,), is 1 after the persistent kernel has given
        up waiting. Then its results are worthless, and scratch memory must not be used again.
    stays : bool
        Whether the weights fit the processors' shared memory. If so, the persistent kernel, which
        does many steps in one launch, is to be preferred.
    """

    tiling: Tiling
    arguments: dict[str, Reference | Scratch]
    stays: bool


def match(tape: Tape, processors: int) -> SmallStep | None:
    """What fast kernels must know of a recorded step; None if there are none for it.

    Parameters
    ----------
    tape : Tape
    processors : int
        Multiprocessors of the device; 1 in the simulator, where blocks run one after the other.
    """
    try:
        sizes, arrays = _read(_Calls(tape))
    except _NoMatch:
        return None
    tiling = tile(sizes, processors)
    if tiling is None:
        return None
    s, f = tiling.sizes, "float32"
    scratch = {
        "partial": Scratch((tiling.parts, s.rows, s.hidden), f),
        "hidden": Scratch((s.hidden + 1, s.rows), f),
        "delta": Scratch((s.outputs, s.rows), f),
        "dh": Scratch((s.rows, s.hidden), f),
        "values": Scratch((2, s.rows), f),
        "now": Scratch((1,), "int64"),
        "alpha": Scratch((1,), f),
        "arrived": Scratch((1,), "int64"),
        "failed": Scratch((1,), "int32"),
    }
    return SmallStep(tiling, arrays | scratch, tiling.resident and tiling.blocks <= processors)


class _NoMatch(Exception):  # noqa: N818  (nothing is wrong)
    """The step does not match the pattern."""


def _require(condition: Any) -> None:
    if not condition:
        raise _NoMatch


class _Calls:
    """The calls of a tape, taken one by one."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._left = [entry for entry in tape.entries if isinstance(entry, Call)]
        _require(len(self._left) == len(tape.entries))
        self._made: set[int] = set()

    def next_is(self, *kernels: str) -> bool:
        """Whether the next call is of one of these kernels."""
        known = [getattr(launch, kernel) for kernel in kernels]
        return bool(self._left) and any(self._left[0].kernel is kernel for kernel in known)

    def take(self, *kernels: str) -> SimpleNamespace:
        """The arguments of the next call; it must be of one of these kernels."""
        _require(self.next_is(*kernels))
        call = self._left.pop(0)
        arguments = dict(zip(call.kernel.parameters, call.arguments, strict=True))
        return SimpleNamespace(kernel=call.kernel.name, **arguments)

    def made(self, result: Reference, *shape: int, dtype: str = "float32") -> Reference:
        """A result in memory that only this step sees, and only this call writes."""
        _require(self._tape.places[result.place].kind == "step")
        _require(result.offset == 0 and result.place not in self._made)
        self._made.add(result.place)
        _require(result.shape == shape and result.dtype == dtype)
        return result

    def end(self) -> None:
        """There must be no more calls."""
        _require(not self._left)


def _same(a: Reference, b: Reference) -> bool:
    """Whether two arrays are the same elements in the same order, whatever their shape."""
    return bool(
        (a.place, a.offset, a.dtype, a.size) == (b.place, b.offset, b.dtype, b.size)
        and a.contiguous
        and b.contiguous
    )


def _read(calls: _Calls) -> tuple[Sizes, dict[str, Reference]]:
    """What the kernels must know of a step, and the arrays it works on."""
    take, made = calls.take, calls.made

    x, y = take("gather"), take("gather")
    rows, inputs = x.rows.shape
    made(x.rows, rows, inputs)
    made(y.rows, rows, y.rows.shape[1], dtype=y.rows.dtype.name)
    _require(_same(x.order, y.order) and _same(x.batch, y.batch) and x.size == y.size)
    _require(x.first == y.first == 0 and x.data.shape[1] == inputs)
    _require(x.data.dtype.kind in "biuf" and x.data.dtype != np.float16)
    batch, scale, offset = x.rows, 1.0, 0.0
    if calls.next_is("rescale"):
        rescaled = take("rescale")
        _require(_same(rescaled.x, batch))
        batch, scale, offset = made(rescaled.y, *rescaled.y.shape), rescaled.scale, rescaled.offset

    # Forward.
    first = take("matmul_bias")
    hidden = first.b.shape[1]
    z = h = made(first.c, rows, hidden)
    _require(_same(first.a, batch) and first.a.shape == (rows, inputs))
    activation = "linear"
    if calls.next_is("relu", "tanh", "sigmoid"):
        activated = take("relu", "tanh", "sigmoid")
        activation, h = activated.kernel, made(activated.y, rows, hidden)
        _require(_same(activated.x, z))
        if activation == "relu":
            _require(_plain(activated))
    second = take("matmul_bias")
    outputs = second.b.shape[1]
    logits = made(second.c, rows, outputs)
    _require(_same(second.a, h) and second.a.shape == h.shape)

    # Loss and metric.
    loss = take("sparse_softmax_crossentropy", "softmax_crossentropy")
    labels = loss.kernel.startswith("sparse")
    made(loss.p, rows, outputs)
    made(loss.loss, rows)
    _require(_same(loss.z, logits) and _same(loss.t, y.rows))
    _require(y.rows.shape[1] == (1 if labels else outputs))
    _require(labels or (loss.smoothing == 0 and y.data.dtype.kind in "biuf"))
    accuracy = None
    prefix = "sparse_" if labels else ""
    if calls.next_is(f"{prefix}categorical_accuracy"):
        accuracy = take(f"{prefix}categorical_accuracy")
        made(accuracy.match, rows)
        _require(_same(accuracy.p, loss.p) and _same(accuracy.t, y.rows))
    share = weight = take("fill")
    made(share.y, rows)
    if calls.next_is("fill"):
        weight = take("fill")
        made(weight.y, rows)

    # Backward.
    delta = take(f"{loss.kernel}_backward")
    made(delta.dz, rows, outputs)
    _require(_same(delta.p, loss.p) and _same(delta.t, y.rows) and _same(delta.weight, weight.y))
    _require(labels or delta.smoothing == 0)
    gradients_2 = _gradients(calls, h, delta.dz)
    back = take("matmul")
    dh = made(back.c, rows, hidden)
    _require(_same(back.a, delta.dz) and _same(back.b.T, second.b))
    _require(back.a.shape == delta.dz.shape and back.b.T.shape == second.b.shape)
    if activation != "linear":
        derived = take(f"{activation}_backward")
        _require(_same(derived.dy, dh))
        dh = made(derived.dx, rows, hidden)
        if activation == "relu":
            _require(_same(derived.x, z) and _plain(derived))
        else:
            _require(_same(derived.y, h))
    gradients_1 = _gradients(calls, batch.reshaped(rows, inputs), dh)

    # Sums, counters, update.
    sums = [take("accumulate")]
    _require(_same(sums[0].values, loss.loss) and _same(sums[0].weights, weight.y))
    if accuracy is not None:
        sums.append(take("accumulate"))
        _require(_same(sums[1].values, accuracy.match) and _same(sums[1].weights, share.y))
        _require(sums[0].count == sums[1].count)
    counters = take("advance")
    _require(_same(counters.batch, x.batch))
    update = take("sgd", "sgd_momentum", "adam")
    calls.end()
    _require(_same(update.rate, counters.rate))
    if update.kernel == "adam":
        _require(_same(update.iteration, counters.iteration))
        _require(np.float32(update.epsilon) > 0)  # Or the padding of tiles becomes 0 / 0.
    slots, numbers = {
        "sgd": lambda u: ((), ()),
        "sgd_momentum": lambda u: ((u.velocity,), (u.momentum, u.nesterov)),
        "adam": lambda u: ((u.m, u.v), (u.beta_1, u.beta_2, u.epsilon)),
    }[update.kernel](update)
    parameters = (first.b, first.bias, second.b, second.bias)
    weights = _places(parameters, (*gradients_1, *gradients_2), update.p, update.g)
    _require(all(a.dtype == np.float32 and a.size == update.p.size for a in (update.p, *slots)))

    sizes = Sizes(
        inputs, hidden, outputs, rows, x.size, weights, activation, labels, update.kernel,
        tuple(map(float, numbers)),
        tuple(float(fill.value) for fill in (weight, *([share] if accuracy else []))),
        float(sums[0].count), float(scale), float(offset),
    )  # fmt: skip
    m, v = (*slots, update.p, update.p)[:2]  # One that there isn't is never touched.
    arrays = {name: getattr(counters, name) for name in ("rates", "position", "iteration", "rate")}
    arrays |= {"x": x.data, "y": y.data, "order": x.order, "batch": x.batch}
    return sizes, arrays | {
        "p": update.p, "m": m, "v": v, "losses": sums[0].sums, "hits": sums[-1].sums
    }  # fmt: skip


def _plain(relu: SimpleNamespace) -> bool:
    """max(x, 0), not one of its variants."""
    return (relu.negative_slope, relu.max_value, relu.threshold) == (0, math.inf, 0)


def _gradients(calls: _Calls, x: Reference, dz: Reference) -> tuple[Reference, Reference]:
    """The gradients of a kernel and a bias: x^T dz, and the sum of dz's rows."""
    kernel, bias = calls.take("matmul"), calls.take("sum_rows")
    _require(_same(kernel.a.T, x) and kernel.a.T.shape == x.shape)
    _require(_same(kernel.b, dz) and kernel.b.shape == dz.shape)
    _require(_same(bias.x, dz) and bias.first == 0)
    return kernel.c, bias.total


def _places(
    weights: tuple[Reference, ...],
    gradients: tuple[Reference, ...],
    parameters: Reference,
    vector: Reference,
) -> tuple[int, int, int, int]:
    """Where four weights begin in the vector of parameters, as their gradients in theirs.

    There must be no other weight in it: the optimizer would update that too.
    """
    a, b, c, d = (w.offset - parameters.offset for w in weights)
    _require([a, b, c, d] == [g.offset - vector.offset for g in gradients])
    _require({w.place for w in weights} == {parameters.place})
    _require({g.place for g in gradients} == {vector.place})
    _require(all(w.shape == g.shape for w, g in zip(weights, gradients, strict=True)))
    sizes = [-(-w.size // ALIGNMENT) * ALIGNMENT for w in weights]
    _require(all(0 <= at < parameters.nbytes for at in (a, b, c, d)) and len({a, b, c, d}) == 4)
    _require(sum(sizes) == parameters.size == vector.size)
    each = parameters.dtype.itemsize
    return a // each, b // each, c // each, d // each
