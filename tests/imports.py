"""Who imports whom in nnkit, and whether it goes by the order in docs/design.rst.

Every import counts, those inside functions too; only ``if TYPE_CHECKING:`` does not. It must lead
to a file of the same level or of one below, and no file may lead back to itself.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "design.rst"
PACKAGE = ROOT / "nnkit"


@dataclass(frozen=True)
class Arrow:
    """One import: a file, named from its package on, the line, and the file that it leads to."""

    package: str
    importer: str
    line: int
    imported: str

    @property
    def places(self) -> tuple[str, str]:
        """The folders, or single modules, at both ends."""
        return place(self.importer), place(self.imported)

    def __str__(self) -> str:
        at = f"{self.package}/{self.importer}:{self.line}"
        return f"{at} imports {self.package}/{self.imported}"


def place(file: str) -> str:
    """``layers`` of ``layers/dense.py``, ``checks`` of ``checks.py``."""
    return file.removesuffix(".py").split("/")[0]


def levels(page: Path = PAGE) -> list[list[str]]:
    """The places of each level, from the ground up, as the page's block under its heading says."""
    _, found, rest = page.read_text().partition("Who may import whom\n---")
    lines = re.findall(r"^ +(\d+) +([\w ]+)$", rest.split(".. code-block:: text")[1], re.MULTILINE)
    if not found or [int(number) for number, _ in lines] != list(range(1, len(lines) + 1)):
        raise ValueError(f"{page}: no block of levels, numbered from 1 on, under its heading")
    return [names.split() for _, names in lines]


def files(package: Path = PACKAGE) -> list[Path]:
    """A package's own files."""
    return sorted(package.rglob("*.py"))


def arrows(package: Path = PACKAGE) -> list[Arrow]:
    """All imports of a package's own files."""
    names = {}
    for path in files(package):
        file = path.relative_to(package)
        module = ".".join((package.name, *file.with_suffix("").parts))
        names[module.removesuffix(".__init__")] = file.as_posix()
    return [
        Arrow(package.name, file, line, names[module])
        for file in names.values()
        for line, module in _imports(ast.parse((package / file).read_text()), names)
    ]


def _imports(tree: ast.AST, known: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Line and module of each import; ``from nnkit import config`` means the module config."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            # For ``not TYPE_CHECKING`` the other way round.
            body = node.orelse if isinstance(node.test, (ast.Name, ast.Attribute)) else node.body
            yield from _imports(ast.Module(body, []), known)
            continue
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [name if name in known else str(node.module) for name in inner]
        yield from ((node.lineno, module) for module in modules if module in known)
        yield from _imports(node, known)


def upward(found: Iterable[Arrow], order: list[list[str]]) -> dict[Arrow, str]:
    """The arrows that lead to a higher level, and what is wrong with each."""
    level = {name: number for number, names in enumerate(order, 1) for name in names}
    wrong = {}
    for arrow in found:
        lower, higher = (level.get(name) for name in arrow.places)
        if lower is None or higher is None:
            missing = arrow.places[lower is not None]
            wrong[arrow] = f"{arrow}: {missing} is on no level of {PAGE.name}"
        elif higher > lower:
            wrong[arrow] = f"{arrow}, level {higher} above {lower}"
    return wrong


def circles(found: Iterable[Arrow]) -> list[list[str]]:
    """Circles of files, the shortest first; none that has a file of an earlier one."""
    leads: dict[str, list[str]] = {}
    for arrow in found:
        leads.setdefault(arrow.importer, []).append(arrow.imported)
    ways = sorted((_way(leads, file) for file in sorted(leads)), key=len)
    apart: list[list[str]] = []
    for way in filter(None, ways):
        if not any(set(way) & set(other) for other in apart):
            apart.append(way)
    return apart


def _way(leads: dict[str, list[str]], file: str) -> list[str]:
    """The shortest way from a file back to itself; empty if there is none."""
    came_from: dict[str, str] = {}
    waiting = deque([file])
    while waiting and file not in came_from:
        here = waiting.popleft()
        for there in leads.get(here, ()):
            if there not in came_from:
                came_from[there] = here
                waiting.append(there)
    if file not in came_from:
        return []
    way = [file, came_from[file]]
    while way[-1] != file:
        way.append(came_from[way[-1]])
    return way[::-1]
