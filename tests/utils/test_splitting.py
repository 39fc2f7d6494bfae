import numpy as np
import pytest

from nnkit.utils import split_dataset

X, Y = np.arange(20).reshape(10, 2), np.arange(10)


@pytest.mark.parametrize(
    ("sizes", "left", "right"),
    [
        ({"left_size": 0.7}, 7, 3),
        ({"left_size": 4}, 4, 6),
        ({"right_size": 0.25}, 8, 2),
        ({"left_size": 2, "right_size": 3}, 2, 3),
        ({"left_size": 0.5, "right_size": 5}, 5, 5),
    ],
)
def test_sizes(sizes, left, right):
    (a, b), (c, d) = split_dataset((X, Y), **sizes)
    np.testing.assert_array_equal(a, X[:left])
    np.testing.assert_array_equal(b, Y[:left])
    np.testing.assert_array_equal(c, X[-right:])
    np.testing.assert_array_equal(d, Y[-right:])
    one, other = split_dataset(Y, **sizes)
    np.testing.assert_array_equal(one, b)
    np.testing.assert_array_equal(other, d)
    assert type(split_dataset([X, Y], **sizes)[0]) is list
    assert split_dataset([1, 2, 3], right_size=1)[1].tolist() == [3]


def test_at_random():
    (a, b), (c, d) = split_dataset((X, Y), left_size=0.6, shuffle=True, seed=1)
    np.testing.assert_array_equal(a, X[b])
    np.testing.assert_array_equal(c, X[d])
    assert sorted([*b, *d]) == list(range(10))
    assert b.tolist() != list(range(6))
    again, _ = split_dataset(Y, left_size=0.6, shuffle=True, seed=1)
    np.testing.assert_array_equal(again, b)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "give left_size or right_size"),
        ({"left_size": 10}, "each part needs one"),
        ({"left_size": 0.01}, "each part needs one"),
        ({"left_size": 7, "right_size": 4}, "must not overlap"),
        ({"left_size": 1.5}, r"left_size must be a number in \(0, 1\)"),
        ({"right_size": -1}, "right_size must be a whole number from 1 to 10"),
        ({"left_size": "a"}, "left_size"),
        ({"dataset": (X, Y[1:]), "left_size": 1}, "equally many samples, they have 10, 9"),
        ({"dataset": {"x": X}, "left_size": 1}, "a dictionary"),
    ],
)
def test_errors(arguments, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        split_dataset(**{"dataset": (X, Y)} | arguments)
