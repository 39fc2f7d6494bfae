"""Operations on expressions, with the names and arguments of ``keras.ops``.

The arguments of a layer's ``call``, and of a function used as a loss, metric or activation, are
expressions: variables without a value. The functions of this module build larger expressions, from
which forward and backward pass are derived. Operators (``x * 2 + y``, ``x @ y``, ``x > 0``) and
indexing work, too. Each function is a thin wrapper of :mod:`nnkit.symbolic.tensor`, which has more.

Of arrays and numbers, a function gives an array; of placeholders (:func:`nnkit.Input`) a node of a
network.

Examples
--------
>>> import numpy as np, nnkit
>>> from nnkit import ops
>>> class Swish(nnkit.layers.Layer):
...     def call(self, x):
...         return x * ops.sigmoid(x)
>>> Swish()(np.array([[0.0, 100.0]]))
array([[  0., 100.]], dtype=float32)
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.layers.nodes import Placeholder
from nnkit.missing import missing
from nnkit.ops import (
    activations,
    axes,
    crossentropies,
    elementwise,
    making,
    matrices,
    picking,
    shapes,
    statistics,
    values,
)
from nnkit.ops.activations import *  # noqa: F403
from nnkit.ops.axes import *  # noqa: F403
from nnkit.ops.crossentropies import *  # noqa: F403
from nnkit.ops.elementwise import *  # noqa: F403
from nnkit.ops.making import *  # noqa: F403
from nnkit.ops.matrices import *  # noqa: F403
from nnkit.ops.naming import of_anything
from nnkit.ops.picking import *  # noqa: F403
from nnkit.ops.shapes import *  # noqa: F403
from nnkit.ops.statistics import *  # noqa: F403
from nnkit.ops.values import *  # noqa: F403
from nnkit.symbolic.graph import Variable

FUNCTIONS = [  # All that a file may name.
    *activations.__all__,
    *axes.__all__,
    *crossentropies.__all__,
    *elementwise.__all__,
    *making.__all__,
    *matrices.__all__,
    *picking.__all__,
    *shapes.__all__,
    *statistics.__all__,
    *values.__all__,
]
_wrapped: dict[object, object] = {}  # Two names of one function stay one function.
for _name in FUNCTIONS:
    if _name not in ("shape", "ndim", "unstack"):  # They take placeholders themselves.
        _function = globals()[_name]
        _wrapped.setdefault(_function, of_anything(_function, _function.__name__))
        globals()[_name] = _wrapped[_function]


def dtype(x: Any) -> str:
    """The data type of an array, placeholder or expression."""
    return str(x.dtype) if hasattr(x, "dtype") else str(to_numpy(x, "x").dtype)


def is_tensor(x: Any) -> bool:
    """Whether it is an array, a placeholder or an expression."""
    return isinstance(x, (np.ndarray, Placeholder, Variable))


def convert_to_numpy(x: Any) -> np.ndarray:
    """A value as a NumPy array; placeholders and expressions have none."""
    return to_numpy(x, "x")


if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
