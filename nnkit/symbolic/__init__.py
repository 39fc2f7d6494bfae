"""Symbolic programs in Theano's manner: ``import nnkit.symbolic as theano``."""

from nnkit.symbolic import tensor  # isort: skip  (First: all else is made of its operations.)
from nnkit._version import __version__ as __version__
from nnkit.symbolic import gradient, ifelse, printing, scan_module
from nnkit.symbolic.composed import OpFromGraph, as_op, clone
from nnkit.symbolic.composed import clone_replace as clone_replace
from nnkit.symbolic.config import config
from nnkit.symbolic.function import Function, In, Out, function
from nnkit.symbolic.gradient import Lop, Rop, grad
from nnkit.symbolic.graph import Apply, Variable
from nnkit.symbolic.op import Op
from nnkit.symbolic.printing import dprint as dprint
from nnkit.symbolic.printing import pp, pprint
from nnkit.symbolic.scan import foldl, foldr, scan
from nnkit.symbolic.scan import map as map  # Not in __all__, for Python's own.
from nnkit.symbolic.scan import reduce as reduce
from nnkit.symbolic.tensor.linear import dot
from nnkit.symbolic.tensor.variable import shared

__all__ = [
    "Apply",
    "Function",
    "In",
    "Lop",
    "Op",
    "OpFromGraph",
    "Out",
    "Rop",
    "Variable",
    "as_op",
    "clone",
    "config",
    "dot",
    "foldl",
    "foldr",
    "function",
    "grad",
    "gradient",
    "ifelse",
    "pp",
    "pprint",
    "printing",
    "scan",
    "scan_module",
    "shared",
    "tensor",
]
