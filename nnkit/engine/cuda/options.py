"""How a step is replayed on a GPU: switches for measuring and for finding faults."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Options", "options"]


@dataclass
class Options:
    """Changing one of these changes speed, never what is computed but for rounding.

    Attributes
    ----------
    graphs : bool
        Replay a CUDA graph. False: launch kernel after kernel, each waited for, so that a failing
        one is named with its layer.
    unroll : int
        Steps in one graph.
    fuse : {"auto", "none", "three", "persistent"}
        What becomes of the step of a small dense model: what :mod:`nnkit.engine.cuda.small` finds
        best, the general graph, three kernels, or one kernel for many steps.
    data_limit : int or None
        Bytes of a data set that are kept on the device; a larger one is streamed. None: what is
        free, less a reserve.
    """

    graphs: bool = True
    unroll: int = 16
    fuse: str = "auto"
    data_limit: int | None = None


options = Options()
