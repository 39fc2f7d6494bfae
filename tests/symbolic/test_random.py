"""Random variables: what they are like, and when they are drawn again."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.sandbox.rng_mrg import MRG_RandomStreams
from nnkit.symbolic.tensor.shared_randomstreams import RandomStreams

SIZE = (200, 50)


def function(inputs, outputs, **options):
    return theano.function(inputs, outputs, "FAST_COMPILE", **options)


@pytest.mark.parametrize(
    ("make", "mean", "std", "dtype"),
    [
        (lambda s: s.uniform(SIZE), 0.5, 12**-0.5, "float64"),
        (lambda s: s.uniform(SIZE, -1, 3, dtype="float32"), 1, 4 * 12**-0.5, "float32"),
        (lambda s: s.normal(SIZE), 0, 1, "float64"),
        (lambda s: s.normal(SIZE, avg=2, std=0.5), 2, 0.5, "float64"),
        (lambda s: s.binomial(SIZE, p=0.3), 0.3, 0.21**0.5, "int64"),
        (lambda s: s.binomial(SIZE, n=4, p=0.5, dtype="floatX"), 2, 1, "float64"),
        (lambda s: s.poisson(SIZE, lam=4), 4, 2, "int64"),
        (lambda s: s.random_integers(SIZE, 1, 6), 3.5, (35 / 12) ** 0.5, "int64"),
        (lambda s: s.choice(SIZE, a=6), 2.5, (35 / 12) ** 0.5, "int64"),
        (lambda s: s.choice(SIZE, a=[1, 5], p=[0.25, 0.75]), 4, 3**0.5, "int64"),
    ],
)
def test_distribution(make, mean, std, dtype):
    drawn = function([], make(RandomStreams(7)))()
    assert drawn.shape == SIZE
    assert drawn.dtype == dtype
    assert drawn.mean() == pytest.approx(mean, abs=0.05)
    assert drawn.std() == pytest.approx(std, rel=0.05)


def test_each_call_draws_anew_and_a_seed_repeats_it():
    calls = []
    for _ in range(2):
        streams = RandomStreams(seed=234)
        one, other = streams.uniform((3,)), streams.uniform((3,))
        f = function([], [one, one + 0, other])
        calls.append([f(), f()])
    first, second = calls[0]
    np.testing.assert_array_equal(first[0], first[1])  # One variable, one value.
    assert not np.isin(first[0], [*first[2], *second[0], *second[2]]).any()
    np.testing.assert_array_equal(calls[0], calls[1])
    assert (RandomStreams(1).uniform((3,)).eval() != first[0]).all()


def test_seed_begins_again():
    streams = RandomStreams(3)
    f = function([], streams.normal((2, 2)))
    first, second = f(), f()
    streams.seed()
    np.testing.assert_array_equal(f(), first)
    streams.seed(902340)
    other = f()
    assert (other != first).all()
    assert (other != second).all()
    streams.seed(902340)
    np.testing.assert_array_equal(f(), other)


def test_state_of_a_variable():
    draw = RandomStreams(3).uniform((2, 2))
    f = function([], draw)
    state = draw.rng.get_value(borrow=True).get_state()
    first = f()
    value = draw.rng.get_value(borrow=True)
    value.set_state(state)
    draw.rng.set_value(value, borrow=True)
    np.testing.assert_array_equal(f(), first)
    value = draw.rng.get_value(borrow=True)
    value.seed(89234)
    draw.rng.set_value(value, borrow=True)
    seeded = f()
    value.seed(89234)
    draw.rng.set_value(value)
    np.testing.assert_array_equal(f(), seeded)


def test_no_default_updates():
    draw = RandomStreams(3).normal((2,))
    still = function([], draw, no_default_updates=True)
    np.testing.assert_array_equal(still(), still())
    moving = function([], draw)
    first = moving()
    np.testing.assert_array_equal(function([], draw, updates=[(draw.rng, draw.rng)])(), moving())
    assert (first != moving()).all()


def test_state_updates_copy_states():
    one, other = RandomStreams(1), RandomStreams(2)
    f, g = (function([], s.uniform((2,))) for s in (one, other))
    for (mine, _), (its, _) in zip(one.state_updates, other.state_updates, strict=True):
        mine.set_value(its.get_value())
    np.testing.assert_array_equal(f(), g())
    assert one.updates() == one.state_updates


def test_sizes():
    streams, x, n = RandomStreams(1), T.dmatrix("x"), T.lscalar("n")
    f = function(
        [x, n],
        [
            streams.binomial(size=x.shape),
            streams.uniform((n, 2)),
            streams.normal((n,)),
            streams.uniform(x.shape[:1]),
        ],
    )
    assert [a.shape for a in f(np.zeros((2, 3)), 4)] == [(2, 3), (4, 2), (4,), (2,)]
    v = T.lvector("v")
    assert function([v], streams.uniform(v, ndim=2))([2, 3]).shape == (2, 3)
    with pytest.raises(ValueError, match="'v'"):
        streams.uniform(v)
    with pytest.raises(ValueError, match="2 axes"):
        streams.uniform((1, 2), ndim=3)
    assert streams.uniform((1, 3)).broadcastable == (True, False)
    assert streams.uniform().ndim == 0


def test_size_of_parameters():
    p = np.array([[0.0, 1.0], [1.0, 0.0]])
    drawn = function([], RandomStreams(1).binomial(p=p))()
    np.testing.assert_array_equal(drawn, p)
    assert function([], RandomStreams(1).normal(avg=p))().shape == (2, 2)


def test_permutation():
    f = function([], RandomStreams(1).permutation(n=10))
    first, second = f(), f()
    assert sorted(first) == sorted(second) == list(range(10))
    assert first.tolist() != second.tolist()
    rows = function([], RandomStreams(1).permutation((3,), n=8))()
    np.testing.assert_array_equal(np.sort(rows), [range(8)] * 3)
    assert (rows[0] != rows[1]).any()


def test_choice_without_repetition():
    drawn = function([], RandomStreams(1).choice((5,), a=5, replace=False))()
    assert sorted(drawn) == list(range(5))


def test_multinomial():
    pvals = np.array([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]], "float32")
    f = function([], RandomStreams(1).multinomial(n=100, pvals=pvals, dtype="float32"))
    first, second = f()
    assert first.tolist() == [0, 100, 0]
    assert second[1] == 0
    assert second.sum() == 100
    assert 30 < second[0] < 70
    assert function([], RandomStreams(1).multinomial((2,), 5, [0.5, 0.5]))().shape == (2, 2)


def test_shuffle_row_elements():
    x = T.dmatrix("x")
    f = function([x], RandomStreams(1).shuffle_row_elements(x))
    a = np.arange(20.0).reshape(10, 2)
    shuffled = f(a)
    assert sorted(map(tuple, shuffled)) == list(map(tuple, a))
    assert (shuffled != a).any()


def test_gradient_by_parameters():
    streams, mean, std = RandomStreams(1), T.dscalar("mean"), T.dscalar("std")
    drawn = streams.normal((5,), mean, std)
    f = function([mean, std], [drawn.sum(), *T.grad(drawn.sum(), [mean, std])])
    total, by_mean, by_std = f(1.0, 2.0)
    assert by_mean == 5
    assert 5 + 2 * by_std == pytest.approx(total)


def test_no_gradient_through_what_is_drawn():
    p = T.dvector("p")
    drawn = RandomStreams(1).binomial(p=p, dtype="float64")
    assert function([p], T.grad((p * drawn).sum(), p))([0.0, 1.0]).tolist() == [0, 1]


def test_dropout_has_one_mask_forward_and_backward():
    streams, x = RandomStreams(1), T.dvector("x")
    cost = (x * streams.binomial(x.shape, p=0.5, dtype="float64")).sum()
    for mode in ("FAST_COMPILE", "FAST_RUN"):
        f = theano.function([x], [cost, theano.grad(cost, x)], mode)
        total, gradient = f(np.arange(8.0))
        assert total == gradient @ np.arange(8.0)
        assert 0 < gradient.sum() < 8


def test_mrg():
    streams = MRG_RandomStreams(use_cuda=False)
    drawn = function([], streams.uniform((4,), nstreams=3))()
    assert drawn.shape == (4,)
