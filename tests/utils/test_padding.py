import numpy as np
import pytest

from nnkit.utils import pad_sequences

LISTS = [[1], [2, 3], [], [4, 5, 6, 7]]


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("maxlen", [None, 1, 3, 9])
@pytest.mark.parametrize("kind", [list, tuple, np.array, lambda s: np.array(s)[::-1][::-1]])
def test_by_hand(padding, truncating, maxlen, kind):
    n = maxlen or 4
    expected = []
    for s in LISTS:
        kept = s[-n:] if truncating == "pre" else s[:n]
        blank = [9] * (n - len(kept))
        expected.append([*blank, *kept] if padding == "pre" else [*kept, *blank])
    rows = pad_sequences([kind(s) for s in LISTS], maxlen, "int64", padding, truncating, 9)
    np.testing.assert_array_equal(rows, expected)
    assert rows.dtype == np.int64


def test_vectors_words_and_fractions():
    rows = pad_sequences([np.ones((2, 3)), [], np.zeros((1, 3))], dtype="float32", value=-1)
    assert rows.shape == (3, 2, 3)
    assert rows[1].tolist() == [[-1] * 3] * 2
    assert rows[2].tolist() == [[-1] * 3, [0] * 3]
    assert pad_sequences([["a"], ["bc", "d"]], dtype=object, value="").tolist() == [
        ["", "a"],
        ["bc", "d"],
    ]
    assert pad_sequences([[0.5]], dtype="float32").tolist() == [[0.5]]
    assert pad_sequences([[True, 2.0]]).tolist() == [[1, 2]]
    assert pad_sequences([], maxlen=3).shape == (0, 3)
    assert pad_sequences([[], []]).shape == (2, 0)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (([[0.5]],), "sequence 0 has 0.5, which int32 can't hold; .* such as float32"),
        (([[1, 2**40]],), "has 1099511627776, which int32 can't hold; .* such as int64"),
        (([[np.nan]],), "has nan, which int32 can't hold"),
        (([[1]], None, "int32", "pre", "pre", 0.5), "value has 0.5, which int32"),
        (([[-1]], None, "uint8"), "has -1, which uint8"),
        (([[1], [[1, 2]]],), r"elements of sequence 1 have shape \(2,\), those before it \(\)"),
        (([["a"]],), "sequence 0 holds no numbers but <U1"),
        (([[1]], None, "int32", "pre", "pre", "x"), "value='x' is no number of dtype int32"),
        (([1, 2],), "number 0 is 1; for one sequence, give"),
        ((["ab"],), "sequence 0 is the text 'ab'"),
        (("ab",), "must be a list of sequences, got 'ab'"),
        ((iter([[1]]),), "must be a list of sequences"),
        (([],), "give maxlen"),
        (([[1]], 0), "maxlen must be a whole number from 1"),
        (([[1]], None, "int32", "before"), "padding must be one of pre, post, got 'before'"),
        (([[1]], None, "int32", "pre", "pots"), "truncating must be .* did you mean 'post'"),
    ],
)
def test_errors(arguments, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        pad_sequences(*arguments)


def test_too_much():
    with pytest.raises(MemoryError, match="pad_sequences's result"):
        pad_sequences([[1]] * 100000, maxlen=2**31)
