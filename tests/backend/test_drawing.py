"""Random numbers in a call: others in every step, the same when a training is done again."""

import copy

import numpy as np
import pytest

import nnkit
from nnkit import backend as K
from nnkit.layers import Dense, Input, Lambda, Layer


def sampling(inputs):
    """As in Keras's example of a variational autoencoder."""
    mean, log_variance = inputs
    noise = K.random_normal(shape=(K.shape(mean)[0], K.int_shape(mean)[1]), mean=0.0, stddev=1.0)
    return mean + K.exp(0.5 * log_variance) * noise


class Noise(Layer):
    def call(self, x):
        return x * 0 + K.random_normal(K.shape(x))


def noise_model(layer=None, **options):
    x = Input((3,), **options)
    return nnkit.Model(x, (layer or Noise())(x))


X = np.zeros((8, 3), np.float32)


def test_every_prediction_and_batch_draws_anew():
    model = noise_model()
    first, second = model.predict(X, batch_size=4), model.predict(X, batch_size=4)
    assert not np.isin(first, second).any()
    assert len(np.unique(first)) == first.size
    layer = Noise()
    assert not np.isin(layer(X), layer(X)).any()


def test_the_distributions():
    numbers = {
        "normal": lambda x: K.random_normal(K.shape(x), 1.0, 2.0),
        "uniform": lambda x: K.random_uniform(K.shape(x), -1.0, 3.0),
        "binomial": lambda x: K.random_binomial(K.shape(x), 0.3),
        "truncated": lambda x: K.truncated_normal(K.shape(x), 1.0, 0.5),
    }
    n = 40_000
    for name, draw in numbers.items():
        in_call = Lambda(lambda x, draw=draw: 0 * x + draw(x))(np.zeros((n // 4, 4)))
        alone = draw(np.zeros((n // 4, 4)))
        assert alone.dtype == in_call.dtype == np.float32
        for found in (in_call.ravel(), alone.ravel()):
            shares = np.linspace(0.05, 0.95, 7)
            quantiles = np.quantile(found, shares)
            if name == "normal":
                assert found.mean() == pytest.approx(1, abs=0.05)
                assert found.std() == pytest.approx(2, abs=0.05)
            elif name == "uniform":
                np.testing.assert_allclose(quantiles, -1 + 4 * shares, atol=0.06)
                assert found.min() >= -1
                assert found.max() < 3
            elif name == "binomial":
                assert set(np.unique(found)) == {0, 1}
                assert found.mean() == pytest.approx(0.3, abs=0.01)
            else:
                assert np.abs(found - 1).max() <= 1
                assert found.std() == pytest.approx(0.5 * 0.8796, abs=0.01)


def test_two_draws_of_a_call_and_two_uses_of_a_layer_differ():
    twice = Lambda(lambda x: [x + K.random_normal(K.shape(x)), x + K.random_normal(K.shape(x))])
    one, two = twice(X)
    assert not np.isin(one, two).any()
    layer, x = Noise(), Input((3,))
    one, two = nnkit.Model(x, [layer(x), layer(x)]).predict(X)
    assert not np.isin(one, two).any()
    seeded = Lambda(lambda x: x + K.random_normal(K.shape(x), seed=3))
    again = Lambda(lambda x: x + K.random_normal(K.shape(x), seed=3))
    np.testing.assert_array_equal(seeded(X), again(X))


def autoencoder(batch_size=None, **compiled):
    nnkit.utils.set_random_seed(4)
    x = Input((5,), batch_size=batch_size)
    h = Dense(4, activation="tanh")(x)
    mean, log_variance = Dense(2)(h), Dense(2)(h)
    if batch_size is None:
        z = Lambda(nnkit.saving.register(sampling), output_shape=(2,))([mean, log_variance])
    else:

        def of_one_size(inputs):
            return inputs[0] + K.exp(inputs[1] / 2) * K.random_normal((batch_size, 2))

        z = Lambda(of_one_size)([mean, log_variance])
    model = nnkit.Model(x, Dense(5)(z))
    model.compile("adam", "mse", **compiled)
    return model


def test_training_is_the_same_when_it_is_resumed(tmp_path, rng):
    x = rng.normal(size=(24, 5)).astype("float32")
    whole, part = autoencoder(), autoencoder()
    losses = whole.fit(x, x, epochs=4, batch_size=8, verbose=0).history["loss"]
    first = part.fit(x, x, epochs=2, batch_size=8, verbose=0).history["loss"]
    part.save(tmp_path / "model.h5")
    rest = nnkit.load_model(tmp_path / "model.h5")
    copied = copy.deepcopy(part)
    second = rest.fit(x, x, epochs=4, initial_epoch=2, batch_size=8, verbose=0).history["loss"]
    assert first + second == losses
    assert copied.get_weights()[0].tolist() == part.get_weights()[0].tolist()
    eager = autoencoder(run_eagerly=True)
    found = eager.fit(x, x, epochs=2, batch_size=8, verbose=0).history["loss"]
    np.testing.assert_allclose(found, losses[:2], rtol=1e-5)


@pytest.mark.parametrize("stated", [True, False])
def test_a_number_for_the_batch_size(stated, rng):
    """Scripts for Keras 1 give the batch's size as a number, with or without saying it of x."""
    x = rng.normal(size=(24, 5)).astype("float32")
    if stated:
        model = autoencoder(batch_size=8)
    else:
        given = Input((5,))
        noisy = Lambda(lambda x: x + K.random_normal((8, 5)))(given)
        model = nnkit.Model(given, Dense(5)(noisy))
        model.compile("adam", "mse")
    losses = model.fit(x, x, epochs=3, batch_size=8, verbose=0).history["loss"]
    assert len(set(losses)) == 3
    assert model.predict(x, batch_size=8).shape == (24, 5)


def test_gradients_pass_the_noise_by(rng):
    """The slope of mean + exp(v / 2) n by mean is 1, and by v it is half the noise."""
    layer = Lambda(sampling, dtype="float64")
    mean, v = rng.normal(size=(2, 6, 3))
    noise = (layer([mean, v]) - mean) / np.exp(v / 2)
    slopes = layer.backward(np.ones((6, 3)))
    np.testing.assert_allclose(slopes[0], 1)
    np.testing.assert_allclose(slopes[1], noise * np.exp(v / 2) / 2, rtol=1e-6)


def test_dropout_drops_in_inference_too_unless_told():
    x = np.ones((50, 40), np.float32)
    always = Lambda(lambda x: K.dropout(x, 0.25))
    assert np.unique(always(x)).tolist() == [0, np.float32(4 / 3)]
    assert 0.2 < (always(x) == 0).mean() < 0.3
    assert (always(x) != always(x)).any()
    assert 0.2 < (K.dropout(x, 0.25) == 0).mean() < 0.3
    trained = Lambda(lambda x: K.in_train_phase(lambda: K.dropout(x, 0.5), x))
    np.testing.assert_array_equal(trained(x), x)
    assert (trained(x, training=True) == 0).any()


def test_outside_of_layers():
    nnkit.utils.set_random_seed(1)
    first = K.random_normal((2, 3))
    nnkit.utils.set_random_seed(1)
    np.testing.assert_array_equal(first, K.random_normal((2, 3)))
    np.testing.assert_array_equal(K.random_uniform((4,), seed=7), K.random_uniform((4,), seed=7))
    x = Input((3,))
    model = nnkit.Model(x, x + K.random_normal(K.shape(x)))
    assert not np.isin(model.predict(X), model.predict(X)).any()
    assert K.random_normal_variable((3, 2), 0, 1).shape == (3, 2)
    assert K.random_uniform_variable((3,), 5, 6).min() >= 5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: K.random_normal(3), TypeError, "random_normal: shape is a tuple of sizes, got 3"),
        (lambda: K.random_normal((2, -1)), ValueError, "random_normal: shape must be a whole"),
        (lambda: K.random_normal((2,), seed="a"), TypeError, "seed"),
        (
            lambda: Lambda(lambda x: x + K.random_normal((2 * K.shape(x)[0], 3)))(X),
            ValueError,
            r"sizes are numbers, or sizes of arrays as shape\(x\)\[0\] gives them",
        ),
        (
            lambda: nnkit.losses.get(lambda t, p: K.mean(p * K.random_normal((3,))))(X, X),
            TypeError,
            "random_normal in a loss, metric or regularizer would draw once",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
