"""The loops of a generated kernel as text: for the CPU here, for GPUs in ``cuda_nest.py``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["LETTERS", "TYPES", "Nest"]

_INTEGERS = [f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)]
#: Data types by their names in the text.
TYPES = {kind: getattr(np, kind) for kind in ("float32", "float64", *_INTEGERS)}
TYPES["bool"] = np.bool_

#: The loops' variables, from the outermost.
LETTERS = "ijklmnop"


@dataclass(frozen=True)
class Nest:
    """Loops, one in the other.

    Attributes
    ----------
    parameters : tuple of str
        What the kernel takes; ``y`` is written.
    extents : tuple of str
        How often each loop runs.
    summed : tuple of bool
        For each loop whether it goes along an axis that is added up. These are the inner ones;
        but a sum over rows that lie one after the other has them outside, see :meth:`on_cpu`.
    adds : bool
        Whether anything is added up; the axes may all be of size 1.
    columns : bool
        Whether elements that lie side by side in memory belong to different sums.
    body : tuple of tuples of str
        The statements before the first loop, in the first, in the second...
    target, value : str
        The element of ``y``, and what it becomes, or what is added to it.
    dtype : str
        Of ``y``.
    """

    parameters: tuple[str, ...]
    extents: tuple[str, ...]
    summed: tuple[bool, ...]
    adds: bool
    columns: bool
    body: tuple[tuple[str, ...], ...]
    target: str
    value: str
    dtype: str

    @property
    def kept(self) -> int:
        """How many loops are not along axes that are added up."""
        return self.summed.count(False)

    @property
    def row_by_row(self) -> bool:
        """Whether the loop that adds up is the outer one."""
        return self.summed == (True, False)

    def on_cpu(self) -> str:
        """The source of the kernel.

        A sum over the leading axes goes through memory as it lies, row after row, and adds to all
        totals at once; its workers share the columns.
        """
        total = "float64" if self.dtype.startswith("float") else self.dtype
        lines = [f"def fused({', '.join(self.parameters)}):"]
        if self.row_by_row:
            lines += ["    for j in range(y.shape[0]):", f"        y[j] = {self.dtype}(0)"]
        for depth, statements in enumerate(self.body):
            pad = "    " * (depth + 1)
            lines += [pad + statement for statement in statements]
            if self.adds and not self.row_by_row and depth == self.kept:
                lines.append(f"{pad}total = {total}(0)")
            if depth < len(self.extents):
                lines.append(f"{pad}for {LETTERS[depth]} in range({self.extents[depth]}):")
        pad = "    " * len(self.body)
        if not self.adds:
            lines.append(f"{pad}{self.target} = {self.value}")
        elif self.row_by_row:
            lines.append(f"{pad}{self.target} += {self.value}")
        else:
            lines.append(f"{pad}total += {self.value}")
            lines.append(f"{'    ' * (self.kept + 1)}{self.target} = {self.dtype}(total)")
        return "\n".join(lines)
