"""What standard output can show, and numbers as short text."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

__all__ = ["has_width", "in_notebook", "is_live", "say", "short"]


def short(value: Any) -> str:
    """A result as text: a number, or an array of them."""
    if np.ndim(value):
        return f"[{' '.join(map(short, np.ravel(value)))}]"
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.4g}"


def say(line: str) -> None:
    """Write a line to standard output, if there is one."""
    if sys.stdout is not None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def is_live() -> bool:
    """Whether standard output can show a line that is rewritten."""
    if sys.stdout is None or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty() or in_notebook()


def has_width() -> bool:
    """Whether the terminal has a width: without a viewer it may be 0, and then shows nothing."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns > 0
    except (AttributeError, OSError, ValueError):  # Standard output is not a terminal.
        return True


def in_notebook() -> bool:
    """Whether this runs in a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__)
