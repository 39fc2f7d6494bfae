"""Is there a GPU, and what is it?"""

import importlib.util
import os
import re
import time
from pathlib import Path

import numpy as np

_TOOLKIT = Path("/usr/local/cuda")


def find_toolkit():
    """Point numba to a CUDA toolkit, unless it is pointed to one or finds NVVM as a package."""
    named = {"CUDA_HOME", "CUDA_PATH"} & os.environ.keys()
    packages = importlib.util.find_spec("nvidia")
    folders = packages.submodule_search_locations if packages else ()
    wheel = any(list(Path(folder).glob("*/nvvm")) for folder in folders)
    if not named and not wheel and (_TOOLKIT / "nvvm").is_dir():
        os.environ["CUDA_HOME"] = str(_TOOLKIT)


class Probe:
    """Looks at the device in a process of its own."""

    def found(self):
        """Device, driver and libraries in words; an error that says why no kernel can run."""
        import nnkit
        from nnkit.engine.cuda.diagnosis import diagnose

        diagnosis = diagnose()
        if problems := diagnosis.problems():
            raise RuntimeError(" ".join(problems))
        nnkit.set_device("cuda")
        name = re.split(r",| \(", diagnosis.devices[0].found)[0]
        findings = (*diagnosis.devices, *diagnosis.findings)
        return {
            "device": name,
            **{finding.what: finding.found for finding in findings},
            "CUDA_HOME": os.environ.get("CUDA_HOME", "not set"),
            "first kernel": f"{_first_kernel():.1f} s",
        }


def _first_kernel():
    """Seconds until a kernel has been compiled and has run."""
    started = time.perf_counter()
    from nnkit.kernels.cuda.shared import scale

    x = np.arange(3, dtype=np.float32)
    y = np.empty_like(x)
    scale(x, 2.0, y)
    np.testing.assert_array_equal(y, 2 * x)
    return time.perf_counter() - started
