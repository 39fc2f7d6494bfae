"""ThroughTime: the loop over timesteps, forward and backward, for any formulas of a timestep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.engine.variable import Variable
from nnkit.layers.base import Layer
from nnkit.layers.first_states import Arrays, FirstStates, as_list

__all__ = ["ThroughTime", "rows"]


class ThroughTime(FirstStates, abstract=True):
    """The loop of a recurrent layer, and backpropagation through time.

    The inputs' products with the kernel are one product for all timesteps, and so are the gradients
    of the weights. Only the products of the state with the recurrent kernel run one by one. Arrays
    are (steps, batch, n) here, so that the rows of a timestep are contiguous, and timesteps are in
    the order of processing.

    Attributes
    ----------
    state_names : tuple of str
        Class attribute: the names of the states. For ``"h"``, ``self.h`` and ``self.dh`` are
        (steps + 1, batch, units): the states before the first timestep and after each one, and
        their gradients.
    x, sums : numpy.ndarray
        The inputs, and the arguments of the activations: first the inputs' products plus bias,
        later overwritten by a subclass. After ``backward``, ``sums`` is the arguments' gradient.
    mask : numpy.ndarray or None
        bool (steps, batch).
    keeps_order : bool
        Whether outputs are in the order of the inputs even with ``go_backwards``.
    continues : bool
        Whether the states before the first timestep were given by the call, so that they have
        gradients.
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
    return_state: bool
    go_backwards: bool
    zero_output_for_mask: bool
    keeps_order: bool
    steps: dict[int, Any]
    h: np.ndarray
    dh: np.ndarray

    def state_sizes(self) -> list[int]:
        """The number of units, for each state."""
        return [self.units for _ in self.state_names]

    # --------------------------------------------------------------- what a subclass implements

    def step(self, t: int) -> None:
        """Compute the states after timestep t, ``self.h[t + 1]``, from those before, ``self.h[t]``.

        ``self.sums[t]`` has the inputs' products with the kernel, plus the bias.
        """
        raise NotImplementedError

    def step_backward(self, t: int) -> None:
        """Overwrite ``self.sums[t]`` by its gradient, computed from ``self.dh[t + 1]``.

        The previous state's gradient by other paths than the recurrent kernel is added to
        ``self.dh[t]``.
        """
        raise NotImplementedError

    def make_formulas(self) -> Any:
        """An object for the formulas of one timestep, which keeps what their gradients need."""
        raise NotImplementedError

    def formulas(self, t: int) -> Any:
        """The object that computes timestep t, made once, so that records have equal owners."""
        if t not in self.steps:
            self.steps[t] = self.make_formulas()
        return self.steps[t]

    # ---------------------------------------------------------------------------------- forward

    def forward(
        self,
        x: np.ndarray,
        training: bool = False,
        mask: np.ndarray | None = None,
        initial_state: Arrays | None = None,
    ) -> np.ndarray | list[np.ndarray]:
        """The output after the last timestep, or after each one.

        Parameters
        ----------
        x : numpy.ndarray
            (batch, steps, features).
        training : bool
        mask : numpy.ndarray, optional
            bool (batch, steps).
        initial_state : numpy.ndarray or list of numpy.ndarray, optional
            The states before the first timestep, (batch, units) each, in the order of
            ``state_names``.

        Returns
        -------
        numpy.ndarray or list of numpy.ndarray
            With ``return_state`` a list: the output, then the states after the last timestep.
        """
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
        self.continues = initial_state is not None
        first = self.states if initial_state is None else as_list(initial_state)
        memories = self._begin_states(steps, batch, first)
        for t in range(steps):
            self.step(t)
            if self.mask is not None:
                for memory in memories:
                    launch.hold(self.mask[t], memory[t], memory[t + 1])
        for memory, state in zip(memories, self.states, strict=False):  # Empty if not stateful.
            launch.copy(memory[-1], state)
        if not self.return_state:
            return self._output()
        return [self._output(), *(self._last(memory) for memory in memories)]

    def begin(self, steps: int, batch: int) -> None:
        """Make ``self.sums``: the inputs' products for all timesteps at once."""
        self.sums = self.empty((steps, batch, self.gates * self.units))
        bias = None if self.bias is None else self.of_inputs(self.bias.value)
        self.product(rows(self.x), self.kernel.value, bias, rows(self.sums))

    def of_inputs(self, bias: np.ndarray) -> np.ndarray:
        """The part of the bias, or of its gradient, that belongs to the kernel."""
        return bias

    def product(self, a: np.ndarray, b: np.ndarray, bias: np.ndarray | None, c: np.ndarray) -> None:
        """C = A B + bias, or A B if bias is None."""
        if bias is None:
            launch.matmul(a, b, c)
        else:
            launch.matmul_bias(a, b, bias, c)

    def previous(self, t: int) -> np.ndarray:
        """The state before timestep t, after dropout, to be multiplied by the recurrent kernel."""
        if not self.drops_state:
            return self.h[t]
        launch.multiply(self.h[t], self.kept_state, self.h_dropped[t])
        return self.h_dropped[t]

    def _begin_states(
        self, steps: int, batch: int, first: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """Make memory for the states before and after each timestep, and set the first ones.

        If there are no ``first``, they are zeros.
        """
        memories = [self.empty((steps + 1, batch, self.units)) for _ in self.state_names]
        for i, (name, memory) in enumerate(zip(self.state_names, memories, strict=True)):
            if first:
                launch.copy(first[i], memory[0])
            else:
                launch.fill(0.0, memory[0])
            setattr(self, name, memory)
        return memories

    def _last(self, memory: np.ndarray) -> np.ndarray:
        """A state after the last timestep, copied: a view would keep those of all timesteps."""
        last = self.empty(memory.shape[1:])
        launch.copy(memory[-1], last)
        return last

    def _output(self) -> np.ndarray:
        steps, batch, units = self.h[1:].shape
        if not self.return_sequences:
            return self._last(self.h)
        outputs = self.h[1:]
        if self.mask is not None and self.zero_output_for_mask:
            outputs = self.empty(outputs.shape)
            launch.keep_steps(rows(self.h[1:]), self.mask.reshape(-1), rows(outputs))
        y = self.empty((batch, steps, units))
        launch.batch_first(outputs, self._reorders, 0, y)
        return y

    # --------------------------------------------------------------------------------- backward

    def backward(self, dy: Arrays) -> np.ndarray | list[np.ndarray] | None:
        """Backpropagation through time: from the last step to the first.

        Parameters
        ----------
        dy : numpy.ndarray or list of numpy.ndarray
            The gradient of what ``forward`` returned.

        Returns
        -------
        numpy.ndarray, list of numpy.ndarray or None
            The gradient of x; if ``initial_state`` was given, a list: that of x, then that of each
            state. None if nobody needs it.
        """
        gradients = self._begin_gradients(*as_list(dy))
        steps = len(self.x)
        to_first = self.continues and self.propagate
        # A copy: every timestep multiplies few rows by it, for which BLAS is slower with a view.
        kernel = self.recurrent_kernel.value
        transposed = self.empty(kernel.shape[::-1])
        launch.swap_axes(kernel[None], transposed[None])
        for t in reversed(range(steps)):
            if self.mask is not None:
                for gradient in gradients:
                    launch.hold_backward(self.mask[t], gradient[t + 1], gradient[t])
            self.step_backward(t)
            if t > 0 or to_first:
                self._add_gradient_of_state(t, transposed[: self.inner.shape[2]])
        self.weight_gradients()
        if not self.propagate:
            return None
        dx = self._input_gradient()
        return [dx, *(gradient[0] for gradient in gradients)] if to_first else dx

    @property
    def inner(self) -> np.ndarray:
        """The array to which the products of the state with the recurrent kernel are added."""
        return self.sums

    def weight_gradients(self) -> None:
        """Compute each weight's gradient as one product or sum over all timesteps."""
        self.recurrent_gradient(self.h_dropped if self.drops_state else self.h[:-1])
        launch.matmul(rows(self.x).T, rows(self.sums), self.kernel.gradient)
        if self.bias is not None:
            launch.sum_rows(rows(self.sums), 0, self.of_inputs(self.bias.gradient))

    def recurrent_gradient(self, states: np.ndarray) -> None:
        """Compute the recurrent kernel's gradient from the states before each timestep."""
        launch.matmul(rows(states).T, rows(self.inner), self.recurrent_kernel.gradient)

    def _begin_gradients(self, dy: np.ndarray, *of_states: np.ndarray) -> list[np.ndarray]:
        """Make memory for the states' gradients, and set it to the outputs' contributions."""
        gradients = []
        for name in self.state_names:
            gradient = self.empty(getattr(self, name).shape)
            setattr(self, f"d{name}", gradient)
            gradients.append(gradient)
        for gradient in gradients[1:]:
            launch.fill(0.0, gradient)
        self._begin_gradient_of_outputs(dy)
        for gradient, of_state in zip(gradients, of_states, strict=False):
            launch.add_to(of_state, gradient[-1])
        return gradients

    def _begin_gradient_of_outputs(self, dy: np.ndarray) -> None:
        if not self.return_sequences:
            launch.fill(0.0, self.dh[:-1])
            launch.copy(dy, self.dh[-1])
            return
        launch.fill(0.0, self.dh[0])
        if self.mask is not None and self.zero_output_for_mask:
            of_outputs = self.empty(self.dh[1:].shape)
            launch.steps_first(dy, self._reorders, 0, of_outputs)
            launch.keep_steps(rows(of_outputs), self.mask.reshape(-1), rows(self.dh[1:]))
        else:
            launch.steps_first(dy, self._reorders, 0, self.dh[1:])

    def _add_gradient_of_state(self, t: int, transposed: np.ndarray) -> None:
        """Add the gradient of the state before timestep t through the recurrent kernel."""
        if self.drops_state:
            of_dropped = self.empty(self.dh[t].shape)
            launch.matmul(self.inner[t], transposed, of_dropped)
            launch.add_to(self.of_undropped(of_dropped), self.dh[t])
        else:
            launch.matmul_add(self.inner[t], transposed, self.dh[t])

    def of_undropped(self, gradient: np.ndarray) -> np.ndarray:
        """The gradient of a state before dropout, from its gradient after dropout."""
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

    # ---------------------------------------------------------------------------------- helpers

    @property
    def _reorders(self) -> bool:
        """Whether outputs must be reversed into the order of the inputs."""
        return self.go_backwards and self.keeps_order

    def _steps_first(self, x: np.ndarray, dtype: Any = None) -> np.ndarray:
        """Copy (batch, steps, n) to (steps, batch, n), in the order of processing."""
        batch, steps, n = x.shape
        y = self.empty((steps, batch, n), dtype)
        launch.steps_first(x, self.go_backwards, 0, y)
        return y

    def _kept(self, batch: int, size: int, rate: float, first: int) -> np.ndarray:
        """A dropout mask for all timesteps, 1 / (1 - rate) or 0.

        ``first`` is the position of the mask's first element, on which random numbers depend.
        """
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
        """A second layer that shares the weights, for another use of this layer in a step."""
        twin = super().another_use()
        twin.__dict__["steps"] = {}
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"steps": {}}


def rows(x: np.ndarray) -> np.ndarray:
    """View (steps, batch, n) as (steps * batch, n)."""
    return x.reshape(-1, x.shape[-1])
