"""Settings, names, and values: what arrays, weights and placeholders are."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from nnkit import checks, config, spellings
from nnkit.config import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from nnkit.conversion import to_numpy
from nnkit.engine.variable import FreeVariable, Variable
from nnkit.layers.input import Input
from nnkit.layers.nodes import Placeholder
from nnkit.symbolic.graph import Variable as Expression

__all__ = [
    "backend",
    "batch_get_value",
    "batch_set_value",
    "clear_session",
    "constant",
    "count_params",
    "dtype",
    "epsilon",
    "eval",
    "floatx",
    "get_uid",
    "get_value",
    "image_data_format",
    "image_dim_ordering",
    "int_shape",
    "is_keras_tensor",
    "is_placeholder",
    "is_sparse",
    "is_tensor",
    "is_variable",
    "manual_variable_initialization",
    "name_scope",
    "ndim",
    "placeholder",
    "print_tensor",
    "reset_uids",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_image_dim_ordering",
    "set_value",
    "shape",
    "update",
    "update_add",
    "update_sub",
    "variable",
]

_uids: Counter[str] = Counter()


# ------------------------------------------------------------------------------ settings, names


def backend() -> str:
    """What computes: always ``"nnkit"``."""
    return "nnkit"


def image_dim_ordering() -> str:
    """Where layers expect channels, as Keras 1 said it: ``"tf"`` last, ``"th"`` first."""
    return {"channels_last": "tf", "channels_first": "th"}[image_data_format()]


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set where new layers expect channels, as Keras 1 said it.

    Parameters
    ----------
    dim_ordering : str
        ``"tf"`` for the last axis, ``"th"`` for the first after the batch.

    Examples
    --------
    >>> from nnkit import backend as K
    >>> K.set_image_dim_ordering("tf")
    >>> K.image_data_format(), K.image_dim_ordering()
    ('channels_last', 'tf')
    """
    formats = {name: spellings.VALUES["data_format"][name] for name in ("tf", "th")}
    if dim_ordering not in formats:
        raise ValueError(f"dim_ordering is 'tf' or 'th', not {dim_ordering!r}")
    set_image_data_format(formats[dim_ordering])


def clear_session(free_memory: bool = True) -> None:
    """Forget the numbers of names; there is no other state of a session in nnkit.

    Models stay as they are. Python frees the memory of those that nobody refers to.

    Parameters
    ----------
    free_memory : bool
        Accepted for Keras's sake.
    """
    reset_uids()


def get_uid(prefix: str = "") -> int:
    """The next number for names that begin alike, from 1 on."""
    _uids[prefix] += 1
    return _uids[prefix]


def reset_uids() -> None:
    """Let :func:`get_uid` begin anew."""
    _uids.clear()


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """A block that has a name; in nnkit, weights are named by their layers alone."""
    yield


def manual_variable_initialization(value: bool) -> None:
    """Has no effect: weights have values as soon as they are there."""


# --------------------------------------------------------------------------------------- values


def variable(
    value: Any, dtype: str | None = None, name: str | None = None, constraint: Any = None
) -> Variable:
    """A value that can be changed by :func:`set_value`, such as a factor in a loss.

    Losses, metrics and a layer's ``call`` read it anew in every step; it isn't trained. What is
    trained is made by a layer's ``add_weight``.

    Parameters
    ----------
    value : array
    dtype : str, optional
        By default :func:`floatx`.
    name : str, optional
    constraint : None
        Only trained weights have constraints.

    Examples
    --------
    >>> from nnkit import backend as K
    >>> factor = K.variable(0.5)
    >>> K.set_value(factor, 2.0)
    >>> float(K.get_value(factor))
    2.0
    """
    if constraint is not None:
        raise ValueError(
            "variable: a constraint acts when a weight is trained: make it by a layer's add_weight"
        )
    array = np.array(to_numpy(value, "value"), dtype or config.floatx(), order="C")
    return FreeVariable(array, name or "variable", trainable=False)


def constant(
    value: Any,
    dtype: str | None = None,
    shape: Sequence[int] | None = None,
    name: str | None = None,
) -> np.ndarray:
    """An array of a value, by default of :func:`floatx`; ``shape`` repeats it, or shapes it."""
    array = np.array(to_numpy(value, "value"), dtype or config.floatx())
    if shape is None:
        return array
    same = array.size == int(np.prod(shape))
    return array.reshape(shape) if same else np.broadcast_to(array, shape).copy()


def placeholder(
    shape: Sequence[int | None] | None = None,
    ndim: int | None = None,
    dtype: str | None = None,
    sparse: bool = False,
    name: str | None = None,
) -> Placeholder:
    """A placeholder of a shape, the batch axis first; the same as :func:`nnkit.Input`.

    Parameters
    ----------
    shape : sequence of (int or None), optional
    ndim : int, optional
        The number of axes, all of unknown sizes, if there is no shape.
    dtype : str, optional
    sparse : bool
        Must be False.
    name : str, optional
    """
    if sparse:
        raise ValueError("placeholder: there are no sparse arrays in nnkit")
    if shape is None:
        shape = (None,) * checks.integer("placeholder", "ndim", ndim, 1, 32)
    return Input(batch_shape=tuple(shape), dtype=dtype, name=name)


def get_value(x: Any) -> Any:
    """The value of a weight, a setting of an optimizer, or an array: a copy."""
    if hasattr(x, "numpy"):
        return x.numpy()
    return eval(x)


def batch_get_value(tensors: Iterable[Any]) -> list[Any]:
    """The values of several; see :func:`get_value`."""
    return [get_value(x) for x in tensors]


def set_value(x: Any, value: Any) -> None:
    """Change the value of a weight, or of a setting of an optimizer.

    Raises
    ------
    TypeError
        x is a number or an array, which has no place where it could be written.
    """
    if not hasattr(x, "assign"):
        raise TypeError(
            f"set_value changes weights and what variable() makes, not {x!r}; a setting of an "
            "optimizer is assigned: model.optimizer.learning_rate = 0.001"
        )
    if isinstance(x, Variable):
        value = to_numpy(value, "value", x.dtype)
    x.assign(value)


def batch_set_value(tuples: Iterable[tuple[Any, Any]]) -> None:
    """Change several, given as pairs; see :func:`set_value`."""
    for x, value in tuples:
        set_value(x, value)


def update(x: Any, new_x: Any) -> Any:
    """Change the value of a weight; outside of ``call``, where nothing is computed yet."""
    set_value(x, eval(new_x))
    return x


def update_add(x: Any, increment: Any) -> Any:
    """Add to the value of a weight; see :func:`update`."""
    return update(x, get_value(x) + eval(increment))


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtract from the value of a weight; see :func:`update`."""
    return update(x, get_value(x) - eval(decrement))


def eval(x: Any) -> Any:
    """The value of an array, a weight or an expression without inputs.

    Raises
    ------
    TypeError
        x is a placeholder.
    """
    if isinstance(x, Placeholder):
        raise TypeError(
            f"{x.name!r} is a placeholder and has no value; K.function(inputs, [x]) computes one"
        )
    if isinstance(x, Expression):
        return x.eval()  # type: ignore[attr-defined]
    array = to_numpy(x, "x")
    return np.array(array)[()]


def print_tensor(x: Any, message: str = "", summarize: int = 3) -> Any:
    """x itself: steps run natively and print nothing; a value is printed at once.

    Parameters
    ----------
    x : array or placeholder
    message : str
    summarize : int
        Accepted for Keras's sake.
    """
    sys.stdout.write(f"{message}{x}\n")
    return x


# ------------------------------------------------------------------------------- what they are


def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The shape as numbers, with None for sizes that differ from batch to batch.

    None for an expression in a loss, of which no size is known; :func:`shape` has them.
    """
    if isinstance(x, Expression):
        return None
    return tuple(x.shape) if hasattr(x, "shape") else to_numpy(x, "x").shape


def shape(x: Any) -> tuple[Any, ...]:
    """The sizes of the axes, placeholders or expressions where they aren't known."""
    if isinstance(x, (Placeholder, Expression)):
        from nnkit import ops

        return ops.shape(x)
    return tuple(int(n) for n in np.shape(x))


def ndim(x: Any) -> int:
    """The number of axes."""
    return int(x.ndim) if hasattr(x, "ndim") else to_numpy(x, "x").ndim


def dtype(x: Any) -> str:
    """The data type."""
    return str(x.dtype) if hasattr(x, "dtype") else str(to_numpy(x, "x").dtype)


def count_params(x: Any) -> int:
    """The number of elements of a weight or an array."""
    return math.prod(n or 1 for n in int_shape(x) or ())


def is_keras_tensor(x: Any) -> bool:
    """Whether it is a placeholder: what ``Input`` or a layer gave."""
    return isinstance(x, Placeholder)


def is_placeholder(x: Any) -> bool:
    """Whether it is a placeholder that :func:`nnkit.Input` or :func:`placeholder` gave."""
    layer = x.node.layer if isinstance(x, Placeholder) and x.node is not None else None
    return type(layer).__name__ == "InputLayer"


def is_tensor(x: Any) -> bool:
    """Whether it is an array, a placeholder, an expression or a weight."""
    return isinstance(x, (np.ndarray, Placeholder, Expression, Variable))


def is_variable(x: Any) -> bool:
    """Whether it is a weight, or what :func:`variable` gave."""
    return isinstance(x, Variable)


def is_sparse(tensor: Any) -> bool:
    """False: there are no sparse arrays in nnkit."""
    return False
