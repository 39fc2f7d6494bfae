"""What a GPU needs, which of these things this machine has, and how to get the others."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnkit.errors import DeviceError

__all__ = ["Diagnosis", "DriverLibrary", "Finding", "Machine", "diagnose"]

Version = tuple[int, ...]

OK, SLOWER, PROBLEM = "ok", "slower", "problem"

INSTALL = "Install nnkit's extra: pip install '.[cuda]' in a clone of nnkit."

# By CUDA's major version: the first driver that runs it, and the oldest devices that it compiles
# for.
_OLDEST_DRIVER = {12: 525, 13: 580}
_OLDEST_CAPABILITY = {12: (5, 0), 13: (7, 5)}

# Libraries by the names that cuda-pathfinder has for them, and the wheels that bring them.
_WHEELS = {
    "nvvm": "nvidia-nvvm",
    "nvrtc": "nvidia-cuda-nvrtc",
    "nvJitLink": "nvidia-nvjitlink",
    "cublasLt": "nvidia-cublas",
}

# cuDeviceGetAttribute
_MULTIPROCESSORS, _MAJOR, _MINOR = 16, 75, 76


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for.

    Parameters
    ----------
    what : str
    found : str
        A version, a name or a path; or what is wrong.
    level : str
        ``"ok"``, ``"slower"`` (works without) or ``"problem"`` (a GPU can't be used).
    advice : str
        What to do where something is wrong or missing.
    """

    what: str
    found: str
    level: str = OK
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.found}. {self.advice}".rstrip()


@dataclass(frozen=True)
class Diagnosis:
    """All findings.

    Parameters
    ----------
    findings : tuple of Finding
    devices : tuple of Finding
        One for each GPU.
    simulated : bool
        Whether numba's simulator stands in for a GPU.
    """

    findings: tuple[Finding, ...]
    devices: tuple[Finding, ...] = ()
    simulated: bool = False

    def problems(self, index: int = 0) -> list[str]:
        """Why GPU ``index`` can't be used, and what to do; empty if it can be used."""
        found = [str(finding) for finding in self.findings if finding.level == PROBLEM]
        if found:
            return found
        count = len(self.devices)
        if index >= count:
            names = f"'cuda:0' to 'cuda:{count - 1}'" if count > 1 else "only 'cuda:0'"
            return [f"there is no GPU {index} here, {names}"]
        device = self.devices[index]
        return [str(device)] if device.level == PROBLEM else []

    def choice(self) -> tuple[str, str]:
        """What ``"auto"`` means here, and why."""
        if self.simulated:
            return "cpu", "the CUDA simulator is no GPU"
        for index, device in enumerate(self.devices):
            if not self.problems(index):
                return f"cuda:{index}", device.found
        return "cpu", self.problems(0)[0]

    def __str__(self) -> str:
        rows = [*self.findings, *self.devices]
        width = max(len(row.what) for row in rows)
        lines = []
        for row in rows:
            lines.append(f"{row.level:7}  {row.what:{width}}  {row.found}")
            if row.advice:
                lines.append(f"{'':7}  {'':{width}}  {row.advice}")
        return "\n".join([*lines, "", *self._outcome()])

    def _outcome(self) -> Iterator[str]:
        name, reason = self.choice()
        yield f"'auto' is {name}: {reason}"
        problems = self.problems()
        if problems:
            yield "'cuda' can't be used:"
            yield from (f"  {problem}" for problem in problems)
        else:
            yield f"'cuda' is cuda:0: {self.devices[0].found}"


class DriverLibrary:
    """NVIDIA's driver. Asking it makes no context and takes no memory on a device.

    Parameters
    ----------
    library : ctypes.CDLL

    Raises
    ------
    DeviceError
        From every method: the driver's name for what went wrong.
    """

    def __init__(self, library: Any) -> None:
        self._library = library

    def version(self) -> Version:
        """The newest CUDA that the driver runs."""
        number = self._ask(ctypes.c_int(), "cuDriverGetVersion")
        return number // 1000, number % 1000 // 10

    def devices(self) -> list[tuple[str, Version, int, int]]:
        """Name, compute capability, multiprocessors and bytes of memory of every device."""
        self._call("cuInit", 0)
        count = self._ask(ctypes.c_int(), "cuDeviceGetCount")
        return [self._device(index) for index in range(count)]

    def _device(self, index: int) -> tuple[str, Version, int, int]:
        handle, name = ctypes.c_int(), ctypes.create_string_buffer(256)
        self._ask(handle, "cuDeviceGet", index)
        self._call("cuDeviceGetName", name, len(name), handle)
        memory = self._ask(ctypes.c_size_t(), "cuDeviceTotalMem_v2", handle)
        major, minor, multiprocessors = (
            self._ask(ctypes.c_int(), "cuDeviceGetAttribute", number, handle)
            for number in (_MAJOR, _MINOR, _MULTIPROCESSORS)
        )
        return name.value.decode(errors="replace"), (major, minor), multiprocessors, memory

    def _ask(self, answer: ctypes.c_int | ctypes.c_size_t, function: str, *arguments: Any) -> int:
        """What a function writes into its first argument."""
        self._call(function, ctypes.byref(answer), *arguments)
        return answer.value

    def _call(self, function: str, *arguments: Any) -> None:
        code = getattr(self._library, function)(*arguments)
        if code:
            name = ctypes.c_char_p()
            self._library.cuGetErrorName(code, ctypes.byref(name))
            raise DeviceError((name.value or b"").decode() or f"error {code}")


class Machine:
    """What a diagnosis asks of this machine; a test asks one that is made up.

    Every method may fail; the diagnosis says how.
    """

    def version(self, package: str) -> str:
        """The version of an installed package."""
        return importlib.metadata.version(package)

    def simulated(self) -> bool:
        """Whether numba's CUDA simulator is on."""
        import numba

        return bool(numba.config.ENABLE_CUDASIM)

    def import_cuda(self) -> None:
        """Import numba.cuda, as the kernels do."""
        importlib.import_module("nnkit.kernels.cuda._cuda")

    def driver(self) -> DriverLibrary:
        """Load NVIDIA's driver."""
        name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
        return DriverLibrary(ctypes.CDLL(name))

    def library(self, name: str) -> tuple[Path, str]:
        """Where numba-cuda finds a library of the toolkit, and its version if that is known."""
        from cuda import pathfinder

        found = pathfinder.load_nvidia_dynamic_lib(name)
        path = Path(found.abs_path)
        if found.found_via == "site-packages":
            return path, self.version(_WHEELS[name])
        toolkit = re.search(r"cuda-(\d+\.\d+)", str(path.resolve()))
        return path, toolkit[1] if toolkit else ""

    def libdevice(self) -> Path:
        """Where numba-cuda finds the mathematical functions that NVVM compiles into kernels."""
        paths = importlib.import_module("numba.cuda.cuda_paths").get_cuda_paths()
        return Path(paths["libdevice"].info).resolve(strict=True)


def diagnose(machine: Machine | None = None) -> Diagnosis:
    """Look for all that a GPU needs.

    It never fails. It loads libraries, but makes no context and takes no memory on a device.
    """
    machine = machine or Machine()
    packages = tuple(_packages(machine))
    if machine.simulated():
        simulator = Finding("GPU 0", "the CUDA simulator (NUMBA_ENABLE_CUDASIM), slow, for tests")
        return Diagnosis(packages, (simulator,), simulated=True)
    bindings = _try(machine.version, "cuda-bindings")
    cuda = 13 if isinstance(bindings, Exception) else _numbers(bindings)[0]
    newest, driver, devices = _driver(machine, cuda)
    complete = all(package.level == OK for package in packages)
    libraries = tuple(_libraries(machine, newest)) if complete else ()
    return Diagnosis((driver, *packages, *libraries), devices)


def _packages(machine: Machine) -> Iterator[Finding]:
    """The Python packages, and whether they fit each other."""
    numpy, numba = machine.version("numpy"), machine.version("numba")
    cured = (
        " (nnkit puts back the name that numba-cuda misses)" if _numbers(numpy) >= (2, 5) else ""
    )
    yield Finding("NumPy", numpy + cured)
    yield Finding("numba", numba)
    names = "numba-cuda", "cuda-bindings"
    version, bindings = (_try(machine.version, name) for name in names)
    for name, found in zip(names, (version, bindings), strict=True):
        if isinstance(found, Exception):
            yield Finding(name, "not installed", PROBLEM, INSTALL)
            return
    yield Finding("cuda-bindings", bindings)
    if _numbers(version) < (0, 30, 4) and _numbers(numba) >= (0, 66):
        clash = f"{version} does not work with numba {numba}, 0.30.4 does"
        yield Finding("numba-cuda", clash, PROBLEM, INSTALL)
    elif isinstance(error := _try(machine.import_cuda), Exception):
        broken = f"{version} can't be imported: {type(error).__name__}: {_first_line(error)}"
        yield Finding("numba-cuda", broken, PROBLEM, INSTALL)
    else:
        yield Finding("numba-cuda", version)


def _driver(machine: Machine, cuda: int) -> tuple[Version | None, Finding, tuple[Finding, ...]]:
    """The newest CUDA that the driver runs, a finding about the driver, and its devices."""
    oldest = _OLDEST_DRIVER.get(cuda, 580)
    install = f"Install NVIDIA's driver, version {oldest} or later."
    if sys.platform == "darwin":
        install = "NVIDIA has none for macOS."

    def problem(found: str, advice: str) -> tuple[Version | None, Finding, tuple[Finding, ...]]:
        return newest, Finding("driver", found, PROBLEM, advice), ()

    newest: Version | None = None
    driver = _try(machine.driver)
    if isinstance(driver, Exception):
        return problem(f"not found ({_first_line(driver)})", install)
    version = _try(driver.version)
    if isinstance(version, Exception):
        return problem(f"does not answer ({version})", install)
    newest, runs = version, f"runs CUDA {_dotted(version)}"
    if version < (cuda,):
        return problem(f"too old: {runs}, the packages installed are of CUDA {cuda}", install)
    found = _try(driver.devices)
    if isinstance(found, Exception):
        return problem(f"{runs}, but fails with {found}", _advice(str(found)))
    if not found:
        return problem(f"{runs}, but sees no GPU", _advice("NO_DEVICE"))
    return newest, Finding("driver", runs), tuple(_devices(found, cuda))


def _advice(error: str) -> str:
    """What to do about an error of ``cuInit``."""
    if "NO_DEVICE" in error:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        if visible is not None:
            return f"CUDA_VISIBLE_DEVICES is {visible!r}: it may hide the GPU."
        return "Is there one? A container must be given it: docker run --gpus all."
    if "STUB" in error:
        return "libcuda.so.1 is the toolkit's stub; put the driver's before it in LD_LIBRARY_PATH."
    if "MISMATCH" in error:
        return "The driver was updated while in use: restart the machine."
    return "Does nvidia-smi work? If not, restart the machine or install the driver again."


def _devices(found: list[tuple[str, Version, int, int]], cuda: int) -> Iterator[Finding]:
    oldest = _OLDEST_CAPABILITY.get(cuda, (7, 5))
    for index, (name, capability, multiprocessors, memory) in enumerate(found):
        about = (
            f"{name}, compute capability {_dotted(capability)}, "
            f"{multiprocessors} multiprocessors, {memory / 2**30:.1f} GiB"
        )
        if capability >= oldest:
            yield Finding(f"GPU {index}", about)
        else:
            advice = f"CUDA {cuda} needs compute capability {_dotted(oldest)} or later."
            yield Finding(f"GPU {index}", f"{about}: too old", PROBLEM, advice)


def _libraries(machine: Machine, newest: Version | None) -> Iterator[Finding]:
    """The compiler's libraries, and the library for products of matrices."""
    found = {name: _try(machine.library, name) for name in _WHEELS}
    versions = {
        name: _numbers(library[1])[:2]
        for name, library in found.items()
        if not isinstance(library, Exception)
    }
    set_home = f"{INSTALL} Or set CUDA_HOME to a CUDA toolkit."

    # Whoever links a kernel, nvJitLink or else the driver, must read what NVVM writes.
    linker = versions.get("nvJitLink") or newest
    if linker and versions.get("nvvm", ()) > linker:
        clash = f"{_dotted(versions['nvvm'])} is newer than what links its code, "
        clash += f"{'nvJitLink' if versions.get('nvJitLink') else 'the driver'} {_dotted(linker)}"
        yield Finding("NVVM", clash, PROBLEM, INSTALL)
    else:
        yield _library("NVVM", found["nvvm"], PROBLEM, set_home)
    libdevice = _try(machine.libdevice)
    if isinstance(libdevice, Exception):
        yield Finding("libdevice", "not found", PROBLEM, set_home)
    else:
        yield Finding("libdevice", str(libdevice))
    yield _library("NVRTC", found["nvrtc"], PROBLEM, set_home)
    yield _library("nvJitLink", found["nvJitLink"], OK, "The driver does its work.")
    slower = f"Products run on nnkit's own kernels. {INSTALL}"
    yield _library("cuBLASLt", found["cublasLt"], SLOWER, slower)


def _library(what: str, library: tuple[Path, str] | Exception, level: str, advice: str) -> Finding:
    if isinstance(library, Exception):
        return Finding(what, "not found", level, advice)
    path, version = library
    return Finding(what, f"{version or 'version unknown'} ({path})")


def _try(function: Any, *arguments: Any) -> Any:
    """What a function gives, or the exception that it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        return error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


def _numbers(version: str) -> Version:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))
