"""Optimizers, one class a file."""

from nnkit.optimizers.adam import Adam
from nnkit.optimizers.base import Optimizer, deserialize, get, serialize
from nnkit.optimizers.rmsprop import RMSprop
from nnkit.optimizers.sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer", "RMSprop", "deserialize", "get", "serialize"]
