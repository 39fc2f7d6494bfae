"""The key of machine code in the cache: a digest of all that shaped the code.

numba's own cache looks at the file of one function only: it misses edits of helpers in other files,
and changed flags.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import llvmlite.binding
import numba
import numpy as np
from numba.core.extending import _Intrinsic
from numba.core.registry import cpu_target

__all__ = ["digest_file", "digest_module", "host", "key_of", "shape_of"]

# The code of these packages depends on their version only.
_LIBRARIES = {"llvmlite", "numba", "numpy", *sys.stdlib_module_names}


def key_of(name: str, shaped_by: Any) -> str:
    """The key under which machine code is kept: a readable name and a digest.

    Parameters
    ----------
    name : str
        The beginning of the key.
    shaped_by : object
        All that shapes the code besides the compiler, this machine and nnkit's own files. Its
        ``repr`` is digested.
    """
    target = cpu_target.target_context.codegen().magic_tuple()
    digest = hashlib.sha256(repr((name, _digest_always(), shaped_by, target)).encode()).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_]', '_', name)[:60]}-{digest}"


def shape_of(function: Any) -> tuple[Any, ...]:
    """All that shapes a function's machine code: source, bytecode, constants, and all helpers'."""
    return _function(function, set())


def _function(function: FunctionType, seen: set[int]) -> tuple[Any, ...]:
    if id(function) in seen:
        return ()
    seen.add(id(function))
    codes = list(_codes(function.__code__))
    names = sorted({name for code in codes for name in code.co_names})
    known = [(name, function.__globals__[name]) for name in names if name in function.__globals__]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if cell != type(cell)():  # Skip the empty cell of a name that is bound later.
            known.append((name, cell.cell_contents))
    return (
        _sources(function),
        [_code(code) for code in codes],
        _value(function.__defaults__, names, seen),
        [(name, _value(value, names, seen)) for name, value in known],
    )


def _sources(function: FunctionType) -> tuple[str, str]:
    return digest_module(function.__module__), digest_file(inspect.getsourcefile(function))


def _stable(value: Any) -> str:
    """A value that identifies an object, equal in every process."""
    return repr(sorted(map(repr, value)) if isinstance(value, (set, frozenset)) else value)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and the code of functions and lambdas in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _code(code: CodeType) -> tuple[Any, ...]:
    constants = [None if isinstance(c, CodeType) else c for c in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, list(map(_stable, constants))


def _value(value: Any, names: Sequence[str], seen: set[int]) -> Any:
    """The object that a function uses by a name; ``names`` are all its names, with attributes."""
    function = getattr(value, "py_func", getattr(value, "__wrapped__", value))
    if inspect.isfunction(function):
        if (function.__module__ or "").split(".")[0] in _LIBRARIES:
            return function.__qualname__
        if isinstance(value, _Intrinsic):  # It generates code: its names are not called by it.
            return _sources(function), [_code(code) for code in _codes(function.__code__)]
        flags = getattr(value, "targetoptions", {})  # The options of numba.njit.
        return [(name, _stable(flags[name])) for name in sorted(flags)], _function(function, seen)
    if isinstance(value, np.ndarray):  # repr() omits digits, and most of a large array.
        content = hashlib.sha256(value.tobytes()).hexdigest()
        return value.dtype.str, value.shape, value.strides, content
    if isinstance(value, (tuple, list)):
        return type(value).__qualname__, [_value(item, names, seen) for item in value]
    if not isinstance(value, ModuleType):
        return _stable(value)
    package = value.__name__.split(".")[0]
    if package in _LIBRARIES or package == __package__.split(".")[0] or id(value) in seen:
        return value.__name__  # This package's files are digested by digest_module.
    seen.add(id(value))
    used = [name for name in names if hasattr(value, name)]
    return [(name, _value(getattr(value, name), names, seen)) for name in used]


@functools.cache
def digest_file(path: str | None) -> str:
    """Digest of a source file; kernels typed at a prompt have none."""
    if path is None or not os.path.isfile(path):
        return ""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@functools.cache
def digest_module(name: str) -> str:
    """Digest of the files of this package that a module imports, directly or indirectly."""
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
def host() -> tuple[str, str, str]:
    """LLVM's description of this machine: triple, processor and its features."""
    low = llvmlite.binding
    features = low.get_host_cpu_features().flatten()
    return low.get_process_triple(), low.get_host_cpu_name(), features


@functools.cache
def _digest_always() -> str:
    """Digest of all that shapes every kernel: nnkit's files, BLAS, compiler and machine."""
    from nnkit.kernels._intrinsics import BLAS

    settings = ("BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "USING_SVML")
    parts = [
        numba.__version__,
        llvmlite.__version__,
        BLAS.suffix,
        BLAS.integer,
        *(getattr(numba.config, name) for name in settings),
        *host(),
        *(digest_file(str(source)) for source in sorted(Path(__file__).parent.glob("_*.py"))),
    ]
    return hashlib.sha256(repr([str(part) for part in parts]).encode()).hexdigest()
