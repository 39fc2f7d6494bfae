"""Files are complete or not there, whatever happens on the way."""

import os

import pytest

from nnkit.saving.atomic import replacing
from tests.saving.conftest import make


def test_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupted():
        with replacing(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_failure_while_saving_a_model(tmp_path, monkeypatch):
    path = tmp_path / "m.h5"
    make().save(path)
    before = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        make().save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_temporary_name_is_not_followed(tmp_path, monkeypatch):
    """Somebody who guesses the name of the temporary file can't make nnkit write elsewhere."""
    monkeypatch.setattr("secrets.token_hex", lambda n: "guessed")
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    monkeypatch.setattr("platform.node", lambda: "here")
    (tmp_path / f".nnkit-here-{os.getpid()}-guessed.tmp").symlink_to(victim)
    with pytest.raises(FileExistsError), replacing(tmp_path / "file") as file:
        file.write(b"theirs")
    assert victim.read_bytes() == b"mine"


def test_where_there_is_nothing_to_write_to(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"), replacing(tmp_path / "a/b"):
        pass
    with pytest.raises(IsADirectoryError, match="is a folder"), replacing(tmp_path):
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_permissions_are_the_user_s(tmp_path):
    old = os.umask(0o027)
    try:
        with replacing(tmp_path / "file") as file:
            file.write(b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
