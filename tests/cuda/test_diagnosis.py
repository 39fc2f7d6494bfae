"""What is said about machines that lack this or that, and about this one."""

import subprocess
import sys

import pytest

from nnkit import __main__
from nnkit.engine.cuda.diagnosis import PROBLEM, SLOWER, Machine, diagnose
from tests.cuda.machines import H100, K80, FakeDriverLibrary, FakeMachine


def test_a_machine_with_all_it_needs():
    diagnosis = diagnose(FakeMachine())
    assert diagnosis.problems() == []
    about = "NVIDIA H100 80GB HBM3, compute capability 9.0, 132 multiprocessors, 80.0 GiB"
    assert diagnosis.choice() == ("cuda:0", about)
    assert {finding.level for finding in diagnosis.findings} == {"ok"}
    assert str(diagnosis).endswith(f"'auto' is cuda:0: {about}\n'cuda' is cuda:0: {about}")
    assert "13.0.88 (lib/nvvm)" in str(diagnosis).replace("\\", "/")


PROBLEMS = {
    "no driver": (
        FakeMachine(has_driver=False),
        "driver not found (libcuda.so.1: no such file). Install NVIDIA's driver, version 580 or",
    ),
    "old driver": (
        FakeMachine(FakeDriverLibrary(version=12080)),
        "driver too old: runs CUDA 12.8, the packages installed are of CUDA 13. Install NVIDIA's "
        "driver, version 580",
    ),
    "very old driver": (
        FakeMachine(FakeDriverLibrary(version=11040), cuda_bindings="12.9.4"),
        "runs CUDA 11.4, the packages installed are of CUDA 12. Install NVIDIA's driver, version "
        "525",
    ),
    "driver fails": (
        FakeMachine(FakeDriverLibrary(error=b"CUDA_ERROR_UNKNOWN")),
        "driver runs CUDA 13.0, but fails with CUDA_ERROR_UNKNOWN. Does nvidia-smi work?",
    ),
    "error without a name": (FakeMachine(FakeDriverLibrary(error=b"?")), "fails with ?"),
    "driver updated while in use": (
        FakeMachine(FakeDriverLibrary(error=b"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH")),
        "restart the machine",
    ),
    "stub": (FakeMachine(FakeDriverLibrary(error=b"CUDA_ERROR_STUB_LIBRARY")), "toolkit's stub"),
    "no GPU": (
        FakeMachine(FakeDriverLibrary(error=b"CUDA_ERROR_NO_DEVICE")),
        "fails with CUDA_ERROR_NO_DEVICE. Is there one? A container must be given it",
    ),
    "none counted": (FakeMachine(FakeDriverLibrary(devices=())), "but sees no GPU. Is there one?"),
    "no numba-cuda": (
        FakeMachine(numba_cuda=None),
        "numba-cuda not installed. Install nnkit's extra: pip install '.[cuda]'",
    ),
    "no bindings": (FakeMachine(cuda_bindings=None), "cuda-bindings not installed."),
    "version clash": (
        FakeMachine(numba_cuda="0.29.0"),
        "numba-cuda 0.29.0 does not work with numba 0.68.1, 0.30.4 does.",
    ),
    "import fails": (
        FakeMachine(broken=AttributeError("numpy has no row_stack\nand more")),
        "numba-cuda 0.30.4 can't be imported: AttributeError: numpy has no row_stack. Install",
    ),
    "no NVVM": (FakeMachine(nvvm=None), "NVVM not found. Install nnkit's extra"),
    "no libdevice": (FakeMachine(libdevice=None), "libdevice not found."),
    "no NVRTC": (FakeMachine(nvrtc=None), "NVRTC not found."),
    "NVVM too new for the driver": (
        FakeMachine(nvvm="13.5.37", nvJitLink=None),
        "NVVM 13.5 is newer than what links its code, the driver 13.0.",
    ),
    "NVVM too new for nvJitLink": (
        FakeMachine(nvvm="13.5.37"),
        "NVVM 13.5 is newer than what links its code, nvJitLink 13.0.",
    ),
    "old GPU": (
        FakeMachine(FakeDriverLibrary(devices=(K80,))),
        "GPU 0 Tesla K80, compute capability 3.7, 13 multiprocessors, 11.0 GiB: too old. CUDA 13 "
        "needs compute capability 7.5 or later.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("machine", "message"), PROBLEMS.values(), ids=PROBLEMS)
def test_problems(machine, message, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    diagnosis = diagnose(machine)
    [problem] = diagnosis.problems()
    assert message in problem
    assert diagnosis.choice() == ("cpu", problem)
    assert f"'auto' is cpu: {problem}" in str(diagnosis)
    assert f"'cuda' can't be used:\n  {problem}" in str(diagnosis)


def test_all_problems_are_named():
    problems = diagnose(FakeMachine(has_driver=False, nvvm=None, nvrtc=None)).problems()
    assert [problem.split()[0] for problem in problems] == ["driver", "NVVM", "NVRTC"]


def test_one_advice_where_nothing_is_installed():
    bare = FakeMachine(has_driver=False, numba_cuda=None, cuda_bindings=None, nvvm=None, nvrtc=None)
    problems = diagnose(bare).problems()
    assert [problem.split()[0] for problem in problems] == ["driver", "numba-cuda"]


def test_a_newer_nvvm_is_fine_where_nvjitlink_is_as_new():
    assert diagnose(FakeMachine(nvvm="13.5.37", nvJitLink="13.5.37")).problems() == []


def test_slower_without_cublas():
    diagnosis = diagnose(FakeMachine(cublasLt=None))
    assert diagnosis.problems() == []
    assert [f.what for f in diagnosis.findings if f.level == SLOWER] == ["cuBLASLt"]


def test_numpy_that_needs_a_cure():
    assert "2.5.2 (nnkit puts back" in str(diagnose(FakeMachine(numpy="2.5.2")))


def test_an_older_numba_may_have_an_older_numba_cuda():
    assert diagnose(FakeMachine(numba="0.62.1", numba_cuda="0.20.0")).problems() == []


def test_index_out_of_range():
    assert diagnose(FakeMachine()).problems(1) == ["there is no GPU 1 here, only 'cuda:0'"]
    two = diagnose(FakeMachine(FakeDriverLibrary(devices=(H100, H100))))
    assert two.problems(1) == []
    assert two.problems(2) == ["there is no GPU 2 here, 'cuda:0' to 'cuda:1'"]


def test_auto_passes_over_an_old_gpu():
    diagnosis = diagnose(FakeMachine(FakeDriverLibrary(devices=(K80, H100))))
    assert diagnosis.choice()[0] == "cuda:1"
    assert diagnosis.devices[0].level == PROBLEM


def test_a_hidden_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    [problem] = diagnose(FakeMachine(FakeDriverLibrary(devices=()))).problems()
    assert problem.endswith("CUDA_VISIBLE_DEVICES is '': it may hide the GPU.")


def test_a_mac(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    [problem] = diagnose(FakeMachine(has_driver=False)).problems()
    assert problem.endswith("NVIDIA has none for macOS.")


def test_a_driver_that_does_not_answer():
    library = FakeDriverLibrary()
    library.cuDriverGetVersion = lambda number: 3
    [problem] = diagnose(FakeMachine(library)).problems()
    assert problem.startswith("driver does not answer (error 3).")


def test_the_simulator_is_no_gpu():
    diagnosis = diagnose(FakeMachine(simulated=True, has_driver=False))
    assert diagnosis.problems() == []
    assert diagnosis.problems(1) == ["there is no GPU 1 here, only 'cuda:0'"]
    assert diagnosis.choice() == ("cpu", "the CUDA simulator is no GPU")


def test_the_version_of_a_library_from_a_toolkit(monkeypatch, tmp_path):
    pathfinder = pytest.importorskip("cuda.pathfinder", reason="cuda-pathfinder is not installed")

    def load(name):
        path = tmp_path / folder / f"{name}.so"
        return pathfinder.LoadedDL(str(path), False, 1, "CUDA_HOME")

    monkeypatch.setattr(pathfinder, "load_nvidia_dynamic_lib", load)
    folder = "cuda-13.0"
    assert Machine().library("nvvm") == (tmp_path / "cuda-13.0" / "nvvm.so", "13.0")
    folder = "elsewhere"
    assert Machine().library("nvvm")[1] == ""


def test_this_machine(monkeypatch, capsys):
    """Whatever is here or not: it is said, and nothing fails."""
    __main__.main(["devices"])
    said = capsys.readouterr().out
    assert said.startswith("nnkit ")
    assert "numba-cuda" in said
    assert "'auto' is " in said


def test_the_command():
    ran = subprocess.run(
        [sys.executable, "-m", "nnkit", "devices"], capture_output=True, text=True, check=True
    )
    assert "'cuda' " in ran.stdout
    assert ran.stderr == ""
