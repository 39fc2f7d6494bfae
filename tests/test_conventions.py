"""Rules of the whole package that no linter knows."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import nnkit

ROOT = Path(nnkit.__file__).parent
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(nnkit.__path__, "nnkit.")
    if "._" not in module.name
)

# Which packages a library may be used in. Everything else is understood without knowing it.
HOMES = {
    "numba": {"kernels", "engine"},
    "numba_cuda": {"kernels", "engine"},
    "cuda": {"kernels", "engine"},
    "llvmlite": {"kernels", "engine"},
    "scipy_openblas32": {"kernels", "engine"},
    "h5py": {"saving"},
    "tqdm": {"callbacks", "utils"},
    "pooch": {"utils"},
    "PIL": {"utils"},
    "matplotlib": {"utils"},
    "sklearn": {"wrappers"},
}


def imports(path):
    """Full names of the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import {node.module} by its full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("name", ["nnkit", *MODULES])
def test_public_names_exist(name):
    module = importlib.import_module(name)
    public = getattr(module, "__all__", [])
    assert [name for name in public if not hasattr(module, name)] == []
    assert len(set(public)) == len(public)


@pytest.mark.parametrize(
    "name", [n for n in MODULES if n.count(".") == 1 and n != "nnkit.symbolic"]
)
def test_no_module_hides_what_its_package_offers(name):
    """``package.name`` is the same whatever was imported: a module's own name is another one."""
    package = importlib.import_module(name)
    modules = {module.name for module in pkgutil.iter_modules(getattr(package, "__path__", []))}
    hidden = modules.intersection(getattr(package, "__all__", []))
    assert {n for n in hidden if getattr(package, n) is not sys.modules.get(f"{name}.{n}")} == set()


def test_folders_are_packages():
    """A folder without ``__init__.py`` works in the source tree, but no wheel has it."""
    folders = {path.parent for path in ROOT.rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_import_is_light():
    heavy = sorted(HOMES)
    code = f"import sys, nnkit; print(*(m for m in {heavy} if m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.split() == []


def test_libraries_stay_at_home():
    strays = [
        f"{path.relative_to(ROOT)} imports {library}"
        for path in ROOT.rglob("*.py")
        for library in imports(path)
        if (homes := HOMES.get(library.split(".")[0])) is not None
        and path.relative_to(ROOT).parts[0] not in homes
    ]
    assert strays == []
