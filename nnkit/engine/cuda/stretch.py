"""Work that runs on a device from one end to the other, as graphs."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from nnkit.engine.cuda.driver import Driver, Graph
from nnkit.engine.cuda.launches import Launch
from nnkit.engine.cuda.options import options
from nnkit.errors import DeviceError

__all__ = ["Stretch"]

_log = logging.getLogger("nnkit")
# Graphs that are kept: each belongs to certain addresses of the data and a number of steps.
_MOST_GRAPHS = 8
# Bytes of a launch on the host, and in a graph.
_LAUNCH, _NODE = 4000, 1000


class Stretch:
    """Launches from the first to the last, as graphs of one step and of several.

    Parameters
    ----------
    launches : sequence of Launch
    driver : Driver

    Attributes
    ----------
    nbytes : int
        About what it takes, on the host and on the device.
    """

    def __init__(self, launches: Sequence[Launch], driver: Driver) -> None:
        self.driver, self._launches = driver, launches
        self._placed: tuple[int, ...] = ()
        self._checked = not launches
        self._graphs: dict[tuple[int, ...], Graph | None] = {}
        # Mostly there are two graphs: of one step, and of several.
        self.nbytes = len(launches) * (_LAUNCH + _NODE * (1 + options.unroll))

    def run(self, addresses: tuple[int, ...], steps: int) -> None:
        """Queue the launches so many times; the operands are resolved if an address is new."""
        if addresses != self._placed:
            self._placed = addresses
            for launch in self._launches:
                launch.place()
        if not self._checked and steps:
            # Compiles the kernels, which no capture may do.
            self._one_by_one()
            self._checked = True
            steps -= 1
        while steps and self._launches:
            many = options.unroll if steps >= options.unroll else 1
            graph = self._graph(many) if options.graphs else None
            if graph is None:
                self._one_by_one()
                steps -= 1
                continue
            for _ in range(steps // many):
                graph.launch()
            steps %= many

    def _one_by_one(self) -> None:
        """Launch and wait, so that a kernel that fails is named."""
        for launch in self._launches:
            try:
                launch()
                self.driver.synchronize()
            except DeviceError as error:
                owner = launch.owner
                name = getattr(owner, "name", None) or type(owner).__name__
                whose = "" if owner is None else f" of {name!r}"
                raise DeviceError(f"kernel {launch.name}{whose} failed: {error}") from error

    def _graph(self, steps: int) -> Graph | None:
        """The graph of some steps at the present addresses; None if it can't be captured."""
        key = (steps, *self._placed)
        if key not in self._graphs:
            while len(self._graphs) >= _MOST_GRAPHS:
                del self._graphs[next(iter(self._graphs))]
            try:
                with self.driver.capture() as graph:
                    for launch in [*self._launches] * steps:
                        launch()
                self._graphs[key] = graph
            except DeviceError as error:
                _log.warning("a step is launched kernel by kernel, as its graph failed: %s", error)
                self._graphs[key] = None
        return self._graphs[key]
