import numpy as np
import pytest

from nnkit.kernels.cpu import updates as kernels
from tests.helpers import run
from tests.reference import updates as reference

SIZES = [1, 17, 4096, 10_001]
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
RATE = 0.01

# The numbers between the rate and the slots, and the names of the slots.
OPTIMIZERS = [
    ("sgd", (), ""),
    ("sgd_momentum", (0.9, False), "velocity"),
    ("sgd_momentum", (0.9, True), "velocity"),
    ("adam", (0.9, 0.999, 1e-7), "m v"),
    ("adam_amsgrad", (0.9, 0.999, 1e-7), "m v vhat"),
    ("rmsprop", (0.9, 1e-7), "velocity"),
    ("rmsprop_momentum", (0.9, 0.5, 1e-7, False), "velocity average buffer"),
    ("rmsprop_momentum", (0.9, 0.5, 1e-7, True), "velocity average buffer"),
]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("name", "numbers", "slots"), OPTIMIZERS)
def test_five_steps(name, numbers, slots, size, dtype, rng):
    p = rng.normal(size=size).astype(dtype)
    state = [np.zeros_like(p) for _ in slots.split()] + [p]
    want = [a.astype(float) for a in state]
    for t in range(1, 6):
        g = rng.normal(size=size).astype(dtype)
        g[0] = 0  # Nothing to divide by but epsilon.
        counted = name.startswith("adam")
        iteration = [np.array([t])] if counted else []
        run(getattr(kernels, name), g, np.array([RATE]), *iteration, *numbers, *state)
        count = [t] if counted else []
        want = getattr(reference, name)(g.astype(float), RATE, *count, *numbers, *want)
    for got, expected in zip(state, want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def test_adam_after_a_million_steps():
    p, g, m, v = (np.array([a], np.float32) for a in (1.0, 0.5, 0.5, 0.25))
    run(kernels.adam, g, np.array([RATE]), np.array([10**6]), 0.9, 0.999, 1e-7, m, v, p)
    np.testing.assert_allclose(p, 1 - RATE, rtol=1e-6)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("size", SIZES)
def test_decay_and_clipping(size, dtype, rng):
    g = rng.normal(size=size).astype(dtype)
    (want,) = reference.decay_weights(RATE, 0.1, g.astype(float))
    decayed = g.copy()
    run(kernels.decay_weights, np.array([RATE]), 0.1, decayed)
    np.testing.assert_allclose(decayed, want, rtol=TOLERANCE[dtype])
    clipped = g.copy()
    run(kernels.clip_by_value, 0.5, clipped)
    np.testing.assert_array_equal(clipped, *reference.clip_by_value(0.5, g))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("limit", [0.1, 1000.0])
@pytest.mark.parametrize("size", [*SIZES, 4097, 8192])
def test_clip_by_norm(size, limit, dtype, rng):
    g = rng.normal(size=size).astype(dtype)
    partial = np.empty(-(-size // 4096))
    run(kernels.sum_squares, g, partial)
    np.testing.assert_allclose(partial, reference.sum_squares(g), rtol=1e-13)
    (want,) = reference.clip_by_norm(partial, limit, g.astype(float))
    run(kernels.clip_by_norm, partial, limit, g)
    np.testing.assert_allclose(g, want, rtol=TOLERANCE[dtype])


def test_norm_of_zeros():
    g, partial = np.zeros(3, np.float32), np.zeros(1)
    run(kernels.clip_by_norm, partial, 1.0, g)
    np.testing.assert_array_equal(g, np.zeros(3))


def test_nan_gradients_are_not_clipped_away():
    g = np.array([np.nan, 2], np.float32)
    run(kernels.clip_by_value, 1.0, g)
    np.testing.assert_array_equal(g, [np.nan, 1])
