"""LBFGS: it gets where a quasi-Newton method should, and refuses what it can't do."""

import copy
import itertools
import pickle

import numpy as np
import pytest

import nnkit
from nnkit.layers import LSTM, Dense, Dropout, Embedding, Flatten
from nnkit.optimizers import LBFGS
from nnkit.optimizers.lbfgs import _inverse_times


def classifier(rng, dtype="float64", dropout=0.0, **options):
    nnkit.utils.set_random_seed(1)
    x = rng.normal(size=(90, 4))
    y = (x[:, 0] * x[:, 1] > 0).astype(int) + (x[:, 2] > 1)
    penalty = nnkit.regularizers.L2(1e-3)
    layers = [Dense(16, activation="tanh", kernel_regularizer=penalty, dtype=dtype)]
    layers += [Dropout(dropout, dtype=dtype)] if dropout else []
    layers = [*layers, Dense(3, activation="softmax", dtype=dtype)]
    model = nnkit.Sequential([nnkit.Input((4,), dtype=dtype), *layers])
    model.compile(LBFGS(**options), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y


def test_a_linear_problem_is_solved(rng):
    """Least squares: the solution is known."""
    x, y = rng.normal(size=(40, 5)), rng.normal(size=40)
    model = nnkit.Sequential([nnkit.Input((5,), dtype="float64"), Dense(1, dtype="float64")])
    model.compile(LBFGS(), "mse")
    model.fit(x, y, batch_size=40, epochs=25, verbose=0)
    wide = np.column_stack([x, np.ones(40)])
    want = np.linalg.lstsq(wide, y, rcond=None)[0]
    found = np.concatenate([w.ravel() for w in model.get_weights()])
    np.testing.assert_allclose(found, want, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_learns_more_than_by_adam(dtype, rng):
    model, x, y = classifier(rng, dtype)
    losses = model.fit(x, y, batch_size=len(x), epochs=60, verbose=0).history["loss"]
    assert all(b <= a for a, b in itertools.pairwise(losses))
    assert model.evaluate(x, y, verbose=0)[0] == pytest.approx(losses[-1], rel=1e-6)
    other, *_ = classifier(rng, dtype)
    other.compile("adam", "sparse_categorical_crossentropy")
    by_adam = other.fit(x, y, batch_size=len(x), epochs=60, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * by_adam[-1]


def test_the_direction_is_newtons_for_a_quadratic_function(rng):
    """With as many pairs as there are axes, the product is with the inverse itself."""
    root = rng.normal(size=(6, 6))
    hessian, gradient = root @ root.T + np.eye(6), rng.normal(size=6)
    steps, pairs = [], []
    for vector in rng.normal(size=(6, 6)):  # Conjugate directions.
        step = vector - sum(s * (s @ hessian @ vector) / (s @ hessian @ s) for s in steps)
        steps.append(step)
        pairs.insert(0, (step, hessian @ step))
    np.testing.assert_allclose(
        _inverse_times(gradient, pairs), np.linalg.solve(hessian, gradient), rtol=1e-9
    )


def test_it_goes_on_where_it_stopped(rng, tmp_path):
    """The same bits from a file, a copy and a pickle."""
    model, x, y = classifier(rng, dropout=0.1)
    model.fit(x, y, batch_size=90, epochs=5, verbose=0)
    model.save(tmp_path / "model.h5")
    others = [nnkit.load_model(tmp_path / "model.h5"), copy.deepcopy(model)]
    others.append(pickle.loads(pickle.dumps(model)))
    want = model.fit(x, y, batch_size=90, epochs=4, verbose=0).history["loss"]
    for other in others:
        assert other.fit(x, y, batch_size=90, epochs=4, verbose=0).history["loss"] == want
        for a, b in zip(other.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_rows_of_a_table_that_are_not_used_stay(rng):
    model = nnkit.Sequential([nnkit.Input((2,)), Embedding(9, 3), Flatten(), Dense(1)])
    model.compile(LBFGS(), "mse")
    x, y = rng.integers(0, 5, (20, 2)), rng.normal(size=20)
    before = model.get_weights()[0]
    losses = [model.train_on_batch(x, y) for _ in range(10)]
    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(model.get_weights()[0][5:], before[5:])


def test_where_nothing_is_better_the_weights_stay(rng):
    model = nnkit.Sequential([nnkit.Input((2,)), Dense(1, kernel_initializer="zeros")])
    model.compile(LBFGS(), "mse")
    x = rng.normal(size=(8, 2))
    for _ in range(3):  # The gradient is 0.
        assert model.train_on_batch(x, np.zeros(8)) == 0.0
    assert not any(w.any() for w in model.get_weights())
    assert model.optimizer.iterations == 3


def stateful():
    return [nnkit.Input((3, 2), batch_size=8), LSTM(2, stateful=True), Dense(1)]


@pytest.mark.parametrize(
    ("layers", "options", "message"),
    [
        ([nnkit.Input((2,)), Dense(1)], {"batch_size": 4}, "LBFGS takes all data .* got 2 batches"),
        (
            [nnkit.Input((2,)), Dense(1, kernel_constraint="max_norm")],
            {"batch_size": 8},
            "knows no constraints; dense.*/kernel have",
        ),
        (
            [nnkit.Input((2,)), Dense(1)],
            {"batch_size": 8, "check_numerics": True},
            "check_numerics",
        ),
        (stateful(), {}, "layers can't be stateful"),
    ],
)
def test_what_it_refuses(layers, options, message, rng):
    model = nnkit.Sequential(layers)
    model.compile(LBFGS(), "mse")
    before = model.get_weights()
    x = rng.normal(size=(8, *model.input_shape[1:]))
    with pytest.raises(ValueError, match=message):
        model.fit(x, np.zeros(8), verbose=0, **options)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_bad_arguments():
    with pytest.raises(ValueError, match="LBFGS: history"):
        LBFGS(history=0)
    with pytest.raises(TypeError, match="LBFGS has no argument 'weight_decay'"):
        LBFGS(weight_decay=0.1)
