"""Programs as they were written for Keras, with nothing changed but their imports."""

import numpy as np
import pytest

import nnkit
from nnkit import Model, Sequential, layers
from nnkit import backend as K


@pytest.fixture(autouse=True)
def seed():
    np.random.seed(1337)
    nnkit.utils.set_random_seed(1337)


def falls(history, key="loss"):
    values = history.history[key]
    return np.mean(values[-2:]) < np.mean(values[:2])


def test_keras_1_digits_by_convolution(tmp_path):
    from nnkit.layers.convolutional import Convolution2D, MaxPooling2D
    from nnkit.layers.core import Activation, Dense, Dropout, Flatten

    from nnkit.callbacks import ModelCheckpoint
    from nnkit.utils import np_utils

    (x_train, y_train), (x_test, y_test) = nnkit.datasets.load_digits()
    x_train, y_train, x_test, y_test = x_train[:512], y_train[:512], x_test[:128], y_test[:128]
    nb_classes, nb_filters, nb_pool, nb_conv = 10, 8, 2, 3
    x_train = x_train.reshape(x_train.shape[0], 28, 28, 1).astype("float32") / 255
    x_test = x_test.reshape(x_test.shape[0], 28, 28, 1).astype("float32") / 255
    y_train, y_test = (np_utils.to_categorical(y, nb_classes) for y in (y_train, y_test))

    model = Sequential()
    model.add(
        Convolution2D(nb_filters, nb_conv, nb_conv, border_mode="valid", input_shape=(28, 28, 1))
    )
    model.add(Activation("relu"))
    model.add(Convolution2D(nb_filters, nb_conv, nb_conv, subsample=(1, 1), init="he_normal"))
    model.add(Activation("relu"))
    model.add(MaxPooling2D(pool_size=(nb_pool, nb_pool), dim_ordering="tf"))
    model.add(Dropout(p=0.25))
    model.add(Flatten())
    model.add(Dense(output_dim=32, init="uniform", W_regularizer="l2"))
    model.add(Activation("relu"))
    model.add(Dropout(0.5))
    model.add(Dense(nb_classes))
    model.add(Activation("softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    best = ModelCheckpoint(
        str(tmp_path / "weights.{epoch:02d}-{val_acc:.2f}.hdf5"),
        monitor="val_acc",
        save_best_only=True,
        mode="max",
        period=1,
    )
    history = model.fit(
        x_train,
        y_train,
        batch_size=64,
        nb_epoch=3,
        verbose=0,
        callbacks=[best],
        validation_data=(x_test, y_test),
    )
    assert falls(history)
    assert len(history.history["acc"]) == len(history.history["val_acc"]) == 3
    assert list(tmp_path.iterdir())
    score = model.evaluate(x_test, y_test, verbose=0)
    assert len(score) == 2
    classes = model.predict_classes(x_test, batch_size=32)
    assert np.mean(classes == y_test.argmax(1)) == pytest.approx(score[1], abs=1e-6)


def test_keras_1_sentiment_by_lstm():
    from nnkit.layers.core import Activation, Dense
    from nnkit.layers.embeddings import Embedding

    from nnkit.layers.recurrent import LSTM

    words, maxlen = 50, 12
    x = np.random.randint(1, words, (256, maxlen))
    y = (x < 10).any(axis=1).astype(int)
    model = Sequential()
    model.add(Embedding(words, 16, input_length=maxlen))
    model.add(
        LSTM(
            output_dim=16,
            init="glorot_uniform",
            inner_init="orthogonal",
            forget_bias_init="one",
            activation="tanh",
            inner_activation="hard_sigmoid",
            dropout_W=0.2,
            dropout_U=0.2,
            consume_less="mem",
        )
    )
    model.add(Dense(1))
    model.add(Activation("sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=32, nb_epoch=8, validation_split=0.1, verbose=0)
    assert falls(history)
    assert set(model.predict_classes(x).ravel()) <= {0, 1}
    assert model.predict_proba(x).shape == (256, 1)


def test_keras_1_two_inputs():
    from nnkit.layers import Dense, Input, merge

    a, b = Input(shape=(4,), name="a"), Input(shape=(3,), name="b")
    left, right = Dense(8, activation="relu")(a), Dense(8, activation="relu")(b)
    both = merge([left, right], mode="concat", concat_axis=-1)
    both = merge([both, merge([both, both], mode="ave")], mode="sum")
    model = Model(input=[a, b], output=Dense(1)(both))
    model.compile(optimizer=nnkit.optimizers.RMSprop(lr=0.01), loss="mse")
    x, z = np.random.normal(size=(64, 4)), np.random.normal(size=(64, 3))
    history = model.fit([x, z], x[:, :1] - z[:, :1], nb_epoch=10, batch_size=16, verbose=0)
    assert falls(history)


def test_keras_2_autoencoder():
    from nnkit.layers import Dense, Input

    (x, _), _ = nnkit.datasets.load_digits()
    x = x[:500].reshape(-1, 784).astype("float32") / 255.0
    input_img = Input(shape=(784,))
    encoded = Dense(32, activation="relu")(input_img)
    decoded = Dense(784, activation="sigmoid")(encoded)
    autoencoder, encoder = Model(input_img, decoded), Model(input_img, encoded)
    encoded_input = Input(shape=(32,))
    decoder = Model(encoded_input, autoencoder.layers[-1](encoded_input))
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
    history = autoencoder.fit(x, x, epochs=5, batch_size=50, shuffle=True, verbose=0)
    assert falls(history)
    np.testing.assert_allclose(
        decoder.predict(encoder.predict(x)), autoencoder.predict(x), 1e-4, 1e-6
    )


def test_keras_2_gan():
    """Compared with the same steps on the discriminator alone: freezing it later changes none."""
    from nnkit.layers import BatchNormalization, Dense, Input, LeakyReLU
    from nnkit.optimizers import Adam

    def made():
        nnkit.utils.set_random_seed(1)
        discriminator = Sequential(
            [Dense(16, input_dim=2), LeakyReLU(alpha=0.2), Dense(1, activation="sigmoid")]
        )
        discriminator.compile(
            loss="binary_crossentropy", optimizer=Adam(lr=0.005, beta_1=0.5), metrics=["accuracy"]
        )
        return discriminator

    discriminator, alone = made(), made()
    generator = Sequential()
    generator.add(Dense(16, input_dim=4))
    generator.add(LeakyReLU(alpha=0.2))
    generator.add(BatchNormalization(momentum=0.8))
    generator.add(Dense(2, activation="linear"))
    z = Input(shape=(4,))
    discriminator.trainable = False
    combined = Model(z, discriminator(generator(z)))
    combined.compile(loss="binary_crossentropy", optimizer=Adam(lr=0.005, beta_1=0.5))
    valid, fake = np.ones((32, 1)), np.zeros((32, 1))

    def train():
        for _ in range(100):
            real = np.random.normal([2, -1], 0.3, (32, 2))
            made_up = generator.predict(np.random.normal(0, 1, (32, 4)))
            d_real = discriminator.train_on_batch(real, valid)
            d_fake = discriminator.train_on_batch(made_up, fake)
            assert (d_real, d_fake) == (
                alone.train_on_batch(real, valid),
                alone.train_on_batch(made_up, fake),
            )
            before = discriminator.get_weights()
            combined.train_on_batch(np.random.normal(0, 1, (32, 4)), valid)
            for a, b in zip(before, discriminator.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)
        return d_real, d_fake

    with pytest.warns(UserWarning, match="was set to False after compile") as said:
        d_real, d_fake = train()
    assert len(said) == 1
    assert 0.5 * np.add(d_real, d_fake)[0] < 1
    mean = generator.predict(np.random.normal(0, 1, (200, 4))).mean(axis=0)
    assert np.linalg.norm(mean - [2, -1]) < 1.5


def test_keras_2_stateful_lstm():
    from nnkit.layers import LSTM, Dense

    batch_size, lahead = 4, 1
    wave = np.sin(np.arange(200) / 5)[:, None]
    x, y = wave[:-1][:196].reshape(196, lahead, 1), wave[1:][:196]
    model = Sequential()
    model.add(
        LSTM(20, batch_input_shape=(batch_size, lahead, 1), return_sequences=True, stateful=True)
    )
    model.add(LSTM(20, stateful=True, implementation=2, recurrent_activation="hard_sigmoid"))
    model.add(Dense(1))
    model.compile(loss="mse", optimizer="rmsprop")
    losses = []
    for _ in range(5):
        history = model.fit(x, y, batch_size=batch_size, epochs=1, verbose=0, shuffle=False)
        losses += history.history["loss"]
        model.reset_states()
    assert losses[-1] < losses[0]
    assert model.predict(x, batch_size=batch_size).shape == (196, 1)


def test_keras_2_layer_of_ones_own(tmp_path):
    from nnkit.engine.topology import InputSpec, Layer
    from nnkit.utils.generic_utils import CustomObjectScope, get_custom_objects

    from nnkit.layers import Dense, Input
    from nnkit.models import load_model

    class Highway(Layer):
        def __init__(self, output_dim=None, **kwargs):
            self.output_dim = output_dim
            super().__init__(**kwargs)
            self.input_spec = [InputSpec(min_ndim=2)]

        def build(self, input_shape):
            dim = input_shape[1]
            self.input_spec = [InputSpec(dtype="float32", shape=(None, dim))]
            self.kernel = self.add_weight(
                name="kernel", shape=(dim, dim), initializer="uniform", trainable=True
            )
            self.bias = self.add_weight((dim,), initializer="zeros", name="bias")
            super().build(input_shape)
            self.built = True

        def call(self, x):
            gate = nnkit.ops.sigmoid(nnkit.ops.matmul(x, self.kernel) + self.bias)
            return gate * x + (1 - gate) * nnkit.ops.tanh(x)

        def compute_output_shape(self, input_shape):
            return input_shape

        def get_config(self):
            return {**super().get_config(), "output_dim": self.output_dim}

    model = Sequential([Highway(output_dim=6, input_dim=6), Dense(1)])
    assert model.layers[0].built
    model.compile(optimizer=nnkit.optimizers.SGD(lr=0.05, momentum=0.9, nesterov=True), loss="mse")
    x = np.random.normal(size=(80, 6))
    history = model.fit(x, np.tanh(x[:, :1]), epochs=10, batch_size=8, verbose=0)
    assert falls(history)
    model.save(tmp_path / "m.h5", overwrite=True)
    same = load_model(tmp_path / "m.h5", custom_objects={"Highway": Highway})
    np.testing.assert_array_equal(same.predict(x), model.predict(x))
    with CustomObjectScope({"Highway": Highway}):
        assert load_model(tmp_path / "m.h5").layers[0].output_dim == 6
    get_custom_objects().update({"Highway": Highway})
    assert load_model(tmp_path / "m.h5").count_params() == model.count_params()
    get_custom_objects().clear()
    with pytest.raises(nnkit.errors.FileFormatError, match="unknown layer 'Highway'"):
        load_model(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="takes inputs of size 6 in axis 1"):
        model.layers[0](Input((5,)))
    with pytest.raises(FileExistsError, match="overwrite is False"):
        model.save(tmp_path / "m.h5", overwrite=False)


def test_keras_2_text_by_convolution():
    from nnkit.layers.embeddings import Embedding

    from nnkit.callbacks import EarlyStopping, ReduceLROnPlateau
    from nnkit.constraints import maxnorm
    from nnkit.layers import Convolution1D, Dense, GlobalMaxPooling1D, SpatialDropout1D

    x = np.random.randint(0, 30, (200, 15))
    y = (x == 3).any(axis=1).astype("float32")
    table = np.random.normal(size=(30, 8))
    model = Sequential(
        [
            Embedding(30, 8, weights=[table], input_length=15, trainable=False),
            SpatialDropout1D(0.1),
            Convolution1D(
                nb_filter=16,
                filter_length=3,
                border_mode="same",
                activation="relu",
                subsample_length=1,
                W_constraint=maxnorm(m=3),
            ),
            GlobalMaxPooling1D(),
            Dense(1, activation="sigmoid", bias_initializer="zero"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["acc"])
    stop = EarlyStopping(monitor="val_acc", patience=20, mode="max")
    slower = ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=3, epsilon=1e-3)
    history = model.fit(
        x, y, batch_size=20, epochs=15, verbose=0, validation_split=0.2, callbacks=[stop, slower]
    )
    assert falls(history)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], table.astype("float32"))
    assert len(model.metrics_names) == 2
    assert [len(v) for v in (model.trainable_variables, model.non_trainable_variables)] == [4, 1]


def test_keras_2_search():
    pytest.importorskip("sklearn")
    from sklearn.model_selection import GridSearchCV

    from nnkit.layers import Dense, Dropout
    from nnkit.wrappers.scikit_learn import KerasClassifier

    def create_model(neurons=1, init="uniform"):
        model = Sequential()
        model.add(Dense(neurons, input_dim=8, kernel_initializer=init, activation="relu"))
        model.add(Dropout(rate=0.1))
        model.add(Dense(1, kernel_initializer=init, activation="sigmoid"))
        optimizer = nnkit.optimizers.Adam(lr=0.05)
        model.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=["accuracy"])
        return model

    x = np.random.normal(size=(90, 8))
    y = (x[:, 0] > 0).astype(int)
    model = KerasClassifier(build_fn=create_model, epochs=15, batch_size=10, verbose=0)
    grid = GridSearchCV(estimator=model, param_grid={"neurons": [1, 8]}, cv=3)
    grid_result = grid.fit(x, y)
    assert grid_result.best_score_ > 0.7
    assert len(grid_result.cv_results_["params"]) == 2


def test_a_gan_with_one_optimizer_and_one_list_of_metrics():
    """An ACGAN: two outputs, one list of metrics for both, one optimizer for both models."""
    from nnkit.optimizers import RMSprop

    optimizer = RMSprop(lr=2e-3, decay=6e-8)
    image = layers.Input(shape=(8,), name="image")
    x = layers.LeakyReLU(alpha=0.2)(layers.Dense(16)(image))
    label = layers.Dense(3, activation="softmax", name="label")(x)
    discriminator = Model(image, [layers.Dense(1, activation="sigmoid", name="real")(x), label])
    losses = ["binary_crossentropy", "categorical_crossentropy"]
    discriminator.compile(loss=losses, optimizer=optimizer, metrics=["accuracy"])

    noise, wanted = layers.Input(shape=(4,)), layers.Input(shape=(3,))
    made = layers.Dense(8, activation="tanh")(layers.concatenate([noise, wanted]))
    generator = Model([noise, wanted], made)
    discriminator.trainable = False
    adversarial = Model([noise, wanted], discriminator(generator([noise, wanted])))
    with pytest.warns(UserWarning, match="this RMSprop belongs to another model"):
        adversarial.compile(loss=losses, optimizer=optimizer, metrics=["accuracy"])

    rng = np.random.default_rng(0)
    labels = np.eye(3)[rng.integers(0, 3, 32)]
    real = rng.normal(size=(32, 8))
    twice, ones, steps = np.tile(labels, (2, 1)), np.ones((32, 1)), []

    def train():
        for _ in range(30):
            fake = generator.predict([rng.normal(size=(32, 4)), labels], verbose=0)
            both, valid = np.concatenate([real, fake]), np.repeat([[1.0], [0.0]], 32, axis=0)
            steps.append(discriminator.train_on_batch(both, [valid, twice]))
            adversarial.train_on_batch([rng.normal(size=(32, 4)), labels], [ones, labels])
        return both

    with pytest.warns(UserWarning, match="was set to False after compile"):
        both = train()
    assert discriminator.metrics_names == [
        *("loss", "real_loss", "label_loss", "real_accuracy", "label_accuracy")
    ]
    loss, *parts, sure, right = steps[-1]
    assert loss == pytest.approx(sum(parts), rel=1e-5)
    assert loss < steps[0][0]
    found = discriminator.predict(both, verbose=0)[1].argmax(1) == twice.argmax(1)
    assert right == pytest.approx(found.mean(), abs=0.1)
    assert 0 <= sure <= 1


@pytest.mark.parametrize("kind", ["Embedding", "Masking"])
def test_a_layer_hands_on_a_mask_by_itself(kind):
    """Keras's guide to masks: ``compute_mask(inputs)`` in a ``call``."""

    class MyLayer(layers.Layer):
        def __init__(self, by_itself):
            super().__init__()
            self.first = (
                layers.Embedding(50, 4, mask_zero=True)
                if kind == "Embedding"
                else layers.Masking(mask_value=0.0)
            )
            self.lstm = layers.LSTM(3)
            self.by_itself = by_itself

        def call(self, inputs):
            x = self.first(inputs)
            if not self.by_itself:
                return self.lstm(x)
            return self.lstm(x, mask=self.first.compute_mask(inputs))

    x = np.random.default_rng(2).integers(1, 50, (6, 7))
    x[:, 5:] = x[0] = 0
    if kind == "Masking":
        x = np.stack([x, 2.0 * x], axis=-1)
    ours, other = MyLayer(True), MyLayer(False)
    ours(x), other(x)
    other.set_weights(ours.get_weights())
    np.testing.assert_array_equal(ours(x), other(x))
    np.testing.assert_array_equal(ours(x)[0], 0)  # All steps are masked.


def test_digits_of_keras_1_with_channels_first():
    """What tutorials of 2016 begin with, and how they look at layers and results."""
    from nnkit.engine import Input
    from nnkit.engine import Model as OfEngine

    K.set_image_dim_ordering("th")
    try:
        assert (K.image_dim_ordering(), K.image_data_format()) == ("th", "channels_first")
        model = Sequential()
        model.add(layers.Convolution2D(4, 3, 3, input_shape=(1, 8, 8), activation="relu"))
        model.add(layers.MaxPooling2D(pool_size=(2, 2)))
        model.add(layers.Flatten())
        model.add(layers.Dense(1))
    finally:
        K.set_image_dim_ordering("tf")
    shapes = [(None, 4, 6, 6), (None, 4, 3, 3), (None, 36), (None, 1)]
    assert [layer.output_shape for layer in model.layers] == shapes
    model.compile(loss="mse", optimizer="adam", metrics=["mae"])
    x = np.random.default_rng(3).random((32, 1, 8, 8))
    history = model.fit(x, x.mean((1, 2, 3)), validation_split=0.25, nb_epoch=4, verbose=0).history
    assert history["mean_absolute_error"] == history["mae"]
    assert history["val_mean_absolute_error"] == history["val_mae"]
    assert history["loss"][-1] < history["loss"][0]
    with pytest.raises(ValueError, match="dim_ordering is 'tf' or 'th', not 'theano'"):
        K.set_image_dim_ordering("theano")
    inputs = Input(shape=(2,))
    assert OfEngine(inputs, layers.Dense(3)(inputs)).output_shape == (None, 3)


def test_output_shape_of_calls_that_differ():
    layer = layers.Dense(2)
    with pytest.raises(AttributeError, match="it was not called yet"):
        layer.output_shape  # noqa: B018
    layer(layers.Input((3,)))
    assert layer.output_shape == (None, 2)
    layer(layers.Input((4, 3)))
    with pytest.raises(AttributeError, match="its calls gave"):
        layer.output_shape  # noqa: B018


def test_names_of_results_behind_an_outputs_name():
    x = layers.Input((2,))
    model = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    model.compile("sgd", "mse", metrics=["mae"])
    data = np.ones((4, 2)), [np.ones((4, 1))] * 2
    history = model.fit(*data, validation_data=data, verbose=0).history
    assert history["val_a_mean_absolute_error"] == history["val_a_mae"]
    assert "b_mean_absolute_error" in history
    assert "b_acc" not in history


def test_a_layer_that_needs_a_mask():
    """Keras's guide to masks: a softmax over the steps that count."""
    from nnkit import ops

    class TemporalSoftmax(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True

        def call(self, inputs, mask=None):
            assert mask is not None
            counts = ops.expand_dims(ops.cast(mask, "float32"), -1)
            found = ops.exp(inputs) * counts
            return found / ops.sum(found, axis=1, keepdims=True)

    def made(mask_zero):
        inputs = layers.Input(shape=(None,), dtype="int32")
        x = layers.Embedding(input_dim=10, output_dim=8, mask_zero=mask_zero)(inputs)
        scores = layers.Dense(1)(x)
        return Model(inputs, [TemporalSoftmax()(scores), scores])

    x = np.random.default_rng(4).integers(1, 10, (8, 6))
    x[:, 4:] = 0
    found, scores = made(True).predict(x, verbose=0)
    expected = np.exp(scores) * (x != 0)[..., None]
    np.testing.assert_allclose(found, expected / expected.sum(1, keepdims=True), 1e-5)
    with pytest.raises(AssertionError):
        made(False).predict(x, verbose=0)
