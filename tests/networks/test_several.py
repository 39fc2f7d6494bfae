"""Gradients and training in graphs of several inputs and outputs, against formulas in NumPy."""

import threading

import numpy as np
import pytest

import nnkit
from nnkit import Input, Model, ops
from nnkit.layers import (
    GRU,
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
)

RATE = 0.1


def two_outputs(**options):
    """x and z in, a = x A + z B and b = (x A) C out; all without bias."""
    x, z = Input((3,), name="x"), Input((2,), name="z")
    h = Dense(4, use_bias=False, name="first")(x)
    a = Add(name="a")([h, Dense(4, use_bias=False, name="second")(z)])
    b = Dense(2, use_bias=False, name="b")(h)
    model = Model([x, z], [a, b])
    model.compile(nnkit.optimizers.SGD(RATE), "mse", **options)
    return model


@pytest.fixture
def data(rng):
    shapes = (6, 3), (6, 2), (6, 4), (6, 2)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def slopes(weights, data, factors=(1.0, 1.0), rows=(1.0, 1.0)):
    """The loss of both outputs, and the gradients of the three kernels."""
    first, second, last = weights
    x, z, y_a, y_b = data
    h = x @ first
    differences = h + z @ second - y_a, h @ last - y_b
    parts = [
        (np.reshape(r, (-1, 1)) * d, f) for d, r, f in zip(differences, rows, factors, strict=True)
    ]
    losses = [np.mean(w * d) for (w, _), d in zip(parts, differences, strict=True)]
    s_a, s_b = (2 * f * w / w.size for w, f in parts)
    return losses, [x.T @ (s_a + s_b @ last.T), z.T @ s_a, h.T @ s_b]


def check_step(model, data, factors=(1.0, 1.0), rows=(1.0, 1.0), frozen=(), **options):
    weights = model.get_weights()
    (loss_a, loss_b), gradients = slopes(weights, data, factors, rows)
    found = model.train_on_batch(data[:2], data[2:], return_dict=True, **options)
    total = factors[0] * loss_a + factors[1] * loss_b
    expected = {"loss": total, "a_loss": loss_a, "b_loss": loss_b}
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], 1e-5)
    for i, (before, after, slope) in enumerate(
        zip(weights, model.get_weights(), gradients, strict=True)
    ):
        np.testing.assert_allclose(after, before - RATE * slope * (i not in frozen), 1e-5, 1e-5)


def test_a_placeholder_used_twice(data):
    check_step(two_outputs(), data)


def test_weights_of_losses(data):
    check_step(two_outputs(loss_weights={"a": 0.5, "b": 3}), data, (0.5, 3.0))


def test_weights_of_samples_by_name(data, rng):
    rows = rng.uniform(size=6).astype(np.float32)
    check_step(two_outputs(), data, rows=(1.0, rows), sample_weight={"b": rows})
    check_step(two_outputs(), data, rows=(rows, rows), sample_weight=rows)


def test_frozen_parts(data):
    model = two_outputs()
    model.get_layer("first").trainable = False
    model.compile_from_config(model.get_compile_config())
    check_step(model, data, frozen=(0,))
    model.get_layer("first").trainable, model.get_layer("b").trainable = True, False
    model.compile_from_config(model.get_compile_config())
    check_step(model, data, frozen=(2,))


@pytest.mark.parametrize("loss", [["mse", None], {"a": "mse"}])
def test_an_output_without_a_loss(loss, data):
    """Targets for it may be given, be None, or be left out."""
    x, z, y_a, y_b = data
    given = [[y_a, y_b], [y_a, None], [y_a], y_a, {"a": y_a}, {"a": y_a, "b": y_b}]
    for y in given:
        model = two_outputs()
        model.compile(nnkit.optimizers.SGD(RATE), loss)
        weights = model.get_weights()
        losses, gradients = slopes(weights, data, (1.0, 0.0))
        found = model.train_on_batch([x, z], y, return_dict=True)
        assert list(found) == ["loss"]
        np.testing.assert_allclose(found["loss"], losses[0], 1e-5)
        for before, after, slope in zip(weights, model.get_weights(), gradients, strict=True):
            np.testing.assert_allclose(after, before - RATE * slope, 1e-5, 1e-5)
    with pytest.raises(ValueError, match=r"y\['b'\].*7"):
        model.fit([x, z], [y_a, np.zeros((7, 2))], verbose=0)


def test_refused_calls_leave_the_model_as_it_was(data):
    model = two_outputs()
    before, plan = model.get_weights(), model.get_compile_config()
    wrong = [
        lambda: model.fit({"x": data[0], "zz": data[1]}, data[2:], verbose=0),
        lambda: model.fit(data[:2], {"a": data[2], "c": data[3]}, verbose=0),
        lambda: model.fit(data[:1], data[2:], verbose=0),
        lambda: model.fit(data[:2], data[2:], sample_weight={"c": data[0][:, 0]}, verbose=0),
        lambda: model.compile("sgd", {"a": "mse", "c": "mse"}),
        lambda: model.compile("sgd", "mse", metrics={"c": ["mae"]}),
        lambda: model.compile("sgd", ["mse"] * 3),
        lambda: model.compile("sgd", "mse", loss_weights=[1.0]),
        lambda: Model(model.inputs[0], model.outputs),
    ]
    for call in wrong:
        with pytest.raises((TypeError, ValueError)):
            call()
    assert model.get_compile_config() == plan
    for w, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(w, old)
    check_step(model, data)


def nested():
    """A model within a model, used twice, with states, chance and running means."""
    x = Input((4,))
    inner = Model(x, BatchNormalization(momentum=0.5)(Dense(4, "tanh")(x)) + x)
    steps, table = Input((None, 4), name="steps"), Input((4,), name="table")
    h = GRU(4)(steps, initial_state=inner(table))
    h = Dropout(0.3)(Concatenate()([inner(h), ops.tanh(table)]))
    return Model([steps, table], {"a": Dense(2, name="a")(h), "b": Dense(1, name="b")(h * h)})


def test_recorded_equal_to_eager(rng):
    results = []
    steps, table = rng.normal(size=(7, 5, 4)), rng.normal(size=(7, 4))
    y = {"a": rng.normal(size=(7, 2)), "b": rng.normal(size=(7, 1))}
    for eager in (False, True):
        nnkit.utils.set_random_seed(3)
        model = nested()
        model.compile(nnkit.optimizers.Adam(0.01), "mse", run_eagerly=eager)
        history = model.fit([steps, table], y, batch_size=4, epochs=3, verbose=0).history
        predictions = model.predict([steps, table]).values()
        results.append([*history.values(), *model.get_weights(), *predictions])
    for recorded, run in zip(*results, strict=True):  # Expressions are rounded otherwise.
        np.testing.assert_allclose(recorded, run, 1e-4, 1e-6)


def test_predictions_in_threads(rng):
    model = nested()
    given = [[rng.normal(size=(n, 5, 4)), rng.normal(size=(n, 4))] for n in (1, 7, 3, 7)]
    expected = [model.predict(x) for x in given]
    found = [None] * len(given)

    def run(i):
        for _ in range(5):
            found[i] = model.predict(given[i])

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(given))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine, right in zip(found, expected, strict=True):
        for name, value in right.items():
            np.testing.assert_array_equal(mine[name], value)


def test_predict_keeps_states(rng):
    x = Input((2, 4), batch_size=3)
    model = Model(x, GRU(4, stateful=True)(x))
    model.compile("sgd", "mse")
    data = rng.normal(size=(3, 2, 4)).astype(np.float32)
    first = model.predict(data, batch_size=3)
    second = model.predict(data, batch_size=3)
    layer = model.layers[-1]
    np.testing.assert_array_equal(layer.states[0], second)
    assert abs(first - second).max() > 1e-3
    model.reset_states()
    np.testing.assert_array_equal(model.predict(data, batch_size=3), first)


@pytest.mark.parametrize("rows", [(6, 2), (2, 6), (6, 0)])
def test_inputs_of_different_numbers_of_rows(rows, data):
    """Nothing is read beyond the end of the shorter one."""
    model, (x, z, *y) = two_outputs(), data
    given = [x[: rows[0]], z[: rows[1]]]
    message = rf"equally many samples: x\['x'\] has {rows[0]}, x\['z'\] has {rows[1]}"
    for call in (
        lambda: model.predict(given),
        lambda: model.predict_on_batch(given),
        lambda: model(given),
        lambda: model.evaluate(given, y, verbose=0),
        lambda: model.fit(given, y, verbose=0),
        lambda: model.train_on_batch(given, y),
    ):
        with pytest.raises(ValueError, match=message):
            call()


class Words(Layer):
    """Looks up the second of its inputs."""

    def build(self, input_shape):
        self.table, self.line = Embedding(5, 3), Flatten()

    def call(self, inputs):
        return inputs[0] + self.line(self.table(inputs[1]))


def test_values_are_checked_however_deep_the_layer_is():
    x, ids = Input((6,), name="x"), Input((2,), dtype="int32", name="ids")
    inner = Model([x, ids], Words()([x, ids]))
    image, words = Input((6,), name="image"), Input((2,), name="words")
    model = Model([image, words], inner([image, words]))
    given = {"image": np.zeros((3, 6)), "words": np.full((3, 2), 5)}
    for call in (model.predict, model):
        with pytest.raises(ValueError, match=r"from 0 to 4, but x\['words'\] contains 5"):
            call(given)


@pytest.mark.parametrize("value", [Dense(3), 7, [Dense(3)]])
def test_an_attribute_that_hides_a_method(value):
    class Block(Layer):
        def build(self, input_shape):
            self.dense, self.parts = Dense(3), value

        def call(self, x):
            return self.dense(x)

    with pytest.raises(ValueError, match="attribute 'parts' hides the method of that name"):
        Block()(Input((3,)))


def test_a_dictionary_names_the_outputs(rng):
    """Also of a model of one's own."""

    class Net(Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = Dense(2), Dense(3)

        def call(self, x):
            return {"v": self.one(x), "u": self.two(x)}

    x = rng.normal(size=(6, 4)).astype(np.float32)
    y = {"u": x[:, :3], "v": x[:, :2]}
    model = Net()
    model.compile("sgd", {"u": "mse", "v": "mae"}, metrics={"v": ["mse"]})
    model.fit(x, y, verbose=0)
    assert model.metrics_names == ["loss", "u_loss", "v_loss", "v_mse"]
    predicted = model.predict(x)
    assert list(predicted) == ["v", "u"]
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    np.testing.assert_allclose(found["u_loss"], np.square(predicted["u"] - y["u"]).mean(), 1e-5)
    np.testing.assert_allclose(found["v_loss"], abs(predicted["v"] - y["v"]).mean(), 1e-5)
    with pytest.raises(ValueError, match=r"'dense'.*'u', 'v'"):
        model.compile("sgd", {"dense": "mse"})


def test_keys_of_a_dictionary_come_before_the_names_of_inputs():
    a, b = Input((1,), name="b"), Input((1,), name="a")
    model = Model({"a": a, "b": b}, 10.0 * a + b)
    x = {"a": np.ones((2, 1)), "b": np.full((2, 1), 2.0)}
    model.compile("sgd", "mse")
    for y in (model.predict(x), model(x)):
        np.testing.assert_array_equal(y, [[12.0], [12.0]])
    assert model.evaluate(x, np.full((2, 1), 12.0), verbose=0) == 0


def test_tuples_of_inputs_and_outputs_are_lists():
    a, b = Input((1,)), Input((1,))
    model = Model((a, (b,)), (a + b, {"product": (a * b,)}))
    x = np.full((2, 1), 2.0), (np.full((2, 1), 3.0),)
    for total, named in (model.predict(x), model(x)):
        np.testing.assert_array_equal(total, [[5.0], [5.0]])
        np.testing.assert_array_equal(named["product"][0], [[6.0], [6.0]])
    total, named = model([Input((1,)), [Input((1,))]])
    assert total.shape == named["product"][0].shape == (None, 1)
