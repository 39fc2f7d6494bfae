"""Files of graphs: several inputs and outputs, shared and nested layers, operators, blocks."""

import json

import h5py
import numpy as np
import pytest

import nnkit
from nnkit import Input, Model, Sequential, ops
from nnkit.errors import FileFormatError
from nnkit.layers import (
    LSTM,
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePooling1D,
    Layer,
    LayerNormalization,
    MultiHeadAttention,
    Parallel,
    Residual,
)


def draw(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


@nnkit.saving.register
class BlockInFile(Layer):
    """Layers in attributes and in a list, a weight of its own, and a penalty."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.first = Dense(units, "relu")
        self.more = [Dense(units), Dropout(0.2)]

    def build(self, input_shape):
        self.scale = self.add_weight("scale", input_shape[-1:], "ones")

    def call(self, x):
        y = self.first(x)
        for layer in self.more:
            y = layer(y)
        self.add_loss(0.01 * ops.sum(y * y))
        return x * self.scale + y


@nnkit.saving.register
class NetInFile(Model):
    """A model that says what it does in ``call``."""

    def __init__(self, units=3, **options):
        super().__init__(**options)
        self.hidden, self.last = Dense(units, "tanh"), Dense(2)

    def call(self, x):
        return self.last(self.hidden(x))


def two_of_each():
    a, b = Input((4,), name="a"), Input((3,), name="b")
    hidden = Dense(5, "tanh")(a)
    outputs = [
        Dense(1, name="o")(Concatenate()([hidden, b])),
        Dense(3, "softmax", name="p")(hidden),
    ]
    return Model([a, b], outputs), [draw(6, 4), draw(6, 3)]


def by_name():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    return Model({"a": a, "b": b}, {"s": Dense(2, name="s")(a + b)}), {
        "a": draw(6, 4),
        "b": draw(6, 4)[::-1].copy(),
    }


def shared():
    base = Sequential([Input((4,)), Dense(3, "relu"), BatchNormalization()], name="base")
    a, b, top = Input((4,)), Input((4,)), Dense(2)
    outputs = Add()([top(base(a)), top(base(b, training=False))])
    return Model([a, b], outputs), [draw(6, 4), draw(6, 4) + 1]


def nested():
    i = Input((4,))
    inner = Model(i, [Dense(2)(i), Dense(3)(i)], name="inner")
    x = Input((4,))
    u, v = inner(x)
    return Model(x, Concatenate()([u, v, Sequential([Dense(2), Dense(2)])(u)])), draw(6, 4)


def states():
    encoded, decoded = Input((None, 5)), Input((None, 6))
    _, h, c = LSTM(4, return_state=True)(encoded)
    y = LSTM(4, return_sequences=True)(decoded, initial_state=[h, c])
    return Model([encoded, decoded], Dense(3, "softmax")(y)), [draw(3, 7, 5), draw(3, 4, 6)]


def attention():
    i = Input((7,), dtype="int32")
    x = Embedding(10, 8, mask_zero=True)(i)
    y = MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
    y = GlobalAveragePooling1D()(LayerNormalization()(Add()([x, y])))
    return Model(i, Dense(1)(y)), np.arange(28).reshape(4, 7) % 10


def operators():
    x = Input((4,))
    y = x * 2 + 1
    z = ops.exp(y[:, :2]) - x[:, 2:]
    s = ops.sum(y, axis=1, keepdims=True)
    outputs = [Dense(2)(z) + z, ops.reshape(y, (-1, 2, 2)), ops.maximum(x, 0.5), ops.relu(y) / s]
    return Model(x, outputs), draw(6, 4)


def branches():
    return Sequential(
        [
            Input((6,)),
            Residual([Dense(6, "relu"), Dense(6)], Dense(6), activation="relu"),
            Parallel([Dense(2), [Dense(2), Dense(2)], []]),
            Dense(1),
        ]
    ), draw(6, 6)


def block():
    i = Input((4,))
    return Model(i, Dense(1)(BlockInFile(4)(i))), draw(6, 4)


def subclass():
    model = NetInFile(5)
    model.build((None, 4))
    return model, draw(6, 4)


MODELS = [
    two_of_each,
    by_name,
    shared,
    nested,
    states,
    attention,
    operators,
    branches,
    block,
    subclass,
]


@pytest.mark.parametrize("make", MODELS)
def test_a_clone_and_its_json(make):
    model, x = make()
    for other in (
        nnkit.models.clone_model(model),
        nnkit.models.model_from_json(model.to_json()),
    ):
        assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
        assert not set(other.weights) & set(model.weights)
        other.set_weights(model.get_weights())
        assert_same(other.predict(x), model.predict(x))


def test_a_clone_of_classes_that_are_not_registered():
    class Twice(Layer):
        def call(self, x):
            return 2 * x

    inner = Sequential([Dense(3), Twice()])
    i = Input((4,))
    model = Model(i, Sequential([inner, Twice()])(i))
    clone = nnkit.models.clone_model(model)
    clone.set_weights(model.get_weights())
    assert_same(clone.predict(draw(6, 4)), model.predict(draw(6, 4)))


@pytest.mark.parametrize("text", ["", "[]", "3", '{"class_name": "Functional", "config": {}}'])
def test_what_is_no_json_of_a_model(text):
    with pytest.raises(FileFormatError):
        nnkit.models.model_from_json(text)


def assert_same(found, expected):
    found, expected = (nnkit.nested.leaves(v) for v in (found, expected))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", MODELS)
def test_a_model_comes_back(make, tmp_path):
    model, x = make()
    model.save(tmp_path / "m.h5")
    loaded = nnkit.load_model(tmp_path / "m.h5")
    assert type(loaded) is type(model)
    assert loaded.name == model.name
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert [v.path for v in loaded.weights] == [v.path for v in model.weights]
    assert_same(loaded.predict(x), model.predict(x))


@pytest.mark.parametrize("make", MODELS)
def test_weights_come_back(make, tmp_path):
    model, x = make()
    other, _ = make()
    for name in ("m.weights.h5", "m.h5"):
        model.save_weights(tmp_path / name)
        other.set_weights([w + 1 for w in other.get_weights()])
        other.load_weights(tmp_path / name)
        assert_same(other.predict(x), model.predict(x))


@pytest.mark.parametrize("make", [shared, branches, block, subclass, nested])
def test_training_goes_on_after_a_file(make, tmp_path):
    model, x = make()
    rows = len(nnkit.nested.leaves(x)[0])
    y = draw(rows, model.output_shape[-1])
    model.compile(nnkit.optimizers.Adam(0.1), "mse")
    model.fit(x, y, batch_size=2, verbose=0)
    model.save(tmp_path / "m.h5")
    loaded = nnkit.load_model(tmp_path / "m.h5")
    histories = [m.fit(x, y, batch_size=2, epochs=2, verbose=0).history for m in (model, loaded)]
    assert histories[0] == histories[1]
    assert_same(loaded.predict(x), model.predict(x))


def test_losses_and_metrics_of_two_outputs_come_back(tmp_path):
    model, x = two_of_each()
    y = {"o": draw(6, 1), "p": np.arange(6) % 3}
    model.compile(
        "adam",
        {"o": "mse", "p": "sparse_categorical_crossentropy"},
        loss_weights={"o": 2.0},
        metrics={"p": ["accuracy"]},
        weighted_metrics={"o": ["mae"]},
    )
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.h5")
    loaded = nnkit.load_model(tmp_path / "m.h5")
    weight = {"o": np.arange(6.0)}
    results = [
        m.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True) for m in (model, loaded)
    ]
    assert results[0] == results[1]
    assert list(results[0]) == ["loss", "o_loss", "p_loss", "o_mae", "p_accuracy"]


def changed(path, change):
    """The file, with another description of the model."""
    with h5py.File(path, "r+") as file:
        for group in (file, file["nnkit"]):
            config = json.loads(group.attrs["model_config"])
            if group is not file:
                group.attrs["model_config"] = json.dumps(change(config))


def moved(config, **node):
    config["nodes"][-1] |= node
    return config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: moved(c, layer=99), "99 is no number from 0 to"),
        (lambda c: moved(c, layer=-1), "-1 is no number from 0 to"),
        (lambda c: moved(c, arguments={"x": {"from": [77, 0]}}), "77 is no number"),
        (lambda c: moved(c, arguments={"x": {"from": [0, 5]}}), "5 is no number"),
        (lambda c: moved(c, arguments={"x": [{"from": [0, 0]}]}), "dense"),
        (lambda c: moved(c, arguments={}), "'x'"),
        (lambda c: c | {"outputs": []}, "needs outputs"),
        (lambda c: c | {"outputs": {"from": [0, 0]}}, "leads|leave it out|depends|weights"),
        (lambda c: c | {"nodes": c["nodes"] * 5000}, "calls of layers"),
    ],
)
def test_a_damaged_graph_is_refused(change, message, tmp_path):
    a, b = Input((4,)), Input((4,))
    model = Model([a, b], Dense(2)(Add()([a, b])))
    model.save(tmp_path / "m.h5")
    changed(tmp_path / "m.h5", change)
    with pytest.raises(FileFormatError, match=message):
        nnkit.load_model(tmp_path / "m.h5")
