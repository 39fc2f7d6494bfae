"""Operations on expressions, with the names and arguments of ``keras.ops``.

The arguments of a layer's ``call``, and of a function used as a loss, metric or activation, are
expressions: variables without a value. The functions of this module build larger expressions, from
which forward and backward pass are derived. Operators (``x * 2 + y``, ``x @ y``, ``x > 0``) and
indexing work, too. Each function is a thin wrapper of :mod:`nnkit.symbolic.tensor`, which has more.

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

from typing import TYPE_CHECKING

from nnkit.missing import missing
from nnkit.ops import activations, axes, elementwise, shapes, sums_of_products, values
from nnkit.ops.activations import *  # noqa: F403
from nnkit.ops.axes import *  # noqa: F403
from nnkit.ops.elementwise import *  # noqa: F403
from nnkit.ops.naming import on_placeholders
from nnkit.ops.shapes import *  # noqa: F403
from nnkit.ops.sums_of_products import *  # noqa: F403
from nnkit.ops.values import *  # noqa: F403

FUNCTIONS = [  # All that a file may name.
    *activations.__all__,
    *axes.__all__,
    *elementwise.__all__,
    *shapes.__all__,
    *sums_of_products.__all__,
    *values.__all__,
]
_wrapped: dict[object, object] = {}  # Two names of one function stay one function.
for _name in FUNCTIONS:
    if _name not in ("shape", "ndim"):  # They take placeholders themselves.
        _function = globals()[_name]
        _wrapped.setdefault(_function, on_placeholders(_function, _name))
        globals()[_name] = _wrapped[_function]

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
