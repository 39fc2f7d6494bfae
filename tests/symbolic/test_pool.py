"""pool_2d against loops, and its gradients against differences."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.tensor.signal.downsample import max_pool_2d
from nnkit.symbolic.tensor.signal.pool import pool_2d
from nnkit.symbolic.tools.verify import verify_grad

RNG = np.random.default_rng(6)
MODES = ("max", "sum", "average_inc_pad", "average_exc_pad")


def pooled(x, ws, stride, pad, mode, ignore_border):
    """Window after window, as in the definition."""
    n, m = x.shape
    columns = []
    for size, step, around, length in zip(ws, stride, pad, x.shape, strict=True):
        starts = list(range(-around, length + around, step))
        if ignore_border:
            starts = [s for s in starts if s + size <= length + around]
        else:  # Up to the first that reaches the end, unless windows leave gaps.
            done = [s for s in starts if s + size >= length]
            starts = [s for s in starts if step >= size or s <= done[0]]
        columns.append([(s, s + size) for s in starts])
    y = np.zeros([len(c) for c in columns])
    for i, (a, b) in enumerate(columns[0]):
        for j, (c, d) in enumerate(columns[1]):
            window = x[max(a, 0) : b, max(c, 0) : d]
            if mode == "max":
                y[i, j] = window.max()
            elif mode == "sum":
                y[i, j] = window.sum()
            elif mode == "average_exc_pad":
                y[i, j] = window.mean()
            else:
                count = (min(b, n + pad[0]) - a) * (min(d, m + pad[1]) - c)
                y[i, j] = window.sum() / count
    return y


CASES = [
    ((2, 2), (2, 2), (0, 0), True),
    ((2, 3), (2, 3), (0, 0), False),
    ((3, 2), (1, 1), (0, 0), True),
    ((3, 3), (2, 2), (0, 0), False),
    ((1, 2), (3, 3), (0, 0), False),
    ((3, 2), (2, 1), (2, 1), True),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("ws", "stride", "pad", "ignore_border"), CASES)
def test_pool(mode, ws, stride, pad, ignore_border):
    a = RNG.permutation(30.0 * np.arange(30)).reshape(5, 6)
    x = T.dmatrix("x")
    options = {"ws": ws, "ignore_border": ignore_border, "stride": stride, "pad": pad}
    f = theano.function([x], pool_2d(x, mode=mode, **options), "FAST_COMPILE")
    np.testing.assert_allclose(f(a), pooled(a, ws, stride, pad, mode, ignore_border))
    verify_grad(
        lambda x: pool_2d(x, mode=mode, **options), [a / 100], n_tests=1, mode="FAST_COMPILE"
    )


def test_images_with_more_axes():
    a = RNG.normal(size=(2, 3, 4, 6))
    x = T.dtensor4("x")
    f = theano.function([x], pool_2d(x, (2, 3), True), "FAST_COMPILE")
    np.testing.assert_array_equal(f(a), a.reshape(2, 3, 2, 2, 2, 3).max((3, 5)))


def test_equal_largest_elements_get_a_gradient_each():
    x = T.dmatrix("x")
    gradient = theano.function([x], theano.grad(pool_2d(x, 2).sum(), x), "FAST_COMPILE")
    assert gradient([[1, 3], [3, 2]]).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("mode", ["sum", "average_inc_pad", "average_exc_pad", "max"])
@pytest.mark.parametrize("options", [{}, {"stride": 1}, {"ignore_border": True, "pad": 1}])
def test_second_and_third_gradients(mode, options):
    def first(x):
        return T.grad((pool_2d(x, (2, 2), mode=mode, **options) ** 3).sum(), x)

    def second(x):
        return T.grad((first(x) ** 2).sum(), x)

    for by in (first, second):
        point = RNG.permutation(12).reshape(3, 4) / 6 - 1
        verify_grad(by, [point], n_tests=1, rel_tol=1e-6, mode="FAST_COMPILE")


def test_old_names():
    a = RNG.normal(size=(1, 1, 4, 4))
    x = T.dtensor4("x")
    ways = [max_pool_2d(x, (2, 2)), T.signal.pool.pool_2d(x, ds=(2, 2), st=(2, 2))]
    one, other = theano.function([x], ways, "FAST_COMPILE")(a)
    np.testing.assert_array_equal(one, other)


def test_bad_arguments():
    x = T.dmatrix("x")
    with pytest.raises(TypeError, match="'v'"):
        pool_2d(T.dvector("v"), 2)
    with pytest.raises(ValueError, match="median"):
        pool_2d(x, 2, mode="median")
    with pytest.raises(TypeError, match="ws"):
        pool_2d(x)
    with pytest.raises(ValueError, match="ignore_border"):
        pool_2d(x, 2, pad=1)
    with pytest.raises(ValueError, match="less than the window"):
        pool_2d(x, 2, True, pad=2)
    with pytest.raises(ValueError, match="stride"):
        pool_2d(x, 2, stride=0)
