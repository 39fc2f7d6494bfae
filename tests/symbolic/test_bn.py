"""Batch normalization against NumPy, and its gradients against differences."""

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.tools.verify import verify_grad

RNG = np.random.default_rng(9)
AXES = {"per-activation": (0,), "spatial": (0, 2), (0, -1): (0, 2)}


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("keepdims", [True, False])
def test_train(axes, keepdims):
    numbers = AXES[axes]
    data = RNG.normal(2, 3, size=(4, 3, 2))
    shape = data.mean(numbers, keepdims=keepdims).shape
    gamma, beta, old_mean, old_var = (RNG.uniform(size=shape) for _ in range(4))
    x = T.dtensor3("x")
    results = T.nnet.bn.batch_normalization_train(
        x, gamma, beta, axes, running_mean=theano.shared(old_mean), running_var=old_var
    )
    f = theano.function([x], list(results), "FAST_COMPILE")
    out, mean, invstd, new_mean, new_var = f(data)
    whole = data.mean(numbers, keepdims=True).shape
    np.testing.assert_allclose(mean, data.mean(numbers, keepdims=True))
    np.testing.assert_allclose(invstd, (data.var(numbers, keepdims=True) + 1e-4) ** -0.5)
    wanted = (data - mean) * invstd * gamma.reshape(whole) + beta.reshape(whole)
    np.testing.assert_allclose(out, wanted)
    np.testing.assert_allclose(new_mean, 0.9 * old_mean + 0.1 * mean.reshape(shape))
    unbiased = data.var(numbers, ddof=1, keepdims=keepdims)
    np.testing.assert_allclose(new_var, 0.9 * old_var + 0.1 * unbiased)
    verify_grad(
        lambda x, g, b: T.nnet.batch_normalization_train(x, g, b, axes)[0],
        [data, gamma, beta],
        n_tests=1,
        mode="FAST_COMPILE",
    )


def test_known_mean_and_variance():
    data = RNG.normal(size=(4, 3))
    gamma, beta, mean, var = RNG.uniform(1, 2, size=(4, 3))
    x = T.dmatrix("x")
    known = T.nnet.batch_normalization_test(x, gamma, beta, mean, var, epsilon=0.5)
    plain = T.nnet.batch_normalization(x, gamma, beta, mean, np.sqrt(var))
    one, other = theano.function([x], [known, plain], "FAST_COMPILE")(data)
    np.testing.assert_allclose(one, (data - mean) / np.sqrt(var + 0.5) * gamma + beta)
    np.testing.assert_allclose(other, (data - mean) / np.sqrt(var) * gamma + beta)


def test_bad_arguments():
    x = T.dtensor3("x")
    with pytest.raises(ValueError, match="'g'"):
        T.nnet.batch_normalization_train(x, T.dvector("g"), 0.0)
    with pytest.raises(ValueError, match="per-feature"):
        T.nnet.batch_normalization_train(x, x, x, "per-feature")
