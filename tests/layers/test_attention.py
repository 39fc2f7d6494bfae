"""Attention against slow formulas in NumPy: every way of masking, every rank, and every error."""

import itertools

import numpy as np
import pytest

import nnkit
from nnkit import layers
from nnkit.layers import AdditiveAttention, Attention, MultiHeadAttention
from tests.helpers import slope


def softmax(scores, counts, nothing):
    """Over the last axis, where ``counts``; a row in which nothing counts is ``nothing``."""
    counts = np.broadcast_to(counts, scores.shape)
    y = np.full(scores.shape, float(nothing))
    for i in np.ndindex(scores.shape[:-1]):
        if counts[i].any():
            e = np.exp(scores[i] - scores[i][counts[i]].max()) * counts[i]
            y[i] = e / e.sum()
    return y


def built(layer, x):
    """With weights that are no zeros or ones."""
    layer.ensure_built([(None, *a.shape[1:]) for a in x])
    rng = np.random.default_rng(1)
    for variable in layer.weights:
        variable.assign(rng.normal(size=variable.shape))
    return layer


def scores_of(layer, query, key):
    q, k = query[:, :, None], key[:, None]
    if isinstance(layer, AdditiveAttention):
        return (np.tanh(q + k) * (1 if layer.scale is None else layer.scale.value)).sum(-1)
    scale = 1 if layer.scale is None else layer.scale.value
    if layer.score_mode == "concat":
        return layer.concat_score_weight.value * np.tanh(scale * (q + k)).sum(-1)
    return scale * (q * k).sum(-1)


KINDS = [
    lambda **options: Attention(**options),
    lambda **options: Attention(score_mode="concat", **options),
    lambda **options: AdditiveAttention(**options),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("use_scale", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_attention(kind, use_scale, masked, causal, rng):
    query, value, key = (rng.normal(size=s) for s in ((3, 4, 6), (3, 5, 2), (3, 5, 6)))
    layer = built(kind(use_scale=use_scale, dtype="float64"), [query, value, key])
    masks = rng.uniform(size=(3, 4)) < 0.6, rng.uniform(size=(3, 5)) < 0.6
    masks[1][0] = False
    counts = np.ones((3, 4, 5), bool)
    if masked:
        counts &= masks[1][:, None]
    if causal:
        counts &= np.tri(4, 5, dtype=bool)
    shares = softmax(scores_of(layer, query, key), counts, 1 / 5)
    want = shares @ value
    if masked:
        want[~masks[0]] = 0
    options = {"mask": list(masks) if masked else None, "use_causal_mask": causal}
    y, weights = layer([query, value, key], return_attention_scores=True, **options)
    np.testing.assert_allclose(y, want, 1e-12, 1e-14)
    np.testing.assert_allclose(weights, shares, 1e-12, 1e-14)
    np.testing.assert_array_equal(layer([query, value, key], **options), y)


def test_attention_of_more_axes(rng):
    query, value = rng.normal(size=(2, 3, 4, 6)), rng.normal(size=(2, 3, 5, 6))
    for kind in KINDS:
        layer = built(kind(dtype="float64"), [query, value])
        y, weights = layer([query, value], return_attention_scores=True)
        for i in np.ndindex(2, 3):
            part, scores = layer([query[i][None], value[i][None]], return_attention_scores=True)
            np.testing.assert_allclose(y[i], part[0], 1e-12)
            np.testing.assert_allclose(weights[i], scores[0], 1e-12)


def heads_of(layer, query, value, key, counts, nothing):
    """Outputs and weights of MultiHeadAttention for (batch, steps, features)."""

    def projected(part, x):
        return np.einsum("btf,fnh->bnth", x, part.kernel.value) + part.bias.value[:, None]

    q, k = projected(layer.query_dense, query), projected(layer.key_dense, key)
    scores = q @ k.swapaxes(2, 3) / np.sqrt(layer.key_dim)
    shares = softmax(scores, counts, nothing)
    found = shares @ projected(layer.value_dense, value)
    out = layer.output_dense
    return np.einsum("bnth,nho->bto", found, out.kernel.value) + out.bias.value, shares


MASKS = [(3, 4, 5), (3, 2, 4, 5), (1, 2, 4, 5), (4, 5), (1, 4, 1)]


@pytest.mark.parametrize("shape", [None, *MASKS])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("window", [None, 2])
def test_multi_head_attention(shape, masked, causal, window, rng):
    """``key_mask`` and ``query_mask`` given in the call count, too."""
    x = [rng.normal(size=s) for s in ((3, 4, 6), (3, 5, 7), (3, 5, 2))]
    options = {"value_dim": 4, "sliding_window": window, "dtype": "float64"}
    layer = built(MultiHeadAttention(2, 3, **options), x)
    counts = np.ones((3, 2, 4, 5), bool)
    call = {"use_causal_mask": causal}
    distance = np.arange(4)[:, None] - np.arange(5)
    if causal:
        counts &= distance >= 0
    if window:
        counts &= abs(distance) < window
    if masked:
        q, v, k = (rng.uniform(size=a.shape[:2]) < 0.7 for a in x)
        counts &= q[:, None, :, None] & v[:, None, None] & k[:, None, None]
        call |= {"query_mask": q, "value_mask": v, "key_mask": k}
    if shape is not None:
        mask = rng.uniform(size=shape) < 0.7
        counts &= mask[:, None] if len(shape) == 3 else mask
        call["attention_mask"] = mask
    want, _ = heads_of(layer, *x, counts, 1 / 5)
    np.testing.assert_allclose(layer(*x, **call), want, 1e-11, 1e-12)
    want, shares = heads_of(layer, *x, counts, 0)
    y, weights = layer(*x, return_attention_scores=True, **call)
    np.testing.assert_allclose(y, want, 1e-11, 1e-12)
    np.testing.assert_allclose(weights, shares, 1e-11, 1e-12)


def test_value_is_the_key(rng):
    query, value = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4))
    for layer in (Attention(), AdditiveAttention()):
        built(layer, [query, value])
        np.testing.assert_array_equal(layer([query, value]), layer([query, value, value]))
    layer = built(MultiHeadAttention(2, 3), [query, value])
    np.testing.assert_array_equal(layer(query, value), layer(query, value, value))
    np.testing.assert_array_equal(layer(query, value), layer([query, value]))


@pytest.mark.parametrize(
    ("axes", "shapes"),
    [
        ((1,), [(2, 4, 3, 6), (2, 5, 3, 6)]),
        ((2,), [(2, 3, 4, 6), (2, 3, 5, 6)]),
        ((-2,), [(2, 3, 4, 6), (2, 3, 5, 6)]),
        (None, [(2, 3, 4, 6), (2, 5, 2, 6)]),
        ((1, 3), [(2, 4, 3, 2, 6), (2, 1, 3, 5, 6)]),
    ],
)
def test_attention_axes(axes, shapes, rng):
    """Each place along other axes is a sequence of its own."""
    query, value = (rng.normal(size=shape) for shape in shapes)
    layer = built(MultiHeadAttention(2, 3, attention_axes=axes, dtype="float64"), [query, value])
    steps = [a % query.ndim for a in axes or range(1, query.ndim - 1)]
    places = [a for a in range(1, query.ndim - 1) if a not in steps]
    order = [0, *places, *steps, query.ndim - 1]
    q, v = (
        x.transpose(order).reshape(-1, *x.transpose(order).shape[1 + len(places) :])
        for x in (query, value)
    )
    sizes = q.shape[1:-1], v.shape[1:-1]
    q, v = (x.reshape(len(x), -1, 6) for x in (q, v))
    y, weights = layer(query, value, return_attention_scores=True)
    want, shares = heads_of(layer, q, v, v, np.True_, 0)
    place = [query.shape[a] for a in places]
    want = want.reshape(2, *place, *sizes[0], 6).transpose(np.argsort(order))
    np.testing.assert_allclose(y, want, 1e-11, 1e-12)
    np.testing.assert_allclose(
        weights, shares.reshape(2, *place, 2, *sizes[0], *sizes[1]), 1e-11, 1e-12
    )


def test_masks_of_steps_where_there_are_more_axes(rng):
    """A mask is (batch, steps): it says of axis 1 which count, whatever attends."""
    x, mask = rng.normal(size=(2, 4, 3, 6)), np.array([[1, 1, 0, 0], [1, 0, 1, 1]], bool)
    whole = MultiHeadAttention(2, 3, dtype="float64")
    first = MultiHeadAttention(2, 3, attention_axes=1, dtype="float64")
    for layer in (whole, first):
        built(layer, [x, x])
        y = layer(x, x, value_mask=mask)
        changed = np.where(mask[:, :, None, None], x, 9.0)
        np.testing.assert_allclose(layer(x, changed, value_mask=mask), y, 1e-12)
        assert abs(layer(x, changed) - y).max() > 1e-3
    second = built(MultiHeadAttention(2, 3, attention_axes=2, dtype="float64"), [x, x])
    _, weights = second(x, x, value_mask=mask, return_attention_scores=True)
    np.testing.assert_allclose(
        weights.sum(-1), np.broadcast_to(mask[..., None, None], (2, 4, 2, 3))
    )


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize(
    "layer",
    [
        Attention(True, dropout=0.4, seed=1, dtype="float64"),
        Attention(True, "concat", dtype="float64"),
        AdditiveAttention(dropout=0.4, seed=1, dtype="float64"),
        MultiHeadAttention(2, 3, 4, 0.4, seed=1, dtype="float64"),
        MultiHeadAttention(2, 3, use_gate=True, output_shape=(2, 3), dtype="float64"),
    ],
    ids=repr,
)
def test_gradients_of_both_outputs(layer, scores, rng):
    """With masks, causal, and targets for which no source counts."""
    x = [rng.normal(size=s) for s in ((2, 3, 4), (2, 4, 2), (2, 4, 4))]
    built(layer, x)
    masks = [np.array([[1, 1, 0]] * 2, bool), np.array([[1, 1, 0, 1], [0, 1, 1, 1]], bool), None]
    options = {"use_causal_mask": True, "return_attention_scores": scores}

    def outputs():
        y = layer.forward(x, True, masks, **options)
        return y if scores else [y]

    directions = [rng.normal(size=y.shape) for y in outputs()]
    for variable in layer.weights:
        variable.gradient.fill(np.nan)
    layer.propagate = True
    dx = layer.backward(directions if scores else directions[0])

    def total(_):
        return sum((y * d).sum() for y, d in zip(outputs(), directions, strict=True))

    def moved(array):
        kept = array.copy()

        def of(value):
            array[...] = value
            result = total(None)
            array[...] = kept
            return result

        return slope(of, kept)

    pairs = list(zip(x, dx, strict=True)) + [(v.value, v.gradient) for v in layer.weights]
    for array, gradient in pairs:
        np.testing.assert_allclose(gradient, moved(array), atol=2e-7)


def test_dropout_of_weights(rng):
    """Kept weights are scaled; ``Attention`` returns what is left, as Keras does."""
    x = rng.normal(size=(4, 30, 3))
    layer = Attention(dropout=0.5, seed=3, dtype="float64")
    _, all_weights = layer([x, x], return_attention_scores=True)
    y, left = layer([x, x], training=True, return_attention_scores=True)
    assert 0.4 < (left == 0).mean() < 0.6
    np.testing.assert_allclose(left[left != 0], 2 * all_weights[left != 0], 1e-12)
    np.testing.assert_allclose(y, left @ x, 1e-10)
    layer = built(MultiHeadAttention(2, 3, dropout=0.5, seed=3), [x, x])
    first, before = layer(x, x, training=True, return_attention_scores=True)
    np.testing.assert_allclose(before.sum(-1), 1, 1e-5)
    assert abs(first - layer(x, x)).max() > 1e-3


def test_weights_have_keras_names_and_shapes():
    layer = MultiHeadAttention(2, 3, 4, output_shape=(5, 6), use_gate=True)
    layer.ensure_built([(None, None, 7), (None, None, 8), (None, None, 9)])
    layer.locate("layer")
    assert [(v.path, v.shape) for v in layer.weights] == [
        ("layer/query/kernel", (7, 2, 3)),
        ("layer/query/bias", (2, 3)),
        ("layer/key/kernel", (9, 2, 3)),
        ("layer/key/bias", (2, 3)),
        ("layer/gate/kernel", (7, 2, 4)),
        ("layer/gate/bias", (2, 4)),
        ("layer/value/kernel", (8, 2, 4)),
        ("layer/value/bias", (2, 4)),
        ("layer/attention_output/kernel", (2, 4, 5, 6)),
        ("layer/attention_output/bias", (5, 6)),
    ]


def test_shapes_with_sizes_of_none():
    shapes = [(None, None, 6), (None, None, 4)]
    assert MultiHeadAttention(2, 3).compute_output_shape(shapes) == (None, None, 6)
    both = MultiHeadAttention(2, 3).compute_output_shape(shapes, return_attention_scores=True)
    assert both == [(None, None, 6), (None, 2, None, None)]
    shapes = [(None, None, 6), (None, None, 4), (None, None, 6)]
    assert Attention().compute_output_shape(shapes) == (None, None, 4)


def test_lengths_may_differ_from_the_first(rng):
    layer = MultiHeadAttention(2, 3)
    for targets, sources in itertools.product([3, 1], [4, 2]):
        query, value = rng.normal(size=(2, targets, 6)), rng.normal(size=(2, sources, 5))
        assert layer(query, value).shape == (2, targets, 6)


def test_other_features_than_the_first():
    layer = MultiHeadAttention(2, 3)
    layer(a, b)
    with pytest.raises(ValueError, match=r"of \[4, 4, 4\] features, got \[4, 2, 2\]"):
        layer(a, np.ones((2, 5, 2)))
    with pytest.raises(ValueError, match="equally many axes"):
        layer(a, np.ones((2, 4)))


a, b = np.ones((2, 3, 4)), np.ones((2, 5, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Attention()(a), "takes a list of two or three inputs"),
        (lambda: Attention()([a]), "two or three inputs"),
        (lambda: Attention()([a, b, b, b]), "two or three inputs"),
        (lambda: Attention()([a, np.ones((2, 5, 3))]), "one shape but for the steps"),
        (lambda: Attention()([a, b, a]), "value and key must be of one shape"),
        (lambda: Attention()([a, np.ones((2, 4))]), "equally many axes"),
        (lambda: Attention(score_mode="dots"), "score_mode must be one of dot, concat"),
        (lambda: Attention(dropout=2), r"dropout must be a number in \[0, 1\]"),
        (lambda: MultiHeadAttention(0, 2), "num_heads must be a whole number"),
        (lambda: MultiHeadAttention(2, 2, flash_attention=True, dropout=0.1), "excludes dropout"),
        (
            lambda: MultiHeadAttention(2, 2, flash_attention=True)(
                a, b, return_attention_scores=True
            ),
            "excludes return_attention_scores",
        ),
        (lambda: MultiHeadAttention(2, 2, attention_axes=2)(a, b), "some of 1 to 1 in ascending"),
        (lambda: MultiHeadAttention(2, 2, attention_axes=(2, 1))(a[None], a[None]), "ascending"),
        (lambda: MultiHeadAttention(2, 2, attention_axes="1")(a, b), "whole number or several"),
        (lambda: MultiHeadAttention(2, 2)(a), "a query and a value"),
        (lambda: MultiHeadAttention(2, 2)(a, b, use_casual_mask=True), "use_causal_mask"),
        (lambda: Attention()([a, b], use_casual_mask=True), "use_causal_mask"),
        (lambda: MultiHeadAttention(2, 2)(a, b, a), "value and key must be of one shape"),
        (
            lambda: MultiHeadAttention(2, 2)(a, b, attention_mask=np.ones((2, 3, 4), bool)),
            "attention_mask must be of the shape of the weights",
        ),
        (
            lambda: MultiHeadAttention(2, 2)(a[None], a[None], use_causal_mask=True),
            "needs one axis of attention",
        ),
        (
            lambda: MultiHeadAttention(2, 2, attention_axes=2)(a[None], np.ones((1, 4, 5, 4))),
            "equal sizes but for the axes of attention",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_all_are_public():
    assert {"Attention", "AdditiveAttention", "MultiHeadAttention"} <= set(layers.__all__)


@pytest.mark.parametrize("threads", [1, 4])
def test_in_a_model(threads, rng):
    """Recorded as in Python; masks come from an embedding, lengths differ from batch to batch."""
    ids = [rng.integers(0, 5, (24, length)) for length in (7, 4)]
    ids[0][:, 5:] = 0
    targets = rng.integers(0, 2, 24)

    def trained(eager):
        nnkit.utils.set_random_seed(1)
        left, right = nnkit.Input((None,)), nnkit.Input((None,))
        embedding = layers.Embedding(5, 8, mask_zero=True)
        query, value = embedding(left), embedding(right)
        y = MultiHeadAttention(2, 4, dropout=0.1, seed=3)(query, value)
        y, weights = MultiHeadAttention(2, 4)(
            y, y, use_causal_mask=True, return_attention_scores=True
        )
        y = AdditiveAttention()([Attention(use_scale=True)([y, query]), value])
        y = layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(y))
        model = nnkit.Model([left, right], y)
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=eager)
        model.fit(ids, targets, epochs=2, batch_size=8, shuffle=False, verbose=0)
        model.fit([ids[1], ids[0]], targets, batch_size=8, shuffle=False, verbose=0)
        return model.get_weights(), nnkit.Model(model.inputs, weights).predict(ids, verbose=0)

    nnkit.config.set_num_threads(threads)
    (eager, _), (recorded, weights) = trained(True), trained(False)
    nnkit.config.set_num_threads(None)
    for one, other in zip(eager, recorded, strict=True):
        np.testing.assert_allclose(one, other, 1e-4, 1e-6)
    assert weights.shape == (24, 2, 7, 7)
    np.testing.assert_array_equal(np.triu(weights, 1), 0)
    counts = ids[0] != 0
    np.testing.assert_allclose(
        weights.sum(-1)[np.broadcast_to(counts[:, None], (24, 2, 7))], 1, 1e-5
    )
