"""Layers that merge several inputs: values, shapes, masks, and every error."""

import numpy as np
import pytest

from nnkit import layers
from nnkit.layers import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract

ELEMENTWISE = {
    Add: np.add,
    Subtract: np.subtract,
    Multiply: np.multiply,
    Maximum: np.maximum,
    Minimum: np.minimum,
    Average: lambda a, b: (a + b) / 2,
}
SHAPES = [
    [(5, 4), (5, 4)],
    [(5, 4, 3), (5, 1, 3)],
    [(5, 1, 3), (5, 4, 1)],
    [(5, 4, 1, 2), (5, 1, 3, 1)],
    [(5, 4, 3), (5, 3)],
    [(5, 3), (5, 2, 4, 3)],
    [(5, 1, 2, 1, 3), (5, 2, 1, 2, 1)],
]


def values(layer, arrays, masks=None):
    """What a layer of floats gives for arrays and their masks, and its mask."""
    given = {"mask": masks or [None] * len(arrays)} if layer.uses_mask else {}
    y = layer.forward(arrays, **given)
    return y, layer.compute_mask(arrays, masks)


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("kind", ELEMENTWISE)
def test_values_of_shapes_that_broadcast(kind, shapes, rng):
    """As in Keras, axes that are missing follow the batch's."""
    a, b = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    rank = max(a.ndim, b.ndim)
    wide = [x.reshape(5, *(1,) * (rank - x.ndim), *x.shape[1:]) for x in (a, b)]
    wanted = ELEMENTWISE[kind](*wide)
    y, mask = values(kind(), [a, b])
    np.testing.assert_allclose(y, wanted, 1e-6)
    assert mask is None
    assert kind().compute_output_shape([(None, *a.shape[1:]), (None, *b.shape[1:])]) == (
        None,
        *wanted.shape[1:],
    )


@pytest.mark.parametrize(
    ("layer", "shapes", "wanted"),
    [
        (Add(), [(None, None, 3), (None, 5, 3)], (None, None, 3)),
        (Add(), [(None, None, 3), (8, None, 1)], (8, None, 3)),
        (Add(), [(None, None), (None, 4, 3)], (None, 4, None)),
        (Subtract(), [(2, 4), (2, 4)], (2, 4)),
        (Concatenate(), [(None, 4, 3), (None, None, 2)], (None, 4, 5)),
        (Concatenate(), [(None, 4, None), (None, 4, 2)], (None, 4, None)),
        (Concatenate(1), [(None, 2, 3), (4, 5, 3), (None, 1, None)], (4, 8, 3)),
        (Concatenate(-2), [(None, None, 3), (None, 5, 3)], (None, None, 3)),
        (Dot(1), [(None, 3), (None, 3)], (None, 1)),
        (Dot((1, 2)), [(None, 3, 5), (7, 10, 3)], (7, 5, 10)),
        (Dot(-1), [(None, None, 3), (None, 3)], (None, None)),
        (Dot((2, 1)), [(None, 4, None), (None, 6, 7, 8)], (None, 4, 7, 8)),
    ],
)
def test_shapes(layer, shapes, wanted):
    assert layer.compute_output_shape(shapes) == wanted
    layer.ensure_built(shapes)


def counting(masks, arrays):
    """bool (batch, steps, 1) for each array, as many steps as the result has."""
    steps = max(x.shape[1] for x in arrays)
    return [
        np.broadcast_to(True if m is None else m, (len(x), steps))[..., None]
        for m, x in zip(masks, arrays, strict=True)
    ]


@pytest.mark.parametrize("which", [(0, 1, 1), (1, 1, 0), (1, 1, 1), (0, 0, 1)])
@pytest.mark.parametrize("kind", [Multiply, Maximum, Minimum])
def test_masked_steps_take_no_part(kind, which, rng):
    """In products and extremes; where no input counts, the first one is left, or 0."""
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in [(5, 6, 2)] * 2 + [(5, 6, 1)]]
    masks = [rng.uniform(size=(5, 6)) < 0.5 if given else None for given in which]
    y, mask = values(kind(), arrays, masks)
    counts = np.stack(np.broadcast_arrays(*counting(masks, arrays)))
    wide = np.stack(np.broadcast_arrays(*arrays))
    neutral = {Multiply: 1, Maximum: -np.inf, Minimum: np.inf}[kind]
    function = {Multiply: np.prod, Maximum: np.max, Minimum: np.min}[kind]
    wanted = function(np.where(counts, wide, neutral), axis=0)
    none = ~counts.any(axis=0)
    left = 0 if kind is Multiply else arrays[0]
    np.testing.assert_allclose(y, np.where(none, left, wanted), 1e-6)
    if all(which):
        np.testing.assert_array_equal(mask, ~none[..., 0])
    else:
        assert mask is None


@pytest.mark.parametrize("kind", [Add, Average, Subtract])
def test_sums_take_no_notice_of_masks(kind, rng):
    a, b = rng.normal(size=(2, 5, 6, 2)).astype(np.float32)
    first, second = rng.uniform(size=(2, 5, 6)) < 0.5
    y, mask = values(kind(), [a, b], [first, second])
    np.testing.assert_allclose(y, ELEMENTWISE[kind](a, b), 1e-6)
    np.testing.assert_array_equal(mask, first | second)
    assert values(kind(), [a, b], [first, None])[1] is None


def test_a_mask_of_one_step_is_repeated(rng):
    a, b = rng.normal(size=(5, 6, 2)), rng.normal(size=(5, 1, 2))
    first, second = rng.uniform(size=(5, 6)) < 0.5, rng.uniform(size=(5, 1)) < 0.5
    _, mask = values(Add(dtype="float64"), [a, b], [first, second])
    np.testing.assert_array_equal(mask, first | second)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_concatenation(count, rng):
    arrays = [rng.normal(size=(4, n, 2)).astype(np.float32) for n in range(1, count + 1)]
    masks = [rng.uniform(size=(4, n)) < 0.5 for n in range(1, count + 1)]
    masks[1] = None
    layer = Concatenate(axis=1)
    y, mask = values(layer, arrays, masks)
    np.testing.assert_array_equal(y, np.concatenate(arrays, axis=1))
    masks[1] = np.ones((4, 2), bool)
    np.testing.assert_array_equal(mask, np.concatenate(masks, axis=1))
    for gradient, x in zip(layer.backward(y), arrays, strict=True):
        np.testing.assert_array_equal(gradient, x)


def test_masks_of_features_that_are_joined(rng):
    a, b = rng.normal(size=(4, 3, 2)), rng.normal(size=(4, 3, 1))
    first, second = rng.uniform(size=(2, 4, 3)) < 0.5
    np.testing.assert_array_equal(values(Concatenate(), [a, b], [first, second])[1], first | second)
    assert values(Concatenate(), [a, b], [None, second])[1] is None


@pytest.mark.parametrize("kind", [Maximum, Minimum])
def test_equal_elements_share_the_gradient(kind):
    layer = kind()
    a = np.array([[1.0, 2.0]], np.float32)
    values(layer, [a, a.copy(), a.copy()])
    found = layer.backward(np.array([[4.0, 8.0]], np.float32))
    assert [g.tolist() for g in found] == [[[1.0, 2.0]], [[1.0, 2.0]], [[2.0, 4.0]]]


@pytest.mark.parametrize(
    ("axes", "first", "second", "formula"),
    [
        (1, (5, 4), (5, 4), "bk,bk->b"),
        (2, (5, 3, 4), (5, 2, 4), "bik,bjk->bij"),
        ((1, 2), (5, 3, 4), (5, 2, 3), "bki,bjk->bij"),
        ((2, 1), (5, 3, 4), (5, 4), "bik,bk->bi"),
        ((1, 3), (5, 2, 3, 4), (5, 3, 4, 2), "bkij,bmnk->bijmn"),
        ((2, 2), (5, 2, 3, 4), (5, 4, 3, 2), "bikj,bmkn->bijmn"),
        ((-2, -3), (5, 2, 3, 4), (5, 3, 2, 2), "bikj,bkmn->bijmn"),
    ],
)
@pytest.mark.parametrize("normalize", [False, True])
def test_dot(axes, first, second, formula, normalize, rng):
    a, b = (rng.normal(size=shape).astype(np.float32) for shape in (first, second))
    y, _ = values(Dot(axes, normalize), [a, b])
    if normalize:
        pair = [axes] * 2 if isinstance(axes, int) else axes
        a, b = (
            x / np.linalg.norm(x, axis=n, keepdims=True) for x, n in zip([a, b], pair, strict=True)
        )
    wanted = np.einsum(formula, a.astype(float), b.astype(float))
    np.testing.assert_allclose(y, wanted.reshape(y.shape), 1e-5, 1e-5)
    assert y.ndim == max(wanted.ndim, 2)


def test_a_vector_of_zeros_has_no_direction():
    layer, zeros = Dot(1, normalize=True), np.zeros((2, 3), np.float32)
    assert values(layer, [zeros, zeros + 1])[0].tolist() == [[0.0], [0.0]]
    for gradient in layer.backward(np.ones((2, 1), np.float32)):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        (Add(name="a"), [(None, 3)], r"'a' \(Add\) takes a list of at least 2 inputs, got 1"),
        (Add(name="a"), [], "got 0: none"),
        (Add(name="a"), (None, 3), r"got one, of shape \(None, 3\)"),
        (Subtract(name="s"), [(None, 3)] * 3, r"'s' \(Subtract\) takes a list of exactly 2"),
        (Dot(1, name="d"), [(None, 3)] * 3, r"'d' \(Dot\) takes a list of exactly 2 inputs"),
        (Add(name="a"), [(None, 3), (None, 4)], r"'a': to add, .* got \(None, 3\), \(None, 4\)"),
        (Add(name="a"), [(2, 3), (4, 3)], "batches of different sizes"),
        (Multiply(), [(None, 2, 3), (None, 2)], "inputs must have one shape"),
        (Concatenate(), [(None, 2, 3), (None, 4, 3)], "one shape but for axis -1"),
        (Concatenate(), [(None, 2), (None, 2, 2)], "one shape but for axis -1"),
        (Concatenate(3), [(None, 2), (None, 2)], "axis 3 is not one of the axes"),
        (Concatenate(-2), [(None, 2), (None, 2)], "axis -2 is not one of the axes"),
        (Dot(2), [(None, 2), (None, 2)], "axis 2 is not one of the axes"),
        (Dot((1, -3)), [(None, 2), (None, 2, 2)], "axis -3 is not one of the axes"),
        (Dot(1), [(None, 2), (None, 3)], r"one size, got 2 and 3 of \(None, 2\), \(None, 3\)"),
        (Dot(1), [(4, 2), (5, 2)], "batches must have one size"),
    ],
)
def test_shapes_that_do_not_merge(layer, shapes, message):
    with pytest.raises(ValueError, match=message):
        layer.ensure_built(shapes)
    with pytest.raises(ValueError, match=message):
        layer.compute_output_shape(shapes)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Concatenate(0), ValueError, "axis must be one after the batch's"),
        (lambda: Concatenate("last"), TypeError, "axis must be a whole number"),
        (lambda: Dot(0), ValueError, "can't be 0"),
        (lambda: Dot((1, 0)), ValueError, "can't be 0"),
        (lambda: Dot((1, 1, 1)), ValueError, "one axis or two"),
        (lambda: Dot(1.5), TypeError, "axes must be a whole number"),
        (lambda: Dot((1, True)), TypeError, "axes must be a whole number"),
        (lambda: Dot(1, "yes"), TypeError, "normalize must be True or False"),
    ],
)
def test_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_mask_that_has_no_place(rng):
    a, b = rng.normal(size=(5, 4, 3)), rng.normal(size=(5, 3))
    with pytest.raises(ValueError, match="has no place"):
        values(Add(), [a, b], [None, np.ones((5, 3), bool)])


def test_functions(rng):
    """Each makes a layer, and calls it."""
    a, b = rng.normal(size=(2, 4, 3, 3)).astype(np.float32)
    for kind, formula in ELEMENTWISE.items():
        function = getattr(layers, kind.__name__.lower())
        np.testing.assert_allclose(function([a, b]), formula(a, b), 1e-6)
    for axis in (-1, 1):
        found = layers.concatenate([a, b], axis=axis)
        np.testing.assert_array_equal(found, np.concatenate([a, b], axis))
    np.testing.assert_array_equal(layers.concatenate([a, b]), np.concatenate([a, b], -1))
    wanted = np.einsum("bki,bjk->bij", a, b)
    np.testing.assert_allclose(layers.dot([a, b], (1, 2)), wanted, 1e-4, 1e-5)
    np.testing.assert_allclose(layers.dot([a, b]), np.einsum("bik,bjk->bij", a, b), 1e-4, 1e-5)
    one = layers.dot([a, a], axes=-1, normalize=True, name="cosine")
    np.testing.assert_allclose(np.diagonal(one, axis1=1, axis2=2), 1, 1e-5)
