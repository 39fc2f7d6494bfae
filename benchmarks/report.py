"""Tables: printed while the benchmarks run, and kept in a file afterwards."""

import contextlib
import datetime
import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchmarks.threads import THREADS, forced

_VERSIONS = [
    *("numpy", "numba", "scipy-openblas32", "torch", "jax", "keras"),
    *("scikit-learn", "onnxruntime"),
]


@dataclass
class Table:
    """Rows of text, and for other programs the same as plain data."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    data: object = None
    note: str = ""

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        # The first column is text, the others are numbers.
        rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
        cells = [
            [line[0].ljust(widths[0]), *(map(str.rjust, line[1:], widths[1:]))]
            for line in [self.columns, rule, *self.rows]
        ]
        parts = [f"### {self.title}", "\n".join(f"| {' | '.join(line)} |" for line in cells)]
        return "\n\n".join([*parts, self.note] if self.note else parts) + "\n"


class Report:
    """All tables of a run, and where it ran."""

    command = "python -m benchmarks"
    place = "cpu"  # What of the machine the page is named after.

    def __init__(self, arguments: list[str], as_set: bool = False) -> None:
        self.arguments = arguments
        forcing = " ".join(f"{name}={value}" for name, value in forced().items())
        kept = "kept" if as_set else "dropped, so that every library chooses its kernels"
        self.tables: list[Table] = []
        self.machine = {
            "date": datetime.date.today().isoformat(),
            "cpu": cpu(),
            "load at the start": _load(),
            "cores": f"{min(THREADS, os.cpu_count() or 1)} of {os.cpu_count()}",
            "environment": f"{forcing} ({kept})" if forcing else "as it comes",
            "system": f"{platform.system()} {platform.machine()}",
            "Python": platform.python_version(),
            "nnkit": nnkit_version(),
            **versions(_VERSIONS),
        }
        print(self._heading())

    def add(self, table: Table) -> None:
        self.tables.append(table)
        print(table, flush=True)

    def write(self, folder: Path) -> Path:
        """Write a page to read and the same as JSON; returns the page."""
        folder.mkdir(parents=True, exist_ok=True)
        slug = re.sub(r"[^a-z0-9]+", "-", self.machine[self.place].lower()).strip("-")
        page = folder / f"{self.machine['date']}-{slug}.md"
        page.write_text("\n".join([self._heading(), *map(str, self.tables)]))
        data = {table.title: table.data for table in self.tables}
        content = {"machine": self.machine, "arguments": self.arguments, "results": data}
        page.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n")
        return page

    def _heading(self) -> str:
        command = " ".join([self.command, *self.arguments])
        where = "\n".join(f"- {name}: {value}" for name, value in self.machine.items())
        return f"# nnkit measured\n\n`{command}`\n\n{where}\n"


def verdict(value: float, target: float | None, most: bool = False) -> tuple[str, str]:
    """A target in words, and whether a value reaches it."""
    if target is None:
        return "", ""
    reached = value <= target if most else value >= target
    return f"{'≤' if most else '≥'} {target:g}", "yes" if reached else "**no**"


def cpu() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def _load() -> str:
    """Processes that want to run, as the system averages them; there should be none."""
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """The versions of those that are installed."""
    found = {}
    for name in distributions:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def nnkit_version() -> str:
    """With the commit, where there is one."""
    from nnkit import __version__

    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    found = subprocess.run(git, capture_output=True, text=True, check=False)
    commit = found.stdout.strip()
    return f"{__version__} ({commit})" if found.returncode == 0 and commit else __version__
