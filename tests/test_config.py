"""Settings, and what the machine says."""

import pytest

from nnkit import config


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    config.set_num_threads(None)
    config.set_record_memory(None)
    config.set_floatx("float32")
    config.set_matmul_precision("float32")


def test_threads_from_the_environment(monkeypatch):
    monkeypatch.setenv("NNKIT_NUM_THREADS", "3")
    assert config.num_threads() == 3
    config.set_num_threads(5)
    assert config.num_threads() == 5
    monkeypatch.setenv("NNKIT_NUM_THREADS", "two")
    config.set_num_threads(None)
    with pytest.raises(ValueError, match=r"NNKIT_NUM_THREADS must be a whole number .*'two'"):
        config.num_threads()


def test_threads_by_default_are_some(monkeypatch):
    monkeypatch.delenv("NNKIT_NUM_THREADS", raising=False)
    assert config.num_threads() >= 1


@pytest.mark.parametrize(
    ("content", "cores"), [("200000 100000", 2), ("150000 100000", 1), ("50000 100000", 1)]
)
def test_the_quota_of_a_container(content, cores, tmp_path):
    path = tmp_path / "cpu.max"
    path.write_text(content)
    assert config._cgroup_cores(str(path)) == cores


@pytest.mark.parametrize("content", ["max 100000", "", None])
def test_no_quota(content, tmp_path):
    path = tmp_path / "cpu.max"
    if content is not None:
        path.write_text(content)
    assert config._cgroup_cores(str(path)) > 10**6


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2"])
def test_wrong_threads(threads):
    with pytest.raises(ValueError, match="num_threads must be a whole number from 1 on"):
        config.set_num_threads(threads)


def test_record_memory_from_the_environment(monkeypatch):
    monkeypatch.delenv("NNKIT_RECORD_MEMORY", raising=False)
    assert config.record_memory() == 256
    monkeypatch.setenv("NNKIT_RECORD_MEMORY", "12.5")
    assert config.record_memory() == 12.5
    config.set_record_memory(0)
    assert config.record_memory() == 0


@pytest.mark.parametrize("given", ["much", "-1", "nan", "inf"])
def test_wrong_record_memory_in_the_environment(given, monkeypatch):
    monkeypatch.setenv("NNKIT_RECORD_MEMORY", given)
    with pytest.raises(ValueError, match="NNKIT_RECORD_MEMORY must be a number of megabytes"):
        config.record_memory()


@pytest.mark.parametrize("given", [-1, float("nan"), float("inf"), "12", True])
def test_wrong_record_memory(given):
    config.set_record_memory(3)
    with pytest.raises(ValueError, match="record_memory must be a number of megabytes from 0 on"):
        config.set_record_memory(given)
    assert config.record_memory() == 3


def test_wrong_floatx():
    with pytest.raises(ValueError, match="floatx is 'float32' or 'float64', not 'float16'"):
        config.set_floatx("float16")


def test_precision_of_products():
    assert config.matmul_precision() == "float32"
    config.set_matmul_precision("tf32")
    assert config.matmul_precision() == "tf32"
    with pytest.raises(ValueError, match="matmul_precision is 'float32' or 'tf32', not 'bf16'"):
        config.set_matmul_precision("bf16")


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "{}/nnkit"),
        ("win32", "LOCALAPPDATA", "{}/nnkit"),
        ("linux", "NNKIT_CACHE_DIR", "{}"),
    ],
)
def test_cache_folder(platform, variable, expected, tmp_path, monkeypatch):
    monkeypatch.delenv("NNKIT_CACHE_DIR")
    monkeypatch.setattr(config.sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert config.cache_dir().as_posix() == expected.format(tmp_path.as_posix())


def test_an_empty_cache_folder_counts_as_none(tmp_path, monkeypatch):
    """It was the current folder."""
    monkeypatch.delenv("NNKIT_CACHE_DIR")
    monkeypatch.setattr(config.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config.cache_dir() == tmp_path / ".cache" / "nnkit"


def test_cache_folder_of_a_mac(monkeypatch):
    monkeypatch.delenv("NNKIT_CACHE_DIR")
    monkeypatch.setattr(config.sys, "platform", "darwin")
    assert config.cache_dir().as_posix().endswith("Library/Caches/nnkit")
