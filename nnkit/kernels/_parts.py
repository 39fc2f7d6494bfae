"""How the functions of a kernel become one piece of machine code.

numba makes a library of each function that a kernel calls, of its own helpers, too: each is
optimised, translated into machine code that nobody runs, linked into its callers, and optimised
again there. In :func:`linked_once` it is put off: a function waits, with its own optimisations done
(without them loops are not vectorised as well), until the kernel links each once, and all are
optimised and translated together. That takes about half the time.

This builds on what numba keeps for itself, so ``setup.cfg`` says up to which version.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from llvmlite.binding import Linkage
from numba.core.codegen import JITCodeLibrary, RuntimeLinker
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

__all__ = ["Part", "linked_once"]


class Part(JITCodeLibrary):
    """A library of a function that waits to be linked; it finishes itself if it is to run."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._waits = self._recursive = False

    def finalize(self) -> None:
        """Wait: there is nothing to add. A function that is called by its address must be there."""
        variables = [v.name for v in self._final_module.global_variables]
        self._recursive = any(name.startswith(RuntimeLinker.PREFIX) for name in variables) or any(
            getattr(library, "_recursive", False) for library in self._linking_libraries
        )
        if self._recursive:
            super().finalize()
        else:
            self._finalized = self._waits = True

    def get_pointer_to_function(self, name: str) -> int:
        """The address of machine code, 0 for a function that is not here.

        numba asks for what Python would call. That is there for functions of a user's only.
        """
        self._ensure_finalized()
        if self._waits and name not in {f.name for f in self.get_defined_functions()}:
            return 0
        self._finish()
        return int(super().get_pointer_to_function(name))

    def _finish(self) -> None:
        """Link all that it calls, optimise it, and translate it."""
        if not self._waits:
            return
        self._waits = self._finalized = False
        # A function comes only if it is called by what is there, so callers are first.
        for library in reversed(_callees(self)):
            self._reload_init.update(library._reload_init)
            if getattr(library, "_waits", False):
                self._final_module.link_in(_shareable(library._final_module))
            else:
                self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._optimize_final_module()
        self._final_module.verify()
        self._finalize_final_module()
        for variable in self._final_module.global_variables:
            if variable.name in _environments:
                self._codegen.set_env(variable.name, _environments[variable.name])

    def _get_module_for_linking(self) -> Any:
        """For a library that is none of these: all that it needs."""
        self._finish()
        return super()._get_module_for_linking()


# Where functions are that nobody calls as functions of C.
_HELPERS = ("numba.", "nnkit.kernels.")
# What functions that have no machine code yet will find by a global variable, by its name.
_environments: dict[str, Any] = {}


def _callees(library: Any) -> list[Any]:
    """The libraries that one needs, each after those that it needs itself."""
    found: dict[Any, None] = {}

    def visit(caller: Any) -> None:
        for callee in caller._linking_libraries:
            if callee not in found:
                if getattr(callee, "_waits", False):
                    visit(callee)
                found[callee] = None

    visit(library)
    return list(found)


def _shareable(module: Any) -> Any:
    """A copy whose functions may be left out, put into others, and be there more than once."""
    copy = module.clone()
    for function in copy.functions:
        if not function.is_declaration and function.linkage == Linkage.external:
            function.linkage = "linkonce_odr"
    return copy


@contextlib.contextmanager
def linked_once() -> Iterator[None]:
    """Let the libraries that numba makes in the block be parts."""
    with global_compiler_lock:
        context = cpu_target.target_context
        codegen = context.codegen()
        plain, set_env, wrap = codegen._library_class, codegen.set_env, context.create_cfunc_wrapper

        def set_later(name: str, environment: Any) -> None:
            if codegen._engine.is_symbol_defined(name):
                set_env(name, environment)
            else:
                _environments[name] = environment

        def wrap_others(library: Any, function: Any, *rest: Any) -> None:
            if not function.modname.startswith(_HELPERS):
                wrap(library, function, *rest)

        codegen._library_class, codegen.set_env = Part, set_later
        context.create_cfunc_wrapper = wrap_others
        try:
            yield
        finally:
            codegen._library_class = plain
            del codegen.set_env, context.create_cfunc_wrapper
