"""The code in the manual runs, and prints what the manual says it prints.

On every page of docs/, the blocks ``.. code-block:: python`` run in order, in one namespace. A
block ``.. code-block:: text`` right after one is what it prints, as doctest compares: spaces don't
count, and ``...`` stands for anything.
"""

import contextlib
import doctest
import importlib
import io
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from xml.etree import ElementTree

import pytest

import nnkit

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.rglob("*.rst"))
BLOCK = re.compile(r"^( *)\.\. code-block:: (\w+)\n\n((?:\1   .*\n|\n)+)", re.MULTILINE)
COMPARE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(page):
    """Language, line, text and whether nothing stands between it and the block before."""
    source = page.read_text()
    end = -1
    for found in BLOCK.finditer(source):
        line = source.count("\n", 0, found.start(3))
        yield found[2], line, textwrap.dedent(found[3]), found.start() == end
        end = found.end()


@pytest.fixture(autouse=True)
def settings():
    """Whatever a page sets is gone on the next."""
    floatx = nnkit.config.floatx()
    yield
    nnkit.config.set_floatx(floatx)
    nnkit.config.set_num_threads(None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_code_of_a_page(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    printed = ""
    for language, line, text, follows in blocks(page):
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                # Line numbers and file as in the page, for tracebacks and for the kernels' cache.
                exec(compile("\n" * line + text, str(page), "exec"), namespace)
            printed = out.getvalue()
        elif language == "text" and follows:
            checker = doctest.OutputChecker()
            example = doctest.Example("", text)
            assert checker.check_output(text, printed, COMPARE), (
                f"{page.name}, line {line}:\n{checker.output_difference(example, printed, COMPARE)}"
            )


def test_every_block_is_of_a_known_kind():
    """No code hides from the test above in another kind of block."""
    for page in PAGES:
        source = page.read_text()
        assert source.count("code-block::") == len(list(blocks(page))), page
        assert {language for language, *_ in blocks(page)} <= {"python", "text", "sh"}, page
        assert ">>> " not in source, page
        assert not re.search(r"^(?!\s*\.\. ).*::$", source, re.MULTILINE), f"{page}: ends in ::"


@pytest.mark.parametrize(
    "module", [p.stem for p in PAGES if p.parent.name == "api" and p.stem not in ("index", "nnkit")]
)
def test_every_public_name_is_on_its_page(module):
    page = (DOCS / "api" / f"{module}.rst").read_text()
    if f".. automodule:: nnkit.{module}\n   :members:" in page:
        return
    module = importlib.import_module(f"nnkit.{module}")
    missing = [
        n
        for n in getattr(module, "__all__", [])
        if not re.search(rf"^\.\. auto\w+:: (.*\.)?{n}$", page, re.MULTILINE)
        and getattr(getattr(module, n), "__name__", n) == n  # Else it is another name of something.
        and not hasattr(getattr(module, n), "stands_for")  # So is a class of Keras 1.
    ]
    assert not missing


@pytest.mark.parametrize("name", ["order", "step"])
def test_pictures_are_drawn_by_their_scripts(name, tmp_path):
    script, drawn = DOCS / "pictures" / f"{name}.py", tmp_path / "picture.svg"
    done = subprocess.run([sys.executable, script, drawn], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for picture in (drawn, script.with_suffix(".svg")):
        assert ElementTree.parse(picture).getroot().tag.endswith("svg")
