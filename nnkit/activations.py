"""Activations: by name as the ``activation=`` argument of a layer, and as functions.

An activation is a layer without weights. ``"tanh"`` means ``Tanh()``; None and ``"linear"`` mean no
activation. ``activation=`` also takes the functions of this module, ``Dense(10,
activation=activations.gelu)``, layers, ``Dense(10, activation=Twice())``, and functions of
expressions, ``Dense(10, activation=lambda x: x * nnkit.ops.sigmoid(x))``.

Each function takes an array and returns an array, or takes an expression (see :mod:`nnkit.ops`) and
returns an expression. Names, arguments and defaults are those of ``keras.activations``.

Examples
--------
>>> import numpy as np, nnkit
>>> nnkit.activations.leaky_relu(np.array([-5.0, 3.0]), negative_slope=0.2)
array([-1.,  3.])
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from nnkit import config
from nnkit.arguments import did_you_mean
from nnkit.checks import is_expression
from nnkit.conversion import to_numpy
from nnkit.registry import class_named, function_name, is_function, is_registered, resolve, to_plain

if TYPE_CHECKING:
    from nnkit.layers import Layer

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

F = TypeVar("F", bound=Callable[..., Any])
Tensor = Any  # An array or an expression.

# By the names of functions: the layer's class, only named as layers import this module, and the
# function's defaults, which may differ from the layer's; and the function.
LAYERS: dict[str, tuple[str, dict[str, Any]]] = {}
_FUNCTIONS: dict[str, Callable[..., Any]] = {}


def _computed_by(layer: str) -> Callable[[F], F]:
    """Combine a formula for expressions and the layer that computes it for arrays to an activation.

    The function's arguments after ``x`` are those of the layer. A function without a body computes
    what the function of its name in :mod:`nnkit.ops` does.
    """

    def decorate(formula: F) -> F:
        signature = inspect.signature(formula)

        @functools.wraps(formula)
        def activation(x: Tensor, *arguments: Any, **named: Any) -> Tensor:
            bound = signature.bind(x, *arguments, **named)
            bound.apply_defaults()
            if getattr(type(x), "is_placeholder", False):
                _, *others = bound.arguments.items()
                return _new(layer, dict(others), x.dtype)(x)
            if is_expression(x):
                from nnkit import ops  # Importing it takes as long as importing nnkit.

                y = formula(*bound.args)
                return getattr(ops, formula.__name__)(*bound.args) if y is None else y
            _, *others = bound.arguments.items()
            return _run(layer, dict(others), to_numpy(x, "x"))

        defaults = {p.name: p.default for p in list(signature.parameters.values())[1:]}
        LAYERS[formula.__name__] = layer, defaults
        _FUNCTIONS[formula.__name__] = activation
        return cast(F, activation)

    return decorate


def _run(layer: str, arguments: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """A layer's output for an array, taken as one sample."""
    if arguments.get("axis", -1) >= 0:
        arguments["axis"] += 1
    dtype = "float64" if x.dtype == np.float64 else None
    y: np.ndarray = _new(layer, arguments, dtype)(x[None])[0]
    return y


def _new(layer: str, arguments: dict[str, Any], dtype: str | None) -> Layer:
    made: Any = class_named("layer", layer)
    return cast("Layer", made(**arguments, dtype=dtype))


def linear(x: Tensor) -> Tensor:
    """Return x unchanged."""
    return x


@_computed_by("ReLU")
def relu(
    x: Tensor,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Tensor:
    """max(x, 0), with the options of :class:`nnkit.layers.ReLU`."""
    from nnkit.ops import where

    below = negative_slope * (x - threshold) if negative_slope else 0.0
    y = where(x < threshold, below, x)
    return y if max_value is None else where(x >= max_value, max_value, y)


@_computed_by("LeakyReLU")
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """x where x >= 0, else ``negative_slope x``; see :class:`nnkit.layers.LeakyReLU`."""


@_computed_by("ELU")
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else ``alpha (exp(x) - 1)``; see :class:`nnkit.layers.ELU`."""


@_computed_by("SELU")
def selu(x: Tensor) -> Tensor:
    """1.0507 elu(x, 1.6733); see :class:`nnkit.layers.SELU`."""


@_computed_by("GELU")
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """x times the normal distribution function of x; see :class:`nnkit.layers.GELU`."""


@_computed_by("SiLU")
def silu(x: Tensor) -> Tensor:
    """x sigmoid(x), also called swish; see :class:`nnkit.layers.SiLU`."""


swish = silu


@_computed_by("Mish")
def mish(x: Tensor) -> Tensor:
    """x tanh(softplus(x)); see :class:`nnkit.layers.Mish`."""
    from nnkit import ops

    return x * ops.tanh(ops.softplus(x))


@_computed_by("Softplus")
def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)); see :class:`nnkit.layers.Softplus`."""


@_computed_by("Softsign")
def softsign(x: Tensor) -> Tensor:
    """x / (1 + abs(x)); see :class:`nnkit.layers.Softsign`."""


@_computed_by("Sigmoid")
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)); see :class:`nnkit.layers.Sigmoid`."""


@_computed_by("HardSigmoid")
def hard_sigmoid(x: Tensor) -> Tensor:
    """x / 6 + 1 / 2, clipped to [0, 1]; see :class:`nnkit.layers.HardSigmoid`."""


@_computed_by("Tanh")
def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent; see :class:`nnkit.layers.Tanh`."""


@_computed_by("Exponential")
def exponential(x: Tensor) -> Tensor:
    """exp(x); see :class:`nnkit.layers.Exponential`."""
    from nnkit import ops

    return ops.exp(x)


@_computed_by("Softmax")
def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """exp(x), divided by its sum along an axis; see :class:`nnkit.layers.Softmax`."""


@_computed_by("LogSoftmax")
def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """The logarithm of softmax; see :class:`nnkit.layers.LogSoftmax`."""


# ------------------------------------------------------------- those that have no layer in Keras

_FORMULAS: dict[str, Callable[..., Any]] = {}


def _formula(function: F) -> F:
    """Make an activation of the function of the same name in :mod:`nnkit.ops`."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def activation(x: Tensor, *arguments: Any, **named: Any) -> Tensor:
        from nnkit import ops

        if not (is_expression(x) or getattr(type(x), "is_placeholder", False)):
            x = to_numpy(x, "x")
            x = x if x.dtype.kind == "f" else x.astype(config.floatx())
        bound = signature.bind(x, *arguments, **named)
        return getattr(ops, function.__name__)(*bound.args, **bound.kwargs)

    _FORMULAS[function.__name__] = activation
    return cast(F, activation)


@_formula
def relu6(x: Tensor) -> Tensor:
    """x clipped to [0, 6]."""


@_formula
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """max(x, 0) + min(alpha (exp(x / alpha) - 1), 0); J. Barron, 2017."""


@_formula
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """The first half of an axis times the sigmoid of the second; Y. Dauphin et al., 2016.

    It halves the axis, so it is a function for ``call`` and ``Lambda``; as ``activation=`` it is
    refused.
    """


@_formula
def hard_silu(x: Tensor) -> Tensor:
    """x hard_sigmoid(x), also called hard_swish; A. Howard et al., 2019."""


hard_swish = hard_silu


@_formula
def hard_tanh(x: Tensor) -> Tensor:
    """x clipped to [-1, 1]."""


@_formula
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x where ``abs(x) > threshold``, else 0."""


@_formula
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x moved by ``threshold`` towards 0, and 0 where it is nearer."""


@_formula
def tanh_shrink(x: Tensor) -> Tensor:
    """x - tanh(x)."""


@_formula
def log_sigmoid(x: Tensor) -> Tensor:
    """log(sigmoid(x)), never infinite."""


@_formula
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """(x + sqrt(x^2 + b)) / 2, a smooth max(x, 0); J. Barron, 2021."""


@_formula
def sparse_plus(x: Tensor) -> Tensor:
    """0 for x <= -1, x for x >= 1, and (x + 1)^2 / 4 between."""


@_formula
def sparse_sigmoid(x: Tensor) -> Tensor:
    """(x + 1) / 2, clipped to [0, 1]: the slope of :func:`sparse_plus`."""


@_formula
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """The nearest probabilities to x along an axis; A. Martins, R. Astudillo, 2016.

    They sum to 1, which those of Keras 3.15 don't.
    """


@_formula
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """x where ``x > threshold``, else ``default_value``; without defaults, it has no string."""


_NAMES = ("linear", *LAYERS, *(name for name in _FORMULAS if name != "threshold"))
_ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}


def get(identifier: Any, dtype: str | None = None) -> Any:
    """Find or make the layer for an ``activation=`` argument.

    Parameters
    ----------
    identifier : None, str, Layer, callable or dict
        None or the name of a function of this module; that function; a layer object; a function
        of expressions, which becomes a :class:`nnkit.layers.Lambda`, or the name of a registered
        one; or a layer's class name and configuration, as :func:`serialize` gives them.
    dtype : str, optional
        The data type that the activation computes in: that of its layer.

    Returns
    -------
    Layer or callable
        For None and ``"linear"`` the function :func:`linear`.

    Raises
    ------
    ValueError
        No activation has that name.
    TypeError
        ``identifier`` has another type.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.activations.get("tanh")
    <Tanh name=tanh>
    >>> nnkit.activations.get("tahn")
    Traceback (most recent call last):
    ValueError: unknown activation 'tahn'; did you mean 'tanh'? Known: linear, relu, ...
    """
    if is_function(identifier) and _FUNCTIONS.get(function_name(identifier)) is identifier:
        return _new(*LAYERS[function_name(identifier)], dtype)
    if identifier is None or identifier is linear or identifier == "linear":
        return linear
    if isinstance(identifier, str) and not is_registered(identifier):
        identifier = _ALIASES.get(identifier, identifier)
        if identifier not in _NAMES:
            raise ValueError(
                f"unknown activation {identifier!r}{did_you_mean(identifier, _NAMES)} "
                f"Known: {', '.join(_NAMES)}, and any layer object."
            )
        if identifier in LAYERS:
            return _new(*LAYERS[identifier], dtype)
        identifier = _FORMULAS[identifier]
    of_nnkit = identifier if isinstance(identifier, type) else type(identifier)
    is_layer = getattr(of_nnkit, "kind", None) == "layer"
    if not (is_layer or isinstance(identifier, (str, dict)) or is_function(identifier)):
        raise TypeError(
            f"activation must be a name ({', '.join(_NAMES)}), a function or a layer object, got "
            f"{identifier!r}"
        )
    layer: Layer = resolve("layer", identifier)
    layer.dtype = dtype or layer.dtype
    return layer


def serialize(activation: Any) -> Any:
    """Convert an activation to a value from which :func:`get` makes an equal one.

    This is a name if its arguments are the defaults, else a configuration.

    Parameters
    ----------
    activation : Layer, callable, str or None
        What :func:`get` takes.

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
    activation = get(activation)
    if activation is linear:
        return "linear"
    function = getattr(activation, "function", None)
    if function is not None and _FORMULAS.get(function_name(function)) is function:
        return function_name(function)
    for name, (layer, defaults) in LAYERS.items():
        is_one = type(activation).__name__ == layer and type(activation) is class_named(
            "layer", layer
        )
        if is_one and _arguments(activation) == _arguments(_new(layer, defaults, None)):
            return name
    described: dict[str, Any] = to_plain(activation)
    described["config"].pop("dtype", None)  # The dtype is that of the activation's layer.
    return described


def _arguments(layer: Layer) -> dict[str, Any]:
    """A layer's configuration without arguments that have no effect on an activation."""
    ignored = ("name", "trainable", "dtype", "input_shape", "activity_regularizer")
    return {key: value for key, value in layer.get_config().items() if key not in ignored}


def deserialize(config: Any) -> Any:
    """Make an activation from what :func:`serialize` gave.

    Parameters
    ----------
    config : str or dict

    Examples
    --------
    >>> import nnkit
    >>> nnkit.activations.deserialize("tanh")
    <Tanh name=tanh>
    """
    return get(config)
