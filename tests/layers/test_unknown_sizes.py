"""Every layer built for inputs with sizes of None, which differ from batch to batch."""

import dataclasses

import numpy as np
import pytest

from tests.layers.catalogue import LAYERS


def with_size(shape, axes, size):
    """The shape with another size, or None, along some axes, counted from 1."""
    return tuple(size(n) if axis in axes else n for axis, n in enumerate(shape, 1))


def unknown(shape, axes):
    return with_size(shape, axes, lambda n: None)


def doubled(shape, axes):
    return with_size(shape, axes, lambda n: 2 * n)


def built(case, shape):
    layer = case.another()
    layer.ensure_built((case.batch, *shape))
    return layer


def weight_shapes(case, shape):
    return [v.shape for v in built(case, shape).variables]


def depends(case, axis):
    """Whether weights, or whether the layer can be built at all, depend on an axis's size."""
    try:
        found = weight_shapes(case, doubled(case.shape, [axis]))
    except ValueError:
        return True
    return found != weight_shapes(case, case.shape)


def free_axes(case):
    """Axes whose size may be None, one by one, and all together."""
    axes = [axis for axis in range(1, len(case.shape) + 1) if not depends(case, axis)]
    return [*([axis] for axis in axes), axes] if len(axes) > 1 else [axes][: len(axes)]


def passes(case, layer, rng, shape):
    """What a layer gives in training for a batch of a shape: output, mask, all gradients."""
    x = dataclasses.replace(case, shape=shape).inputs(rng, case.batch or 3)
    y = np.ascontiguousarray(x, layer.input_dtype)
    mask = (x != 0).any(axis=-1) if case.masked else None
    parts = layer.parts()
    for part in parts:
        x = y
        y = part.forward(x, True, **({"mask": mask} if part.uses_mask else {}))
        mask = part.compute_mask(x, mask) if mask is not None or part.decides_mask else None
    dy = rng.normal(size=y.shape).astype(y.dtype)
    for part in reversed(parts):
        dy = part.backward(dy)
    return [y.copy(), mask, dy, *(v.gradient for v in layer.trainable_weights)]


CASES = pytest.mark.parametrize(
    "case", [case for case in LAYERS if isinstance(case.shape, tuple)], ids=str
)


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
        stated, short, long = (
            layer.compute_output_shape((case.batch, *shape))
            for shape in (unknown(case.shape, axes), case.shape, doubled(case.shape, axes))
        )
        assert None not in short[1:] + long[1:]
        assert stated == tuple(a if a == b else None for a, b in zip(short, long, strict=True))


@CASES
def test_sizes_that_weights_depend_on_must_be_known(case):
    for axis in range(1, len(case.shape) + 1):
        if depends(case, axis):
            layer = case.another()
            with pytest.raises(ValueError, match="known"):
                layer.ensure_built((case.batch, *unknown(case.shape, [axis])))
