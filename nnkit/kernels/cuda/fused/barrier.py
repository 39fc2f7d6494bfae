"""A barrier for all blocks of a grid, which must all be on the device at once."""

import numba

from nnkit.kernels.cuda._cuda import SIMULATED, cuda, device
from nnkit.kernels.cuda.fused.parts import index

# How often a block looks for the others before it gives up: some seconds.
_PATIENCE = 1 << 24


def _make_latest():
    """``latest(x)`` reads x[0], int64, anew each time.

    The load of ``cuda.ldcv`` is free to move out of a loop, since the compiler doesn't know that
    others write there.
    """
    if SIMULATED:
        return device(lambda x: x[0])

    from llvmlite import ir  # pragma: no cover

    @cuda.extending.intrinsic  # pragma: no cover
    def latest(context, x):
        def generate(context, builder, signature, arguments):
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            load = ir.InlineAsm(
                ir.FunctionType(ir.IntType(64), [array.data.type]),
                "ld.relaxed.gpu.global.s64 $0, [$1];",
                "=l,l,~{memory}",
                side_effect=True,
            )
            return builder.call(load, [array.data])

        return numba.int64(x), generate

    return latest  # pragma: no cover


latest = _make_latest()


@device
def arrive(arrived):
    """Count this block, and let the others see what it has written."""
    cuda.syncthreads()
    if index() == 0:
        cuda.threadfence()
        cuda.atomic.add(arrived, 0, 1)


@device
def wait(arrived, target, stuck):
    """Wait until ``target`` blocks have been counted, and see what they have written.

    stuck[0] becomes 1, in shared memory, if they don't come.
    """
    if index() == 0:
        left = _PATIENCE
        while left > 0 and latest(arrived) < target:
            left -= 1
        if left == 0:
            stuck[0] = 1
        cuda.threadfence()
    cuda.syncthreads()
