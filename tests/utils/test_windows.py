import numpy as np
import pytest

from nnkit.utils import set_random_seed, timeseries_dataset_from_array

SERIES = np.arange(40.0).reshape(20, 2)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sequence_stride": 3, "batch_size": 2},
        {"sampling_rate": 4, "batch_size": None},
        {"start_index": 3, "end_index": 17, "sequence_stride": 2},
        {"sequence_length": 20},
        {"sequence_length": 1, "batch_size": 1},
    ],
)
@pytest.mark.parametrize("targets", [None, SERIES[:15, 0] + 100])
def test_windows(options, targets):
    options = {"sequence_length": 3, "batch_size": 4} | options
    length, rate = options["sequence_length"], options.get("sampling_rate", 1)
    start, end = options.get("start_index", 0), options.get("end_index", 20)
    starts = [
        i
        for i in range(start, end, options.get("sequence_stride", 1))
        if i + (length - 1) * rate < end and (targets is None or i < 15)
    ]
    expected = [SERIES[i : i + (length - 1) * rate + 1 : rate] for i in starts]
    data = timeseries_dataset_from_array(SERIES, targets, **options)
    batches = list(data)
    assert len(data) == len(batches)
    join = np.stack if options["batch_size"] is None else np.concatenate
    x = join(batches) if targets is None else join([x for x, _ in batches])
    np.testing.assert_array_equal(x, expected)
    if targets is not None:
        np.testing.assert_array_equal(join([y for _, y in batches]), targets[starts])
    if options["batch_size"]:
        assert {len(b if targets is None else b[0]) for b in batches[:-1]} <= {
            options["batch_size"]
        }


def test_each_epoch_has_an_order_of_its_own():
    def orders(n, **options):
        data = timeseries_dataset_from_array(np.arange(30), None, 1, shuffle=True, **options)
        return [np.concatenate(list(data))[:, 0].tolist() for _ in range(n)]

    first, second = orders(2, seed=7)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(30))
    assert orders(2, seed=7) == [first, second]
    set_random_seed(1)
    unseeded = orders(1)
    assert orders(1) != unseeded
    set_random_seed(1)
    assert orders(1) == unseeded


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"sequence_length": 21}, "no window has room: one takes 21 steps .* there are 20"),
        ({"sequence_length": 3, "targets": []}, "of targets 0"),
        ({"sequence_length": 0}, "sequence_length must be"),
        ({"sequence_length": 2, "sampling_rate": 20}, "sampling_rate must be .* from 1 to 19"),
        ({"sequence_length": 2, "sequence_stride": 0}, "sequence_stride must be"),
        ({"sequence_length": 2, "start_index": -1}, "start_index must be"),
        ({"sequence_length": 2, "start_index": 5, "end_index": 5}, "end_index must be .* from 6"),
        ({"sequence_length": 2, "batch_size": 0}, "batch_size must be"),
        ({"sequence_length": 2, "data": 3}, "must have an axis of steps"),
        ({"sequence_length": 2, "seed": -1}, "seed must be"),
    ],
)
def test_errors(options, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        timeseries_dataset_from_array(**{"data": SERIES, "targets": None} | options)
    with pytest.raises(IndexError):
        timeseries_dataset_from_array(SERIES, None, 2)[1]
