"""Gradients through what was not chosen: they are zeros, whatever the derivative is there."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit import ops
from nnkit.symbolic.ifelse import ifelse
from tests.helpers import rounds
from tests.symbolic.checks import variables_for

MODES = ["FAST_RUN", "FAST_COMPILE", "DebugMode"]
LINE = np.array([0.0, -1.0, 2.0])
ROWS = np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]])
MISSING = np.array([[np.nan, 1.0, np.nan], [1.0, 2.0, 3.0]])
WEIGHTS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
ZEROS = np.zeros(3)


def gradients(build, *points, mode="FAST_COMPILE"):
    """Gradients of the sum of an expression by its variables."""
    variables = variables_for(*points)
    found = T.grad(build(*variables).sum(), variables)
    f = theano.function(variables, found, mode=mode, on_unused_input="ignore")
    return f(*points)


def where(condition, x, derivative):
    """A derivative where a condition is true, computed at 1 elsewhere."""
    return np.where(condition, derivative(np.where(condition, x, 1.0)), 0.0)


def norms(x):
    return T.sqrt(T.sqr(x).sum(axis=1, keepdims=True))


# A function that is not defined everywhere, where it is, points, and its derivative.
GUARDED = {
    "log": (T.log, lambda x: x > 0, LINE, lambda x: 1 / x),
    "log2": (T.log2, lambda x: x > 0, LINE, lambda x: 1 / x / np.log(2)),
    "log10": (T.log10, lambda x: x > 0, LINE, lambda x: 1 / x / np.log(10)),
    "log1p": (T.log1p, lambda x: x > -1, LINE, lambda x: 1 / (1 + x)),
    "log(1 - x)": (lambda x: T.log(1 - x), lambda x: x < 1, LINE / 2, lambda x: 1 / (x - 1)),
    "sqrt": (T.sqrt, lambda x: x > 0, LINE, lambda x: 0.5 / np.sqrt(x)),
    "1 / x": (lambda x: 1 / x, lambda x: abs(x) > 0, LINE, lambda x: -1 / x**2),
    "sin(x) / x": (
        lambda x: T.sin(x) / x,
        lambda x: abs(x) > 0,
        LINE,
        lambda x: (x * np.cos(x) - np.sin(x)) / x**2,
    ),
    "x^0.3": (lambda x: x**0.3, lambda x: x > 0, LINE, lambda x: 0.3 * x**-0.7),
    "x^-1.5": (lambda x: x**-1.5, lambda x: x > 0, LINE, lambda x: -1.5 * x**-2.5),
    "x^x": (lambda x: x**x, lambda x: x > 0, LINE, lambda x: x**x * (np.log(x) + 1)),
    "x log x": (lambda x: x * T.log(x), lambda x: x > 0, LINE, lambda x: np.log(x) + 1),
    "sums of products": (
        lambda x: x * T.log(x) + 3 * T.sqrt(x) - T.log(x) / x,
        lambda x: x > 0,
        LINE,
        lambda x: np.log(x) + 1 + 1.5 / np.sqrt(x) - (1 - np.log(x)) / x**2,
    ),
    "arctanh": (T.arctanh, lambda x: abs(x) < 1, LINE / 2 + 0.5, lambda x: 1 / (1 - x**2)),
    "arcsin": (T.arcsin, lambda x: abs(x) < 1, LINE / 2, lambda x: (1 - x**2) ** -0.5),
    "arccos": (T.arccos, lambda x: abs(x) < 1, LINE / 2, lambda x: -((1 - x**2) ** -0.5)),
    "arccosh": (T.arccosh, lambda x: x > 1, LINE + 1, lambda x: (x**2 - 1) ** -0.5),
    "exp(1000 x)": (
        lambda x: T.exp(1000 * x),
        lambda x: x <= 0,
        LINE,
        lambda x: 1000 * np.exp(1000 * np.minimum(x, 0)),
    ),
}


@pytest.mark.parametrize("name", GUARDED)
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_guarded_functions(name):
    function, condition, x, derivative = GUARDED[name]
    chosen = condition(x)
    right = where(chosen, x, derivative)
    value = where(chosen, x, lambda x: function(T.constant(x)).eval({}))
    spellings = [
        (lambda v: T.switch(condition(v), function(v), 0), right),
        (lambda v: T.where(T.invert(condition(v)), 0.0, function(v)), right),
        (lambda v: ops.where(condition(v), function(v), 3 * v), np.where(chosen, right, 3)),
        (lambda v: T.switch(condition(v), T.switch(condition(v), function(v), 0), v), None),
        (lambda v: T.exp(v) * T.switch(condition(v), function(v), 0), np.exp(x) * (right + value)),
        (lambda v: T.switch(condition(v), 1.0, 0.0) * function(v), right),
        (lambda v: T.sqr(T.switch(condition(v), function(v), 0)), 2 * value * right),
        (lambda v: T.switch(condition(v.dimshuffle("x", 0)), function(v), 0), right),
        (lambda v: T.switch(condition(v)[::-1], function(v)[::-1], 0), right),
        (lambda v: (2 * T.switch(condition(v), function(v), 0)).reshape((3, 1)).T, 2 * right),
        (lambda v: theano.map(lambda e: T.switch(condition(e), function(e), 0), v)[0], right),
    ]
    for build, expected in spellings:
        expected = np.where(chosen, right, 1) if expected is None else expected
        (found,) = gradients(build, x)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def entropy(p):
    return T.switch(p > 0, -p * T.log(p), 0)


def unit(x):
    return T.switch(norms(x) > 0, x / norms(x), 0)


UNIT = [[0, 0, 0], [(1 - 0.6 * 1.4) / 5, (1 - 0.8 * 1.4) / 5, 0.2]]
PARTS = {
    "norm of zeros": (
        lambda x: T.switch(T.dot(x, x) > 0, T.sqrt(T.dot(x, x)), 0),
        [ZEROS],
        [ZEROS],
    ),
    "norms": (lambda x: T.switch(norms(x) > 0, norms(x), 0), [ROWS], [[[0] * 3, [0.6, 0.8, 0]]]),
    "unit vectors": (unit, [ROWS], [UNIT]),
    "each of a unit vector": (
        lambda x: T.switch(T.neq(x, 0), x / norms(x), 0),
        [ROWS],
        [[[0, 0, 0], [*UNIT[1][:2], 0]]],
    ),
    "standard deviation": (
        lambda x: (lambda s: T.switch(s > 0, s, 0))(T.std(x, axis=1)),
        [np.array([[1.0, 1.0], [2.0, 4.0]])],
        [[[0, 0], [-0.5, 0.5]]],
    ),
    "a condition for all": (
        lambda v, s: T.switch(T.eq(s, 0), 0.0, v / s),
        [LINE, np.array(0.0)],
        [ZEROS, 0],
    ),
    "chosen nowhere": (
        lambda v, s: T.switch(v > 9, v * T.log(s) + v / s, 0.0),
        [LINE, np.array(0.0)],
        [ZEROS, 0],
    ),
    "chosen somewhere": (
        lambda v, s: T.switch(v > 0, v * T.log(s), 0.0),
        [LINE, np.array(4.0)],
        [[0, 0, np.log(4)], 0.5],
    ),
    "twice": (
        lambda v: (lambda y: T.switch(v > 1, y, 0) + T.switch(T.and_(v > 0, v < 1), 2 * y, 0))(
            T.log(v)
        ),
        [np.array([0.0, -1.0, 0.5, 2.0])],
        [[0, 0, 4, 0.5]],
    ),
    "both ways": (
        lambda v: T.switch(v > 0, T.sqrt(v), T.sqrt(-v)),
        [np.array([4.0, -4.0])],
        [[0.25, -0.25]],
    ),
    "rows that are missing": (
        lambda x, w: T.switch(T.isnan(x.sum(axis=1, keepdims=True)), 0, T.dot(x, w)),
        [MISSING, WEIGHTS],
        [[[0, 0, 0], WEIGHTS.sum(1)], np.outer(MISSING[1], [1, 1])],
    ),
    "elements of a vector that are missing": (
        lambda x, w: T.switch(T.isnan(x.sum(axis=1)), 0, T.dot(x, w)),
        [MISSING, WEIGHTS[:, 0]],
        [[[0, 0, 0], WEIGHTS[:, 0]], MISSING[1]],
    ),
    "columns that are infinite": (
        lambda x, w: T.switch(T.isinf(w.sum(axis=0)), 0, T.dot(x, w)),
        [ROWS[1], WEIGHTS * [1, np.inf]],
        [WEIGHTS[:, 0], np.outer(ROWS[1], [1, 0])],
    ),
    "many products": (
        lambda x, w: T.switch(T.isnan(x.sum(axis=2, keepdims=True)), 0, T.batched_dot(x, w)),
        [MISSING[None].repeat(2, 0), WEIGHTS[None].repeat(2, 0)],
        [[[[0, 0, 0], WEIGHTS.sum(1)]] * 2, [np.outer(MISSING[1], [1, 1])] * 2],
    ),
    "products over two axes": (
        lambda x, w: T.switch(
            T.isnan(x.sum(axis=(1, 2))).dimshuffle(0, "x"), 0, T.tensordot(x, w, [[2, 1], [0, 1]])
        ),
        [np.stack([MISSING, MISSING * 0 + 1, MISSING[[1, 1]]]), np.ones((3, 2, 2))],
        [
            np.stack([np.zeros((2, 3)), np.zeros((2, 3)), np.full((2, 3), 2.0)]),
            np.broadcast_to(MISSING[1][:, None, None], (3, 2, 2)),
        ],
    ),
    "all of a product": (
        lambda x, w: T.switch(T.isnan(x).any(), 0, T.dot(x, w)),
        [MISSING, WEIGHTS],
        [np.zeros((2, 3)), np.zeros((3, 2))],
    ),
    "softmax of nothing": (
        lambda x: T.switch(
            T.isinf(x).all(axis=1, keepdims=True), 0, T.nnet.softmax(x) * np.array([1.0, 2.0, 3.0])
        ),
        [np.array([[-np.inf] * 3, [0.0] * 3])],
        [[[0, 0, 0], [-1 / 3, 0, 1 / 3]]],
    ),
    "logarithm of a sum of nothing": (
        lambda x: T.switch(T.isinf(x).all(axis=1), 0, T.log(T.exp(x).sum(axis=1))),
        [np.array([[-np.inf] * 3, [0.0] * 3])],
        [[[0, 0, 0], [1 / 3] * 3]],
    ),
    "largest": (lambda v: T.log(v).max(), [np.array([0.0, 2.0, 1.0])], [[0, 0.5, 0]]),
    "maximum": (lambda v: T.maximum(T.log(v), -9), [np.array([0.0, 2.0])], [[0, 0.5]]),
    "minimum": (lambda v: T.minimum(1 / v, 9), [np.array([0.0, 2.0])], [[0, -0.25]]),
    "clip": (lambda v: T.clip(T.log(v), -9, 9), [np.array([0.0, 2.0])], [[0, 0.5]]),
    "product": (
        lambda x: (lambda p: T.switch(p > 0, T.log(p), 0))(T.prod(x, axis=1)),
        [np.array([[0.0, 2.0], [2.0, 4.0]])],
        [[[0, 0], [0.5, 0.25]]],
    ),
    "cumulative sum": (
        lambda x: (lambda p: T.switch(T.isinf(p), 0, p))(T.cumsum(T.log(x), axis=1)),
        [np.array([[0.0, 2.0], [2.0, 4.0]])],
        [[[0, 0], [1, 0.25]]],
    ),
    "part set to a number": (
        lambda v: T.set_subtensor(T.log(v)[(v <= 0).nonzero()], 0),
        [LINE],
        [[0, 0, 0.5]],
    ),
    "joined": (
        lambda v: (lambda j: T.switch(j > 0, j, 0))(T.concatenate([T.log(v), T.sqrt(v)])),
        [np.array([0.0, 2.0])],
        [[0, 0.5 + 0.5 / np.sqrt(2)]],
    ),
    "recurrent": (
        lambda v: theano.scan(lambda e, h: T.switch(e > 0, T.log(e) * h, h), v, T.constant(1.0))[0][
            -1
        ],
        [np.array([0.0, 2.0, 3.0])],
        [[0, np.log(3) / 2, np.log(2) / 3]],
    ),
}


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_sums_products_and_parts(name):
    build, points, expected = PARTS[name]
    for found, right in zip(gradients(build, *points), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_in_all_modes(mode):
    (found,) = gradients(
        lambda x: entropy(x) + unit(x) + T.dot(entropy(x), entropy(x).T).sum(), ROWS, mode=mode
    )
    p = ROWS[1, :2]
    by_entropy = np.array([[0, 0, 0], [*(-np.log(p) - 1), 0]])
    total = np.array([[0, 0, 0], [*(-p * np.log(p)), 0]]).sum(0)
    np.testing.assert_allclose(
        found, by_entropy * (1 + found.size * 2 * total) + UNIT, rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("mode", MODES[:2])
def test_second_derivatives_and_products_with_jacobians(mode):
    v, u = T.dvectors("v u")
    y = T.switch(v > 0, v * T.log(v) + T.sqrt(v), 0)
    first = T.grad(y.sum(), v)
    results = [
        T.grad((first * u).sum(), v),
        T.dot(T.hessian(y.sum(), v), u),
        T.Rop(first, v, u),
        T.Rop(y, v, u),
        T.Lop(y, v, u),
        T.dot(T.jacobian(y, v), u),
    ]
    found = theano.function([v, u], results, mode=mode)(LINE, [1, 2, 3])
    by = np.log(2) + 1 + 0.5 / np.sqrt(2)
    second = 1 / 2 - 0.25 * 2**-1.5
    for value, right in zip(found, [second] * 3 + [by] * 3, strict=True):
        np.testing.assert_allclose(value, [0, 0, 3 * right], rtol=1e-12)


def random_guard(rng, shape):
    """A function of x, and of a row, a column and a number, whose result is chosen somewhere."""
    functions = [T.log, T.sqrt, T.inv, T.exp, T.tanh, T.sqr, T.log1p, T.abs_, lambda a: a**1.5]
    functions += [lambda a: T.maximum(a, 0.5), lambda a: T.clip(a, 0.4, 0.9), T.nnet.sigmoid]
    by_rows = [T.nnet.softmax, lambda a: a / norms(a), lambda a: T.cumsum(a, axis=1)]
    by_rows += [lambda a: a - a.mean(axis=1, keepdims=True), lambda a: T.dot(a, T.eye(3) + 1)]
    after = [lambda z: z * z, lambda z: T.tanh(z).T, lambda z: z[::-1], lambda z: z.reshape((6, 2))]
    steps = rng.integers(0, 6, rng.integers(1, 6))
    picks = rng.integers(0, 60, (len(steps), 2))
    ends = rng.integers(0, 60, 3)

    def build(mask, x, row, column, number):
        others = [row, column, number, x]
        a = x
        for step, (i, j) in zip(steps, picks, strict=True):
            other = others[i % 4]
            if step < 3:
                a = functions[i % len(functions)](a)
            elif step == 3:
                a = a * other + T.log(others[j % 4] ** 2 + 1)
            elif step == 4:
                a = a / other
            else:
                a = a * T.sqrt(x) - T.log(x) * row
        if shape[1] == 1:  # What mixes elements of a row is chosen for the whole row.
            a = by_rows[ends[0] % len(by_rows)](a)
        z = T.switch(mask, a, [0, number][ends[1] % 2])
        return T.sin(after[ends[2] % len(after)](z))

    return build


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_a_guard_of_the_result_is_as_good_as_one_of_the_argument():
    """With ``switch`` around x itself everything is finite: the old way to write a guard."""
    rng = np.random.default_rng(0)
    compared = 0
    for _ in range(rounds(25, 1500)):
        shape = [(4, 3), (4, 1), (1, 1)][rng.integers(3)]
        mask = rng.random(shape) < 0.5
        others = [rng.normal(size=s) for s in ((1, 3), (4, 1), ())]
        x = np.where(mask, rng.random((4, 3)) + 0.3, rng.choice([0, -1, np.inf, -np.inf, np.nan]))
        build = random_guard(rng, shape)
        m, *variables = variables_for(mask, x, *others)
        costs = [
            build(m, *variables).sum(),
            build(m, T.switch(m, variables[0], 1), *variables[1:]).sum(),
        ]
        made = [T.grad(cost, variables, disconnected_inputs="ignore") for cost in costs]
        f = theano.function(
            [m, *variables], [*made[0], *made[1]], mode="FAST_COMPILE", on_unused_input="ignore"
        )
        found = f(mask, x, *others)
        if all(np.isfinite(g).all() for g in found[4:]):
            compared += 1
            for g, right in zip(found[:4], found[4:], strict=True):
                np.testing.assert_allclose(g, right, rtol=1e-7, atol=1e-9 * (1 + abs(right).max()))
    assert compared > 0


def test_what_only_one_branch_needs():
    v = T.dvector("v")
    y = T.log(v)
    both = ifelse(v.sum() > 0, y.sum(), 2 * v.sum()) + ifelse(v.sum() > 0, y.max(), v.sum())
    f = theano.function([v], T.grad(both, v))
    assert f([0.0, 0.0]).tolist() == [3, 3]
    np.testing.assert_allclose(f([1.0, 2.0]), [1, 1])


def test_what_was_chosen_may_be_infinite_or_no_number():
    """A gradient is zero by choice only where nothing was chosen."""
    v = T.dvector("v")
    for build, expected in (
        (lambda v: T.switch(v >= 0, T.sqrt(v), 0), [np.inf, 0]),
        (lambda v: 0 * T.sqrt(v), [np.nan, np.nan]),
        (lambda v: T.switch(v >= 0, 0 * T.sqrt(v), 0), [np.nan, 0]),
        (lambda v: T.switch(v > 0, T.sqrt(v), 0) + T.sqrt(v), [np.inf, np.nan]),
        (lambda v: T.gt(v, 0) * T.log(v), [np.nan, 0]),
    ):
        f = theano.function([v], T.grad(build(v).sum(), v), mode="FAST_COMPILE")
        np.testing.assert_array_equal(f([0.0, -1.0]), expected)


def test_a_gradient_of_the_users_own_is_left_alone():
    x, c = T.dvector("x"), T.dscalar("c")
    penalized = theano.OpFromGraph([x], [x * 1], grad_overrides=lambda xs, gs: [gs[0] + xs[0]])
    f = theano.function([x, c], T.grad(T.switch(c > 0, penalized(x), 0).sum(), x))
    assert f([3.0], 1.0) == 4
    assert f([3.0], 0.0) == 3


def test_what_is_complementary_needs_no_condition():
    x = T.dvector("x")
    gradient = T.grad(T.sqr(T.nnet.relu(T.tanh(x), 0.1)).sum(), x)
    applied = theano.function([x], gradient).maker.fgraph.toposort()
    assert [str(node.op) for node in applied].count("switch") == 2
    assert not {"not", "or_", "and_"} & {str(node.op) for node in applied}


@pytest.mark.parametrize("mode", MODES)
def test_a_switch_moves_through_what_multiplies_it(mode):
    x, c = T.dvector("x"), T.dscalar("c")
    zero = T.mul(T.switch(x > 0, 1.0 * x, 0.0 * x), T.switch(x > 0, x, T.log(c) * x))
    f = theano.function([x, c], [zero, T.switch(x > 0, x, 0) / x], mode=mode)
    for found, right in zip(f([0.0, -1.0, 3.0], -1.0), ([0, 0, 9], [0, 0, 1]), strict=True):
        np.testing.assert_array_equal(found, right)


def clip_by_numpy(x, low, high):
    return np.minimum(np.maximum(x, low), high)


@pytest.mark.parametrize("mode", MODES)
def test_clip_between_any_bounds(mode):
    """Where the bounds cross, equal each other or x: as differences say, and in all 1."""
    x, low, high = T.dmatrix("x"), T.dcol("low"), T.drow("high")
    variables = [x, low, high]
    f = theano.function(variables, T.grad(T.clip(*variables).sum(), variables), mode=mode)
    points = np.array([-2.0, -1, 0, 1, 2])
    arrays = (
        np.meshgrid(points, points, indexing="ij")[0],
        points[:, None],
        np.array([[-1.0, 0, 0, 1, 2]]),
    )
    by_x, by_low, by_high = f(*arrays)
    x, low, high = np.broadcast_arrays(*arrays)
    value = clip_by_numpy(x, low, high)
    h = 1e-6
    slopes = [
        (clip_by_numpy(*(a + h * (a is b) for a in (x, low, high))) - value) / h
        for b in (x, low, high)
    ]
    back = (value - clip_by_numpy(x - h, low, high)) / h
    smooth = np.isclose(slopes[0], back, atol=1e-6)
    np.testing.assert_allclose(by_x[smooth], slopes[0][smooth], atol=1e-6)
    assert set(by_x[~smooth]) <= {0, 1}
    inside = (low <= x) & (x <= high) & (low < high)
    np.testing.assert_array_equal(by_x, inside)
    np.testing.assert_array_equal(by_low[:, 0], ((x < low) & (low <= high)).sum(1))
    assert by_x.sum() + by_low.sum() + by_high.sum() == x.size


def test_clip_by_a_bound_that_is_x():
    point = np.array([-2.0, -0.5, 0.5, 3.0])
    for build, right in (
        (lambda x: T.clip(x, 0, x), [1, 1, 1, 1]),
        (lambda x: T.clip(x, x, 0), [1, 1, 0, 0]),
        (lambda x: T.clip(x, x, x), [1, 1, 1, 1]),
        (lambda x: T.clip(x, 1, -1), [0, 0, 0, 0]),
        (lambda x: ops.clip(x, -x, x), [1, 1, 1, 1]),
        (lambda x: T.clip(0.25, x, 2 * x), [2, 2, 1, 1]),
    ):
        (found,) = gradients(build, point)
        np.testing.assert_array_equal(found, right)


def test_maximum_of_equal_values_is_the_first():
    x = T.dvector("x")
    for function in (T.maximum, T.minimum, ops.maximum, ops.minimum):
        a, b = T.dvectors("a b")
        f = theano.function([a, b], T.grad(function(a, b).sum(), [a, b]), mode="FAST_COMPILE")
        assert [g.tolist() for g in f([1.0, -0.0], [1.0, 0.0])] == [[1, 1], [0, 0]]
        assert T.grad(function(x, x).sum(), x).eval({x: [3.0]}) == [1]
