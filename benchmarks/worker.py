"""One library in a process of its own, so that thread pools and memory don't meet.

The parent sends ``[method, arguments]`` as a line of JSON and gets ``{"result": ...}`` or
``{"error": ...}`` back; the methods are those of an object that the child makes.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]


class Worker:
    """The parent's end.

    ``target`` names the class of the child's object, as ``"module:Class"``.
    """

    def __init__(self, target, *arguments, environment=None):
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", target, json.dumps(arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=ROOT,
            env=os.environ | (environment or {}),
        )

    def call(self, method, *arguments):
        try:
            self._process.stdin.write(json.dumps([method, arguments]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # It has ended; reading says so too.
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise RuntimeError(f"a worker ended in {method}:\n{self._errors.read()[-2000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{method} failed in a worker:\n{answer['error']}")
        return answer["result"]

    def kill(self):
        """End the process now; a call that waits for it fails."""
        self._process.kill()

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def serve(target, arguments):
    """Answer the parent until it closes the pipe; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, name = target.split(":")
    served = None
    for line in sys.stdin:
        method, given = json.loads(line)
        try:
            if served is None:
                served = getattr(import_module(module), name)(*arguments)
            answer = {"result": getattr(served, method)(*given)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]))
