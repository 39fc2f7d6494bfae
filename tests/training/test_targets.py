"""Targets and weights that are allowed, though rarely meant: taken as they are, with a warning."""

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential
from nnkit.layers import Dense, Embedding, Masking

N = 6
X = np.random.default_rng(0).normal(size=(N, 4)).astype("float32")
ONE_HOT = np.eye(3)[np.arange(N) % 3]


def network(loss, units, activation):
    model = Sequential([Input((4,)), Dense(units, activation=activation)])
    model.compile(nnkit.optimizers.SGD(0.1), loss)
    return model


def test_one_warning_a_fit():
    """However many epochs, and though the data for validation are such too."""
    y = np.array([-1, 1, 1, -1, 1, -1])
    model = network("binary_crossentropy", 1, "sigmoid")
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"from 0 to 1, but y\[0\] is \[-1\]") as caught:
            model.fit(X, y, epochs=3, batch_size=2, validation_data=(X, y), verbose=0)
        assert len(caught) == 1
        assert caught[0].filename == __file__


def test_a_warning_of_the_data_for_validation():
    good, bad = np.array([0, 1, 1, 0, 1, 0]), np.array([0, -1, 1, -1, 1, -1])
    model = network("binary_crossentropy", 1, "sigmoid")
    with pytest.warns(UserWarning, match=r"validation_data: .* y\[1\] is \[-1\]") as caught:
        model.fit(X, good, epochs=3, validation_data=(X, bad), verbose=0)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_rows_of_zeros():
    y = ONE_HOT.copy()
    y[2:4] = 0
    model = network("categorical_crossentropy", 3, "softmax")
    with pytest.warns(
        UserWarning, match=r"y\[2\] is all zeros, .* \(2 of 6 rows are such\)"
    ) as caught:
        model.fit(X, y, validation_split=0.5, verbose=0)
    assert len(caught) == 1
    model.fit(X, y, sample_weight=np.array([1, 2, 0, 0, 1, 1]), verbose=0)
    model.fit(X, -2 * y, verbose=0)


@pytest.mark.parametrize("first", [Masking(), Embedding(5, 4, mask_zero=True)], ids=["", "ids"])
def test_zeros_where_steps_are_masked(first):
    """Padded steps may have targets of zeros: they are not complained of, and teach nothing."""
    shape = (3, 4) if isinstance(first, Masking) else (3,)
    x, y = np.ones((2, *shape)), np.zeros((2, 3, 2))
    x[:, 2:], y[:, :2, 1] = 0, 1
    model = Sequential([Input(shape), first, Dense(2, activation="softmax")])
    before, after = model.get_weights(), []
    for padding in (0, 1):
        y[:, 2:] = padding
        model.set_weights(before)
        model.compile("sgd", "categorical_crossentropy")
        model.fit(x, y, verbose=0)
        after.append(model.get_weights())
    for mine, theirs, old in zip(*after, before, strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert (mine != old).any()


@pytest.mark.parametrize("weights", ["sample", "class"])
def test_negative_weights(weights):
    """The step goes the other way."""
    given = {"sample_weight": np.full(N, -2.0)}
    if weights == "class":
        given = {"class_weight": dict.fromkeys(range(3), -2.0)}
    model = network("categorical_crossentropy", 3, "softmax")
    w, b = model.get_weights()
    p = np.exp(X @ w + b)
    p /= p.sum(axis=1, keepdims=True)
    loss = model.train_on_batch(X, ONE_HOT, **given)
    assert loss == pytest.approx(2 * np.log(p[ONE_HOT > 0]).mean(), rel=1e-5)
    moved = w + 0.1 * 2 * X.T @ (p - ONE_HOT) / N
    np.testing.assert_allclose(model.get_weights()[0], moved, 1e-5, 1e-6)
