"""Imports go by the order in docs/design.rst, and no file leads back to itself."""

import re
import subprocess
import sys

import pytest

from tests import imports as order

ARROWS = order.arrows()
LEVELS = order.levels()


def test_every_import_goes_down():
    wrong = order.upward(ARROWS, LEVELS)
    assert not wrong, "\n".join(wrong.values())


def test_no_file_leads_back_to_itself():
    found = order.circles(ARROWS)
    assert not found, "\n".join(" -> ".join(way) for way in found)


def test_each_folder_is_on_one_level():
    named = [name for names in LEVELS for name in names]
    there = {order.place(str(path.relative_to(order.PACKAGE))) for path in order.files()}
    assert len(named) == len(set(named))
    assert there == set(named)


def test_the_picture_shows_every_folder(tmp_path):
    pictures = order.ROOT / "docs" / "pictures"
    subprocess.run([sys.executable, pictures / "order.py", tmp_path / "order.svg"], check=True)
    for picture in (tmp_path / "order.svg", pictures / "order.svg"):
        shown = set(
            re.findall(r"\w+", " ".join(re.findall(r">([^<]+)</text>", picture.read_text())))
        )
        lacking = {name for names in LEVELS for name in names} - shown
        assert not lacking, f"run docs/pictures/order.py: {picture} lacks {lacking}"


# ------------------------------------------------------------------------ the reader of imports


@pytest.fixture
def package(tmp_path):
    """A package ``house`` with ``ground`` below ``roof``."""
    files = {
        "__init__.py": "from house import ground, roof",
        "ground.py": "import os\n\ndef f():\n    from house.roof import top",
        "roof/__init__.py": "from house import ground\nfrom house.roof.tiles import *",
        "roof/tiles.py": (
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    from house import roof\nelse:\n    from house import ground\n"
            "if not TYPE_CHECKING:\n    import house.ground\n"
        ),
    }
    for name, text in files.items():
        path = tmp_path / "house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "house"


def test_arrows(package):
    found = {(a.importer, a.line, a.imported) for a in order.arrows(package)}
    assert found == {
        ("__init__.py", 1, "ground.py"),
        ("__init__.py", 1, "roof/__init__.py"),
        ("ground.py", 4, "roof/__init__.py"),
        ("roof/__init__.py", 1, "ground.py"),
        ("roof/__init__.py", 2, "roof/tiles.py"),
        ("roof/tiles.py", 5, "ground.py"),
        ("roof/tiles.py", 7, "ground.py"),
    }


def test_an_arrow_that_goes_up_is_named(package):
    found = order.arrows(package)
    (message,) = order.upward(found, [["ground"], ["roof"], ["__init__"]]).values()
    assert message == "house/ground.py:4 imports house/roof/__init__.py, level 2 above 1"
    *_, unknown = order.upward(found, [["ground"], ["__init__"]]).values()
    assert (
        unknown
        == "house/roof/tiles.py:7 imports house/ground.py: roof is on no level of design.rst"
    )


def test_the_shortest_circle_is_named(package):
    assert order.circles(order.arrows(package)) == [["ground.py", "roof/__init__.py", "ground.py"]]
    (package / "ground.py").write_text("")
    assert order.circles(order.arrows(package)) == []
