"""nnkit: neural networks in pure Python, easy to read and fast to run.

Stack layers, compile, fit::

    import nnkit
    from nnkit.layers import Dense, Softmax, Tanh

    model = nnkit.Sequential([nnkit.Input((784,)), Dense(128), Tanh(), Dense(10), Softmax()])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=5)
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from nnkit import (
    activations,
    callbacks,
    config,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    saving,
    testing,
    utils,
)
from nnkit._version import __version__
from nnkit.engine.device import launch
from nnkit.engine.devices import device, get_device, set_device
from nnkit.kernels._jit import Kernel, kernel
from nnkit.layers import Input
from nnkit.models import Sequential
from nnkit.saving import load_model

if TYPE_CHECKING:
    from nnkit import ops

__all__ = [
    "Input",
    "Kernel",
    "Sequential",
    "__version__",
    "activations",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "device",
    "get_device",
    "initializers",
    "kernel",
    "launch",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "ops",
    "optimizers",
    "regularizers",
    "saving",
    "set_device",
    "testing",
    "utils",
]


def __getattr__(name: str) -> ModuleType:
    """``nnkit.ops`` when it is first used: with symbolic programs it takes half of the import."""
    if name == "ops":
        return importlib.import_module("nnkit.ops")
    raise AttributeError(f"module 'nnkit' has no attribute {name!r}")
