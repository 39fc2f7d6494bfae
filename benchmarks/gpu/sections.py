"""Parts of a check, item by item, each part within its share of the time."""

import threading
import time
from dataclasses import asdict, dataclass

from benchmarks.report import Table
from benchmarks.worker import Worker

# What has begun at a deadline may take this much longer; then its process is ended.
GRACE = 15.0
OK, FAILED, LATE = "ok", "**failed**", "not reached"


class Deadline:
    """A moment, and how far off it is."""

    def __init__(self, seconds):
        self._end = time.monotonic() + seconds

    @property
    def left(self):
        return self._end - time.monotonic()


class Process:
    """A worker that is ended when it does not answer in time, and replaced after a failure.

    A kernel that fails may have spoilt the device for its process.
    """

    def __init__(self, target, *arguments, environment=None):
        self._start = lambda: Worker(target, *arguments, environment=environment)
        self._worker = None

    def call(self, deadline, method, *arguments):
        """What the method returns; a RuntimeError if it fails, or lasts too long."""
        if self._worker is None:
            self._worker = self._start()
        timer = threading.Timer(max(0, deadline.left) + GRACE, self._worker.kill)
        timer.start()
        try:
            return self._worker.call(method, *arguments)
        except RuntimeError as error:
            self.close()
            if deadline.left <= -GRACE:
                raise RuntimeError(f"{method} had not come to an end in time") from error
            raise
        finally:
            timer.cancel()

    def close(self):
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@dataclass
class Outcome:
    """What became of an item."""

    name: str
    state: str
    text: str = ""  # The result, or the last line of the error.
    value: object = None
    error: str = ""

    @classmethod
    def failure(cls, name, error):
        lines = str(error).strip().splitlines()
        return cls(name, FAILED, lines[-1] if lines else "", error=str(error))


@dataclass(frozen=True)
class Section:
    """Items of one kind.

    Parameters
    ----------
    title : str
    target : str
        ``"module:Class"`` of what does them, in a process of its own: made with ``short``, its
        ``items()`` gives names, its ``measure(name)`` a text and a value, or an exception.
    """

    title: str
    target: str

    def run(self, short, deadline):
        """The outcome of every item."""
        with Process(self.target, short) as process:
            try:
                names = process.call(deadline, "items")
            except RuntimeError as error:
                return [Outcome.failure("the start", error)]
            return [self._measure(process, name, deadline) for name in names]

    def _measure(self, process, name, deadline):
        if deadline.left <= 0:
            return Outcome(name, LATE)
        try:
            text, value = process.call(deadline, "measure", name)
        except RuntimeError as error:
            return Outcome.failure(name, error)
        return Outcome(name, OK, text, value)

    def table(self, outcomes):
        """A row an item; below, the errors in full."""
        rows = [[o.name, o.state, o.text.replace("|", "\\|")] for o in outcomes]
        errors = [f"{o.name}:\n\n```\n{o.error.strip()}\n```" for o in outcomes if o.error]
        data = [asdict(o) for o in outcomes]
        return Table(self.title, ["check", "", "result"], rows, data, "\n\n".join(errors))
