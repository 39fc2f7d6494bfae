import copy
import pickle

import numpy as np
import pytest

import nnkit
from nnkit import optimizers
from nnkit.layers import Dense, Embedding, Flatten, Reshape

ROWS, COLUMNS, STEPS = 9, 3, 4


def data(rng, samples=10, rows=ROWS):
    return rng.integers(0, rows, (samples, STEPS)), rng.normal(size=(samples, 2))


def model_with(*layers, optimizer="sgd", **options):
    nnkit.utils.set_random_seed(3)
    model = nnkit.Sequential([nnkit.Input((STEPS,)), *layers, Flatten(), Dense(2)])
    model.compile(optimizer, "mse", **options)
    return model


def table(**options):
    return Embedding(ROWS, COLUMNS, **options)


def weights_after(x, y, *layers, batch=4, epochs=3, **options):
    model = model_with(*layers, **options)
    model.fit(x, y, batch, epochs, verbose=0)
    return model.get_weights()


def assert_close(one, two):
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 1, 4)])
@pytest.mark.parametrize("dtype", ["int32", "uint8", "int64", "bool", "float32", "float64"])
def test_rows_of_any_numbers(shape, dtype, rng):
    weights = rng.normal(size=(2, COLUMNS)).astype(np.float32)
    x = rng.integers(0, 2, shape).astype(dtype)
    y = Embedding(2, COLUMNS, weights=weights)(x)
    np.testing.assert_array_equal(y, weights[x.astype(int)])


def test_numbers_that_float32_does_not_know():
    rows = 2**24 + 2
    layer = Embedding(rows, 1, embeddings_initializer="zeros")
    model = nnkit.Sequential([nnkit.Input((1,)), layer])
    layer.embeddings.value[-2:] = [[1], [2]]
    np.testing.assert_array_equal(model.predict([[rows - 1], [rows - 2]]).ravel(), [2, 1])


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("optimizer", [optimizers.SGD(0.5), optimizers.Adam(0.1)])
def test_steps_by_hand(optimizer, eager, rng):
    """Repeated numbers add up, and the gradient of the step before leaves no trace."""
    x, y = data(rng, 12)
    model = nnkit.Sequential([nnkit.Input((STEPS,)), table(), Flatten()])
    model.compile(copy.deepcopy(optimizer), "mse", run_eagerly=eager)
    y = rng.normal(size=(12, STEPS * COLUMNS))
    w = model.get_weights()[0].astype(float)
    m, v = np.zeros_like(w), np.zeros_like(w)
    model.fit(x, y, 3, 2, shuffle=False, verbose=0)
    for t in range(1, 9):
        rows = slice((t - 1) % 4 * 3, (t - 1) % 4 * 3 + 3)
        dy = 2 * (w[x[rows]].reshape(3, -1) - y[rows]) / (3 * STEPS * COLUMNS)
        g = np.zeros_like(w)
        np.add.at(g, x[rows], dy.reshape(3, STEPS, COLUMNS))
        if isinstance(optimizer, optimizers.SGD):
            w -= 0.5 * g
            continue
        m, v = m + 0.1 * (g - m), v + 0.001 * (g * g - v)
        w -= 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": optimizers.SGD(0.1, momentum=0.9)},
        {"optimizer": optimizers.SGD(0.1, weight_decay=0.1, clipvalue=0.01)},
        {"optimizer": optimizers.SGD(0.1, global_clipnorm=0.1)},
        {"optimizer": optimizers.SGD(0.1, clipnorm=0.1)},
        {"optimizer": "adam"},
    ],
    ids=str,
)
@pytest.mark.parametrize("regularizer", [None, "l2"])
def test_only_used_rows_change_nothing_else(options, regularizer, rng):
    """A table is a Dense kernel whose inputs are one-hot, whatever the optimizer does."""
    x, y = data(rng)
    one_hot = np.eye(ROWS)[x].reshape(len(x), -1)
    initial = rng.normal(size=(ROWS, COLUMNS))
    embedding = table(weights=initial, embeddings_regularizer=regularizer)
    dense = Dense(COLUMNS, use_bias=False, kernel_regularizer=regularizer)
    results = []
    for given, layers in [(x, [embedding]), (one_hot, [Reshape((STEPS, ROWS)), dense])]:
        model = nnkit.Sequential([nnkit.Input(given.shape[1:]), *layers, Flatten(), Dense(2)])
        model.set_weights([initial, np.full((STEPS * COLUMNS, 2), 0.1), np.zeros(2)])
        model.compile(copy.deepcopy(options.get("optimizer", "sgd")), "mse")
        model.fit(given, y, 4, 3, shuffle=False, verbose=0)
        results.append([*model.get_weights(), model.evaluate(given, y, verbose=0)])
    assert_close(*results)


def test_sgd_leaves_other_rows_alone(rng):
    """To the last bit, though their gradient may be minus zero or the rate infinite."""
    x, y = data(rng, 5, rows=3)
    model = model_with(table(), optimizer=optimizers.SGD(1e30))
    before = model.get_weights()[0]
    model.fit(x, y, 5, 2, verbose=0)
    after = model.get_weights()[0]
    np.testing.assert_array_equal(before[3:], after[3:])
    assert (before[:3] != after[:3]).all()


def test_a_custom_step_of_sgd_gets_everything(rng):
    class Half(optimizers.SGD):
        def update(self, gradients, parameters, slots, rate, iteration):
            nnkit.launch.scale(gradients, 0.5, gradients_halved := np.empty_like(gradients))
            parameters -= rate[0] * gradients_halved

    Half.recordable = False
    x, y = data(rng)
    half = weights_after(x, y, table(), optimizer=Half(0.2))
    assert_close(half, weights_after(x, y, table(), optimizer=optimizers.SGD(0.1)))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_table_used_twice(optimizer, rng):
    """Both uses add up, in a replay as in Python."""
    x, y = data(rng)
    outcomes = []
    for eager in (True, False):
        shared = table()
        branches = nnkit.layers.Parallel([[shared], [shared]], merge="add")
        outcomes.append(weights_after(x, y, branches, optimizer=optimizer, run_eagerly=eager))
    assert_close(*outcomes)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_table_in_two_models(optimizer, rng):
    """The gradients lie elsewhere then, and what was used before is unknown."""
    x, y = data(rng, 12)
    outcomes = []
    for eager in (True, False):
        shared = table()
        models = [
            model_with(shared, optimizer=optimizer, run_eagerly=eager),
            model_with(shared, optimizer=optimizer, run_eagerly=eager),
        ]
        for epoch in range(6):
            part = slice(2 * epoch, 2 * epoch + 2)
            models[epoch % 2].fit(x[part], y[part], 2, 1, verbose=0)
        outcomes.append([w for model in models for w in model.get_weights()])
    assert_close(*outcomes)


def test_gradients_that_a_user_writes(rng):
    x, y = data(rng)
    outcomes = []
    for spoil in (False, True):
        model = model_with(table())
        for _ in range(4):
            model.train_on_batch(x, y)
            if spoil:
                model.layers[0].embeddings.gradient.fill(np.nan)
        outcomes.append(model.get_weights())
    np.testing.assert_array_equal(outcomes[0][0], outcomes[1][0])


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_give_the_same_bits(workers, monkeypatch, rng):
    x, y = data(rng)
    wanted = weights_after(x, y, table(), optimizer="adam")
    monkeypatch.setattr("nnkit.engine.cpu.choose_workers", lambda tape, share: workers)
    nnkit.config.set_num_threads(workers)
    try:
        assert_close(weights_after(x, y, table(), optimizer="adam"), wanted)
    finally:
        nnkit.config.set_num_threads(None)


@pytest.mark.parametrize("another", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_training_goes_on_in_a_copy(another, rng):
    x, y = data(rng)
    model = model_with(table(), optimizer="adam")
    model.fit(x, y, 4, 2, verbose=0)
    twin = another(model)
    for m in (model, twin):
        m.fit(x, y, 4, 2, shuffle=False, verbose=0)
    assert_close(model.get_weights(), twin.get_weights())


def test_masks():
    x = np.array([[0, 2], [1, 0]], np.int32)
    assert table().compute_mask(x, None) is None
    mask = table(mask_zero=True).compute_mask(x, None)
    np.testing.assert_array_equal(mask, [[False, True], [True, False]])
    assert mask.dtype == bool


def test_keras_2_named_the_shape_otherwise():
    layer = table(input_length=STEPS)
    assert nnkit.Sequential([layer, Flatten()]).output_shape == (None, STEPS * COLUMNS)


# ------------------------------------------------------------------------------------ bad input


def fit(model, x):
    model.fit(x, np.zeros((len(x), 2)), verbose=0)


def evaluate(model, x):
    model.evaluate(x, np.zeros((len(x), 2)), verbose=0)


def predict(model, x):
    model.predict(x)


def validate(model, x):
    good, y = np.zeros((2, STEPS)), np.zeros((2, 2))
    model.fit(good, y, validation_data=(x, y[: len(x)]), verbose=0)


def call(model, x):
    model.layers[0](x)


@pytest.mark.parametrize("use", [fit, evaluate, predict, validate, call])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (ROWS, "takes numbers from 0 to 8, but [a-z_]+ contains 9"),
        (-1, "contains -1"),
        (2**31, "contains 2147483648"),
        (2**32, "contains 4294967296"),
        (0.5, "takes whole numbers, but [a-z_]+ has fractions"),
    ],
)
def test_numbers_outside_of_the_table(use, wrong, message, rng):
    model = model_with(table())
    before = model.get_weights()
    x = np.full((2, STEPS), 1, np.array(wrong).dtype)
    x[-1, -1] = wrong
    with pytest.raises(ValueError, match=message):
        use(model, x)
    assert_close(model.get_weights(), before)


def test_numbers_outside_that_a_layer_computes():
    """They were not seen before: NaN says it, and nothing outside of the table is read."""
    layer = nnkit.layers.Rescaling(1.0, offset=1.0)
    model = nnkit.Sequential([nnkit.Input((2,)), layer, Embedding(3, 1)])
    y = model.predict([[0, 2], [-1, 1]])
    np.testing.assert_array_equal(np.isnan(y).ravel(), [False, True, False, False])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Embedding(0, 2), "input_dim must be a whole number from 1"),
        (lambda: Embedding(2, 0), "output_dim must be a whole number from 1"),
        (lambda: Embedding(2, 2, mask_zero=1), "mask_zero must be True or False"),
        (
            lambda: Embedding(2, 3, weights=np.ones((3, 2))),
            r"of shape \(2, 3\), got shape \(3, 2\)",
        ),
        (lambda: Embedding(2, 1, weights=[["a"], ["b"]]), "an array of numbers"),
        (lambda: Embedding(2, 1, weight=1), "Embedding has no argument 'weight'; did you mean"),
        (lambda: Embedding(2, 1, input_length=0), "input_length must be"),
    ],
)
def test_mistakes(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_weights_as_keras_takes_them(rng):
    weights = rng.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    x = np.arange(ROWS)
    for given in (weights, [weights], weights.tolist()):
        layer = table(weights=given)
        np.testing.assert_array_equal(layer(x), weights)
        assert "weights" not in layer.get_config()
