"""The page that a check leaves."""

import datetime
import platform

from benchmarks import report

# Of what the diagnosis doesn't name.
_VERSIONS = ["llvmlite", "cuda-core", "scipy-openblas32", "h5py", "torch", "triton", "jax"]


class Report(report.Report):
    """All tables, and the device.

    Parameters
    ----------
    arguments : list of str
    found : dict of str to str
        What the device's own process says of it.
    """

    command = "python tools/gpu_check.py"
    place = "device"

    def __init__(self, arguments, found):
        self.arguments, self.tables = arguments, []
        self.machine = {
            "date": datetime.date.today().isoformat(),
            "device": "none",
            **found,
            "cpu": report.cpu(),
            "system": f"{platform.system()} {platform.machine()}",
            "Python": platform.python_version(),
            "nnkit": report.nnkit_version(),
            **report.versions(_VERSIONS),
        }
        print(self._heading(), flush=True)
