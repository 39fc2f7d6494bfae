"""The libraries that are measured, each behind the same few methods.

An adapter is made of a case and starting weights, and has

- ``load(x, y)``: bring the data to where the library wants it, before any clock runs;
- ``train(epochs)``: train for a range of epochs, and come back when all is done;
- ``weights()``: the weights in Keras's layout;
- ``predictors()``: functions from a NumPy array to a NumPy array of probabilities, by name.

One that only predicts has no ``load``, ``train`` and ``weights``.
"""

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Peer:
    """Where an adapter is, and what it needs."""

    name: str
    module: str
    adapter: str
    needs: tuple[str, ...]  # Modules to import; their distributions have their names.
    trains: bool = True
    predicts: bool = True
    own_order: bool = False  # It shuffles by a generator of its own.

    def missing(self) -> list[str]:
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    def load(self) -> Any:
        """The adapter's class; this imports the library."""
        return getattr(importlib.import_module(f"benchmarks.peers.{self.module}"), self.adapter)


_ALL = [
    Peer("nnkit", "nnkit_", "Nnkit", ("nnkit",)),
    Peer("nnkit uint8", "nnkit_", "NnkitBytes", ("nnkit",), predicts=False),
    Peer("torch", "torch_", "Torch", ("torch",)),
    Peer("jax step", "jax_", "JaxStep", ("jax",), predicts=False),
    Peer("jax scan", "jax_", "JaxScan", ("jax",), predicts=False),
    Peer("keras", "keras_", "Keras", ("keras", "jax"), own_order=True),
    Peer("scikit-learn", "sklearn_", "Sklearn", ("sklearn",), own_order=True),
    Peer("onnxruntime", "onnx_", "OnnxRuntime", ("onnxruntime", "onnx"), trains=False),
]
PEERS = {peer.name: peer for peer in _ALL}
