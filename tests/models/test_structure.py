"""Models in models, branches, and layers that are used more than once."""

import copy
import pickle

import numpy as np
import pytest

import nnkit
from nnkit import Sequential
from nnkit.layers import Dense, Dropout, Input, Lambda, Layer, Parallel, Residual, Tanh

X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(12, 4)).astype(np.float32)


class Twice(Layer):
    """2 x, in NumPy, which a replay stops for."""

    def forward(self, x, training=False):
        return 2 * x

    def backward(self, dy):
        return 2 * dy


class Scale(Layer):
    def build(self, input_shape):
        self.factor = self.add_weight("factor", input_shape[1:], "ones")

    def forward(self, x, training=False):
        self.x = x
        return x * self.factor.value

    def backward(self, dy):
        self.factor.gradient[...] = (dy * self.x).sum(axis=0)
        return dy * self.factor.value


def square(**options):
    return Dense(4, kernel_initializer=nnkit.initializers.GlorotUniform(seed=3), **options)


def shared():
    layer = square(activation="tanh")
    return [layer, Tanh(), layer]


def shared_numpy():
    layer = Scale()
    return [layer, Dense(4, kernel_initializer="identity"), layer]


def shared_inside():
    block = Residual([square(), Tanh()])
    return [block, Sequential([square(), block])]


def shared_by_branches():
    layer = square(activation="tanh")
    return [Parallel([layer, [Tanh(), layer], []], "average")]


STRUCTURES = {
    "shared": shared,
    "shared in NumPy": shared_numpy,
    "a shared block": shared_inside,
    "shared by branches": shared_by_branches,
    "one activation for two": lambda: (lambda a: [square(activation=a), Dense(4, a)])(Tanh()),
    "nested": lambda: [Sequential([square(), Sequential([Tanh()])]), Dense(4)],
    "residual": lambda: [Residual([square(), Tanh()], activation="relu")],
    "projected": lambda: [Residual(Dense(3), shortcut=Dense(3)), Dense(4)],
    "NumPy in a branch": lambda: [Dense(4), Parallel([[Twice(), square()], Scale()], "add")],
    "concatenated": lambda: [Parallel([Dense(2), Tanh(), [Dense(3), Dense(1)]]), Dense(4)],
    "multiplied": lambda: [Parallel([Dense(4, "sigmoid"), []], "multiply")],
    "largest": lambda: [Parallel([Dense(4), Dense(4), Dense(4)], "maximum")],
    "averaged": lambda: [Parallel([Dense(4), Dense(4)], "average")],
    "a function in a branch": lambda: [Parallel([Lambda(lambda x: x * x), Dense(4)], "add")],
    "dropout in a block": lambda: [Residual([Dense(4), Dropout(0.4, seed=1)])],
}


def model_of(make, **options):
    nnkit.utils.set_random_seed(5)
    model = Sequential([Input((4,)), *make()])
    model.compile(nnkit.optimizers.SGD(0.1, momentum=0.5), "mse", **options)
    return model


def losses(model, epochs=3):
    return model.fit(X, Y, batch_size=5, epochs=epochs, shuffle=False, verbose=0).history["loss"]


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_replay_does_what_python_does(name):
    recorded, eager = model_of(STRUCTURES[name]), model_of(STRUCTURES[name], run_eagerly=True)
    np.testing.assert_allclose(losses(recorded), losses(eager), rtol=1e-6)
    np.testing.assert_allclose(recorded.predict(X), eager(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", STRUCTURES)
def test_gradients(name):
    """Of all weights at once, from the step of one SGD without momentum; in float64."""
    nnkit.config.set_floatx("float64")
    try:
        if "dropout" in name:
            pytest.skip("its mask changes with each step")
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
        nnkit.utils.set_random_seed(5)
        model = Sequential([Input((4,)), *STRUCTURES[name]()])
        model.compile(nnkit.optimizers.SGD(1.0), "mse")
        start = model.get_weights()
        model.train_on_batch(x, y)
        gradients = [a - b for a, b in zip(start, model.get_weights(), strict=True)]
        assert gradients
        direction = [rng.normal(size=w.shape) for w in start]
        values = []
        for sign in (1, -1):
            model.set_weights([w + sign * 1e-6 * d for w, d in zip(start, direction, strict=True)])
            values.append(model.evaluate(x, y, verbose=0))
        slope = (values[0] - values[1]) / 2e-6
        claimed = sum(float((g * d).sum()) for g, d in zip(gradients, direction, strict=True))
        assert claimed == pytest.approx(slope, rel=1e-6)
    finally:
        nnkit.config.set_floatx("float32")


SAVABLE = set(STRUCTURES) - {
    "shared in NumPy",
    "NumPy in a branch",
    "a function in a branch",
    "a shared block",
}


@pytest.mark.parametrize("name", sorted(SAVABLE))
def test_saved_loaded_and_gone_on_with(name, tmp_path):
    model = model_of(STRUCTURES[name])
    losses(model)
    model.save(tmp_path / "m.h5")
    loaded = nnkit.load_model(tmp_path / "m.h5")
    assert [type(layer) for layer in loaded.walk()] == [type(layer) for layer in model.walk()]
    assert [v.path for v in loaded.weights] == [v.path for v in model.weights]
    assert losses(loaded) == losses(model)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    loaded.save_weights(tmp_path / "w.weights.h5")
    other = model_of(STRUCTURES[name])
    other.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_what_is_shared_by_two_lists_cannot_be_described(tmp_path):
    model = model_of(shared_inside)
    with pytest.raises(ValueError, match="'residual' is in 'sequential' and in 'sequential'"):
        model.save(tmp_path / "m.h5")
    assert not list(tmp_path.iterdir())
    for describe in (nnkit.models.clone_model, nnkit.Model.to_json):
        with pytest.raises(ValueError, match="would make two layers of it"):
            describe(model)
    model.save_weights(tmp_path / "w.h5")
    other = model_of(shared_inside)
    losses(other)
    other.load_weights(tmp_path / "w.h5")
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_an_input_may_be_shared(tmp_path):
    given = nnkit.Input((4,))
    first = nnkit.Model(given, nnkit.layers.Dense(3)(given), name="first")
    model = nnkit.Model(given, nnkit.layers.Dense(2)(first(given)))
    model.save(tmp_path / "m.h5")
    loaded = nnkit.load_model(tmp_path / "m.h5")
    x = np.random.default_rng(0).random((5, 4), np.float32)
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


@pytest.mark.parametrize("method", ["train_step", "compute_loss", "make_train_function"])
def test_a_step_of_its_own_is_refused(method):
    cls = type("Own", (nnkit.Sequential,), {method: lambda self, *data: None})
    model = cls([nnkit.layers.Dense(2)])
    with pytest.raises(TypeError, match=f"Own defines {method}, which nnkit never calls"):
        model.compile("sgd", "mse")
    assert not model.compiled


@pytest.mark.parametrize("name", STRUCTURES)
def test_copies(name):
    model = model_of(STRUCTURES[name])
    losses(model)
    twins = [copy.deepcopy(model)]
    if "function" not in name:  # Lambdas don't pickle.
        twins.append(pickle.loads(pickle.dumps(model)))
    before = losses(model)
    for twin in twins:
        assert losses(twin) == before


def test_a_shared_layer_is_counted_once():
    model = model_of(shared)
    assert model.count_params() == 20
    assert [v.path for v in model.weights] == ["dense/kernel", "dense/bias"]


def test_freezing_goes_all_the_way_down():
    model = Sequential([Input((4,)), Residual([Dense(4), Sequential([Dense(4)])]), Dense(2)])
    assert [v.path for v in model.weights][:4:2] == [
        "residual/dense/kernel",
        "residual/sequential/dense/kernel",
    ]
    model.layers[0].trainable = False
    assert [v.path for v in model.trainable_weights] == ["dense/kernel", "dense/bias"]
    model.compile("sgd", "mse")
    before = model.layers[0].get_weights()
    model.fit(X, Y[:, :2], verbose=0)
    np.testing.assert_equal(model.layers[0].get_weights(), before)
    model.layers[0].layers[1].layers[0].trainable = True
    assert len(model.trainable_weights) == 4


def test_dropout_inside_follows_the_models_steps():
    """Two steps drop other elements, and a copy drops the same."""
    model = model_of(STRUCTURES["dropout in a block"])
    counters = {id(layer.counter) for layer in model.walk() if hasattr(layer, "counter")}
    losses(model, 1)
    assert counters != {id(layer.counter) for layer in model.walk() if hasattr(layer, "counter")}


def test_a_frozen_base_and_a_new_head():
    base = Sequential([Input((4,)), Dense(4, "tanh"), Dense(3, "tanh")], name="base")
    base.compile("sgd", "mse")
    base.fit(X, Y[:, :3], verbose=0)
    learnt = base.get_weights()
    base.trainable = False
    model = Sequential([base, Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, Y[:, :1], epochs=2, verbose=0)
    np.testing.assert_equal(base.get_weights(), learnt)
    base.predict(X)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Parallel([]), "Parallel needs a list of branches, got"),
        (lambda: Parallel(Dense(2)), "Parallel needs a list of branches, got"),
        (lambda: Parallel([Dense(2)], "sum"), "merge must be one of add, average"),
        (lambda: Parallel([Dense(2)], "concatenat"), "did you mean 'concatenate'"),
        (lambda: Parallel([Dense(2), 3]), "layer: expected an object or the name of one, got 3"),
        (lambda: Residual(Dense(4), shortcuts=Dense(4)), "did you mean 'shortcut'"),
        (
            lambda: Parallel([Dense(4, name="a"), Dense(4, name="a")]),
            "two layers are called 'a'",
        ),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Residual(Dense(3)), r"to add, inputs must have one shape, .*got .*3\), .*4\)"),
        (Parallel([Dense(3), Dense(4)], "maximum"), "to maximum, inputs must have one shape"),
        (Parallel([Dense(3), Dense(3)], axis=2), "axis 2 is not one of"),
        (Residual(Dense(4, dtype="float64")), "is float64, but the model is float32"),
    ],
)
def test_what_does_not_fit(layer, message):
    model = Sequential([layer])
    with pytest.raises(ValueError, match=message):
        model.build((None, 4))
    assert not model.built
    assert not model.weights
