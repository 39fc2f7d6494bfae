"""Timesteps of recurrent layers for activations that the fused kernels don't have.

An object computes one timestep, and keeps what its backward pass needs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnkit.engine.dispatch import empty, launch
from nnkit.layers.base import Layer
from nnkit.layers.graph import Graph

__all__ = ["Activated", "GRUStep", "LSTMStep", "ResetFirstStep"]


class Activated:
    """One use of an activation; None is the identity."""

    def __init__(self, activation: Layer | None) -> None:
        self.activation = activation
        self.graph: Graph | None = None

    def forward(self, x: np.ndarray) -> np.ndarray:
        """y = f(x)."""
        if self.activation is None:
            return x
        if self.graph is None:
            use, shape = self.activation.another_use(), (None, *x.shape[1:])
            self.graph = Graph.of(use, shape, training=True)
        return self.graph.forward([x])[0]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = f'(x) dy."""
        if self.graph is None:
            return dy
        (dx,) = self.graph.backward([dy], propagate=True)
        return dx


class LSTMStep:
    """A timestep of LSTM, as ``lstm_gates`` and ``lstm_gates_backward``, for any activation."""

    def __init__(self, activation: Layer | None, recurrent_activation: Layer | None) -> None:
        i, f, o = (Activated(recurrent_activation) for _ in range(3))
        self.gates = i, f, Activated(activation), o
        self.squash = Activated(activation)

    def forward(
        self, c_previous: np.ndarray, gates: np.ndarray, c: np.ndarray, h: np.ndarray
    ) -> None:
        """c = f c_previous + i g, h = o squash(c)."""
        i, f, g, o = (apply.forward(s) for apply, s in zip(self.gates, _cut(gates, 4), strict=True))
        launch.add(_times(f, c_previous), _times(i, g), c)
        squashed = self.squash.forward(c)
        launch.multiply(o, squashed, h)
        self.kept = i, f, g, o, squashed

    def backward(
        self,
        dh: np.ndarray,
        dc: np.ndarray,
        c_previous: np.ndarray,
        c: np.ndarray,
        gates: np.ndarray,
        dc_previous: np.ndarray,
    ) -> None:
        """Overwrite ``gates`` by its gradient; dc_previous += (dc + dh's contribution) f."""
        i, f, g, o, squashed = self.kept
        d = _plus(dc, self.squash.backward(_times(dh, o)))
        launch.add_to(_times(d, f), dc_previous)
        gradients = _times(d, g), _times(d, c_previous), _times(d, i), _times(dh, squashed)
        sums = [apply.backward(d) for apply, d in zip(self.gates, gradients, strict=True)]
        _join(sums, gates)


class _Mixing:
    """The part that both kinds of GRU share: h = z h_previous + (1 - z) g."""

    def __init__(self, activation: Layer | None, recurrent_activation: Layer | None) -> None:
        self.z, self.r = Activated(recurrent_activation), Activated(recurrent_activation)
        self.g = Activated(activation)

    def mix(self, z: np.ndarray, h_previous: np.ndarray, g: np.ndarray, h: np.ndarray) -> None:
        """h = z h_previous + (1 - z) g."""
        launch.add(_times(z, h_previous), _times(_one_minus(z), g), h)

    def mix_backward(
        self,
        dh: np.ndarray,
        z: np.ndarray,
        h_previous: np.ndarray,
        g: np.ndarray,
        dh_previous: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The gradients of the arguments of z's and g's activations; dh_previous += dh z."""
        launch.add_to(_times(dh, z), dh_previous)
        difference = empty(g.shape, g.dtype)
        launch.scale(g, -1.0, difference)
        launch.add_to(h_previous, difference)
        of_g = self.g.backward(_times(dh, _one_minus(z)))
        return self.z.backward(_times(dh, difference)), of_g


class GRUStep(_Mixing):
    """A timestep of GRU, as ``gru_gates`` and ``gru_gates_backward``, for any activation."""

    def forward(
        self, h_previous: np.ndarray, inner: np.ndarray, gates: np.ndarray, h: np.ndarray
    ) -> None:
        """Compute z, r and g = activation(x_g + r inner_g), and h from them."""
        x_z, x_r, x_g = _cut(gates, 3)
        inner_z, inner_r, inner_g = _cut(inner, 3)
        z, r = self.z.forward(_plus(x_z, inner_z)), self.r.forward(_plus(x_r, inner_r))
        g = self.g.forward(_plus(x_g, _times(r, inner_g)))
        self.mix(z, h_previous, g, h)
        self.kept = z, r, g, inner_g

    def backward(
        self,
        dh: np.ndarray,
        h_previous: np.ndarray,
        inner: np.ndarray,
        gates: np.ndarray,
        dh_previous: np.ndarray,
    ) -> None:
        """Overwrite ``gates`` and ``inner`` by their gradients; dh_previous += dh z."""
        z, r, g, inner_g = self.kept
        of_z, of_g = self.mix_backward(dh, z, h_previous, g, dh_previous)
        of_r = self.r.backward(_times(of_g, inner_g))
        _join([of_z, of_r, of_g], gates)
        _join([of_z, of_r, _times(of_g, r)], inner)


class ResetFirstStep(_Mixing):
    """A timestep of a GRU with ``reset_after=False``: the state is reset, then multiplied."""

    def reset(
        self, state: np.ndarray, inner: np.ndarray, gates: np.ndarray, remaining: np.ndarray
    ) -> None:
        """Compute z and r, and remaining = r state; inner has the state's products for z and r."""
        x_z, x_r, self.x_g = _cut(gates, 3)
        inner_z, inner_r = _cut(inner, 2)
        z, r = self.z.forward(_plus(x_z, inner_z)), self.r.forward(_plus(x_r, inner_r))
        launch.multiply(r, state, remaining)
        self.kept = z, r, state

    def forward(self, h_previous: np.ndarray, inner_g: np.ndarray, h: np.ndarray) -> None:
        """Compute g = activation(x_g + inner_g), and h from z and g."""
        self.candidate = self.g.forward(_plus(self.x_g, inner_g))
        self.mix(self.kept[0], h_previous, self.candidate, h)

    def backward(
        self, dh: np.ndarray, h_previous: np.ndarray, dh_previous: np.ndarray, of_g: np.ndarray
    ) -> None:
        """of_g = the gradient of the argument of g's activation; dh_previous += dh z."""
        z = self.kept[0]
        self.of_z, found = self.mix_backward(dh, z, h_previous, self.candidate, dh_previous)
        launch.copy(found, of_g)

    def reset_backward(
        self, of_remaining: np.ndarray, of_g: np.ndarray, inner: np.ndarray, gates: np.ndarray
    ) -> np.ndarray:
        """Overwrite ``gates`` and ``inner`` by their gradients; return that of the state."""
        _, r, state = self.kept
        of_r = self.r.backward(_times(of_remaining, state))
        _join([self.of_z, of_r], inner)
        _join([self.of_z, of_r, of_g], gates)
        return _times(of_remaining, r)


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    y = empty(a.shape, a.dtype)
    launch.multiply(a, b, y)
    return y


def _plus(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    y = empty(a.shape, a.dtype)
    launch.add(a, b, y)
    return y


def _one_minus(a: np.ndarray) -> np.ndarray:
    y = empty(a.shape, a.dtype)
    launch.rescale(a, -1.0, 1.0, y)
    return y


def _cut(x: np.ndarray, count: int) -> list[np.ndarray]:
    """Cut x (rows, count n) into ``count`` arrays (rows, n)."""
    rows, n = len(x), x.shape[1] // count
    parts = []
    for left in range(count - 1, 0, -1):
        part, rest = empty((rows, n), x.dtype), empty((rows, left * n), x.dtype)
        launch.cut(x, part, rest)
        parts.append(part)
        x = rest
    return [*parts, x]


def _join(parts: Sequence[np.ndarray], y: np.ndarray) -> None:
    """Join the columns of the parts in y."""
    *first, rest = parts
    while len(first) > 1:
        part = first.pop()
        joined = empty((len(y), part.shape[1] + rest.shape[1]), y.dtype)
        launch.join(part, rest, joined)
        rest = joined
    launch.join(first[0], rest, y)
