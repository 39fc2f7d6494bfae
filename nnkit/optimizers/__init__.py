"""Optimizers, one class a file, and schedules of learning rates."""

from typing import TYPE_CHECKING

from nnkit.missing import missing
from nnkit.optimizers import schedules
from nnkit.optimizers.base import Optimizer, deserialize, get, serialize

if TYPE_CHECKING:
    from nnkit.optimizers.adadelta import Adadelta
    from nnkit.optimizers.adafactor import Adafactor
    from nnkit.optimizers.adagrad import Adagrad
    from nnkit.optimizers.adam import Adam
    from nnkit.optimizers.adamax import Adamax
    from nnkit.optimizers.adamw import AdamW
    from nnkit.optimizers.ftrl import Ftrl
    from nnkit.optimizers.lamb import Lamb
    from nnkit.optimizers.lbfgs import LBFGS
    from nnkit.optimizers.lion import Lion
    from nnkit.optimizers.muon import Muon
    from nnkit.optimizers.nadam import Nadam
    from nnkit.optimizers.rmsprop import RMSprop
    from nnkit.optimizers.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]


if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__, "optimizer")
