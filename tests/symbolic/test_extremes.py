"""Activations as expressions, over all numbers of a type, with the gradients that are derived."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit import activations, ops
from tests.reference.extended import EXACT, assert_right, numbers

FORMULAS = {
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    "exponential": ops.exp,
    "relu": lambda x: ops.leaky_relu(x, 0.1),
    "elu": lambda x: ops.elu(x, 1.5),
    "silu": ops.silu,
    "softplus": ops.softplus,
    "softsign": ops.softsign,
    "hard_sigmoid": ops.hard_sigmoid,
    "gelu": lambda x: ops.gelu(x, approximate=False),
    "gelu_tanh": ops.gelu,
    "mish": activations.mish,
}


def test_all_have_a_formula():
    assert FORMULAS.keys() == EXACT.keys()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
@np.errstate(all="ignore")
def test_all_numbers(name, dtype):
    x, wide = numbers(dtype)
    if name == "hard_sigmoid":  # At its corners any slope from 0 to that inside is one.
        x, wide = x[abs(x) != 3], wide[abs(x) != 3]
    value, slope = EXACT[name](wide)
    given = T.vector(dtype=dtype.__name__)
    result = FORMULAS[name](given)
    y, dx = theano.function([given], [result, theano.grad(result.sum(), given)])(x)
    assert y.dtype == dx.dtype == dtype
    assert_right(y, value, dtype, 0.5 if name == "hard_sigmoid" else 0.0)
    # Slopes that are differences are as precise as the terms, which are up to 1.
    exact = name in ("exponential", "relu")
    assert_right(dx, slope, dtype, 0.0 if exact else 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [ops.softmax, ops.log_softmax, ops.logsumexp])
@np.errstate(all="ignore")
def test_over_rows(function, dtype):
    """The largest differences are infinite; neither values nor gradients are NaN."""
    half = np.finfo(dtype).max / 2
    x = [[2, -2, 0], [-1, -1, -1], [1, 1, 1], [-1.9, 0, 1.9]]
    x = np.concatenate([np.array(x, dtype) * half, np.array([[1e4, 1e4 - 1, 0]], dtype)])
    given = T.matrix(dtype=dtype.__name__)
    result = function(given, -1)
    y, dx = theano.function([given], [result, theano.grad(result.sum(), given)])(x)
    shifted = (x.astype(np.longdouble) - x.max(axis=1, keepdims=True)).astype(np.longdouble)
    total = np.exp(shifted).sum(axis=1, keepdims=True)
    p = np.exp(shifted) / total
    value, slope = {
        ops.softmax: (p, 0 * p),
        ops.log_softmax: (shifted - np.log(total), 1 - 3 * p),
        ops.logsumexp: (x.max(axis=1) + np.log(total[:, 0]), p),
    }[function]
    assert_right(y, value, dtype)
    assert_right(dx, slope, dtype, 1.0)
