"""Operations with kernels of their own, in native programs, against NumPy."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit import config
from nnkit.symbolic.run.passes import Passes
from nnkit.symbolic.tensor.shared_randomstreams import RandomStreams
from tests.symbolic.checks import both, program, same


def natively(inputs, outputs, *calls, tolerance=1e-6):
    """The same as NumPy, without a stop in Python."""
    fast, slow = both(inputs, outputs)
    for arrays in calls:
        same(fast(*arrays), slow(*arrays), tolerance)
    for made in fast._run.__self__._programs.values():
        assert made.program.native
    return fast


@pytest.mark.parametrize("index", ["int32", "int64"])
@pytest.mark.parametrize("shape", [(7,), (7, 3), (7, 2, 3), (1, 1)])
def test_rows_and_their_gradient(shape, index):
    rng = np.random.default_rng(0)
    w, i = T.TensorType("float32", [False] * len(shape))("w"), T.vector("i", dtype=index)
    part = w[i]
    gradient = T.grad(T.sqr(part).sum(), w)
    array = rng.normal(size=shape).astype("float32")
    calls = [(array, rng.integers(-n, n, n + 3).astype(index)) for n in (1, min(7, len(array)))]
    f = natively([w, i], [part, gradient], *calls)
    with pytest.raises(IndexError):
        f(array, np.array([len(array)], index))


def test_rows_by_a_matrix_of_indices():
    w, i = T.fmatrix("w"), T.lmatrix("i")
    part = w[i]
    natively(
        [w, i],
        [part, T.grad(T.exp(part).sum(), w), T.set_subtensor(part, 5), T.inc_subtensor(part, 5)],
        (np.arange(12.0, dtype="float32").reshape(4, 3), np.array([[0, 1], [3, 0], [0, 0]])),
    )


def test_many_rows_are_shared_by_workers():
    rng = np.random.default_rng(0)
    w, i = T.fmatrix("w"), T.ivector("i")
    array, rows = rng.normal(size=(3000, 50)), rng.integers(0, 3000, 20_000)
    calls = [(array.astype("float32"), rows.astype("int32"))]
    part = w[i]
    f = natively([w, i], [part, T.grad(T.sqr(part).sum(), w)], *calls, tolerance=1e-4)
    assert program(f).program.workers == min(2, config.num_threads())


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_join_and_its_gradient(axis):
    rng = np.random.default_rng(0)
    sizes = [[2, 3, 4] for _ in range(3)]
    for size, n in zip(sizes, (1, 5, 2), strict=True):
        size[axis] = n
    inputs = [T.dtensor3(), T.ftensor3(), T.dtensor3()]
    made = T.concatenate([inputs[0], inputs[1] * 2, inputs[2].transpose(0, 1, 2)], axis)
    arrays = [rng.normal(size=s).astype(x.dtype) for s, x in zip(sizes, inputs, strict=True)]
    natively(inputs, [made * 2, *T.grad(T.sqr(made).sum(), inputs)], arrays)


def test_a_stack_is_updated_in_place():
    a, b = theano.shared(np.arange(3.0), "a"), theano.shared(np.zeros((2, 3)), "b")
    f = theano.function([], updates=[(b, T.stack([a, b[0] + a])), (a, a + 1)])
    f()
    f()
    same([a.get_value(), b.get_value()], [[2.0, 3, 4], [[1.0, 2, 3], [1, 3, 5]]])


def test_values_that_fill_a_shape():
    x, n = T.fvector("x"), T.lscalar("n")
    outputs = [
        T.zeros((2, n)) + T.ones((n,)),
        T.alloc(x, 3, x.shape[0]) * 2,
        T.grad(T.sqr(T.alloc(x, n, x.shape[0])).sum(), x),
        T.alloc(x.sum(), n),
    ]
    array = np.array([1, 2], "float32")
    natively([x, n], outputs, (array, 3), (array, 1), (array[:1], 4))


def test_a_shared_variable_spread_into_itself():
    w = theano.shared(np.arange(3.0), "w")
    f = theano.function([], updates=[(w, T.alloc(w[:1], 3) + w)])
    f()
    same([w.get_value()], [[0.0, 1, 2]])
    m = theano.shared(np.arange(4.0).reshape(2, 2), "m")
    f = theano.function([], updates=[(m, T.alloc(m[1], 2, 2) + m)])
    f()
    same([m.get_value()], [[[2.0, 4], [4, 6]]])


@pytest.mark.parametrize("axis", [None, 0, 1, 2, (0, 2), (1, 2)])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_reductions(axis, dtype):
    rng = np.random.default_rng(0)
    x = T.tensor3("x", dtype=dtype)
    array = rng.integers(-3, 4, (3, 4, 5)).astype(dtype)
    outputs = [x.max(axis=axis), x.min(axis=axis), x.prod(axis=axis)]
    outputs += [T.all(x > -3, axis=axis), T.any(x > 2, axis=axis)]
    if not isinstance(axis, tuple):
        outputs += [x.argmax(axis=axis), x.argmin(axis=axis)]
    calls = [(array,)]
    if dtype == "float32":
        bad = array.copy()
        bad[1, 2, 3] = np.nan
        calls.append((bad,))
    natively([x], outputs, *calls)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
def test_powers(dtype):
    x = T.vector("x", dtype=dtype)
    array = np.array([-3, -1, 0, 1, 2, 5], dtype)
    natively([x], [x**n for n in (1, 2, 3, 7, 8)], (array,))


@pytest.mark.parametrize("replace", [True, False])
def test_parts_that_change(replace):
    change = T.set_subtensor if replace else T.inc_subtensor
    x, y = T.dmatrix("x"), T.dvector("y")
    outputs = [
        change(x[1:], 2.0),
        change(x[:, 1], y),
        change(x[::-1, ::2], y[:1]),
        change((x * 2)[0], y[0]),
        T.grad(T.sqr(x[1:, ::-1]).sum(), x),
        x[::-1, ::-1],
    ]
    array = np.arange(9.0).reshape(3, 3)
    natively([x, y], outputs, (array, array[0] + 5))


@pytest.mark.parametrize("replace", [True, False])
def test_rows_that_all_become_the_same(replace):
    change = T.set_subtensor if replace else T.inc_subtensor
    x, y, i = T.dmatrix("x"), T.dvector("y"), T.lvector("i")
    changed = change(x[i], y)
    outputs = [changed, change(x[i], y[0]), T.grad(T.sqr(changed).sum(), y)]
    array = np.arange(12.0).reshape(4, 3)
    natively([x, y, i], outputs, (array, array[0] + 5, np.array([2, 0])))


def test_a_part_of_a_shared_variable_changes():
    w, i = theano.shared(np.zeros((4, 3)), "w"), T.lvector("i")
    f = theano.function([i], updates=[(w, T.inc_subtensor(w[i], 1))])
    f([1, 1])
    f([-1])
    same([w.get_value()[:, 0]], [[0.0, 2, 0, 1]])
    f = theano.function([], updates=[(w, T.set_subtensor(w[::-1], w))])
    f()
    same([w.get_value()[:, 0]], [[1.0, 0, 2, 0]])


def test_a_shape_that_is_computed():
    x, z = T.lvector("x"), T.dvector("z")
    f = theano.function([x, z], z.reshape((x.max(), x.min())))
    for sizes in ([2, 3], [1, 6], [3, 2]):
        assert f(sizes, np.arange(6.0)).shape == (max(sizes), min(sizes))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_numbers(dtype):
    x = T.matrix("x", dtype=dtype)
    found = []
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        streams = RandomStreams(7)
        drawn = [
            streams.uniform(x.shape, dtype=dtype),
            streams.normal(x.shape, 1.0, 2.0, dtype=dtype),
            streams.binomial((3, 5), p=0.3, dtype="int8"),
            streams.binomial(x.shape, p=T.nnet.sigmoid(x), dtype=dtype),
            streams.uniform((), dtype=dtype),
        ]
        f = theano.function([x], drawn, mode=mode)
        array = np.zeros((4, 7), dtype)
        found.append([a for _ in range(3) for a in f(array)])
        if mode == "FAST_RUN":
            assert program(f).program.native
    for a, b in zip(*found, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(found[0][0], found[0][5])


def test_random_numbers_do_not_depend_on_workers():
    x = T.fmatrix("x")
    mask = RandomStreams(3).binomial(x.shape, p=0.5, dtype="float32")
    f = theano.function([x], [x * mask, mask.sum()], no_default_updates=True)
    array = np.ones((700, 1001), "float32")
    found, count = f(array)
    assert program(f).program.workers == min(2, config.num_threads())
    alone = theano.function([x], mask, no_default_updates=True, mode="FAST_COMPILE")
    np.testing.assert_array_equal(found, alone(array))
    assert abs(count / found.size - 0.5) < 0.005


def test_constants_without_elements():
    x, none = T.dvector("x"), np.zeros(0)
    outputs = [T.concatenate([x, none, x]), T.inc_subtensor(x[none.astype(int)], 1), x.sum()]
    natively([x], outputs, (np.ones(3),))
    f = theano.function([x], [x.sum(), T.concatenate([x, none])])
    same(f(none), [np.zeros(()), none])


def test_what_has_been_changed_is_not_kept_for_the_backward_pass():
    x, dy = T.dmatrix("x"), T.dmatrix("dy")
    y = T.inc_subtensor(T.tanh(x)[1:], 1.0)
    passes = Passes([x], y, dy, {0: T.grad(None, x, known_grads={y: dy})}, [(3, 2)])
    array, ones = np.arange(6.0).reshape(3, 2), np.ones((3, 2))
    _, *kept = passes.forward([array], True)
    (dx,) = passes.backward([array], kept, ones, {0: None})
    np.testing.assert_allclose(dx, 1 - np.tanh(array) ** 2)


def test_workers_wait_for_what_is_read_backwards():
    x = T.fvector("x")
    y = T.exp(x)
    f = theano.function([x], [y, y[::-1] + x])
    array = np.random.default_rng(0).random(1_000_001, "float32")
    for _ in range(3):
        same(f(array), [np.exp(array), np.exp(array)[::-1] + array])
    assert program(f).program.workers == min(2, config.num_threads())
