"""Steps and masks against NumPy; gradients of the gates against central differences."""

import numpy as np
import pytest

from nnkit.kernels.cpu import recurrent as kernels
from tests.helpers import run
from tests.reference import recurrent as reference

TOLERANCE = {np.float32: 3e-6, np.float64: 1e-13}
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)
rows_and_units = pytest.mark.parametrize(("rows", "units"), [(1, 1), (3, 1), (1, 5), (4, 37)])


def near(got, want, dtype):
    np.testing.assert_allclose(got, want, TOLERANCE[dtype], TOLERANCE[dtype])


@dtypes
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 5, 1), (3, 1, 4), (4, 6, 3)])
def test_steps_first_and_back(shape, backwards, dtype, rng):
    x = rng.normal(size=shape).astype(dtype)
    want = reference.steps_first(x, backwards)
    for first in range(len(want)):
        y = np.empty(want[first:].shape, dtype)
        run(kernels.steps_first, x, backwards, first, y)
        np.testing.assert_array_equal(y, want[first:])
    again = np.empty_like(x)
    run(kernels.batch_first, np.ascontiguousarray(want), backwards, 0, again)
    np.testing.assert_array_equal(again, x)
    some = np.empty_like(x[-1:])
    run(kernels.batch_first, np.ascontiguousarray(want), backwards, len(x) - 1, some)
    np.testing.assert_array_equal(some, x[-1:])


def test_masks_are_turned_as_well():
    mask = np.array([[True, False, False], [True, True, False]])
    turned = np.empty((3, 2, 1), bool)
    run(kernels.steps_first, mask[..., None], True, 0, turned)
    np.testing.assert_array_equal(turned[..., 0], mask[:, ::-1].T)


@dtypes
@pytest.mark.parametrize("value", [0.0, -1.5])
@rows_and_units
def test_mask_steps(rows, units, value, dtype, rng):
    x = rng.choice([value, 2.0], size=(rows, units)).astype(dtype)
    x[0] = value
    x[-1, -1] = np.nan
    x.flags.writeable = False
    y, mask = np.empty_like(x), np.empty(rows, bool)
    run(kernels.mask_steps, x, value, y, mask)
    want, want_mask = reference.mask_steps(x, value)
    np.testing.assert_array_equal(mask, want_mask)
    np.testing.assert_array_equal(y, want)


@dtypes
@rows_and_units
def test_what_a_mask_leaves_out(rows, units, dtype, rng):
    mask = rng.uniform(size=rows) < 0.5
    old, new = rng.normal(size=(2, rows, units)).astype(dtype)
    y, state, dstate, dprevious = np.empty_like(old), new.copy(), new.copy(), old.copy()
    run(kernels.keep_steps, old, mask, y)
    np.testing.assert_array_equal(y, reference.keep_steps(old, mask))
    run(kernels.hold, mask, old, state)
    np.testing.assert_array_equal(state, reference.hold(mask, old, new))
    run(kernels.hold_backward, mask, dstate, dprevious)
    want = reference.hold_backward(mask, new, old)
    np.testing.assert_array_equal(dstate, want[0])
    np.testing.assert_array_equal(dprevious, want[1])


def test_what_is_left_out_may_be_nan():
    mask, nan = np.array([False, True]), np.array([[np.nan], [2.0]])
    y, state = np.empty((2, 1)), nan.copy()
    run(kernels.keep_steps, nan, mask, y)
    np.testing.assert_array_equal(y, [[0], [2]])
    run(kernels.hold, mask, np.ones((2, 1)), state)
    np.testing.assert_array_equal(state, [[1], [2]])


@dtypes
@rows_and_units
def test_lstm_gates(rows, units, dtype, rng):
    c_previous = rng.normal(size=(rows, units)).astype(dtype)
    sums = rng.normal(scale=2, size=(rows, 4 * units)).astype(dtype)
    gates, c, h = sums.copy(), np.empty_like(c_previous), np.empty_like(c_previous)
    run(kernels.lstm_gates, c_previous, gates, c, h)
    wants = reference.lstm_gates(c_previous.astype(float), sums.astype(float))
    for got, want in zip((gates, c, h), wants, strict=True):
        near(got, want, dtype)


@rows_and_units
def test_lstm_gradient(rows, units, rng):
    c_previous, dh, dc, dc_previous = rng.normal(size=(4, rows, units))
    sums = rng.normal(size=(rows, 4 * units))
    gates, c, _ = reference.lstm_gates(c_previous, sums)
    before = dc_previous.copy()
    run(kernels.lstm_gates_backward, dh, dc, c_previous, c, gates, dc_previous)

    def states(c_previous, sums):
        return np.stack(reference.lstm_gates(c_previous, sums)[:0:-1])

    of_sums = reference.slopes(lambda s: states(c_previous, s), sums, np.stack([dh, dc]))
    np.testing.assert_allclose(gates, of_sums, atol=1e-7)
    of_c = reference.slopes(lambda c: states(c, sums), c_previous, np.stack([dh, dc]))
    np.testing.assert_allclose(dc_previous - before, of_c, atol=1e-7)


@dtypes
@rows_and_units
def test_gru_gates(rows, units, dtype, rng):
    h_previous = rng.normal(size=(rows, units)).astype(dtype)
    inner, sums = rng.normal(scale=2, size=(2, rows, 3 * units)).astype(dtype)
    gates, h = sums.copy(), np.empty_like(h_previous)
    run(kernels.gru_gates, h_previous, inner, gates, h)
    wants = reference.gru_gates(*(a.astype(float) for a in (h_previous, inner, sums)))
    for got, want in zip((gates, h), wants, strict=True):
        near(got, want, dtype)


@rows_and_units
def test_gru_gradient(rows, units, rng):
    h_previous, dh, dh_previous = rng.normal(size=(3, rows, units))
    inner, sums = rng.normal(size=(2, rows, 3 * units))
    gates, _ = reference.gru_gates(h_previous, inner, sums)
    of_inner, before = inner.copy(), dh_previous.copy()
    run(kernels.gru_gates_backward, dh, h_previous, of_inner, gates, dh_previous)

    def state(h_previous, inner, sums):
        return reference.gru_gates(h_previous, inner, sums)[1]

    want = reference.slopes(lambda s: state(h_previous, inner, s), sums, dh)
    np.testing.assert_allclose(gates, want, atol=1e-7)
    want = reference.slopes(lambda s: state(h_previous, s, sums), inner, dh)
    np.testing.assert_allclose(of_inner, want, atol=1e-7)
    want = reference.slopes(lambda h: state(h, inner, sums), h_previous, dh)
    np.testing.assert_allclose(dh_previous - before, want, atol=1e-7)


@dtypes
def test_gates_saturate_without_nan(dtype):
    sums = np.array([[200, 200, 200, 200], [-200, -200, -200, -200]], dtype)
    c, h = np.empty((2, 1), dtype), np.empty((2, 1), dtype)
    run(kernels.lstm_gates, np.ones((2, 1), dtype), sums, c, h)
    np.testing.assert_allclose(c, [[2], [0]], atol=1e-30)
    np.testing.assert_allclose(h, np.tanh([[2.0], [0]]), 1e-6, 1e-30)
