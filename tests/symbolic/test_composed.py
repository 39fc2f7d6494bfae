"""Graphs used again, operations without a class, and what is left of a function's graph."""

import copy
import pickle

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic import printing

COMPILED = pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "DebugMode"])


class TestClone:
    def test_of_one_and_of_several(self):
        x, y = T.dvectors("x y")
        w = theano.shared(2.0, "w")
        z = T.exp(x) * w
        assert theano.pp(theano.clone(z, {x: 2 * y})) == "exp(2 * y) * w"
        assert [theano.pp(v) for v in theano.clone([z, x], [(x, y)])] == ["exp(y) * w", "y"]
        assert theano.clone_replace(z) is z
        assert theano.pp(theano.clone(z, replace={w: theano.shared(1.0, "v")})) == "exp(x) * v"

    def test_of_another_type(self):
        x = T.dvector("x")
        with pytest.raises(TypeError, match=r"replace: 'x' .*can't be replaced by 'm'"):
            theano.clone(x + 1, {x: T.dmatrix("m")})
        with pytest.raises(TypeError, match="'one' is no symbolic variable"):
            theano.clone(x + 1, {"one": x})
        assert theano.clone(x + 1, {x: T.fvector("f")}).dtype == "float64"


class TestInputsThatAreComputed:
    """A function may begin anywhere in a graph."""

    @COMPILED
    def test_cut_off(self, mode):
        x, w = T.dvector("x"), theano.shared(2.0)
        h = T.tanh(x)
        h.name = "h"
        y = h * w + h
        assert theano.function([h], y, mode)([1.0, 2.0]).tolist() == [3, 6]
        assert theano.function([theano.In(h, name="hidden")], y, mode)(hidden=[1.0]).tolist() == [3]
        assert y.eval({h: [1.0]}).tolist() == [3]
        both = theano.function([x, h], y + x, mode)
        assert both([10.0], [1.0]).tolist() == [13]

    def test_updates_and_errors(self):
        x, total = T.dvector("x"), theano.shared(0.0)
        h = x * 2
        f = theano.function([h], updates=[(total, total + h.sum())])
        f([1.0, 2.0])
        assert total.get_value() == 3
        with pytest.raises(TypeError, match=r"the .*made in test_composed.py:\d+ .*1 axes, got 0"):
            f(1.0)


class TestOpFromGraph:
    def test_called_twice(self):
        x, y, z = T.dscalars("x y z")
        op = theano.OpFromGraph([x, y], [x + 2 * y], name="twice")
        e = op(op(x, y), z)
        assert e.eval({x: 1.0, y: 2.0, z: 3.0}) == 11
        assert theano.function([x, y, z], T.grad(e, y), on_unused_input="ignore")(1, 2, 3) == 2
        with pytest.raises(TypeError, match=r"twice takes 2 inputs \(x, y\), got 1"):
            op(x)

    def test_several_outputs(self):
        x = T.dvector("x")
        op = theano.OpFromGraph([x], [x + 1, x.sum()])
        a, b = op(T.ones(3))
        assert a.eval().tolist() == [2, 2, 2]
        assert b.eval() == 3

    @COMPILED
    def test_a_gradient_of_its_own(self, mode):
        x, w = T.dvectors("x w")
        binary = theano.OpFromGraph(
            [x, w],
            [T.switch(x * w > 0, 1.0, -1.0), x.sum()],
            lop_overrides=lambda inputs, outputs, grads: [grads[0] * outputs[0], None],
        )
        first, second = binary(x, w)
        g = T.grad((3 * first).sum() + second, x)
        f = theano.function([x, w], [first, second, g], mode)
        results = [r.tolist() for r in f([1.0, -2.0], [1.0, 1.0])]
        assert results == [[1, -1], -1, [3, -3]]

    def test_too_few_gradients(self):
        x, y = T.dscalars("x y")
        op = theano.OpFromGraph([x, y], [x * y], grad_overrides=lambda inputs, grads: grads[0])
        with pytest.raises(ValueError, match="for each of 2 inputs, got 1"):
            T.grad(op(x, y), x)


class TestAsOp:
    @COMPILED
    def test_of_numpy(self, mode):
        @theano.as_op(itypes=[T.dmatrix, T.lscalar], otypes=[T.dmatrix, T.dscalar])
        def shifted(x, n):
            return np.roll(x, n), x.max()

        x, n = T.dmatrix("x"), T.lscalar("n")
        rolled, top = shifted(x, n)
        f = theano.function([x, n], [rolled * 2, top], mode)
        assert [r.tolist() for r in f([[1, 2, 3]], 1)] == [[[6, 2, 4]], 3]
        with pytest.raises(TypeError, match="shifted has no gradient"):
            T.grad(rolled.sum(), x)

    def test_other_types(self):
        @theano.as_op(T.dvector, T.dscalar)
        def largest(x):
            return x

        x = T.dvector("x")
        with pytest.raises(TypeError, match=r"largest: input 0 can't be 'm'.*number of axes"):
            largest(T.dmatrix("m"))
        with pytest.raises(TypeError, match="largest takes 1 inputs, got 2"):
            largest(x, x)
        with pytest.raises(TypeError, match=r"declares TensorType.*, and gave shape \(2,\)"):
            largest(x).eval({x: [1.0, 2.0]})
        assert largest(T.fvector()).dtype == "float64"
        with pytest.raises(TypeError, match=r"types such as T\.dvector, got 'float64'"):
            theano.as_op("float64", T.dscalar)


class TestLookingAtAFunction:
    def test_its_graph(self):
        x = T.dmatrix("x")
        f = theano.function([x], T.exp(x) / 2)
        graph = f.maker.fgraph
        assert any(isinstance(node.op, T.Elemwise) for node in graph.toposort())
        assert set(graph.toposort()) == graph.apply_nodes
        assert [v.name for v in graph.inputs] == ["x"]
        assert theano.dprint(graph, file="str") == printing.debugprint(f, file="str")
        assert theano.pprint(graph.outputs[0]).startswith("exp(x)")

    def test_tags(self):
        x = T.dmatrix("x")
        x.tag.test_value = np.ones((2, 2))
        assert x.tag.test_value.shape == (2, 2)
        assert not hasattr(T.dmatrix().tag, "test_value")


@pytest.mark.parametrize("again", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies_of_graphs(again):
    """Values, operations and their gradients survive; the copy has shared variables of its own."""
    x, w = T.dmatrix("x"), theano.shared(np.eye(2), "w")
    y = T.nnet.softmax(T.tanh(T.dot(x, w)).max(axis=1, keepdims=True) + x[:, :1].clip(0, 1))
    cost = T.log(T.nnet.sigmoid(y)).sum()
    before = cost.eval({x: np.ones((2, 2))})
    x2, w2, cost2 = again((x, w, cost))
    assert cost2.eval({x2: np.ones((2, 2))}) == before
    w2.set_value(np.zeros((2, 2)))
    assert cost.eval({x: np.ones((2, 2))}) == before
    f = theano.function([x2], T.grad(cost2, w2))
    assert f(np.ones((2, 2))).shape == (2, 2)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies_of_functions(again):
    x, w = T.dvector("x"), theano.shared(1.0, "w")
    noise = T.shared_randomstreams.RandomStreams(1).normal((3,))
    rate = theano.In(T.dscalar("rate"), value=0.5)
    f = theano.function(
        [x, rate], {"sum": w * x + noise, "noise": noise}, updates=[(w, w + rate.variable)]
    )
    f([1, 2, 3], rate=2)
    g = again(f)
    one, other = f([1, 2, 3]), g(x=[1, 2, 3])
    for key in ("sum", "noise"):
        np.testing.assert_array_equal(one[key], other[key])
    assert (f([1, 2, 3])["sum"] != f([1, 2, 3])["sum"]).all()
    assert w.get_value() == 4.5  # The copy has shared variables of its own.
