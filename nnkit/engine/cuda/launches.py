"""What a call of the tape becomes on a device: the launch of a kernel, or a product by cuBLASLt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from nnkit import config
from nnkit.engine.cuda.blas import Lt, Product
from nnkit.engine.cuda.places import Places
from nnkit.engine.cuda.products import ProductCall, fuse_products
from nnkit.engine.device import cuda_twin
from nnkit.engine.references import Reference
from nnkit.engine.tape import Call
from nnkit.kernels.cuda._cuda import CudaKernel

__all__ = ["KernelLaunch", "Launch", "launches"]


class Launch(Protocol):
    """Work that is queued by calling it, once its operands have been placed.

    Attributes
    ----------
    name : str
    owner : object
        The part of the model that asked for it.
    """

    name: str
    owner: Any

    def place(self) -> None:
        """Find the operands' addresses, and prepare all that may not be done in a capture."""

    def __call__(self) -> None:
        """Queue it."""


def launches(calls: Sequence[Call], places: Places) -> list[Launch]:
    """The launches for some calls, in their order."""
    lt = places.driver.lt
    if lt is None:
        return [_kernel_launch(call, places) for call in calls]
    return [_launch(entry, places, lt) for entry in fuse_products(calls, places.lasts)]


def _launch(entry: Call | ProductCall, places: Places, lt: Lt) -> Launch:
    if isinstance(entry, ProductCall):
        return ProductLaunch(entry, places, lt)
    return _kernel_launch(entry, places)


def _kernel_launch(call: Call, places: Places) -> KernelLaunch:
    return KernelLaunch(cuda_twin(call.kernel), _operands(call), call.owner, places)


def _operands(call: Call) -> list[Any]:
    """A call's arguments as kernels for devices take them: elementwise ones get arrays flat."""
    result: list[Any] = []
    for name, argument in zip(call.kernel.parameters, call.arguments, strict=True):
        if isinstance(argument, Reference):
            is_flat = call.kernel.elementwise and name in call.kernel.split
            result.append(argument.reshaped(argument.size) if is_flat else argument)
        else:
            whole = isinstance(argument, (bool, int, np.integer))
            result.append(int(argument) if whole else float(argument))
    return result


class KernelLaunch:
    """The launch of a kernel.

    Parameters
    ----------
    kernel : CudaKernel
    arguments : sequence
        Numbers and references.
    owner : object
    places : Places
    """

    def __init__(
        self, kernel: CudaKernel, arguments: Sequence[Any], owner: Any, places: Places
    ) -> None:
        self.name, self.owner, self.places = kernel.name, owner, places
        self._kernel, self._operands = kernel, arguments
        self._launch: Callable[..., None] = kernel
        self._arguments: Sequence[Any] = ()

    def place(self) -> None:
        """Resolve the operands, and choose how many threads there are."""
        self._arguments = [self.places.resolve(operand) for operand in self._operands]
        self._launch = self.places.driver.launcher(self._kernel, self._arguments)

    def __call__(self, **numbers: int) -> None:
        """Queue it, with other numbers than it was recorded with if some are given."""
        named = zip(self._kernel.parameters, self._arguments, strict=True)
        self._launch(*(numbers.get(name, argument) for name, argument in named))


class ProductLaunch:
    """A product by cuBLASLt, or by nnkit's own kernels where that has no algorithm."""

    def __init__(self, call: ProductCall, places: Places, lt: Lt) -> None:
        self.name, self.owner, self.places = call.name, call.owner, places
        self._arrays = call.a, call.b, call.c, call.extra
        self._product = Product(lt, call.a, call.b, call.epilogue, config.matmul_precision())
        # The calls one by one: first as products of their own, then as kernels.
        fused = len(call.calls) > 1
        self._apart = [
            _launch(entry if fused else whole, places, lt)
            for whole, entry in zip(call.calls, call.apart(), strict=True)
        ]
        self._planned = False
        self._addresses = 0, 0, 0, 0

    def place(self) -> None:
        """Find addresses and an algorithm."""
        a, b, c, extra = map(self._address, self._arrays)
        self._addresses = a, b, c, extra
        self._planned = self._product.plan(*self._addresses)
        for launch in [] if self._planned else self._apart:
            launch.place()

    def _address(self, reference: Reference | None) -> int:
        if reference is None:
            return 0
        memory, offset = self.places.find(reference)
        return memory.address + offset

    def __call__(self) -> None:
        """Queue it."""
        if not self._planned:
            for launch in self._apart:
                launch()
            return
        driver = self.places.driver
        self._product.run(*self._addresses, driver.workspace.address, driver.stream)
