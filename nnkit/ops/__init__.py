"""Operations on expressions, with the names and arguments of ``keras.ops``.

What a layer's ``call``, a loss, a metric or an activation gets is an expression: a variable without
a value. These functions make larger ones of them; forward and backward are derived from the result.
Operators (``x * 2 + y``, ``x @ y``, ``x > 0``) and indexing work, too. Each is a thin name over
:mod:`nnkit.symbolic.tensor`, which has more.

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
from nnkit.ops.activations import *  # noqa: F403
from nnkit.ops.axes import *  # noqa: F403
from nnkit.ops.elementwise import *  # noqa: F403
from nnkit.ops.shapes import *  # noqa: F403
from nnkit.ops.values import *  # noqa: F403

if not TYPE_CHECKING:  # For a type checker, every name would be right.
    __getattr__ = missing(__name__)
