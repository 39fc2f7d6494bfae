import json
import random

import numpy as np
import pytest

from nnkit.preprocessing.sequence import TimeseriesGenerator, make_sampling_table, skipgrams


def test_sampling_table():
    """Zipf's law: a word's frequency goes with 1 / (rank * (log(rank) + 0.577) + ...)."""
    table = make_sampling_table(50, 1e-3)
    for rank in range(1, 50):
        frequency = 1 / (rank * (np.log(rank) + 0.577) + 0.5 - 1 / (12 * rank))
        assert table[rank] == pytest.approx(min(1, np.sqrt(1e-3 / frequency)), rel=1e-14)
    assert table[0] == table[1]
    assert make_sampling_table(3, 1e9).tolist() == [1, 1, 1]


def test_positive_pairs():
    couples, labels = skipgrams([3, 0, 1, 2], 4, window_size=2, negative_samples=0, shuffle=False)
    assert couples == [[3, 1], [1, 3], [1, 2], [2, 1]]
    assert labels == [1] * 4
    _, labels = skipgrams([1, 2], 3, shuffle=False, categorical=True)
    assert labels == [[0, 1]] * 2 + [[1, 0]] * 2
    assert skipgrams([], 3) == ([], [])
    assert skipgrams([1, 2], 3, window_size=0) == ([], [])


def test_drawn_pairs():
    words = list(range(1, 30))
    couples, labels = skipgrams(words, 40, negative_samples=1.5, seed=3)
    pairs = list(zip(map(tuple, couples), labels, strict=True))
    near = {(a, b) for a in words for b in words if a != b and abs(a - b) <= 4}
    assert {pair for pair, label in pairs if label} == near
    drawn = [pair for pair, label in pairs if not label]
    assert len(drawn) == int(1.5 * len(near))
    assert {a for a, _ in drawn} == set(words)
    assert {b for _, b in drawn} == set(range(1, 40))
    assert labels != sorted(labels)
    state = random.getstate()
    assert (couples, labels) == skipgrams(words, 40, negative_samples=1.5, seed=3)
    assert random.getstate() == state
    random.seed(3)
    first = skipgrams(words, 40)
    random.seed(3)
    assert first == skipgrams(words, 40)
    random.setstate(state)


def test_frequent_words_are_left_out():
    table = np.array([0, 0, 1.0, 0.5])
    couples, _ = skipgrams([1, 2, 3] * 200, 4, 1, 0, sampling_table=table, seed=1)
    firsts = [a for a, _ in couples]
    assert firsts.count(1) == 0
    assert firsts.count(2) == 400
    assert 120 < firsts.count(3) < 280


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"vocabulary_size": 1}, "vocabulary_size must be a whole number from 2"),
        ({"sequence": [-1]}, "a word of sequence"),
        ({"sequence": [0.5]}, "a word of sequence"),
        ({"sampling_table": [1.0]}, r"an entry for each word, shape \(9,\), got \(1,\)"),
        ({"negative_samples": -1}, "negative_samples must be a number in"),
        ({"window_size": -1}, "window_size must be"),
    ],
)
def test_errors_of_skipgrams(options, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        skipgrams(**{"sequence": [1, 2, 3], "vocabulary_size": 9} | options)
    with pytest.raises(ValueError, match="size must be a whole number from 1"):
        make_sampling_table(0)


def test_skipgrams_of_words_beyond_the_vocabulary():
    with pytest.warns(UserWarning, match="the word 3, but with vocabulary_size=3 .* up to 2 only"):
        couples, labels = skipgrams([1, 2, 3] * 20, 3, window_size=1, seed=1)
    near = {tuple(couple) for couple, label in zip(couples, labels, strict=True) if label}
    assert near == {(1, 2), (2, 1), (2, 3), (3, 2), (3, 1), (1, 3)}
    assert {c[1] for c, label in zip(couples, labels, strict=True) if not label} == {1, 2}


SERIES = np.arange(40.0).reshape(20, 2)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"length": 1, "batch_size": 1},
        {"length": 4, "sampling_rate": 2, "stride": 3, "start_index": 2, "end_index": 15},
        {"reverse": True, "batch_size": 5},
        {"stride": 7, "batch_size": 2},
        {"length": 19},
    ],
)
def test_timeseries(options):
    options = {"length": 3, "batch_size": 4} | options
    windows = TimeseriesGenerator(SERIES, SERIES[:, 1], **options)
    rate, stride = options.get("sampling_rate", 1), options.get("stride", 1)
    first = options.get("start_index", 0) + options["length"]
    rows = range(first, options.get("end_index", 19) + 1, stride)
    expected = [SERIES[r - options["length"] : r : rate] for r in rows]
    batches = list(windows)
    assert len(batches) == len(windows)
    assert [len(x) for x, _ in batches[:-1]] == [options["batch_size"]] * (len(windows) - 1)
    x = np.concatenate([x for x, _ in batches])
    np.testing.assert_array_equal(x[:, ::-1] if options.get("reverse") else x, expected)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), SERIES[rows, 1])
    np.testing.assert_array_equal(windows[-1][0], batches[-1][0])
    config = json.loads(windows.to_json())["config"]
    assert json.loads(config["data"]) == SERIES.tolist()


def test_timeseries_at_random():
    windows = TimeseriesGenerator(list(range(20)), list(range(20)), 3, shuffle=True, batch_size=500)
    x, y = windows[0]
    assert x.shape == (500, 3)
    np.testing.assert_array_equal(x + np.array([3, 2, 1]), y[:, None].repeat(3, 1))
    assert set(y) == set(range(3, 20))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"length": 20}, "no window has room: start_index \\+ length is 20"),
        ({"targets": SERIES[1:]}, "equally long, they have 20 and 19"),
        ({"stride": 0}, "stride must be"),
        ({"end_index": 20}, "end_index must be a whole number from 0 to 19"),
        ({"start_index": -1}, "start_index must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"shuffle": 1}, "shuffle must be True or False"),
    ],
)
def test_errors_of_timeseries(options, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        TimeseriesGenerator(**{"data": SERIES, "targets": SERIES, "length": 3} | options)
    with pytest.raises(IndexError):
        TimeseriesGenerator(SERIES, SERIES, 3)[1]
