"""The first values of weights.

With ``seed=None`` an initializer draws new values on every call, from the generator that
:func:`nnkit.utils.set_random_seed` sets. With an int it gives the same values on every call, as in
Keras: two layers of one shape would then start equal. All draws are made in float64 and rounded.
"""

from nnkit.initializers.base import Initializer, get
from nnkit.initializers.fixed import Constant, Identity, Ones, Zeros
from nnkit.initializers.random import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from nnkit.initializers.scaled import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    fans,
)

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "fans",
    "get",
]
