"""The C function ``void(int64 *operands)`` of a kernel, compiled.

What unpacks the operands is written in LLVM's instructions: to have numba compile it from Python
takes as long as many kernels do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.core import compiler
from numba.core.registry import cpu_target
from numba.np.arrayobj import populate_array

from nnkit.kernels._parts import linked_once

__all__ = ["compiled"]

_WORD = ir.IntType(64)


def compiled(
    function: Callable[..., None], codes: tuple[str, ...], flags: dict[str, Any], symbol: str
) -> Any:
    """Compile a kernel's function for operands of some types.

    Parameters
    ----------
    function : callable
    codes : tuple of str
        The types, as ``Kernel.encode`` says them.
    flags : dict
        numba's.
    symbol : str
        The name of the C function. No other may have it, in numba's library neither.

    Returns
    -------
    numba.core.codegen.CodeLibrary
    """
    kinds = tuple(map(_type, codes))
    typing, context = cpu_target.typing_context, cpu_target.target_context
    options = compiler.Flags()
    plain = {"nopython": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    cpu_target.options.parse_as_flags(options, flags | plain)
    options.no_compile = True  # Before the C function is in the library.
    with linked_once():
        typing.refresh()
        context.refresh()
        made = compiler.compile_extra(typing, context, function, kinds, types.void, options, {})
        made.library.add_ir_module(_entry(context, made.fndesc, symbol))
        made.library.get_pointer_to_function(symbol)
        context.codegen().set_env(context.get_env_name(made.fndesc), made.environment)
    return made.library


def _type(code: str) -> Any:
    """numba's type of an operand."""
    if code == "int":
        return types.int64
    if code == "float":
        return types.float64
    dtype, rank = code.rstrip("]").split("[")
    layout = "A" if rank.endswith(":") else "C"
    return types.Array(from_dtype(np.dtype(dtype)), int(rank.rstrip(":")), layout)


def _entry(context: Any, of_kernel: Any, symbol: str) -> Any:
    """A module with the C function; ``of_kernel`` describes the function that it calls."""
    module = context.create_module(symbol)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [_WORD.as_pointer()]), symbol)
    builder = ir.IRBuilder(function.append_basic_block())
    words = _words(builder, function.args[0])
    arguments = [_argument(context, builder, kind, words) for kind in of_kernel.argtypes]
    convention = context.call_conv
    given = of_kernel.restype, of_kernel.argtypes
    kind = convention.get_function_type(*given)
    callee = ir.Function(module, kind, of_kernel.llvm_func_name)
    status, _ = convention.call_function(builder, callee, *given, arguments)
    with builder.if_then(status.is_error, likely=False):
        # As in numba's own C functions: an error is printed, as nobody can catch it.
        python = context.get_python_api(builder)
        state = python.gil_ensure()
        convention.raise_error(builder, python, status)
        name = python.string_from_string(context.insert_const_string(module, symbol))
        python.err_write_unraisable(name)
        python.decref(name)
        python.gil_release(state)
    builder.ret_void()
    return module


def _words(builder: Any, operands: Any) -> Iterator[Any]:
    """The words of the operands, one after the other."""
    at = 0
    while True:
        yield builder.load(builder.gep(operands, [ir.Constant(_WORD, at)]))
        at += 1


def _argument(context: Any, builder: Any, kind: Any, words: Iterator[Any]) -> Any:
    """What the kernel's function gets for the next words."""
    if kind == types.int64:
        return next(words)
    if kind == types.float64:
        return builder.bitcast(next(words), ir.DoubleType())
    array = context.make_array(kind)(context, builder)
    element = context.get_data_type(kind.dtype)
    data = builder.inttoptr(next(words), element.as_pointer())
    shape = [next(words) for _ in range(kind.ndim)]
    size = ir.Constant(_WORD, context.get_abi_sizeof(element))
    if kind.layout == "A":
        strides = [next(words) for _ in shape]
    else:
        steps = [size]
        for n in shape[:0:-1]:
            steps.append(builder.mul(steps[-1], n))
        strides = steps[: kind.ndim][::-1]
    populate_array(array, data, shape, strides, size, meminfo=None)
    return array._getvalue()
