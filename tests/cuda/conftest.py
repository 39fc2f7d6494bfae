"""A model on a device that is not there."""

import pytest

from nnkit import config
from nnkit.engine.cuda import driver, launches
from nnkit.engine.cuda.options import options
from tests.cuda.fake import FakeDriver


@pytest.fixture
def gpu(monkeypatch):
    """Every model's steps are replayed by this driver, until :func:`on_cpu` says otherwise."""
    fake = FakeDriver()
    options.fuse = "none"  # The fused kernels have no CPU twins.
    monkeypatch.setattr(driver, "open_device", lambda name: fake)
    monkeypatch.setattr(launches, "cuda_twin", fake.twin_of)
    _use(monkeypatch, "cuda:0")
    return fake


@pytest.fixture
def use(monkeypatch):
    """Switch the device: ``use("cpu")``."""
    return lambda name: _use(monkeypatch, name)


def _use(monkeypatch, name):
    for module in ("backend", "devices"):
        monkeypatch.setattr(f"nnkit.engine.{module}.current", lambda: name)
    monkeypatch.setattr("nnkit.training.session.current", lambda: name)
    monkeypatch.setattr("nnkit.symbolic.run.native.current", lambda: name)


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
