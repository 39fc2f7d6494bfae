"""Commands: ``python -m nnkit devices`` and ``python -m nnkit inspect model.h5``.

The first says which devices can be used, and what the others lack; the second what is in a file.
"""

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
    inspect = commands.add_parser("inspect", help="what is in a model's file; nothing is built")
    inspect.add_argument("path", help="an HDF5 file that nnkit or Keras wrote")
    inspect.set_defaults(run=_inspect)
    options = parser.parse_args(arguments)
    options.run(options)


def _inspect(options: argparse.Namespace) -> None:
    from nnkit.saving import inspect

    try:
        sys.stdout.write(f"{inspect(options.path)}\n")
    except (OSError, nnkit.errors.FileFormatError) as error:
        sys.exit(f"nnkit: {error}")


def _devices(options: argparse.Namespace) -> None:
    about = f"nnkit {nnkit.__version__}, Python {platform.python_version()}, {platform.platform()}"
    sys.stdout.write(f"{about}\n\n{diagnose()}\n")


if __name__ == "__main__":
    main()
