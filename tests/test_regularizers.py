import copy
import pickle

import numpy as np
import pytest

import nnkit
from nnkit import ops, regularizers
from nnkit.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer
from nnkit.symbolic import tensor
from tests.helpers import slope


class Ridge(Regularizer):
    """An expression."""

    def __call__(self, w):
        return 0.03 * ops.sum(ops.square(w))


class RidgeInNumPy(Regularizer):
    """The same in NumPy, gradient and all."""

    def __call__(self, w):
        return 0.03 * np.sum(w**2)

    def gradient(self, w):
        return 0.06 * w


def ridge(w):
    """The same as a function."""
    return 0.03 * ops.sum(w * w)


RIDGES = (L2(0.03), Ridge(), RidgeInNumPy(), ridge)


def measured(regularizer, w, factor=1.0):
    """Penalty and gradient as a step gets them."""
    total, gradient = np.empty(1), np.ones_like(w)
    regularizer.penalty(w, total, factor)
    regularizer.add_gradient(w, gradient, factor)
    return total[0], gradient - 1


def data(rng):
    return rng.normal(size=(8, 3)).astype(np.float32), rng.normal(size=(8, 2)).astype(np.float32)


def model_with(regularizer, **options):
    nnkit.utils.set_random_seed(3)
    dense = nnkit.layers.Dense(4, activation="tanh", kernel_regularizer=regularizer)
    model = nnkit.Sequential([nnkit.Input((3,)), dense, nnkit.layers.Dense(2)])
    model.compile("sgd", "mse", **options)
    return model


@pytest.mark.parametrize("shape", [(), (1,), (5, 1), (3, 4), (2, 1, 3), (4097,)])
@pytest.mark.parametrize("regularizer", [L1(0.1), L2(0.1), L1L2(0.1, 0.2), Ridge()], ids=repr)
def test_penalty_and_gradient(regularizer, shape, rng):
    w = rng.normal(size=shape)
    if isinstance(regularizer, Ridge):
        l1, l2 = 0, 0.03
    else:
        l1, l2 = regularizer.l1, regularizer.l2
    penalty, gradient = measured(regularizer, w, factor=0.5)
    np.testing.assert_allclose(penalty, 0.5 * (l1 * abs(w).sum() + l2 * (w * w).sum()), 1e-12)
    want = 0.5 * (l1 * np.sign(w) + 2 * l2 * w)
    np.testing.assert_allclose(gradient, want, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("mode", ["rows", "columns"])
@pytest.mark.parametrize("shape", [(2, 3), (4, 3), (5, 2)])
def test_orthogonal(shape, mode, rng):
    w = rng.normal(size=shape)
    regularizer = OrthogonalRegularizer(0.1, mode)
    vectors = w if mode == "rows" else w.T
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = abs(units @ units.T)[np.triu_indices(len(units), 1)]
    penalty, gradient = measured(regularizer, w)
    np.testing.assert_allclose(penalty, 0.1 * cosines.mean(), rtol=1e-9)
    np.testing.assert_allclose(gradient, slope(regularizer, w), atol=1e-8)


def test_orthogonal_needs_a_matrix(rng):
    with pytest.raises(ValueError, match="for matrices, not for 1 axes"):
        measured(OrthogonalRegularizer(), rng.normal(size=3))


@pytest.mark.parametrize(("mode", "shape"), [("rows", (1, 3)), ("columns", (3, 1))])
def test_a_single_vector_is_orthogonal_to_nothing(mode, shape, rng):
    with pytest.raises(ValueError, match=f"compares {mode} with each other, and there is one"):
        measured(OrthogonalRegularizer(mode=mode), rng.normal(size=shape))


def test_read_only_weights(rng):
    w = rng.normal(size=(3, 4))
    fixed = w.copy()
    fixed.flags.writeable = False
    for regularizer in (L2(), Ridge(), RidgeInNumPy(), OrthogonalRegularizer()):
        for mine, theirs in zip(
            measured(regularizer, fixed), measured(regularizer, w), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)


# --------------------------------------------------------------------------------- in a model


def test_the_loss_contains_the_penalty(rng):
    """So do val_loss and evaluate; metrics and predictions know nothing of it."""
    x, y = data(rng)
    model = model_with(L2(0.5))
    model.compile("sgd", "mse", metrics=["mae"])
    kernel = model.get_weights()[0]
    error = np.mean((model.predict(x) - y) ** 2)
    mae = np.mean(abs(model.predict(x) - y))
    want = error + 0.5 * (kernel.astype(float) ** 2).sum()
    np.testing.assert_allclose(model.evaluate(x, y, 3, verbose=0), [want, mae], rtol=1e-6)
    np.testing.assert_allclose(model.train_on_batch(x, y)[0], want, rtol=1e-6)
    logs = model.fit(x, y, validation_data=(x, y), verbose=0).history
    np.testing.assert_allclose(logs["val_loss"][0], model.evaluate(x, y, verbose=0)[0], rtol=1e-6)


def test_a_frozen_layer_costs_nothing(rng):
    x, y = data(rng)
    model = model_with(L2(100))
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    error = np.mean((model.predict(x) - y) ** 2)
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), error, rtol=1e-6)


@pytest.mark.parametrize("eager", [True, False])
def test_all_doors_lead_to_the_same(eager, rng):
    x, y = data(rng)
    outcomes = []
    for regularizer in RIDGES:
        model = model_with(regularizer, run_eagerly=eager)
        model.fit(x, y, 4, 5, verbose=0)
        outcomes.append([model.evaluate(x, y, verbose=0), *model.get_weights()])
    for outcome in outcomes[1:]:
        for got, want in zip(outcome, outcomes[0], strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("regularizer", [L1(0.2), Ridge(), RidgeInNumPy(), ridge])
def test_activity(regularizer, rng):
    """On the output of a layer, after its activation, divided by the batch's size."""
    x, y = data(rng)
    losses = []
    for eager in (True, False):
        nnkit.utils.set_random_seed(3)
        dense = nnkit.layers.Dense(2, activation="tanh", activity_regularizer=regularizer)
        model = nnkit.Sequential([nnkit.Input((3,)), dense])
        model.compile("sgd", "mse", run_eagerly=eager)
        z = model.predict(x).astype(float)
        penalty = 0.2 * abs(z).sum() if isinstance(regularizer, L1) else 0.03 * (z * z).sum()
        want = np.mean((z - y) ** 2) + penalty / len(x)
        np.testing.assert_allclose(model.evaluate(x, y, verbose=0), want, rtol=1e-6)
        losses.append([model.train_on_batch(x, y) for _ in range(5)])
    np.testing.assert_allclose(losses[0][0], want, rtol=1e-6)
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)


def test_an_expression_that_no_kernel_computes(rng):
    x, y = data(rng)
    outcomes = []
    for eager in (True, False):
        regularizer = regularizers.get(lambda w: 0.1 * tensor.sum(tensor.sort(w, axis=0)[1:] ** 2))
        nnkit.utils.set_random_seed(3)
        options = {"kernel_regularizer": regularizer, "activity_regularizer": regularizer}
        model = nnkit.Sequential([nnkit.Input((3,)), nnkit.layers.Dense(2, **options)])
        model.compile("sgd", "mse", run_eagerly=eager)
        model.fit(x, y, 4, 3, verbose=0)
        outcomes.append(model.evaluate(x, y, verbose=0))
        assert regularizer.recordable == eager
    np.testing.assert_allclose(*outcomes, rtol=1e-6)


def test_one_object_for_several_weights(rng):
    x, y = data(rng)
    outcomes = []
    for regularizer in RIDGES:
        nnkit.utils.set_random_seed(3)
        options = {"kernel_regularizer": regularizer, "bias_regularizer": regularizer}
        layers = [nnkit.layers.Dense(3, **options), nnkit.layers.Dense(2, **options)]
        model = nnkit.Sequential([nnkit.Input((3,)), *layers])
        model.compile("sgd", "mse")
        model.fit(x, y, 4, 3, verbose=0)
        outcomes.append(model.evaluate(x, y, verbose=0))
    np.testing.assert_allclose(outcomes, outcomes[0], rtol=1e-5)


# ----------------------------------------------------------------------------- names and files


@pytest.mark.parametrize(
    ("identifier", "config"),
    [
        ("l1", {"l1": 0.01}),
        ("L2", {"l2": 0.01}),
        ("l1_l2", {"l1": 0.0, "l2": 0.0}),
        ("l1l2", {"l1": 0.0, "l2": 0.0}),
        ("orthogonal_regularizer", {"factor": 0.01, "mode": "rows"}),
        (regularizers.l2, {"l2": 0.01}),
        (L1(0.5), {"l1": 0.5}),
        ({"class_name": "L1L2", "config": {"l1": 1, "l2": 2}}, {"l1": 1, "l2": 2}),
    ],
)
def test_get(identifier, config):
    assert regularizers.get(identifier).get_config() == config


def test_none_stays_none():
    assert regularizers.get(None) is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: regularizers.get("l1_l3"), "unknown regularizer 'l1_l3'; did you mean 'l1_l2'"),
        (lambda: regularizers.get(3), "regularizer: expected an object"),
        (lambda: L2(-1), r"L2: l2 must be a number in \[0, inf\), got -1"),
        (lambda: L1(np.nan), "L1: l1 must be"),
        (lambda: L1L2(l3=1), "L1L2 has no argument 'l3'"),
        (lambda: OrthogonalRegularizer(mode="row"), "mode must be"),
        (lambda: nnkit.layers.Dense(1, kernel_regularizer="l3"), "unknown regularizer"),
    ],
)
def test_mistakes(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


class Incomplete(Regularizer):
    pass


class Vector(Regularizer):
    def __call__(self, w):
        return ops.square(w)


class VectorInNumPy(RidgeInNumPy):
    def __call__(self, w):
        return w**2


class WrongShape(RidgeInNumPy):
    def gradient(self, w):
        return w[0]


@pytest.mark.parametrize(
    ("regularizer", "message"),
    [
        (Incomplete(), "must define __call__"),
        (Vector(), "must return one number: sum over all axes"),
        (VectorInNumPy(), "must return one number"),
        (WrongShape(), "of the weight's shape"),
    ],
)
def test_what_a_regularizer_must_return(regularizer, message, rng):
    with pytest.raises((TypeError, ValueError), match=message):
        measured(regularizer, rng.normal(size=(3, 2)))


@pytest.mark.parametrize("another", [copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
@pytest.mark.parametrize("regularizer", [L1L2(0.1, 0.2), Ridge(), OrthogonalRegularizer()])
def test_copies(regularizer, another, rng):
    w = rng.normal(size=(3, 2))
    wanted = measured(regularizer, w)
    for got, want in zip(measured(another(regularizer), w), wanted, strict=True):
        np.testing.assert_array_equal(got, want)
