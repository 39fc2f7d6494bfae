"""Whatever is listed trains alike in Python, recorded, on several cores, and after a file."""

import copy
import functools
import pickle

import numpy as np
import pytest

import nnkit
from nnkit import losses, optimizers, regularizers
from nnkit.engine import program
from nnkit.testing import flat
from tests.layers.catalogue import (
    ACTIVATIONS,
    CONSTRAINTS,
    INITIALIZERS,
    LAYERS,
    LOSSES,
    OPTIMIZERS,
    REGULARIZERS,
    again,
    label,
)

# Expressions: outside of a record, NumPy computes them, and rounds and adds up in its own way.
COMPUTED_BY_NUMPY = (
    nnkit.layers.EinsumDense,
    nnkit.layers.Lambda,
    nnkit.layers.EinsumDense,
    nnkit.layers.Normalization,
    nnkit.layers.RMSNormalization,
    nnkit.layers.UnitNormalization,
    nnkit.layers.RNN,
    nnkit.layers.ConvLSTM1D,
    nnkit.layers.ConvLSTM2D,
    nnkit.layers.ConvLSTM3D,
    regularizers.FunctionRegularizer,
    regularizers.OrthogonalRegularizer,
)
ROWS = 7  # Two whole batches and a smaller one.


@pytest.fixture(autouse=True)
def _threads():
    nnkit.config.set_num_threads(1)
    yield
    nnkit.config.set_num_threads(None)


@pytest.fixture
def share(monkeypatch):
    """Lets so many workers share a step, however little there is to do."""

    def shared(workers):
        nnkit.config.set_num_threads(workers)
        eager = functools.partial(program.choose_workers, share=1e-6)
        monkeypatch.setattr("nnkit.engine.cpu.choose_workers", lambda tape, share: eager(tape))

    return shared


def of_layer(case, rng):
    """What makes a model, and its data."""
    batch = case.batch or 3
    x, y = case.data(rng, 2 * batch if case.batch else ROWS)
    return functools.partial(case.model, optimizers.SGD(0.1, momentum=0.9)), x, y, batch


def of_optimizer(optimizer, rng):
    def make(**options):
        dense = nnkit.layers.Dense
        model = nnkit.Sequential([nnkit.Input((4,)), dense(5, activation="tanh"), dense(2)])
        model.compile(again(optimizer), "mse", **options)
        return model

    return make, rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 2)), 3


def of_loss(case, rng):
    def make(**options):
        last = {"probabilities": "sigmoid", "numbers": None}[case.predictions]
        model = nnkit.Sequential([nnkit.Input((3,)), nnkit.layers.Dense(4, activation=last)])
        model.compile("sgd", again(case.loss), **options)
        return model

    return make, rng.normal(size=(3, 3)), case.y_true, 2


def of_part(option, made, rng):
    """A Dense layer with an initializer, a regularizer or a constraint."""

    def make(**options):
        dense = nnkit.layers.Dense(4, **{option: again(made)})
        model = nnkit.Sequential([nnkit.Input((3,)), dense, nnkit.layers.Dense(2)])
        model.compile(optimizers.SGD(0.1), "mse", **options)
        return model

    return make, rng.normal(size=(ROWS, 3)), rng.normal(size=(ROWS, 2)), 3


CASES = [pytest.param(of_layer, case, id=str(case)) for case in LAYERS]
CASES += [pytest.param(of_optimizer, made, id=label(made)) for made in OPTIMIZERS]
CASES += [pytest.param(of_loss, case, id=str(case)) for case in LOSSES]
PARTS = {
    "kernel_initializer": INITIALIZERS,
    "kernel_regularizer": REGULARIZERS,
    "kernel_constraint": CONSTRAINTS,
    "activation": ACTIVATIONS,
}
CASES += [
    pytest.param(functools.partial(of_part, option), made, id=f"{option}={label(made)}")
    for option, listed in PARTS.items()
    for made in listed
]


def trained(make, x, y, batch, epochs=3, **options):
    nnkit.utils.set_random_seed(5)
    model = make(**options)
    model.fit(x, y, batch, epochs, verbose=0)
    return model


def afresh(model):
    """The model, and nothing left of the batches before: predictions change what is stateful."""
    for layer in model.walk():
        if layer.states:
            layer.reset_state()
    return model


def outcome(model, x, y, batch):
    """All numbers that a trained model gives."""
    slots = [s for vectors in model.optimizer_slots().values() for s in vectors]
    results = [afresh(model).evaluate(x, y, batch, verbose=0), afresh(model).predict(x, batch)]
    return [*model.get_weights(), *slots, *flat(results)]


def assert_same(one, two):
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("of", "case"), CASES)
def test_a_replay_does_what_python_does(of, case, rng):
    make, *data = of(case, rng)
    python = outcome(trained(make, *data, run_eagerly=True), *data)
    replay = outcome(trained(make, *data), *data)
    made = getattr(case, "layer", getattr(case, "loss", case))
    derived = isinstance(made, losses.Loss) and type(made).call is not losses.Loss.call
    if derived or isinstance(made, COMPUTED_BY_NUMPY) or made == "hard_silu":
        for a, b in zip(replay, python, strict=True):
            np.testing.assert_allclose(a, b, 1e-6, 1e-6)
    else:
        assert_same(replay, python)


@pytest.mark.parametrize(("of", "case"), CASES)
def test_several_workers_change_rounding_only(of, case, share, rng):
    make, *data = of(case, rng)
    wanted = outcome(trained(make, *data), *data)
    for workers in (2, 3):
        share(workers)
        for a, b in zip(outcome(trained(make, *data), *data), wanted, strict=True):
            np.testing.assert_allclose(a, b, 1e-4, 1e-5)


@pytest.mark.parametrize(("of", "case"), CASES)
def test_training_goes_on_after_a_file(of, case, rng, tmp_path):
    make, *data = of(case, rng)
    if getattr(getattr(case, "layer", None), "stateful", False):
        pytest.skip("a file has no states, as with Keras")
    whole = trained(make, *data, epochs=4)
    begun = trained(make, *data, epochs=2)
    begun.save(tmp_path / "model.h5")
    nnkit.utils.set_random_seed(99)
    loaded = nnkit.load_model(tmp_path / "model.h5")
    assert loaded.get_config() == begun.get_config()
    x, y, batch = data
    assert_same(flat(loaded.predict(x, batch)), flat(begun.predict(x, batch)))
    loaded.fit(x, y, batch, 4, verbose=0, initial_epoch=2)
    assert_same(outcome(loaded, *data), outcome(whole, *data))


@pytest.mark.parametrize(("of", "case"), CASES)
def test_a_copy_goes_on_by_itself(of, case, rng):
    """By deepcopy and by pickle; the original stays what it was."""
    make, x, y, batch = of(case, rng)
    model = trained(make, x, y, batch)
    before = outcome(model, x, y, batch)
    copies = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    for other in copies:
        wanted = flat(afresh(model).predict(x, batch))
        assert_same(flat(afresh(other).predict(x, batch)), wanted)
        afresh(other).fit(x, y, batch, 5, verbose=0, initial_epoch=3)
    assert_same(outcome(model, x, y, batch), before)
    afresh(model).fit(x, y, batch, 5, verbose=0, initial_epoch=3)
    for other in copies:
        assert_same(outcome(other, x, y, batch), outcome(model, x, y, batch))


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_what_is_frozen_stays(case, rng):
    make, x, y, batch = of_layer(case, rng)
    nnkit.utils.set_random_seed(5)
    model = make()
    model.layers[-1].trainable = False
    model.compile_from_config(model.get_compile_config())
    assert model.trainable_weights == []
    before = model.get_weights()
    model.fit(x, y, batch, 2, verbose=0)
    assert_same(model.get_weights(), before)


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_float64(case, rng):
    make, x, y, batch = of_layer(case, rng)
    model = trained(make, x, y, batch, dtype="float64")
    single = trained(make, x, y, batch)
    assert {w.dtype.name for w in model.get_weights()} <= {"float64"}
    predicted = flat(afresh(model).predict(x, batch))
    assert {y.dtype.name for y in predicted} == {"float64"}
    for double, wanted in zip(predicted, flat(afresh(single).predict(x, batch)), strict=True):
        np.testing.assert_allclose(double, wanted, 1e-3, 1e-4)
