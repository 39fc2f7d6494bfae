"""What scripts for Keras 2 call ``K``: settings, values, and operations under their old names.

``from nnkit import backend as K``. The operations take arrays, and give arrays; placeholders
(:func:`nnkit.Input`, layers' outputs, the arguments of ``call`` and of ``Lambda``), and give
placeholders; and the expressions that functions for losses and metrics are called with. New
programs use :mod:`nnkit.ops` and :mod:`nnkit.config`, which have Keras 3's names.

Examples
--------
>>> import numpy as np, nnkit
>>> from nnkit import backend as K
>>> def scaled_error(y_true, y_pred):
...     return K.mean(K.square(y_pred - y_true), axis=-1) / 2
>>> float(nnkit.losses.get(scaled_error)(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]])))
1.0
>>> K.l2_normalize(np.array([[3.0, 4.0]]), axis=1)
array([[0.6, 0.8]])
"""

from typing import TYPE_CHECKING

from nnkit.backend.drawing import (
    dropout,
    random_bernoulli,
    random_binomial,
    random_normal,
    random_normal_variable,
    random_uniform,
    random_uniform_variable,
    truncated_normal,
)
from nnkit.backend.evaluating import function, gradients
from nnkit.backend.operations import *  # noqa: F403
from nnkit.backend.operations import __all__ as _operations
from nnkit.backend.phases import (
    in_test_phase,
    in_train_phase,
    learning_phase,
    learning_phase_scope,
    set_learning_phase,
)
from nnkit.backend.state import *  # noqa: F403
from nnkit.backend.state import __all__ as _state
from nnkit.missing import missing

__all__ = [
    "dropout",
    "function",
    "gradients",
    "in_test_phase",
    "in_train_phase",
    "learning_phase",
    "learning_phase_scope",
    "random_bernoulli",
    "random_binomial",
    "random_normal",
    "random_normal_variable",
    "random_uniform",
    "random_uniform_variable",
    "set_learning_phase",
    "truncated_normal",
    *_operations,
    *_state,
]

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
