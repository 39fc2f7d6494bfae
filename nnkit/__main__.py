"""``python -m nnkit`` and its commands: ``devices`` and ``inspect``."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence

import nnkit
from nnkit.arguments import did_you_mean
from nnkit.engine.cuda.diagnosis import diagnose

_ABOUT = f"nnkit {nnkit.__version__}, Python {platform.python_version()}, {platform.platform()}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; without one, list the commands."""
    parser = argparse.ArgumentParser(
        prog="python -m nnkit",
        description=nnkit.__doc__.splitlines()[0] if nnkit.__doc__ else None,
        epilog="'python -m nnkit COMMAND --help' says what a command takes.",
    )
    parser.add_argument("--version", action="version", version=_ABOUT)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    about = "which devices can be used, and what a GPU lacks"
    devices = commands.add_parser("devices", help=about, description=f"Say {about}.")
    devices.set_defaults(run=_devices)

    about = "what is in a model's file; nothing of it is run"
    inspect = commands.add_parser("inspect", help=about, description=f"Say {about}.")
    inspect.add_argument("file", nargs="+", help="an HDF5 file of nnkit's or Keras's")
    inspect.set_defaults(run=_inspect)

    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and not given[0].startswith("-") and given[0] not in commands.choices:
        near = did_you_mean(given[0], commands.choices)
        parser.error(f"there is no command {given[0]!r}{near} There are: devices, inspect")
    options = parser.parse_args(given)
    if hasattr(options, "run"):
        options.run(options)
    else:
        parser.print_help()


def _devices(options: argparse.Namespace) -> None:
    sys.stdout.write(f"{_ABOUT}\n\n{diagnose()}\n")


def _inspect(options: argparse.Namespace) -> None:
    for file in options.file:
        try:
            text = nnkit.saving.inspect(file)
        except (OSError, ValueError) as error:
            sys.exit(f"nnkit: {error}")
        sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
