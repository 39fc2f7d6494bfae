"""Activations by name: the ``activation=`` argument of a layer.

An activation is a layer without weights. ``"tanh"`` means ``Tanh()``; None and ``"linear"`` mean
that there is none. A layer of your own serves as well: ``Dense(10, activation=Swish())``, and so
does a function: ``Dense(10, activation=lambda x: x * nnkit.ops.sigmoid(x))``.
"""

from __future__ import annotations

from typing import Any

from nnkit.layers.base import Layer
from nnkit.layers.relu import ReLU
from nnkit.layers.sigmoid import Sigmoid
from nnkit.layers.softmax import Softmax
from nnkit.layers.tanh import Tanh
from nnkit.registry import did_you_mean, is_function, is_registered, resolve, to_plain

__all__ = ["get", "serialize"]

_LAYERS: dict[str, type[Layer]] = {
    "relu": ReLU,
    "sigmoid": Sigmoid,
    "softmax": Softmax,
    "tanh": Tanh,
}
_NAMES = ("linear", *_LAYERS)


def get(identifier: Any, dtype: str | None = None) -> Layer | None:
    """The layer that an ``activation=`` argument means.

    Parameters
    ----------
    identifier : None, str, Layer, callable or dict
        None or ``"linear"``, ``"relu"``, ``"sigmoid"``, ``"softmax"``, ``"tanh"``; a layer object;
        a function of expressions, which becomes a :class:`nnkit.layers.Lambda`, or the name of a
        registered one; or a layer's class name and configuration, as :func:`serialize` gives them.
    dtype : str, optional
        What the activation computes in: that of the layer that it belongs to.

    Returns
    -------
    Layer or None
        None for no activation.

    Raises
    ------
    ValueError
        There is no activation of that name.
    TypeError
        It is something else.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.activations.get("tanh")
    <Tanh name=tanh>
    >>> nnkit.activations.get("tahn")
    Traceback (most recent call last):
    ValueError: unknown activation 'tahn'; did you mean 'tanh'? Known: linear, relu, ...
    """
    if identifier is None or identifier == "linear":
        return None
    if isinstance(identifier, str) and not is_registered(identifier):
        if identifier not in _LAYERS:
            raise ValueError(
                f"unknown activation {identifier!r}{did_you_mean(identifier, _NAMES)} "
                f"Known: {', '.join(_NAMES)}, and any layer object."
            )
        return _LAYERS[identifier](dtype=dtype)
    is_class = isinstance(identifier, type) and issubclass(identifier, Layer)
    known = isinstance(identifier, (str, Layer, dict)) or is_function(identifier)
    if not (is_class or known):
        raise TypeError(
            f"activation must be a name ({', '.join(_NAMES)}), a function or a layer object, got "
            f"{identifier!r}"
        )
    layer: Layer = resolve("layer", identifier)
    layer.dtype = dtype or layer.dtype
    return layer


def serialize(activation: Layer | None) -> Any:
    """What :func:`get` makes the same activation of: a name if its arguments are the defaults.

    A configuration if they are not, and None for no activation.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.activations.serialize(nnkit.layers.Tanh())
    'tanh'
    >>> nnkit.activations.serialize(nnkit.layers.ReLU(max_value=6))["config"]["max_value"]
    6
    """
    if activation is None:
        return None
    for name, cls in _LAYERS.items():
        if type(activation) is cls and _arguments(activation) == _arguments(cls()):
            return name
    described: dict[str, Any] = to_plain(activation)
    described["config"].pop("dtype", None)  # It is that of the layer that it belongs to.
    return described


def _arguments(layer: Layer) -> dict[str, Any]:
    """A layer's configuration without what an activation has no use for."""
    ignored = ("name", "trainable", "dtype", "input_shape")
    return {key: value for key, value in layer.get_config().items() if key not in ignored}
