"""Each function of nnkit.ops: of arrays, of placeholders, and its gradient."""

import numpy as np
import pytest

import nnkit
from nnkit import ops
from nnkit.nested import leaves, mapped, packed
from tests.ops_cases import CALLS, call_id
from tests.symbolic.test_ops import CASES

# NumPy's function of the name has other arguments, or does something else.
OTHERS = {
    *("append", "array", "identity", "vander", "meshgrid", "isin", "bincount", "average", "cumsum"),
    *("cross", "count_nonzero", "normalize", "trapezoid", "unstack", "unravel_index", "size"),
    *("take_along_axis", "einsum", "median", "select", "linspace", "empty", "empty_like"),
}
WITHOUT_GRADIENT = {
    *("eigh", "cholesky", "nancumprod", "cumprod"),  # Compared with Keras's.
    *("divide_no_nan", "heaviside"),  # Not where they jump.
}


def same(found, expected, tolerance=1e-9):
    found, expected = leaves(found), leaves(expected)
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        assert np.shape(mine) == np.shape(theirs)
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)


def floats(arguments):
    """The places of arrays of fractions among arguments."""
    flat = leaves(list(arguments))
    return [
        i
        for i, a in enumerate(flat)
        if isinstance(a, np.ndarray) and a.dtype == np.float64 and np.isfinite(a).all() and a.ndim
    ]


@pytest.mark.parametrize("call", CALLS, ids=call_id)
def test_of_arrays_as_numpy_does(call):
    name, arguments, named = call
    reference = getattr(np, name, None)
    if reference is None or name in OTHERS:
        pytest.skip("NumPy has none")
    with np.errstate(all="ignore"):
        try:
            expected = reference(*arguments, **named)
        except TypeError:
            pytest.skip("NumPy's has other arguments")
    found = getattr(ops, name)(*arguments, **named)
    assert all(isinstance(v, (np.ndarray, np.generic)) for v in leaves(found))
    same(found, expected, 1e-6)  # Some are made in float32.


@pytest.mark.parametrize("call", CALLS, ids=call_id)
def test_of_placeholders_and_the_gradient(call):
    """In a layer, float64: the same values; and the gradient of a random sum of them."""
    name, arguments, named = call
    flat = leaves(list(arguments))
    places = floats(arguments)
    if not places:
        pytest.skip("no argument is an array of fractions")
    function = getattr(ops, name)
    arrays = [flat[i] for i in places]

    def of(*given):
        by = dict(zip(places, given, strict=True))
        values = [by.get(i, a) for i, a in enumerate(flat)]
        return function(*packed(list(arguments), values), **named)

    expected = of(*arrays)
    wholes = [v for v in leaves(expected) if np.asarray(v).dtype.kind != "f"]

    # All arrays of a batch have as many rows: here each is one row.
    rows = [a[None] for a in arrays]

    class OfRows(nnkit.layers.Layer):
        def call(self, x):
            made = of(*(a[0] for a in x))
            made = mapped(lambda y: ops.expand_dims(y, 0), made)
            return list(made) if isinstance(made, (list, tuple)) else made

    layer = OfRows(dtype="float64")
    found = layer(rows)
    same(mapped(lambda y: y[0], found), list(expected) if isinstance(expected, tuple) else expected)
    if wholes or name in WITHOUT_GRADIENT:
        return
    rng = np.random.default_rng(1)
    slopes = mapped(lambda y: rng.normal(size=np.shape(y)), found)
    gradients = leaves(layer.backward(slopes))
    directions = [rng.normal(size=a.shape) for a in arrays]

    def along(t):
        moved = of(*(a + t * d for a, d in zip(arrays, directions, strict=True)))
        pairs = zip(leaves(moved), leaves(slopes), strict=True)
        return sum(float(np.sum(y * s[0])) for y, s in pairs)

    change = (along(1e-6) - along(-1e-6)) / 2e-6
    claimed = sum(
        0.0 if g is None else float(np.sum(g[0] * d))
        for g, d in zip(gradients, directions, strict=True)
    )
    assert claimed == pytest.approx(change, rel=1e-5, abs=1e-6)


def test_unstack_knows_sizes():
    x = nnkit.Input((3, 2))
    assert [p.shape for p in ops.unstack(x, axis=1)] == [(None, 2)] * 3
    assert [a.tolist() for a in ops.unstack(np.eye(2))] == [[1, 0], [0, 1]]
    with pytest.raises(ValueError, match="say by num"):
        ops.unstack(x)


def test_every_function_is_called_somewhere():
    called = {name for name, _, _ in CALLS} | set(CASES) | {n.split(" ")[0] for n in CASES}
    plain = {"ndim", "gelu", "logsumexp", "swish"}
    assert set(ops.FUNCTIONS) - called - plain == set()
