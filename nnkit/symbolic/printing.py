"""Printing of graphs, as formulas and as trees of text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TextIO

import numpy as np

from nnkit.symbolic.graph import Apply, FunctionGraph, Variable, toposort
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.elementwise import Cast, DimShuffle, Elemwise, Sum
from nnkit.symbolic.tensor.variable import TensorType
from nnkit.symbolic.tools.drawing import pydotprint

__all__ = ["Print", "debugprint", "dprint", "pp", "pprint", "pydotprint"]

# Name of the function: sign, and how tightly it binds.
_SIGNS = {
    "or_": ("|", 1),
    "xor": ("^", 2),
    "and_": ("&", 3),
    "lt": ("<", 0),
    "gt": (">", 0),
    "le": ("<=", 0),
    "ge": (">=", 0),
    "eq": ("==", 0),
    "neq": ("!=", 0),
    "add": ("+", 4),
    "sub": ("-", 4),
    "mul": ("*", 5),
    "true_div": ("/", 5),
    "int_div": ("//", 5),
    "mod": ("%", 5),
    "neg": ("-", 6),
    "pow": ("**", 7),
}
_TIGHT = 9
_LONGEST = 2000


def pprint(expression: Variable) -> str:
    """Format a graph as a formula.

    Parameters
    ----------
    expression : Variable

    Returns
    -------
    str
        What would be repeated beyond measure is left out: ``...``.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x, w, b = T.dmatrix("x"), T.dmatrix("w"), T.dvector("b")
    >>> pprint(T.tanh(T.dot(x, w) + b) * -(x - 1))
    'tanh(dot(x, w) + b) * -(x - 1)'
    """
    texts: dict[int, tuple[str, int]] = {}
    for node in toposort([expression]):
        parts = [texts.get(id(v), (repr(v), _TIGHT)) for v in node.inputs]
        for v in node.outputs:
            text, tightness = _formula(node, parts)
            if len(node.outputs) > 1:
                text = f"{text}[{v.index}]"
            texts[id(v)] = (text if len(text) <= _LONGEST else "...", tightness)
    return texts.get(id(expression), (repr(expression), _TIGHT))[0]


pp = pprint


def _formula(node: Apply, parts: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """An operation in terms of its operands: text, and how tightly it binds."""
    op, texts = node.op, [text for text, _ in parts]
    if isinstance(op, Elemwise):
        name = op.scalar.name
        if name in _SIGNS:
            return _infix(name, parts)
        return f"{name}({', '.join(texts)})", _TIGHT
    if isinstance(op, DimShuffle):
        taken = [axis for axis in op.pattern if axis != "x"]
        if op.pattern[len(op.pattern) - len(taken) :] == tuple(range(node.inputs[0].type.ndim)):
            return parts[0]  # Broadcasting would do that, too.
        inner = _within(parts[0], _TIGHT)
        if op.pattern == (1, 0):
            return f"{inner}.T", _TIGHT
        return f"{inner}.dimshuffle({', '.join(map(repr, op.pattern))})", _TIGHT
    if isinstance(op, Sum):
        axes = op.axes if len(op.axes) != 1 else op.axes[0]
        everything = len(op.axes) == node.inputs[0].type.ndim
        return f"sum({texts[0]}{'' if everything else f', axis={axes}'})", _TIGHT
    if isinstance(op, Cast):
        return f"cast({texts[0]}, {op.dtype!r})", _TIGHT
    name = repr(op)
    name = name.lower() if name == type(op).__name__ else name
    return f"{name}({', '.join(texts)})", _TIGHT


def _infix(name: str, parts: Sequence[tuple[str, int]]) -> tuple[str, int]:
    sign, tightness = _SIGNS[name]
    if len(parts) == 1:
        return f"{sign}{_within(parts[0], tightness)}", tightness
    # a - (b - c), but a - b - c; for powers the other way round.
    left, right = (1, 0) if name == "pow" else (0, 1)
    first, second = _within(parts[0], tightness + left), _within(parts[1], tightness + right)
    return f"{first} {sign} {second}", tightness


def _within(part: tuple[str, int], tightness: int) -> str:
    return part[0] if part[1] >= tightness else f"({part[0]})"


def debugprint(
    obj: Any,
    depth: int = -1,
    print_type: bool = False,
    file: TextIO | str | None = None,
    **ignored: Any,
) -> str | None:
    """Print a graph as a tree of text; parts that occur again are printed once.

    Parameters
    ----------
    obj : Variable, sequence of Variable, Function, or its ``maker.fgraph``
        A function's graph is what is left after all rewrites.
    depth : int
        Levels to print; -1 for all.
    print_type : bool
        Print types, too.
    file : text file or "str", optional
        Where to print, by default the standard output; "str" returns the text.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> debugprint(T.exp(x) / T.exp(x).sum())
    true_div [id A]
     ├─ exp [id B]
     │  └─ x [id C]
     └─ DimShuffle{pattern=('x',)} [id D]
        └─ Sum{axes=(0,)} [id E]
           └─ exp [id F]
              └─ x [id C]
    """
    ids: dict[int, str] = {}
    lines: list[str] = []

    waiting = [(v, "", "", 1) for v in reversed(_outputs(obj))]
    while waiting:
        variable, head, tail, level = waiting.pop()
        node = variable.owner
        key = id(variable) if node is None else id(node)
        again = key in ids
        label = ids.setdefault(key, _letters(len(ids)))
        text = repr(variable) if node is None else repr(node.op)
        if node is not None and len(node.outputs) > 1:
            text += f".{variable.index}"
        named = f" {variable.name!r}" if node is not None and variable.name else ""
        type_ = f" <{variable.type}>" if print_type else ""
        inputs = [] if node is None else node.inputs
        cut = bool(inputs) and (again or level == depth)
        lines.append(f"{head}{text} [id {label}]{type_}{named}{' ...' if cut else ''}")
        if not cut:
            branches = [(" ├─ ", " │ ")] * (len(inputs) - 1) + [(" └─ ", "   ")]
            below = zip(inputs, branches, strict=False)
            waiting += [(v, tail + a, tail + b, level + 1) for v, (a, b) in [*below][::-1]]
    text = "\n".join(lines) + "\n"
    if file == "str":
        return text
    (sys.stdout if file is None or isinstance(file, str) else file).write(text)
    return None


dprint = debugprint


def _outputs(obj: Any) -> list[Variable]:
    if isinstance(obj, Variable):
        return [obj]
    return list(obj.outputs if isinstance(obj, FunctionGraph) else getattr(obj, "graph", obj))


def _letters(number: int) -> str:
    """A, B... Z, BA, BB..."""
    text = ""
    while number or not text:
        number, digit = divmod(number, 26)
        text = chr(ord("A") + digit) + text
    return text


class Print(Op):
    """Print the input whenever it is computed, and return it unchanged.

    Parameters
    ----------
    message : str
        Printed before the value.
    attrs : sequence of str, optional
        What to print of the array instead: ``["shape", "min"]``, attributes and methods.
    """

    props = ("message", "attrs")

    def __init__(
        self, message: str = "", attrs: Sequence[str] = ("__str__",), **ignored: Any
    ) -> None:
        self.message, self.attrs = message, tuple(attrs)

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The input's."""
        return [inputs[0].type]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """Print it."""
        for attr in self.attrs:
            value = getattr(arrays[0], attr)
            value = value() if callable(value) else value
            what = "" if attr == "__str__" else f"{attr} = "
            sys.stdout.write(f"{self.message} {what}{value}\n")
        return arrays[0]

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Pass it on."""
        return list(cotangents)
