"""The products of a recorded step, and the calls that one launch can do along with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nnkit.engine.dispatch import launch
from nnkit.engine.references import Reference
from nnkit.engine.tape import Call

__all__ = ["ProductCall", "fuse_products"]


@dataclass(frozen=True, eq=False)
class ProductCall:
    """A product on a tape, with the call after it if one launch does both.

    Attributes
    ----------
    calls : tuple of Call
        The recorded calls whose work the product does.
    a, b, c : Reference
    extra : Reference or None
        The epilogue's vector.
    epilogue : str
        See :func:`nnkit.engine.cuda.blas.parameters`.
    """

    calls: tuple[Call, ...]
    a: Reference
    b: Reference
    c: Reference
    extra: Reference | None
    epilogue: str

    @property
    def name(self) -> str:
        """Names of the recorded kernels whose work it does."""
        return " + ".join(call.kernel.name for call in self.calls)

    @property
    def owner(self) -> Any:
        """The part of the model that the product belongs to."""
        return self.calls[0].owner

    def apart(self) -> Sequence[Call | ProductCall]:
        """What to launch where cuBLASLt has no algorithm: single products, or nnkit's kernels."""
        if len(self.calls) == 1:
            return self.calls
        return [_product(call) or call for call in self.calls]


def fuse_products(
    calls: Sequence[Call], lasts: Callable[[Reference], bool]
) -> list[Call | ProductCall]:
    """Find the products among some calls, and let each do the call after it where it can.

    That is the gradient of a bias, right after that of the kernel: ``matmul(x^T, dz, dW)`` and
    ``sum_rows(dz, 0, db)``. A ReLU stays apart: its gradient needs to know x = 0 from x < 0, and
    cuBLASLt's would turn NaN into 0.

    Parameters
    ----------
    calls : sequence of Call
        In the order of the tape.
    lasts : callable
        Whether an array outlives the step. An array in the arena that is first written by the
        second call may lie where an operand of the first has been.

    Returns
    -------
    list of Call or ProductCall
        In the order of ``calls``.
    """
    fused: list[Call | ProductCall] = []
    for call in calls:
        last = fused[-1] if fused else None
        if isinstance(last, ProductCall) and _sums_rows_of(last, call, lasts):
            calls_of_both, total = (*last.calls, call), call.arguments[2]
            fused[-1] = replace(last, calls=calls_of_both, extra=total, epilogue="sum_rows")
        else:
            fused.append(_product(call) or call)
    return fused


def _product(call: Call) -> ProductCall | None:
    """A call as a product, if cuBLASLt can multiply what it multiplies."""
    epilogues = {launch.matmul: "none", launch.matmul_add: "add", launch.matmul_bias: "bias"}
    if call.kernel not in epilogues:
        return None
    a, b, *extra, c = call.arguments
    if {x.dtype.name for x in (a, b, c, *extra)} not in ({"float32"}, {"float64"}):
        return None
    return ProductCall((call,), a, b, c, extra[0] if extra else None, epilogues[call.kernel])


def _sums_rows_of(product: ProductCall, call: Call, lasts: Callable[[Reference], bool]) -> bool:
    """Whether a call adds up all rows of a product's second operand."""
    if call.kernel is not launch.sum_rows or product.epilogue != "none":
        return False
    x, first, total = call.arguments
    same_type = x.dtype == total.dtype
    whole = x == product.b and first == 0 and total.size == x.shape[1]
    return whole and same_type and lasts(total)
