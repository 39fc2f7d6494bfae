"""Lambda: a function as a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnkit import checks
from nnkit.arguments import takes
from nnkit.layers.base import Layer, Shape
from nnkit.registry import function_name, function_named, to_plain

__all__ = ["Lambda"]


class Lambda(Layer, wraps_functions=True):
    """Wrap a function of expressions as a layer; its gradient is derived automatically.

    Parameters
    ----------
    function : callable or str
        ``function(x)`` or ``function(x, training)`` returns an expression of ``x`` made with
        :mod:`nnkit.ops`; or the name of a function under :func:`nnkit.saving.register`.
    output_shape : tuple of (int or None) or callable, optional
        Shape of one sample of the output. By default, and where it is None, sizes are inferred from
        the function. What Keras 2 takes as well, a function of the input's shape, isn't needed
        and not asked.
    arguments : dict, optional
        Further keyword arguments for the function.
    **options
        Arguments of :class:`Layer`. The name is by default the function's, if it has one.

    Raises
    ------
    TypeError, ValueError
        ``function`` is not callable, or no function is registered under that name.

    Notes
    -----
    A model's file contains no code. So a model with a function that is not registered can be
    trained, and its weights saved with ``save_weights``, but ``save`` refuses it.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit import ops
    >>> layer = nnkit.layers.Lambda(lambda x: x * ops.sigmoid(x))
    >>> layer(np.array([[0.0, 100.0]]))
    array([[  0., 100.]], dtype=float32)
    """

    takes_list = True

    def __init__(
        self,
        function: Callable[..., Any] | str,
        output_shape: tuple[int | None, ...] | Callable[[Any], Any] | None = None,
        *,
        arguments: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.function = function_named("Lambda", function)
        self.arguments = dict(arguments or {})
        self._stated_shape = (
            None
            if output_shape is None or callable(output_shape)
            else checks.partial_shape("Lambda", "output_shape", output_shape)
        )
        if not self.named and function_name(self.function).isidentifier():
            self.name = function_name(self.function)

    def call(self, x: Any, training: bool = False) -> Any:
        """Apply the function to x."""
        told = {"training": training} if takes(self.function, "training") else {}
        return self.function(x, **told, **self.arguments)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """``output_shape`` as given, or the shape inferred from the function."""
        given = self._stated_shape
        if given is not None and None not in given:
            return (input_shape[0], *given)
        found: Shape = super().compute_output_shape(input_shape)
        if given is None:
            return found
        if len(given) != len(found) - 1:
            raise ValueError(
                f"layer {self.name!r} (Lambda) was given the output_shape {given}, but what its "
                f"function gives has the shape {found[1:]}, without the batch axis"
            )
        return (found[0], *(n if m is None else m for m, n in zip(given, found[1:], strict=True)))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data, without a function of shapes."""
        return super().get_config() | {"output_shape": to_plain(self._stated_shape)}
