"""Initializers: the initial values of weights.

With ``seed=None`` an initializer draws new values on every call, from the generator that
:func:`nnkit.utils.set_random_seed` sets. With an int it returns the same values on every call, as
in Keras: two layers with weights of one shape then start equal. Values are drawn in float64 and
rounded.
"""

from nnkit.initializers.base import (
    FunctionInitializer,
    Initializer,
    deserialize,
    get,
    serialize,
)
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
    "FunctionInitializer",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "fans",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

# Aliases, as in Keras.
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros
