"""MachineCode: an object file, and the loading of it into memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import llvmlite.binding

from nnkit.kernels import _disk
from nnkit.kernels._compilations import compilations
from nnkit.kernels._fingerprint import host

__all__ = ["MachineCode", "obtain", "target_machine"]

_loaded: list[Any] = []


class MachineCode(NamedTuple):
    """An object file for this machine, with the name of one of its functions.

    Attributes
    ----------
    symbol : str
        The name of the function.
    object_file : bytes
    compiled : object, optional
        numba's library, if the file can't be used alone because it has addresses of this process.
    """

    symbol: str
    object_file: bytes
    compiled: Any = None

    def load(self) -> int:
        """Load the code until the process ends, and return the function's address.

        Each file is linked by itself: numba distinguishes functions of one name by a count that
        starts again in each process, so files of different processes may use one symbol for
        different functions.
        """
        if self.compiled is not None:
            _loaded.append(self.compiled)
            return int(self.compiled.get_pointer_to_function(self.symbol))
        low = llvmlite.binding
        nothing = low.parse_assembly("")
        engine = low.create_mcjit_compiler(nothing, target_machine())
        engine.remove_module(nothing)  # An engine needs a module at first only.
        engine.add_object_file(low.ObjectFileRef.from_data(self.object_file))
        engine.finalize_object()
        _loaded.append(engine)
        return int(engine.get_function_address(self.symbol))


def obtain(key: str, build: Callable[[], MachineCode]) -> MachineCode:
    """Load the code of a key from the cache; otherwise build it, and write it to the cache."""
    content = _disk.read(key)
    if content is not None:
        symbol, _, object_file = content.partition(b"\0")
        return MachineCode(symbol.decode(), object_file)
    with compilations().compiling():
        made = build()
    if made.compiled is None:
        _disk.write(key, made.symbol.encode() + b"\0" + made.object_file)
    return made


def target_machine() -> Any:
    """LLVM's target machine for this computer."""
    triple, processor, features = host()
    target = llvmlite.binding.Target.from_triple(triple)
    return target.create_target_machine(
        processor, features, opt=3, jit=True, codemodel="jitdefault"
    )
