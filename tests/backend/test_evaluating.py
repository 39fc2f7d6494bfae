"""Parts of networks as functions, gradients, and what a network is told about training."""

import numpy as np
import pytest

import nnkit
from nnkit import backend as K
from nnkit.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, Lambda


@pytest.fixture
def model(rng):
    made = nnkit.Sequential([Input((4,)), Dense(3, "tanh"), Dropout(0.5), Dense(2)])
    made.compile("sgd", "mse")
    return made


X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")


def hidden(model, x):
    return np.tanh(x @ model.layers[0].kernel.numpy() + model.layers[0].bias.numpy())


class TestFunction:
    def test_outputs_of_layers(self, model):
        first = K.function([model.input], [model.layers[0].output, model.output])
        outputs = first([X])
        np.testing.assert_allclose(outputs[0], hidden(model, X), rtol=1e-5)
        np.testing.assert_allclose(outputs[1], model.predict(X), rtol=1e-5)
        model.layers[0].kernel.assign(model.layers[0].kernel * 2)
        np.testing.assert_allclose(first([X])[0], hidden(model, X), rtol=1e-5)
        assert first([X[:1]])[0].shape == (1, 3)

    def test_from_the_midst_on(self, model):
        later = K.function([model.layers[0].output], [model.output])
        np.testing.assert_allclose(later([hidden(model, X)])[0], model.predict(X), rtol=1e-5)
        same = K.function(model.inputs, model.outputs)
        np.testing.assert_allclose(same(X)[0], model.predict(X), rtol=1e-5)

    def test_with_the_learning_phase(self, model):
        f = K.function([model.input, K.learning_phase()], [model.layers[1].output])
        inference, training = f([X, 0])[0], f([X, 1])[0]
        np.testing.assert_allclose(inference, hidden(model, X), rtol=1e-5)
        assert (training == 0).any()
        assert (f([X, 1])[0] != training).any()  # Drawn anew.

    def test_weights_stay(self):
        model = nnkit.Sequential([Input((4,)), BatchNormalization(), Dense(2)])
        f = K.function([model.input, K.learning_phase()], [model.layers[0].output])
        before = model.get_weights()
        normalized = f([X, 1])[0]
        np.testing.assert_allclose(normalized.mean(axis=0), 0, atol=1e-6)
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    def test_operations_on_placeholders(self):
        a, b = K.placeholder((None, 3)), K.placeholder((None, 3))
        f = K.function([a, b], [K.sum(a * b, axis=1), K.concatenate([a, b])])
        x, y = X[:, :3], X[:, 1:]
        total, both = f([x, y])
        np.testing.assert_allclose(total, (x * y).sum(axis=1), rtol=1e-5)
        np.testing.assert_array_equal(both, np.concatenate([x, y], axis=1))

    def test_a_training_goes_on_as_before(self, model):
        f = K.function([model.input], [model.layers[0].output])
        model.fit(X, X[:, :2], epochs=2, verbose=0)
        f([X])
        model.fit(X, X[:, :2], epochs=2, verbose=0)
        np.testing.assert_allclose(f([X])[0], hidden(model, X), rtol=1e-5)


class TestGradients:
    def test_by_inputs_and_layers(self, model):
        loss = K.mean(K.square(model.output[:, 0]))
        by_input, by_hidden = K.gradients(loss, [model.input, model.layers[0].output])
        values, found, inner = K.function([model.input], [loss, by_input, by_hidden])([X])
        kernel = model.layers[2].kernel.numpy()
        outputs = hidden(model, X) @ kernel
        np.testing.assert_allclose(values, np.square(outputs[:, 0]).mean(), rtol=1e-5)
        slopes = 2 * outputs[:, :1] * kernel[:, 0] / len(X)
        np.testing.assert_allclose(inner, slopes, rtol=1e-5, atol=1e-7)
        outer = (slopes * (1 - hidden(model, X) ** 2)) @ model.layers[0].kernel.numpy().T
        np.testing.assert_allclose(found, outer, rtol=1e-4, atol=1e-7)

    def test_by_weights(self, model):
        kernel = model.layers[2].kernel
        (slope,) = K.gradients(K.sum(model.output), kernel)
        found = K.function([model.input], [slope])([X])[0]
        expected = np.repeat(hidden(model, X).sum(axis=0)[:, None], 2, axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-5)

    def test_a_class_activation_map(self, rng):
        """Grad-CAM, as scripts compute it: operations on a gradient, and on a layer's output."""
        model = nnkit.Sequential(
            [Input((6, 6, 1)), Conv2D(3, 3, activation="relu", name="conv"), Flatten(), Dense(2)]
        )
        output = model.get_layer("conv").output
        slope = K.gradients(model.output[:, 1], output)[0]
        pooled = K.mean(slope, axis=(0, 1, 2))
        images = rng.normal(size=(1, 6, 6, 1)).astype("float32")
        weights, maps = K.function([model.input], [pooled, output[0]])([images])
        kernel = model.layers[-1].kernel.numpy()[:, 1].reshape(4, 4, 3)
        np.testing.assert_allclose(weights, kernel.mean(axis=(0, 1)), rtol=1e-5, atol=1e-7)
        assert maps.shape == (4, 4, 3)

    def test_ascent_on_an_input(self, model):
        """The images that excite a unit, as Keras 2's example finds them."""
        loss = K.mean(model.layers[0].output[:, 0])
        slope = K.gradients(loss, model.input)[0]
        slope /= K.sqrt(K.mean(K.square(slope))) + 1e-5
        iterate = K.function([model.input], [loss, slope])
        x = np.zeros((1, 4), np.float32)
        first = iterate([x])[0]
        for _ in range(5):
            x += 0.1 * iterate([x])[1]
        assert iterate([x])[0] > first

    def test_in_a_loss(self):
        """Of expressions: the loss's gradient follows through the gradient."""

        def loss(y_true, y_pred):
            slope = K.gradients(K.square(y_pred), y_pred)[0]
            return K.mean(K.square(slope), axis=-1)

        made = nnkit.losses.get(loss)
        assert made(X, X) == pytest.approx(float(np.mean((2 * X) ** 2)), rel=1e-5)
        nnkit.testing.check_loss(made, X.astype(float), X.astype(float))


class TestPhases:
    def test_within_a_call(self):
        layer = Lambda(lambda x: K.in_train_phase(2 * x, lambda: K.in_test_phase(x, -x)))
        np.testing.assert_array_equal(layer(X), X)
        np.testing.assert_array_equal(layer(X, training=True), 2 * X)
        told = Lambda(lambda x: x * (1 + K.learning_phase()))
        np.testing.assert_array_equal(told(X, training=True), 2 * X)

    def test_elsewhere(self):
        assert K.learning_phase() == 0
        K.set_learning_phase(0)
        with pytest.warns(UserWarning, match="changes nothing for models"):
            K.set_learning_phase(1)
        try:
            assert K.in_train_phase("train", "test") == "train"
            with K.learning_phase_scope(0):
                assert K.learning_phase() == 0
        except UserWarning:
            pass
        finally:
            K.set_learning_phase(0)
        with pytest.raises(ValueError, match="0 or 1"):
            K.set_learning_phase(2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: K.function([m.input], [m.output], [(1, 2)]), ValueError, "no updates"),
        (lambda m: K.function([X], [m.output]), TypeError, "function takes placeholders"),
        (lambda m: K.function([Input((3,))], [m.output]), ValueError, "depend on the input '.*'"),
        (lambda m: K.function([m.input], [m.output])([X, X]), ValueError, "1 arrays, got 2"),
        (lambda m: K.function([m.input], [m.output])([X[:, :2]]), ValueError, r"got \(6, 2\)"),
        (lambda m: K.gradients(X, m.input), TypeError, "gradients are of placeholders"),
        (lambda m: K.gradients(m.output, Input((3,))), ValueError, "does not depend on"),
    ],
)
def test_errors(model, call, error, message):
    with pytest.raises(error, match=message):
        call(model)
