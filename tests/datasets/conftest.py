import pooch
import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty machine without a network: the folder of its user's data sets."""

    def offline(*arguments, **keywords):
        raise ConnectionError("Name or service not known")

    monkeypatch.setenv("NNKIT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("NNKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(pooch, "retrieve", offline)
    return tmp_path
