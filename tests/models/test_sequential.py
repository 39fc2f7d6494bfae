"""What a model is made of: layers, names, weights, and copies of it all."""

import copy
import pickle

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential
from nnkit.layers import Activation, Dense, Dropout, Flatten, ReLU, Reshape, Softmax, Tanh

X = np.random.default_rng(0).normal(size=(9, 4)).astype("float32")


def network(**arguments):
    nnkit.utils.set_random_seed(1)
    layers = [Input((4,)), Dense(5, "tanh"), Dropout(0.1), Dense(2, use_bias=False)]
    return Sequential(layers, **arguments)


def trained(optimizer="adam"):
    model = network()
    model.compile(optimizer, "mse", metrics=["mae"])
    model.fit(X, X[:, :2], epochs=2, batch_size=4, verbose=0)
    return model


def names(layers):
    return [layer.name for layer in Sequential(layers).layers]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (lambda: [Dense(1), Dense(1), Dense(1)], ["dense", "dense_1", "dense_2"]),
        (lambda: [Input((4,)), ReLU(), Tanh(), ReLU()], ["re_lu", "tanh", "re_lu_1"]),
        (lambda: [Dense(1, name="dense_1"), Dense(1), Dense(1)], ["dense_1", "dense", "dense_2"]),
        (lambda: [Dense(1, name="in"), Dense(1, name="out")], ["in", "out"]),
    ],
)
def test_names_are_made_unique(layers, expected):
    assert names(layers()) == expected


def test_a_model_without_weights_is_built_for_another_shape():
    """What was recorded for the first shape has no place for the second."""
    model = nnkit.Sequential([Flatten()])
    model.compile("sgd", "mse")
    for shape in ((4, 2, 3), (4, 4, 5)):
        x = np.arange(np.prod(shape), dtype="float32").reshape(shape)
        model.build((None, *shape[1:]))
        np.testing.assert_array_equal(model.predict(x), x.reshape(4, -1))
        assert model.evaluate(x, x.reshape(4, -1) + 2, verbose=0) == 4


def test_another_shape_keeps_what_the_optimizer_remembers():
    model = nnkit.Sequential([nnkit.Input((2, 3)), Flatten(), Dense(2)])
    model.compile(nnkit.optimizers.SGD(0.1, momentum=0.9), "mse")
    x, y = np.ones((4, 2, 3), "float32"), np.ones((4, 2), "float32")
    model.fit(x, y, verbose=0)
    before = [slot.copy() for slot in model.optimizer_slots()["momentum"]]
    model.build((None, 6, 1))
    after = model.optimizer_slots()["momentum"]
    assert any(slot.any() for slot in before)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.predict(x.reshape(4, 6, 1)).shape == (4, 2)


def test_building_early_or_late_gives_the_same_model():
    made = []
    for first in ([Input((4,)), Dense(3)], [Dense(3, input_shape=(4,))], [Dense(3)]):
        nnkit.utils.set_random_seed(3)
        model = Sequential([*first, Tanh(), Dense(1)])
        assert model.built == (len(first) == 2 or first[0].given_input_shape is not None)
        made.append(model.predict(X))
        assert (model.input_shape, model.output_shape) == ((None, 4), (None, 1))
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0], made[2])


def test_shapes_of_any_rank():
    model = Sequential([Input((2, 3, 4)), Dense(5, "relu"), Reshape((6, 5)), Softmax(axis=1)])
    x = np.random.default_rng(1).normal(size=(7, 2, 3, 4))
    y = model.predict(x, batch_size=3)
    assert model.output_shape == (None, 6, 5)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(y, model(x), rtol=1e-5)


@pytest.mark.parametrize(("features", "units"), [(1, 1), (10_000, 1), (1, 3000)])
def test_narrow_and_wide(features, units):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(9, features)), rng.normal(size=(9, units))
    model = Sequential([Dense(units)])
    model.compile(nnkit.optimizers.SGD(1e-6 * units), "mse")
    history = model.fit(x, y, batch_size=4, epochs=2, verbose=0).history["loss"]
    assert history[1] < history[0]
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(x), x @ kernel + bias, rtol=1e-3, atol=1e-4)


def test_models_without_layers_pass_data_on():
    for model in (Sequential(), Sequential([Input((4,))])):
        np.testing.assert_array_equal(model.predict(X), X)
        assert model.get_weights() == []
        assert model.count_params() == 0


def test_add_after_compile_asks_for_another_compile():
    model = trained()
    model.add(Dense(3))
    assert model.output_shape == (None, 3)
    assert model.predict(X).shape == (9, 3)
    with pytest.raises(RuntimeError, match="the model is not compiled"):
        model.fit(X, X[:, :3], verbose=0)
    model.compile("sgd", "mse")
    model.fit(X, X[:, :3], verbose=0)


def test_pop_keeps_the_others_weights():
    model = trained()
    weights = model.get_weights()
    assert model.pop().name == "dense_1"
    assert model.output_shape == (None, 5)
    assert not model.compiled
    np.testing.assert_equal(model.get_weights(), weights[:2])
    np.testing.assert_allclose(
        model.predict(X), np.tanh(X @ weights[0] + weights[1]), rtol=1e-5, atol=1e-6
    )
    while model.layers:
        model.pop()
    np.testing.assert_array_equal(model.predict(X), X)
    model.add(Dense(2, name="new"))
    assert model.predict(X).shape == (9, 2)


def test_get_layer():
    model = network()
    assert model.get_layer("dense_1") is model.get_layer(index=-1) is model.layers[2]
    wrong = [
        ({}, ValueError, "give the layer's name or its index"),
        ({"name": "dense", "index": 0}, ValueError, "give the layer's name or its index"),
        ({"name": "dens"}, ValueError, "no layer is called 'dens'; did you mean 'dense'?"),
        ({"index": 3}, ValueError, "there are 3 layers, so none with index 3"),
        ({"index": "0"}, TypeError, "index must be a whole number"),
    ]
    for given, error, message in wrong:
        with pytest.raises(error, match=message):
            model.get_layer(**given)


def test_weights_are_listed_layer_by_layer():
    model = network()
    assert [v.path for v in model.weights] == ["dense/kernel", "dense/bias", "dense_1/kernel"]
    assert [w.shape for w in model.get_weights()] == [(4, 5), (5,), (5, 2)]
    assert model.count_params() == 35


@pytest.mark.parametrize("use", [lambda m: None, lambda m: m.predict(X), lambda m: trained()])
def test_set_weights_is_seen_by_all(use):
    model = network()
    use(model)
    weights = [np.full(w.shape, i + 0.5) for i, w in enumerate(model.get_weights())]
    model.set_weights(weights)
    np.testing.assert_equal(model.get_weights(), weights)
    np.testing.assert_allclose(
        model.predict(X), np.tanh(X @ weights[0] + weights[1]) @ weights[2], rtol=1e-4
    )
    model.get_weights()[0][:] = 7
    np.testing.assert_equal(model.get_weights(), weights)


def test_trainable_is_handed_down():
    frozen = network(trainable=False)
    assert (frozen.trainable_weights, len(frozen.non_trainable_weights)) == ([], 3)
    model = network()
    model.trainable = False
    assert not any(layer.trainable for layer in model.layers)
    model.layers[0].trainable = True
    assert [v.path for v in model.trainable_weights] == ["dense/kernel", "dense/bias"]
    assert [v.path for v in model.non_trainable_weights] == ["dense_1/kernel"]


def test_freezing_all_weights_trains_none():
    model = network()
    model.trainable = False
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(X, X[:, :2], epochs=2, verbose=0)
    np.testing.assert_equal(model.get_weights(), before)


def test_summary():
    lines = []
    model = Sequential(
        [Flatten(), Dense(300, "relu", name="hidden"), Dense(10, name="out")], name="net"
    )
    model.summary(print_fn=lines.append)
    assert lines[0] == "Model: 'net'"
    assert lines[-1].startswith("Not built yet")
    model.build((None, 28, 28))
    model.layers[1].trainable = False
    model.compile("adam", "mse")
    lines.clear()
    model.summary(print_fn=lines.append, show_trainable=True)
    rows = [line.split() for line in lines]
    assert ["hidden", "(Dense)", "frozen", "(None,", "300)", "235,500"] in rows
    assert ["out", "(Dense)", "(None,", "10)", "3,010"] in rows
    assert "Total weights: 238,510 (931.7 KiB)" in lines
    assert "Trainable: 3,010   Not trainable: 235,500" in lines
    assert "Optimizer Adam: 6,020 more numbers" in lines
    assert all(len(line) <= 65 for line in lines)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_copies_go_on_as_the_original(copied, optimizer):
    model = trained(optimizer)
    twin = copied(model)
    for one in (model, twin):
        one.fit(X, X[:, :2], epochs=4, initial_epoch=2, batch_size=4, verbose=0)
    np.testing.assert_equal(twin.get_weights(), model.get_weights())
    assert twin.optimizer.iterations == model.optimizer.iterations == 12
    twin.fit(X, X[:, :2], verbose=0)
    assert not np.array_equal(twin.get_weights()[0], model.get_weights()[0])


def test_a_model_is_copied_in_the_middle_of_an_epoch():
    copies = []

    class Copy(nnkit.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            copies.append(copy.deepcopy(self.model))

    model = network()
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], batch_size=4, verbose=0, callbacks=[Copy()])
    np.testing.assert_equal(copies[-1].get_weights(), model.get_weights())
    assert [c.optimizer.iterations for c in copies] == [1, 2, 3]


def test_config_round_trip():
    model = Sequential(
        [
            Input((4,)),
            Dense(
                5, Activation("relu"), kernel_initializer=nnkit.initializers.RandomNormal(seed=3)
            ),
            Dropout(0.25, seed=9, name="drop"),
            Dense(2, ReLU(max_value=6), use_bias=False, trainable=False),
        ],
        name="net",
    )
    twin = Sequential.from_config(model.get_config())
    assert twin.get_config() == model.get_config()
    assert [layer.name for layer in twin.layers] == ["dense", "drop", "dense_1"]
    assert (twin.name, twin.built, twin.count_params()) == ("net", True, 35)
    np.testing.assert_array_equal(twin.get_weights()[0], model.get_weights()[0])
    assert not twin.layers[2].trainable


def test_compile_config_round_trip():
    model = trained(nnkit.optimizers.SGD(0.25, momentum=0.5))
    model.compile(model.optimizer, nnkit.losses.MeanSquaredError(reduction="sum"), metrics=["mae"])
    twin = network()
    twin.compile_from_config(model.get_compile_config())
    assert twin.get_compile_config() == model.get_compile_config()
    assert (twin.optimizer.learning_rate, twin.optimizer.momentum) == (0.25, 0.5)
    assert twin.loss.reduction == "sum"


def test_a_compile_that_fails_leaves_the_model_as_it_was():
    model, other = trained("sgd"), trained("sgd")
    for wrong in (("adam", "msee"), ("adam", "mae", ["zzz"]), ("adam", "mae", None, "yes")):
        with pytest.raises((TypeError, ValueError)):
            model.compile(*wrong)
    for one in (model, other):
        one.fit(X, X[:, :2], epochs=3, initial_epoch=2, verbose=0)
    np.testing.assert_equal(model.get_weights(), other.get_weights())


def test_compile_begins_anew():
    model = trained()
    before = model.evaluate(X, X[:, :2], verbose=0)[0]
    model.compile("sgd", "mae")
    assert model.optimizer.iterations == 0
    model.fit(X, X[:, :2], verbose=0)
    assert model.evaluate(X, X[:, :2], verbose=0) != before


def test_another_optimizer_trains_from_then_on():
    """Assigned between fits or by a callback, it starts with empty slots, at its own step."""
    x, y = np.ones((8, 3), np.float32), np.zeros((8, 1), np.float32)

    class Exchange(nnkit.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer = nnkit.optimizers.SGD(0.0)

    model = Sequential([Input((3,)), Dense(1)])
    model.compile("adam", "mse")
    model.fit(x, y, epochs=3, callbacks=[Exchange()], verbose=0)
    kept = model.get_weights()
    assert model.optimizer.iterations == 0  # That of the last epoch's end has not done a step.
    model.fit(x, y, verbose=0)
    assert model.optimizer.iterations == 1
    assert model.optimizer_slots() == {}
    for before, now in zip(kept, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, now)


def test_build_of_a_class_of_ones_own_is_called():
    class Model(Sequential):
        def build(self, input_shape=None):
            super().build(input_shape)
            self.built_for = input_shape

    assert Model([Input((3,)), Dense(2)]).built_for == (None, 3)
    model = Model([Input((3,))])
    model.add(Dense(2))
    assert model.built_for == (None, 3)
