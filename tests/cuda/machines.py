"""Made-up machines for the tests of devices."""

from pathlib import Path

from nnkit.engine.cuda.diagnosis import DriverLibrary, Machine

H100 = ("NVIDIA H100 80GB HBM3", (9, 0), 132, 80 * 2**30)
K80 = ("Tesla K80", (3, 7), 13, 11 * 2**30)


class FakeDriverLibrary:
    """libcuda with some devices, as ctypes sees it."""

    def __init__(self, version=13000, devices=(H100,), error=None):
        self.version, self.devices, self.error = version, devices, error

    def cuDriverGetVersion(self, number):
        number._obj.value = self.version
        return 0

    def cuInit(self, flags):
        return 999 if self.error else 0

    def cuGetErrorName(self, code, name):
        name._obj.value = self.error
        return 0

    def cuDeviceGetCount(self, count):
        count._obj.value = len(self.devices)
        return 0

    def cuDeviceGet(self, handle, index):
        handle._obj.value = index
        return 0

    def cuDeviceGetName(self, name, size, handle):
        name.value = self.devices[handle.value][0].encode()
        return 0

    def cuDeviceTotalMem_v2(self, memory, handle):
        memory._obj.value = self.devices[handle.value][3]
        return 0

    def cuDeviceGetAttribute(self, value, attribute, handle):
        _, (major, minor), multiprocessors, _ = self.devices[handle.value]
        value._obj.value = {75: major, 76: minor, 16: multiprocessors}[attribute]
        return 0


class FakeMachine(Machine):
    """One H100 with all that it needs, unless told otherwise.

    What is None is not there; packages and libraries are named with their versions.
    """

    def __init__(self, driver=None, has_driver=True, broken=None, simulated=False, **others):
        self._driver = (driver or FakeDriverLibrary()) if has_driver else None
        self._broken, self._simulated = broken, simulated
        self._packages = {
            "numpy": "2.4.6", "numba": "0.68.1", "numba-cuda": "0.30.4", "cuda-bindings": "13.5.0",
        }  # fmt: skip
        self._libraries = {
            "nvvm": "13.0.88", "nvrtc": "13.0.88", "nvJitLink": "13.0.88", "cublasLt": "13.1.1",
            "libdevice": "",
        }  # fmt: skip
        for name, version in others.items():
            home = self._libraries if name in self._libraries else self._packages
            home[name.replace("_", "-")] = version

    def version(self, package):
        return self._found(self._packages[package], package)

    def simulated(self):
        return self._simulated

    def import_cuda(self):
        if self._broken:
            raise self._broken

    def driver(self):
        if self._driver is None:
            raise OSError("libcuda.so.1: no such file")
        return DriverLibrary(self._driver)

    def library(self, name):
        return Path("lib") / name, self._found(self._libraries[name], name)

    def libdevice(self):
        self._found(self._libraries["libdevice"], "libdevice")
        return Path("libdevice.10.bc")

    @staticmethod
    def _found(version, name):
        if version is None:
            raise LookupError(name)
        return version
