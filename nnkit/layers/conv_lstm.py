"""ConvLSTM: the base class of ConvLSTM1D, ConvLSTM2D and ConvLSTM3D."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from nnkit import activations, checks
from nnkit.layers.base import Layer, Shape
from nnkit.layers.conv1d import Conv1D
from nnkit.layers.conv2d import Conv2D
from nnkit.layers.conv3d import Conv3D
from nnkit.layers.dropout import Dropout
from nnkit.layers.lstm_gates import LSTMGates
from nnkit.layers.nodes import map_shapes
from nnkit.layers.time_distributed import TimeDistributed
from nnkit.layers.unrolled import Unrolled
from nnkit.nested import mapped

__all__ = ["ConvLSTM"]

_CONVOLUTIONS: dict[int, Any] = {1: Conv1D, 2: Conv2D, 3: Conv3D}


class ConvLSTM(Unrolled, abstract=True):
    """An LSTM whose products are convolutions: of the image of a timestep, and of the state.

    Parameters
    ----------
    filters : int
        Channels of the output and of both states.
    kernel_size, strides, padding, data_format, dilation_rate
        Of the convolution of the inputs, as in :class:`Conv2D`. That of the state has the same
        kernel size and the padding "same".
    activation : str or Layer, optional
        Activation of the candidate values, and of the cell in the output.
    recurrent_activation : str or Layer, optional
        Activation of the gates.
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
    unit_forget_bias : bool
        Whether the forget gate's bias begins as 1.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer, optional
    activity_regularizer : str or Regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or Constraint, optional
    dropout, recurrent_dropout : float
        The fraction of the inputs, or of the state before its convolution, that is set to 0 in
        training, by one mask for all timesteps; at least 0 and less than 1.
    seed : int, optional
        Seed of both masks; see :class:`Dropout`.
    return_sequences, return_state, go_backwards : bool
        As in :class:`RNN`.
    stateful : bool
        Refused if True.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    kernel, recurrent_kernel, bias : Variable
        The kernels (..., channels, 4 filters) and (..., filters, 4 filters), with the kernel size
        first, and (4 filters,), in the order i, f, c, o; bias may be None.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input's shape does not fit.
    """

    rank: ClassVar[int]

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **options: Any,
    ) -> None:
        flags = return_sequences, return_state, go_backwards, stateful
        super().__init__(*flags, activity_regularizer=activity_regularizer, **options)
        owner = type(self).__name__
        self.filters = checks.integer(owner, "filters", filters)
        self.activation = self.activation_of(activation)
        self.recurrent_activation = self.activation_of(recurrent_activation)
        self.unit_forget_bias = checks.flag(owner, "unit_forget_bias", unit_forget_bias)
        make, width = _CONVOLUTIONS[self.rank], 4 * self.filters
        of_input = make(
            width,
            kernel_size,
            strides,
            padding,
            "channels_last",
            dilation_rate,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            dtype=self.dtype,
            name="of_input",
        )
        self.of_state = make(
            width,
            of_input.kernel_size,
            padding="same",
            data_format="channels_last",
            use_bias=False,
            kernel_initializer=recurrent_initializer,
            kernel_regularizer=recurrent_regularizer,
            kernel_constraint=recurrent_constraint,
            dtype=self.dtype,
            name="of_state",
        )
        self.data_format = checks.data_format(owner, data_format)
        self.all_steps = TimeDistributed(of_input, name="all_steps")
        self.dropout = checks.number(owner, "dropout", dropout, "[0, 1)")
        self.recurrent_dropout = checks.number(
            owner, "recurrent_dropout", recurrent_dropout, "[0, 1)"
        )
        self.seed = checks.seed(owner, seed)
        one_for_all_steps = (None, 1, *(None for _ in range(self.rank + 1)))
        drops = {"of_input": (dropout, one_for_all_steps), "of_state": (recurrent_dropout, None)}
        self._drops = {
            name: Dropout(rate, shape, seed=self.seed, dtype=self.dtype, name=f"drop_{name}")
            for name, (rate, shape) in drops.items()
            if rate
        }

    @property
    def of_input(self) -> Any:
        """The convolution of the inputs."""
        return self.all_steps.layer

    def build(self, input_shape: Shape) -> None:
        """Make the weights, for inputs (batch, steps, *image)."""
        self._check_axes(input_shape)
        input_shape = self._channels_last(input_shape)
        self.all_steps.ensure_built(input_shape)
        self.of_state.ensure_built((None, *self.state_shapes(input_shape[2:])[0]))
        self.kernel, self.recurrent_kernel = self.of_input.kernel, self.of_state.kernel
        self.bias = self.of_input.bias
        self.recurrent_kernel.name = "recurrent_kernel"
        if self.bias is not None and self.unit_forget_bias:
            self.bias.value[self.filters : 2 * self.filters] = 1
        # In Keras's order; the convolutions share them.
        found = self.kernel, self.recurrent_kernel, self.bias
        self.own_variables += [variable for variable in found if variable is not None]

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The shape of the output, or with ``return_state`` a list with those of the states."""
        self._check_axes(input_shape)
        shapes = super().compute_output_shape(self._channels_last(input_shape))
        return map_shapes(self._as_given, shapes)

    def call(self, x: Any, initial_state: Any = None, mask: Any = None) -> Any:
        """The output, and perhaps the states, after all timesteps."""
        if self.data_format == "channels_last":
            return super().call(x, initial_state, mask)
        from nnkit import ops

        def moved(arrays: Any, order: Callable[[Any], Any]) -> Any:
            return mapped(lambda a: ops.transpose(a, order(tuple(range(len(a.shape))))), arrays)

        if initial_state is not None:
            initial_state = moved(initial_state, self._channels_last)
        found = super().call(moved(x, self._channels_last), initial_state, mask)
        return moved(found, self._as_given)

    def _channels_last(self, shape: Shape) -> Shape:
        """A shape of images, or an order of axes, with the channels as the last axis."""
        if self.data_format == "channels_last":
            return shape
        *before, channels = shape[: -self.rank]
        return (*before, *shape[-self.rank :], channels)

    def _as_given(self, shape: Shape) -> Shape:
        """The reverse of :meth:`_channels_last`."""
        if self.data_format == "channels_last":
            return shape
        before, sizes, channels = shape[: -self.rank - 1], shape[-self.rank - 1 : -1], shape[-1]
        return (*before, channels, *sizes)

    def _check_axes(self, input_shape: Shape) -> None:
        if len(input_shape) != self.rank + 3 or 0 in input_shape[1:]:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) needs inputs of shape (batch, steps, "
                f"*image), with {self.rank + 1} axes of an image, got {input_shape}"
            )

    def locate(self, path: str) -> None:
        """Say where the layer is in a model; its weights are found by that."""
        super().locate(path)
        for variable in self.own_variables:
            variable.path = f"{path}/{variable.name}"

    def parts(self) -> tuple[Layer, ...]:
        """What runs: this layer, with the activations in it, and the penalty on its output."""
        inside = self.activation.parts() if self.activation is not None else ()
        return tuple(part for part in super().parts() if part not in inside)

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The number of channels."""
        return (self._channels_last(shape)[-1],)

    def state_shapes(self, step: Shape) -> list[tuple[int, ...]]:
        """The shape of h and c: that of the convolution of an image, with ``filters`` channels.

        Within the layer the channels are the last axis.
        """
        _, *sizes, _ = self.of_input.compute_output_shape((None, *step))
        return [(*sizes, self.filters)] * 2

    def _check_states(self, batch: int | None, states: Sequence[Any]) -> None:
        if len(states) != 2:
            raise ValueError(
                f"layer {self.name!r}: initial_state must be two arrays, h and c, got {len(states)}"
            )

    def masks(self, ones: Any, step: Shape) -> dict[str, Any]:
        """The mask of the state, if there is recurrent dropout."""
        if "of_state" not in self._drops:
            return {}
        shape = self.state_shapes(step)[0]
        from nnkit import ops

        images = ops.reshape(ones, (-1, *(1 for _ in shape))) * np.ones((1, *shape), self.dtype)
        return {"mask": self._drops["of_state"](images)}

    def of_inputs(self, x: Any) -> Any:
        """The convolution of the images of all timesteps, one batch of them all."""
        return self.all_steps(self._drops["of_input"](x) if "of_input" in self._drops else x)

    def step(self, x: Any, states: list[Any], **common: Any) -> Any:
        """The formulas of an LSTM, by channels."""
        h, c = states
        mask = common.get("mask")
        gates = LSTMGates(self.activation, self.recurrent_activation, self.dtype)
        h, c = gates([x, self.of_state(h if mask is None else h * mask), c])
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data."""
        serialized = activations.serialize(self.recurrent_activation)
        return super().get_config() | {"recurrent_activation": serialized}
