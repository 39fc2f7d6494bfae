"""get_file, from a server on this machine."""

import functools
import hashlib
import http.server
import io
import os
import tarfile
import threading
import zipfile
from pathlib import Path
from typing import ClassVar

import pytest

from nnkit.utils import get_file

CONTENT = b"cat\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(http.server.SimpleHTTPRequestHandler):
    seen: ClassVar[list] = []

    def log_message(self, *arguments):
        self.seen.append(self.path)


@pytest.fixture
def served(tmp_path):
    """A folder, and the URL under which its files are served."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "cat.txt").write_bytes(CONTENT)
    Handler.seen.clear()
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"file_hash": SHA256},
        {"file_hash": MD5.upper()},
        {"md5_hash": MD5},
        {"file_hash": SHA256, "hash_algorithm": "sha256"},
    ],
)
def test_a_file_is_downloaded_once(served, cache, known):
    _, url = served
    path = get_file(origin=f"{url}/cat.txt?version=1", **known)
    assert path == str(cache / "datasets" / "cat.txt")
    assert Path(path).read_bytes() == CONTENT
    get_file("cat.txt", f"{url}/cat.txt", **known)
    assert len(Handler.seen) == 1
    get_file("cat.txt", f"{url}/cat.txt", force_download=True, **known)
    assert len(Handler.seen) == 2
    assert os.listdir(cache / "datasets") == ["cat.txt"]


def test_where_it_lies(served, tmp_path):
    _, url = served
    path = get_file("dog.txt", f"{url}/cat.txt", cache_dir=tmp_path / "a", cache_subdir="b/c")
    assert path == str(tmp_path / "a" / "b" / "c" / "dog.txt")
    path = get_file("dog.txt", f"{url}/cat.txt", cache_subdir=str(tmp_path / "d"))
    assert path == str(tmp_path / "d" / "dog.txt")
    origin = (tmp_path / "d" / "dog.txt").as_uri()
    assert Path(get_file("copy.txt", origin)).read_bytes() == CONTENT


def test_the_folder_of_data_comes_first(served, cache, tmp_path, monkeypatch):
    folder, url = served
    data = tmp_path / "data"
    data.mkdir()
    (data / "cat.txt").write_bytes(CONTENT)
    with tarfile.open(data / "cats.tar.gz", "w:gz") as archive:
        archive.add(data / "cat.txt", "cat.txt")
    before = sorted(data.iterdir())
    monkeypatch.setenv("NNKIT_DATA_DIR", str(data))
    assert get_file(origin=f"{url}/cat.txt", file_hash=SHA256) == str(data / "cat.txt")
    cats = Path(get_file("cats.tar.gz", f"{url}/cats.tar.gz", extract=True))
    assert cats.parent == cache / "datasets"
    assert (cats / "cat.txt").read_bytes() == CONTENT
    assert Handler.seen == []
    (folder / "cat.txt").write_bytes(b"new")
    for options in (
        {"file_hash": hashlib.sha256(b"new").hexdigest()},
        {"cache_dir": tmp_path / "mine"},
        {"force_download": True},
    ):
        assert Path(get_file(origin=f"{url}/cat.txt", **options)).read_bytes() == b"new"
    assert sorted(data.iterdir()) == before
    assert (data / "cat.txt").read_bytes() == CONTENT


def test_another_digest(served, cache):
    _, url = served
    path = cache / "datasets" / "cat.txt"
    path.parent.mkdir(parents=True)
    path.write_text("old")
    wrong = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(OSError, match=f"could not be downloaded: .*hash(.|\n)*put it to {path}"):
        get_file(origin=f"{url}/cat.txt", file_hash=wrong)
    assert path.read_text() == "old"  # It stays.
    get_file(origin=f"{url}/cat.txt", file_hash=SHA256)
    assert path.read_bytes() == CONTENT


def test_no_such_file(served, cache):
    _, url = served
    with pytest.raises(OSError, match=r"dog\.txt could not be downloaded: (.|\n)*404"):
        get_file(origin=f"{url}/dog.txt")
    assert os.listdir(cache / "datasets") == []


FILES = {"pets/cat.txt": CONTENT, "pets/more/dog.txt": b"dog", "empty.txt": b""}


def as_tar(path, files, mode="w:gz", **changes):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for attribute, value in changes.items():
                setattr(info, attribute, value)
            archive.addfile(info, io.BytesIO(content))


def as_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


WRITERS = {"a.tar.gz": as_tar, "a.tar": functools.partial(as_tar, mode="w"), "a.zip": as_zip}


def read(folder):
    files = (p for p in Path(folder).rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    ("fname", "expected"),
    [(None, None), ("pets", "pets"), ("pets.tgz", "pets_extracted")],
)
def test_an_archive_is_extracted(served, cache, name, fname, expected):
    folder, url = served
    WRITERS[name](folder / name, FILES)
    target = get_file(fname, f"{url}/{name}", extract=True)
    assert target == str(cache / "datasets" / (expected or name))
    assert read(target) == FILES
    Path(target, "mine.txt").write_text("mine")
    (Path(target) / "pets" / "cat.txt").unlink()
    get_file(fname, f"{url}/{name}", extract=True, force_download=True)
    assert read(target) == FILES | {"mine.txt": b"mine"}
    assert not [p for p in os.listdir(cache / "datasets") if p.startswith(".")]


def test_formats(served, cache):
    folder, url = served
    as_zip(folder / "a.zip", FILES)
    with pytest.raises(ValueError, match="is not a tar archive"):
        get_file("a", f"{url}/a.zip", untar=True)
    with pytest.raises(ValueError, match="is not a tar or zip archive"):
        get_file("cat", f"{url}/cat.txt", extract=True)
    path = get_file(origin=f"{url}/a.zip", extract=True, archive_format=None)
    assert path == str(cache / "datasets" / "a.zip")


OUTSIDE = ["../evil.txt", "/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:\\evil.txt"]


@pytest.mark.parametrize("writer", ["a.tar", "a.zip"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_path_that_leads_out(served, cache, writer, name):
    folder, url = served
    WRITERS[writer](folder / writer, {"good.txt": b"good", name: b"evil"})
    with pytest.raises(OSError, match="which leads out; nothing was extracted"):
        get_file("pets", f"{url}/{writer}", extract=True)
    assert os.listdir(cache / "datasets") == ["pets_archive"]
    assert not list(cache.parent.rglob("evil*"))


@pytest.mark.parametrize(
    ("kind", "what"),
    [(tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "link"), (tarfile.FIFOTYPE, "device")],
)
def test_links_and_devices(served, cache, kind, what):
    folder, url = served
    as_tar(folder / "a.tar", {"a": b""}, "w", type=kind, linkname="good.txt")
    with pytest.raises(OSError, match=f"has the {what} 'a'; nothing was extracted"):
        get_file("pets", f"{url}/a.tar", extract=True)
    assert os.listdir(cache / "datasets") == ["pets_archive"]


def test_a_link_in_a_zip(served):
    folder, url = served
    info = zipfile.ZipInfo("a")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(OSError, match="has the link 'a'"):
        get_file("pets", f"{url}/a.zip", extract=True)


def test_more_than_the_disk_holds(served, monkeypatch):
    folder, url = served
    as_zip(folder / "a.zip", FILES)
    usage = type("Usage", (), {"free": 100})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(OSError, match=r"take 4003 bytes, and .* has 100 left"):
        get_file("pets", f"{url}/a.zip", extract=True)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"origin": None}, "origin must be the URL of the file"),
        ({"origin": "https://example.org/"}, "give fname"),
        ({"fname": "a/b"}, "fname is a name without folders, got 'a/b'"),
        ({"fname": ".."}, "fname is a name without folders"),
        ({"file_hash": "12"}, "64 digits"),
        ({"file_hash": MD5, "hash_algorithm": "sha256"}, "64 digits"),
        ({"file_hash": "x" * 64}, "a hexadecimal digest"),
        ({"hash_algorithm": "sha1"}, "hash_algorithm must be one of auto, sha256, md5"),
        ({"archive_format": "rar"}, "archive_format must be one of"),
    ],
)
def test_errors(options, reason):
    with pytest.raises(ValueError, match=reason):
        get_file(**{"origin": "https://example.org/cat.txt"} | options)
