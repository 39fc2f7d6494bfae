"""Symbolic programs: the same text for nnkit and for PyTensor, and numexpr where it can do it."""

import importlib
import importlib.util
import time
from contextlib import ExitStack
from functools import partial
from statistics import median

import numpy as np

from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, repeats, spread, times
from benchmarks.worker import Worker

_FOUR, _MNIST, _TEN = "four weights", "MNIST, batch 500", "ten operations, 10^7"
_COMPILE = f"{_FOUR}, compile"
# Issue 4's goals. Of nnkit: microseconds at most. Of others: how many times as long they take, at
# least; Sequential's training by fit is to be the same, within 1.15 times either way.
_MOST = {_FOUR: 4.0, _COMPILE: 300_000.0}
_LEAST = {
    (_MNIST, "PyTensor C"): 2.0,
    (_MNIST, "PyTensor Numba"): 2.0,
    (_TEN, "copy"): 0.77,  # nnkit within 1.3 times a copy.
    (_TEN, "numexpr"): 1.0,
    (_TEN, "PyTensor C"): 1.0,
    (_TEN, "PyTensor Numba"): 1.0,
}
_EITHER_WAY = {(_MNIST, "Sequential"): 1.15}
_CHAIN = "tanh(x*2+1)*exp(-x*x)+abs(x-0.5)/(1+x*x)"  # Ten operations and a few constants.


class Programs:
    """In a worker: the programs of one library.

    Each is a function of how often it is called, about; it returns how often it was.
    """

    def __init__(self, library):
        self.programs = getattr(self, f"_{library.replace(' ', '_').lower()}")()

    def run(self, name, count):
        """Seconds of a call, or None if the library can't do it."""
        if name not in self.programs:
            return None
        started = time.perf_counter()
        done = self.programs[name](count)
        return (time.perf_counter() - started) / done

    def compiled(self):
        """Seconds of the first function, its first call included."""
        return self.seconds

    def _nnkit(self):
        importlib.import_module("numba")  # What PyTensor has imported by now, too.
        theano = importlib.import_module("nnkit.symbolic")
        tensor = importlib.import_module("nnkit.symbolic.tensor")
        return self._theano(theano, tensor, tensor.nnet.softmax)

    def _pytensor_c(self):
        return self._pytensor("CVM")

    def _pytensor_numba(self):
        return self._pytensor("NUMBA")

    def _pytensor(self, mode):
        theano = importlib.import_module("pytensor")
        tensor = importlib.import_module("pytensor.tensor")
        return self._theano(theano, tensor, partial(tensor.special.softmax, axis=-1), mode)

    def _theano(self, theano, tensor, softmax, mode=None):
        started = time.perf_counter()
        four = four_weights(theano, mode)
        four()
        self.seconds = time.perf_counter() - started
        train, chain = mnist(theano, tensor, softmax, mode), ten(theano, tensor, mode)
        calls = {_FOUR: lambda i: four(), _MNIST: lambda i: train(i % 10), _TEN: lambda i: chain()}
        return {name: partial(_repeat, call) for name, call in calls.items()}

    def _sequential(self):
        nnkit = importlib.import_module("nnkit")
        layers = [nnkit.layers.Dense(500, activation="tanh")]
        layers += [nnkit.layers.Dense(10, activation="softmax")]
        model = nnkit.Sequential(layers)
        model.compile(nnkit.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        given = {"batch_size": 500, "shuffle": False, "verbose": 0}
        x, y = digits()

        def fit(count):
            epochs = max(1, round(count / 10))
            model.fit(x, y, epochs=epochs, **given)
            return 10 * epochs

        return {_MNIST: fit}

    def _numexpr(self):
        numexpr = importlib.import_module("numexpr")
        x = np.linspace(-2, 2, 10**7, dtype="float32")
        two, one, half = np.float32(2), np.float32(1), np.float32(0.5)
        text = _CHAIN.replace("x*2+1", "x*two+one").replace("0.5", "half").replace("(1+", "(one+")
        names = {"x": x, "two": two, "one": one, "half": half}
        return {_TEN: partial(_repeat, lambda i: numexpr.evaluate(text, names))}

    def _copy(self):
        x = np.linspace(-2, 2, 10**7, dtype="float32")
        return {_TEN: partial(_repeat, lambda i: x.copy())}


def _repeat(call, count):
    for i in range(count):
        call(i)
    return count


# What is measured, as it is written for Theano.


def four_weights(theano, mode):
    """The cost of a sum of weights falls by gradient descent."""
    weights = theano.shared(np.array([0.1, 0.25, 0.15, 0.3]), "weights")
    features = theano.shared(np.ones(4), "features")
    output = (features * weights).sum()
    cost = (100.0 - output) ** 2
    update = weights - 0.1 * theano.grad(cost, weights)
    return theano.function([], output, updates=[(weights, update)], mode=mode)


def digits():
    """As many pictures and labels as ten batches of MNIST."""
    rng = np.random.default_rng(0)
    return rng.random((5000, 784), "float32"), rng.integers(0, 10, 5000).astype("int32")


def mnist(theano, tensor, softmax, mode):
    """A step of the tanh and softmax network, for the number of a batch."""
    rng = np.random.default_rng(0)
    x, y, i = tensor.fmatrix("x"), tensor.ivector("y"), tensor.lscalar("i")
    shapes = [(784, 500), (500,), (500, 10), (10,)]
    w, b, v, c = params = [
        theano.shared((0.05 * rng.normal(size=shape)).astype("float32")) for shape in shapes
    ]
    p = softmax(tensor.dot(tensor.tanh(tensor.dot(x, w) + b), v) + c)
    cost = -tensor.mean(tensor.log(p)[tensor.arange(y.shape[0]), y])
    gradients = theano.grad(cost, params)
    rate = np.float32(0.1)
    xs, ys = map(theano.shared, digits())
    batch = slice(i * 500, (i + 1) * 500)
    return theano.function(
        [i],
        cost,
        updates=[(q, q - rate * g) for q, g in zip(params, gradients, strict=True)],
        givens={x: xs[batch], y: ys[batch]},
        mode=mode,
    )


def ten(theano, tensor, mode):
    """A chain of ten elementwise operations on 10^7 numbers."""
    z = tensor.fvector("z")
    chain = tensor.tanh(z * np.float32(2) + np.float32(1)) * tensor.exp(-z * z)
    chain += abs(z - np.float32(0.5)) / (np.float32(1) + z * z)
    function = theano.function([z], chain, mode=mode)
    return partial(function, np.linspace(-2, 2, 10**7, dtype="float32"))


def run(report, pace):
    """A table of all programs and libraries."""
    libraries = ["nnkit", "Sequential", "copy"]
    libraries += ["numexpr"] if importlib.util.find_spec("numexpr") else []
    theanos = ["PyTensor C", "PyTensor Numba"] if importlib.util.find_spec("pytensor") else []
    with Worker("benchmarks.symbolic:Programs", "nnkit") as first:  # Its kernels stay on disk.
        first.call("compiled")
    rows, data = [], {}
    with ExitStack() as stack:
        workers = {
            n: stack.enter_context(Worker("benchmarks.symbolic:Programs", n))
            for n in [*libraries, *theanos]
        }
        compiled = {n: [workers[n].call("compiled")] for n in ["nnkit", *theanos]}
        _add(rows, data, _COMPILE, compiled)
        for program in (_FOUR, _MNIST, _TEN):
            seconds = {n: w.call("run", program, 3) for n, w in workers.items()}
            able = [n for n, s in seconds.items() if s is not None]
            counts = {n: repeats(workers[n].call("run", program, 3), pace.seconds) for n in able}
            turns = {n: partial(workers[n].call, "run", program, counts[n]) for n in able}
            _add(rows, data, program, in_turn(turns, pace.rounds))
    columns = ["", "library", "us a call", "least-most", "times nnkit", "target", "reached"]
    note = (
        "nnkit's own targets are microseconds, those of others times nnkit. Compile: function() "
        "and the first call in a fresh process, with the code of earlier ones on disk."
    )
    report.add(Table("Symbolic programs", columns, rows, data, note))


def _add(rows, data, program, results):
    """The rows of one program, and what was measured."""
    data[program] = results
    for name, seconds in results.items():
        ratio = times(seconds, results["nnkit"])
        target = verdict(0, None)
        if name == "nnkit" and program in _MOST:
            target = verdict(1e6 * median(seconds), _MOST[program], True)
        if (program, name) in _LEAST:
            target = verdict(ratio, _LEAST[program, name])
        if (program, name) in _EITHER_WAY:
            target = verdict(max(ratio, 1 / ratio), _EITHER_WAY[program, name], True)
        microseconds = spread([1e6 * s for s in seconds], 1)
        rows.append([program, name, *microseconds, f"{ratio:.2f}", *target])
