"""Gradients of whole graphs, jacobians, products with them, and verify_grad."""

from __future__ import annotations

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.gradient import (
    DisconnectedInputError,
    GradientError,
    consider_constant,
    disconnected_grad,
    hessian,
    jacobian,
    zero_grad,
)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """Nothing is compiled: these tests are about what graphs mean."""
    monkeypatch.setattr(theano.config, "mode", "FAST_COMPILE")


def value(result, **given):
    """The value of a result whose inputs are given by name."""
    variables = {
        v.name: v for v in theano.graph.ancestors([result]) if v.owner is None and v.name in given
    }
    return theano.function(list(variables.values()), result, on_unused_input="ignore")(
        *(given[name] for name in variables)
    )


def test_one_or_several():
    x, y = T.dscalars("x y")
    cost = x**2 * y
    assert value(theano.grad(cost, x), x=3.0, y=2.0) == 12
    gradients = T.grad(cost, [x, y])
    assert isinstance(gradients, list)
    assert [value(g, x=3.0, y=2.0) for g in gradients] == [12, 9]


def test_repeated_variables():
    x = T.dscalar("x")
    y = x * x
    assert value(theano.grad(y * y + y + x, x), x=2.0) == 37


def test_intermediate_results():
    x = T.dscalar("x")
    y = x * 3
    cost = y**2
    assert value(theano.grad(cost, y), x=2.0) == 12
    assert [value(g, x=2.0) for g in theano.grad(cost, [x, y])] == [36, 12]
    assert value(theano.grad(x, x), x=2.0) == 1


def test_second_derivative():
    x = T.dscalar("x")
    assert value(theano.grad(theano.grad(x**4, x), x), x=3.0) == 108


def test_shape_is_that_of_the_variable():
    x, b = T.dmatrix("x"), T.drow("b")
    gradient = theano.grad((x * b).sum(), b)
    assert gradient.type == b.type
    np.testing.assert_array_equal(
        value(gradient, x=np.ones((3, 2)), b=np.ones((1, 2))), [[3.0, 3.0]]
    )


def test_data_type_is_that_of_the_variable():
    x, y = T.fvector("x"), T.dvector("y")
    gradient = theano.grad((x * y).sum(), x)
    assert gradient.dtype == "float32"
    assert value(gradient, x=np.ones(2, "float32"), y=np.ones(2)).dtype == "float32"


def test_integers_on_the_way():
    x, i = T.dvector("x"), T.lvector("i")
    cost = (x[i] * i * T.cast(x, "int32")[i]).sum()
    np.testing.assert_array_equal(
        value(theano.grad(cost, x), x=np.array([2.5, 3.5]), i=np.array([1, 1])), [0, 6]
    )
    with pytest.raises(TypeError, match="no gradient by integers, got 'i'"):
        theano.grad(cost, i)


def test_bad_cost():
    x = T.dvector("x")
    with pytest.raises(TypeError, match="must be a scalar, got 'x'"):
        theano.grad(x, x)
    with pytest.raises(TypeError, match="must be a float"):
        theano.grad(T.cast(x.sum(), "int64"), x)
    with pytest.raises(TypeError, match="symbolic variable"):
        theano.grad(x.sum(), 3)
    with pytest.raises(ValueError, match="disconnected_inputs"):
        theano.grad(x.sum(), x, disconnected_inputs="no")


def test_disconnected_inputs():
    x, y = T.dscalar("x"), T.dvector("y")
    with pytest.raises(DisconnectedInputError, match="does not depend on 'y'"):
        theano.grad(x**2, [x, y])
    with pytest.warns(UserWarning, match="does not depend on 'y'"):
        theano.grad(x**2, y, disconnected_inputs="warn")
    gradient = theano.grad(x**2, y, disconnected_inputs="ignore")
    np.testing.assert_array_equal(value(gradient, y=np.ones(2)), [0, 0])
    both = theano.grad(x**2, (x, y), disconnected_inputs="ignore", return_disconnected="None")
    assert isinstance(both, tuple)
    assert both[1] is None
    with pytest.raises(ValueError, match="return_disconnected"):
        theano.grad(x**2, x, return_disconnected="no")


def test_steps_have_a_gradient_of_zero():
    x = T.dscalar("x")
    assert value(theano.grad(x + T.gt(x, 1) * 2.0, x), x=3.0) == 1
    assert value(theano.grad(T.gt(x, 1) * 2.0, x), x=3.0) == 0


def test_consider_constant():
    x = T.dscalar("x")
    y = x**2
    assert value(theano.grad(x * y, x, consider_constant=[y]), x=3.0) == 9
    with pytest.raises(DisconnectedInputError):
        theano.grad(y * 2, x, consider_constant=[y])


def test_stops():
    x = T.dscalar("x")
    for stop in (consider_constant, zero_grad, disconnected_grad):
        assert value(theano.grad(x * stop(x**2), x), x=3.0) == 9
        assert value(stop(x * 2), x=3.0) == 6
    assert value(theano.grad(zero_grad(x), x), x=3.0) == 0
    with pytest.raises(DisconnectedInputError, match="'x'"):
        theano.grad(disconnected_grad(x), x)


def test_grad_scale():
    """A gradient that is turned around: what a domain classifier's features want."""
    x = T.fvector("x")
    turned = theano.gradient.grad_scale(x, -0.5)
    g = theano.grad((turned**2).sum(), x)
    assert g.dtype == "float32"
    assert turned.eval({x: [3]}).tolist() == [3]
    assert g.eval({x: [3]}).tolist() == [-3]


def test_grad_clip():
    x = T.dvector("x")
    cost = (theano.gradient.grad_clip(x, -1, 1) ** 2).sum()
    np.testing.assert_array_equal(
        value(theano.grad(cost, x), x=np.array([-3.0, 0.25, 2.0])), [-1, 0.5, 1]
    )


def test_known_grads():
    x = T.dscalar("x")
    y = x**2
    z = 3 * y
    assert value(theano.grad(None, x, known_grads={y: T.constant(5.0)}), x=2.0) == 20
    # A known gradient is taken as it is: nothing comes from z, but past y.
    gradient = theano.grad(z + x, x, known_grads={y: T.constant(5.0)})
    assert value(gradient, x=2.0) == 21


def test_operation_with_several_outputs():
    x = T.dvector("x")
    parts = T.split(x, [1, 2], 2)
    np.testing.assert_array_equal(
        value(theano.grad((parts[1] ** 2).sum(), x), x=np.arange(3.0)), [0, 2, 4]
    )


def test_names():
    x = T.dscalar("x")
    cost = x**2
    cost.name = "cost"
    assert theano.grad(cost, x).name == "(dcost/dx)"


def test_lop_and_rop():
    x, y = T.dvectors("x y")
    u, v = T.dvectors("u v")
    f = T.tanh(x) * x.sum() * y
    given = {"x": np.array([0.1, 0.4, -0.2]), "y": np.array([1.0, 2.0, 3.0])}
    u_value, v_value = np.array([1.0, -1.0, 2.0]), np.array([0.5, 2.0, 1.0])
    a, s = np.tanh(given["x"]), given["x"].sum()
    j = np.diag((1 - a**2) * s * given["y"]) + np.outer(a * given["y"], np.ones(3))
    left = value(theano.Lop(f, x, u), u=u_value, **given)
    np.testing.assert_allclose(left, u_value @ j)
    right = value(theano.Rop(f, x, v), v=v_value, **given)
    np.testing.assert_allclose(right, j @ v_value)
    both = theano.Rop([f, y], [x, y], [v, u])
    np.testing.assert_allclose(
        value(both[0], u=u_value, v=v_value, **given), j @ v_value + a * s * u_value
    )
    np.testing.assert_allclose(value(both[1], u=u_value, v=v_value, **given), u_value)


def test_rop_through_indexing_and_products():
    x, v = T.dmatrices("x v")
    f = T.dot(x[1:, [0, 0]].T, x[:1]) ** 2
    x_value, v_value = np.random.default_rng(1).normal(size=(2, 2, 3))
    found = value(theano.Rop(f, x, v), x=x_value, v=v_value)
    x_value, v_value = x_value[:2], v_value[:2]
    at = [value(f, x=x_value + h * v_value) for h in (1e-6, -1e-6)]
    np.testing.assert_allclose(found, (at[0] - at[1]) / 2e-6, rtol=1e-6, atol=1e-8)


def test_lop_of_results_of_one_another():
    x = T.dscalar("x")
    y = x**2
    z = y**2
    assert value(theano.Lop([y, z], x, [T.constant(1.0), T.constant(1.0)]), x=2.0) == 4 + 32


def test_bad_rop():
    x, y = T.dvectors("x y")
    with pytest.raises(ValueError, match="each wrt needs an eval_point: 1 and 2"):
        theano.Rop(x, x, [x, y])
    with pytest.raises(ValueError, match="has the shape of its wrt"):
        theano.Rop(x, x, T.dmatrix())
    with pytest.raises(DisconnectedInputError):
        theano.Rop(x * 2, y, y)
    zeros = theano.Rop(x * 2, y, y, disconnected_outputs="ignore")
    np.testing.assert_array_equal(value(zeros, x=np.ones(2)), [0, 0])


def test_jacobian():
    x = T.dvector("x")
    y = T.dmatrix("y")
    f = T.dot(y, x**2)
    x_value, y_value = np.array([1.0, 2.0]), np.arange(6.0).reshape(3, 2)
    by_x, by_y = jacobian(f, [x, y])
    np.testing.assert_allclose(value(by_x, x=x_value, y=y_value), y_value * 2 * x_value)
    expected = np.einsum("ij,k->ijk", np.eye(3), x_value**2)
    np.testing.assert_allclose(value(by_y, x=x_value, y=y_value), expected)
    np.testing.assert_allclose(value(jacobian(f[0], x), x=x_value, y=y_value), [0, 4])
    with pytest.raises(TypeError, match="jacobian is of a vector"):
        jacobian(y, x)
    with pytest.raises(DisconnectedInputError):
        jacobian(x, y)


def test_hessian():
    x, y = T.dvectors("x y")
    cost = (x**3).sum() + x.prod() * y.sum()
    found = value(hessian(cost, x), x=np.array([2.0, 3.0]), y=np.array([1.0]))
    np.testing.assert_allclose(found, [[12, 1], [1, 18]])
    linear = hessian(cost, [x, y])[1]
    np.testing.assert_array_equal(
        value(linear, x=np.array([2.0, 3.0]), y=np.ones(2)), np.zeros((2, 2))
    )
    with pytest.raises(TypeError, match="by vectors, got 'm'"):
        hessian(cost, T.dmatrix("m"))


class Wrong(theano.Op):
    """The sum, with a gradient that is wrong for one element or of another shape."""

    props = ("flaw",)

    def __init__(self, flaw):
        self.flaw = flaw

    def types(self, *inputs):
        return [T.TensorType(inputs[0].dtype, ())]

    def perform(self, *arrays):
        return np.asarray(arrays[0].sum())

    def pullback(self, inputs, outputs, cotangents):
        g = T.ones_like(inputs[0]) * cotangents[0]
        if self.flaw == "shape":
            return [g[1:]]
        return [g[0]] if self.flaw == "ndim" else [T.inc_subtensor(g[1], 0.5)]


def test_verify_grad():
    T.verify_grad(lambda x, y: x * y, [np.ones((2, 3)), np.ones((1, 3))], rng=1)
    T.verify_grad(lambda x: T.tanh(x), [np.ones(3, "float32")], rng=np.random.RandomState(1))
    theano.gradient.verify_grad(lambda x: x**3, [2.0], n_tests=1, eps=1e-5, rel_tol=1e-8)
    message = r"argument 1 is 1\.\d+ at \(1,\), but differences say \d\.\d+: .*1 of 3 elements"
    with pytest.raises(GradientError, match=message):
        T.verify_grad(lambda x, y: x.sum() + Wrong("value")(y), [[1.0], [1.0, 2.0, 3.0]], rng=0)
    with pytest.raises(GradientError, match=r"argument 0 has shape \(2,\), the argument \(3,\)"):
        T.verify_grad(Wrong("shape"), [np.ones(3)])
    with pytest.raises(TypeError, match="0 axes instead of 1"):
        T.verify_grad(Wrong("ndim"), [np.ones(3)])
    with pytest.raises(TypeError, match="argument 0 must be float32 or float64, got int64"):
        T.verify_grad(lambda x: x, [np.arange(3)])
    with pytest.raises(TypeError, match="must give floats"):
        T.verify_grad(lambda x: T.gt(x, 1), [1.0])


def test_names_of_theano():
    names: dict[str, object] = {}
    exec("from nnkit.symbolic import *", names)
    assert names["tensor"] is T
    assert names["grad"] is theano.grad is T.grad is theano.gradient.grad
    assert {"shared", "function", "config", "scan"} <= names.keys()
    assert "map" not in names
    assert T.jacobian is jacobian
    assert T.verify_grad is theano.gradient.verify_grad
