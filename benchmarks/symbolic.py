"""Symbolic programs: the same text for nnkit and for PyTensor, and numexpr where it can do it."""

import importlib
import importlib.util
import time
from contextlib import ExitStack
from functools import partial

import numpy as np

from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, repeats, spread, times
from benchmarks.worker import Worker

# How many times as fast as its peers nnkit is to be.
_TARGETS = {"four weights": 4.0, "MNIST, batch 500": 2.0, "ten operations, 10^7": 1.0}
_CHAIN = "tanh(x*2+1)*exp(-x*x)+abs(x-0.5)/(1+x*x)"  # Ten operations and a few constants.


class Programs:
    """In a worker: the programs of one library."""

    def __init__(self, library):
        self.calls = getattr(self, f"_{library}")()

    def run(self, name, count):
        """Seconds of a call, or None if the library can't do it."""
        if name not in self.calls:
            return None
        call = self.calls[name]
        started = time.perf_counter()
        for i in range(count):
            call(i)
        return (time.perf_counter() - started) / count

    def _nnkit(self):
        theano = importlib.import_module("nnkit.symbolic")
        tensor = importlib.import_module("nnkit.symbolic.tensor")
        return programs(theano, tensor, tensor.nnet.softmax)

    def _pytensor(self):
        theano = importlib.import_module("pytensor")
        tensor = importlib.import_module("pytensor.tensor")
        return programs(theano, tensor, lambda x: tensor.special.softmax(x, axis=-1))

    def _numexpr(self):
        numexpr = importlib.import_module("numexpr")
        x = np.linspace(-2, 2, 10**7, dtype="float32")
        two, one, half = np.float32(2), np.float32(1), np.float32(0.5)
        text = _CHAIN.replace("x*2+1", "x*two+one").replace("0.5", "half").replace("(1+", "(one+")
        names = {"x": x, "two": two, "one": one, "half": half}
        return {"ten operations, 10^7": lambda i: numexpr.evaluate(text, names)}

    def _copy(self):
        x = np.linspace(-2, 2, 10**7, dtype="float32")
        return {"ten operations, 10^7": lambda i: x.copy()}


def programs(theano, tensor, softmax):
    """What is measured, as it is written for Theano."""
    rng = np.random.default_rng(0)
    weights = theano.shared(np.array([0.1, 0.25, 0.15, 0.3]), "weights")
    features = theano.shared(np.ones(4), "features")
    output = (features * weights).sum()
    cost = (100.0 - output) ** 2
    update = weights - 0.1 * theano.grad(cost, weights)
    four = theano.function([], output, updates=[(weights, update)])

    x, y, i = tensor.fmatrix("x"), tensor.ivector("y"), tensor.lscalar("i")
    shapes = [(784, 500), (500,), (500, 10), (10,)]
    w, b, v, c = params = [
        theano.shared((0.05 * rng.normal(size=shape)).astype("float32")) for shape in shapes
    ]
    p = softmax(tensor.dot(tensor.tanh(tensor.dot(x, w) + b), v) + c)
    cost = -tensor.mean(tensor.log(p)[tensor.arange(y.shape[0]), y])
    gradients = theano.grad(cost, params)
    rate = np.float32(0.1)
    xs = theano.shared(rng.random((5000, 784), "float32"))
    ys = theano.shared(rng.integers(0, 10, 5000).astype("int32"))
    batch = slice(i * 500, (i + 1) * 500)
    train = theano.function(
        [i],
        cost,
        updates=[(q, q - rate * g) for q, g in zip(params, gradients, strict=True)],
        givens={x: xs[batch], y: ys[batch]},
    )

    z = tensor.fvector("z")
    chain = tensor.tanh(z * np.float32(2) + np.float32(1)) * tensor.exp(-z * z)
    chain += abs(z - np.float32(0.5)) / (np.float32(1) + z * z)
    ten = theano.function([z], chain)
    many = np.linspace(-2, 2, 10**7, dtype="float32")
    return {
        "four weights": lambda i: four(),
        "MNIST, batch 500": lambda i: train(i % 10),
        "ten operations, 10^7": lambda i: ten(many),
    }


def run(report, pace):
    """A table of all programs and libraries."""
    found = [n for n in ("pytensor", "numexpr") if importlib.util.find_spec(n)]
    rows, data = [], {}
    with ExitStack() as stack:
        workers = {
            n: stack.enter_context(Worker("benchmarks.symbolic:Programs", n))
            for n in ("nnkit", "copy", *found)
        }
        for program, target in _TARGETS.items():
            seconds = {n: w.call("run", program, 3) for n, w in workers.items()}
            able = [n for n, s in seconds.items() if s is not None]
            counts = {n: repeats(workers[n].call("run", program, 3), pace.seconds) for n in able}
            turns = {n: partial(workers[n].call, "run", program, counts[n]) for n in able}
            results = in_turn(turns, pace.rounds)
            data[program] = results
            for name, theirs in results.items():
                ratio = times(theirs, results["nnkit"])
                goal = None if name in ("nnkit", "copy") else target
                microseconds = [1e6 * s for s in theirs]
                row = [program, name, f"{ratio:.2f}", *verdict(ratio, goal)]
                rows.append([*row, *spread(microseconds, 1)])
    columns = ["", "library", "times nnkit", "target", "reached", "us a call", "least-most"]
    report.add(Table("Symbolic programs", columns, rows, data))
