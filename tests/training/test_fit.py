"""Training: what is learnt, what is reported, and that it is the same however it is run."""

import copy
import itertools
import pickle
import threading

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential, callbacks, config
from nnkit.engine.variable import Storage
from nnkit.layers import Dense, Dropout, Flatten, Rescaling, Softmax, Tanh


@pytest.fixture(scope="module")
def digits():
    (x, y), _ = nnkit.datasets.load_digits()
    return x[:1000], y[:1000]


def network(seed=1, optimizer="adam", dropout=0.2, **compiled):
    nnkit.utils.set_random_seed(seed)
    layers = [Input((28, 28)), Rescaling(1 / 255), Flatten(), Dense(24), Tanh()]
    layers += [Dropout(dropout), Dense(10), Softmax()]
    model = Sequential(layers)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **compiled)
    return model


def same_weights(a, b):
    return all(np.array_equal(v, w) for v, w in zip(a.get_weights(), b.get_weights(), strict=True))


def test_it_learns(digits):
    history = network().fit(*digits, epochs=8, verbose=0).history
    assert list(history) == ["loss", "accuracy"]
    assert history["accuracy"][-1] > 0.85
    assert history["loss"][-1] < history["loss"][0] / 2


def test_equal_seeds_give_equal_bits(digits):
    first, second, other = network(), network(), network(seed=2)
    for model in (first, second, other):
        model.fit(*digits, epochs=2, verbose=0)
    assert same_weights(first, second)
    assert not same_weights(first, other)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_recorded_equals_python(digits, optimizer):
    """With one worker bit for bit; several may cut a product elsewhere."""
    config.set_num_threads(1)
    try:
        recorded, python = network(optimizer=optimizer), network(optimizer=optimizer)
        python.run_eagerly = True
        x, y = digits[0][:203], digits[1][:203]
        one = recorded.fit(x, y, batch_size=32, epochs=3, verbose=0).history
        two = python.fit(x, y, batch_size=32, epochs=3, verbose=0).history
    finally:
        config.set_num_threads(None)
    assert one == two
    assert same_weights(recorded, python)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_change_rounding_only(digits, threads):
    config.set_num_threads(threads)
    try:
        model = network()
        model.fit(*digits, batch_size=250, epochs=3, verbose=0)
    finally:
        config.set_num_threads(None)
    reference = network(run_eagerly=True)
    reference.fit(*digits, batch_size=250, epochs=3, verbose=0)
    for got, wanted in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-4)


def test_batch_hooks_change_nothing_but_the_pace(digits):
    seen = []

    class Watch(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((batch, logs["loss"]))

    plain, watched = network(), network()
    one = plain.fit(*digits, epochs=2, verbose=0).history
    two = watched.fit(*digits, epochs=2, verbose=0, callbacks=[Watch()]).history
    assert one == two
    assert same_weights(plain, watched)
    assert [batch for batch, _ in seen] == [*range(32)] * 2
    assert seen[31][1] == one["loss"][0]


@pytest.mark.parametrize(
    ("n", "batch_size"), [(1, 32), (31, 32), (33, 32), (64, 32), (7, 1), (5, 99)]
)
def test_every_sample_counts_once(n, batch_size):
    """A step of SGD on a bias moves it by the mean of the targets' errors: easy to follow."""
    x, y = np.zeros((n, 1), "float32"), np.arange(n, dtype="float32")
    model = Sequential([Dense(1)])
    model.compile(nnkit.optimizers.SGD(0.0), "mse", metrics=["mae"])
    history = model.fit(x, y, batch_size=batch_size, verbose=0).history
    assert history["loss"][0] == pytest.approx(np.mean(y**2))
    assert history["mae"][0] == pytest.approx(np.mean(y))
    assert model.evaluate(x, y, batch_size=batch_size, verbose=0) == pytest.approx(
        [np.mean(y**2), np.mean(y)]
    )


def test_resume_equals_going_on(digits, tmp_path):
    whole = network()
    whole.fit(*digits, epochs=5, verbose=0)
    first = network()
    first.fit(*digits, epochs=3, verbose=0)
    first.save(tmp_path / "m.h5")
    nnkit.utils.set_random_seed(99)
    resumed = nnkit.load_model(tmp_path / "m.h5")
    resumed.fit(*digits, epochs=5, initial_epoch=3, verbose=0)
    assert same_weights(whole, resumed)


def test_images_stay_bytes_and_targets_what_they_are(digits):
    x, y = digits
    before = x.copy(), y.copy()
    x.flags.writeable = y.flags.writeable = False
    network().fit(x, y, verbose=0)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.astype("float64"),
        lambda x: x.astype("int64"),
        lambda x: x.astype(">f4"),
        lambda x: x.astype("float16"),
        lambda x: x.tolist(),
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: np.asfortranarray(x),
    ],
)
def test_any_form_of_the_same_numbers(digits, convert):
    x, y = digits[0][:64], digits[1][:64]
    one, two = network(), network()
    one.fit(x, y, verbose=0)
    two.fit(convert(x), y, verbose=0)
    assert same_weights(one, two)


def test_validation_split_is_the_last_part_unshuffled(digits):
    x, y = digits
    split, given = network(), network()
    one = split.fit(x, y, epochs=2, validation_split=0.2, verbose=0).history
    two = given.fit(x[:800], y[:800], epochs=2, validation_data=(x[800:], y[800:]), verbose=0)
    assert one == two.history
    assert list(one) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert one["val_loss"][-1] == pytest.approx(split.evaluate(x[800:], y[800:], verbose=0)[0])


@pytest.mark.parametrize(("frequency", "lengths"), [(2, 2), ([1, 4], 2), (9, 0)])
def test_validation_freq(digits, frequency, lengths):
    history = network().fit(
        *digits, epochs=5, validation_split=0.1, validation_freq=frequency, verbose=0
    )
    assert len(history.history.get("val_loss", [])) == lengths


def regression(loss="mse", **arguments):
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="ones")])
    model.compile(nnkit.optimizers.SGD(0.1), loss, **arguments)
    return model


def test_sample_weights_are_keras_sum_over_count(rng):
    x, y, w = rng.normal(size=(10, 2)), rng.normal(size=10), rng.uniform(size=10)
    model = regression()
    errors = x.sum(axis=1) - y
    logs = model.train_on_batch(x, y, sample_weight=w, return_dict=True)
    assert logs["loss"] == pytest.approx(np.sum(w * errors**2) / 10, rel=1e-5)
    gradient = 2 * (x * (w * errors)[:, None]).sum(axis=0) / 10
    np.testing.assert_allclose(model.get_weights()[0][:, 0], 1 - 0.1 * gradient, rtol=1e-5)


def test_class_weights_are_sample_weights(digits):
    x, y = digits
    by_class, by_sample = network(), network()
    by_class.fit(x, y, class_weight={3: 5.0, 7: 0.0}, verbose=0)
    weight = np.ones(len(y))
    weight[y == 3], weight[y == 7] = 5, 0
    by_sample.fit(x, y, sample_weight=weight, verbose=0)
    assert same_weights(by_class, by_sample)


def test_class_weights_of_one_hot_targets(digits):
    x, y = digits
    weights = {2: 3.0}
    sparse, dense = network(), network()
    dense.compile("adam", "categorical_crossentropy")
    sparse.compile("adam", "sparse_categorical_crossentropy")
    dense._seed = sparse._seed
    one = sparse.fit(x, y, class_weight=weights, verbose=0).history
    two = dense.fit(x, nnkit.utils.to_categorical(y, 10), class_weight=weights, verbose=0).history
    assert one["loss"] == pytest.approx(two["loss"], rel=1e-5)


def test_weights_for_each_time_step(rng):
    x, y = rng.normal(size=(4, 3, 2)), rng.normal(size=(4, 3, 1))
    w = rng.uniform(size=(4, 3))
    model = Sequential([Input((3, 2)), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    want = np.sum(w * (x.sum(axis=-1) - y[..., 0]) ** 2) / 12
    assert model.test_on_batch(x, y, sample_weight=w) == pytest.approx(want, rel=1e-5)
    want = np.sum(w[:, :1] * (x.sum(axis=-1) - y[..., 0]) ** 2) / 12
    assert model.test_on_batch(x, y, sample_weight=w[:, 0]) == pytest.approx(want, rel=1e-5)


def test_reduction_sum(rng):
    x, y = rng.normal(size=(6, 2)), rng.normal(size=6)
    model = regression(nnkit.losses.MeanSquaredError(reduction="sum"))
    want = np.sum((x.sum(axis=1) - y) ** 2)
    assert model.train_on_batch(x, y) == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("loss", [nnkit.losses.BinaryCrossentropy(from_logits=True), "mse", "mae"])
def test_targets_of_rank_one_and_two(loss, rng):
    x = rng.normal(size=(8, 2))
    y = (rng.uniform(size=8) > 0.5).astype("float32")
    one, two = regression(loss), regression(loss)
    assert one.train_on_batch(x, y) == two.train_on_batch(x, y[:, None])


def test_a_loss_absorbs_the_last_activation_and_stays_finite():
    """exp(-2000) is 0 in any precision; from probabilities the gradient would vanish."""
    x = np.array([[1000.0, -1000.0]], "float32")
    model = Sequential([Input((2,)), Dense(2, "softmax", kernel_initializer="identity")])
    model.compile(
        nnkit.optimizers.SGD(1.0), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    loss, accuracy = model.train_on_batch(x, np.array([1]))
    assert loss == pytest.approx(2000)
    assert accuracy == 0
    assert model.get_weights()[0][0, 0] == pytest.approx(-999)
    np.testing.assert_allclose(model.predict(x).sum(axis=1), 1)


def test_labels_for_every_time_step(rng):
    x, y = rng.normal(size=(5, 4, 3)), rng.integers(0, 2, (5, 4))
    model = Sequential([Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["acc"])
    history = model.fit(x, y, epochs=3, verbose=0)
    assert list(history.history) == ["loss", "acc"]
    assert history.history["acc"][-1] == pytest.approx(
        np.mean(model.predict(x).argmax(-1) == y), abs=0.26
    )


def test_frozen_layers_stay(digits):
    model = network()
    model.layers[2].trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(*digits, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])


FIXED = r"'.*dense.*' was set to (False|True) after compile, which fixes what is trained"


def test_freezing_takes_effect_at_the_next_compile_and_is_said_once(digits):
    model = network()
    for frozen in (True, False):
        model.layers[2].trainable = not frozen
        before = model.get_weights()
        with pytest.warns(UserWarning, match=FIXED):
            model.fit(*digits, batch_size=16, verbose=0)
        model.train_on_batch(*digits)
        after = model.get_weights()
        assert np.array_equal(before[0], after[0]) is not frozen
        assert not np.array_equal(before[2], after[2])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(*digits, batch_size=16, verbose=0)
        assert np.array_equal(after[0], model.get_weights()[0]) is frozen
        assert not np.array_equal(after[2], model.get_weights()[2])


@pytest.mark.parametrize("which", ["layer", "weight"])
def test_a_callback_freezes_in_the_middle_of_fit(digits, which):
    """Said once, too, and without an effect until the next compile."""
    model = network()
    layer = model.layers[2]

    class Freeze(nnkit.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            (layer if which == "layer" else layer.kernel).trainable = False

    with pytest.warns(UserWarning, match=FIXED) as said:
        model.fit(*digits, epochs=3, verbose=0, callbacks=[Freeze()])
    assert len(said) == 1
    layer.kernel.trainable = True  # The order of weights depends on it.
    twin = network()
    twin.fit(*digits, epochs=3, verbose=0)
    assert same_weights(model, twin)


def test_layers_that_models_share_are_trained_as_each_was_compiled(digits, tmp_path):
    """The discriminator of a GAN: trained by itself, frozen in the second model, in files, too."""
    inner = network(optimizer=nnkit.optimizers.SGD(0.1, momentum=0.9), dropout=0)
    inner.trainable = False
    outer = Sequential([Input((28, 28)), Dense(28), inner])
    outer.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match=FIXED):
        inner.train_on_batch(*digits)
    inner.save(tmp_path / "inner.h5")
    again = nnkit.load_model(tmp_path / "inner.h5")
    for model in (inner, again, pickle.loads(pickle.dumps(inner)), copy.deepcopy(inner)):
        before = model.get_weights()
        assert [a.any() for a in model.optimizer_slots()["momentum"]] == [True] * 4
        model.train_on_batch(*digits)
        assert not any(map(np.array_equal, before, model.get_weights()))
    assert same_weights(inner, again)
    before = outer.get_weights()
    outer.train_on_batch(*digits)
    assert list(map(np.array_equal, before, outer.get_weights())) == [False] * 2 + [True] * 4


@pytest.mark.parametrize("learn", ["fit", "train_on_batch"])
def test_what_is_exchanged_holds_from_the_next_step_on(digits, learn):
    def loss():
        found = getattr(model, learn)(*digits, **({"verbose": 0} if learn == "fit" else {}))
        return found.history["loss"][0] if learn == "fit" else found[0]

    model = network(optimizer=nnkit.optimizers.SGD(0.0), dropout=0.0)
    layer, before = model.layers[2], loss()
    layer.kernel.regularizer = nnkit.regularizers.L1(0.5)
    penalty = 0.5 * np.abs(layer.kernel).sum()
    assert loss() == pytest.approx(before + penalty, rel=1e-5)
    layer.kernel.regularizer = None
    assert loss() == before
    layer.activity_regularizer = nnkit.regularizers.L2()
    assert loss() > before
    layer.activity_regularizer = None
    layer.activation = "relu"
    assert loss() != before
    layer.activation = None
    layer.kernel.constraint = nnkit.constraints.MaxNorm(0.1)
    loss()
    assert np.linalg.norm(layer.kernel.numpy(), axis=0).max() <= 0.1 + 1e-6
    moves = Storage.moves
    Dense(3, "relu", kernel_regularizer="l2", activity_regularizer="l1").build((None, 2))
    assert Storage.moves == moves  # What is recorded of other models still holds.


def test_compiling_again_starts_the_optimizer_anew(digits):
    model = network(optimizer=nnkit.optimizers.Adam())
    model.fit(*digits, verbose=0)
    model.compile(model.optimizer, "sparse_categorical_crossentropy")
    assert model.optimizer.iterations == 0


def test_an_optimizer_of_another_model_is_copied(digits):
    model = network(optimizer=nnkit.optimizers.Adam(0.01, beta_1=0.5))
    model.fit(*digits, verbose=0)
    steps, before = int(model.optimizer.iterations), model.get_weights()
    with pytest.warns(UserWarning, match="this Adam belongs to another model"):
        other = network(optimizer=model.optimizer)
    assert other.optimizer is not model.optimizer
    assert other.optimizer.get_config() == model.optimizer.get_config()
    other.fit(*digits, verbose=0)
    assert model.optimizer.iterations == other.optimizer.iterations == steps > 0
    for a, b, c in zip(before, model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)  # As an optimizer of its own would have it.


def test_gradients_and_values_may_be_assigned(rng):
    class Scale(nnkit.layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight("factor", input_shape[1:], "ones")

        def forward(self, x, training=False):
            self.x = x
            return x * self.factor.value

        def backward(self, dy):
            self.factor.gradient = (dy * self.x).sum(axis=0)
            return dy * self.factor.value

    model = Sequential([Input((2,)), Scale(), Dense(1)])
    model.compile("sgd", "mse")
    x, y = rng.normal(size=(8, 2)), rng.normal(size=8)
    model.fit(x, y, epochs=2, verbose=0)
    assert not np.array_equal(model.get_weights()[0], [1, 1])
    model.layers[1].bias.value = [100.0]
    model.fit(x, y, verbose=0)
    assert 50 < model.get_weights()[2][0] < 150
    with pytest.raises(ValueError, match=r"value of weight 'dense/bias' has shape \(1,\), got"):
        model.layers[1].bias.value = [1.0, 2.0]


def test_logits_without_a_softmax_are_warned_of(rng):
    model = Sequential([Input((2,)), Dense(3)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(RuntimeWarning, match="takes probabilities, but got outputs from"):
        model.fit(rng.normal(size=(8, 2)), rng.integers(0, 3, 8), verbose=0)


def test_predicting_while_another_thread_trains_the_same_model(digits):
    alone, model = network(), network()
    alone.fit(*digits, epochs=3, batch_size=50, verbose=0)
    stop = threading.Event()
    failures = []

    def predict():
        try:
            for rows in itertools.cycle(range(1, 40)):
                model.predict(digits[0][:rows])
                if stop.is_set():
                    return
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=predict)
    thread.start()
    model.fit(*digits, epochs=3, batch_size=50, verbose=0)
    stop.set()
    thread.join()
    assert not failures
    assert same_weights(alone, model)


def test_a_model_without_weights_can_be_fitted():
    model = Sequential([Input((2,)), Tanh()])
    model.compile("sgd", "mse")
    history = model.fit(np.ones((3, 2)), np.ones((3, 2)), epochs=2, verbose=0)
    assert model.get_weights() == []
    np.testing.assert_allclose(history.history["loss"], [(1 - np.tanh(1)) ** 2] * 2, rtol=1e-6)


def test_a_dropout_of_two_models_draws_anew_in_each_step():
    """Also for a batch size that comes when the other model was the last to be compiled."""
    masks = []

    class Look(nnkit.losses.Loss):
        def forward(self, y_true, y_pred):
            masks.append(y_pred.tobytes())
            return np.zeros(len(y_pred))

        def backward(self, weight):
            return np.zeros((3, 6), np.float32)

    dropout, x = nnkit.layers.Dropout(0.5), np.ones((12, 6), np.float32)
    models = [nnkit.Sequential([nnkit.Input((6,)), dropout]) for _ in range(2)]
    for model in models:
        model.compile("sgd", Look())
        model.session()
    models[0].fit(x, x, batch_size=3, epochs=2, verbose=0)
    assert len(set(masks)) == len(masks) == 8


def test_two_models_may_share_a_layer(digits):
    x, y = digits[0].reshape(-1, 784) / 255.0, digits[1]
    shared = Dense(16, "tanh")
    one = Sequential([Input((784,)), shared, Dense(10, "softmax")])
    two = Sequential([Input((784,)), shared, Dense(10, "softmax")])
    for model in (one, two):
        model.compile("sgd", "sparse_categorical_crossentropy")
    alone = one.predict(x[:5])
    for _ in range(3):
        for model in (one, two):
            model.fit(x, y, verbose=0)
            np.testing.assert_array_equal(one.get_weights()[0], two.get_weights()[0])
            np.testing.assert_allclose(model.predict(x[:5]), model(x[:5]), rtol=1e-5)
    assert not np.allclose(alone, one.predict(x[:5]))


def test_models_train_side_by_side_in_threads(digits):
    alone = network()
    alone.fit(*digits, epochs=3, batch_size=256, verbose=0)
    models = [network() for _ in range(4)]
    run = [
        threading.Thread(
            target=m.fit, args=digits, kwargs={"epochs": 3, "batch_size": 256, "verbose": 0}
        )
        for m in models
    ]
    for thread in run:
        thread.start()
    for thread in run:
        thread.join()
    assert all(same_weights(alone, model) for model in models)


def test_ctrl_c_leaves_a_model_and_its_history(digits):
    ended = []

    class Interrupt(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

        def on_train_end(self, logs=None):
            ended.append(True)

    model = network()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*digits, epochs=9, verbose=0, callbacks=[Interrupt()])
    assert ended == [True]
    assert len(model.history.history["loss"]) == 2
    assert model.evaluate(*digits, verbose=0)[1] > 0.5
    model.fit(*digits, epochs=3, initial_epoch=2, verbose=0)
    other = network()
    other.fit(*digits, epochs=3, verbose=0)
    assert same_weights(model, other)


def test_stop_training_ends_after_the_batch(digits):
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 4

    model = network()
    history = model.fit(*digits, epochs=9, verbose=0, callbacks=[Stop()])
    assert model.optimizer.iterations == 5
    assert history.epoch == [0]


def test_learning_rate_may_change_while_training(digits):
    class Halve(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate /= 2

    one, two = network(), network()
    one.fit(*digits, epochs=2, verbose=0, callbacks=[Halve()])
    two.fit(*digits, epochs=1, verbose=0)
    two.optimizer.learning_rate = 0.0005
    two.fit(*digits, epochs=2, initial_epoch=1, verbose=0)
    assert same_weights(one, two)


def test_a_changed_hyperparameter_is_recorded_anew(rng):
    x, y = rng.normal(size=(8, 2)), rng.normal(size=8)
    models = [regression(), regression()]
    for model, changed in zip(models, (0.9, 0.0), strict=True):
        model.compile(nnkit.optimizers.SGD(0.1, momentum=0.9), "mse")
        for _ in range(4):
            model.train_on_batch(x, y)
        model.optimizer.momentum = changed
        for _ in range(2):
            model.train_on_batch(x, y)
    assert not same_weights(*models)


def test_evaluating_in_the_middle_of_an_epoch_disturbs_nothing(digits):
    class Evaluate(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch % 10 == 5:
                self.model.evaluate(*digits, verbose=0)
                self.model.predict(digits[0][:3])

    one, two = network(), network()
    plain = one.fit(*digits, epochs=2, verbose=0).history
    disturbed = two.fit(*digits, epochs=2, verbose=0, callbacks=[Evaluate()]).history
    assert plain == disturbed
    assert same_weights(one, two)


def test_without_shuffling_batches_come_in_order():
    x, y = np.zeros((6, 1)), np.arange(6.0)
    seen = []

    class Watch(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs["loss"])

    model = Sequential([Dense(1)])
    model.compile(nnkit.optimizers.SGD(0.0), "mse")
    model.fit(x, y, batch_size=2, shuffle=False, verbose=0, callbacks=[Watch()])
    means = [np.mean(y[: 2 * i] ** 2) for i in (1, 2, 3)]
    assert seen == pytest.approx(means)


def test_fit_and_train_on_batch_take_turns(digits):
    x, y = digits[0][:32], digits[1][:32]
    model, other = network(), network()
    for _ in range(3):
        model.fit(x, y, shuffle=False, verbose=0)
        model.train_on_batch(x, y)
        other.train_on_batch(x, y)
        other.fit(x, y, shuffle=False, verbose=0)
    assert same_weights(model, other)


def test_train_on_batch_reports_this_batch_only(digits):
    model = network()
    first = model.train_on_batch(digits[0][:32], digits[1][:32])
    again = model.train_on_batch(digits[0][:32], digits[1][:32])
    assert again[0] < first[0]
    assert model.train_on_batch(*digits, return_dict=True).keys() == {"loss", "accuracy"}


def test_float64(digits):
    nnkit.config.set_floatx("float64")
    try:
        model = network()
    finally:
        nnkit.config.set_floatx("float32")
    assert model.fit(*digits, epochs=3, verbose=0).history["accuracy"][-1] > 0.7
    assert model.predict(digits[0][:2]).dtype == np.float64


class Blow(nnkit.layers.Layer):
    """Gives NaN from some call on."""

    def forward(self, x, training=False):
        return np.where(x > 0.99, np.nan, x)

    def backward(self, dy):
        return dy


def test_check_numerics_names_epoch_batch_and_layer():
    x = np.full((64, 3), 0.5)
    x[40] = 1.0
    model = Sequential(
        [Input((3,)), Tanh(name="fine"), Rescaling(1.4, name="up"), Blow(name="bad")]
    )
    model.add(Dense(1))
    model.compile("sgd", "mse")
    message = r"epoch 0, batch 5: first not finite is the output of layer 'bad', with 3 NaN"
    with pytest.raises(FloatingPointError, match=message):
        model.fit(x, np.ones(64), batch_size=8, shuffle=False, check_numerics=True, verbose=0)


def test_check_numerics_names_a_learning_rate_that_is_too_large(digits):
    x, y = digits[0].reshape(-1, 784).astype("float32"), digits[1].astype("float32")
    model = Sequential([Input((784,)), Dense(8), Dense(1)])
    model.compile(nnkit.optimizers.SGD(10.0), "mse")
    with pytest.raises(FloatingPointError, match="The learning rate is 10; try a smaller one"):
        model.fit(x, y, epochs=3, check_numerics=True, verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_check_numerics_changes_no_result(digits):
    one, two = network(), network()
    one.fit(*digits, epochs=2, verbose=0)
    two.fit(*digits, epochs=2, verbose=0, check_numerics=True)
    assert same_weights(one, two)


def test_a_loss_that_is_a_sum_is_that_of_32_rows(rng):
    """Another size of a batch gives another sum, and Keras's is 32."""
    model = nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Dense(1)])
    model.compile("sgd", nnkit.losses.MeanSquaredError(reduction="sum"))
    x = rng.standard_normal((64, 4)).astype("float32")
    want = np.sum(model.predict(x).astype(float) ** 2) / 2
    assert model.evaluate(x, np.zeros(64), verbose=0) == pytest.approx(want, rel=1e-5)
    half = model.evaluate(x, np.zeros(64), batch_size=16, verbose=0)
    assert half == pytest.approx(want / 2, rel=1e-5)
