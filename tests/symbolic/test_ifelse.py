"""ifelse: one value or another, computed only if it is taken, and so its gradient."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.ifelse import ifelse
from nnkit.symbolic.op import Op

MODES = ["FAST_COMPILE", "FAST_RUN", "DebugMode"]


class Counted(Op):
    """Twice the value; knows how often it was computed, forwards and backwards."""

    def __init__(self):
        self.calls = []

    def types(self, *inputs):
        return [inputs[0].type]

    def perform(self, *arrays):
        self.calls.append(len(arrays))
        return 2 * arrays[-1]

    def pullback(self, inputs, outputs, cotangents):
        return [self(inputs[0], cotangents[0])]

    __hash__ = Op.__hash__

    def __eq__(self, other):
        return self is other


@pytest.mark.parametrize("mode", MODES)
def test_value_and_gradient(mode):
    x, y = T.dvector("x"), T.dvector("y")
    z = ifelse(x.sum() > y.sum(), x**2, y**3)
    f = theano.function([x, y], [z, *T.grad(z.sum(), [x, y])], mode)
    for a, b, wanted in (
        ([2, 3], [1], ([4, 9], [4, 6], [0])),
        ([2], [3, 1], ([27, 1], [0], [27, 3])),
    ):
        for found, right in zip(f(a, b), wanted, strict=True):
            np.testing.assert_allclose(found, right)


@pytest.mark.parametrize("mode", MODES[:2])
def test_only_the_branch_that_is_taken_is_computed(mode):
    x, then, other = T.dvector("x"), Counted(), Counted()
    z = ifelse(x[0] > 0, T.sqr(then(T.exp(x))), other(x))
    f = theano.function([x], [z, T.grad(z.sum(), x)], mode)
    value, gradient = f([1.0, 2.0])
    np.testing.assert_allclose(value, 4 * np.exp([2.0, 4.0]))
    np.testing.assert_allclose(gradient, 8 * np.exp([2.0, 4.0]))
    assert set(then.calls) == {1, 2}
    assert not other.calls
    then.calls.clear()
    np.testing.assert_allclose(f([-1.0, 2.0]), [[-2, 4], [2, 2]])
    assert not then.calls
    assert set(other.calls) == {1, 2}


@pytest.mark.parametrize("mode", MODES)
def test_what_is_not_taken_may_be_wrong(mode):
    x, i = T.dvector("x"), T.lscalar("i")
    f = theano.function([x, i], ifelse(i < x.shape[0], x[i], T.constant(-1.0)), mode)
    assert f([5.0, 6.0], 1) == 6
    assert f([5.0, 6.0], 2) == -1


@pytest.mark.parametrize("mode", MODES)
def test_branches_in_branches(mode):
    x, inner, outer = T.dscalar("x"), Counted(), Counted()
    small = ifelse(x > -1, inner(x), T.sqr(x))
    y = ifelse(x > 0, outer(small), ifelse(small > 3, x, small * 10))
    f = theano.function([x], [y, T.grad(y, x)], mode)
    for at, wanted in ((2.0, (8, 4)), (-0.5, (-10, 20)), (-3.0, (-3, 1)), (-1.5, (22.5, -30))):
        inner.calls.clear()
        np.testing.assert_allclose(f(at), wanted)
        assert bool(inner.calls) == (at > -1) or mode == "DebugMode"


@pytest.mark.parametrize("mode", MODES)
def test_what_both_branches_and_the_condition_need_is_computed_once(mode):
    x, w, common = T.dvector("x"), theano.shared(np.array([1.0, 2.0]), "w"), Counted()
    h = common(x * w)
    y = ifelse(h.sum() > 0, T.sqr(h).sum(), -h.sum())
    f = theano.function([x], y, mode, updates=[(w, w - T.grad(y, w))])
    if mode == "FAST_COMPILE":
        f([1.0, 1.0])
        assert sorted(common.calls) == [1, 2]  # Forwards and backwards.
        w.set_value([1.0, 2.0])
    assert f([1.0, 1.0]) == 20  # (2 * 1)^2 + (2 * 2)^2.
    np.testing.assert_allclose(w.get_value(), [-7, -14])


def test_a_variable_that_is_taken_itself():
    """The gradient by a branch's value, which is used elsewhere, too."""
    x, c = T.dvector("x"), T.bscalar("c")
    h = T.exp(x)
    y = ifelse(c, h, x).sum() + h.sum()
    f = theano.function([c, x], T.grad(y, [x, h]))
    e = np.exp([1.0, 2.0])
    np.testing.assert_allclose(f(1, [1.0, 2.0]), [2 * e, [2, 2]])
    np.testing.assert_allclose(f(0, [1.0, 2.0]), [e + 1, [1, 1]])


def test_second_derivatives():
    x = T.dscalar("x")
    first = T.grad(ifelse(x > 0, x**3, x**2), x)
    f = theano.function([x], [first, T.grad(first, x)])
    np.testing.assert_allclose(f(2.0), [12, 12])
    np.testing.assert_allclose(f(-2.0), [-4, 2])


def test_in_a_scan():
    x = T.dvector("x")
    y, _ = theano.scan(lambda v: ifelse(v > 0, v * 2, v * v), sequences=x)
    f = theano.function([x], [y, T.grad(y.sum(), x)])
    np.testing.assert_allclose(f([1.0, -3.0, 2.0]), [[2, 9, 4], [2, -6, 2]])


def test_shapes_may_differ():
    x = T.dvector("x")
    y = ifelse(x.sum() > 0, x, T.constant([7.0])[:1]) * 2
    f = theano.function([x], y)
    np.testing.assert_array_equal(f([1.0, 2.0]), [2, 4])
    np.testing.assert_array_equal(f([-1.0, -2.0]), [14])


def test_several_values():
    c, x = T.lscalar("c"), T.dscalar("x")
    both = ifelse(T.eq(c, 0), [x, 1], [2 * x, x], name="first")
    assert both[0].name == "first"
    f = theano.function([c, x], both, "FAST_COMPILE")
    assert f(0, 3.0) == [3, 1]
    assert f(1, 3.0) == [6, 3]


def test_bad_arguments():
    x, m = T.dvector("x"), T.dmatrix("m")
    with pytest.raises(TypeError, match="switch"):
        ifelse(x > 0, x, x)
    with pytest.raises(TypeError, match="'m'"):
        ifelse(x.sum() > 0, x, m)
    with pytest.raises(ValueError, match="2 values"):
        ifelse(x.sum() > 0, [x, x], [x])
