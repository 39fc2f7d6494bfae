"""Who trains on the GPU.

An adapter is made of a case and starting weights, and has

- ``load(x, y)``: bring the data to the device, before any clock runs;
- ``train(epochs)``: seconds that the epochs of a range took;
- ``weights()``: the weights in Keras's layout.
"""

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

from benchmarks.gpu.cases import COMPILED, EAGER, GRAPH, SCAN


@dataclass(frozen=True)
class Peer:
    """Where an adapter is, and which cases it trains; none named: all."""

    module: str
    adapter: str
    needs: str
    cases: tuple[str, ...] = ()

    @property
    def missing(self) -> bool:
        return importlib.util.find_spec(self.needs) is None

    def load(self) -> Any:
        """The adapter's class; this imports the library."""
        return getattr(importlib.import_module(f"{__name__}.{self.module}"), self.adapter)


_NARROW = ("small", "batch")  # The fused kernels do a single small hidden layer.

PEERS = {
    "nnkit": Peer("nnkit_fit", "Nnkit", "nnkit"),
    "nnkit graph": Peer("nnkit_fit", "NnkitGraph", "nnkit"),
    "nnkit unrolled": Peer("nnkit_fit", "NnkitUnrolled", "nnkit"),
    "nnkit three": Peer("nnkit_fit", "NnkitThree", "nnkit", _NARROW),
    "nnkit persistent": Peer("nnkit_fit", "NnkitPersistent", "nnkit", _NARROW),
    GRAPH: Peer("torch_step", "TorchGraph", "torch"),
    SCAN: Peer("jax_step", "JaxScan", "jax"),
    EAGER: Peer("torch_step", "TorchEager", "torch"),
    # It compiles for long.
    COMPILED: Peer("torch_step", "TorchCompiled", "torch", ("small", "wide")),
}
