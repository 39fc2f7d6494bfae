"""Every kernel against the float64 reference, and larger products."""

from collections import defaultdict

import numpy as np

import nnkit
from nnkit.kernels._jit import Kernel
from nnkit.kernels.cuda._cuda import CudaKernel
from tests.cuda import cases_of, check, kernels


class Kernels:
    """An item a kernel: all its cases of the tests, on this device."""

    def __init__(self, short):
        nnkit.set_device("cuda")
        np.seterr(all="ignore")  # The simulator computes with NumPy's numbers.
        self.declared, self.twins = kernels("cpu", Kernel), kernels("cuda", CudaKernel)
        self.cases = defaultdict(list)
        for case in cases_of(np.float32) if short else cases_of(np.float32, np.float64):
            self.cases[case.kernel].append(case)
        self.most = 1 if short else None

    def items(self):
        return list(self.cases)

    def measure(self, name):
        cases = sorted(self.cases[name], key=_elements)[: self.most]
        # What a kernel without a twin writes, it also reads.
        outputs = self.declared[name].outputs if name in self.declared else ()
        for case in cases:
            check(case, self.twins[name], outputs)
        return f"right {len(cases)} times", len(cases)


def _elements(case):
    return sum(a.size for a in case.arguments if isinstance(a, np.ndarray))
