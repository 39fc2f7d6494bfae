"""Steps of a scan that are recorded and replayed, against a loop in Python."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit import config
from nnkit.symbolic.graph import toposort
from nnkit.symbolic.scan import until
from nnkit.symbolic.scan_op import Scan


def replays(function):
    """Every recorded step of a function's scans; None where there could be none."""
    scans = [node.op for node in toposort(function.graph) if isinstance(node.op, Scan)]
    return [made for scan in scans for made in scan.body.native._made.values()]


def check(inputs, outputs, arrays):
    """Natively, and the same as with steps in Python."""
    f = theano.function(inputs, outputs, on_unused_input="ignore")
    found = f(*arrays)
    assert replays(f)
    assert all(replay.program.native for replay in replays(f))
    for node in toposort(f.graph):
        if isinstance(node.op, Scan):
            node.op.body.mode = "FAST_COMPILE"
    for a, b in zip(found, f(*arrays), strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def random(*shape, dtype="float64"):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_recurrent_network_and_its_gradient(dtype):
    x, h = T.tensor3("x", dtype=dtype), T.matrix("h", dtype=dtype)
    w, u = T.matrix("w", dtype=dtype), T.matrix("u", dtype=dtype)
    states, _ = theano.scan(lambda xt, ht, w, u: T.tanh(T.dot(xt, w) + T.dot(ht, u)), x, h, [w, u])
    cost = T.sqr(states).sum() + states[-1].sum()
    arrays = [random(*s, dtype=dtype) for s in [(5, 2, 3), (2, 4), (3, 4), (4, 4)]]
    check([x, h, w, u], [states, cost, *T.grad(cost, [x, h, w, u])], arrays)


def test_one_record_is_for_any_number_of_steps():
    x = T.dvector("x")
    sums, _ = theano.scan(lambda v, s: s + v, x, T.constant(0.0))
    f = theano.function([x], sums)
    for size in (1, 7, 3):
        np.testing.assert_allclose(f(np.arange(float(size))), np.cumsum(np.arange(float(size))))
    assert len(replays(f)) == 1
    assert f(np.zeros(0)).shape == (0,)


def test_states_from_several_steps_ago():
    first, n, x = T.dvector("first"), T.lscalar("n"), T.dvector("x")
    info = {"initial": first, "taps": [-3, -1]}
    out, _ = theano.scan(lambda v, a, b: a * 0.5 + b * v, x, info, n_steps=n)
    check([first, x, n], [out, *T.grad(out.sum(), [first, x])], [random(3), random(6), 5])


def test_several_results_of_several_types():
    x, i = T.dmatrix("x"), T.ivector("i")

    def step(row, at, total, count):
        return total + row, count + 1, T.gt(row.sum(), 0), row[at] * 2

    infos = [T.zeros((3,)), T.constant(np.int32(0)), None, None]
    out, _ = theano.scan(step, [x, i], infos)
    check([x, i], out, [random(4, 3), np.array([0, 2, 1, -1], "int32")])


def test_rows_that_a_sequence_picks():
    w, i = T.dmatrix("w"), T.ivector("i")
    out, _ = theano.scan(lambda at, h, w: T.tanh(w[at] + h), i, T.zeros((3,)), w)
    f = theano.function([w, i], T.grad(out.sum(), w))
    found = f(np.ones((4, 3)), np.array([1, 3, 1], "int32"))
    assert (found[[0, 2]] == 0).all()
    assert (found[[1, 3]] > 0).all()
    with pytest.raises(IndexError):
        f(np.ones((4, 3)), np.array([1, 4], "int32"))


def test_vectors_of_indices():
    w, i = T.dmatrix("w"), T.imatrix("i")
    out, _ = theano.scan(lambda at, w: w[at].sum(axis=0), i, None, w)
    arrays = [random(4, 3), np.array([[1, 3], [0, 0], [-1, 2]], "int32")]
    check([w, i], [out, T.grad(T.sqr(out).sum(), w)], arrays)
    f = theano.function([w, i], out)
    with pytest.raises(IndexError):
        f(arrays[0], arrays[1] + 2)


def test_the_loop_may_end_early():
    x = T.dvector("x")
    out, _ = theano.scan(lambda v, s: (s + v, until(s + v > 3)), x, T.constant(0.0))
    check([x], [out], [np.ones(10)])
    f = theano.function([x], out)
    np.testing.assert_array_equal(f(np.ones(10)), [1, 2, 3, 4])
    np.testing.assert_array_equal(f(np.zeros(3)), [0, 0, 0])


def test_only_the_last_state_is_kept():
    w, n = theano.shared(random(2, 2), "w"), T.lscalar("n")
    _, updates = theano.scan(lambda: {w: w * 2 + w.T}, n_steps=n)
    f = theano.function([n], updates=updates)
    expected = w.get_value()
    for _ in range(3):
        expected = expected * 2 + expected.T
    f(3)
    np.testing.assert_allclose(w.get_value(), expected)
    assert replays(f) != [None]


def test_an_operation_without_a_kernel():
    x = T.dmatrix("x")
    out, _ = theano.scan(lambda v, s: T.sort(v + s) * 2, x, T.zeros((3,)))
    f = theano.function([x], out)
    array = random(4, 3)
    state, wanted = np.zeros(3), []
    for row in array:
        state = np.sort(row + state) * 2
        wanted.append(state)
    np.testing.assert_allclose(f(array), wanted)
    assert not replays(f)[0].program.native


def test_a_shape_that_a_step_decides():
    x, n = T.dvector("x"), T.lscalar("n")
    out, _ = theano.scan(lambda k: x[:k].sum() + T.ones((k,)).sum(), T.arange(n))
    f = theano.function([x, n], out)
    np.testing.assert_allclose(f([1.0, 2.0, 4.0], 4), [0, 2, 5, 10])
    assert replays(f) == [None]


def test_a_scan_in_a_scan():
    x = T.dmatrix("x")

    def outer(row, total):
        inner, _ = theano.scan(lambda v, s: s * 0.5 + v, row, total[0])
        return inner

    out, _ = theano.scan(outer, x, T.zeros((3,)))
    f = theano.function([x], [out, T.grad(out.sum(), x)])
    array = random(4, 3)
    state, wanted = np.zeros(3), []
    for row in array:
        s, states = state[0], []
        for v in row:
            s = s * 0.5 + v
            states.append(s)
        state = np.array(states)
        wanted.append(state)
    np.testing.assert_allclose(f(array)[0], wanted)


def test_large_steps_are_shared_by_workers():
    x, w = T.ftensor3("x"), T.fmatrix("w")
    out, _ = theano.scan(lambda v, h, w: T.tanh(T.dot(h, w) + v), x, T.zeros_like(x[0]), w)
    arrays = [random(3, 128, 256, dtype="float32"), 0.05 * random(256, 256, dtype="float32")]
    check([x, w], [out, T.grad(out.mean(), w)], arrays)
    f = theano.function([x, w], out)
    f(*arrays)
    assert replays(f)[0].program.workers == min(2, config.num_threads())


def test_arguments_may_be_views():
    x = T.dmatrix("x")
    out, _ = theano.scan(lambda v, s: s + v, x, T.zeros((3,)), go_backwards=True)
    whole = random(8, 6)
    np.testing.assert_allclose(
        theano.function([x], out)(whole[::2, ::2]), np.cumsum(whole[::2, ::2][::-1], axis=0)
    )
