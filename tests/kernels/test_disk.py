"""Files of machine code: whole and our own, or as if they were not there."""

import errno
import os
import pickle
import subprocess
import sys
import threading
import time

import pytest

import nnkit
from nnkit.kernels import _disk
from tests.helpers import rounds

posix = pytest.mark.skipif(sys.platform == "win32", reason="has owners of another kind")
CONTENT = b"\0machine\0code\xff" * 3


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(_disk, "_said", set())
    monkeypatch.setattr(_disk, "_tidied", set())
    return tmp_path / "cache" / "kernels"


@pytest.fixture
def file(cache):
    _disk.write("key", CONTENT)
    assert _disk.read("key") == CONTENT
    (path,) = cache.iterdir()
    return path


def test_nothing_is_there(cache):
    assert _disk.read("key") is None
    assert not cache.exists()


@pytest.mark.parametrize("content", [b"", b"\0", CONTENT])
def test_what_was_written_is_read(cache, content):
    _disk.write("key", content)
    assert _disk.read("key") == content
    assert _disk.read("other") is None


def test_a_new_content_replaces_the_old(file):
    _disk.write("key", b"new")
    assert _disk.read("key") == b"new"
    assert list(file.parent.iterdir()) == [file]


def test_any_damaged_byte(file):
    stored = file.read_bytes()
    for at in range(len(stored)):
        for bits in (0x01, 0x80, 0xFF):
            damaged = bytearray(stored)
            damaged[at] ^= bits
            file.write_bytes(damaged)
            assert _disk.read("key") is None, (at, bits)


def test_any_other_length(file):
    stored = file.read_bytes()
    for length in range(len(stored)):
        file.write_bytes(stored[:length])
        assert _disk.read("key") is None, length
    file.write_bytes(stored + b"\0")
    assert _disk.read("key") is None


def test_a_file_under_another_name(file):
    file.rename(file.with_name("other.code"))
    assert _disk.read("other") is None
    _disk.write("other", b"own")
    assert _disk.read("other") == b"own"


class Planted:
    def __reduce__(self):
        return pytest.fail, ("a file was run",)


def test_a_pickle_is_no_machine_code(file):
    file.write_bytes(pickle.dumps(Planted()))
    assert _disk.read("key") is None


def test_something_else_is_in_its_place(file):
    file.unlink()
    file.mkdir()
    assert _disk.read("key") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
def test_a_pipe_is_not_waited_for(file):
    file.unlink()
    os.mkfifo(file)
    assert _disk.read("key") is None


# ------------------------------------------------------------------------ what others could write


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_that_others_can_write_to(file, mode):
    file.parent.chmod(mode)
    with pytest.warns(UserWarning, match=r"others can write to .*kernels \(chmod go-w .*kernels"):
        assert _disk.read("key") is None
    assert _disk.read("key") is None  # It is said once.
    _disk.write("new", b"content")
    assert list(file.parent.iterdir()) == [file]
    file.parent.chmod(0o755)
    assert _disk.read("key") == CONTENT


@posix
def test_a_folder_in_one_that_others_can_write_to(file):
    """In /tmp nobody can take it away, and a group that may is that of a user alone mostly."""
    outer = file.parent.parent
    for mode in (0o1777, 0o775):
        outer.chmod(mode)
        assert _disk.read("key") == CONTENT
    outer.chmod(0o777)
    with pytest.warns(UserWarning, match=f"others can write to {outer} "):
        assert _disk.read("key") is None


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_to(file, mode):
    file.chmod(mode)
    with pytest.warns(UserWarning, match=r"others can write to .*key\.code"):
        assert _disk.read("key") is None
    _disk.write("key", b"anew")
    assert _disk.read("key") == b"anew"
    assert file.stat().st_mode & 0o777 == 0o600


@posix
def test_a_file_and_a_folder_of_somebody_else(file, monkeypatch):
    me = os.geteuid()
    for path in (file, file.parent, file.parent.parent):
        monkeypatch.setattr(_disk, "_said", set())
        if me == 0:
            os.chown(path, 12345, -1)
        else:  # Only the administrator can give files away; so here somebody else reads.
            monkeypatch.setattr(os, "geteuid", lambda: 12345)
        with pytest.warns(UserWarning, match=r"belongs to user \d+, not to you.*NNKIT_CACHE_DIR"):
            assert _disk.read("key") is None
        if me == 0:
            os.chown(path, 0, -1)


@posix
def test_what_the_administrator_put_there_is_used(file, monkeypatch):
    if os.geteuid() == 0:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        assert _disk.read("key") == CONTENT


@posix
def test_links_are_not_followed(file):
    moved = file.parent.with_name("elsewhere")
    file.parent.rename(moved)
    file.parent.symlink_to(moved)
    assert _disk.read("key") is None
    with pytest.warns(UserWarning, match="compiling kernels in every process"):
        _disk.write("key", CONTENT)
    file.parent.unlink()
    moved.rename(file.parent)
    target = file.with_name("target")
    file.rename(target)
    file.symlink_to(target)
    assert _disk.read("key") is None
    _disk.write("key", b"own")
    assert (_disk.read("key"), target.read_bytes()[-3:]) == (b"own", CONTENT[-3:])


# --------------------------------------------------------------------------- what can't be written


def test_a_folder_that_cannot_be_made(cache):
    cache.parent.write_text("")
    with pytest.warns(UserWarning, match="compiling kernels in every process.*NNKIT_CACHE_DIR"):
        _disk.write("key", CONTENT)
    _disk.write("key", CONTENT)  # It is said once.
    assert _disk.read("key") is None


def test_no_home_folder(cache, monkeypatch):
    monkeypatch.setenv("NNKIT_CACHE_DIR", "~no-such-user/cache")
    with pytest.raises(FileNotFoundError, match="has no home folder"):
        nnkit.config.cache_dir()
    assert _disk.read("key") is None
    with pytest.warns(UserWarning, match="compiling kernels in every process"):
        _disk.write("key", CONTENT)


@pytest.mark.parametrize("step", ["open", "replace"])
def test_a_full_disk(file, monkeypatch, step):
    def full(*arguments, **options):
        if step == "replace" or arguments[1] & os.O_CREAT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(*arguments, **options)

    opened = os.open
    monkeypatch.setattr(os, step, full)
    with pytest.warns(UserWarning, match="No space left on device"):
        _disk.write("new", CONTENT)
    assert list(file.parent.iterdir()) == [file]
    assert _disk.read("key") == CONTENT


def test_what_killed_processes_left_is_removed(cache):
    cache.mkdir(parents=True, mode=0o700)
    names = ["old.code.1234.tmp", "new.code.5678.tmp", "old.code"]
    for name in names:
        (cache / name).write_bytes(b"part")
    long_ago = time.time() - 3600
    for name in ("old.code.1234.tmp", "old.code"):
        os.utime(cache / name, (long_ago, long_ago))
    _disk.write("key", CONTENT)
    assert sorted(p.name for p in cache.iterdir()) == ["key.code", "new.code.5678.tmp", "old.code"]


@pytest.mark.soak
def test_writers_at_the_same_time(cache):
    """Whoever reads sees all of what one of them wrote, or nothing."""
    contents = {bytes([n]) * 5000 for n in range(4)}
    wrong = []

    def work(content):
        for _ in range(rounds(20, 2000)):
            _disk.write("key", content)
            if _disk.read("key") not in contents:
                wrong.append(content)

    threads = [threading.Thread(target=work, args=[content]) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert [path.name for path in cache.iterdir()] == ["key.code"]


@pytest.mark.soak
def test_damaged_kernels_are_compiled_anew(tmp_path, rng):
    """Whatever byte of whatever file is wrong, a process gets the right numbers."""
    program = (
        "import numpy as np, nnkit\n"
        "x, y = np.full((9, 9), 0.25, 'float32'), np.empty((9, 9), 'float32')\n"
        "nnkit.launch.matmul(x, x, y)\n"
        "nnkit.launch.tanh(y, x)\n"
        "print(x.sum())\n"
    )
    environment = os.environ | {"NNKIT_CACHE_DIR": str(tmp_path)}

    def run():
        command = [sys.executable, "-W", "error", "-c", program]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    expected = run()
    assert expected.returncode == 0, expected.stderr
    for _ in range(rounds(1, 40)):  # Three files each.
        damaged = {}
        for path in (tmp_path / "kernels").iterdir():
            stored = bytearray(path.read_bytes())
            stored[rng.integers(len(stored))] ^= 1 << rng.integers(8)
            path.write_bytes(stored)
            damaged[path] = stored
        done = run()
        assert (done.stdout, done.returncode) == (expected.stdout, 0), done.stderr
        assert all(path.read_bytes() != stored for path, stored in damaged.items())
