"""Update rules as libraries on top of Theano wrote them, against the same rules in NumPy.

Each takes a cost and parameters, and returns an OrderedDict of updates, with shared variables of
its own for what it remembers.
"""

from collections import OrderedDict

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T

STEPS = 4


@pytest.fixture(params=[("float32", "FAST_RUN"), ("float64", "FAST_COMPILE")], autouse=True)
def settings(request, monkeypatch):
    float_type, mode = request.param
    monkeypatch.setattr(theano.config, "floatX", float_type)
    monkeypatch.setattr(theano.config, "mode", mode)


def float_x(value):
    return np.asarray(value, dtype=theano.config.floatX)


def zeros_like(param, name=None):
    value = param.get_value(borrow=True)
    return theano.shared(
        np.zeros(value.shape, dtype=value.dtype), name, broadcastable=param.broadcastable
    )


def sgd(cost, params, learning_rate):
    updates = OrderedDict()
    for param, grad in zip(params, theano.grad(cost, params), strict=True):
        updates[param] = param - learning_rate * grad
    return updates


def apply_momentum(updates, momentum=0.9):
    updates = OrderedDict(updates)
    for param in list(updates):
        velocity = zeros_like(param)
        x = momentum * velocity + updates[param]
        updates[velocity] = x - param
        updates[param] = x
    return updates


def momentum(cost, params, learning_rate=0.1):
    return apply_momentum(sgd(cost, params, learning_rate))


def nesterov(cost, params, learning_rate=0.1, momentum=0.9):
    updates = sgd(cost, params, learning_rate)
    for param in list(updates):
        velocity = zeros_like(param)
        x = momentum * velocity + updates[param] - param
        updates[velocity] = x
        updates[param] = momentum * x + updates[param]
    return updates


def adagrad(cost, params, learning_rate=0.1, epsilon=1e-6):
    updates = OrderedDict()
    for param, grad in zip(params, theano.grad(cost, params), strict=True):
        accu = zeros_like(param)
        accu_new = accu + grad**2
        updates[accu] = accu_new
        updates[param] = param - (learning_rate * grad / T.sqrt(accu_new + epsilon))
    return updates


def rmsprop(cost, params, learning_rate=0.1, rho=0.9, epsilon=1e-6):
    one = T.constant(1)  # Using a constant keeps float32 as it is.
    updates = OrderedDict()
    for param, grad in zip(params, theano.grad(cost, params), strict=True):
        accu = zeros_like(param)
        accu_new = rho * accu + (one - rho) * grad**2
        updates[accu] = accu_new
        updates[param] = param - (learning_rate * grad / T.sqrt(accu_new + epsilon))
    return updates


def adadelta(cost, params, rho=0.95, epsilon=1e-6):
    updates = OrderedDict()
    for param, grad in zip(params, T.grad(cost, params), strict=True):
        accu, delta_accu = zeros_like(param), zeros_like(param)
        accu_new = rho * accu + (1 - rho) * grad**2
        update = grad * T.sqrt(delta_accu + epsilon) / T.sqrt(accu_new + epsilon)
        updates[accu] = accu_new
        updates[param] = param - update
        updates[delta_accu] = rho * delta_accu + (1 - rho) * update**2
    return updates


def adam(cost, params, learning_rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-8):
    t_prev = theano.shared(float_x(0.0))
    one = T.constant(1)
    t = t_prev + 1
    a_t = learning_rate * T.sqrt(one - beta2**t) / (one - beta1**t)
    updates = OrderedDict()
    for param, g_t in zip(params, theano.grad(cost, params), strict=True):
        m_prev, v_prev = zeros_like(param), zeros_like(param)
        m_t = beta1 * m_prev + (one - beta1) * g_t
        v_t = beta2 * v_prev + (one - beta2) * g_t**2
        updates[m_prev] = m_t
        updates[v_prev] = v_t
        updates[param] = param - a_t * m_t / (T.sqrt(v_t) + epsilon)
    updates[t_prev] = t
    return updates


def clipped(cost, params, learning_rate=0.5, max_norm=0.2):
    """Gradients scaled down together."""
    grads = theano.grad(cost, params)
    norm = T.sqrt(sum(T.sum(g**2) for g in grads))
    dtype = np.dtype(theano.config.floatX).type
    multiplier = T.clip(norm, 0, dtype(max_norm)) / (dtype(1e-7) + norm)
    return [(p, p - learning_rate * g * multiplier) for p, g in zip(params, grads, strict=True)]


class InNumPy:
    """The same rules: each gives what is subtracted, and keeps its memory in ``s``."""

    @staticmethod
    def momentum(s, g, t):
        s["v"] = 0.9 * s.get("v", 0) + 0.1 * g
        return s["v"]

    @staticmethod
    def nesterov(s, g, t):
        s["v"] = 0.9 * s.get("v", 0) + 0.1 * g
        return 0.9 * s["v"] + 0.1 * g

    @staticmethod
    def adagrad(s, g, t):
        s["a"] = s.get("a", 0) + g**2
        return 0.1 * g / np.sqrt(s["a"] + 1e-6)

    @staticmethod
    def rmsprop(s, g, t):
        s["a"] = 0.9 * s.get("a", 0) + 0.1 * g**2
        return 0.1 * g / np.sqrt(s["a"] + 1e-6)

    @staticmethod
    def adadelta(s, g, t):
        s["a"] = 0.95 * s.get("a", 0) + 0.05 * g**2
        step = g * np.sqrt(s.get("d", 0) + 1e-6) / np.sqrt(s["a"] + 1e-6)
        s["d"] = 0.95 * s.get("d", 0) + 0.05 * step**2
        return step

    @staticmethod
    def adam(s, g, t):
        s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
        s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
        rate = 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return rate * s["m"] / (np.sqrt(s["v"]) + 1e-8)


@pytest.fixture
def data():
    rng = np.random.RandomState(3)
    return float_x(rng.normal(size=(12, 5))), rng.randint(3, size=12)


def penalised(x, y, w, b):
    """The cost of a softmax regression with L1 and L2, and its gradients."""
    scores = x @ w + b
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(y))
    cost = -np.log(p[rows, y]).mean() + 0.01 * np.abs(w).sum() + 0.02 * (w**2).sum()
    p[rows, y] -= 1
    p /= len(y)
    return cost, [x.T @ p + 0.01 * np.sign(w) + 0.04 * w, p.sum(0)]


def regression(data, rule):
    """A function of a mini-batch, and the parameters that it trains."""
    x, y = T.matrix("x"), T.lvector("y")
    w = theano.shared(float_x(np.random.RandomState(1).normal(size=(5, 3))), name="w")
    b = theano.shared(float_x(np.zeros(3)), name="b")
    p = T.nnet.softmax(T.dot(x, w) + b)
    cost = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
    cost = cost + 0.01 * abs(w).sum() + 0.02 * (w**2).sum()
    updates = rule(cost, [w, b])
    return theano.function([x, y], cost, updates=updates), [w, b]


@pytest.mark.parametrize("rule", [momentum, nesterov, adagrad, rmsprop, adadelta, adam])
def test_same_as_in_numpy(rule, data):
    train, params = regression(data, rule)
    values = [p.get_value().astype("float64") for p in params]
    memory = [{} for _ in values]
    step = getattr(InNumPy, rule.__name__)
    rtol = 1e-3 if theano.config.floatX == "float32" else 1e-9
    for t in range(1, STEPS + 1):
        cost, grads = penalised(*data, *values)
        np.testing.assert_allclose(train(*data), cost, rtol=rtol)
        for value, s, g in zip(values, memory, grads, strict=True):
            value -= step(s, g, t)
    for param, value in zip(params, values, strict=True):
        np.testing.assert_allclose(param.get_value(), value, rtol=rtol, atol=rtol / 10)
        assert param.get_value().dtype == theano.config.floatX


def test_clipped_by_their_common_norm(data):
    train, params = regression(data, clipped)
    values = [p.get_value().astype("float64") for p in params]
    for _ in range(STEPS):
        _, grads = penalised(*data, *values)
        norm = np.sqrt(sum((g**2).sum() for g in grads))
        for value, g in zip(values, grads, strict=True):
            value -= 0.5 * g * min(norm, 0.2) / (norm + 1e-7)
        train(*data)
    for param, value in zip(params, values, strict=True):
        np.testing.assert_allclose(param.get_value(), value, rtol=1e-4, atol=1e-5)
