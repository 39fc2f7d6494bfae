"""Machine code on disk: what one process compiled, the next one loads.

numba's own cache looks at one function's file only: it misses an edited helper in another file, and
changed flags. Here the name of a file is a digest of all that shaped its content. The files are
pickles, as numba's are, in a folder of the user's own.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any

import numba
from numba.core.registry import cpu_target

from nnkit import config

__all__ = ["digest_file", "digest_module", "path_of", "read", "shape_of", "write"]


def path_of(name: str, shaped_by: Any) -> Path:
    """Where machine code is kept.

    Parameters
    ----------
    name : str
        What the file's name begins with.
    shaped_by : object
        All that shapes the code, besides the compiler, this machine and nnkit's own compiling; as
        its ``repr`` tells it.
    """
    target = cpu_target.target_context.codegen().magic_tuple()
    digest = hashlib.sha256(repr((_digest_always(), shaped_by, target)).encode()).hexdigest()[:32]
    return config.cache_dir() / "kernels" / f"{name}-{digest}.pickle"


def read(path: Path) -> Any:
    """What was kept there; None if there is nothing, or not all of it."""
    try:
        return pickle.loads(path.read_bytes())
    except (OSError, EOFError, pickle.UnpicklingError):
        return None


def write(path: Path, content: Any) -> None:
    """Keep something, so that whoever reads sees all of it or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            pickle.dump(content, file)
        os.replace(file.name, path)
    except OSError:
        pass  # A read-only or full disk costs the next process a compilation, nothing else.


def shape_of(function: Any, seen: set[int] | None = None) -> tuple[Any, ...]:
    """All that shapes a function's machine code: source, bytecode, constants, and helpers' own."""
    seen = set() if seen is None else seen
    if id(function) in seen:
        return ()
    seen.add(id(function))
    known = inspect.getclosurevars(function)
    values: list[tuple[str, Any]] = []
    for name, value in sorted({**known.globals, **known.nonlocals}.items()):
        value = getattr(value, "py_func", value)
        if inspect.isfunction(value):
            values.append((name, shape_of(value, seen)))
        elif not inspect.ismodule(value):
            values.append((name, repr(value)))
    code = function.__code__
    nested = [c.co_code if inspect.iscode(c) else c for c in code.co_consts]
    sources = digest_module(function.__module__), digest_file(inspect.getsourcefile(function))
    return sources, code.co_code, code.co_names, repr(nested), values


@functools.cache
def digest_file(path: str | None) -> str:
    """Digest of a source file; kernels typed into a prompt have none."""
    if path is None or not os.path.isfile(path):
        return ""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@functools.cache
def digest_module(name: str) -> str:
    """Digest of those of this package's sources that a module takes something from, near or far."""
    found, new = {name}, [name]
    while new:
        module = sys.modules.get(new.pop())
        for value in vars(module).values() if module else ():
            of = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
            if isinstance(of, str) and of.startswith(f"{__package__}.") and of not in found:
                found.add(of)
                new.append(of)
    files = (getattr(sys.modules.get(module), "__file__", None) for module in sorted(found))
    return "".join(map(digest_file, files))


@functools.cache
def _digest_always() -> str:
    """Digest of what shapes the code of every kernel: these files, BLAS, and the compiler."""
    sources = sorted(Path(__file__).parent.glob("_*.py"))
    parts = [numba.__version__, str(numba.config.BOUNDSCHECK), str(numba.config.OPT)]
    return hashlib.sha256(
        "".join(parts + [digest_file(str(s)) for s in sources]).encode()
    ).hexdigest()
