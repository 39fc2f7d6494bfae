"""T.nlinalg and T.slinalg against NumPy, and their gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from tests.symbolic.checks import assert_gradients, value_of

few = settings(max_examples=3, deadline=None, derandomize=True, database=None)
# A matrix of one number would be known to have axes of size 1.
shapes = st.tuples(st.lists(st.integers(1, 2), max_size=1), st.integers(1, 4))


def matrices(batch, n, seed=0):
    """Far from having no inverse."""
    return np.random.default_rng(seed).normal(size=(*batch, n, n)) + 3 * np.eye(n)


def definite(n):
    x = matrices((), n)
    return x @ x.T


@few
@given(shapes)
def test_inverse_and_determinants(shape):
    x = matrices(*shape)
    np.testing.assert_allclose(value_of(T.nlinalg.matrix_inverse, x), np.linalg.inv(x), rtol=1e-10)
    np.testing.assert_allclose(value_of(T.nlinalg.det, x), np.linalg.det(x), rtol=1e-12)
    for place, wanted in enumerate(np.linalg.slogdet(x)):
        value = value_of(lambda x, place=place: T.nlinalg.slogdet(x)[place], x)
        np.testing.assert_allclose(value, wanted, rtol=1e-12)
    assert_gradients(T.nlinalg.matrix_inverse, x)
    assert_gradients(T.nlinalg.det, x)
    assert_gradients(lambda x: T.nlinalg.slogdet(x)[1], x)


@few
@given(st.integers(2, 4))
def test_eigenvalues(n):
    x = definite(n)
    values, vectors = np.linalg.eigh(x)
    np.testing.assert_allclose(value_of(lambda x: T.nlinalg.eigh(x)[0], x), values)
    np.testing.assert_allclose(value_of(lambda x: T.nlinalg.eigh(x)[1], x), vectors)
    assert_gradients(lambda x: T.nlinalg.eigh(x)[0], x)
    assert_gradients(lambda x: T.nlinalg.eigh(x)[1], x)


@pytest.mark.parametrize("full", [True, False])
def test_singular_values(full):
    x = np.random.default_rng(0).normal(size=(4, 3))
    _, s, _ = T.nlinalg.svd(T.dmatrix("x"), full)
    parts = [value_of(lambda x, i=i: T.nlinalg.svd(x, full)[i], x) for i in range(3)]
    np.testing.assert_allclose(parts[0][:, :3] * parts[1] @ parts[2], x)
    np.testing.assert_allclose(value_of(lambda x: T.nlinalg.svd(x, compute_uv=False), x), parts[1])
    with pytest.raises(TypeError, match=r"SVD.* has no gradient"):
        T.grad(s.sum(), s.owner.inputs[0])


@few
@given(st.integers(1, 4), st.integers(2, 3))
def test_solve(n, columns):
    a = matrices((), n)
    for shape in ((n,), (n, columns)):
        b = np.random.default_rng(1).normal(size=shape)
        np.testing.assert_allclose(value_of(T.slinalg.solve, a, b), np.linalg.solve(a, b))
        assert_gradients(T.slinalg.solve, a, b)


@few
@given(st.integers(1, 4))
def test_cholesky(n):
    a = definite(n)
    np.testing.assert_allclose(value_of(T.slinalg.cholesky, a), np.linalg.cholesky(a))
    upper = value_of(lambda a: T.slinalg.cholesky(a, lower=False), a)
    np.testing.assert_allclose(upper, np.linalg.cholesky(a).T)
    assert_gradients(T.slinalg.cholesky, a)


def test_smaller_ones():
    x = matrices((), 3)
    np.testing.assert_allclose(value_of(T.nlinalg.trace, x), np.trace(x))
    np.testing.assert_allclose(value_of(lambda x: T.nlinalg.matrix_dot(x, x.T, x), x), x @ x.T @ x)
    np.testing.assert_allclose(value_of(T.nlinalg.alloc_diag, x[0]), np.diag(x[0]))
    assert value_of(T.nlinalg.det, np.array([[2, 0], [0, 3]])) == 6


def test_likelihood_of_a_gaussian_process():
    """What these are used for: the length scale of a kernel, by gradient descent."""
    rng = np.random.default_rng(0)
    inputs = np.linspace(0, 1, 12)
    targets = np.sin(6 * inputs) + 0.01 * rng.normal(size=12)
    scale = theano.shared(-0.5, "scale")
    gaps = T.sqr(inputs[:, None] - inputs[None, :])
    kernel = T.exp(-gaps / (2 * T.exp(2 * scale))) + 1e-2 * T.eye(12)
    low = T.slinalg.cholesky(kernel)
    half = T.slinalg.solve(low, targets)
    cost = 0.5 * T.sum(half**2) + T.sum(T.log(T.diag(low)))
    train = theano.function([], cost, updates=[(scale, scale - 0.02 * T.grad(cost, scale))])
    other = 0.5 * T.dot(targets, T.dot(T.nlinalg.matrix_inverse(kernel), targets))
    other += 0.5 * T.log(T.nlinalg.det(kernel))
    np.testing.assert_allclose(float(other.eval()), float(cost.eval()))
    costs = [float(train()) for _ in range(20)]
    assert costs[-1] < costs[0] - 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (T.nlinalg.det, "Det takes matrices, got 'x'"),
        (T.nlinalg.matrix_inverse, "MatrixInverse takes matrices, got 'x'"),
        (T.slinalg.cholesky, "cholesky takes a matrix, got 'x'"),
        (lambda x: T.slinalg.solve(x, x), "solve takes a matrix, got 'x'"),
        (lambda x: T.nlinalg.alloc_diag(T.outer(x, x)), "alloc_diag takes a vector"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(TypeError, match=message):
        call(T.dvector("x"))


def test_no_inverse():
    x = T.dmatrix("x")
    with pytest.raises(np.linalg.LinAlgError, match="Singular") as caught:
        T.nlinalg.matrix_inverse(x).eval({x: np.zeros((2, 2))})
    assert "test_linalg.py:" in caught.value.__notes__[0]
