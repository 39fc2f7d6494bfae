"""Files of graphs: what either side writes, the other reads, with the same predictions."""

import numpy as np
import pytest

import nnkit
from nnkit import layers
from nnkit.nested import leaves
from tests.keras.theirs import QUIET, assert_close, keras, loaded
from tests.saving import test_graphs

pytestmark = QUIET

K, L = keras.ops, keras.layers


# ------------------------------------------------------------------------- models of nnkit's


def branches_inside():
    """Layers that Keras lacks, in layers that it has."""
    x = nnkit.Input((5, 4))
    block = layers.Residual([layers.Dense(4), layers.BatchNormalization()], activation="relu")
    deep = nnkit.Sequential([layers.Dense(4), block])
    return nnkit.Sequential([x, layers.TimeDistributed(deep), layers.Dense(2)])


def a_layer_twice():
    """In Keras no Sequential has a layer twice."""
    twice, inside = layers.Dense(4), layers.Dense(4)
    model = nnkit.Sequential([inside, layers.ReLU(), inside, layers.BatchNormalization()])
    return nnkit.Sequential([nnkit.Input((5, 4)), twice, layers.Tanh(), twice, model])


def dot_attention():
    x, y = nnkit.Input((5, 4)), nnkit.Input((3, 4))
    return nnkit.Model([x, y], layers.Attention()([x, y]) + x[..., :1])


def outputs_of_models():
    """A model is called twice, and what it gives is the outputs."""
    x = nnkit.Input((4,))
    inner = nnkit.Model(x, layers.Dense(3)(x))
    line = nnkit.Sequential([layers.Dense(2)])
    y = nnkit.Input((4,))
    return nnkit.Model(y, [inner(y), inner(2 * y), line(y), line(y + 1)])


def newer_operations():
    """Functions whose arguments Keras divides into settings and tensors in ways of its own."""
    ops = nnkit.ops
    x = nnkit.Input((3, 4))
    products = ops.einsum("bij,bkj->bik", x, ops.hard_silu(x))
    best, _ = ops.top_k(x, 2)
    parts = [
        ops.sum(products, axis=-1),
        ops.sum(ops.pad(x, ((0, 0), (1, 0), (0, 0)), mode="reflect"), axis=-1)[:, :3],
        ops.celu(best[..., 0], alpha=0.5),
        ops.cumsum(x, axis=1)[..., 1],
        ops.binary_crossentropy(ops.sigmoid(x[..., 0]), ops.sigmoid(x[..., 1])),
        ops.median(x, axis=-1),
        ops.flip(ops.roll(x, 1, axis=1), axis=1)[..., 2],
        ops.logaddexp(x[..., 0], x[..., 3]),
        ops.sum(ops.normalize(x, axis=-1), axis=-1),
    ]
    return nnkit.Model(x, ops.stack(parts, axis=-1))


OWN = (newer_operations, branches_inside, a_layer_twice, dot_attention, outputs_of_models)
OURS = {make.__name__: make for make in test_graphs.MODELS[:-2]}
OURS |= {make.__name__: make for make in OWN}


@pytest.mark.parametrize("name", OURS)
def test_ours_there_and_back(name, rng, tmp_path):
    made = OURS[name]()
    ours, x = made if isinstance(made, tuple) else (made, alone(draw_inputs(made.inputs, rng)))
    ours.set_weights([rng.uniform(0.1, 0.9, w.shape) for w in ours.get_weights()])
    wanted = ours.predict(x)
    ours.save(tmp_path / "ours.h5")
    theirs = loaded(tmp_path / "ours.h5")
    assert_all_close(theirs(x), wanted)
    zeros = [0 * np.array(w) for w in theirs.get_weights()]
    for file in ("w.h5", "w.weights.h5"):
        ours.save_weights(tmp_path / file)
        theirs.set_weights(zeros)
        theirs.load_weights(tmp_path / file)
        assert_all_close(theirs(x), wanted)
    theirs.save_weights(tmp_path / "t.weights.h5")
    theirs.save(tmp_path / "theirs.h5")
    again = nnkit.load_model(tmp_path / "theirs.h5")
    assert_all_close(again.predict(x), wanted)
    ours.set_weights([0 * w for w in ours.get_weights()])
    ours.load_weights(tmp_path / "t.weights.h5")
    assert_all_close(ours.predict(x), wanted)


# ------------------------------------------------------------------------- models of Keras's


def operators():
    x, y = keras.Input((4,)), keras.Input((4,))
    found = [
        x * 2 + y,
        2 - x,
        x / (y * y + 1),
        -x,
        abs(x),
        x**2,
        x[:, 0],
        x[:, 1:3],
        3.0 / (1 + abs(x)),
    ]
    found += [K.where(x > 0, x, y), K.logical_and(x > 0, y <= 1), x + np.arange(4, dtype="float32")]
    return keras.Model([x, y], [*found, K.concatenate([x, y], axis=-1), x // 2, K.maximum(x, 0.3)])


def functions():
    x, w, i = keras.Input((3, 4)), keras.Input((4, 5)), keras.Input((3,), dtype="int32")
    found = [K.max(x, axis=-1, keepdims=True), K.sum(x, axis=(1, 2)), K.reshape(x, (-1, 12))]
    found += [x[..., 0], x[:, ::2], x[:, None, ..., 1], K.transpose(x, (0, 2, 1)), x @ w]
    found += [K.split(x, 2, axis=-1)[1], K.cast(i, "float32"), K.one_hot(i, 5), K.ones_like(x)]
    found += [K.take(x, [0, 2], axis=1), K.log1p(abs(x)), K.prod(x, axis=1), K.round(x)]
    found += [K.gelu(x), K.leaky_relu(x, 0.1), K.full_like(x, 3), K.stack([x, x], axis=1)]
    return keras.Model([x, w, i], [*found, K.squeeze(x[:, :1], 1), x * K.sigmoid(x[:, :, :1])])


def names_and_order():
    """Layers that are made, called and named in different orders."""
    a, b = keras.Input((4,), name="zz"), keras.Input((3,), name="aa")
    p, q = L.Dense(5, name="p")(a), L.Dense(5, name="q")(b)
    joined = L.Add()([p, L.Dense(5, name="r")(q)])
    return keras.Model([b, a], [L.Dense(5, name="last")(joined), L.Dense(2, name="t")(p)])


def first_states():
    read, written = keras.Input((None, 5)), keras.Input((None, 6))
    _, h, c = L.LSTM(4, return_state=True)(read)
    y, h, _ = L.LSTM(4, return_sequences=True, return_state=True)(written, initial_state=[h, c])
    _, *states = L.Bidirectional(L.GRU(4, return_state=True))(read)
    z = L.Bidirectional(L.GRU(4, return_sequences=True))(written, initial_state=states)
    return keras.Model([read, written], [y, h, z, L.SimpleRNN(4)(written, initial_state=[h])])


def masks():
    x, mask = keras.Input((6, 5)), keras.Input((6,), dtype="bool")
    return keras.Model(
        [x, mask], [L.LSTM(4)(x, mask=mask), L.GlobalAveragePooling1D()(x, mask=mask)]
    )


def attention():
    i, mask = keras.Input((7,), dtype="int32"), keras.Input((7, 7), dtype="bool")
    x = L.Embedding(10, 8, mask_zero=True)(i)
    y = L.Embedding(10, 8)(i)  # Without masks: Keras answers otherwise where all is masked.
    found = [L.MultiHeadAttention(2, 4)(y, y, attention_mask=mask)]
    found += L.MultiHeadAttention(2, 3)(query=x, value=x, key=x, return_attention_scores=True)
    found += [L.Attention()([x, x], use_causal_mask=True), L.AdditiveAttention()([x, x, x])]
    return keras.Model([i, mask], [*found, L.Attention(True, "concat")([x, x])])


def nested_dictionaries():
    i, x = keras.Input((4,)), keras.Input((4,), name="x")
    inner = keras.Model(i, {"u": L.Dense(2)(i), "v": L.Dense(3)(i)}, name="inner")(x)
    line = keras.Sequential([L.Dense(2), keras.Sequential([L.Dense(3), L.BatchNormalization()])])
    s = line(inner["u"])
    return keras.Model({"x": x}, {"one": L.Concatenate()([inner["v"], s]), "two": s})


def frozen_and_shared():
    i, x = keras.Input((4,)), keras.Input((4,))
    frozen = L.Dense(3, trainable=False)
    inner = keras.Model(i, L.BatchNormalization()(frozen(L.Dense(4)(i))))
    top = L.Dense(3)
    return keras.Model(x, [top(inner(x)), top(inner(x + 1, training=False))])


def models_in_layers():
    i, x = keras.Input((4,)), keras.Input((5, 4))
    line = keras.Sequential([keras.Input((4,)), L.Dense(3)])
    graph = keras.Model(i, L.Dense(3)(i) + 1)
    return keras.Model(x, L.TimeDistributed(line)(x) + L.TimeDistributed(graph)(x))


THEIRS = [
    *(operators, functions, names_and_order, first_states, masks, attention),
    *(nested_dictionaries, frozen_and_shared, models_in_layers),
]


@pytest.mark.parametrize("make", THEIRS)
def test_theirs_here_and_back(make, rng, tmp_path):
    theirs = make()
    theirs.set_weights([rng.uniform(0.1, 0.9, w.shape) for w in theirs.get_weights()])
    x = draw_inputs(theirs.inputs, rng)
    x = {"x": x[0]} if isinstance(theirs.input, dict) else alone(x)
    wanted = theirs(x)
    theirs.save(tmp_path / "theirs.h5")
    ours = nnkit.load_model(tmp_path / "theirs.h5")
    assert_all_close(ours.predict(x), wanted)
    theirs.save_weights(tmp_path / "t.weights.h5")
    for file in ("theirs.h5", "t.weights.h5"):
        ours.set_weights([0 * w for w in ours.get_weights()])
        ours.load_weights(tmp_path / file)
        assert_all_close(ours.predict(x), wanted)
    ours.save(tmp_path / "ours.h5")
    assert_all_close(loaded(tmp_path / "ours.h5")(x), wanted)


def test_layers_for_training_only_work_in_training(tmp_path):
    """Keras's calls say ``training=False`` also where nobody gave it, and it takes no notice."""
    x = keras.Input((3, 4))
    said = L.BatchNormalization()(x, training=False)
    outputs = [L.Dropout(0.5)(x), L.GaussianNoise(0.1)(x), L.LSTM(2, dropout=0.2)(x), said]
    keras.Model(x, outputs).save(tmp_path / "m.h5")
    ours = nnkit.load_model(tmp_path / "m.h5")
    flags = {type(node.layer).__name__: node.training for node in ours.network.nodes}
    assert flags == {
        "Dropout": None,
        "GaussianNoise": None,
        "LSTM": None,
        "BatchNormalization": False,
    }


def draw_inputs(inputs, rng):
    """An array for each input, with 6 in place of sizes of None."""
    found = []
    for one in inputs:
        shape = (3, *(n or 6 for n in one.shape[1:]))
        if "int" in one.dtype:
            found.append(rng.integers(0, 5, shape))
        elif one.dtype == "bool":
            found.append(rng.integers(0, 2, shape).astype(bool) | (np.arange(shape[-1]) == 0))
        else:
            found.append(rng.normal(size=shape).astype(np.float32))
    return found


def alone(given):
    return given[0] if len(given) == 1 else given


def assert_all_close(ours, theirs):
    ours, theirs = leaves(ours), leaves(theirs)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert_close(one, other)
