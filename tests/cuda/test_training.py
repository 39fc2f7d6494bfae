"""The engine for GPUs against the engine for the CPU, with the CPU's kernels in both."""

import gc
import logging
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import nnkit
from nnkit.engine.cuda.options import options
from nnkit.engine.mirrors import reading
from nnkit.errors import DeviceError
from nnkit.layers import Dense, Dropout, Layer, Rescaling, Softmax, Tanh

X = np.random.default_rng(0).integers(0, 256, (53, 6)).astype(np.uint8)
Y = np.random.default_rng(1).integers(0, 3, 53)


class NumpyScale(Layer):
    """A layer of door 1 with a weight and a running statistic."""

    def build(self, input_shape):
        self.factor = self.add_weight("factor", input_shape[1:], "ones")
        self.mean = self.add_weight("mean", input_shape[1:], "zeros", trainable=False)

    def forward(self, x, training=False):
        self.x = x
        if training:
            self.mean.value[...] = 0.9 * self.mean.value + 0.1 * x.mean(axis=0)
        return (x - self.mean.value) * self.factor.value

    def backward(self, dy):
        self.factor.gradient[...] = (dy * (self.x - self.mean.value)).sum(axis=0)
        return dy * self.factor.value


class NumpySGD(nnkit.optimizers.Optimizer):
    """An optimizer of door 1."""

    slots = ("steps",)

    def update(self, gradients, parameters, slots, rate, iteration):
        slots["steps"] += 1
        parameters -= (rate * gradients).astype(parameters.dtype)


class NumpyError(nnkit.losses.Loss):
    """A loss of door 1."""

    def forward(self, y_true, y_pred):
        self.difference = y_pred - y_true.reshape(y_pred.shape)
        return (self.difference**2).mean(axis=-1)

    def backward(self, weights):
        return 2 * self.difference / self.difference.shape[-1] * weights[:, None]


class NumpyMetric(nnkit.metrics.Metric):
    """A metric with a state of its own, in NumPy."""

    def __init__(self, **options):
        super().__init__(**options)
        self.largest = self.add_weight((), name="largest")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.largest.assign(np.maximum(self.largest, np.abs(y_true - y_pred).max()))

    def result(self):
        return self.largest


@nnkit.kernel(outputs=["y"], split=["x", "y"], elementwise=True)
def twice(x, y):
    """y = 2 x: a kernel without a twin."""
    for i in range(x.size):
        y[i] = x[i] + x[i]


class Twice(Layer):
    """A layer of door 2."""

    recordable = True

    def forward(self, x, training=False):
        y = self.empty(x.shape)
        twice(x, y)
        return y

    def backward(self, dy):
        dx = self.empty(dy.shape)
        twice(dy, dx)
        return dx


class Swish(Layer):
    """A layer of door 3, with a weight."""

    def build(self, input_shape):
        self.slope = self.add_weight("slope", input_shape[1:], "ones")

    def call(self, x):
        return x * nnkit.ops.sigmoid(self.slope * x)


def model(*layers, optimizer="adam", loss="sparse_categorical_crossentropy", metrics=("accuracy",)):
    nnkit.utils.set_random_seed(3)
    layers = layers or (Dense(5), Tanh(), Dropout(0.3), Dense(3), Softmax())
    result = nnkit.Sequential([nnkit.Input((6,)), Rescaling(1 / 255), *layers])
    result.compile(optimizer, loss, metrics=list(metrics))
    return result


KINDS = {
    "dense": lambda: model(),
    "sgd": lambda: model(optimizer=nnkit.optimizers.SGD(0.1, momentum=0.9, clipnorm=1.0)),
    "numpy layer": lambda: model(NumpyScale(), Dense(4), NumpyScale(), Dense(3), Softmax()),
    "numpy optimizer": lambda: model(optimizer=NumpySGD(0.1)),
    "numpy loss": lambda: model(Dense(1), loss=NumpyError(), metrics=()),
    "states": lambda: model(
        Dense(1, activation="sigmoid"),
        loss="mse",
        metrics=[nnkit.metrics.AUC(), NumpyMetric(), nnkit.metrics.R2Score(), "kld"],
    ),
    "expression": lambda: model(Dense(4), Swish(), Dense(3), Softmax()),
    "own kernel": lambda: model(Dense(4), Twice(), Dense(3), Softmax()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_training_equals_the_cpu_bit_for_bit(kind, gpu, use):
    """With a last partial batch, validation, several epochs, and evaluate and predict after it."""
    outcomes = []
    nnkit.config.set_num_threads(1)
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = KINDS[kind]()
        history = trained.fit(X, Y, 8, 3, 0, validation_split=0.2).history
        results = trained.evaluate(X, Y, 16, 0), trained.predict(X, 16), trained.predict(X[:1])
        slots = [np.array(s) for v in trained.optimizer_slots().values() for s in v]
        outcomes.append((history, results, trained.get_weights(), slots))
    nnkit.config.set_num_threads(None)
    for mine, theirs in zip(*(_flat(outcome) for outcome in outcomes), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def _flat(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _flat(item)]
    return [value]


class Centred(Layer):
    """Computes a number in Python from its input, which a replay would not compute again."""

    recordable = True

    def forward(self, x, training=False):
        y = self.empty(x.shape)
        nnkit.launch.rescale(x, 1.0, -float(x.mean()), y)
        return y

    def backward(self, dy):
        return dy


def test_a_number_from_the_data_is_noticed(gpu, use, one_thread):
    """Also in the first layer, where nothing but the rows changes from step to step."""
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = nnkit.Sequential([nnkit.Input((6,)), Centred(), Dense(3), Softmax()])
        trained.compile("sgd", "sparse_categorical_crossentropy")
        for weight in trained.weights:
            weight.assign(np.linspace(-1, 1, weight.size).reshape(weight.shape))
        with pytest.warns(RuntimeWarning, match="'centred' does something in a step besides"):
            trained.fit(X / np.float32(255), Y, 8, 1, 0, shuffle=False)
        outcomes.append(trained.get_weights())
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("rows", [8, 53])
def test_eager_predictions_that_stay_on_the_device(rows, gpu):
    eager = model()
    eager.run_eagerly = True
    expected = eager.predict(X[:rows], 8)
    found = eager.predict(X[:rows], 8, to_host=False)
    np.testing.assert_array_equal(found.numpy(), expected)


def test_a_step_is_captured_once_and_replayed(gpu):
    options.unroll = 4
    trained = model(metrics=())
    trained.fit(X[:48], Y[:48], 4, 1, 0)  # 12 steps: 1 launched, then graphs of 4 and of 1.
    first = gpu.log.index("capture")
    assert gpu.log.count("capture") == 2
    assert not any(entry.startswith("launch") for entry in gpu.log[first:])
    gpu.log.clear()
    trained.fit(X[:48], Y[:48], 4, 5, 0)
    assert not any(entry.startswith("launch") for entry in gpu.log)


def test_a_graph_that_fails_is_logged_and_done_without(gpu, use, caplog, one_thread):
    gpu.failing.add("capture")
    with caplog.at_level(logging.WARNING, "nnkit"):
        without = model()
        without.fit(X, Y, 8, 2, 0)
    assert "launched kernel by kernel" in caplog.text
    use("cpu")
    plain = model()
    plain.fit(X, Y, 8, 2, 0)
    for mine, theirs in zip(without.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_graphs_may_be_switched_off(gpu):
    options.graphs = False
    model().fit(X, Y, 8, 2, 0)
    assert "capture" not in gpu.log


def test_a_kernel_that_fails_is_named_with_its_layer(gpu):
    trained = model()
    before = trained.get_weights()
    gpu.failing.add("tanh_backward")
    with pytest.raises(DeviceError, match="kernel tanh_backward of 'tanh' failed"):
        trained.fit(X, Y, 8, 1, 0)
    for mine, theirs in zip(trained.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_out_of_memory_says_sizes_and_leaves_the_model(gpu):
    trained = model()
    before = trained.get_weights()
    gpu.api.total = 100
    with pytest.raises(DeviceError, match=r"out of memory on cuda:0: .* MB are needed"):
        trained.fit(X, Y, 8, 1, 0)
    gpu.api.total = 1 << 32
    for mine, theirs in zip(trained.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    trained.fit(X, Y, 8, 1, 0)


@pytest.mark.parametrize("limit", [0, 200, 100_000])
def test_data_that_does_not_fit_is_streamed(limit, gpu, one_thread):
    whole, streamed = model(), model()
    histories = [whole.fit(X, Y, 8, 2, 0, validation_split=0.2).history]
    results = [whole.evaluate(X, Y, 5, 0), whole.predict(X, 5)]
    options.data_limit = limit
    histories.append(streamed.fit(X, Y, 8, 2, 0, validation_split=0.2).history)
    results += [streamed.evaluate(X, Y, 5, 0), streamed.predict(X, 5)]
    assert histories[0] == histories[1]
    assert results[0] == results[2]
    np.testing.assert_array_equal(results[1], results[3])


def test_weights_may_be_read_and_changed_between_batches(gpu, use, one_thread):
    """Whatever way: a view that is held, set_weights, assign; as on the CPU."""

    class Meddle(nnkit.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.seen, self.held = [], self.model.layers[1].kernel.value

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append(self.held.sum())
            self.held[0] *= 0.5
            if batch == 2:
                self.model.set_weights([0.9 * w for w in self.model.get_weights()])
            if batch == 3:
                self.model.layers[1].bias.assign(np.ones(5))

    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained, meddle = model(), Meddle()
        trained.fit(X, Y, 8, 2, 0, callbacks=[meddle])
        meddle.held[0] = 1
        trained.fit(X, Y, 8, 1, 0)
        meddle.held[1] = 2
        outcomes.append([meddle.seen, *trained.get_weights(), trained.predict(X)])
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    "read",
    [
        np.asarray,
        np.from_dlpack,
        np.negative,
        lambda w: w[:2],
        lambda w: w.mean(axis=0),
        lambda w: w == 0,
        lambda w: 2 * w,
        list,
    ],
)
def test_a_weight_is_read_as_it_is_after_training(read, gpu, use, one_thread):
    """As an array, whatever way: its values of this moment, and none that come later."""
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = model()
        kernel = trained.layers[1].kernel
        seen = [read(kernel)]
        for _ in range(2):
            trained.fit(X, Y, 8, 1, 0)
            seen.append(read(kernel))
        outcomes.append(seen)
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_weights_stay_on_the_device_until_somebody_looks(gpu):
    trained = model()
    trained.fit(X, Y, 8, 1, 0)
    values = trained.session().storage.values
    stale = values.copy()
    trained.fit(X, Y, 8, 1, 0)
    np.testing.assert_array_equal(values, stale)
    reading(values)
    assert (values != stale).any()


def test_training_goes_on_on_another_device(gpu, use, one_thread, tmp_path):
    """Saved on one, resumed on the other; and the same model moved there and back."""
    use("cpu")
    whole = model()
    whole.fit(X, Y, 8, 3, 0)
    moved = model()
    for epoch, device in enumerate(("cuda:0", "cpu", "cuda:0")):
        use(device)
        moved.fit(X, Y, 8, epoch + 1, 0, initial_epoch=epoch)
        moved.save(tmp_path / f"{epoch}.h5")
        resumed = nnkit.load_model(tmp_path / f"{epoch}.h5")
    for other in (moved, resumed):
        for mine, theirs in zip(other.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    use("cpu")
    np.testing.assert_array_equal(moved.predict(X), whole.predict(X))


def test_gradients_are_those_of_the_last_step(gpu, use, one_thread):
    """Of whichever device did it."""
    outcomes = []
    for devices in (("cpu", "cpu", "cpu"), ("cpu", "cuda:0", "cpu")):
        trained = model(Dense(3), Softmax())
        for epoch, device in enumerate(devices):
            use(device)
            trained.fit(X[:48], Y[:48], 8, epoch + 1, 0, initial_epoch=epoch)
        outcomes.append([v.gradient.copy() for v in trained.trainable_weights])
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_run_eagerly_runs_on_the_host(gpu, use, caplog, one_thread):
    use("cpu")
    plain = model()
    plain.fit(X, Y, 8, 2, 0)
    use("cuda:0")
    eager = model()
    eager.run_eagerly = True
    with caplog.at_level(logging.WARNING, "nnkit"):
        eager.fit(X, Y, 8, 2, 0)
    assert "run in Python, on the CPU: run_eagerly=True" in caplog.text
    for mine, theirs in zip(eager.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_check_numerics_names_the_layer(gpu):
    trained = model(optimizer=nnkit.optimizers.SGD(1e38))
    with pytest.raises(FloatingPointError, match="in epoch 0, batch"):
        trained.fit(X, Y, 8, 3, 0, check_numerics=True)
    assert all(np.isfinite(w).all() for w in trained.get_weights())


def test_single_batches(gpu, use, one_thread):
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = model()
        losses = [trained.train_on_batch(X[:9], Y[:9]) for _ in range(4)]
        outcomes.append([losses, trained.test_on_batch(X, Y), trained.predict_on_batch(X)])
    for mine, theirs in zip(*(_flat(o) for o in outcomes), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_models_that_share_a_layer(gpu, use, one_thread):
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        shared = Dense(5, activation="tanh", name="shared")
        nnkit.utils.set_random_seed(3)
        pair = [model(shared, Dense(3), Softmax()) for _ in range(2)]
        for one in (*pair, *pair):
            one.fit(X, Y, 8, 1, 0)
        outcomes.append([*pair[0].get_weights(), *pair[1].get_weights(), pair[0].predict(X)])
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_freezing_on_the_way(gpu, use, one_thread):
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = model()
        trained.fit(X, Y, 8, 1, 0)
        trained.layers[1].trainable = False
        trained.compile_from_config(trained.get_compile_config())
        trained.fit(X, Y, 8, 1, 0)
        trained.layers[1].trainable = True
        trained.compile_from_config(trained.get_compile_config())
        trained.fit(X, Y, 8, 1, 0)
        outcomes.append(trained.get_weights())
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_callbacks_and_weights_of_samples(gpu, use, one_thread, tmp_path):
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = model(optimizer=nnkit.optimizers.SGD(2.0))
        path = tmp_path / f"{device[:3]}.h5"
        history = trained.fit(
            *(X, Y, 8, 6, 0),
            callbacks=[
                nnkit.callbacks.EarlyStopping("loss", patience=1, restore_best_weights=True),
                nnkit.callbacks.ModelCheckpoint(path, monitor="loss", save_best_only=True),
                nnkit.callbacks.ReduceLROnPlateau("loss", patience=1),
            ],
            sample_weight=np.arange(53) % 3,
        ).history
        outcomes.append([history, trained.get_weights(), nnkit.load_model(path).get_weights()])
    for mine, theirs in zip(*(_flat(o) for o in outcomes), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_float64(gpu, use, one_thread):
    nnkit.config.set_floatx("float64")
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = model()
        trained.fit(X / 255, Y, 8, 2, 0)
        outcomes.append([*trained.get_weights(), trained.predict(X / 255)])
    nnkit.config.set_floatx("float32")
    for mine, theirs in zip(*outcomes, strict=True):
        assert mine.dtype == np.float64
        np.testing.assert_array_equal(mine, theirs)


def test_threads_predict_while_another_trains(gpu):
    trained, other = model(), model()
    trained.fit(X, Y, 8, 1, 0)
    want = trained.predict(X)
    with ThreadPoolExecutor(4) as pool:
        training = pool.submit(other.fit, X, Y, 8, 3, 0)
        results = list(pool.map(lambda _: trained.predict(X), range(8)))
        training.result()
    for result in results:
        np.testing.assert_array_equal(result, want)


def test_memory_is_given_back(gpu):
    """Not one more allocation is alive after three models than after the first."""
    alive = weakref.WeakSet()
    allocate = gpu.allocate

    def counted(size):
        memory = allocate(size)
        alive.add(memory)
        return memory

    gpu.allocate = counted
    counts = []
    for _ in range(3):
        trained = model()
        trained.fit(X, Y, 8, 1, 0)
        trained.predict(X)
        del trained
        gc.collect()
        counts.append(len(alive))
    assert counts[0] == counts[-1]


class Picky(Layer):
    """A layer in NumPy that is interrupted at some samples."""

    error = ArithmeticError

    def forward(self, x, training=False):
        if abs(x).max() > 1e6:
            raise self.error
        return x

    def backward(self, dy):
        return dy


@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt])
def test_what_was_learnt_before_an_interruption_is_kept(error, gpu, use, one_thread):
    """By an error in a layer, or by Ctrl-C."""
    outcomes = []
    x = X.astype(np.float32)
    x[20] = 1e12
    for device in ("cpu", "cuda:0"):
        use(device)
        picky = Picky()
        picky.error = error
        trained = model(Dense(4), picky, Dense(3), Softmax())
        with pytest.raises(error):
            trained.fit(x, Y, 8, 3, 0, shuffle=False)
        outcomes.append([*trained.get_weights(), trained.optimizer.iterations])
    assert outcomes[0][-1] == 2
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(mine, theirs)
