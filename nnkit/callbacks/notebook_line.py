"""NotebookLine: where a bar moves in a notebook."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["NotebookLine"]


class NotebookLine:
    """A line among a cell's outputs that is written anew again and again, as a file for tqdm.

    What is printed with carriage returns is saved with the notebook, every piece of it. This line
    is an output of its own: only its last text is saved, and none after :meth:`clear`.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        self._display: Any = None
        self._text = ""

    def write(self, text: str) -> None:
        """Put a text in the place of the one before; it begins with a carriage return."""
        if text.startswith("\r"):  # Else tqdm moves between the lines of a terminal.
            self._show(text.strip())

    def flush(self) -> None:
        """Nothing waits to be written."""

    def clear(self) -> None:
        """Leave nothing to be seen."""
        self._show("")

    def _show(self, text: str) -> None:
        if text == self._text:
            return
        self._text = text
        # An empty text would be an empty line.
        content = {"text/plain": text} if text else {"text/plain": "", "text/html": ""}
        if self._display is None:
            display = importlib.import_module("IPython.display").display
            self._display = display(content, raw=True, display_id=True)
        else:
            self._display.update(content, raw=True)
