"""Indexing as NumPy does it, parts replaced and increased, and the gradients of it all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from tests.symbolic.test_shapes import check, random


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """Nothing is compiled: these tests are about what graphs mean."""
    monkeypatch.setattr(theano.config, "mode", "FAST_COMPILE")


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_any_index_of_numpy(data):
    x = random(*data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    basic = hnp.basic_indices(x.shape, allow_newaxis=True, max_dims=6)
    arrays = hnp.integer_array_indices(x.shape)
    index = data.draw(basic | arrays)
    check(lambda x: x[index], x[index], x)
    check(lambda x: T.inc_subtensor(x[index], x[index] ** 2), increased(x, index), x)


def increased(x, index):
    result = x.copy()
    np.add.at(result, index, x[index] ** 2)
    return result


@pytest.mark.parametrize(
    "index",
    [
        2,
        -1,
        slice(1, 3),
        slice(None, None, -2),
        slice(-3, None),
        (1, 2),
        (Ellipsis, 0),
        (0, Ellipsis, None),
        (None, slice(None), 1),
        (slice(0, 1), slice(None), slice(4, 1, -1)),
        [0, 2, 0],
        (slice(None), [1, 0], [0, 0]),
        ([1, 0], slice(None), [0, 0]),
        ([[1], [0]], [0, 2]),
        (0, slice(None), [3, 3]),
        (slice(None), np.array([True, False, True])),
        np.arange(12).reshape(4, 3) % 5 == 0,
        (np.arange(12).reshape(4, 3) % 5 == 0, slice(1, 3)),
        (np.array([True, False, True, True]), [0, 1, 1]),
        (Ellipsis, np.array([False] * 5)),
    ],
)
def test_known_index(index):
    x = random(4, 3, 5)
    check(lambda x: x[index], x[index], x)


def test_a_part_is_a_view_if_that_is_possible():
    x = random(2, 3)
    for index in ((0, 1), 1, (slice(1), None, 2)):
        part = T.dmatrix()[index]
        assert np.shares_memory(part.owner.op.perform(x), x)


def test_symbolic_index():
    x = random(4, 3)
    i, n = T.lscalar("i"), T.iscalar("n")
    xs = T.dmatrix("x")
    f = theano.function([xs, i, n], [xs[i], xs[i * n : (i + 1) * n], xs[n:, i - 2], xs[:: n - 3]])
    for found, expected in zip(f(x, 1, 2), [x[1], x[2:4], x[2:, -1], x[::-1]], strict=True):
        np.testing.assert_array_equal(found, expected)
    g = theano.function([xs, i], theano.grad((xs[i] ** 2).sum(), xs))
    expected = np.zeros_like(x)
    expected[-1] = 2 * x[-1]
    np.testing.assert_array_equal(g(x, -1), expected)
    with pytest.raises(IndexError, match="out of bounds"):
        g(x, 4)


def test_labels():
    x, y = random(4, 3), np.array([2, 0, 1, 2], "int32")
    labels = T.ivector("y")
    xs = T.dmatrix("x")
    picked = xs[T.arange(labels.shape[0]), labels]
    f = theano.function([xs, labels], [picked, theano.grad(-T.mean(picked), xs)])
    found, gradient = f(x, y)
    np.testing.assert_array_equal(found, x[np.arange(4), y])
    np.testing.assert_allclose(gradient, -np.eye(3)[y] / 4)


def test_masks():
    x = random(4, 3)
    check(lambda x: x[x > 0], x[x > 0], x)
    check(lambda x: x[x[:, 0] > 0, 1:], x[x[:, 0] > 0, 1:], x)
    check(lambda x: T.set_subtensor(x[x > 0], 0.0), np.where(x > 0, 0, x), x)


def test_what_is_known_of_size_one():
    x = T.TensorType("float64", [False, True, False])("x")
    assert x[1].broadcastable == (True, False)
    assert x[:, :1].broadcastable == (False, True, False)
    assert x[:, 1:].broadcastable == (False, False, False)
    assert x[:, None, 0].broadcastable == (False, True, False)
    assert x[T.lvector(), T.lvector()].broadcastable == (False, False)
    assert x[T.lmatrix()].broadcastable == (False, False, True, False)
    assert x[x > 0].broadcastable == (False,)
    assert x[:].broadcastable == x.broadcastable


def test_bad_index():
    x = T.dmatrix("x")
    with pytest.raises(IndexError, match=r"'x'.*2 axes, but 3 are indexed"):
        x[0, 0, 0]
    with pytest.raises(IndexError, match="more than one Ellipsis"):
        x[..., ...]
    with pytest.raises(IndexError, match="integers or bools"):
        x[1.5]
    with pytest.raises(IndexError, match="integers or bools, got 'v'"):
        x[T.dvector("v")]
    with pytest.raises(IndexError, match="integers or bools"):
        x[True]
    with pytest.raises(IndexError, match="bounds of a slice"):
        x[T.lvector() :]


def test_set_and_inc():
    x, y, v = random(4, 3), random(2, 3), random(3)

    def part(index, value, add=False):
        result = x.copy()
        if add:
            np.add.at(result, index, value)
        else:
            result[index] = value
        return result

    s, i = T.set_subtensor, T.inc_subtensor
    check(lambda x, y: s(x[1:3], y), part(slice(1, 3), y), x, y)
    check(lambda x, v: s(x[1:3], v), part(slice(1, 3), v), x, v)
    check(lambda x, v: s(x[:, 1], v[0]), part((slice(None), 1), v[0]), x, v)
    check(lambda x: s(x[1], 2), part(1, 2), x)
    check(lambda x, y: s(x[[3, 0]], y), part([3, 0], y), x, y)
    check(lambda x, y: i(x[::2], y), part(slice(None, None, 2), y, True), x, y)
    check(lambda x, y: i(x[[0, 0]], y), part([0, 0], y, True), x, y)
    check(lambda x, v: i(x[[0, 0]], v * v), part([0, 0], v * v, True), x, v)
    check(lambda x, v: i(x[[1, 1], [2, 2]], v[0]), part(([1, 1], [2, 2]), v[0], True), x, v)
    check(lambda x, y: i(x[1:3], y, set_instead_of_inc=True), part(slice(1, 3), y), x, y)
    check(lambda x: s(x[2:], x[:2] ** 2), part(slice(2, None), x[:2] ** 2), x)


def test_set_leaves_its_tensor_alone():
    x = theano.shared(np.zeros(3), "x")
    f = theano.function([], T.set_subtensor(x[0], 1), updates=[(x, T.inc_subtensor(x[1:], 2))])
    np.testing.assert_array_equal(f(), [1, 0, 0])
    np.testing.assert_array_equal(x.get_value(), [0, 2, 2])


def test_bad_set():
    x = T.fmatrix("x")
    with pytest.raises(TypeError, match=r"'x'.*part of a tensor is expected|got 'x'"):
        T.set_subtensor(x, 1)
    with pytest.raises(TypeError, match=r"a part of 'x'.*can't hold 'd'"):
        T.set_subtensor(x[0], T.dvector("d"))
    with pytest.raises(ValueError, match="more axes than the part of 'x'"):
        T.set_subtensor(x[0], T.fmatrix())
    T.set_subtensor(x[0], 0.1)
    with pytest.raises(TypeError, match="can't hold"):
        T.set_subtensor(T.lvector()[0], 0.5)


def test_nonzero():
    x = np.array([[0.0, 2.0], [3.0, 0.0]])
    check(lambda x: T.nonzero(x)[1], x.nonzero()[1], x)
    check(lambda x: T.nonzero(x, return_matrix=True), np.stack(x.nonzero()), x)
    check(lambda x: T.flatnonzero(x), np.flatnonzero(x), x)
    xs = T.dmatrix("x")
    np.testing.assert_array_equal(xs.nonzero_values().eval({xs: x}), [2.0, 3.0])
    check(lambda x: x[(x > 0).nonzero()], random(3)[random(3) > 0], random(3))
    with pytest.raises(ValueError, match="at least one axis"):
        T.nonzero(T.dscalar())


def test_take():
    x = random(3, 4)
    check(lambda x: T.take(x, [5, 0, 5]), x.take([5, 0, 5]), x)
    check(lambda x: x.take([[1, 0]], axis=1), x.take([[1, 0]], 1), x)
    check(lambda x: T.take(x, 1, axis=0), x[1], x)
    check(lambda x: T.take(x, [7, -9], 0, "clip"), x.take([7, -9], 0, mode="clip"), x)
    check(lambda x: T.take(x, [7, -9], 0, "wrap"), x.take([7, -9], 0, mode="wrap"), x)
    with pytest.raises(ValueError, match="mode"):
        T.take(T.dvector(), 0, mode="jump")
