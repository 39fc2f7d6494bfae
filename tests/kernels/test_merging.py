import numpy as np
import pytest

from nnkit.kernels.cpu import merging
from tests.cuda.cases import merging as merging_cases
from tests.helpers import run


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels(dtype, rng):
    for case in merging_cases.cases(dtype, rng):
        run(getattr(merging, case.kernel), *case.arguments)
        named = dict(zip(getattr(merging, case.kernel).parameters, case.arguments, strict=True))
        for name, expected in case.expected.items():
            np.testing.assert_allclose(named[name], expected, rtol=1e-6, err_msg=str(case))
