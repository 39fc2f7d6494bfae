import numpy as np
import pytest

from nnkit.kernels.cpu import losses as kernels
from tests.helpers import run, slope
from tests.reference import activations, softmax
from tests.reference import losses as reference

SHAPES = [(1, 1), (1, 7), (33, 1), (32, 10), (5, 67), (2, 1000)]
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-13}

FROM_LOGITS = ["softmax_crossentropy", "sparse_softmax_crossentropy", "sigmoid_crossentropy"]
CATEGORICAL = ["categorical_crossentropy", "sparse_categorical_crossentropy"]
PROBABILITIES = [*CATEGORICAL, "binary_crossentropy"]
REGRESSION = ["squared_error", "absolute_error"]
LOSSES = [*FROM_LOGITS, *PROBABILITIES, *REGRESSION]
SMOOTHED = {"softmax_crossentropy", "sigmoid_crossentropy", "categorical_crossentropy"} | {
    "binary_crossentropy"
}


def numbers_of(name, smoothing=0.2):
    return (smoothing,) if name in SMOOTHED else ()


def sample(name, shape, rng):
    """Predictions and targets; rows of targets need not add up to 1."""
    p = rng.normal(scale=2, size=shape)
    if name in PROBABILITIES:
        p = rng.uniform(0.05, 0.95, size=shape)
    if "sparse" in name:
        return p, rng.integers(shape[1], size=shape[0]).astype(np.int32)
    return p, rng.uniform(size=shape)


def forward(name, p, t, *numbers):
    """The loss of each row, and for losses of logits the probabilities."""
    loss = np.empty(len(p), p.dtype)
    if name not in FROM_LOGITS:
        run(getattr(kernels, name), p, t, *numbers, loss)
        return loss, p
    probabilities = np.empty_like(p)
    run(getattr(kernels, name), p, t, *numbers, probabilities, loss)
    return loss, probabilities


def backward(name, p, t, *numbers, weight):
    gradient = np.empty_like(p)
    run(getattr(kernels, name + "_backward"), p, t, *numbers, weight, gradient)
    return gradient


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_forward(name, shape, dtype, rng):
    p, t = sample(name, shape, rng)
    p, t = p.astype(dtype), t if "sparse" in name else t.astype(dtype)
    numbers = numbers_of(name)
    loss, probabilities = forward(name, p, t, *numbers)
    wide = [a.astype(float) if a.dtype == dtype else a for a in (p, t)]
    want = getattr(reference, name)(*wide, *numbers)
    np.testing.assert_allclose(loss, want, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    if name in FROM_LOGITS:
        one_row = softmax.softmax(wide[0][..., None])[..., 0]
        want = activations.sigmoid(wide[0]) if name.startswith("sigmoid") else one_row
        np.testing.assert_allclose(probabilities, want, rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (2, 19)])
@pytest.mark.parametrize("name", LOSSES)
def test_gradient(name, shape, rng):
    p, t = sample(name, shape, rng)
    weight = rng.uniform(size=shape[0])
    numbers = numbers_of(name)
    _, kept = forward(name, p, t, *numbers)
    want = slope(lambda p: np.sum(weight * getattr(reference, name)(p, t, *numbers)), p)
    np.testing.assert_allclose(backward(name, kept, t, *numbers, weight=weight), want, atol=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_gradient_in_float32(name, shape, rng):
    """Float32 gives what float64, checked above, gives for the same numbers."""
    p, t = sample(name, shape, rng)
    p, weight = p.astype(np.float32), rng.uniform(size=shape[0]).astype(np.float32)
    t = t if "sparse" in name else t.astype(np.float32)
    numbers = numbers_of(name)
    narrow = backward(name, p, t, *numbers, weight=weight)
    wide = [a if a.dtype == np.int32 else a.astype(float) for a in (p, t, weight)]
    want = backward(name, *wide[:2], *numbers, weight=wide[2])
    np.testing.assert_allclose(narrow, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", PROBABILITIES)
def test_gradient_is_zero_where_clipped(name):
    """Finite differences agree, some of the probabilities being exact zeros and ones."""
    p = np.array([[0.0, 1.0, 0.0], [0.0, 0.4, 0.6], [1e-9, 0.5, 0.5 - 1e-9]])
    sparse = np.array([1, 0, 2], np.int32)
    t = sparse if "sparse" in name else reference.one_hot(sparse, 3)
    numbers = numbers_of(name)
    # The steps stay below what is clipped, and are exact: 2^-27 is 7.5e-9.
    want = slope(lambda p: getattr(reference, name)(p, t, *numbers).sum(), p, step=2.0**-27)
    got = backward(name, p, t, *numbers, weight=np.ones(3))
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", PROBABILITIES)
def test_saturated_probabilities_stay_finite(name, dtype):
    p = np.array([[0, 1], [1, 0]], dtype)
    t = np.zeros(2, np.int32) if "sparse" in name else np.array([[1, 0], [1, 0]], dtype)
    loss, _ = forward(name, p, t, *numbers_of(name, 0.0))
    # Float32's nearest to 1 - 1e-7 is 1 - 1.2e-7.
    np.testing.assert_allclose(loss, -np.log([1e-7, 1 - 1e-7]), rtol=0.01, atol=1e-7)
    gradient = backward(name, p, t, *numbers_of(name, 0.0), weight=np.ones(2, dtype))
    np.testing.assert_array_equal(gradient, np.zeros((2, 2)))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_probabilities_that_sum_to_almost_nothing(name, dtype):
    """Shares of the sum as long as the type holds them; where all are 0, each counts as 0."""
    p = np.array([[1, 3], [0, 0], [0.25, 0.75]], dtype)
    p[0] *= 64 * np.finfo(dtype).smallest_subnormal
    t = np.zeros(3, np.int32) if "sparse" in name else np.array([[1, 0]] * 3, dtype)
    loss, _ = forward(name, p, t, *numbers_of(name, 0.0))
    np.testing.assert_allclose(loss, -np.log([0.25, 1e-7, 0.25]), rtol=1e-6)
    gradient = backward(name, p, t, *numbers_of(name, 0.0), weight=np.ones(3, dtype))
    np.testing.assert_allclose(gradient, [[0, 0], [0, 0], [-3, 1]], rtol=1e-6)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", FROM_LOGITS)
def test_extreme_logits(name, dtype):
    z = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    t = np.zeros(2, np.int32) if "sparse" in name else np.array([[1, 0], [1, 0]], dtype)
    loss, p = forward(name, z, t, *numbers_of(name, 0.0))
    wrong = 1e4 if name.startswith("sigmoid") else 2e4
    np.testing.assert_array_equal(loss, np.array([0, wrong], dtype))
    np.testing.assert_array_equal(p, [[1, 0], [0, 1]])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", FROM_LOGITS)
@np.errstate(over="ignore")
def test_the_most_extreme_logits(name, dtype):
    """Their difference is infinite; a target of 0 times it is still 0."""
    z = np.array([[1, -1], [-1, 1]], dtype) * np.finfo(dtype).max
    t = np.zeros(2, np.int32) if "sparse" in name else np.array([[1, 0], [1, 0]], dtype)
    loss, p = forward(name, z, t, *numbers_of(name, 0.0))
    assert loss[0] == 0
    assert loss[1] >= np.finfo(dtype).max / 2
    gradient = backward(name, p, t, *numbers_of(name, 0.0), weight=np.ones(2, dtype))
    share = 2 if name.startswith("sigmoid") else 1
    np.testing.assert_array_equal(gradient, np.array([[0, 0], [-1, 1]]) / share)


@pytest.mark.parametrize("name", ["softmax_crossentropy", "sparse_softmax_crossentropy"])
def test_small_losses_keep_their_digits(name):
    """A confident, right prediction has a small loss, not one that rounded to 0."""
    z = np.array([[12, 0]], np.float32)
    t = np.zeros(1, np.int32) if "sparse" in name else np.array([[1, 0]], np.float32)
    loss, _ = forward(name, z, t, *numbers_of(name, 0.0))
    np.testing.assert_allclose(loss, np.log1p(np.exp(-12)), rtol=0.02)


@pytest.mark.parametrize("name", LOSSES)
def test_nan_shows(name):
    p = np.array([[np.nan, 0.5], [0.5, 0.5]], np.float32)
    t = np.zeros(2, np.int32) if "sparse" in name else np.array([[1, 0], [1, 0]], np.float32)
    loss, _ = forward(name, p, t, *numbers_of(name))
    np.testing.assert_array_equal(np.isnan(loss), [True, False])


def test_equal_predictions_have_no_absolute_error():
    p = np.ones((1, 3))
    np.testing.assert_array_equal(backward("absolute_error", p, p, weight=np.ones(1)), [[0, 0, 0]])
