import numpy as np
import pytest

import nnkit
from nnkit import constraints
from nnkit.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm


class Box(Constraint):
    """One of a user's own, in NumPy."""

    def __call__(self, w):
        return np.clip(w, -0.1, 0.1)


class Both(Constraint):
    """Made of two others."""

    def __call__(self, w):
        return UnitNorm()(NonNeg()(w))


def norms(w, axis):
    return np.sqrt((w.astype(float) ** 2).sum(axis=axis, keepdims=True))


def trained(constraint, rng, **options):
    nnkit.utils.set_random_seed(3)
    dense = nnkit.layers.Dense(4, kernel_constraint=constraint)
    model = nnkit.Sequential([nnkit.Input((3,)), dense, nnkit.layers.Dense(2)])
    model.compile("sgd", "mse", **options)
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    model.fit(x, y, 4, 5, verbose=0)
    return model.get_weights()[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("axis", [0, 1, -1, [0, 1], (1, 2), [0, 1, 2]])
def test_formulas(axis, dtype, rng):
    w = rng.normal(size=(2, 3, 4)).astype(dtype)
    before = w.copy()
    along = axis if isinstance(axis, int) else tuple(axis)
    n = norms(w, along)
    cases = [
        (MaxNorm(1, axis), w * np.minimum(n, 1) / (1e-7 + n)),
        (UnitNorm(axis), w / (1e-7 + n)),
        (MinMaxNorm(1, 2, 0.3, axis), w * (0.3 * np.clip(n, 1, 2) + 0.7 * n) / (1e-7 + n)),
        (NonNeg(), np.maximum(w, 0)),
    ]
    for constraint, want in cases:
        got = constraint(w)
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, rtol=1e-6)
        np.testing.assert_array_equal(w, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-30, 1e17, 3e37])
def test_sizes_that_explode(size, dtype):
    """Scaled down to the bound, not to nothing."""
    w = (np.array([[1, 2], [2, -4], [0, 0.5]]) * size).astype(dtype)
    n = norms(w, 0)
    for constraint, least, most in ((MaxNorm(2), 0, 2), (UnitNorm(), 1, 1), (MinMaxNorm(), 0, 1)):
        want = w.astype(float) * (np.clip(n, least, most) / (1e-7 + n))
        np.testing.assert_allclose(constraint(w), want, rtol=1e-6, atol=1e-37)


def test_other_arrays():
    np.testing.assert_array_equal(NonNeg()([-1, 2]), [0, 2])
    w = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    w.flags.writeable = False
    np.testing.assert_allclose(norms(UnitNorm()(w), 0), [[1, 1, 1]])


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("constraint", [NonNeg(), MaxNorm(0.3), UnitNorm(), Box(), Both()])
def test_training_keeps_the_bound(constraint, eager, rng):
    kernel = trained(constraint, rng, run_eagerly=eager)
    np.testing.assert_allclose(constraint(kernel), kernel, rtol=1e-6, atol=1e-7)


def test_replays_are_eager_steps():
    for constraint in (MinMaxNorm(0.2, 0.4, 0.5), Box(), lambda w: w / 2, Both()):
        kernels = [
            trained(constraint, np.random.default_rng(1), run_eagerly=eager)
            for eager in (True, False)
        ]
        np.testing.assert_array_equal(*kernels)


@pytest.mark.parametrize(
    ("identifier", "config"),
    [
        ("max_norm", {"max_value": 2, "axis": 0}),
        ("NonNeg", {}),
        ("unit_norm", {"axis": 0}),
        ("min_max_norm", {"min_value": 0.0, "max_value": 1.0, "rate": 1.0, "axis": 0}),
        (constraints.max_norm, {"max_value": 2, "axis": 0}),
        (MaxNorm(3, [0, 1]), {"max_value": 3, "axis": [0, 1]}),
        ({"class_name": "UnitNorm", "config": {"axis": [0, 1, 2]}}, {"axis": [0, 1, 2]}),
    ],
)
def test_get(identifier, config):
    assert constraints.get(identifier).get_config() == config
    assert constraints.get(None) is None


def half(w):
    return w[:1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: constraints.get("maxnorn"), "unknown constraint 'maxnorn'; did you mean"),
        (lambda: constraints.get(3), "constraint: expected an object"),
        (lambda: MaxNorm(-1), "MaxNorm: max_value must be a number"),
        (lambda: MinMaxNorm(2, 1), "min_value=2 is above max_value=1"),
        (lambda: MinMaxNorm(rate=2), "rate must be a number"),
        (lambda: UnitNorm(axis="0"), "axis must be a whole number"),
        (lambda: UnitNorm(axis=[]), "axis must be a whole number"),
        (lambda: UnitNorm(2)(np.ones((2, 3))), r"axis=2 does not fit a weight of shape \(2, 3\)"),
        (lambda: UnitNorm([0, -2])(np.ones((2, 3))), "does not fit"),
        (lambda: UnitNorm([0, 2])(np.ones((2, 3, 4))), "must be next to each other"),
        (lambda: Constraint().apply(np.ones(3)), "Constraint must define __call__"),
        (lambda: constraints.get(half).apply(np.ones(3)), "an array of the weight's shape"),
    ],
)
def test_mistakes(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
