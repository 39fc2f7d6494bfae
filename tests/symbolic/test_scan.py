"""scan against loops in Python, and its gradients against differences."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.scan_module import foldl, foldr, map, reduce, scan, until
from nnkit.symbolic.tensor.shared_randomstreams import RandomStreams
from nnkit.symbolic.tools.verify import verify_grad

RNG = np.random.default_rng(8)
FAST = "FAST_COMPILE"


def evaluated(outputs, given=None, updates=None):
    given = given or {}
    f = theano.function(list(given), outputs, FAST, updates=updates, on_unused_input="ignore")
    return f(*given.values())


def loop(*arguments, **options):
    return scan(*arguments, mode=FAST, **options)


def check(fun, *points):
    verify_grad(fun, points, n_tests=1, mode=FAST)


def test_powers():
    a, k = T.dvector("a"), T.iscalar("k")
    result, updates = loop(
        fn=lambda prior, a: prior * a, outputs_info=T.ones_like(a), non_sequences=a, n_steps=k
    )
    f = theano.function([a, k], result[-1], FAST, updates=updates)
    np.testing.assert_array_equal(f([2, 3], 4), [16, 81])
    assert updates == {}


def test_polynomial_of_two_sequences():
    coefficients, x = T.dvector("c"), T.dscalar("x")
    terms, _ = loop(
        lambda c, power, x: c * x**power, [coefficients, T.arange(1000)], None, non_sequences=x
    )
    assert evaluated(terms.sum(), {coefficients: [1, 0, 2], x: 3.0}) == 19


def test_rnn_and_its_gradient():
    w, u, h, x = (RNG.normal(size=s) for s in ((3, 3), (2, 3), (4, 3), (5, 4, 2)))

    def states(w, u, h, x):
        return loop(lambda x, h, w: T.tanh(T.dot(h, w) + T.dot(x, u)), x, h, w)[0]

    inputs = [T.dmatrix(), T.dmatrix(), T.dmatrix(), T.dtensor3()]
    found = evaluated(states(*inputs), dict(zip(inputs, (w, u, h, x), strict=True)))
    now = h
    for t in range(5):
        now = np.tanh(now @ w + x[t] @ u)
        np.testing.assert_allclose(found[t], now)
    check(states, w, u, h, x)
    check(lambda *a: states(*a)[-1], w, u, h, x)


def test_taps():
    a, b = RNG.normal(size=3), RNG.normal(size=8)

    def outputs(a, b):
        return loop(
            lambda before, now, after, y3, y1: T.sin(before * now) + after * y3 - y1**2 / 4,
            {"input": b, "taps": [-1, 0, 2]},
            {"initial": a, "taps": [-3, -1]},
        )[0]

    va, vb = T.dvector(), T.dvector()
    found = evaluated(outputs(va, vb), {va: a, vb: b})
    y = list(a)
    for t in range(1, 6):
        y.append(np.sin(b[t - 1] * b[t]) + b[t + 2] * y[-3] - y[-1] ** 2 / 4)
    np.testing.assert_allclose(found, y[3:])
    check(outputs, a, b)


def test_several_outputs():
    x = RNG.normal(size=(4, 2))

    def both(x):
        (sums, squares, doubled), _ = loop(
            lambda x, s, q: [s + x * q, q + (x**2).sum(), 2 * x + s],
            x,
            [T.zeros_like(x[0]), T.constant(0.5, dtype="float64"), None],
        )
        return sums.sum() * squares[-1] + (doubled**2).sum()

    s, q, total = np.zeros(2), 0.5, 0
    sums = 0
    for row in x:
        total += ((2 * row + s) ** 2).sum()
        s, q = s + row * q, q + (row**2).sum()
        sums += s.sum()
    v = T.dmatrix()
    assert evaluated(both(v), {v: x}) == pytest.approx(sums * q + total)
    check(both, x)


def test_second_gradient():
    def by_w(w, x):
        y, _ = loop(lambda x, h: T.tanh(w * h + x), x, T.zeros((2,)))
        return T.grad((y**2).sum(), w)

    check(by_w, RNG.normal(size=2), RNG.normal(size=(3, 2)))


def test_go_backwards_and_longer_sequences():
    x = RNG.normal(size=6)

    def outputs(x):
        return loop(lambda x, y: x + 0.5 * y**2, x, T.zeros(()), n_steps=4, go_backwards=True)[0]

    v = T.dvector()
    found, y = evaluated(outputs(v), {v: x}), 0
    for t in range(4):
        y = x[-1 - t] + 0.5 * y**2
        assert found[t] == pytest.approx(y)
    check(outputs, x)


def test_truncated_gradient():
    v = T.dvector()
    y, _ = loop(lambda x, y: x + 2 * y, v, T.zeros(()), truncate_gradient=2)
    gradient = T.grad(y[-1], v)
    np.testing.assert_array_equal(evaluated(gradient, {v: np.ones(4)}), [0, 0, 2, 1])


def test_integer_values_beside_floats():
    x, indices = RNG.normal(size=4), np.array([2, 0, 2])

    def outputs(x):
        y, _ = loop(lambda i, n, y: [n + 1, y * x[i] + n], indices, [T.constant(1), x[0]])
        return y[1]

    check(outputs, x)


def test_starts_become_as_wide_as_the_outputs():
    x = T.dvector("x")
    total, _ = loop(lambda x, s: s + x, x, T.constant(0))
    assert total.dtype == "float64"
    np.testing.assert_array_equal(evaluated(total, {x: [0.5, 1]}), [0.5, 1.5])
    m = T.dmatrix("m")
    rows, _ = loop(lambda s: s + m, None, T.zeros((1, 2)), n_steps=1)
    assert rows.broadcastable == (False, False, False)


def test_until():
    limit = T.dscalar("limit")
    values, _ = loop(
        lambda y, limit: (y * 2, until(y * 2 > limit)), None, T.constant(1.0), limit, n_steps=1024
    )
    f = theano.function(
        [limit], [values, T.grad(values[-1], limit, disconnected_inputs="ignore")], FAST
    )
    assert f(45.0)[0].tolist() == [2, 4, 8, 16, 32, 64]

    def powers(x):
        return loop(lambda y: (y * x, until(y > 5)), None, x, n_steps=99)[0]

    check(powers, np.array(1.5))


def test_updates_of_shared_variables():
    count, x = theano.shared(10), T.dvector("x")
    y, updates = loop(lambda x: (x * count, {count: count + 1}), x)
    np.testing.assert_array_equal(evaluated(y, {x: [1, 2, 3]}, updates), [10, 22, 36])
    assert count.get_value() == 13
    assert list(updates) == [count]
    nothing, updates = loop(lambda: {count: count * 2}, n_steps=3)
    assert nothing is None
    evaluated(None, updates=updates)
    assert count.get_value() == 104


def test_gradient_beside_updates():
    w = theano.shared(np.array(0.5))

    def outputs(x):
        y, _ = loop(lambda x, y: ([x * w + y**2 * w], [(w, w * 1.5)]), x, T.zeros(()))
        return y

    check(outputs, RNG.normal(size=4))


def test_shared_variables_get_gradients():
    w = theano.shared(np.array([2.0, 3.0]), "w")
    y, _ = loop(lambda y: y * w, None, T.ones_like(w), n_steps=3)
    np.testing.assert_array_equal(evaluated(T.grad(y[-1].sum(), w)), [12, 27])


def test_random_variables_in_steps():
    streams, x = RandomStreams(3), T.dvector("x")
    y, updates = loop(lambda x: x * streams.uniform(()), x)
    assert len(updates) == 1
    f = theano.function([x], [y, T.grad(y.sum(), x)], FAST, updates=updates)
    g = theano.function([x], y, FAST)  # The update of the last step is its default.
    (first, gradient), second, third = f(np.ones(4)), g(np.ones(4)), f(np.ones(4))[0]
    assert len({*first, *second, *third}) == 12
    np.testing.assert_array_equal(first, gradient)


def test_a_mask_from_outside_is_one_for_all_steps():
    streams, x = RandomStreams(3), T.dvector("x")
    mask = streams.uniform(())
    y, updates = loop(lambda x: x * mask, x)
    assert not updates
    assert len(set(evaluated(y, {x: np.ones(3)}))) == 1


def test_scan_in_scan():
    x = RNG.normal(size=(3, 2))

    def outputs(x):
        def row(r, total):
            parts, _ = loop(lambda e, s: T.tanh(e + s * total), r, T.zeros(()))
            return total + parts[-1]

        return loop(row, x, T.ones(()))[0]

    check(outputs, x)
    v = T.dmatrix()
    found, total = evaluated(outputs(v), {v: x}), 1
    for t in range(3):
        s = 0
        for e in x[t]:
            s = np.tanh(e + s * total)
        total += s
        assert found[t] == pytest.approx(total)


def test_what_does_not_change_is_computed_outside():
    x, w = T.dvector("x"), T.dmatrix("w")
    y, _ = loop(lambda x: x * T.dot(w, w).sum(), x)
    inside = {str(node.op) for node in theano.graph.toposort(y.owner.op.body.outputs)}
    assert "Dot" not in inside


def test_map_and_reduce():
    x = T.dvector("x")
    given = {x: [1.0, 2.0, 4.0]}
    squares, _ = map(lambda x: x**2, x, mode=FAST)
    np.testing.assert_array_equal(evaluated(squares, given), [1, 4, 16])
    zero = T.constant(0.0, dtype="float64")
    for way, wanted in ((foldl, 1 / 4 + 2 / 2 + 4), (foldr, 4 / 4 + 2 / 2 + 1)):
        assert evaluated(way(lambda x, s: s / 2 + x, x, zero, mode=FAST)[0], given) == wanted
    total, count = reduce(lambda x, s, n: [s + x, n + 1], x, [zero, T.constant(0)], mode=FAST)[0]
    assert evaluated([total, count], given) == [7, 3]


def test_no_steps():
    x, y = T.dmatrix("x"), T.dvector("y")
    states, _ = loop(lambda x, y: x + y, x, y)
    assert evaluated(states, {x: np.ones((0, 2)), y: np.ones(2)}).shape == (0, 2)


def test_forms_of_the_result():
    x = T.dvector("x")
    assert isinstance(loop(lambda x: x + 1, x, return_list=True)[0], list)
    assert isinstance(loop(lambda x: [x + 1, x], x)[0], list)


def test_bad_arguments():
    x = T.dvector("x")
    with pytest.raises(TypeError, match="n_steps"):
        loop(lambda y: y, None, x)
    with pytest.raises(TypeError, match="'s'"):
        loop(lambda s: s, T.dscalar("s"))
    with pytest.raises(TypeError, match="n_steps is a number"):
        loop(lambda x: x, x, n_steps=T.lvector("n"))
    with pytest.raises(TypeError, match="there is an axis for them"):
        loop(lambda x, y: x, x, {"initial": T.zeros(()), "taps": [-2]})
    with pytest.raises(ValueError, match="returns 2 outputs"):
        loop(lambda x, y: [x, y], x, T.zeros(()))
    with pytest.raises(ValueError, match="negative"):
        loop(lambda x, y: x, x, {"initial": x, "taps": [0]})
    with pytest.raises(TypeError, match="axes"):
        loop(lambda x, y: x * T.ones((2,)), x, T.zeros(()))
    f = theano.function([x], loop(lambda x: x, x, n_steps=4)[0], FAST)
    with pytest.raises(ValueError, match="4 steps"):
        f([1.0, 2.0])


def test_gibbs_chain_of_a_restricted_boltzmann_machine():
    streams = RandomStreams(5)
    w = theano.shared(RNG.normal(size=(6, 4)), "w")
    x = T.dmatrix("x")

    def sample(mean):
        return streams.binomial(size=mean.shape, n=1, p=mean, dtype="float64")

    def step(h):
        v = sample(T.nnet.sigmoid(T.dot(h, w.T)))
        return [v, sample(T.nnet.sigmoid(T.dot(v, w)))]

    start = sample(T.nnet.sigmoid(T.dot(x, w)))
    (visible, _), updates = loop(step, outputs_info=[None, start], n_steps=3)
    assert len(updates) == 2
    end = visible[-1]
    energy = T.mean(-T.nnet.softplus(T.dot(x, w)).sum(1))
    energy -= T.mean(-T.nnet.softplus(T.dot(end, w)).sum(1))
    updates[w] = w - 0.1 * T.grad(energy, w, consider_constant=[end])
    f = theano.function([x], [visible, energy], FAST, updates=updates)
    data = np.eye(6)[:3]
    before = w.get_value()
    (one, _), (other, _) = f(data), f(data)
    assert one.shape == other.shape == (3, 3, 6)
    assert set(np.unique(one)) <= {0, 1}
    assert (one != other).any()
    assert (w.get_value() != before).any()
