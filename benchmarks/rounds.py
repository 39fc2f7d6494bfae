"""Rounds: everybody measured in turn, so that a noisy minute hits all alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

# Idle threads of scikit-learn and onnxruntime spin for up to a tenth of a second before they sleep.
_PAUSE = 0.15


@dataclass(frozen=True)
class Pace:
    """How much is measured."""

    seconds: float  # That one turn lasts.
    rounds: int
    starts: int  # Of a process, to time the start.
    samples: int  # That are trained on at most.
    scale: int  # Of the repetitions in which memory may grow.


FULL = Pace(seconds=0.5, rounds=9, starts=5, samples=59904, scale=1000)
QUICK = Pace(seconds=0.1, rounds=3, starts=1, samples=2560, scale=50)


def in_turn(turns: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Call every function once a round; what each returned, in the order of the rounds."""
    results: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            time.sleep(_PAUSE)
            results[name].append(turn())
    return results


def times(others: list[float], ours: list[float]) -> float:
    """How many times as long others take: the median over the rounds, each by itself."""
    return median(other / our for other, our in zip(others, ours, strict=True))


def repeats(seconds: float, wanted: float) -> int:
    """How often to do what takes so many seconds, to fill the wanted time."""
    return max(1, round(wanted / seconds))


def spread(values: list[float], digits: int = 0) -> list[str]:
    """The median of some values, and the smallest and the largest."""
    low, high = min(values), max(values)
    return [f"{median(values):.{digits}f}", f"{low:.{digits}f}-{high:.{digits}f}"]
