"""DebugMode: results that are not finite, and wrong rewrites, are traced."""

from __future__ import annotations

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.ifelse import ifelse
from nnkit.symbolic.op import Op
from nnkit.symbolic.rewriting.stable import STABLE
from nnkit.symbolic.tensor.elementwise import elementwise
from nnkit.symbolic.tools.debug import CompilerError, RewriteError


def test_the_same_as_other_modes():
    x, w = T.dmatrix("x"), theano.shared(np.arange(3.0), "w")
    cost = T.sum(T.log(1 + T.exp(T.dot(x, w)))) + (w**2).sum() * 1
    array = np.random.default_rng(0).standard_normal((2, 3))
    found = []
    for mode in ("FAST_COMPILE", "DebugMode"):
        w.set_value(np.arange(3.0))
        f = theano.function([x], cost, updates=[(w, w - 0.1 * theano.grad(cost, w))], mode=mode)
        found.append((f(array), w.get_value()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_nan_is_traced_to_its_operation():
    x = T.dvector("x")
    root = T.sqrt(x)
    root.name = "root"
    f = theano.function([x], T.tanh(root).sum() * 2, mode="DebugMode")
    assert f([4.0]) == pytest.approx(2 * np.tanh(2.0))
    with pytest.raises(FloatingPointError, match=r"'root' .*test_debug.py:\d+.*nan.*'x'.*-4"):
        f([-4.0])


def test_inf_is_traced_to_the_line():
    x = T.dvector("x")
    f = theano.function([x], T.sqr(T.exp(x)).sum(), mode="DebugMode")
    with pytest.raises(FloatingPointError, match=r"result of exp made in test_debug.py:\d+.*inf"):
        f([1000.0])


def test_a_result_that_is_bad_itself():
    x = T.dscalar("x")
    f = theano.function([x], T.log(x), mode="DebugMode")
    with pytest.raises(FloatingPointError, match=r"it arises there: inf; operand 'x'.*0"):
        f(0.0)


def test_an_argument_with_nan():
    x = T.dvector("x")
    f = theano.function([x], x.sum(), mode="DebugMode")
    with pytest.raises(FloatingPointError, match=r"it comes from 'x'.*nan, as it was given"):
        f([np.nan, 1.0])


def test_what_is_not_chosen_may_be_nan():
    x = T.dvector("x")
    f = theano.function([x], T.switch(x > 0, T.log(x), 0.0), mode="DebugMode")
    np.testing.assert_array_equal(f([-1.0, 1.0]), [0, 0])


def test_an_update_that_is_bad_is_not_made():
    w = theano.shared(1.0, "w")
    f = theano.function([], updates=[(w, w / (w - 1))], mode="DebugMode")
    with pytest.raises(FloatingPointError):
        f()
    assert w.get_value() == 1


def test_a_wrong_rewrite_is_found(monkeypatch):
    def _wrong(node):
        return elementwise("sqr", node.inputs[0])

    monkeypatch.setitem(STABLE, "tanh", [_wrong])
    x = T.dvector("x")
    y = T.tanh(x)
    y.name = "y"
    f = theano.function([x], y, mode="DebugMode")
    np.testing.assert_array_equal(f([0.0]), [0])
    with pytest.raises(
        RewriteError, match=r"'wrong' has changed 'y' .* from \[0.99\d+\] to \[9.\]"
    ):
        f([3.0])


class _Liar(Op):
    """An operation that doesn't do what it says."""

    def __init__(self, perform):
        self.perform = perform

    def types(self, *inputs):
        return [inputs[0].type]


def test_an_operation_of_another_type_than_it_says():
    x = T.dvector("x")
    f = theano.function([x], _Liar(lambda a: a.astype("float32"))(x), mode="DebugMode")
    with pytest.raises(TypeError, match=r"_Liar .* came out as float32 of shape \(1,\)"):
        f([1.0])


def test_an_operation_that_changes_its_input():
    x = T.dvector("x")
    f = theano.function([x], _Liar(lambda a: np.exp(a, out=a))(x), mode="DebugMode")
    with pytest.raises(ValueError, match="read-only"):
        f([1.0])


def test_compiled_code_that_is_wrong_is_found(monkeypatch):
    from nnkit.symbolic.run.rules import LOWERINGS
    from nnkit.symbolic.tensor.linear import Dot

    def wrong(low, node):
        low.copy(node.inputs[0], low.out(node.outputs[0]))
        return True

    monkeypatch.setitem(LOWERINGS, Dot, wrong)
    x, w = T.dmatrix("x"), theano.shared(np.eye(2), "w")
    product = T.dot(x, w)
    product.name = "product"
    y = T.tanh(product).sum()
    f = theano.function([x], y, updates=[(w, w * 2)], mode="DebugMode")
    f(np.ones((2, 2)))
    message = r"'product' \(.*test_debug.py:\d+\) comes out as \[\[1(.|\n)* and so does the result"
    with pytest.raises(CompilerError, match=message):
        f(np.ones((2, 2)))
    np.testing.assert_array_equal(w.get_value(), 2 * np.eye(2))


def test_updates_are_compared_too(monkeypatch):
    from nnkit.symbolic.run.lowering import Lowering

    fused = Lowering._fused

    def wrong(self, node, to):
        fused(self, node, to)
        if node.outputs[0].name == "new":
            fused(self, node, to)  # In place, twice.

    monkeypatch.setattr(Lowering, "_fused", wrong)
    w = theano.shared(np.ones(3), "w")
    new = w * 2
    new.name = "new"
    f = theano.function([], updates=[(w, new)], mode="DebugMode")
    with pytest.raises(CompilerError, match="'new'"):
        f()
    np.testing.assert_array_equal(w.get_value(), 1)


def test_what_no_result_needs_may_fail():
    x = T.dvector("x")
    f = theano.function([x], ifelse(x[0] > 0, x[1:] * 1 + x[:1], x * 2), mode="DebugMode")
    np.testing.assert_array_equal(f([-1.0, 2.0, 3.0]), [-2, 4, 6])


def test_what_is_left_by_rounding_is_no_fault():
    x = T.dvector("x")
    f = theano.function([x], (x - x.mean()).sum(), mode="DebugMode")
    rng = np.random.default_rng(0)
    for size in range(90, 110):
        assert abs(f(rng.random(size))) < 1e-13
