"""How much of the disk a package and all that it needs take."""

import re
from importlib import metadata


def size(requirements: list[str]) -> int:
    """Bytes of installed distributions and of those that they need; 0 if one is missing."""
    waiting, found = [_name(r) for r in requirements], {}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if name in map(_name, requirements):
                return 0
            continue  # For another system, or another Python.
        found[name] = sum(_size(file) for file in distribution.files or [])
        waiting += [_name(r) for r in distribution.requires or [] if "extra ==" not in r]
    return sum(found.values())


def _name(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower()


def _size(file) -> int:
    path = file.locate()
    return path.stat().st_size if path.is_file() else 0
