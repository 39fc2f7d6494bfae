"""The driver's calls: in the order that CUDA wants, with arguments that its bindings take."""

import gc
from contextlib import nullcontext
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from nnkit.engine.cuda import driver as module
from nnkit.engine.cuda.driver import Driver
from nnkit.errors import DeviceError
from nnkit.kernels.cuda._cuda import one_thread

bindings = pytest.importorskip("cuda.bindings.driver")


class Api:
    """cuda.bindings.driver without a device: every call succeeds, unless a test says otherwise.

    Each call is first made for real. It must get as far as to miss the library, past the check of
    its arguments; where there is a driver, it is not made.
    """

    CUstream_flags = bindings.CUstream_flags
    CUstreamCaptureMode = bindings.CUstreamCaptureMode
    CUpointer_attribute = bindings.CUpointer_attribute
    results: ClassVar = {
        "cuStreamCreate": 0x5000,
        "cuMemAlloc": 0x100000,
        "cuEventCreate": bindings.CUevent(0x6000),
        "cuStreamEndCapture": bindings.CUgraph(0x7000),
        "cuGraphInstantiate": bindings.CUgraphExec(0x8000),
        "cuPointerGetAttribute": 0,
    }

    def __init__(self):
        self.log, self.failing = [], {}

    def cuGetErrorName(self, error):
        return 0, bindings.CUresult(error).name.encode()

    def __getattr__(self, name):
        def call(*arguments):
            with pytest.raises(RuntimeError):
                getattr(bindings, name)(*arguments)
            self.log.append(name)
            if name in self.failing:
                return (self.failing[name],)
            if name == "cuMemGetInfo":
                return 0, 3_000_000, 80_000_000_000
            return (0, self.results[name]) if name in self.results else (0,)

        return call


def _has_driver():
    try:
        return bindings.cuInit(0) is not None
    except RuntimeError:
        return False


pytestmark = pytest.mark.skipif(_has_driver(), reason="tools/gpu_check.py checks a real driver")


@pytest.fixture
def api(monkeypatch):
    """A driver's api, and numba.cuda as far as the driver uses it."""
    fake = Api()
    monkeypatch.setattr(Driver, "_open", lambda self: fake)
    numba_cuda = SimpleNamespace(
        select_device=lambda index: None,
        get_current_device=lambda: SimpleNamespace(MULTIPROCESSOR_COUNT=132),
        external_stream=lambda handle: f"stream {handle:#x}",
        pinned_array=np.empty,
        as_cuda_array=lambda described, sync: described.__cuda_array_interface__,
        defer_cleanup=nullcontext,
    )
    monkeypatch.setattr(module, "cuda", numba_cuda)
    return fake


@pytest.fixture
def device(api):
    return Driver(1)


def test_one_stream_that_nothing_blocks(device, api):
    assert device.stream == 0x5000
    assert device.launch_stream == "stream 0x5000"
    assert device.name == "cuda:1"
    assert device.multiprocessors == 132


def test_copies_are_queued_on_the_stream(device, api):
    api.log.clear()
    memory = device.allocate(32)
    array = np.zeros(8, np.float32)
    device.upload(array, memory)
    device.download(memory, array)
    device.clear(memory, 0, 32)
    device.copy(memory, 16, device.allocate(16), 16)
    device.upload(np.empty(0), memory)
    assert api.log == [
        "cuMemAlloc",
        *("cuMemcpyHtoDAsync", "cuStreamSynchronize"),
        *("cuMemcpyDtoHAsync", "cuStreamSynchronize"),
        "cuMemsetD8Async",
        *("cuMemAlloc", "cuMemcpyDtoDAsync"),
    ]


def test_memory_is_freed_when_it_is_safe(device, api):
    memory = device.allocate(32)
    del memory
    gc.collect()
    assert "cuMemFree" not in api.log
    device.enter()
    assert api.log[-1] == "cuMemFree"


def test_streamed_data_waits_and_is_waited_for(device, api):
    memory = device.allocate(32)
    api.log.clear()
    device.upload_behind(device.staging(32), memory)
    device.wait(device.handover())
    device.wait(device.mark())
    assert api.log == [
        "cuMemcpyHtoDAsync",
        *("cuEventCreate", "cuEventRecord", "cuStreamWaitEvent"),
        *("cuEventSynchronize", "cuEventDestroy"),
        *("cuEventCreate", "cuEventRecord"),
        *("cuEventSynchronize", "cuEventDestroy"),
    ]


def test_a_view_is_what_numba_takes(device):
    memory = device.allocate(64)
    view = device.view(memory, 16, (2, 3), (12, 4), np.dtype("float32"))
    assert view["data"] == (0x100010, False)
    assert (view["shape"], view["strides"], view["typestr"]) == ((2, 3), (12, 4), "<f4")


def test_a_launch_goes_to_the_stream(device):
    asked = []
    kernel = SimpleNamespace(geometry=lambda a: one_thread({}), dispatcher=_Asked(asked))
    device.launcher(kernel, ())
    assert asked == [((1,), (1,), "stream 0x5000")]


class _Asked:
    def __init__(self, asked):
        self.asked = asked

    def __getitem__(self, configuration):
        self.asked.append(configuration)


def test_a_graph(device, api):
    api.log.clear()
    with device.capture() as graph:
        assert not gc.isenabled()
    assert gc.isenabled()
    graph.launch()
    del graph
    assert api.log == [
        *("cuStreamBeginCapture", "cuStreamEndCapture"),
        *("cuGraphInstantiate", "cuGraphDestroy", "cuGraphUpload", "cuGraphLaunch"),
        "cuGraphExecDestroy",
    ]


def test_a_capture_ends_after_an_error_too(device, api):
    api.log.clear()
    with pytest.raises(ZeroDivisionError), device.capture():
        1 / 0  # noqa: B018
    assert api.log == ["cuStreamBeginCapture", "cuStreamEndCapture"]
    assert gc.isenabled()


def test_errors_have_names(device, api):
    api.failing["cuStreamSynchronize"] = bindings.CUresult.CUDA_ERROR_ILLEGAL_ADDRESS
    with pytest.raises(DeviceError, match="cuStreamSynchronize failed on cuda:1: CUDA_ERROR_ILL"):
        device.synchronize()


def test_out_of_memory_says_how_much(device, api):
    api.failing["cuMemAlloc"] = bindings.CUresult.CUDA_ERROR_OUT_OF_MEMORY
    with pytest.raises(DeviceError, match=r"5\.0 MB are needed, 3\.0 of 80000\.0 MB are free"):
        device.allocate(5_000_000)


def test_where_an_array_lies(device, api):
    assert device.device_of(0x1000) == 0
    device.wait_for_stream(2)
    assert api.log[-1] == "cuStreamSynchronize"
