"""Copies of what a step changes."""

import numpy as np
import pytest

from nnkit.engine.copies import Copies, kept, restore, same_bits


def arrays():
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((6, 5))
    return [
        rng.standard_normal((3, 7)).astype(np.float32),
        np.array(3),
        matrix.T[1:4, ::2],
        np.zeros((0, 4), np.float32),
        np.array([True, False, True]),
        np.array([np.nan, np.inf, -0.0]),
    ]


def test_they_are_put_back():
    changed = arrays()
    copies = kept(changed)
    for array in changed:
        array[...] = 1
    restore(changed, copies)
    for array, copy, before in zip(changed, copies, arrays(), strict=True):
        np.testing.assert_array_equal(array, before)
        assert copy.dtype == before.dtype
        assert not np.may_share_memory(array, copy)


def test_memory_is_used_again():
    copies = Copies()
    first = copies.of(arrays())
    second = copies.of(arrays())
    assert np.shares_memory(first[0], second[0])
    restore(second, arrays())
    larger = copies.of([np.ones((50, 50)), *arrays()])
    np.testing.assert_array_equal(larger[0], 1)
    np.testing.assert_array_equal(larger[1], arrays()[0])


def test_large_memory_is_given_back():
    copies = Copies()
    first = copies.of([np.zeros(3_000_000)])
    assert not np.shares_memory(first[0], copies.of([np.zeros(3_000_000)])[0])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("n", [0, 1, 3, 8])
def test_one_element_makes_a_difference(dtype, n):
    a = np.arange(n).astype(dtype)
    assert same_bits(a, a.copy())
    if n:
        b = a.copy()
        b[-1] = 0 if b[-1] else 1
        assert not same_bits(a, b)
