"""Learning rates that follow the number of the step, one class a file."""

from typing import TYPE_CHECKING

from nnkit.missing import missing
from nnkit.optimizers.schedules.base import LearningRateSchedule, deserialize, get, serialize

if TYPE_CHECKING:
    from nnkit.optimizers.schedules.cosine_decay import CosineDecay
    from nnkit.optimizers.schedules.cosine_decay_restarts import CosineDecayRestarts
    from nnkit.optimizers.schedules.exponential_decay import ExponentialDecay
    from nnkit.optimizers.schedules.inverse_time_decay import InverseTimeDecay
    from nnkit.optimizers.schedules.linear_warmup import LinearWarmup
    from nnkit.optimizers.schedules.one_cycle import OneCycle
    from nnkit.optimizers.schedules.piecewise_constant_decay import PiecewiseConstantDecay
    from nnkit.optimizers.schedules.polynomial_decay import PolynomialDecay
    from nnkit.optimizers.schedules.sequential_schedule import SequentialSchedule

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "LinearWarmup",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "SequentialSchedule",
    "deserialize",
    "get",
    "serialize",
]

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__, "schedule")
