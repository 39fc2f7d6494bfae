"""The same training in two ways that must agree: bit for bit, or but for rounding."""

import importlib.util
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import numpy as np

import nnkit
import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from benchmarks.gpu.cases import TINY, Case
from benchmarks.peers.nnkit_ import Nnkit, NnkitBytes
from nnkit import ops
from nnkit.engine.cuda.options import options
from nnkit.engine.cuda.small_stretch import SmallStretch
from nnkit.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Embedding,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    Lambda,
    LayerNormalization,
    MaxPooling2D,
    Softmax,
)
from nnkit.training import loops

# Of the norm of all weights together.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Trainings:
    """What is trained.

    Parameters
    ----------
    wide : Case
        Two hidden layers: the general graph.
    small : Case
        One hidden layer: the fused kernels, for one epoch.
    epochs : int
        Of the other.
    """

    wide: Case
    small: Case
    epochs: int


# 200 steps each; or as few as show anything.
FULL = Trainings(
    wide=Case((64, 32), "tanh", 32, "Adam", 1600),
    small=Case((128,), "relu", 32, "Adam", 6400),
    epochs=4,
)
SHORT = Trainings(wide=replace(TINY, hidden=(3, 4), activation="tanh"), small=TINY, epochs=2)


class NnkitDropout(Nnkit):
    """With half of the inputs dropped."""

    def __init__(self, case, weights):
        self.first = (nnkit.layers.Dropout(0.5, seed=1),)
        super().__init__(case, weights)


class Agreement:
    """An item a pair of ways."""

    def __init__(self, short):
        self.trainings = SHORT if short else FULL
        loops._WAKE_SECONDS = 3600  # Also a slow device does many steps in one call.

    def items(self):
        return list(_CHECKS)

    def measure(self, name):
        return _CHECKS[name](self.trainings)


@contextmanager
def _switched(**switches):
    """Within the block, these options of the engine."""
    before = {name: getattr(options, name) for name in switches}
    for name, value in switches.items():
        setattr(options, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(options, name, value)


def _trained(case, epochs, device="cuda", adapter=Nnkit, callbacks=(), **switches):
    """A model after some epochs."""
    with nnkit.device(device), _switched(**switches):
        subject = adapter(case, case.weights())
        subject.load(*case.data())
        subject.train(range(epochs), callbacks=callbacks)
        subject.weights()
    return subject


def _difference(one, two):
    """How far two lists of arrays are apart, relative to the norm of all of the second."""
    one, two = (np.concatenate([a.ravel() for a in arrays]) for arrays in (one, two))
    return float(np.linalg.norm(one - two) / np.linalg.norm(two))


def _agree(one, two):
    value = _difference(one, two)
    # NaN agrees with nothing.
    assert value <= TOLERANCE, f"they differ by {value:.1e}, more than {TOLERANCE:.0e}"
    return f"differ by {value:.1e}", value


def _equal(one, two):
    assert all(np.isfinite(a).all() for a in one), "the weights are not finite"
    value = _difference(one, two)
    bits = zip(one, two, strict=True)
    assert all(a.tobytes() == b.tobytes() for a, b in bits), f"they differ by {value:.1e}"
    return "the same bits", 0.0


def _graph_and_eager(t):
    one, two = (_trained(t.wide, t.epochs, fuse="none", graphs=graphs) for graphs in (True, False))
    return _equal(one.weights(), two.weights())


def _unrolled_and_single(t):
    # The first step is launched by itself; then come one graph of two steps, and one of one.
    case = replace(t.wide, samples=4 * t.wide.batch)
    one, two = (_trained(case, 1, fuse="none", unroll=unroll) for unroll in (2, 1))
    return _equal(one.weights(), two.weights())


def _resident_and_streamed(t):
    case = replace(t.wide, samples=max(t.wide.samples, 3 * t.wide.batch))
    quarter = case.samples * case.inputs
    one, two = (_trained(case, 1, fuse="none", data_limit=limit) for limit in (None, quarter))
    return _equal(one.weights(), two.weights())


def _on_both(t, case, **arguments):
    one, two = (_trained(case, t.epochs, device, **arguments) for device in ("cuda", "cpu"))
    return _agree(one.weights(), two.weights())


def _cpu_and_gpu(t):
    return _on_both(t, t.wide)


def _plain_sgd(t):
    return _on_both(t, replace(t.wide, optimizer="SGD"))


def _bytes(t):
    return _on_both(t, t.wide, adapter=NnkitBytes)


def _dropout(t):
    return _on_both(t, t.wide, adapter=NnkitDropout)


def _last_batch(t):
    return _on_both(t, replace(t.wide, samples=t.wide.samples + t.wide.batch // 2))


def _rates(t):
    scheduler = nnkit.callbacks.LearningRateScheduler(lambda epoch, rate: rate / (1 + epoch))
    return _on_both(t, t.wide, callbacks=[scheduler])


def _fused(kind):
    def check(t):
        case = replace(t.small, samples=max(t.small.samples, 5 * t.small.batch))
        run = SmallStretch.run
        with mock.patch.object(SmallStretch, "run", autospec=True, side_effect=run) as runs:
            one = _trained(case, 1, fuse=kind)
            assert runs.called, "nothing was fused"
        return _agree(one.weights(), _trained(case, 1, fuse="none").weights())

    return check


def _predictions(t):
    x, y = t.wide.data()
    subject = _trained(t.wide, t.epochs)
    results = []
    for device in ("cuda", "cpu"):
        with nnkit.device(device):
            loss = subject.model.evaluate(x, y, verbose=0)
            results.append([subject.model.predict(x), np.array([loss])])
    return _agree(*results)


def _resumed(first, second):
    def check(t):
        if importlib.util.find_spec("h5py") is None:
            return "left out: h5py is not installed", None
        begun, end = _trained(t.wide, 1, first), range(1, t.epochs)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "begun.h5"
            begun.model.save(path)
            with nnkit.device(second):
                model = nnkit.load_model(path)
                x, y = t.wide.data()
                batch = t.wide.batch
                model.fit(x, y, batch, initial_epoch=end.start, epochs=end.stop, verbose=0)
        return _agree(model.get_weights(), _trained(t.wide, t.epochs, "cpu").weights())

    return check


def _network(name):
    """Training with layers that the cases don't have."""

    def check(t):
        shape, layers = (_TINY if t is SHORT else _NETWORKS)[name]
        rng = np.random.default_rng(0)
        batch, epochs = t.wide.batch, t.epochs - 1
        x = rng.random((epochs * batch, *shape), np.float32)
        x = np.rint(9 * x) if name == "words" else x
        y = rng.integers(0, 3, len(x)).astype(np.int32)
        results = []
        for device in ("cuda", "cpu"):
            nnkit.utils.set_random_seed(0)
            with nnkit.device(device):
                model = nnkit.Sequential([nnkit.Input(shape), *layers(), Dense(3), Softmax()])
                model.compile("adam", "sparse_categorical_crossentropy")
                model.fit(x, y, batch, epochs, 0, shuffle=False)
                results.append(model.get_weights())
        return _agree(*results)

    return check


def _images(filters):
    return [
        Conv2D(filters, 3, padding="same", activation="relu"),
        BatchNormalization(),
        MaxPooling2D(2),
        Conv2D(filters, (2, 3), strides=2, groups=2),
        DepthwiseConv2D(2, padding="same"),
        GlobalAveragePooling2D(),
    ]


def _steps(units):
    return [Bidirectional(LSTM(units, return_sequences=True)), GRU(units, dropout=0.2, seed=1)]


def _words(width):
    return [Embedding(10, width), LayerNormalization(), GlobalAveragePooling1D()]


def _by_expression(units):
    return [Dense(units), Lambda(lambda x: ops.tanh(x) * ops.sigmoid(x - ops.mean(x)))]


# The shape of a sample, and the layers after the input.
_NETWORKS = {
    "images": ((28, 28, 3), lambda: _images(16)),
    "steps": ((28, 28), lambda: _steps(64)),
    "words": ((50,), lambda: _words(64)),
    "an expression": ((64,), lambda: _by_expression(64)),
}
_TINY = {
    "images": ((6, 6, 1), lambda: _images(2)),
    "steps": ((2, 3), lambda: _steps(2)),
    "words": ((3,), lambda: _words(2)),
    "an expression": ((3,), lambda: _by_expression(4)),
}


def _function(t):
    """A program of nnkit.symbolic that trains, its mini-batches cut out of shared data."""
    results = []
    for device in ("cuda", "cpu"):
        rng = np.random.default_rng(0)
        inputs, hidden, batch = t.wide.inputs, t.wide.hidden[0], t.wide.batch
        data = rng.random((3 * batch, inputs), np.float32), rng.integers(0, 3, 3 * batch)
        shapes = (inputs, hidden), (hidden,), (hidden, 3)
        params = [theano.shared(0.3 * rng.normal(size=s).astype("float32")) for s in shapes]
        x, y, i = T.fmatrix("x"), T.lvector("y"), T.lscalar("i")
        p = T.nnet.softmax(T.dot(T.tanh(T.dot(x, params[0]) + params[1]), params[2]))
        cost = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
        gradients = T.grad(cost, params)
        rate, part = np.float32(0.1), slice(i * batch, (i + 1) * batch)
        train = theano.function(
            [i],
            cost,
            updates=[(q, q - rate * g) for q, g in zip(params, gradients, strict=True)],
            givens={v: theano.shared(a)[part] for v, a in zip((x, y), data, strict=True)},
        )
        with nnkit.device(device):
            costs = [train(step % 3) for step in range(t.epochs)]
            results.append([*(q.get_value() for q in params), np.array(costs)])
    return _agree(*results)


_CHECKS = {
    "graph, and kernel by kernel": _graph_and_eager,
    "graph of several steps, and of one": _unrolled_and_single,
    "data on the device, and streamed": _resident_and_streamed,
    "GPU and CPU": _cpu_and_gpu,
    "GPU and CPU, SGD": _plain_sgd,
    "GPU and CPU, images as bytes": _bytes,
    "GPU and CPU, dropout": _dropout,
    "GPU and CPU, smaller last batch": _last_batch,
    "GPU and CPU, learning rate changes": _rates,
    "GPU and CPU, predict and evaluate": _predictions,
    **{f"GPU and CPU, {name}": _network(name) for name in _NETWORKS},
    "GPU and CPU, a symbolic function": _function,
    "three kernels, and graph": _fused("three"),
    "persistent kernel, and graph": _fused("persistent"),
    "begun on GPU, resumed on CPU": _resumed("cuda", "cpu"),
    "begun on CPU, resumed on GPU": _resumed("cpu", "cuda"),
}
