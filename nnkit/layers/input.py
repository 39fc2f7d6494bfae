"""InputLayer: the shape that a model begins with."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.arguments import explain_arguments
from nnkit.layers.base import Layer
from nnkit.layers.nodes import Node, Placeholder

__all__ = ["Input", "InputLayer"]

_WHOLE = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "bool")


class InputLayer(Layer):
    """Give the shape of a model's samples, so that the model is built at once.

    Parameters
    ----------
    shape : tuple of (int or None)
        Shape of one sample; None for a size that differs from batch to batch.
    batch_size : int, optional
        Used by stateful layers, and kept in the model's file. Without stateful layers, a model
        takes batches of any size.
    dtype : str, optional
        ``"float32"`` or ``"float64"``; or an integer type such as ``"int32"`` for data that stay
        whole numbers, up to an :class:`nnkit.layers.Embedding`.
    sparse, ragged
        None or False: nnkit has no such inputs.
    batch_shape : tuple, optional
        ``(batch_size, *shape)``, instead of ``shape`` and ``batch_size``.
    input_tensor, optional
        None and False: nnkit has no such inputs.
    name : str, optional

    Raises
    ------
    TypeError, ValueError
        The shape has an entry that is neither None nor an integer of at least 1, or is not given
        exactly once.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.layers.InputLayer((28, 28)).batch_shape
    (None, 28, 28)
    """

    recordable = True

    def __init__(
        self,
        shape: tuple[int, ...] | None = None,
        batch_size: int | None = None,
        dtype: str | None = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: tuple[int | None, ...] | None = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
    ) -> None:
        lacking = {
            "sparse": sparse,
            "ragged": ragged,
            "input_tensor": input_tensor,
            "optional": optional,
        }
        for argument, value in lacking.items():
            if value is not None and value is not False:
                raise ValueError(f"InputLayer: nnkit has no {argument} inputs, got {value!r}")
        if (shape is None) == (batch_shape is None):
            raise ValueError("InputLayer: give either shape or batch_shape")
        if batch_shape is not None:
            batch_size, *rest = check_tuple("batch_shape", batch_shape)
            shape = tuple(rest)
        known = ("float32", "float64", *_WHOLE)
        if dtype is not None and dtype not in known:
            hint = (
                ": no model has strings; apply StringLookup or TextVectorization to the data, and "
                "give the model the numbers"
                if str(dtype) in ("string", "str", "object")
                else ""
            )
            raise ValueError(f"InputLayer: dtype is one of {', '.join(known)}, not {dtype!r}{hint}")
        checked = tuple(check_size(n) for n in check_tuple("shape", shape))
        super().__init__(name=name, dtype=None if dtype in _WHOLE else dtype, input_shape=None)
        self.shape = checked
        self.batch_size = (
            None if batch_size is None else checks.integer("InputLayer", "batch_size", batch_size)
        )
        self.given_dtype = dtype
        self._nodes = [Node(self, {"x": []}, None, self.batch_shape, dtype or self.dtype)]

    @property
    def batch_shape(self) -> tuple[int | None, ...]:
        """The shape with the batch axis; None stands for any size."""
        return (self.batch_size, *self.shape)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the input unchanged."""
        return x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return the gradient unchanged."""
        return dy

    def get_config(self) -> dict[str, Any]:
        """The arguments as Keras writes them: batch_shape, dtype, name."""
        dtype = self.given_dtype or self.dtype
        return {"batch_shape": list(self.batch_shape), "dtype": dtype, "name": self.name}


@explain_arguments
def Input(
    shape: tuple[int, ...] | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: tuple[int | None, ...] | None = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> Placeholder:
    """Begin a network: ``x = Input((784,))``, then ``y = Dense(10)(x)`` and ``Model(x, y)``.

    It may also be the first entry of a :class:`nnkit.Sequential`.

    Parameters
    ----------
    shape, batch_size, dtype, sparse, ragged, batch_shape, name, tensor, optional
        See :class:`InputLayer`; ``tensor`` is None.

    Returns
    -------
    Placeholder

    Examples
    --------
    >>> import nnkit
    >>> nnkit.Input((784,)).shape
    (None, 784)
    """
    layer = InputLayer(
        shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name
    )
    placeholder: Placeholder = layer.output
    return placeholder


def check_tuple(name: str, value: Any) -> tuple[Any, ...]:
    """Refuse a shape that is no tuple; one number without parentheses is a common slip."""
    if not isinstance(value, (tuple, list)):
        hint = f": write ({value},)" if isinstance(value, int) else ""
        raise TypeError(f"Input: {name} must be a tuple of whole numbers, got {value!r}{hint}")
    return tuple(value)


def check_size(n: Any) -> int | None:
    """Refuse an entry of a shape that is neither None nor an integer of at least 1."""
    return None if n is None else checks.integer("Input", "shape", n)
