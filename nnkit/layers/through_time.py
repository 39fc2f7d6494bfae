"""Forward through the steps of a sequence and back, for any formulas of a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from nnkit.engine.device import launch
from nnkit.engine.variable import Variable
from nnkit.layers.base import Layer

__all__ = ["ThroughTime", "rows"]


class ThroughTime(Layer, abstract=True):
    """The loop of a recurrent layer, and backpropagation through time.

    The inputs' products with the kernel are one product for all steps, and so are the gradients of
    the weights. Only the products of the state with the recurrent kernel wait for each other.
    Within, arrays are (steps, batch, n), so that the rows of a step lie together, and steps are
    in the order of processing.

    Attributes
    ----------
    state_names : tuple of str
        Of the class: what a step remembers. ``self.h`` and ``self.dh`` are (steps + 1, batch,
        units), the states before the first step and after each, and their gradients.
    x, sums : numpy.ndarray
        The inputs, and their part of what the activations get; in ``backward`` its gradient.
    mask : numpy.ndarray or None
        bool (steps, batch).
    keeps_order : bool
        Whether outputs come in the order of the inputs even if it goes backwards.
    """

    recordable = True
    supports_masking = True
    uses_mask = True
    gates: ClassVar[int] = 1
    state_names: ClassVar[tuple[str, ...]] = ("h",)

    units: int
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None
    dropout: float
    recurrent_dropout: float
    key: int
    counter: np.ndarray
    return_sequences: bool
    go_backwards: bool
    zero_output_for_mask: bool
    keeps_order: bool
    steps: dict[int, Any]
    h: np.ndarray
    dh: np.ndarray

    # ------------------------------------------------------------------------ what a kind says

    def step(self, t: int) -> None:
        """From the states before step t, ``self.h[t]``, those after it, ``self.h[t + 1]``.

        ``self.sums[t]`` is the inputs' part of what the activations get, the bias included.
        """
        raise NotImplementedError

    def step_backward(self, t: int) -> None:
        """The gradient of ``self.sums[t]`` in its place, given that of the states after the step.

        What comes to the state before by other ways than the recurrent kernel is added to its
        gradient, ``self.dh[t]``.
        """
        raise NotImplementedError

    def formulas(self, t: int, make: Callable[[], Any]) -> Any:
        """The object that does step t, made once: a record wants the same owners each time."""
        if t not in self.steps:
            self.steps[t] = make()
        return self.steps[t]

    def first_states(self) -> list[np.ndarray] | None:
        """The states before the first step, (batch, units) each; None for zeros."""
        return None

    # ---------------------------------------------------------------------------------- forward

    def forward(
        self, x: np.ndarray, training: bool = False, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """The output after the last step, or after each."""
        batch, steps, features = x.shape
        self.mask = None
        if mask is not None:
            self.mask = self._steps_first(mask.reshape(batch, steps, 1), bool).reshape(steps, batch)
        self.drops = bool(training and self.dropout)
        self.drops_state = bool(training and self.recurrent_dropout)
        self.x = self._steps_first(x)
        if self.drops:
            self.kept = self._kept(batch, features, self.dropout, 0)
            self.x = self._times_kept(self.x, self.kept)
        if self.drops_state:
            self.kept_state = self._kept(
                batch, self.units, self.recurrent_dropout, batch * features
            )
            self.h_dropped = self.empty((steps, batch, self.units))
        self.begin(steps, batch)
        memories = self._begin_states(steps, batch)
        for t in range(steps):
            self.step(t)
            if self.mask is not None:
                for memory in memories:
                    launch.hold(self.mask[t], memory[t], memory[t + 1])
        return self._output()

    def begin(self, steps: int, batch: int) -> None:
        """Make ``self.sums``: the inputs' products of all steps at once."""
        self.sums = self.empty((steps, batch, self.gates * self.units))
        bias = None if self.bias is None else self.of_inputs(self.bias.value)
        self.product(rows(self.x), self.kernel.value, bias, rows(self.sums))

    def of_inputs(self, bias: np.ndarray) -> np.ndarray:
        """What of the bias, or of its gradient, joins the inputs' products."""
        return bias

    def product(self, a: np.ndarray, b: np.ndarray, bias: np.ndarray | None, c: np.ndarray) -> None:
        """C = A B, + bias if there is one."""
        if bias is None:
            launch.matmul(a, b, c)
        else:
            launch.matmul_bias(a, b, bias, c)

    def previous(self, t: int) -> np.ndarray:
        """The state before step t as the recurrent kernel sees it."""
        if not self.drops_state:
            return self.h[t]
        launch.multiply(self.h[t], self.kept_state, self.h_dropped[t])
        return self.h_dropped[t]

    def _begin_states(self, steps: int, batch: int) -> list[np.ndarray]:
        """Memory for the states before and after each step, the first ones in it."""
        memories = [self.empty((steps + 1, batch, self.units)) for _ in self.state_names]
        first = self.first_states()
        for i, (name, memory) in enumerate(zip(self.state_names, memories, strict=True)):
            if first is None:
                launch.fill(0.0, memory[0])
            else:
                launch.copy(first[i], memory[0])
            setattr(self, name, memory)
        return memories

    def _output(self) -> np.ndarray:
        steps, batch, units = self.h[1:].shape
        if not self.return_sequences:
            last = self.empty((batch, units))
            launch.copy(self.h[steps], last)
            return last
        outputs = self.h[1:]
        if self.mask is not None and self.zero_output_for_mask:
            outputs = self.empty(outputs.shape)
            launch.keep_steps(rows(self.h[1:]), self.mask.reshape(-1), rows(outputs))
        y = self.empty((batch, steps, units))
        launch.batch_first(outputs, self._reorders, 0, y)
        return y

    # --------------------------------------------------------------------------------- backward

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """Backpropagation through time: from the last step to the first."""
        gradients = self._begin_gradients(dy)
        steps = len(self.x)
        # A copy: every step multiplies a few rows by it, which BLAS is slower at.
        kernel = self.recurrent_kernel.value
        transposed = self.empty(kernel.shape[::-1])
        launch.swap_axes(kernel[None], transposed[None])
        for t in reversed(range(steps)):
            if self.mask is not None:
                for gradient in gradients:
                    launch.hold_backward(self.mask[t], gradient[t + 1], gradient[t])
            self.step_backward(t)
            if t > 0:
                self._add_gradient_of_state(t, transposed[: self.inner.shape[2]])
        self.weight_gradients()
        return self._input_gradient() if self.propagate else None

    @property
    def inner(self) -> np.ndarray:
        """What the products of the state with the recurrent kernel are added to."""
        return self.sums

    def weight_gradients(self) -> None:
        """Each one product or sum over all steps."""
        self.recurrent_gradient(self.h_dropped if self.drops_state else self.h[:-1])
        launch.matmul(rows(self.x).T, rows(self.sums), self.kernel.gradient)
        if self.bias is not None:
            launch.sum_rows(rows(self.sums), 0, self.of_inputs(self.bias.gradient))

    def recurrent_gradient(self, states: np.ndarray) -> None:
        """The gradient of the recurrent kernel; states are those before each step."""
        launch.matmul(rows(states).T, rows(self.inner), self.recurrent_kernel.gradient)

    def _begin_gradients(self, dy: np.ndarray) -> list[np.ndarray]:
        """The gradients of the states before and after each step, as far as the output has them."""
        gradients = []
        for name in self.state_names:
            gradient = self.empty(getattr(self, name).shape)
            setattr(self, f"d{name}", gradient)
            gradients.append(gradient)
        for gradient in gradients[1:]:
            launch.fill(0.0, gradient)
        if not self.return_sequences:
            launch.fill(0.0, self.dh[:-1])
            launch.copy(dy, self.dh[-1])
            return gradients
        launch.fill(0.0, self.dh[0])
        if self.mask is not None and self.zero_output_for_mask:
            of_outputs = self.empty(self.dh[1:].shape)
            launch.steps_first(dy, self._reorders, 0, of_outputs)
            launch.keep_steps(rows(of_outputs), self.mask.reshape(-1), rows(self.dh[1:]))
        else:
            launch.steps_first(dy, self._reorders, 0, self.dh[1:])
        return gradients

    def _add_gradient_of_state(self, t: int, transposed: np.ndarray) -> None:
        """What comes to the state before step t through the recurrent kernel."""
        if self.drops_state:
            of_dropped = self.empty(self.dh[t].shape)
            launch.matmul(self.inner[t], transposed, of_dropped)
            launch.add_to(self.of_undropped(of_dropped), self.dh[t])
        else:
            launch.matmul_add(self.inner[t], transposed, self.dh[t])

    def of_undropped(self, gradient: np.ndarray) -> np.ndarray:
        """The gradient of a state, given that of what dropout left of it."""
        if not self.drops_state:
            return gradient
        result = self.empty(gradient.shape)
        launch.multiply(gradient, self.kept_state, result)
        return result

    def _input_gradient(self) -> np.ndarray:
        steps, batch, features = self.x.shape
        dx = self.empty(self.x.shape)
        launch.matmul(rows(self.sums), self.kernel.value.T, rows(dx))
        if self.drops:
            dx = self._times_kept(dx, self.kept)
        result = self.empty((batch, steps, features))
        launch.batch_first(dx, self.go_backwards, 0, result)
        return result

    # ----------------------------------------------------------------------------------- pieces

    @property
    def _reorders(self) -> bool:
        """Whether outputs, which come in the order of processing, are put into another."""
        return self.go_backwards and self.keeps_order

    def _steps_first(self, x: np.ndarray, dtype: Any = None) -> np.ndarray:
        """(batch, steps, n) as (steps, batch, n), in the order of processing."""
        batch, steps, n = x.shape
        y = self.empty((steps, batch, n), dtype)
        launch.steps_first(x, self.go_backwards, 0, y)
        return y

    def _kept(self, batch: int, size: int, rate: float, first: int) -> np.ndarray:
        """1 / (1 - rate) where kept in all steps, else 0; elements ``first``... of the step."""
        ones, kept = self.empty((batch, size)), self.empty((batch, size))
        launch.fill(1.0, ones)
        launch.dropout(ones, rate, self.key, self.counter, first, kept)
        return kept

    def _times_kept(self, x: np.ndarray, kept: np.ndarray) -> np.ndarray:
        y = self.empty(x.shape)
        for t in range(len(x)):
            launch.multiply(x[t], kept, y[t])
        return y

    def another_use(self) -> Layer:
        """The same layer, with the same weights, for one more place of the same step."""
        twin = super().another_use()
        twin.__dict__["steps"] = {}
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"steps": {}}


def rows(x: np.ndarray) -> np.ndarray:
    """(steps, batch, n) as (steps * batch, n)."""
    return x.reshape(-1, x.shape[-1])
