"""Expressions as people write them for Theano, next to what NumPy makes of them."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T

RNG = np.random.RandomState(0)
A, V, Q = RNG.randn(4, 3), RNG.randn(3), RNG.randn(2, 3, 4, 6)
N = 3
x, v, q, n = T.dmatrix("x"), T.dvector("v"), T.dtensor4("q"), T.lscalar("n")


def product_of_shape(x):
    rows, columns = x.shape
    return rows * columns


def power(v, k):
    result, _ = theano.scan(
        lambda prior, v: prior * v, outputs_info=T.ones_like(v), non_sequences=v, n_steps=k
    )
    return result[-1]


def polynomial(coefficients, at):
    terms, _ = theano.scan(
        lambda c, p, at: c * at**p,
        outputs_info=None,
        sequences=[coefficients, T.arange(1000)],
        non_sequences=at,
    )
    return terms.sum()


def fibonacci():
    start = T.constant(np.array([0.0, 1.0]))
    info = {"initial": start, "taps": [-2, -1]}
    return theano.scan(lambda a, b: a + b, outputs_info=[info], n_steps=5)[0]


def doubled_until(limit):
    return theano.scan(
        lambda p, limit: (p * 2, theano.scan_module.until(p * 2 > limit)),
        outputs_info=T.constant(1.0),
        non_sequences=limit,
        n_steps=1024,
    )[0]


def squares_of_rows(x):
    row = lambda r: theano.scan(lambda e: e**2, sequences=r)[0].sum()  # noqa: E731
    return theano.scan(row, sequences=x)[0]


def both_ways(x, v):
    step = lambda a, h: T.tanh(a + h)  # noqa: E731
    there, _ = theano.scan(step, sequences=x, outputs_info=T.zeros_like(v))
    back, _ = theano.scan(step, sequences=x, outputs_info=[T.zeros_like(v)], go_backwards=True)
    return T.concatenate([there, back[::-1]], axis=1)


def both_ways_in_numpy():
    there, back = [np.zeros(3)], [np.zeros(3)]
    for a, b in zip(A, A[::-1], strict=True):
        there.append(np.tanh(a + there[-1]))
        back.append(np.tanh(b + back[-1]))
    return np.hstack([there[1:], back[:0:-1]])


IDIOMS = {
    # Shapes.
    "flatten from an axis on": (q.flatten(2), Q.reshape(2, -1)),
    "reshape with what is left": (q.reshape((q.shape[0], -1)), Q.reshape(2, -1)),
    "reshape as another": (x.flatten().reshape(x.shape), A),
    "reshape by a vector": (
        x.reshape(T.stack([x.shape[1], x.shape[0]]), ndim=2),
        A.reshape(3, 4),
    ),
    "sizes by name": (product_of_shape(x), 12),
    "all sizes": (T.prod(x.shape), 12),
    "dimshuffle of a list": (x.dimshuffle([0, "x", 1]), A[:, None]),
    "channels last": (q.transpose((0, 2, 3, 1)), Q.transpose(0, 2, 3, 1)),
    "zeros of two sizes": (T.zeros((n, 2)), np.zeros((3, 2))),
    "zeros of a shape": (T.zeros(x.shape), np.zeros((4, 3))),
    "alloc": (T.alloc(np.asarray(0.5), n, 2), np.full((3, 2), 0.5)),
    "larger images": (q.repeat(2, axis=2).repeat(2, axis=3), Q.repeat(2, 2).repeat(2, 3)),
    "tile": (T.tile(v, (2, 1)), np.tile(V, (2, 1))),
    "a list of lists": (T.as_tensor_variable([[n, 1], [2, n]]), [[3, 1], [2, 3]]),
    # Indices.
    "a new axis": (x[:, None, :], A[:, None]),
    "backwards": (x[::-1], A[::-1]),
    "from the end": (x[-n:], A[-3:]),
    "the last of all": (q[..., -1], Q[..., -1]),
    "labels": (x[T.arange(3), [0, 1, 2]], A[np.arange(3), [0, 1, 2]]),
    "a mask": (x[x > 0], A[A > 0]),
    "what is not zero": (x[(x > 0).nonzero()], A[A > 0]),
    "replaced by a mask": (T.set_subtensor(x[x < 0], 0), np.maximum(A, 0)),
    "rows twice": (T.inc_subtensor(x[[0, 0]], 1.0), A + np.array([[2], [0], [0], [0]])),
    "the largest two": (T.sort(v)[::-1][:2], np.sort(V)[::-1][:2]),
    "rows of one-hot": (T.eye(n)[T.cast(v * 0, "int32")], np.eye(3)[[0, 0, 0]]),
    # Arithmetic.
    "an integer power": (2**x, 2**A),
    "remainders": (x % 2 + x // 2, A % 2 + A // 2),
    "division of integers": (n / 2, 1.5),
    "bools": (1 - (x > 0) * T.lt(x, 1), 1.0 - (A > 0) * (A < 1)),
    "an array first": (A + x, 2 * A),
    "a NumPy number first": (np.float32(2) * x, 2 * A),
    "matrix product": (A.T @ x, A.T @ A),
    "NumPy's functions": (
        np.exp(x) + np.maximum(x, 0) - np.square(x),
        np.exp(A) + np.maximum(A, 0) - A**2,
    ),
    "the sum of a list": (sum([x, x]) + T.add(x, x, x), 5 * A),
    "the sum of numbers": (T.sum([v[0], v[1]]), V[:2].sum()),
    "mean of a shape": (x.sum() / x.shape[0], A.sum() / 4),
    "limited logarithms": (T.log(T.clip(x, 1e-7, 1 - 1e-7)), np.log(np.clip(A, 1e-7, 1 - 1e-7))),
    # Over axes.
    "several axes": (T.max(q, axis=(1, 2)), Q.max((1, 2))),
    "errors": (T.mean(T.neq(T.argmax(x, axis=1), 0)), np.mean(A.argmax(1) != 0)),
    "accuracy": (T.mean(T.eq(x.argmax(1), x.argmax(-1)), dtype="float32"), 1),
    "norms": (x.norm(2, axis=1), np.linalg.norm(A, axis=1)),
    "standardized": ((x - x.mean(0)) / (x.std(0) + 1e-8), (A - A.mean(0)) / (A.std(0) + 1e-8)),
    "tensordot": (T.tensordot(x, v, axes=[[1], [0]]), A @ V),
    "leaky rectifier": (T.nnet.relu(x, 0.1), np.where(A > 0, A, 0.1 * A)),
    "pooling": (
        T.signal.downsample.max_pool_2d(input=q, ds=(2, 2), ignore_border=True),
        Q.reshape(2, 3, 2, 2, 3, 2).max((3, 5)),
    ),
    # Loops.
    "power": (power(v, n), V**3),
    "polynomial": (polynomial(v, 2.0), (V * 2.0 ** np.arange(3)).sum()),
    "fibonacci": (fibonacci(), [1, 2, 3, 5, 8]),
    "until": (doubled_until(T.constant(45.0)), [2, 4, 8, 16, 32, 64]),
    "a loop in a loop": (squares_of_rows(x), (A**2).sum(1)),
    "both ways": (both_ways(x, v), both_ways_in_numpy()),
    "map": (theano.map(lambda a: a**2, sequences=[v])[0], V**2),
    "foldl": (theano.foldl(lambda a, b: a + b, v, T.constant(0.0))[0], V.sum()),
    # Gradients.
    "of squares": (theano.grad(T.sum(x**2), wrt=x), 2 * A),
    "times an integer": (T.grad((x * n).sum(), x), np.full((4, 3), 3)),
    "of a loop": (T.grad(power(v, n).sum(), v), 3 * V**2),
}


@pytest.mark.parametrize("name", IDIOMS)
def test_idiom(name):
    expression, wanted = IDIOMS[name]
    f = theano.function([x, v, q, n], expression, "FAST_COMPILE", on_unused_input="ignore")
    value = f(A, V, Q, N)
    assert value.shape == np.shape(wanted)
    np.testing.assert_allclose(value, wanted, rtol=1e-6, atol=1e-12)


def test_an_array_becomes_a_variable():
    total = np.zeros(3)
    total += v
    np.testing.assert_array_equal(total.eval({v: V}), V)


def test_what_numpy_has_and_t_has_not():
    with pytest.raises(TypeError, match=r"np.gcd works on arrays, and n has no value yet"):
        np.gcd(n, 2)
    with pytest.raises(TypeError, match=r"np.add works on arrays"):
        np.add.reduce(x)
    with pytest.raises(TypeError, match=r"np.exp works on arrays"):
        np.exp(v, out=np.ones(3))
    with pytest.raises(TypeError, match="x has no value yet; use eval"):
        float(x)
    with pytest.raises(TypeError, match="n has no value yet; use eval"):
        int(n)
    assert np.ones(3) != v, "variables are equal to themselves only"
    with pytest.raises(TypeError, match="x has no length yet"):
        list(x)
