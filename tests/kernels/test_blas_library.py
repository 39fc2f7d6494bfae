"""Where OpenBLAS comes from: its package, or else the copy that NumPy's wheel brings."""

import subprocess
import sys

import numpy as np
import pytest

from nnkit.kernels import _intrinsics

# What the package would hide: everything runs in a process that can't import it.
PRODUCTS = """
import sys
sys.modules["scipy_openblas32"] = None
import numpy as np
from nnkit import launch
from nnkit.kernels import _intrinsics
assert _intrinsics.BLAS.library.parent.name == "numpy.libs"
rng = np.random.default_rng(0)
for dtype in ("float32", "float64"):
    for m, k, n in [(1, 7, 5), (3, 17, 33), (32, 64, 10)]:
        a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(n, k)).astype(dtype)
        bias, c = rng.normal(size=n).astype(dtype), np.empty((m, n), dtype)
        launch.matmul_bias(a, b.T, bias, c)
        np.testing.assert_allclose(c, a @ b.T + bias, rtol=1e-4, atol=1e-5)
"""


def test_products_by_the_copy_of_numpy():
    done = subprocess.run([sys.executable, "-c", PRODUCTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_openblas_at_all(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "scipy_openblas32", None)
    monkeypatch.setattr(np, "__file__", str(tmp_path / "numpy" / "__init__.py"))
    with pytest.raises(ImportError, match="pip install scipy-openblas32"):
        _intrinsics._find_openblas()
