"""How a plain Python loop becomes machine code: the one place that knows numba's flags.

A kernel is a Python function over arrays and numbers, inputs first, outputs last. It is compiled
for the exact types of its operands into a C function ``void(int64 *operands)`` and kept on disk.
All kernels share that one signature, so a recorded training step is nothing but two arrays of
addresses (see :mod:`nnkit.engine.tape`).

An operand takes these words in ``operands``:

========================  =======================================================
C-contiguous array        address, shape
other array               address, shape, strides in bytes
int or bool               the value
float                     the bits of the float64
========================  =======================================================
"""

from __future__ import annotations

import ctypes
import functools
import inspect
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import forks
from nnkit.interrupts import apart
from nnkit.kernels._compilations import compilations
from nnkit.kernels._flags import EXACT, FLAGS
from nnkit.kernels.calls import execute

if TYPE_CHECKING:
    from nnkit.kernels._machine_code import MachineCode

Words = tuple[int, ...]

_CALL = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
# numba's compiler is not reentrant across a cache miss, and two threads may meet the same kernel.
COMPILING = threading.RLock()
_LEVEL = 2
forks.hold(COMPILING, _LEVEL)


class Kernel:
    """A kernel: its Python source, which of its parameters it writes, and how its work splits.

    Parameters
    ----------
    function : callable
        The loop. It allocates nothing, checks nothing, and overwrites its outputs completely.
    outputs : sequence of str
        Parameters that are written without being read.
    updates : sequence of str
        Parameters that are read and written (an optimizer's parameters, running sums).
    split : sequence of str
        Parameters that may be cut along axis 0 into ranges, one for each worker thread, because
        rows don't depend on each other. A parameter called ``first`` then receives the index of a
        worker's first row. Empty: one worker does the whole call.
    elementwise : bool
        Element i of every output depends on element i of the other arrays only. All arrays have
        one shape; the kernel sees them flat (one axis), split among the workers, and ``first`` is
        the index of its first element. Arrays not named in ``split`` (a rate, a counter) are
        passed whole.
    strided : sequence of str
        Parameters that may have any strides (a BLAS product takes a transposed view).
    axes : dict of str to str, optional
        A letter for each axis of a parameter, such as ``{"a": "mk", "b": "kn"}``: axes with one
        letter must be of one size, and the arrays of one data type. For what goes on to BLAS.
    exact : bool
        Arithmetic is done in the order in which it is written. Sums are slower then.
    cost : callable, optional
        Estimates the nanoseconds of a call on one core from its arguments, where references with
        ``shape``, ``size``, ``ndim``, ``nbytes`` and ``dtype`` stand for arrays; without it, the
        largest array that is split counts. It decides how many workers share a step.
    cuda : callable, optional
        Makes the twin for GPUs when one is asked for: ``import nnkit`` imports no CUDA.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> @nnkit.kernel(outputs=["y"], split=["x", "y"], elementwise=True)
    ... def double(x, y):
    ...     for i in range(x.size):
    ...         y[i] = x[i] + x[i]
    >>> y = np.empty((1, 3), np.float32)
    >>> double(np.array([[1, 2, 3]], np.float32), y)
    >>> y
    array([[2., 4., 6.]], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., None],
        outputs: Sequence[str] = (),
        updates: Sequence[str] = (),
        split: Sequence[str] = (),
        elementwise: bool = False,
        strided: Sequence[str] = (),
        axes: Mapping[str, str] | None = None,
        exact: bool = False,
        cost: Callable[..., float] | None = None,
        cuda: Callable[[], Any] | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name: str = function.__name__
        self.parameters = tuple(inspect.signature(function).parameters)
        self.axes = dict(axes or {})
        for given in (outputs, updates, split, strided, self.axes):
            for name in given:
                if name not in self.parameters:
                    raise ValueError(
                        f"kernel {self.name!r} declares {name!r}, but its parameters are "
                        f"{', '.join(self.parameters)}"
                    )
        self.outputs = frozenset(outputs)
        self.updates = frozenset(updates)
        self.split = frozenset(split)
        self.elementwise, self.exact = elementwise, exact
        self.strided = frozenset(strided)
        self.written = tuple([self.writes(name) for name in self.parameters])
        self.cut = [i for i, name in enumerate(self.parameters) if name in self.split]
        self.changed = [name for name in self.parameters if self.writes(name)]
        # Of each parameter: whether its strides are given, and whether it comes as one axis.
        self._forms = [
            (name in self.strided, elementwise and name in self.split) for name in self.parameters
        ]
        self.cost = cost or self._cost_of_elements
        self._make_cuda = cuda
        self._compiled: dict[tuple[str, ...], Callable[[int], None]] = {}

    def __repr__(self) -> str:
        return f"<kernel {self.name}({', '.join(self.parameters)})>"

    def __call__(self, *arguments: Any) -> None:
        """Run on the current device, and record the call if a step is being recorded."""
        execute(self, arguments)

    @functools.cached_property
    def cuda(self) -> Any:
        """The twin for GPUs of a kernel that is not nnkit's own, or None; see nnkit.cuda."""
        return None if self._make_cuda is None else self._make_cuda()

    def writes(self, parameter: str) -> bool:
        """Whether the kernel writes that parameter."""
        return parameter in self.outputs or parameter in self.updates

    def _cost_of_elements(self, *arguments: Any) -> float:
        named = zip(self.parameters, arguments, strict=True)
        return 0.3 * max((a.size for name, a in named if name in self.split), default=0)

    def encode(self, arguments: Sequence[Any]) -> tuple[tuple[str, ...], list[Words]]:
        """The types of the operands and the words that describe them."""
        types, words = [], []
        for argument, (strided, flat) in zip(arguments, self._forms, strict=True):
            if isinstance(argument, np.ndarray):
                t, group = _encode_array(argument, strided, flat)
            else:
                t, group = _encode_number(argument)
            types.append(t)
            words.append(group)
        return tuple(types), words

    def compiled(self, types: tuple[str, ...]) -> Callable[[int], None]:
        """The machine code for operands of these types: call it with the address of the words."""
        code = self._compiled.get(types)
        if code is None:
            compilations()  # Known here, they are known where it is compiled for this thread.
            code = apart(self._make, types)
        return code

    def _make(self, types: tuple[str, ...]) -> Callable[[int], None]:
        forks.give_way(_LEVEL)
        with COMPILING:
            code = self._compiled.get(types) or _compile(self, types)
            self._compiled[types] = code
        return code


def kernel(**declaration: Any) -> Callable[[Callable[..., None]], Kernel]:
    """Make a :class:`Kernel` of a Python function; see there for the arguments."""
    return lambda function: Kernel(function, **declaration)


kernel.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        p.replace(kind=p.KEYWORD_ONLY)
        for p in inspect.signature(Kernel).parameters.values()
        if p.name != "function"
    ]
)


def inline(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a helper that kernels call; it is compiled into them with the same flags."""
    from numba.extending import register_jitable

    # A call left in a loop would keep it from being vectorised.
    return register_jitable(**FLAGS, forceinline=True)(function)


def as_written(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a helper that rounds after every operation, as NumPy and C do; see :func:`inline`."""
    from numba.extending import register_jitable

    return register_jitable(**FLAGS | {"fastmath": False}, forceinline=True)(function)


def code_address(code: Callable[[int], None]) -> int:
    """The address of compiled code, as the tape's interpreter wants it."""
    return ctypes.c_int64.from_buffer(code).value  # type: ignore[arg-type]  # It holds that.


def address(array: np.ndarray) -> int:
    """Where an array's first element lies."""
    try:  # Four times as fast as asking NumPy.
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # Read-only, empty, or not contiguous.
        return int(array.__array_interface__["data"][0])


# ---------------------------------------------------------------------------------- operands


def _encode_array(array: np.ndarray, strided: bool, flat: bool) -> tuple[str, Words]:
    start = address(array)
    if flat:
        return f"{_code(array.dtype)}[1]", (start, array.size)
    if strided or not array.flags.c_contiguous:
        return f"{_code(array.dtype)}[{array.ndim}:]", (start, *array.shape, *array.strides)
    return f"{_code(array.dtype)}[{array.ndim}]", (start, *array.shape)


@functools.cache
def _code(dtype: np.dtype) -> str:
    """A data type without its byte order."""
    return dtype.str[1:]


def _encode_number(value: Any) -> tuple[str, Words]:
    if isinstance(value, (bool, int, np.integer)):
        return "int", (int(value),)
    if isinstance(value, (float, np.floating)):
        return "float", struct.unpack("q", struct.pack("d", value))
    raise TypeError(
        f"a kernel takes arrays, ints and floats, not {type(value).__name__} (a weight's array is "
        "its value)"
    )


# --------------------------------------------------------------------------------- compiling


def _compile(kernel: Kernel, types: tuple[str, ...]) -> Callable[[int], None]:
    """Compile a kernel for these types, or load what an earlier process compiled."""
    from numba.core.errors import NumbaError
    from numba.core.registry import cpu_target
    from numba.core.runtime import rtsys

    from nnkit.kernels import _tile
    from nnkit.kernels._fingerprint import key_of, shape_of
    from nnkit.kernels._machine_code import obtain

    key = key_of(kernel.name, (shape_of(kernel.function), kernel.exact, types))
    try:
        code = obtain(key, functools.partial(_build, kernel, types, key))
    except NumbaError as error:
        given = ", ".join(f"{n} {t}" for n, t in zip(kernel.parameters, types, strict=True))
        raise TypeError(
            f"kernel {kernel.name} can't be compiled for {given} (a data type and its number of "
            f"axes): {error}"
        ) from error
    rtsys.initialize(cpu_target.target_context)  # What code may ask for by name.
    _tile.load_for(code)
    return _CALL(code.load())


def _build(kernel: Kernel, types: tuple[str, ...], key: str) -> MachineCode:
    from nnkit.kernels._entry import compiled
    from nnkit.kernels._machine_code import MachineCode

    flags, symbol = EXACT if kernel.exact else FLAGS, f"nnkit_{key}"
    library = compiled(kernel.function, types, flags, symbol)
    object_file = library._get_compiled_object()
    # A function of C or a very large array that it knows, a helper that calls itself, and print.
    in_file = (name in object_file for name in (b".numba.unresolved$", b"missing Environment"))
    bound = library.has_dynamic_globals or any(in_file)
    return MachineCode(symbol, object_file, library if bound else None)
