"""Whatever is listed, in the engine for GPUs with the CPU's kernels: the same bits."""

import pytest

import nnkit
from tests.layers.test_catalogue_training import CASES, assert_same, outcome, trained


@pytest.mark.parametrize(("of", "case"), CASES)
def test_training_equals_the_cpu_bit_for_bit(of, case, gpu, use, rng):
    make, *data = of(case, rng)
    nnkit.config.set_num_threads(1)
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        outcomes.append(outcome(trained(make, *data), *data))
    nnkit.config.set_num_threads(None)
    assert_same(*outcomes)
