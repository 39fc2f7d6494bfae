"""What a call of the tape becomes on a device: the launch of a kernel, or a product by cuBLASLt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from nnkit import config
from nnkit.engine.cuda.blas import Lt, Product
from nnkit.engine.cuda.operands import Operands, operands_of
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


def launches(calls: Sequence[Call], operands: Operands) -> list[Launch]:
    """The launches for some calls, in their order."""
    lt = operands.driver.lt
    if lt is None:
        return [_kernel_launch(call, operands) for call in calls]
    return [_launch(entry, operands, lt) for entry in fuse_products(calls, operands.lasts)]


def _launch(entry: Call | ProductCall, operands: Operands, lt: Lt) -> Launch:
    if isinstance(entry, ProductCall):
        return ProductLaunch(entry, operands, lt)
    return _kernel_launch(entry, operands)


def _kernel_launch(call: Call, operands: Operands) -> KernelLaunch:
    return KernelLaunch(cuda_twin(call.kernel), operands_of(call), call.owner, operands)


class KernelLaunch:
    """The launch of a kernel.

    Parameters
    ----------
    kernel : CudaKernel
    arguments : sequence
        Numbers and references.
    owner : object
    operands : Operands
    """

    def __init__(
        self, kernel: CudaKernel, arguments: Sequence[Any], owner: Any, operands: Operands
    ) -> None:
        self.name, self.owner, self.operands = kernel.name, owner, operands
        self._kernel, self._operands = kernel, arguments
        self._launch: Callable[..., None] = kernel
        self._arguments: Sequence[Any] = ()

    def place(self) -> None:
        """Resolve the operands, and choose how many threads there are."""
        self._arguments = [self.operands.resolve(operand) for operand in self._operands]
        self._launch = self.operands.driver.launcher(self._kernel, self._arguments)

    def __call__(self, **numbers: int) -> None:
        """Queue it, with other numbers than it was recorded with if some are given."""
        named = zip(self._kernel.parameters, self._arguments, strict=True)
        self._launch(*(numbers.get(name, argument) for name, argument in named))


class ProductLaunch:
    """A product by cuBLASLt, or by nnkit's own kernels where that has no algorithm."""

    def __init__(self, call: ProductCall, operands: Operands, lt: Lt) -> None:
        self.name, self.owner, self.operands = call.name, call.owner, operands
        self._arrays = call.a, call.b, call.c, call.extra
        self._product = Product(lt, call.a, call.b, call.epilogue, config.matmul_precision())
        # The calls one by one: first as products of their own, then as kernels.
        fused = len(call.calls) > 1
        self._apart = [
            _launch(entry if fused else whole, operands, lt)
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
        memory, offset = self.operands.find(reference)
        return memory.address + offset

    def __call__(self) -> None:
        """Queue it."""
        if not self._planned:
            for launch in self._apart:
                launch()
            return
        driver = self.operands.driver
        self._product.run(*self._addresses, driver.workspace.address, driver.stream)
