"""Choosing a device."""

import logging
import subprocess
import sys
import threading

import pytest

import nnkit
from nnkit.engine import devices
from nnkit.engine.cuda import diagnosis
from nnkit.errors import DeviceError
from tests.cuda.machines import H100, FakeDriverLibrary, FakeMachine


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    monkeypatch.setattr(devices, "_chosen", None)
    monkeypatch.delenv("NNKIT_DEVICE", raising=False)
    devices._check.cache_clear()
    yield
    devices._check.cache_clear()


@pytest.fixture
def machine(monkeypatch):
    """Give nnkit a made-up machine."""

    def use(made_up):
        monkeypatch.setattr(diagnosis, "Machine", lambda: made_up)

    use(FakeMachine(FakeDriverLibrary(devices=(H100, H100))))
    return use


def test_the_default_is_the_processor(machine):
    assert nnkit.get_device() == "cpu"


@pytest.mark.parametrize(
    ("name", "device"),
    [("cpu", "cpu"), ("cuda", "cuda:0"), ("cuda:1", "cuda:1"), ("auto", "cuda:0")],
)
def test_by_name(name, device, machine, monkeypatch):
    nnkit.set_device(name)
    assert nnkit.get_device() == device
    nnkit.set_device("cpu")
    with nnkit.device(name):
        assert nnkit.get_device() == device
    assert nnkit.get_device() == "cpu"
    monkeypatch.setattr(devices, "_chosen", None)
    monkeypatch.setenv("NNKIT_DEVICE", name)
    assert nnkit.get_device() == device


def test_the_environment_counts_until_set_device(machine, monkeypatch):
    monkeypatch.setenv("NNKIT_DEVICE", "cuda:1")
    nnkit.set_device("cpu")
    assert nnkit.get_device() == "cpu"


def test_an_empty_environment_variable_is_none(machine, monkeypatch):
    monkeypatch.setenv("NNKIT_DEVICE", "")
    assert nnkit.get_device() == "cpu"


def test_blocks_nest_and_end_with_errors(machine):
    with nnkit.device("cuda"):
        with pytest.raises(KeyError), nnkit.device("cuda:1"):
            raise KeyError
        assert nnkit.get_device() == "cuda:0"
        with nnkit.device("cpu"):
            assert nnkit.get_device() == "cpu"
            nnkit.set_device("cuda:1")
            assert nnkit.get_device() == "cpu"
        assert nnkit.get_device() == "cuda:0"
    assert nnkit.get_device() == "cuda:1"


def test_a_block_is_of_its_thread_and_set_device_of_the_process(machine):
    seen = []

    def look():
        seen.append(nnkit.get_device())
        nnkit.set_device("cuda:1")

    with nnkit.device("cuda"):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert seen == ["cpu"]
        assert nnkit.get_device() == "cuda:0"
    assert nnkit.get_device() == "cuda:1"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("gpu", "'cuda'"),
        ("GPU:0", "'cuda'"),
        ("CUDA", "'cuda'"),
        ("cudda", "'cuda'"),
        ("cuda:-1", "'cuda'"),
        ("cuda:first", "'cuda'"),
        ("Cpu", "'cpu'"),
        ("cpu:0", "'cpu'"),
        ("automatic", "'auto'"),
    ],
)
def test_a_misspelt_name(name, near):
    message = f"there is no device '{name}'; did you mean {near}? Devices are 'cpu', 'cuda', "
    with pytest.raises(ValueError, match="set_device: ") as caught:
        nnkit.set_device(name)
    assert message in str(caught.value)


def test_a_name_that_is_like_none():
    with pytest.raises(ValueError, match=r"there is no device 'xyzzy'\. Devices are"):
        nnkit.set_device("xyzzy")


def test_no_name():
    with pytest.raises(TypeError, match=r"device: a device is named by a string .*, got 0"):
        nnkit.device(0).__enter__()


def test_a_wrong_environment_variable(monkeypatch):
    monkeypatch.setenv("NNKIT_DEVICE", "gpu")
    with pytest.raises(ValueError, match="NNKIT_DEVICE: there is no device 'gpu'"):
        nnkit.get_device()


def test_what_is_missing_is_said(machine, monkeypatch):
    machine(FakeMachine(has_driver=False, nvvm=None))
    with pytest.raises(DeviceError) as caught:
        nnkit.set_device("cuda")
    first, second, last = str(caught.value).splitlines()
    assert first.startswith("set_device: 'cuda' can't be used: driver not found (")
    assert second.startswith("NVVM not found. Install nnkit's extra: pip install '.[cuda]'")
    assert last == "`python -m nnkit devices` shows all that was found."
    with pytest.raises(DeviceError, match=r"^device: 'cuda:0' can't be used: driver not found"):
        nnkit.device("cuda:0").__enter__()
    monkeypatch.setenv("NNKIT_DEVICE", "cuda")
    with pytest.raises(DeviceError, match=r"^NNKIT_DEVICE: 'cuda' can't be used: driver not found"):
        nnkit.get_device()


def test_a_failure_leaves_the_choice_as_it_was(machine):
    nnkit.set_device("cuda:1")
    with pytest.raises(DeviceError, match="there is no GPU 2 here, 'cuda:0' to 'cuda:1'"):
        nnkit.set_device("cuda:2")
    with pytest.raises(DeviceError), nnkit.device("cuda:2"):
        pass
    assert nnkit.get_device() == "cuda:1"


def test_what_was_missing_may_be_there_the_next_time(machine):
    machine(FakeMachine(has_driver=False))
    with pytest.raises(DeviceError):
        nnkit.set_device("cuda")
    machine(FakeMachine())
    nnkit.set_device("cuda")
    assert nnkit.get_device() == "cuda:0"


def test_the_simulator_counts_when_asked_for_only(machine, caplog):
    machine(FakeMachine(has_driver=False, simulated=True))
    nnkit.set_device("cuda")
    assert nnkit.get_device() == "cuda:0"
    with pytest.raises(DeviceError, match="there is no GPU 1 here"):
        nnkit.set_device("cuda:1")
    with caplog.at_level(logging.INFO, "nnkit"):
        nnkit.set_device("auto")
    assert nnkit.get_device() == "cpu"
    assert caplog.messages == ["device 'auto' is cpu: the CUDA simulator is no GPU"]


def test_auto_logs_its_choice(machine, caplog):
    with caplog.at_level(logging.INFO, "nnkit"):
        nnkit.set_device("auto")
        machine(FakeMachine(has_driver=False))
        nnkit.set_device("auto")
    chosen, refused = caplog.messages
    assert chosen.startswith("device 'auto' is cuda:0: NVIDIA H100 80GB HBM3, compute capability")
    assert refused.startswith("device 'auto' is cpu: driver not found")


def test_the_simulator_in_a_process_of_its_own(monkeypatch):
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    code = (
        "import nnkit; nnkit.set_device('cuda'); print(nnkit.get_device()); "
        "nnkit.set_device('auto'); print(nnkit.get_device())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["cuda:0", "cpu"]


def test_choosing_the_processor_imports_no_cuda():
    code = (
        "import sys, nnkit; nnkit.set_device('cpu'); nnkit.get_device(); "
        "print(*(m for m in ('numba', 'cuda') if m in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []
