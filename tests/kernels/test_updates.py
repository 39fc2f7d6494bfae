import numpy as np
import pytest

from nnkit.kernels.cpu import updates as kernels
from tests.cuda.cases.updates import cases
from tests.helpers import run
from tests.reference import updates as reference

SIZES = [1, 17, 4096, 10_001]
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
RATE = 0.01


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("name", "numbers", "slots"), reference.OPTIMIZERS)
def test_five_steps(name, numbers, slots, size, dtype, rng):
    p = rng.normal(size=size).astype(dtype)
    state = [np.zeros_like(p) for _ in slots.split()] + [p]
    want = [a.astype(float) for a in state]
    for t in range(1, 6):
        g = rng.normal(size=size).astype(dtype)
        g[0] = 0  # Nothing to divide by but epsilon.
        counted = name in reference.COUNTED
        iteration = [np.array([t])] if counted else []
        run(getattr(kernels, name), g, np.array([RATE]), *iteration, *numbers, *state)
        count = [t] if counted else []
        want = getattr(reference, name)(g.astype(float), RATE, *count, *numbers, *want)
    for got, expected in zip(state, want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_every_kernel_once(dtype, rng):
    """What GPUs are tested with, on the CPU."""
    for case in cases(dtype, rng):
        kernel = getattr(kernels, case.kernel)
        run(kernel, *case.arguments)
        for name, expected in case.expected.items():
            got = case.arguments[kernel.parameters.index(name)]
            limit = case.tolerance or TOLERANCE[dtype]
            np.testing.assert_allclose(got, expected, limit, limit, err_msg=str(case))


LIMITS = {np.float32: 2.0**63, np.float64: 2.0**511}  # Their squares are finite.
SQUARED = reference.SQUARED


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("name", "numbers", "slots"), SQUARED)
def test_gradients_whose_squares_overflow(name, numbers, slots, dtype, rng):
    """The first steps are those of the formula, however large; all later ones are finite."""
    top = np.finfo(dtype).max
    size = np.array([1e3, top**0.4, LIMITS[dtype], 2 * LIMITS[dtype], top**0.7, top, -top], dtype)
    p = np.zeros_like(size)
    state = [np.zeros_like(p) for _ in slots.split()] + [p]
    want = [np.zeros(len(p), np.longdouble) for _ in state]
    for t in range(1, 40):
        g = size if t < 4 else rng.normal(size=len(p)).astype(dtype)
        count = [t] if name in reference.COUNTED else []
        run(
            getattr(kernels, name),
            g,
            np.array([RATE]),
            *(np.array([n]) for n in count),
            *numbers,
            *state,
        )
        assert all(np.isfinite(array).all() for array in state)
        want = getattr(reference, name)(g.astype(np.longdouble), RATE, *count, *numbers, *want)
        if t < 4 and numbers[-1] is not True:  # Centered, equal gradients have no variance.
            np.testing.assert_allclose(p, want[-1].astype(float), rtol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("bad", [np.inf, np.nan])
@pytest.mark.parametrize(("name", "numbers", "slots"), reference.OPTIMIZERS)
def test_gradients_that_are_not_finite_show(name, numbers, slots, bad):
    g, p = np.array([bad, 1], np.float32), np.zeros(2, np.float32)
    state = [np.zeros_like(p) for _ in slots.split()] + [p]
    iteration = [np.array([1])] if name in reference.COUNTED else []
    run(getattr(kernels, name), g, np.array([RATE]), *iteration, *numbers, *state)
    np.testing.assert_array_equal(np.isfinite(p), [False, True])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("name", "numbers", "slots"), reference.OPTIMIZERS[11:])
def test_sums_of_squares_stay_finite(name, numbers, slots, dtype):
    top = np.finfo(dtype).max
    p = np.zeros(3, dtype)
    state = [np.zeros_like(p) for _ in slots.split()] + [p]
    for _ in range(20):
        g = np.array([top, -top, 2], dtype)
        run(getattr(kernels, name), g, np.array([RATE]), *numbers, *state)
    assert np.isfinite(state[0]).all()
    assert np.isfinite(p).all()


def test_ftrl_with_a_rate_of_zero_changes_nothing():
    """A schedule may begin with it, and the formula divides by it."""
    state = [np.full(2, value, np.float32) for value in (0.1, 0.2, 0.3)]
    run(kernels.ftrl, np.ones(2, np.float32), np.zeros(1), 0.5, 0.0, 0.0, 0.0, 0.0, *state)
    np.testing.assert_array_equal(state, np.float32([[0.1] * 2, [0.2] * 2, [0.3] * 2]))


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_equal_gradients_have_no_variance(dtype):
    """Rounding must not make it negative."""
    g, p = np.full(50, 1e4, dtype), np.zeros(50, dtype)
    g *= np.linspace(0.1, 3, 50, dtype=dtype)
    state = [np.zeros_like(p) for _ in range(3)] + [p]
    for _ in range(200):
        run(kernels.rmsprop_momentum, g, np.array([RATE]), 0.9, 0.5, 1e-7, True, *state)
    assert np.isfinite(p).all()


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
    partial = np.empty((2, -(-size // 4096)))
    run(kernels.sum_squares, g, partial)
    np.testing.assert_allclose(partial, reference.sum_squares(g), rtol=1e-13)
    (want,) = reference.clip_by_norm(partial, limit, g.astype(float))
    run(kernels.clip_by_norm, partial, limit, g)
    np.testing.assert_allclose(g, want, rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("limit", [1e-3, 1.0, 1e30])
def test_norms_that_overflow(limit, dtype):
    """The norm of the largest numbers is none of their type, and its square none of float64."""
    g = np.resize(np.array([1, -0.5, 1e-3, 0], dtype) * np.finfo(dtype).max, 9000)
    wide = g.astype(np.longdouble)
    want = wide * (limit / np.sqrt((wide**2).sum()))
    partial = np.empty((2, 3))
    run(kernels.sum_squares, g, partial)
    run(kernels.clip_by_norm, partial, limit, g)
    np.testing.assert_allclose(g, want.astype(float), rtol=TOLERANCE[dtype])


def test_norm_of_zeros():
    g, partial = np.zeros(3, np.float32), np.zeros((2, 1))
    run(kernels.clip_by_norm, partial, 1.0, g)
    np.testing.assert_array_equal(g, np.zeros(3))


def test_nan_gradients_are_not_clipped_away():
    g = np.array([np.nan, 2], np.float32)
    run(kernels.clip_by_value, 1.0, g)
    np.testing.assert_array_equal(g, [np.nan, 1])
