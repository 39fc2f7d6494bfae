"""Every layer built for inputs with sizes of None, which differ from batch to batch."""

import dataclasses

import numpy as np
import pytest

from nnkit import ops
from nnkit.layers import (
    Attention,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    Flatten,
    Lambda,
    Layer,
    LayerNormalization,
    PReLU,
    Reshape,
)
from nnkit.testing import alike, flat, several
from tests.layers.catalogue import LAYERS, x_sigmoid


def with_size(shape, axes, size):
    """The shape, or the shapes of several inputs, with other sizes along some axes, from 1 on.

    An axis of size 1 among several inputs is broadcast, and stays.
    """
    return alike(
        shape,
        lambda sizes: tuple(
            n if axis not in axes or (n == 1 and several(shape)) else size(n)
            for axis, n in enumerate(sizes, 1)
        ),
    )


def unknown(shape, axes):
    return with_size(shape, axes, lambda n: None)


def doubled(shape, axes):
    return with_size(shape, axes, lambda n: 2 * n)


def batched(case, shape):
    return alike(shape, lambda sizes: (case.batch, *sizes))


def built(case, shape):
    layer = case.another()
    layer.ensure_built(batched(case, shape))
    return layer


def weight_shapes(case, shape):
    """The shapes of the weights for inputs of a shape; None if there can be no such inputs."""
    try:
        return [v.shape for v in built(case, shape).variables]
    except ValueError:
        return None


def axes_of(case):
    """Axes that all inputs have."""
    return range(1, 1 + min(len(shape) for shape in flat(case.shape)))


def depends(case, axis):
    """Whether weights, or whether the inputs fit each other, depend on an axis's size."""
    longer = doubled(case.shape, [axis])
    return weight_shapes(case, longer) != weight_shapes(case, case.shape)


def free_axes(case):
    """Axes whose size may be None, one by one, and all together."""
    axes = [axis for axis in axes_of(case) if not depends(case, axis)]
    return [*([axis] for axis in axes), axes] if len(axes) > 1 else [axes][: len(axes)]


def forward(layer, x, mask, training):
    """What a layer and its activation give, and the masks of that."""
    for part in layer.parts():
        y = part.forward(x, training, **({"mask": mask} if part.uses_mask else {}))
        masked = part.decides_mask or any(m is not None for m in flat(mask))
        mask = part.compute_mask(x, mask) if masked else None
        x = y
    return x, mask


def batch_of(case, layer, rng, shape):
    """Inputs of a shape, as the layer takes them, and their masks."""
    drawn = flat(dataclasses.replace(case, shape=shape).inputs(rng, case.batch or 3))
    masks = [
        (x != 0).any(axis=-1) if masked else None
        for x, masked in zip(drawn, case.masks(), strict=True)
    ]
    arrays = [np.ascontiguousarray(x, layer.input_dtype) for x in drawn]
    return (arrays, masks) if several(shape) else (arrays[0], masks[0])


def passes(case, layer, rng, shape):
    """What a layer gives in training for a batch of a shape: outputs, masks, all gradients."""
    y, mask = forward(layer, *batch_of(case, layer, rng, shape), training=True)
    kept = [array.copy() for array in flat(y)]
    dy = alike(y, lambda array: rng.normal(size=array.shape).astype(array.dtype))
    for part in reversed(layer.parts()):
        dy = part.backward(dy)
    gradients = [v.gradient for v in layer.trainable_weights]
    return [*kept, *flat(mask), *flat(dy), *gradients]


CASES = pytest.mark.parametrize("case", [case for case in LAYERS if not case.named], ids=str)


@CASES
def test_any_length_gives_what_a_layer_built_for_it_gives(case):
    for axes in free_axes(case):
        layer = built(case, unknown(case.shape, axes))
        longer = doubled(case.shape, axes)
        for seed, shape in enumerate((longer, case.shape, longer)):
            fresh = built(case, shape)
            fresh.set_weights(layer.get_weights())
            for state, begun in zip(layer.states, fresh.states, strict=True):
                state[...] = begun
            found = passes(case, layer, np.random.default_rng(seed), shape)
            wanted = passes(case, fresh, np.random.default_rng(seed), shape)
            for one, other in zip(found, wanted, strict=True):
                np.testing.assert_array_equal(one, other)


@CASES
def test_the_output_is_unknown_where_it_varies(case):
    for axes in free_axes(case):
        layer = built(case, unknown(case.shape, axes))
        for stated, short, long in zip(
            *(
                flat(layer.compute_output_shape(batched(case, shape)))
                for shape in (unknown(case.shape, axes), case.shape, doubled(case.shape, axes))
            ),
            strict=True,
        ):
            assert None not in short[1:] + long[1:]
            assert stated == tuple(a if a == b else None for a, b in zip(short, long, strict=True))


def weighted_axes(case):
    """Axes on whose size the shape of a weight depends."""
    wanted = weight_shapes(case, case.shape)
    return [
        axis
        for axis in axes_of(case)
        if weight_shapes(case, doubled(case.shape, [axis])) not in (None, wanted)
    ]


@CASES
def test_sizes_that_weights_depend_on_must_be_known(case):
    for axis in weighted_axes(case):
        layer = case.another()
        with pytest.raises(ValueError, match=r"must be known.*; give the size in Input"):
            layer.ensure_built(batched(case, unknown(case.shape, [axis])))


@CASES
def test_fixed_sizes_are_those_that_weights_depend_on(case):
    layer = built(case, case.shape)
    if not layer.own_variables:  # The layers inside say it.
        return

    def fixed(shape):
        return [layer.fixed_sizes(sizes) for sizes in flat(batched(case, shape))]

    weighted = weighted_axes(case)
    for axis in axes_of(case):
        if axis in weighted or not depends(case, axis):
            other = fixed(doubled(case.shape, [axis]))
            assert (other != fixed(case.shape)) == (axis in weighted)


@pytest.mark.parametrize(
    ("layer", "shape", "other"),
    [
        (Dense(2), (None, 5, 4), (None, 4)),
        (Dense(2), (None, 4), (None, 3, 3, 4)),
        (LayerNormalization(), (None, 4), (None, 5, 4)),
        (BatchNormalization(), (None, 4), (None, 5, 4)),
        (Embedding(5, 2), (None, 4), (None, 3, 7)),
    ],
)
def test_layers_that_take_other_ranks(layer, shape, other):
    layer.ensure_built(shape)
    assert layer.fixed_sizes(other) == layer.fixed_sizes(shape)


@pytest.mark.parametrize(
    ("layer", "shape", "other"),
    [
        (Dense(2), (None, 4), (4,)),
        (LayerNormalization([-1, -2]), (None, 3, 4), (None, 4)),
        (LayerNormalization(2), (None, 3, 4), (None, 3, 4, 4)),
        (LayerNormalization(1), (None, 4), (None,)),
        (BatchNormalization(2), (None, 3, 4), (None, 4)),
        (BatchNormalization(-2), (None, 3, 4), (3,)),
        (PReLU(shared_axes=[1]), (None, 3, 4), (None, 4)),
        (PReLU(shared_axes=[1, 2]), (None, 3, 4), (None, 4)),
    ],
)
def test_layers_that_do_not(layer, shape, other):
    layer.ensure_built(shape)
    assert layer.fixed_sizes(other) != layer.fixed_sizes(shape)


@pytest.mark.parametrize(
    ("layer", "shape", "axis"),
    [
        (Dense(3), (None, 5, None), "axis -1, the last,"),
        (Conv1D(3, 2), (None, 5, None), "axis -1, the last,"),
        (Conv2D(3, 2, data_format="channels_first"), (None, None, 5, 5), "axis 1"),
        (Conv2DTranspose(3, 2), (None, 5, 5, None), "axis -1, the last,"),
        (DepthwiseConv2D(2), (None, None, None, None), "axis -1, the last,"),
        (BatchNormalization(1), (None, None, 5), "axis 1"),
        (LayerNormalization([1, 2]), (None, None, 5), "axis 1"),
        (PReLU(shared_axes=[1]), (None, None, None, 3), "axis 2"),
    ],
)
def test_an_unknown_size_is_explained(layer, shape, axis):
    message = (
        rf"layer '{layer.name}' \({type(layer).__name__}\) has weights for {axis} of its input, so "
        rf"its size must be known .* shape is \({', '.join(map(str, shape))}\); give the size in"
    )
    with pytest.raises(ValueError, match=message):
        layer.ensure_built(shape)


def test_a_weight_of_ones_own_for_an_unknown_size():
    class Scale(Layer):
        def build(self, input_shape):
            self.factor = self.add_weight("factor", input_shape[1:], "ones")

    with pytest.raises(ValueError, match=r"'scale' \(Scale\): the shape of 'factor' .*\(None, 3\)"):
        Scale().ensure_built((None, None, 3))


def test_flatten_takes_another_rank_in_channels_first():
    layer = Flatten("channels_first", dtype="float64")
    for shape in ((2, 3, 4), (2, 5), (2, 3, 4, 5), (2, 3, 2, 2, 2, 2), (0, 3, 4)):
        x = np.arange(np.prod(shape), dtype=float).reshape(shape)
        wanted = np.moveaxis(x, 1, -1).reshape(len(x), int(np.prod(shape[1:])))
        np.testing.assert_array_equal(layer(x), wanted)
        np.testing.assert_array_equal(layer.backward(wanted), x)
        assert layer.compute_output_shape((None, *shape[1:])) == (None, wanted.shape[1])


@pytest.mark.parametrize(
    ("target", "shape", "stated"),
    [
        ((-1, 4), (None, 8), (None, 4)),
        ((None, 4), (None, 8), (None, 4)),
        ((2, -1), (None, None), (2, None)),
        ((6, 4), (None, 8), (6, 4)),
        ((6, 4), (3, None), (6, 4)),
        ((-1,), (2, 8), (16,)),
    ],
)
def test_reshape_of_unknown_sizes(target, shape, stated):
    layer = Reshape(target)
    assert layer.compute_output_shape((None, *shape)) == (None, *stated)
    assert Reshape.from_config(layer.get_config()).target_shape == layer.target_shape


def test_reshape_of_unknown_sizes_that_cannot_be():
    message = r"samples of shape \(None, 5\) \(a multiple of 5 elements\) the shape \(6, 4\)"
    with pytest.raises(ValueError, match=message):
        Reshape((6, 4)).compute_output_shape((None, None, 5))
    layer = Reshape((6, 4))
    layer.ensure_built((None, None, 8))
    with pytest.raises(ValueError, match=r"\(4, 8\) \(32 elements\)"):
        layer.compute_output_shape((None, 4, 8))


def test_a_window_that_fits_no_length():
    with pytest.raises(ValueError, match=r"spans \(2, 7\) is larger than .* which is \(None, 5\)"):
        Conv2D(1, (2, 7)).ensure_built((None, None, 5, 3))
    layer = Conv1D(1, 3)
    layer.ensure_built((None, None, 2))
    with pytest.raises(ValueError, match=r"'conv1d' .*spans \(3,\) is larger than its input"):
        layer.compute_output_shape((None, 2, 2))


@pytest.mark.parametrize(
    ("function", "stated"),
    [
        (lambda x: x[:, 4:], (None, None, 8)),
        (lambda x: x[:, ::5], (None, None, 8)),
        (lambda x: x[:, 1:] - x[:, :-1], (None, None, 8)),
        (lambda x: x[:, -2:], (None, 2, 8)),
        (lambda x: ops.mean(x, axis=1), (None, 8)),
        (lambda x: ops.concatenate([x, x[:, -1:]], axis=1), (None, None, 8)),
        (lambda x: ops.matmul(x, ops.swapaxes(x, 1, 2)), (None, None, None)),
    ],
)
def test_shapes_of_expressions(function, stated, rng):
    layer = Lambda(function)
    assert layer.compute_output_shape((None, None, 8)) == stated
    for length in (7, 5):
        y = layer(rng.normal(size=(2, length, 8)))
        assert y.shape == layer.compute_output_shape((2, length, 8))
        assert all(n in (None, m) for n, m in zip(stated, y.shape, strict=True))


def test_an_output_shape_that_is_given_in_part():
    layer = Lambda(lambda x: x[:, 1:], output_shape=(None, 8))
    assert layer.compute_output_shape((None, None, 8)) == (None, None, 8)
    assert layer(np.ones((2, 5, 8))).shape == (2, 4, 8)
    described = Lambda(x_sigmoid, output_shape=(None, 8)).get_config()
    again = Lambda.from_config(described)
    assert again.get_config()["output_shape"] == [None, 8]
    again(np.ones((2, 5, 8)))
    assert again.output_shape == (None, 5, 8)
    layer = Lambda(lambda x: x, output_shape=(None,))
    with pytest.raises(ValueError, match=r"output_shape \(None,\), but .* has the shape \(5, 8\)"):
        layer.compute_output_shape((None, 5, 8))


def test_noise_shared_along_an_unknown_axis(rng):
    layer = Dropout(0.5, (None, 1, None), seed=1, dtype="float64")
    layer.ensure_built((None, None, 4))
    for length in (5, 3):
        y = layer.forward(np.ones((6, length, 4)), True)
        np.testing.assert_array_equal(y, np.repeat(y[:, :1], length, axis=1))
        assert set(np.unique(y)) == {0.0, 2.0}
    with pytest.raises(ValueError, match=r"noise_shape \(None, 5, 1\), but inputs of shape"):
        Dropout(0.5, (None, 5, 1))(np.ones((2, 3, 4)), training=True)


def test_attention_by_a_number_takes_other_features(rng):
    layer = Attention(use_scale=True, dtype="float64")
    layer([rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4))])
    layer.set_weights([np.float64(0.7)])
    query, value = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 6, 3))
    shares = np.exp(0.7 * query @ value.swapaxes(1, 2))
    wanted = shares / shares.sum(axis=-1, keepdims=True) @ value
    np.testing.assert_allclose(layer([query, value]), wanted, 1e-9)
