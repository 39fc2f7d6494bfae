"""What is installed is whole. Runs in the source tree and against an installed wheel."""

import re
from importlib import metadata, resources

import nnkit
from nnkit._version import __version__


def test_one_version():
    assert metadata.version("nnkit") == nnkit.__version__ == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+)?", __version__)


def test_data_files_ship():
    package = resources.files("nnkit")
    assert (package / "py.typed").is_file()
    assert (package / "datasets" / "digits.npz").is_file()
    assert "CC BY-SA 3.0" in (package / "datasets" / "LICENSE-digits.txt").read_text()


def test_licences_ship():
    about = metadata.metadata("nnkit")
    assert about["License-Expression"] == "MIT AND CC-BY-SA-3.0"
    assert set(about.get_all("License-File")) == {"LICENSE", "nnkit/datasets/LICENSE-digits.txt"}


def test_extras():
    about = metadata.metadata("nnkit")
    extras = {"cuda", "images", "plot", "docs", "test", "keras", "dev", "sklearn"}
    extras |= {"benchmark"}
    assert set(about.get_all("Provides-Extra")) == extras
