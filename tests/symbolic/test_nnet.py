"""T.nnet against NumPy, and its gradients against differences."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.tools.verify import verify_grad

RNG = np.random.default_rng(4)
POINTS = RNG.normal(size=(3, 4))
LABELS = np.array([1, 0, 3])


def softmax(x, axis=-1):
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def elu(x, alpha=1):
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))


def evaluated(fn, *arrays, mode="FAST_COMPILE"):
    inputs = [T.TensorType(str(a.dtype), [False] * a.ndim)() for a in map(np.asarray, arrays)]
    return theano.function(inputs, fn(*inputs), mode)(*arrays)


FUNCTIONS = {
    "softmax": softmax,
    "logsoftmax": lambda x: np.log(softmax(x)),
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "relu": lambda x: np.maximum(x, 0),
    "elu": elu,
    "selu": lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    fn = getattr(T.nnet, name)
    np.testing.assert_allclose(evaluated(fn, POINTS), FUNCTIONS[name](POINTS), rtol=1e-12)
    assert evaluated(fn, POINTS.astype("float32")).dtype == "float32"
    verify_grad(fn, [POINTS], n_tests=1, mode="FAST_COMPILE")


def test_ultra_fast_sigmoid():
    x = np.linspace(-8, 8, 41)
    np.testing.assert_allclose(evaluated(T.nnet.ultra_fast_sigmoid, x), sigmoid(x), atol=0.05)


def test_relu_with_slope():
    fn = lambda x: T.nnet.relu(x, 0.1)  # noqa: E731
    np.testing.assert_allclose(evaluated(fn, POINTS), np.where(POINTS > 0, POINTS, 0.1 * POINTS))
    verify_grad(fn, [POINTS], n_tests=1, mode="FAST_COMPILE")


@pytest.mark.parametrize("axis", [0, 1, -2])
def test_softmax_along_an_axis(axis):
    x = RNG.normal(size=(2, 3, 2))
    fn = lambda x: T.nnet.softmax(x, axis=axis)  # noqa: E731
    np.testing.assert_allclose(evaluated(fn, x), softmax(x, axis), rtol=1e-12)
    verify_grad(fn, [x], n_tests=1, mode="FAST_COMPILE")


def test_softmax_of_big_numbers():
    x = np.array([[0.0, 1000.0], [-1000.0, 0.0]])
    assert evaluated(T.nnet.softmax, x).tolist() == [[0, 1], [0, 1]]
    assert evaluated(T.nnet.logsoftmax, x).tolist() == [[-1000, 0], [-1000, 0]]


def test_softmax_of_integers_is_float():
    assert evaluated(T.nnet.softmax, np.array([[1, 1]])).tolist() == [[0.5, 0.5]]


def test_no_gradient_through_integers():
    gradient = lambda x: T.grad(T.nnet.softmax(T.cast(x, "int64"))[0, 0], x)  # noqa: E731
    np.testing.assert_array_equal(evaluated(gradient, POINTS), np.zeros((3, 4)))


def test_softmax_of_a_number():
    with pytest.raises(TypeError, match="'s'"):
        T.nnet.softmax(T.dscalar("s"))
    with pytest.raises(ValueError, match="no axis 2"):
        T.nnet.softmax(T.dmatrix("x"), axis=2)


def test_categorical_crossentropy():
    p = softmax(POINTS)
    of_labels = -np.log(p[np.arange(3), LABELS])
    one_hot = np.eye(4)[LABELS]
    crossentropy = T.nnet.categorical_crossentropy
    np.testing.assert_allclose(evaluated(crossentropy, p, LABELS), of_labels, rtol=1e-12)
    np.testing.assert_allclose(evaluated(crossentropy, p, one_hot), of_labels, rtol=1e-12)
    verify_grad(lambda p: crossentropy(p, LABELS), [p], n_tests=1, mode="FAST_COMPILE")
    verify_grad(lambda p: crossentropy(p, one_hot), [p], n_tests=1, mode="FAST_COMPILE")


def test_crossentropy_needs_labels_or_distributions():
    p = T.dmatrix("p")
    with pytest.raises(TypeError, match="'t'"):
        T.nnet.categorical_crossentropy(p, T.dtensor3("t"))
    with pytest.raises(TypeError, match="'t'"):
        T.nnet.categorical_crossentropy(p, T.dvector("t"))


def test_binary_crossentropy():
    p, t = sigmoid(POINTS), RNG.uniform(size=POINTS.shape)
    wanted = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    for fn, x in (
        (T.nnet.binary_crossentropy, p),
        (T.nnet.sigmoid_binary_crossentropy, POINTS),
    ):
        np.testing.assert_allclose(evaluated(fn, x, t), wanted, rtol=1e-9)
        verify_grad(lambda x, fn=fn: fn(x, t), [x], n_tests=1, mode="FAST_COMPILE")


def test_sigmoid_binary_crossentropy_of_big_numbers():
    fn = T.nnet.sigmoid_binary_crossentropy
    found = evaluated(fn, np.array([1000.0, -1000.0]), np.array([1.0, 1.0]))
    assert found.tolist() == [0, 1000]
