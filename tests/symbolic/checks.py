"""What tests of single operations need: their values for arrays, and their gradients."""

import numpy as np

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic import function


def variables_for(*arrays):
    """A variable for each array; axes of size 1 are known to be."""
    arrays = [np.asarray(a) for a in arrays]
    return [T.tensor(str(a.dtype), [n == 1 for n in a.shape]) for a in arrays]


def value_of(expression, *arrays, **options):
    """An expression of variables for these arrays; its declared type is checked."""
    variables = variables_for(*arrays)
    result = expression(*variables, **options)
    value = function(variables, result, mode="FAST_COMPILE", on_unused_input="ignore")(*arrays)
    assert (str(value.dtype), value.ndim) == (result.dtype, result.ndim)
    assert all(n == 1 for n, one in zip(value.shape, result.broadcastable, strict=True) if one)
    return value


def assert_gradients(expression, *arrays):
    """Gradients in float64 have a relative error of at most 1e-6."""
    # Differences can't tell a gradient below the absolute tolerance from 0.
    T.verify_grad(
        expression, arrays, n_tests=1, rng=1, rel_tol=1e-6, abs_tol=2e-8, mode="FAST_COMPILE"
    )


def both(inputs, outputs, updates=()):
    """A program and the evaluator of the same graph."""
    fast = theano.function(inputs, outputs, updates=list(updates), on_unused_input="ignore")
    slow = theano.function(
        inputs, outputs, updates=list(updates), on_unused_input="ignore", mode="FAST_COMPILE"
    )
    return fast, slow


def program(function):
    """The only program that a function has made so far."""
    (made,) = function._run.__self__._programs.values()
    return made


def same(fast, slow, tolerance=1e-5):
    assert len(fast) == len(slow)
    for a, b in zip(fast, map(np.asarray, slow), strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
