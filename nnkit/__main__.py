"""``python -m nnkit devices`` says which devices can be used, and what the others lack."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence

import nnkit
from nnkit.engine.cuda.diagnosis import diagnose


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(prog="python -m nnkit", description=nnkit.__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    devices = commands.add_parser("devices", help="what a GPU needs, and what is here of it")
    devices.set_defaults(run=_devices)
    parser.parse_args(arguments).run()


def _devices() -> None:
    about = f"nnkit {nnkit.__version__}, Python {platform.python_version()}, {platform.platform()}"
    sys.stdout.write(f"{about}\n\n{diagnose()}\n")


if __name__ == "__main__":
    main()
