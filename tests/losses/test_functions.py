"""Losses and metrics as functions: plain NumPy, expressions, and what compile makes of them."""

import functools

import numpy as np
import pytest

import nnkit
from nnkit import losses, metrics
from nnkit.layers import Dense
from nnkit.registry import custom_objects

P = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05], [1.0, 0.0, 0.0]])
T = np.array([[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]])
LABELS = T.argmax(axis=1)
CLIPPED = np.clip(P, 1e-7, 1 - 1e-7)
BINARY = -(T * np.log(CLIPPED) + (1 - T) * np.log(1 - CLIPPED)).mean(axis=1)
SMOOTH = 0.8 * T + 0.2 / 3

# A function, its arguments, and what it gives for P.
FORMULAS = [
    (losses.mean_squared_error, T, {}, ((P - T) ** 2).mean(axis=1)),
    (losses.mean_absolute_error, T, {}, abs(P - T).mean(axis=1)),
    (losses.binary_crossentropy, T, {}, BINARY),
    (
        losses.binary_crossentropy,
        T,
        {"from_logits": True},
        (np.log1p(np.exp(P)) - T * P).mean(axis=1),
    ),
    (losses.categorical_crossentropy, T, {}, -(T * np.log(CLIPPED)).sum(axis=1)),
    (
        losses.categorical_crossentropy,
        T,
        {"label_smoothing": 0.2},
        -(SMOOTH * np.log(CLIPPED)).sum(axis=1),
    ),
    (
        losses.categorical_crossentropy,
        T,
        {"from_logits": True},
        np.log(np.exp(P).sum(axis=1)) - (T * P).sum(axis=1),
    ),
    (losses.sparse_categorical_crossentropy, LABELS, {}, -np.log(CLIPPED[range(3), LABELS])),
    (metrics.binary_accuracy, T, {"threshold": 0.25}, ((P > 0.25) == T).astype(float)),
    (metrics.categorical_accuracy, T, {}, T.argmax(axis=1) == P.argmax(axis=1)),
    (metrics.sparse_categorical_accuracy, LABELS, {}, P.argmax(axis=1) == LABELS),
]
EACH = pytest.mark.parametrize(("function", "y", "named", "expected"), FORMULAS)


@EACH
def test_of_arrays(function, y, named, expected):
    """A value for each row; of sequences, for each step; of a single row, a number."""
    given = y.copy(), P.copy()
    np.testing.assert_allclose(function(y, P, **named), expected, 1e-6)
    np.testing.assert_allclose(function(y[None], P[None], **named), expected[None], 1e-6)
    np.testing.assert_allclose(function(y[0], P[0], **named), expected[0], 1e-6)
    single = function(y.tolist(), P.astype(np.float32), **named)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single[:2], expected[:2], 1e-5)  # 1 - 1e-7 is another number there.
    assert function(y[:0], P[:0], **named).shape == (0, *np.shape(expected)[1:])
    np.testing.assert_array_equal(y, given[0])
    np.testing.assert_array_equal(P, given[1])


@EACH
def test_of_expressions(function, y, named, expected):
    from nnkit.symbolic import function as compiled
    from nnkit.symbolic import tensor

    t, p = tensor.dmatrix(), tensor.dmatrix()
    if np.ndim(y) == 1:
        with pytest.raises(TypeError, match=f"{function.__name__} takes arrays, no expressions"):
            function(t, p)
        return
    found = compiled([t, p], function(t, p, **named))(y, P)
    np.testing.assert_allclose(found, expected, 1e-6)
    with pytest.raises(ValueError, match="as many axes"):
        function(tensor.dvector(), p)


@pytest.mark.parametrize("y", [[1.0, 4.0], [[1.0], [4.0]]])
@pytest.mark.parametrize("p", [[3.0, 3.0], [[3.0], [3.0]]])
def test_a_last_axis_of_one(y, p):
    """(n, 1) and (n,) mean the same; two vectors are one row."""
    expected = 2.5 if np.ndim(y) == np.ndim(p) == 1 else [4.0, 1.0]
    np.testing.assert_array_equal(losses.mean_squared_error(y, p), expected)


@pytest.mark.parametrize("y", [T[:2], T[0], T[:, :2], 1.0])
def test_shapes_are_not_broadcast(y):
    with pytest.raises(ValueError, match="mean_squared_error"):
        losses.mean_squared_error(y, P)


def test_arguments_are_named():
    with pytest.raises(TypeError, match="mean_squared_error: missing a required argument"):
        losses.mean_squared_error(T)
    with pytest.raises(ValueError, match="y_pred must be an array"):
        losses.mean_squared_error(1.0, 2.0)


def model(loss, **options):
    nnkit.utils.set_random_seed(0)
    made = nnkit.Sequential([nnkit.Input((4,)), Dense(3, activation="softmax")])
    made.compile("sgd", loss, **options)
    return made


@pytest.mark.parametrize(
    ("loss", "given"),
    [
        ("categorical_crossentropy", [metrics.categorical_accuracy, metrics.mae]),
        ("mean_squared_error", [metrics.binary_accuracy, losses.mean_absolute_error]),
    ],
)
def test_compile_takes_the_class(loss, given, rng, tmp_path):
    """The same object as by name: the same results to the bit, and the same file."""
    x, y = rng.normal(size=(16, 4)).astype("f4"), np.eye(3)[rng.integers(0, 3, 16)]
    ours = model(getattr(losses, loss), metrics=given)
    other = model(loss, metrics=[metric.__name__ for metric in given])
    histories = [m.fit(x, y, epochs=2, verbose=0).history for m in (ours, other)]
    assert histories[0] == histories[1]
    assert list(histories[0]) == ["loss", *(metric.__name__ for metric in given)]
    assert type(ours.loss) is type(other.loss)
    ours.save(tmp_path / "model.h5")
    again = nnkit.load_model(tmp_path / "model.h5")
    assert type(again.loss) is type(ours.loss)
    assert again.evaluate(x, y, verbose=0) == ours.evaluate(x, y, verbose=0)


def test_in_a_loss_of_your_own(rng):
    """By expressions: the value and the gradients are those of the class."""
    x, y = rng.normal(size=(16, 4)).astype("f4"), np.eye(3)[rng.integers(0, 3, 16)]

    def half(y_true, y_pred):
        return losses.categorical_crossentropy(y_true, y_pred, label_smoothing=0.1) / 2

    ours = model(half)
    theirs = model(losses.CategoricalCrossentropy(label_smoothing=0.1))
    theirs.optimizer.learning_rate /= 2
    for _ in range(3):
        assert ours.train_on_batch(x, y) * 2 == pytest.approx(theirs.train_on_batch(x, y), 1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, 1e-4, 1e-6)


def test_wrapped_it_is_another_function():
    """What decorates or completes one of nnkit's functions doesn't stand for the class."""

    @functools.wraps(losses.mean_squared_error)
    def doubled(y_true, y_pred):
        return 2 * losses.mean_squared_error(y_true, y_pred)

    assert losses.get(doubled)(T, P) == pytest.approx(2 * losses.MeanSquaredError()(T, P))
    smooth = functools.partial(losses.categorical_crossentropy, label_smoothing=0.2)
    expected = losses.CategoricalCrossentropy(label_smoothing=0.2)(T, P)
    assert losses.get(smooth)(T, P) == pytest.approx(expected)


def test_a_loss_as_a_metric(rng, tmp_path):
    """It has no class among the metrics, but a file can name it."""
    x, y = rng.normal(size=(16, 4)).astype("f4"), np.eye(3)[rng.integers(0, 3, 16)]
    ours = model("mse", metrics=[metrics.categorical_crossentropy])
    results = ours.evaluate(x, y, verbose=0, return_dict=True)
    expected = losses.categorical_crossentropy(y, ours.predict(x)).mean()
    assert results["categorical_crossentropy"] == pytest.approx(expected, 1e-5)
    ours.save(tmp_path / "model.h5")
    again = nnkit.load_model(tmp_path / "model.h5")
    assert again.evaluate(x, y, verbose=0, return_dict=True) == results


def test_a_custom_function_comes_before_a_class_of_its_name():
    """However either is spelled: a file of Keras's may say the package."""

    def mse(y_true, y_pred):
        return nnkit.ops.sum(nnkit.ops.square(y_true - y_pred), axis=-1)

    for given in ("mse", "package>mse"):
        with custom_objects({given: mse}):
            for asked in ("mse", "package>mse"):
                assert losses.get(asked).function is mse, (given, asked)
    assert isinstance(losses.get("mse"), losses.MeanSquaredError)
