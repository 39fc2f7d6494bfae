"""The forms in which the one input of a model may come, as in Keras."""

import warnings

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential
from nnkit.layers import LSTM, Dense, Embedding, Flatten, ReLU

N = 6
LINE = np.arange(N, dtype="float32")
X = np.random.default_rng(0).normal(size=(N, 4)).astype("float32")


def network(shape, *layers, loss="mse"):
    nnkit.utils.set_random_seed(0)
    model = Sequential([Input(shape, name="given"), *layers])
    model.compile("sgd", loss)
    return model


def everything(model, x, y):
    """What all methods give for some data."""
    options = {"verbose": 0, "shuffle": False}
    return [
        model.fit(x, y, epochs=2, validation_data=(x, y), **options).history,
        model.train_on_batch(x, y),
        model.evaluate(x, y, verbose=0),
        model.test_on_batch(x, y),
        model.predict(x),
        model.predict_on_batch(x),
        model(x),
    ]


@pytest.mark.parametrize("form", ["array", "list of it", "list of numbers", "in tuples", "float64"])
def test_one_feature_without_an_axis(form):
    x, y = LINE / N, 2 * LINE / N - 1
    given = {
        "array": (x, y),
        "list of it": ([x], [y]),
        "list of numbers": (x.tolist(), y.tolist()),
        "in tuples": ((x,), (y[:, None],)),
        "float64": (x.astype("float64"), y),
    }[form]
    expected = everything(network((1,), Dense(1)), x[:, None], y[:, None])
    np.testing.assert_equal(everything(network((1,), Dense(1)), *given), expected)


@pytest.mark.parametrize(
    ("shape", "given"), [((4, 1), (N, 4)), ((2, 2, 1), (N, 2, 2)), ((4,), (N, 4, 1))]
)
def test_a_last_axis_of_size_1_may_be_missing_or_too_many(shape, given):
    y = LINE / N
    expected = everything(network(shape, Flatten(), Dense(1)), X.reshape(N, *shape), y)
    found = everything(network(shape, Flatten(), Dense(1)), X.reshape(given), y)
    np.testing.assert_equal(found, expected)


def test_whole_numbers_with_one_axis_too_many():
    model = network((2,), Embedding(3, 2), Flatten(), Dense(1))
    x = np.array([[0, 2], [1, 1]])
    np.testing.assert_equal(model.predict(x[..., None]), model.predict(x))


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([X], X),
        ((X,), X),
        ([X[..., None]], X),
        ({"given": X}, X),
        ([X[0]], X[:1]),  # A list of one sample.
        ([X[0].tolist()], X[:1]),
        ([X[0], X[1]], X[:2]),
        ([X[:4]], X[:4]),  # As many samples as features.
        ([X[:1]], X[:1]),
        (list(X), X),
    ],
)
def test_a_list_of_one_input_or_of_samples(x, expected):
    model = network((4,), Dense(2))
    np.testing.assert_equal(model.predict(x), model.predict(expected))


@pytest.mark.parametrize("count", [1, N])
def test_targets_and_weights_in_lists(count):
    x, labels = X[:count], np.arange(count) % 3
    weights = np.linspace(0.5, 1, count)
    results = []
    for y, weight in (
        (labels, weights),
        ([labels], [weights]),
        (labels.tolist(), weights[:, None]),
    ):
        model = network((4,), Dense(3, "softmax"), loss="sparse_categorical_crossentropy")
        results.append(model.fit(x, y, sample_weight=weight, verbose=0).history)
        results[-1] |= {"on batch": model.train_on_batch([x], y, weight)}
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ({"other": X}, TypeError, "has one input, called 'given': give the array alone, got .'oth"),
        ({"given": X, "b": X}, TypeError, "x is a dictionary; the model has one input"),
        ([X, X], ValueError, r"samples of shape \(6, 4\), but the model takes \(4,\)"),
        ([X[:, :3]], ValueError, r"samples of shape \(3,\), but the model takes \(4,\)"),
        ([[X]], ValueError, r"samples of shape \(1, 6, 4\)"),
        (X[0], ValueError, r"a single sample needs a batch axis: x\[None\]"),
        (X[:, None], ValueError, r"samples of shape \(1, 4\)"),
        (X[..., None, None], ValueError, r"samples of shape \(4, 1, 1\)"),
    ],
)
def test_what_does_not_fit(x, error, message):
    model = network((4,), Dense(2))
    for method in (model.predict, model.predict_on_batch):
        with pytest.raises(error, match=message):
            method(x)


def test_a_model_without_input_needs_the_axis():
    """Keras too: it can't tell one feature from one sample."""
    for x in (LINE, [LINE]):
        with pytest.raises(ValueError, match=r"samples of one feature need an axis.*x\[:, None\]"):
            Sequential([Dense(1)]).predict(x)


def remembering(rows):
    nnkit.utils.set_random_seed(0)
    model = Sequential([Input((1, 2), batch_size=rows), LSTM(3, stateful=True)])
    model.compile("sgd", "mse")
    return model


def test_a_stateful_model_uses_its_batch_size():
    x = np.random.default_rng(1).normal(size=(N, 1, 2)).astype("float32")
    y = np.zeros((N, 3), "float32")
    model = remembering(2)
    found = model.predict(x)
    twin = remembering(2)
    expected = np.concatenate([twin(x[i : i + 2]) for i in range(0, N, 2)])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    model.fit(x, y, shuffle=False, verbose=0, validation_data=(x[:4], y[:4]))
    assert model.evaluate(x, y, verbose=0) > 0
    assert model.predict(x[:0]).shape == (0, 3)
    model.fit(x, y, batch_size=2, validation_batch_size=2, shuffle=False, verbose=0)


@pytest.mark.parametrize(
    ("method", "rows", "options", "message"),
    [
        ("predict", 6, {"batch_size": 4}, "predict: batch_size is 4, but the model is stateful, "),
        ("predict", 5, {}, "x has 5 samples, .* stateful, .* give a multiple of 2"),
        ("predict_on_batch", 6, {}, "batch_size is 6, but the model is stateful"),
        ("fit", 6, {"batch_size": 3}, "fit: batch_size is 3, but the model is stateful"),
        ("fit", 6, {"validation_batch_size": 3}, "fit: validation_batch_size is 3"),
        ("fit", 5, {}, "x has 5 samples, .* stateful"),
        ("fit", 6, {"validation_split": 0.5}, "x has 3 samples, .* stateful"),
        ("evaluate", 6, {"batch_size": 1}, "evaluate: batch_size is 1, but the model is stateful"),
        ("evaluate", 5, {}, "x has 5 samples, .* stateful"),
        ("test_on_batch", 4, {}, "batch_size is 4, but the model is stateful"),
    ],
)
def test_other_batch_sizes_of_a_stateful_model(method, rows, options, message):
    model = remembering(2)
    before = model.get_weights()
    data = [np.ones((rows, 1, 2)), np.ones((rows, 3))][: 1 if "predict" in method else 2]
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(*data, **options)
    np.testing.assert_equal(model.get_weights(), before)
    assert not any(state.any() for state in model.network.states())


@pytest.mark.parametrize("rows", [1, 3, 700])
def test_nan_in_predict_is_said_once(rows):
    model = network((4,), Dense(3), ReLU(), Dense(2))
    x = np.ones((rows, 4), np.float32)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert np.isfinite(model.predict(x)).all()
        model.predict(1e6 * x)
        assert not caught
        for value in (np.nan, np.inf):
            x[rows // 2, 1] = value
            predicted = model.predict(x, batch_size=512)
            assert np.isfinite(predicted).all(axis=1).sum() == rows - 1
    assert len(caught) == 2
    for warning in caught:
        assert f"first in sample {rows // 2}, and so does the prediction" in str(warning.message)
        assert warning.filename == __file__


def test_a_prediction_that_overflows_is_not_blamed_on_x():
    model = network((4,), Dense(2, kernel_initializer=nnkit.initializers.Constant(1e30)))
    assert np.isinf(model.predict(np.full((2, 4), 1e30))).all()
    assert np.isfinite(model.predict(np.full((40, 4), 1e-6))).all()  # Its squares are infinite.
