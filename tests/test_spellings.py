"""Every row of the table of old spellings: the same as today's, or refused where it can't be."""

import importlib
import inspect
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

import nnkit
from nnkit import spellings
from nnkit.arguments import parameters
from nnkit.layers import LSTM, Conv1D, Conv2D, Convolution2D, Dense, Embedding
from nnkit.models.old_methods import OldMethods

# What the classes of the table need, by today's names.
NEEDED = {
    "AveragePooling1D": {},
    "AveragePooling2D": {},
    "Conv1D": {"filters": 2, "kernel_size": 3},
    "Conv2D": {"filters": 2, "kernel_size": 3},
    "Conv2DTranspose": {"filters": 2, "kernel_size": 3},
    "Dense": {"units": 2},
    "Dropout": {"rate": 0.5},
    "Embedding": {"input_dim": 5, "output_dim": 2},
    "GRU": {"units": 2},
    "GaussianNoise": {"stddev": 0.5},
    "LSTM": {"units": 2},
    "MaxPooling1D": {},
    "Reshape": {"target_shape": (2, 2)},
    "SimpleRNN": {"units": 2},
}
# Values of arguments that may not have their defaults, or have none.
VALUES = {
    "bias_regularizer": "l2",
    "filters": 3,
    "kernel_size": 2,
    "rate": 0.25,
    "stddev": 0.25,
    "strides": 1,
    "target_shape": (4, 1),
    "units": 3,
}
METHODS = {
    name: set(inspect.signature(getattr(nnkit.Sequential, name)).parameters) - {"self"}
    for name in ("compile", "fit", "evaluate", "predict", "save", "save_weights")
} | {n: {"x", "y"} for n in ("train_on_batch", "test_on_batch")}
KINDS = ("layers", "optimizers", "regularizers", "constraints", "callbacks")
PUBLIC = [
    getattr(package, n) for package in (getattr(nnkit, k) for k in KINDS) for n in dir(package)
]
CLASSES = {
    cls.__name__: cls for cls in PUBLIC if inspect.isclass(cls) and not hasattr(cls, "stands_for")
}


def lineage(cls):
    return [base.__name__ for base in cls.__mro__]


def takers(owner, new):
    """The classes and methods to which a row applies, with their arguments."""
    if owner in METHODS:
        return [(owner, [owner], METHODS[owner])]
    found = [
        (name, lineage(cls), _arguments(cls))
        for name, cls in CLASSES.items()
        if owner == spellings.EVERY or owner in lineage(cls)
    ]
    return [(n, line, known) for n, line, known in found if new is None or new in known]


def _arguments(cls):
    callback = issubclass(cls, nnkit.callbacks.Callback) or cls is nnkit.callbacks.CallbackList
    return set(inspect.signature(cls).parameters) if callback else parameters(cls)


ROWS = [
    (owner, old, new)
    for table in (spellings.KERAS_2, spellings.KERAS_1, spellings.SCRIPTS)
    for owner, names in table.items()
    for old, new in names.items()
    if old != new
    and owner in (spellings.EVERY, *METHODS, *(n for c in CLASSES.values() for n in lineage(c)))
]


@pytest.mark.parametrize(("owner", "old", "new"), ROWS)
def test_every_old_argument(owner, old, new):
    found = takers(owner, new)
    assert found
    tried = 0
    for name, line, known in found:
        if spellings.names_of(line).get(old, new) != new or old in known:
            continue  # The class says it otherwise.
        tried += 1
        given = {old: 7}
        wanted = {} if new is None else {new: 7}
        assert spellings.today(name, line, (), given, known) == ((), wanted)
        if new is None or name not in NEEDED:
            continue
        cls, value = CLASSES[name], VALUES.get(new)
        if value is None:
            value = inspect.signature(cls).parameters[new].default
        needed = {n: v for n, v in NEEDED[name].items() if n != new}
        one, other = (cls(**needed, **{n: value}) for n in (old, new))
        assert one.get_config() == other.get_config()
        with pytest.raises(TypeError, match=f"'{old}' is the old name of '{new}', and both"):
            cls(**needed, **{old: value, new: value})
    assert tried


@pytest.mark.parametrize(
    ("package", "old", "new"),
    [(p, old, new) for p, names in spellings.CLASSES.items() for old, new in names.items()],
)
def test_every_old_class(package, old, new):
    module = importlib.import_module(package)
    cls = getattr(module, new)
    namespace = {}
    exec(f"from {package} import {old}", namespace)
    given = NEEDED.get(new, {})
    made = namespace[old](**given)
    assert type(made) is cls
    wanted = cls(**{**spellings.DEFAULTS.get(old, {}), **given})
    assert made.get_config() == wanted.get_config()
    assert pickle.loads(pickle.dumps(namespace[old])) is namespace[old]


@pytest.mark.parametrize(("old", "new"), spellings.MODULES.items())
def test_every_old_path(old, new):
    code = f"""if True:
        import {old}, sys
        import {new} as today
        old = sys.modules["{old}"]
        own = set(getattr(old, "__all__", ()))
        assert all(getattr(old, n) is getattr(today, n) for n in today.__all__ if n not in own)
        from {old} import {importlib.import_module(new).__all__[0]}
        assert not hasattr(old, "Xyzzyx") and not hasattr(old, "__xyzzy__")
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("owner", "name", "values"),
    [(o, n, v) for o, names in spellings.NO_EFFECT.items() for n, v in names.items()],
)
def test_every_argument_without_an_effect(owner, name, values):
    tried = 0
    for cls, line, known in takers(owner, None):
        if name in known:
            continue
        tried += 1
        for value in values:
            assert spellings.today(cls, line, (), {name: value}, known) == ((), {})
        if len(values) == 3:  # All that there are.
            continue
        with pytest.raises(TypeError, match=f"{cls}: nnkit has no '{name}', and {name}=77"):
            spellings.today(cls, line, (), {name: 77}, known)
    assert tried


def test_the_order_of_keras_1():
    known = Convolution2D(4, 2, 3, "he_normal", "relu", None, "same", (2, 1), "tf").get_config()
    today = Conv2D(4, (2, 3), (2, 1), "same", "channels_last", activation="relu")
    assert known == today.get_config() | {
        "kernel_initializer": known["kernel_initializer"],
        "strides": [2, 1],
    }
    assert known["kernel_initializer"]["class_name"] == "HeNormal"
    for layer in (
        Convolution2D(4, 2, 3),
        Conv2D(4, 2, 3, border_mode="same"),
        Conv2D(4, nb_row=2, nb_col=3),
    ):
        assert (layer.kernel_size, layer.strides) == ((2, 3), (1, 1))
    # That of today, where nothing is spelled as in Keras 1.
    assert (Conv2D(4, 2, 3).strides, Convolution2D(4, 2, (3, 3)).strides) == ((3, 3), (3, 3))
    with pytest.raises(TypeError, match="the order of Keras 1 is nb_filter, nb_row"):
        Convolution2D(4, 2, 3, *range(9))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: Dense(2, input_dim=3), (None, 3)),
        (lambda: Dense(2, batch_input_shape=(None, 3)), (None, 3)),
        (lambda: LSTM(2, input_dim=3), (None, None, 3)),
        (lambda: LSTM(2, input_dim=3, input_length=4), (None, 4, 3)),
        (lambda: LSTM(2, batch_input_shape=(5, 4, 3), stateful=True), (5, 4, 3)),
        (lambda: LSTM(2, input_shape=(4, 3), batch_size=5, stateful=True), (5, 4, 3)),
        (lambda: Conv1D(2, 3, input_dim=3, input_length=4), (None, 4, 3)),
        (lambda: Embedding(9, 2, input_length=4), (None, 4)),
        (lambda: Embedding(9, 2, batch_input_shape=(5, 4)), (5, 4)),
        (lambda: nnkit.layers.InputLayer(input_shape=(3,)), (None, 3)),
        (lambda: nnkit.layers.InputLayer(batch_input_shape=(2, 3)), (2, 3)),
    ],
)
def test_shapes_of_inputs(layer, shape):
    model = nnkit.Sequential([layer()])
    assert model.input_shape == shape
    assert nnkit.Sequential.from_config(model.get_config()).input_shape == shape


def test_first_values_of_weights(tmp_path):
    kernel, bias = np.ones((3, 2), "float32"), np.full(2, 7, "float32")
    model = nnkit.Sequential([Dense(2, input_dim=3, weights=[kernel, bias])])
    np.testing.assert_array_equal(model.predict(np.ones((1, 3))), [[10, 10]])
    assert "weights" not in model.layers[0].get_config()
    model.save(tmp_path / "m.h5")
    np.testing.assert_array_equal(nnkit.load_model(tmp_path / "m.h5").get_weights()[1], bias)
    with pytest.raises(ValueError, match=r"'dense': weights=.*kernel: expected \(3, 2\), got \(2,"):
        nnkit.Sequential([Dense(2, input_dim=3, weights=[kernel.T, bias])])
    with pytest.raises(ValueError, match="weights= has 2 weights, got 1 arrays"):
        nnkit.Sequential([Dense(2, input_dim=3, weights=[kernel])])


def test_no_initializer():
    """Glorot's uniform one for a kernel, as in Keras 3, and zeros for a bias."""
    nnkit.utils.set_random_seed(1)
    layer = Dense(400, kernel_initializer=None, bias_initializer=None)
    layer.build((None, 400))
    limit = (6 / 800) ** 0.5
    assert 0.9 * limit < abs(layer.kernel.numpy()).max() < limit
    assert not layer.bias.numpy().any()
    assert layer.get_config()["kernel_initializer"] is None
    assert type(layer).from_config(layer.get_config()).kernel_initializer is None


def test_optimizers():
    for make in (nnkit.optimizers.Adam, nnkit.optimizers.RMSprop):
        assert make(lr=0.5, epsilon=None).get_config() == make(0.5).get_config()
    assert nnkit.optimizers.SGD(lr=0.5, decay=0.0).get_config()["learning_rate"] == 0.5
    optimizer = nnkit.optimizers.SGD(lr=0.5)
    optimizer.lr = 0.25
    assert (optimizer.learning_rate, optimizer.lr) == (0.25, 0.25)
    with pytest.raises(ValueError, match="SGD: decay must be"):
        nnkit.optimizers.SGD(decay=-1)


@pytest.mark.parametrize("given", [{"lr": 0.2}, {"learning_rate": 0.2}, (0.2,), {}])
def test_decay(given):
    """The rate of step i, from 0 on, is rate / (1 + decay * i)."""
    pytest.importorskip("nnkit.optimizers.schedules")
    by_position, by_name = (given, {}) if isinstance(given, tuple) else ((), given)
    optimizer = nnkit.optimizers.SGD(*by_position, decay=0.5, **by_name)
    model = nnkit.Sequential([Dense(1, input_dim=1, use_bias=False, kernel_initializer="ones")])
    model.compile(optimizer, "mse")
    x, weight, rate = np.ones((1, 1), "float32"), 1.0, 0.2 if given else 0.01
    for i in range(5):
        model.train_on_batch(x, 0 * x)
        weight -= rate / (1 + 0.5 * i) * 2 * weight
        np.testing.assert_allclose(model.get_weights()[0].item(), weight, 1e-5)


def test_what_sets_the_rate_sets_the_one_that_decays(tmp_path):
    """As Keras 2: the callbacks read and write the rate without its decay."""
    model = nnkit.Sequential([Dense(1, input_dim=1, use_bias=False, kernel_initializer="ones")])
    model.compile(nnkit.optimizers.SGD(0.2, decay=0.5), "mse")
    assert type(model.optimizer).from_config(model.optimizer.get_config()).decay == 0.5
    x, weight = np.ones((2, 1), "float32"), 1.0
    halve = nnkit.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    plateau = nnkit.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=9.0)
    given = {"batch_size": 1, "verbose": 0}
    history = model.fit(x, 0 * x, epochs=2, callbacks=halve, **given).history
    assert history["learning_rate"] == [0.1, 0.05]
    model.save(tmp_path / "model.h5")
    model = nnkit.load_model(tmp_path / "model.h5")
    assert (model.optimizer.learning_rate, model.optimizer.decay) == (0.05, 0.5)
    model.fit(x, 0 * x, epochs=2, callbacks=plateau, **given)
    for step, base in enumerate([0.1] * 2 + [0.05] * 6):
        weight -= base / (1 + 0.5 * step) * 2 * weight
    np.testing.assert_allclose(model.get_weights()[0].item(), weight, 1e-5)
    assert model.optimizer.learning_rate == 0.025
    nnkit.backend.set_value(model.optimizer.lr, 0.5)
    np.testing.assert_array_equal(model.optimizer.rates(2), [0.5 / 5, 0.5 / 5.5])
    with pytest.raises(ValueError, match=r"so it can't decay by decay=0\.5, too; give one of them"):
        model.optimizer.learning_rate = nnkit.optimizers.schedules.CosineDecay(0.1, 3)


def test_said_once_to_those_who_ask():
    code = """if True:
        import warnings
        {}
        import nnkit
        for i in range(2):
            nnkit.layers.Dense(output_dim=3)
            nnkit.layers.LSTM(3, consume_less="cpu")
    """
    asking = "warnings.simplefilter('always')"  # And yet not twice.
    for ask, said in ((asking, 2), ("pass", 0)):
        run = [sys.executable, "-c", code.format(ask)]
        err = subprocess.run(run, capture_output=True, text=True).stderr
        assert err.count("PendingDeprecationWarning") == said, err


# --------------------------------------------------------------------------------------- methods


class Recorder(OldMethods):
    def fit(self, *arguments, **named):
        return "fit", arguments, named

    def evaluate(self, *arguments, **named):
        return "evaluate", arguments, named

    def predict(self, *arguments, **named):
        return "predict", arguments, named


def batches(rows=4):
    while True:
        yield np.zeros((rows, 2)), np.zeros(rows)


class Listed:
    def __getitem__(self, i):
        return [np.zeros((3, 2)), np.zeros((3, 1))], np.zeros(3)

    def __len__(self):
        return 7


def test_generators_of_keras_2():
    given, model = batches(), Recorder()
    name, (x,), named = model.fit_generator(given, 5, 2, validation_data=given, validation_steps=3)
    assert (name, x, named["steps_per_epoch"], named["epochs"]) == ("fit", given, 5, 2)
    assert (named["validation_data"], named["validation_steps"]) == (given, 3)
    assert model.evaluate_generator(given, 3)[2]["steps"] == 3
    assert model.predict_generator(given, steps=3, workers=2)[2]["steps"] == 3


@pytest.mark.parametrize(
    ("make", "steps"),
    [(batches, 3), (Listed, 4), (lambda: type("Flow", (), {"batch_size": 5})(), 2)],
)
def test_generators_of_keras_1(make, steps):
    """They count samples; no batch is lost."""
    given = make()
    options = {"samples_per_epoch": 10, "nb_epoch": 2, "validation_data": make()}
    _, (x,), named = Recorder().fit_generator(given, nb_val_samples=10, **options)
    assert (named["epochs"], named["steps_per_epoch"], named["validation_steps"]) == (
        2,
        *[steps] * 2,
    )
    if make is batches:
        assert [len(next(x)[1]) for _ in range(3)] == [4] * 3
    assert Recorder().evaluate_generator(make(), val_samples=10)[2]["steps"] == steps
    assert Recorder().predict_generator(make(), val_samples=10)[2]["steps"] == steps
    arrays = np.zeros((3, 2)), np.zeros(3)
    options["validation_data"] = arrays
    _, _, named = Recorder().fit_generator(make(), nb_val_samples=3, **options)
    assert named["validation_data"] is arrays
    assert "validation_steps" not in named


def test_predictions():
    for outputs, wanted in ((3, (6,)), (1, (6, 1))):
        model = nnkit.Sequential([Dense(outputs, "sigmoid", input_dim=2)])
        x = np.random.RandomState(0).normal(size=(6, 2))
        found, values = model.predict_classes(x), model.predict_proba(x)
        assert found.shape == wanted
        np.testing.assert_array_equal(values, model.predict(x))
        expected = values.argmax(1) if outputs > 1 else values > 0.5
        np.testing.assert_array_equal(found, expected)


def test_weights_are_added_in_the_order_of_keras_2_and_3():
    layer = Dense(1)
    a = layer.add_weight("a", (2,), "float32", "ones")
    b = layer.add_weight("b", (2,), "ones")
    c = layer.add_weight((2,), "ones", "float32", name="c")
    d = layer.add_weight(shape=(2,), initializer="ones", name="d", trainable=False)
    for weight, name in ((a, "a"), (b, "b"), (c, "c"), (d, "d")):
        assert weight.name == name
        np.testing.assert_array_equal(weight, [1, 1])
    assert [layer.add_weight().name for _ in range(2)] == ["variable", "variable_1"]
    assert layer.add_weight().shape == ()
    with pytest.raises(TypeError, match="add_weight is given shape twice"):
        layer.add_weight((2,), shape=(2,))
    with pytest.raises(ValueError, match="'e' can't be int32, its layer is float32"):
        layer.add_weight("e", (2,), "int32")
    with pytest.raises(TypeError, match="by position shape, initializer, dtype"):
        layer.add_weight((2,), "ones", "float32", True)


def test_warnings_can_be_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spellings._said.discard("Dense(output_dim=)")
        with pytest.raises(PendingDeprecationWarning, match=r"today it is Dense\(units=\)"):
            Dense(output_dim=3)
