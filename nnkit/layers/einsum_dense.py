"""EinsumDense."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from nnkit import activations, checks
from nnkit.initializers import VarianceScaling
from nnkit.layers.base import Layer, Shape

__all__ = ["EinsumDense"]

_FORMS = "'ab,bc->ac', '...ab,bc->...ac' or 'ab...,bc->ac...'"


class EinsumDense(Layer):
    """:class:`Dense` over any axes: a sum of products of input and kernel that an equation names.

    Parameters
    ----------
    equation : str
        The axes of the input, of the kernel and of the output, one letter each, as of NumPy's
        ``einsum``: ``"ab,bc->ac"``, ``"abc,cde->abde"``. An ellipsis, first or last in both input
        and output, stands for axes that are left as they are: ``"...x,xy->...y"``. The kernel's
        letters are also in the input or in the output; what is not in the output is summed over.
    output_shape : int or tuple of (int or None)
        The sizes of the output's axes without the batch's and those of an ellipsis. None is for a
        size that is the input's.
    activation : str, Layer or function, optional
    bias_axes : str, optional
        Letters of the output: a bias is added for each of their places. By default there is none.
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, bias_constraint : str or Constraint, optional
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    kernel : Variable
        The sizes of the letters.
    bias : Variable or None
        The sizes of the output's axes from the first that has a bias; 1 where there is none.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the equation
        doesn't fit it.

    Notes
    -----
    It is one product of matrices, or of a stack of them if a letter is in input, kernel and output,
    by ``nnkit.ops.einsum``. As in Keras, a mask of the input is none of the output.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")
    >>> layer(np.ones((2, 32, 128))).shape
    (2, 32, 64)
    >>> layer.kernel.shape, layer.bias.shape
    ((128, 64), (64,))
    """

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.equation = equation
        self._letters = _parsed(equation)
        given = output_shape if isinstance(output_shape, (list, tuple)) else [output_shape]
        self.partial_output_shape = checks.partial_shape("EinsumDense", "output_shape", list(given))
        self.activation = activations.get(activation, self.dtype)
        self.bias_axes = bias_axes
        output = self._letters[2]
        if bias_axes is not None and not (bias_axes and set(bias_axes) <= set(output)):
            raise ValueError(
                f"EinsumDense: bias_axes are letters of the output {output!r} of {equation!r}, got "
                f"{bias_axes!r}"
            )
        self.plan_weight("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.plan_weight("bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel, and the bias if there is one."""
        given, of_kernel, output = self._letters
        sizes, _ = self._sizes(input_shape)
        for letter in of_kernel + (self.bias_axes or ""):
            if sizes[letter] is None and letter in given:
                last = self.equation.startswith("...")
                self.known_size(input_shape, given.index(letter) - last * len(given))
            if not sizes[letter]:
                raise ValueError(
                    f"layer {self.name!r} (EinsumDense): output_shape must say the size of "
                    f"{letter!r} in {self.equation!r}, got {self.partial_output_shape}"
                )
        make: Any = vars(self)["kernel_initializer"]
        if isinstance(make, VarianceScaling) and make.input_axes is None:
            axes = {
                "output_axes": [i for i, n in enumerate(of_kernel) if n in output],
                "input_axes": [i for i, n in enumerate(of_kernel) if n not in output],
            }
            make = type(make).from_config(make.get_config() | axes)
        self.kernel = self.add_weight("kernel", tuple(sizes[n] or 0 for n in of_kernel), make)
        self.bias = None
        if self.bias_axes is not None:
            first = min(map(output.index, self.bias_axes))
            shape = [sizes[n] if n in self.bias_axes else 1 for n in output[first:]]
            if self.equation.endswith("..."):
                shape += [1] * (len(input_shape) - len(given))
            self.bias = self.add_weight("bias", tuple(shape))

    def fixed_sizes(self, shape: Shape) -> tuple[Any, ...]:
        """Those of the letters of kernel and bias, and the number of axes."""
        sizes, _ = self._sizes(shape)
        return (len(shape), *(sizes[n] for n in self._letters[1] + (self.bias_axes or "")))

    def _sizes(self, shape: Shape) -> tuple[dict[str, int | None], Shape]:
        """The size of each letter, and those of the axes that the ellipsis stands for.

        Raises
        ------
        ValueError
            Equation, input and ``output_shape`` don't fit each other.
        """
        given, _, output = self._letters
        more = len(shape) - len(given)
        if more < 0 or (more and "..." not in self.equation):
            raise ValueError(
                f"layer {self.name!r} (EinsumDense): {self.equation!r} takes inputs of "
                f"{len(given)} axes{' or more' if '...' in self.equation else ''}, got shape "
                f"{shape}"
            )
        first = self.equation.startswith("...")
        rest = shape[:more] if first else shape[len(given) :]
        sizes: dict[str, int | None] = dict(
            zip(given, shape[more:] if first else shape[: len(given)], strict=True)
        )
        # The batch's size is not among those of output_shape.
        letters = output if first and more else output[1:]
        if len(letters) != len(self.partial_output_shape):
            raise ValueError(
                f"layer {self.name!r} (EinsumDense): output_shape has the sizes of the axes "
                f"{letters!r} of {self.equation!r}, got {self.partial_output_shape}"
            )
        for letter, size in zip(letters, self.partial_output_shape, strict=True):
            known = sizes.get(letter)
            if size is not None and known not in (None, size):
                raise ValueError(
                    f"layer {self.name!r} (EinsumDense): {letter!r} in {self.equation!r} has the "
                    f"size {known} in inputs of shape {shape}, but {size} in output_shape "
                    f"{self.partial_output_shape}"
                )
            sizes[letter] = known or size
        return sizes, rest

    def call(self, x: Any) -> Any:
        """What the equation says, plus the bias."""
        from nnkit import ops

        y = ops.einsum(self.equation, x, self.kernel)
        return y if self.bias is None else y + self.bias


def _parsed(equation: Any) -> tuple[str, str, str]:
    """The letters of input, kernel and output.

    Raises
    ------
    TypeError, ValueError
        It is not an equation of a form that the layer takes.
    """
    if not isinstance(equation, str):
        raise TypeError(f"EinsumDense: equation is a string such as {_FORMS}, got {equation!r}")
    letters = "([a-zA-Z]+)"
    forms = [
        f"{letters},{letters}->{letters}",
        rf"\.\.\.{letters},{letters}->\.\.\.{letters}",
        rf"([a-zA-Z]{{2,}})\.\.\.,{letters}->{letters}\.\.\.",
    ]
    match = next(filter(None, (re.fullmatch(form, equation) for form in forms)), None)
    if match is None:
        raise ValueError(f"EinsumDense: equation has the form {_FORMS}, got {equation!r}")
    given, kernel, output = match.groups()
    for part in (given, kernel, output):
        if len(set(part)) < len(part):
            raise ValueError(f"EinsumDense: {part!r} in {equation!r} has a letter twice")
    for named, others in ((kernel, given + output), (output, given + kernel)):
        unknown = [n for n in named if n not in others]
        if unknown:
            raise ValueError(
                f"EinsumDense: {unknown[0]!r} in {equation!r} is in one of its parts only; letters "
                "of the kernel are in the input or the output, those of the output in the input or "
                "the kernel"
            )
    if "..." not in equation and (given[0] != output[0] or given[0] in kernel):
        raise ValueError(
            f"EinsumDense: the first letter of input and output of {equation!r} is the batch's, "
            "the same in both and not in the kernel"
        )
    return given, kernel, output
