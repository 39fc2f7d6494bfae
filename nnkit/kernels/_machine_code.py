"""Machine code: an object file as a compiler makes it, and what loads it into memory."""

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
    """An object file for this machine, and one of its functions.

    Attributes
    ----------
    symbol : str
        The function's.
    object_file : bytes
    compiled : object, optional
        numba's function, where the file alone is not enough: it has addresses of this process.
    """

    symbol: str
    object_file: bytes
    compiled: Any = None

    def load(self) -> int:
        """The function's address. The code stays in memory until the process ends.

        Each is linked by itself: numba tells functions of one name apart by a count that begins
        anew in each process, so code from several may have one symbol for different functions.
        """
        if self.compiled is not None:
            _loaded.append(self.compiled)
            return int(self.compiled.address)
        low = llvmlite.binding
        nothing = low.parse_assembly("")
        engine = low.create_mcjit_compiler(nothing, target_machine())
        engine.remove_module(nothing)  # An engine is made with one, and would compile it.
        engine.add_object_file(low.ObjectFileRef.from_data(self.object_file))
        engine.finalize_object()
        _loaded.append(engine)
        return int(engine.get_function_address(self.symbol))


def obtain(key: str, build: Callable[[], MachineCode]) -> MachineCode:
    """What was kept under this key, or else what ``build`` makes; that is kept if it can be."""
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
    """What LLVM must know of this machine."""
    triple, processor, features = host()
    target = llvmlite.binding.Target.from_triple(triple)
    return target.create_target_machine(
        processor, features, opt=3, jit=True, codemodel="jitdefault"
    )
