"""The largest elements, places of values, those that differ; and grids and promised shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from tests.symbolic.checks import assert_gradients, value_of

few = settings(max_examples=4, deadline=None, derandomize=True, database=None)
COMPILED = pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])


def shuffled(shape, seed=0):
    """Numbers that differ by 0.5 at least."""
    return np.random.default_rng(seed).permutation(np.prod(shape)).reshape(shape) / 2


@few
@given(array_shapes(max_dims=3, min_side=2, max_side=4), st.integers(-3, 2), st.integers(1, 2))
def test_topk(shape, axis, k):
    axis = None if axis >= len(shape) or axis < -len(shape) else axis
    x = shuffled(shape)
    ordered = np.sort(x, axis)
    largest = np.flip(ordered, axis if axis is not None else 0).take(range(k), axis)
    np.testing.assert_array_equal(value_of(lambda x: T.topk(x, k, axis), x), largest)
    smallest = value_of(lambda x: T.topk(x, -k, axis), x)
    np.testing.assert_array_equal(smallest, ordered.take(range(k), axis))
    values, places = (
        value_of(lambda x, i=i: T.topk_and_argtopk(x, k, axis)[i], x) for i in range(2)
    )
    np.testing.assert_array_equal(np.take_along_axis(x, places, axis), values)
    assert_gradients(lambda x: T.topk(x, k, axis) ** 2, x)


def test_argtopk_in_another_data_type():
    assert value_of(lambda x: T.argtopk(x, 2, idx_dtype="int32"), shuffled(4)).dtype == np.int32


@pytest.mark.parametrize("k", [0, 1.5, None])
def test_topk_of_how_many(k):
    with pytest.raises(ValueError, match=f"kth is how many elements.*got {k!r}"):
        T.topk(T.dvector(), k)


@COMPILED
@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted(side, mode):
    x, v, order = T.dvector("x"), T.dmatrix("v"), T.lvector("order")
    a, b = np.array([1.0, 2.0, 2.0, 5.0]), np.array([[0.0, 2.0, 3.0], [5.0, 6.0, np.nan]])
    f = theano.function([x, v], [T.searchsorted(x, v, side), x.searchsorted(v, side)], mode)
    for found in f(a, b):
        np.testing.assert_array_equal(found, np.searchsorted(a, b, side))
        assert found.dtype == np.int64
    unsorted = a[[2, 3, 0, 1]]
    f = theano.function([x, v, order], T.searchsorted(x, v, side, order), mode)
    np.testing.assert_array_equal(f(unsorted, b, np.argsort(unsorted)), np.searchsorted(a, b, side))
    cost = (x * T.searchsorted(T.sort(x), x)).sum()  # No gradient through the places.
    g = theano.function([x], T.grad(cost, x), mode)
    assert g([3.0, 1.0, 2.0]).tolist() == [2, 0, 1]


def test_searchsorted_takes_vectors():
    with pytest.raises(TypeError, match="a sorted vector, got 'x'"):
        T.searchsorted(T.dmatrix("x"), 1)
    with pytest.raises(ValueError, match="'left' or 'right', not 'middle'"):
        T.searchsorted(T.dvector(), 1, "middle")


@COMPILED
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_unique(axis, mode):
    a = np.array([[3, 1, 3], [3, 1, 3], [0, 1, 0]])
    x = T.lmatrix("x")
    f = theano.function([x], T.unique(x, True, True, True, axis), mode)
    for other in (a, a[:2]):  # Another size every time.
        for found, wanted in zip(f(other), np.unique(other, True, True, True, axis), strict=True):
            np.testing.assert_array_equal(found, wanted.reshape(found.shape))
    alone = theano.function([x], T.unique(x, return_counts=True, axis=axis)[1], mode)
    np.testing.assert_array_equal(alone(a), np.unique(a, return_counts=True, axis=axis)[1])
    np.testing.assert_array_equal(T.unique(x, axis=axis).eval({x: a}), np.unique(a, axis=axis))


def test_confusion_matrix():
    actual, predicted = T.lvectors("actual predicted")
    f = theano.function([actual, predicted], T.nnet.confusion_matrix(actual, predicted))
    counts, labels = f([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2])
    assert counts.tolist() == [[2, 0, 0], [0, 0, 1], [1, 0, 2]]
    assert labels.tolist() == [0, 1, 2]
    with pytest.raises(TypeError, match="vectors of labels"):
        T.nnet.confusion_matrix(T.lmatrix(), actual)


# ------------------------------------------------- grids and promised shapes


def test_grids():
    n = T.lscalar("n")
    wanted = np.mgrid[1:4:2, 0:3]
    for line, its in zip(T.mgrid[1 : n + 1 : 2, :n], wanted, strict=True):
        np.testing.assert_array_equal(line.eval({n: 3}), its)
    for line, its in zip(T.ogrid[1:4:2, 0:3], np.ogrid[1:4:2, 0:3], strict=True):
        np.testing.assert_array_equal(line.eval(), its)
    np.testing.assert_array_equal(T.mgrid[0:2][0].eval(), [0, 1])
    with pytest.raises(TypeError, match="ranges start:stop"):
        T.mgrid[0:1:5j]


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("num", [1, 4])
def test_linspace(num, endpoint):
    stop = T.dscalar("stop")
    value = T.linspace(-1, stop, num, endpoint).eval({stop: 2.0})
    np.testing.assert_allclose(value, np.linspace(-1, 2, num, endpoint), atol=1e-15)
    assert T.linspace(0, 1, dtype="float32").eval().dtype == np.float32
    assert_gradients(lambda stop: T.linspace(-1, stop, 4, endpoint), np.array(2.0))


@COMPILED
def test_specify_shape(mode):
    x, n = T.dmatrix("x"), T.lscalar("n")
    promised = T.specify_shape(x, (n, 1))
    assert promised.broadcastable == (False, True)
    f = theano.function([x, n], promised * 2, mode)
    assert f([[1], [2]], 2).tolist() == [[2], [4]]
    for shape, size, axis in [((2, 1), 3, 0), ((2, 2), 2, 1)]:
        with pytest.raises(ValueError, match=f"axis {axis} was said to be of size"):
            f(np.ones(shape), size)
    assert T.specify_shape(x, [None, 3]).eval({x: np.ones((2, 3))}).shape == (2, 3)
    assert T.specify_shape(x, x.shape).eval({x: np.ones((2, 3))}).shape == (2, 3)
    assert_gradients(lambda x: T.specify_shape(x, (2, 3)) ** 2, np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"'x' .*has 2 axes, so not the shape"):
        T.specify_shape(x, (2,))


def test_parts_replaced_by_methods():
    x = np.arange(4.0)
    assert value_of(lambda x: x[1:3].set(7), x).tolist() == [0, 7, 7, 3]
    assert value_of(lambda x: x[[0, 0]].inc(1), x).tolist() == [2, 1, 2, 3]
    with pytest.raises(TypeError, match=r"a part of a tensor is expected.*got 'x'"):
        T.dvector("x").set(1)


def test_other_methods():
    x = np.array([[1.0, 5.0], [2.0, 2.0]])
    assert value_of(lambda x: x.ptp(), x) == 4
    assert value_of(lambda x: x.fill(3.0), x).tolist() == [[3, 3], [3, 3]]
    assert value_of(lambda x: x.compress([False, True], axis=0), x).tolist() == [[2, 2]]
    assert value_of(lambda x: T.ravel(x), x).tolist() == [1, 5, 2, 2]
    bits = np.array([5, 3])
    assert value_of(lambda b: 1 & b, bits).tolist() == [1, 1]
    assert value_of(lambda b: 1 | b ^ 2, bits).tolist() == [7, 1]
    assert value_of(lambda b: 1 ^ b, bits).tolist() == [4, 2]
