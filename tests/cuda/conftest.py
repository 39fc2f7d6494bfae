"""A model on a device that is not there."""

import pytest

from nnkit import config
from nnkit.engine import devices
from nnkit.engine.cpu import CPU
from nnkit.engine.cuda import launches
from nnkit.engine.cuda.device import CudaDevice
from nnkit.engine.cuda.options import options
from tests.cuda.fake import FakeDriver


@pytest.fixture
def gpu(monkeypatch):
    """Every model's steps are replayed by this driver, until :func:`on_cpu` says otherwise."""
    fake = FakeDriver()
    options.fuse = "none"  # The fused kernels have no CPU twins.
    known = {"cpu": CPU, "cuda:0": CudaDevice("cuda:0", fake)}
    monkeypatch.setattr(devices, "open_device", known.__getitem__)
    monkeypatch.setattr(devices, "_chosen", "cuda:0")
    monkeypatch.setattr(launches, "cuda_twin", fake.twin_of)
    return fake


@pytest.fixture
def use(monkeypatch):
    """Switch the device: ``use("cpu")``."""
    return lambda name: monkeypatch.setattr(devices, "_chosen", name)


@pytest.fixture
def one_thread():
    """Bits depend on how a product is cut."""
    config.set_num_threads(1)
    yield
    config.set_num_threads(None)


@pytest.fixture(autouse=True)
def _options():
    """Options as they were."""
    before = vars(options).copy()
    yield
    vars(options).update(before)
