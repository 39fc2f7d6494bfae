"""Microseconds a training step: nnkit's ways, torch's and JAX's, in turn."""

import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.gpu.cases import CASES, COMPILED, GRAPH, PRODUCT, SCAN, TINY
from benchmarks.gpu.peers import PEERS
from benchmarks.gpu.sections import FAILED, LATE, OK, Process
from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, repeats, spread

ROUNDS, SECONDS = 3, 0.4  # Of a peer, and of one turn at least.
_NOTE = (
    "The loss is that of 4096 samples after two epochs, from the same weights in the same order of "
    "batches; torch's Adam adds its epsilon elsewhere than Keras's, nnkit's and the one written in "
    "JAX. The first epoch is with all that comes before it: compiling, capturing, and bringing the "
    "data to the device."
)


@dataclass
class Result:
    """How a peer trained a case."""

    peer: str
    state: str = LATE
    microseconds: tuple[float, ...] = ()  # Of a step, in every round.
    loss: float = 0.0
    first: float = 0.0  # Seconds.
    error: str = ""

    @property
    def median(self):
        return median(self.microseconds) if self.state == OK else None


class Training:
    """All cases, within a deadline.

    Parameters
    ----------
    short : bool
        A tiny case, by nnkit alone.
    deadline : Deadline
    """

    def __init__(self, short, deadline):
        self.deadline, self.rounds = deadline, 1 if short else ROUNDS
        self.seconds = 0 if short else SECONDS
        self.cases = {"tiny": TINY} if short else CASES
        self.missing = [name for name, peer in PEERS.items() if peer.missing]
        self.peers = [name for name in PEERS if name not in self.missing]
        if short:
            self.peers = ["nnkit", "nnkit graph"]

    def run(self):
        """The results by case."""
        environment = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        with ExitStack() as stack:
            processes = {}
            for name in self.peers:
                process = Process("benchmarks.gpu.subject:Subject", name, environment=environment)
                processes[name] = stack.enter_context(process)
            with ThreadPoolExecutor() as pool:  # Imports last seconds, but measure nothing.
                list(pool.map(self._ready, processes.values()))
            results = {name: [] for name in self.cases}
            # What compiles for long comes last, in case that time runs out.
            for last in (False, True):
                for name in self.cases:
                    group = [p for p in self._peers(name) if (p == COMPILED) == last]
                    results[name] += self._measure(name, {p: processes[p] for p in group})
        return results

    def _peers(self, case):
        return [p for p in self.peers if not PEERS[p].cases or case in PEERS[p].cases]

    def _ready(self, process):
        with suppress(RuntimeError):  # Its first case says why.
            process.call(self.deadline, "ready")

    def _measure(self, name, processes):
        case = self.cases[name]
        results = {peer: Result(peer) for peer in processes}
        turns = {}
        for peer, process in processes.items():
            if self.deadline.left <= 0:
                continue
            result = results[peer]
            epoch = self._try(result, process, "start", asdict(case))
            if epoch is not None:
                result.first, result.loss, seconds = epoch
                epochs = repeats(seconds, self.seconds)
                turns[peer] = self._turn(result, process, epochs, 1e6 / (epochs * case.steps))
        for peer, values in in_turn(turns, self.rounds).items():
            if results[peer].state == OK:
                results[peer].microseconds = tuple(values)
        return list(results.values())

    def _turn(self, result, process, epochs, scale):
        def turn():
            seconds = self._try(result, process, "train", epochs) if result.state == OK else None
            return math.nan if seconds is None else seconds * scale

        return turn

    def _try(self, result, process, method, argument):
        """What a call returns; None if it failed, which the result then says."""
        try:
            value = process.call(self.deadline, method, argument)
        except RuntimeError as error:
            result.state, result.error = FAILED, str(error)
            return None
        result.state = OK
        return value


def table(case, results):
    """All peers on a case."""
    ours = next(r.median for r in results if r.peer == "nnkit")
    rows = []
    for r in results:
        if r.state == OK:
            middle, ends = spread(r.microseconds, 1)
            figures = [middle, ends, _ratio(r.median, ours), f"{r.loss:.4f}", f"{r.first:.1f}"]
        else:
            figures = [r.state, "", "", "", ""]
        rows.append([r.peer, *figures])
    errors = [f"{r.peer}:\n\n```\n{r.error.strip()}\n```" for r in results if r.error]
    columns = ["", "µs a step", "least-most", "times nnkit's", "loss", "first epoch, s"]
    data = [asdict(r) for r in results]
    return Table(f"Training {case}", columns, rows, data, "\n\n".join([_NOTE, *errors]))


def summary(cases, results, ceilings):
    """nnkit against torch's graph and JAX, with targets.

    Parameters
    ----------
    cases : dict of str to Case
    results : dict of str to list of Result
    ceilings : dict of str to float
        What the device can do, as far as it was measured.
    """
    rows, data = [], {}
    for name, case in cases.items():
        times = {r.peer: r.median for r in results[name]}
        ours, graph, scan = (times.get(peer) for peer in ("nnkit", GRAPH, SCAN))
        aim, rate = case.aim, ceilings.get(PRODUCT[case.tf32])
        if case.of_floor and rate:
            aim = case.of_floor * 1e6 * case.operations / rate
        figures = [_time(ours), _time(graph), _ratio(graph, ours), _time(scan), _ratio(scan, ours)]
        wanted, reached = verdict(graph / ours if graph and ours else 0, case.targets.get(GRAPH))
        aimed, hit = verdict(ours or 0, aim, most=True)
        judged = [wanted, reached if graph and ours else "", aimed, hit if ours else ""]
        rows.append([str(case), *figures, *judged])
        data[name] = {"nnkit": ours, GRAPH: graph, SCAN: scan, "aim": aim}
    columns = ["µs a step", "nnkit", GRAPH, "ratio", SCAN, "ratio"]
    columns += ["target", "reached", "aim", "reached"]
    return Table("In short", columns, rows, data)


def _time(value):
    return "" if value is None else f"{value:.1f}"


def _ratio(theirs, ours):
    return f"{theirs / ours:.2f}" if theirs and ours else ""
