"""NotebookLine: a line of output in a notebook that a progress bar rewrites."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["NotebookLine"]


class NotebookLine:
    """A line among a cell's outputs that is rewritten; to tqdm it is a file.

    Text printed with carriage returns would be saved with the notebook in all its versions. This
    line is an output of its own, of which a notebook saves the last version, or none after
    :meth:`clear`.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        self._display: Any = None
        self._text = ""

    def write(self, text: str) -> None:
        """Replace the line by a text that begins with a carriage return; ignore other texts."""
        if text.startswith("\r"):  # Other texts move a terminal's cursor.
            self._show(text.strip())

    def flush(self) -> None:
        """Do nothing: :meth:`write` has no buffer."""

    def clear(self) -> None:
        """Remove the line from the cell's outputs."""
        self._show("")

    def _show(self, text: str) -> None:
        if text == self._text:
            return
        self._text = text
        # An empty text would be shown as an empty line.
        content = {"text/plain": text} if text else {"text/plain": "", "text/html": ""}
        if self._display is None:
            display = importlib.import_module("IPython.display").display
            self._display = display(content, raw=True, display_id=True)
        else:
            self._display.update(content, raw=True)
