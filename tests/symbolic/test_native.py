"""Native programs against operation after operation in NumPy."""

import gc
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.run.native import Native
from tests.symbolic.checks import both, program, same

UNARY = [T.tanh, T.exp, T.sqr, abs, lambda x: -x, T.nnet.sigmoid, lambda x: 0.5 * x]
BINARY = [T.add, T.sub, T.mul, T.maximum, lambda x, y: T.switch(x > y, x, y * 2)]


@st.composite
def graphs(draw):
    """A random graph of a matrix, a vector, a column and a number, and its inputs."""
    kind = draw(st.sampled_from(["float32", "float64"]))
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    x, v = T.matrix("x", dtype=kind), T.vector("v", dtype=kind)
    c, s = T.col("c", dtype=kind), T.scalar("s", dtype=kind)
    pool = [x, v, c, s]
    for _ in range(draw(st.integers(1, 12))):
        pick = st.sampled_from(pool)
        how = draw(st.integers(0, 7))
        a = draw(pick)
        if how <= 1:
            made = draw(st.sampled_from(UNARY))(T.clip(a, -2, 2))
        elif how <= 4:
            made = draw(st.sampled_from(BINARY))(a, draw(pick))
        elif how == 5 and a.ndim:
            made = a.sum(axis=draw(st.integers(0, a.ndim - 1)), keepdims=True)
            made = T.patternbroadcast(made, made.broadcastable)
        elif how == 6 and a.ndim == 2:
            made = T.dot(a, x.T * 0.1) if a.broadcastable == x.broadcastable else a.T.T
            made = T.dot(made, x) if made.ndim == 2 and a.broadcastable == (False, False) else a
        else:
            made = a.mean() + T.cast(s, kind)
        pool.append(made)
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    arrays = [
        rng.normal(size=shape).astype(kind) for shape in [(rows, columns), columns, (rows, 1), ()]
    ]
    outputs = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3))
    return [x, v, c, s], outputs, arrays


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_program_gives_what_numpy_gives(graph):
    inputs, outputs, arrays = graph
    fast, slow = both(inputs, outputs)
    same(fast(*arrays), slow(*arrays), 1e-3)
    same(fast(*arrays), slow(*arrays), 1e-3)


def test_shapes_may_change_from_call_to_call():
    x = T.dmatrix("x")
    f = theano.function([x], [x + x.sum(axis=0), x.mean()])
    for shape in [(2, 3), (4, 1), (2, 3), (0, 3), (1, 1), (300, 90), (2, 3)]:
        array = np.random.default_rng(0).normal(size=shape)
        with np.errstate(all="ignore"):
            expected = [array + array.sum(axis=0), array.sum() / np.float64(array.size)]
        same(f(array), [expected[0], np.asarray(expected[1])])


def test_updates_are_computed_from_old_values():
    a, b = theano.shared(np.arange(3.0), "a"), theano.shared(np.ones(3), "b")
    f = theano.function([], [a, a + b], updates=[(a, b), (b, a + b)])
    for _ in range(3):
        old_a, old_b = a.get_value(), b.get_value()
        same(f(), [old_a, old_a + old_b])
        same([a.get_value(), b.get_value()], [old_b, old_a + old_b])


def test_updates_that_read_each_other_in_loops():
    a, b = theano.shared(np.arange(3.0), "a"), theano.shared(np.ones(3), "b")
    f = theano.function([], updates=[(a, a * 2 + b), (b, b * 3 + a)])
    f()
    f()
    same([a.get_value(), b.get_value()], [[5.0, 10.0, 15.0], [10.0, 15.0, 20.0]])


def test_an_update_that_reads_its_variable_across():
    m = theano.shared(np.arange(9.0).reshape(3, 3), "m")
    f = theano.function([], updates=[(m, m + m.T + m[0])])
    expected = m.get_value() + m.get_value().T + m.get_value()[0]
    f()
    same([m.get_value()], [expected])


def test_an_update_from_a_part_of_the_variable():
    m, i = theano.shared(np.arange(6.0).reshape(3, 2), "m"), T.lscalar("i")
    f = theano.function([i], m[i], updates=[(m, m - m[i])])
    for at in (0, 2, 1):
        old = m.get_value()
        same([f(at)], [old[at]])
        same([m.get_value()], [old - old[at]])


def test_an_update_that_nobody_else_reads_is_in_place():
    w = theano.shared(np.ones(50_000, "float32"), "w")
    f = theano.function([], updates=[(w, w * 2 + 1)])
    f()
    storage = w.get_value(borrow=True)
    f()
    assert w.get_value(borrow=True) is storage
    assert program(f).program.arena_size == 0
    assert (storage == 7).all()


def test_an_update_may_change_the_shape():
    v = theano.shared(np.ones(2), "v")
    f = theano.function([], updates=[(v, T.concatenate([v, v + 1]))])
    f()
    f()
    same([v.get_value()], [[1.0, 1, 2, 2, 2, 2, 3, 3]])


def test_results_belong_to_the_caller():
    x, w = T.dvector("x"), theano.shared(np.zeros(3), "w")
    f = theano.function([x], [x, w, x + w, x + w], updates=[(w, w + x)])
    first = f(np.ones(3))
    kept = [a.copy() for a in first]
    for array in f(np.full(3, 5.0)):
        array[...] = -1
    same(first, kept)
    same([w.get_value()], [np.full(3, 6.0)])
    assert not any(np.may_share_memory(a, b) for a in first for b in first if a is not b)


@pytest.mark.parametrize("size", [3, 30_000])
def test_an_argument_may_be_the_memory_that_is_updated(size):
    x, w = T.dvector("x"), theano.shared(np.arange(float(size)), "w")
    f = theano.function([x], x[::-1].sum() + x, updates=[(w, w * 0 + x[::-1])])
    f(np.ones(size))
    w.set_value(np.arange(float(size)))
    f(w.get_value(borrow=True))
    same([w.get_value()], [np.arange(float(size))[::-1]])


@pytest.mark.parametrize("size", [4, 200])
def test_any_array_is_an_argument(size):
    x = T.dmatrix("x")
    f = theano.function([x], [x * 2 + 1, x.sum(axis=1)])
    whole = np.random.default_rng(0).normal(size=(size, size))
    locked = whole.copy()
    locked.flags.writeable = False
    unaligned = np.frombuffer(b" " + whole.tobytes(), "f8", offset=1).reshape(whole.shape)
    for array in (whole, whole.T, whole[::-1, ::-1], locked, unaligned, whole.copy("F")):
        same(f(array), [array * 2 + 1, array.sum(axis=1)])


def test_a_shared_variable_may_get_other_memory_or_another_shape():
    w = theano.shared(np.ones(3), "w")
    f = theano.function([], w * 2)
    f()
    w.storage = np.full(3, 4.0)
    same([f()], [np.full(3, 8.0)])
    w.set_value(np.full(2, 5.0))
    same([f()], [np.full(2, 10.0)])
    w.set_value(np.full(3, 6.0))
    same([f()], [np.full(3, 12.0)])


@pytest.mark.parametrize("late", [False, True])
def test_an_interrupt_while_memory_is_bound(late, monkeypatch):
    w = theano.shared(np.ones(3), "w")
    f = theano.function([], w * 2)
    f()
    recorded = program(f).program
    bind, old, new = recorded.bind, w.host, np.full(3, 4.0)

    def interrupted(arrays):
        if late:
            bind(arrays)
        raise KeyboardInterrupt

    w.storage = new
    with monkeypatch.context() as patch:
        patch.setattr(recorded, "bind", interrupted)
        with pytest.raises(KeyboardInterrupt):
            f()
    w.storage = old if late else new
    same([f()], [w.storage * 2])


def test_floats_keep_their_type_and_nan_stays():
    x = T.fvector("x")
    f = theano.function([x], [T.tanh(x) * 2, T.maximum(x, 0), x.sum(), T.exp(x), x.max()])
    for results in (f(np.array([np.nan, 1], "float32")) for _ in range(2)):
        assert all(a.dtype == "float32" for a in results)
        assert all(np.isnan(a).any() for a in results)


def test_a_large_result_is_written_where_it_stays():
    x = T.fvector("x")
    f = theano.function([x], T.exp(x) + 1)
    arrays = [np.full(20_000, n, "float32") for n in range(3)]
    for array, result in zip(arrays, [f(a) for a in arrays], strict=True):
        same([result], [np.exp(array) + 1])


@pytest.mark.parametrize("size", [4, 5000])
def test_minibatches_of_shared_data(size):
    data = np.random.default_rng(0).normal(size=(10, size)).astype("float32")
    labels = np.arange(10, dtype="int32")
    x, y, i = T.fmatrix("x"), T.ivector("y"), T.lscalar("i")
    xs, ys = theano.shared(data), theano.shared(labels)
    f = theano.function(
        [i], [x * 2, y.sum()], givens={x: xs[i * 3 : (i + 1) * 3], y: ys[i * 3 : (i + 1) * 3]}
    )
    for at in (0, 2, 1, 3):
        part = slice(at * 3, at * 3 + 3)
        same(f(at), [data[part] * 2, labels[part].sum(dtype="int64")])
    assert len(f._run.__self__._programs) == 2  # The last batch is smaller.


def mlp(mode):
    """A network and what is shared in it."""
    rng = np.random.default_rng(0)
    x, y = T.fmatrix("x"), T.ivector("y")
    shapes = [(6, 5), (5,), (5, 3), (3,)]
    w, b, v, c = (theano.shared(rng.normal(size=s).astype("float32")) for s in shapes)
    p = T.nnet.softmax(T.dot(T.tanh(T.dot(x, w) + b), v) + c)
    cost = -T.log(p)[T.arange(y.shape[0]), y].mean() + np.float32(0.01) * T.sqr(w).sum()
    errors = T.neq(T.argmax(p, axis=1), y).mean(dtype="float32")
    params = [w, b, v, c]
    updates = [
        (q, q - np.float32(0.1) * g) for q, g in zip(params, theano.grad(cost, params), strict=True)
    ]
    return theano.function([x, y], [cost, errors, p.max()], updates=updates, mode=mode), params


def test_a_network_trains_in_kernels_alone():
    rng = np.random.default_rng(1)
    (fast, ours), (slow, theirs) = mlp("FAST_RUN"), mlp("FAST_COMPILE")
    for _ in range(4):
        x = rng.normal(size=(8, 6)).astype("float32")
        y = rng.integers(0, 3, 8).astype("int32")
        same(fast(x, y), slow(x, y))
    same(*([p.get_value() for p in params] for params in (ours, theirs)))
    assert program(fast).program.native


def test_an_index_beyond_the_end_changes_nothing():
    train, params = mlp("FAST_RUN")
    x, y = np.ones((2, 6), "float32"), np.array([0, 2], "int32")
    train(x, y)
    old = [p.get_value() for p in params]
    with pytest.raises(IndexError):
        train(x, y + 1)
    same([p.get_value() for p in params], old, 0)
    train(x, np.array([-1, -3], "int32"))


def test_what_has_no_kernel_is_done_in_python():
    x, w = T.dmatrix("x"), theano.shared(np.ones(4), "w")
    total = T.cumsum(x * w, axis=0)
    fast, slow = both([x], [total[::-1], T.sort(T.exp(total), axis=1) * 2, x.T.prod(axis=1)])
    for rows in (3, 2):
        array = np.random.default_rng(rows).normal(size=(rows, 4))
        same(fast(array), slow(array))
    w.storage = np.full(4, 2.0)
    same(fast(array), slow(array))
    assert not next(iter(fast._run.__self__._programs.values())).program.native


def test_shapes_that_depend_on_values():
    x, w = T.dvector("x"), theano.shared(0.0, "w")
    f = theano.function([x], x[(x > 0).nonzero()] * 2, updates=[(w, w + 1)])
    for array in ([1, -1, 2], [1, 1, 1], [-1, 3, 5], [-1.0, -1, -1]):
        same([f(array)], [[2.0 * n for n in array if n > 0]])
    assert w.get_value() == 4


def test_numbers_that_decide_about_shapes():
    n = T.lscalar("n")
    f = theano.function([n], T.zeros((n, 2)) + T.arange(n * 2).reshape((n, 2)))
    for size in (3, 1, 40):
        same([f(size)], [np.arange(size * 2.0).reshape(size, 2)])
    for size in range(50):
        assert f(size).shape == (size, 2)


def test_a_function_in_two_threads():
    x = T.dvector("x")
    f = theano.function([x], T.exp(x) * x.sum())
    wrong = []

    def work(n):
        array = np.full(100, float(n))
        expected = np.exp(array) * array.sum()
        wrong.extend(None for _ in range(200) if not np.allclose(f(array), expected))

    threads = [threading.Thread(target=work, args=(n,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_calls_take_no_memory():
    x, w = T.dvector("x"), theano.shared(np.zeros(4), "w")
    f = theano.function([x], (x * w).sum(), updates=[(w, w + x)])
    one = np.ones(4)
    f(one)
    tracemalloc.start()
    for _ in range(10):
        f(one)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(10_000):
        f(one)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 2000
    assert w.get_value()[0] == 10_011


def test_fast_run_is_native():
    x = T.dscalar("x")
    assert isinstance(theano.function([x], x + 1)._run.__self__, Native)
    assert not isinstance(theano.function([x], x, mode="FAST_COMPILE")._run.__self__, Native)
