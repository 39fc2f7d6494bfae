"""Files are complete or not there, whatever happens on the way."""

import contextlib
import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import nnkit
from nnkit.saving.atomic import replacing
from tests.helpers import rounds
from tests.saving.conftest import make

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


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


@pytest.mark.parametrize("failing", range(0, 60, 3))
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_whichever_write_fails(failing, error, tmp_path, monkeypatch):
    """HDF5 can't close a file that it can't write; the error comes out when it is done."""
    import builtins

    path, calls = tmp_path / "m.h5", []
    make().save(path)
    before, real = path.read_bytes(), builtins.open

    class Failing:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, data):
            calls.append(len(data))
            if len(calls) > failing:
                raise error
            return self.file.write(data)

    def opened(name, *arguments, **options):
        file = real(name, *arguments, **options)
        return Failing(file) if str(name).endswith(".tmp") else file

    monkeypatch.setattr("nnkit.saving.atomic.open", opened, raising=False)
    with contextlib.suppress(OSError, KeyboardInterrupt):
        make().save(path)
        assert len(calls) <= failing  # Otherwise it must not end well.
        return
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_error_names_the_path(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"\[Errno 28\] No space left on device: '.*m\.h5'") as caught:
        make().save(tmp_path / "m.h5")
    assert caught.value.errno == 28


@POSIX
def test_permissions_are_the_user_s(tmp_path):
    old = os.umask(0o027)
    try:
        with replacing(tmp_path / "file") as file:
            file.write(b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666])
def test_permissions_stay(mode, tmp_path):
    path = tmp_path / "m.h5"
    make().save(path)
    path.chmod(mode)
    make().save(path)
    assert path.stat().st_mode & 0o777 == mode


@POSIX
def test_a_link_leads_to_the_file(tmp_path):
    """Also one to a link, from another folder, to a file that isn't there yet."""
    (tmp_path / "store").mkdir()
    target, link, second = (tmp_path / name for name in ("store/m.h5", "m.h5", "n.h5"))
    link.symlink_to("store/m.h5")
    second.symlink_to(link)
    for units in (3, 4):
        make(units).save(second if units == 4 else link)
        assert link.is_symlink()
        assert second.is_symlink()
        assert not target.is_symlink()
        assert nnkit.load_model(target).layers[0].units == units
        assert os.listdir(tmp_path / "store") == ["m.h5"]


@POSIX
def test_what_is_no_file_stays(tmp_path):
    os.mkfifo(tmp_path / "m.h5")
    with pytest.raises(OSError, match="is no regular file, and stays as it is"):
        make().save(tmp_path / "m.h5")
    (tmp_path / "a.h5").symlink_to("b.h5")
    (tmp_path / "b.h5").symlink_to("a.h5")
    with pytest.raises(OSError, match="leads back to itself"):
        make().save(tmp_path / "a.h5")


def old_temporary(folder, process, age=120, host="here"):
    path = folder / f".nnkit-{host}-{process}-0123456789abcdef.tmp"
    path.write_bytes(b"unfinished")
    os.utime(path, (time.time() - age,) * 2)
    return path


@POSIX
def test_what_killed_processes_left_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("platform.node", lambda: "here")
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = old_temporary(tmp_path, gone.pid)
    others = [
        old_temporary(tmp_path, os.getpid()),  # Somebody is still writing it.
        old_temporary(tmp_path, gone.pid, host="elsewhere"),
        tmp_path / ".nnkit-here-notes.tmp",
        tmp_path / "mine.tmp",
    ]
    for other in others[2:]:
        other.write_bytes(b"")
    make().save(tmp_path / "m.h5")
    assert not left.exists()
    assert all(other.exists() for other in others)
    left = old_temporary(tmp_path, gone.pid, age=0)  # Not yet old.
    make().save(tmp_path / "m.h5")
    assert left.exists()


SAVER = """
    import sys, nnkit
    model = nnkit.Sequential([nnkit.Input((30,)), nnkit.layers.Dense(100)])
    print("ready", flush=True)
    while True:
        model.save(sys.argv[1])
"""


@POSIX
@pytest.mark.soak
def test_kills(tmp_path, rng):
    """Whenever a process is killed while it saves: the file is whole, and the next save tidies."""
    path, model = tmp_path / "m.h5", make()
    model.save(path)
    abandoned = 0
    for _ in range(rounds(4, 300)):
        command = [sys.executable, "-c", textwrap.dedent(SAVER), str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0, 0.1))
            process.kill()
        assert nnkit.load_model(path).built
        left = list(tmp_path.glob(".nnkit-*"))
        abandoned += len(left)
        for temporary in left:
            os.utime(temporary, (time.time() - 120,) * 2)
        model.save(path)
        assert os.listdir(tmp_path) == ["m.h5"]
        np.testing.assert_array_equal(
            nnkit.load_model(path).get_weights()[0], model.get_weights()[0]
        )
    assert abandoned > 0 or rounds(4, 300) == 4  # Some were killed in the middle.
