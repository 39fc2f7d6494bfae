"""numba's versions, and what nnkit takes from it that numba does not document."""

import configparser
import pkgutil
from importlib import metadata
from pathlib import Path

import numba
import pytest
from packaging.requirements import Requirement

import nnkit
from nnkit.kernels._entry import compiled
from nnkit.kernels._flags import FLAGS

SETTINGS = Path(__file__).parents[2] / "setup.cfg"

# By the file that needs them. Another version of numba may change any of these without a word.
INTERNALS = {
    "_jit.py": [
        "numba.core.codegen:CPUCodeLibrary._get_compiled_object",
        "numba.core.codegen:CPUCodeLibrary.has_dynamic_globals",
        "numba.core.errors:NumbaError",
        "numba.core.runtime:rtsys.initialize",
    ],
    "_entry.py": [
        "numba.core.base:BaseContext.create_module",
        "numba.core.base:BaseContext.insert_const_string",
        "numba.core.base:BaseContext.refresh",
        "numba.core.base:BaseContext.get_python_api",
        "numba.core.callconv:CPUCallConv.call_function",
        "numba.core.callconv:CPUCallConv.raise_error",
        "numba.core.compiler:Flags",
        "numba.core.compiler:compile_extra",
        "numba.core.registry:cpu_target.options.parse_as_flags",
        "numba.core.registry:cpu_target.typing_context",
        "numba.np.arrayobj:populate_array",
    ],
    "_parts.py": [
        "numba.core.codegen:CPUCodeLibrary._finalize_final_module",
        "numba.core.codegen:CPUCodeLibrary._get_module_for_linking",
        "numba.core.codegen:CPUCodeLibrary._optimize_final_module",
        "numba.core.codegen:JITCPUCodegen._library_class",
        "numba.core.codegen:JITCPUCodegen.set_env",
        "numba.core.codegen:JITCodeLibrary.get_pointer_to_function",
        "numba.core.codegen:RuntimeLinker.PREFIX",
        "numba.core.compiler_lock:global_compiler_lock",
        "numba.core.cpu:CPUContext.create_cfunc_wrapper",
    ],
    "_fingerprint.py": [
        "numba.core.extending:_Intrinsic",
        "numba.core.registry:cpu_target.target_context",
        "numba.core.codegen:JITCPUCodegen.magic_tuple",
    ],
    "_intrinsics.py": [
        "numba.core.cgutils:raw_memcpy",
        "numba.core.cgutils:voidptr_t",
        "numba.core.compiler_lock:global_compiler_lock._lock",
        "llvmlite.binding.ffi:lib._lock._lock",
    ],
    "_tile.py": ["numba.core.cgutils:get_or_insert_function", "numba.core.cgutils:unpack_tuple"],
}
LOOK = (
    "look through nnkit/kernels/{} for what it takes from numba, run all tests with this version "
    "(tests/kernels with NUMBA_BOUNDSCHECK=1 as well, as `make test` does), and move the bound in "
    "setup.cfg"
)


@pytest.mark.parametrize(("section", "package"), [("install", "numba"), ("test", "numba-cuda")])
def test_the_version_is_one_of_those_tested(section, package):
    settings = configparser.ConfigParser()
    settings.read(SETTINGS)
    lists = {"install": settings["options"]["install_requires"]}
    lists |= settings["options.extras_require"]
    wanted = [Requirement(line) for line in lists[section].splitlines() if line.strip()]
    (given,) = (requirement for requirement in wanted if requirement.name == package)
    assert any(part.operator in ("<", "<=", "==", "~=") for part in given.specifier), (
        f"{package} has no upper bound in setup.cfg, but nnkit takes what is not documented from it"
    )
    if given.marker is None or given.marker.evaluate():
        version = metadata.version(package)
        assert version in given.specifier, f"{package} {version} is untested: {LOOK.format('')}"


@pytest.mark.parametrize(
    ("file", "name"), [(file, name) for file, names in INTERNALS.items() for name in names]
)
def test_internals_are_there(file, name):
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError) as error:
        version = metadata.version("numba")
        pytest.fail(f"numba {version} has no {name} ({error}): {LOOK.format(file)}")


def test_a_dispatcher_knows_its_function_and_its_flags():
    def same(x):
        return x

    compiled = numba.njit(error_model="numpy")(same)
    assert compiled.py_func is same, LOOK.format("_fingerprint.py")
    assert compiled.targetoptions["error_model"] == "numpy", LOOK.format("_fingerprint.py")


def test_the_object_file_of_a_kernel():
    """It has the function by its name, and all that it needs."""

    @nnkit.kernel(outputs=["y"])
    def nothing(y):
        y[0] = 1

    library = compiled(nothing.function, ("f4[1]",), FLAGS, "nothing_by_its_name")
    assert b"nothing_by_its_name" in library._get_compiled_object(), LOOK.format("_jit.py")
    assert library.has_dynamic_globals is False
