"""What a call of the tape becomes on a device: the launch of a kernel, or a product by cuBLASLt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnkit import config
from nnkit.engine.cuda.blas import Product
from nnkit.engine.cuda.places import Places
from nnkit.engine.cuda.products import ProductCall, fuse_products
from nnkit.engine.dispatch import cuda_twin
from nnkit.engine.references import Reference
from nnkit.engine.tape import Call
from nnkit.kernels.cuda._cuda import CudaKernel

__all__ = ["KernelLaunch", "Launch", "launches"]


def launches(calls: Sequence[Call], places: Places) -> list[Launch]:
    """The launches for some calls, in their order."""
    found = calls if places.driver.lt is None else fuse_products(calls, places.lasts)
    return [_launch(entry, places) for entry in found]


def _launch(entry: Call | ProductCall, places: Places) -> Launch:
    if isinstance(entry, ProductCall):
        return ProductLaunch(entry, places)
    return KernelLaunch(cuda_twin(entry.kernel), _operands(entry), entry.owner, places)


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
    """The launch of a kernel: it is queued by calling it, once its operands have been placed.

    Parameters
    ----------
    kernel : CudaKernel
    arguments : sequence
        Numbers and references.
    owner : object
        The part of the model whose work it is, for error messages.
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
        """Find the operands, and choose how many threads there are: no capture may do this."""
        self._arguments = [self.places.resolve(operand) for operand in self._operands]
        self._launch = self.places.driver.launcher(self._kernel, self._arguments)

    def __call__(self, **numbers: int) -> None:
        """Queue the kernel; numbers that are given replace the recorded ones of their names."""
        named = zip(self._kernel.parameters, self._arguments, strict=True)
        self._launch(*(numbers.get(name, argument) for name, argument in named))


class ProductLaunch:
    """A product by cuBLASLt, or by nnkit's own kernels where that has no algorithm."""

    def __init__(self, call: ProductCall, places: Places) -> None:
        self.name, self.owner, self.places = call.name, call.owner, places
        self._arrays = call.a, call.b, call.c, call.extra
        lt: Any = places.driver.lt  # There is one: without it, a product is a call of a kernel.
        self._product = Product(lt, call.a, call.b, call.epilogue, config.matmul_precision())
        self._apart = [_launch(entry, places) for entry in call.apart()]
        self._planned = False
        self._addresses = 0, 0, 0, 0

    def place(self) -> None:
        """Find the operands' addresses and an algorithm, which no capture may do."""
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
        """Queue the product."""
        if not self._planned:
            for launch in self._apart:
                launch()
            return
        driver = self.places.driver
        self._product.run(*self._addresses, driver.workspace.address, driver.stream)


Launch = KernelLaunch | ProductLaunch
