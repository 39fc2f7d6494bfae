"""nnkit: neural networks in pure Python, easy to read and fast to run.

Stack layers, compile, fit::

    import nnkit
    from nnkit.layers import Dense, Softmax, Tanh

    model = nnkit.Sequential([nnkit.Input((784,)), Dense(128), Tanh(), Dense(10), Softmax()])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=5)
"""

from __future__ import annotations

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
    models,
    optimizers,
    regularizers,
    saving,
    utils,
)
from nnkit._version import __version__
from nnkit.engine.devices import device, get_device, set_device
from nnkit.engine.dispatch import launch
from nnkit.engine.variable import Variable
from nnkit.initializers import Initializer
from nnkit.kernels._jit import Kernel, kernel
from nnkit.layers import Input, InputSpec, Layer
from nnkit.losses import Loss
from nnkit.metrics import Metric
from nnkit.missing import explain_missing, missing
from nnkit.models import Model, Sequential
from nnkit.optimizers import Optimizer
from nnkit.paths import install as _install_paths
from nnkit.regularizers import Regularizer

if TYPE_CHECKING:
    from nnkit import backend, ops, preprocessing, random, testing, wrappers
    from nnkit import cuda as cuda
    from nnkit import symbolic as symbolic
    from nnkit.saving import load_model

__all__ = [
    "Initializer",
    "Input",
    "InputSpec",
    "Kernel",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "Variable",
    "__version__",
    "activations",
    "backend",
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
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "set_device",
    "testing",
    "utils",
    "wrappers",
]

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
    explain_missing()
    _install_paths()
