"""Functions of nnkit.symbolic on a device, against those on the CPU, with the CPU's kernels."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.engine.cuda import program
from nnkit.engine.references import root
from nnkit.errors import DeviceError
from nnkit.symbolic.tensor.shared_randomstreams import RandomStreams

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5)).astype(np.float32)
Y = RNG.integers(0, 3, 60).astype(np.int32)
SIZE = 12


@pytest.fixture(autouse=True)
def _float32(one_thread):
    theano.config.floatX = "float32"
    yield
    theano.config.floatX = "float64"


def network():
    """A function that trains on slices of shared data, one that evaluates, and the weights."""
    data, labels = theano.shared(X, "data"), theano.shared(Y, "labels")
    rng = np.random.default_rng(1)
    weights = [
        theano.shared(rng.normal(size=(5, 4)).astype("float32"), "W"),
        theano.shared(np.zeros(4, "float32"), "b"),
        theano.shared(rng.normal(size=(4, 3)).astype("float32"), "V"),
    ]
    x, y, index = T.matrix("x"), T.ivector("y"), T.lscalar("index")
    hidden = T.tanh(T.dot(x, weights[0]) + weights[1])
    logp = T.nnet.logsoftmax(T.dot(hidden, weights[2]))
    cost = -T.mean(logp[T.arange(y.shape[0]), y])
    errors = T.mean(T.neq(T.argmax(logp, axis=1), y))
    gradients = T.grad(cost, weights)
    batch = {x: data[index * SIZE : (index + 1) * SIZE], y: labels[index * SIZE :][:SIZE]}
    updates = [(w, w - np.float32(0.1) * g) for w, g in zip(weights, gradients, strict=True)]
    train = theano.function([index], cost, updates=updates, givens=batch)
    return train, theano.function([x, y], [cost, errors, hidden]), weights


def test_the_cpu_needs_no_cuda():
    code = (
        "import sys, nnkit.symbolic as s; x = s.tensor.vector(); s.function([x], x.sum())([1.0]);"
        "print('nnkit.kernels.cuda' in sys.modules)"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert made.stdout == "False\n", made.stderr


def epoch(train):
    return [train(i) for i in range(len(X) // SIZE)]


def test_training_equals_the_cpu_bit_for_bit(gpu, use):
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        train, evaluate, weights = network()
        outcome = [*epoch(train), *epoch(train), *evaluate(X[:7], Y[:7]), *evaluate(X, Y)]
        outcomes.append([*outcome, *(w.get_value() for w in weights)])
    assert gpu.log.count("replay") > 5
    for mine, theirs in zip(*outcomes, strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("missing", ["fused", "pick", "matmul"])
def test_kernels_without_twins_run_on_the_host(missing, gpu, use, monkeypatch):
    """They read arguments, slices of data and weights, and write weights."""
    monkeypatch.setattr(program, "has_cuda_twin", lambda kernel: kernel.name != missing)
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        train, evaluate, weights = network()
        outcome = [*epoch(train), *evaluate(X[:7], Y[:7]), *epoch(train), *evaluate(X[:7], Y[:7])]
        outcomes.append([*outcome, *(w.get_value() for w in weights)])
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_view_by_as_strided_belongs_to_its_array():
    x = np.zeros((4, 6))
    assert root(as_strided(x[1:], (2, 2), (8, 16))) is x
    assert root(as_strided(as_strided(x, (3,), (8,))[1:], (1,), (8,))) is x


def test_weights_stay_on_the_device_and_so_does_the_data(gpu):
    train, _, weights = network()
    epoch(train)
    stale = weights[0].host.copy()
    gpu.log.clear()
    train(0)
    assert gpu.log.count("upload") == 0  # Not even of the batch: it is a slice.
    assert gpu.log.count("download") == 1  # The cost.
    np.testing.assert_array_equal(weights[0].host, stale)
    assert (weights[0].get_value() != stale).any()


def test_values_may_be_read_and_set_between_calls(gpu, use):
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        train, evaluate, (w, b, v) = network()
        epoch(train)
        w.set_value(w.get_value() * 2)
        seen = [train(0), b.get_value()]
        v.set_value(np.float32(0.5) * v.get_value(borrow=True), borrow=True)
        borrowed = v.get_value(borrow=True)
        borrowed += 1
        v.set_value(borrowed, borrow=True)
        seen += [train(1), v.get_value(), *evaluate(X, Y)]
        outcomes.append(seen)
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_there_and_back(gpu, use):
    """The same functions on one device and the other in turn."""
    outcomes = []
    for devices in (["cpu"] * 4, ["cuda:0", "cpu", "cuda:0", "cpu"]):
        use("cpu")
        train, evaluate, weights = network()
        seen = []
        for device in devices:
            use(device)
            seen += [*epoch(train), *evaluate(X, Y), weights[1].get_value()]
        outcomes.append(seen)
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_new_shapes(gpu, use):
    """Of arguments and of a shared variable, there and back."""
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        w, x = theano.shared(np.ones((2, 3), np.float32), "w"), T.matrix("x")
        f = theano.function([x], T.exp(x) + w.sum(axis=0), updates=[(w, w * 2)])
        seen = [f(X[:4, :3]), f(X[:9, :3])]
        for rows in (5, 2, 5):
            w.set_value(np.full((rows, 3), rows, np.float32))
            seen += [f(X[:4, :3]), w.get_value(), f(X[3:7, 1:4])]
        outcomes.append(seen)
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_operations_without_kernels_run_on_the_host(gpu, use):
    """Random numbers, whose state is updated, a sort and a scan, between kernels."""
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        x, w = T.matrix("x"), theano.shared(np.ones(5, np.float32), "w")
        noise = RandomStreams(3).normal(x.shape, dtype="float32")
        total, _ = theano.scan(lambda row, before: before * 0.5 + row, x, T.zeros_like(w))
        mixed = T.tanh(T.sort(x + noise, axis=1) * w) + total[-1]
        f = theano.function([x], mixed, updates=[(w, w + mixed.sum(axis=0))])
        outcomes.append([f(X[:6]), f(X[:6]), f(X[:4]), w.get_value()])
    assert (outcomes[0][0] != outcomes[0][1]).any()
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_gradient_of_a_scan_reads_its_input_backwards(gpu, use):
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        x = T.matrix("x")
        states, _ = theano.scan(lambda row, h: T.tanh(row + h), x, T.zeros((5,)))
        outcomes.append(theano.function([x], T.grad(states.sum(), x))(X[:4]))
    np.testing.assert_array_equal(*outcomes)


def test_a_borrowed_array_as_an_argument(gpu):
    """It is taken as it is now."""
    w = theano.shared(np.ones(3, np.float32), "w", borrow=True)
    x = T.vector("x")
    f = theano.function([x], x + w, updates=[(w, w + 1)])
    f(np.zeros(3, np.float32))
    borrowed = w.get_value(borrow=True)
    borrowed[...] = 10
    np.testing.assert_array_equal(f(borrowed), [12, 12, 12])


def test_indices_out_of_bounds_change_nothing(gpu):
    w, i = theano.shared(np.ones((3, 2), np.float32), "w"), T.lvector("i")
    f = theano.function([i], w[i].sum(), updates=[(w, w + 1)])
    f(np.array([0, 1]))
    before = w.get_value()
    with pytest.raises(IndexError):
        f(np.array([0, 3]))
    np.testing.assert_array_equal(w.get_value(), before)


def test_a_kernel_that_fails_is_named(gpu):
    train, _, weights = network()
    before = [w.get_value() for w in weights]
    gpu.failing.add("matmul")
    with pytest.raises(DeviceError, match="kernel matmul failed"):
        train(0)
    for w, old in zip(weights, before, strict=True):
        np.testing.assert_array_equal(w.get_value(), old)


def test_in_debug_mode(gpu):
    w, x = theano.shared(np.float32(2), "w"), T.vector("x")
    f = theano.function([x], x * w, updates=[(w, w + 1)], mode="DebugMode")
    np.testing.assert_array_equal(f(np.ones(2, np.float32)), [2, 2])
    np.testing.assert_array_equal(f(np.ones(2, np.float32)), [3, 3])
    assert w.get_value() == 3 + 1
