import numpy as np
import pytest

from nnkit.kernels.cpu import alignment
from nnkit.kernels.cpu import counting as kernels
from tests.cuda.cases import alignment as of_alignments
from tests.cuda.cases import counting as of_counting
from tests.helpers import run


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("module", "of"), [(kernels, of_counting), (alignment, of_alignments)])
def test_against_numpy(module, of, dtype, rng):
    for case in of.cases(dtype, rng):
        kernel = getattr(module, case.kernel)
        arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in case.arguments]
        run(kernel, *arguments)
        for name, expected in case.expected.items():
            found = arguments[kernel.parameters.index(name)]
            np.testing.assert_allclose(found, expected, 1e-5, 1e-6, err_msg=case.kernel)


def test_nan_exceeds_nothing():
    p, t = np.array([[np.nan, np.inf, -np.inf]], np.float32), np.ones((1, 3), np.float32)
    for clipped in (0, 1):
        counts = np.zeros((3, 4, 2))
        bounds = np.array([0.0, 0.5, 0.75], np.float32)
        ones = np.ones(1, np.float32)
        run(kernels.count_by_threshold, p, t, ones, np.ones(3), bounds, 0, clipped, counts)
        np.testing.assert_array_equal(counts[..., 1].argmax(axis=1), [0, 3, 0])
