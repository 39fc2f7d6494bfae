"""``T``: variables, and the functions of them, with Theano's names."""

# ruff: noqa: F403
from nnkit.symbolic.gradient import Lop as Lop
from nnkit.symbolic.gradient import Rop as Rop
from nnkit.symbolic.gradient import grad as grad
from nnkit.symbolic.gradient import hessian as hessian
from nnkit.symbolic.gradient import jacobian as jacobian
from nnkit.symbolic.gradient import verify_grad as verify_grad
from nnkit.symbolic.tensor import extra_ops as extra_ops
from nnkit.symbolic.tensor import methods as methods
from nnkit.symbolic.tensor import nlinalg as nlinalg
from nnkit.symbolic.tensor import nnet as nnet
from nnkit.symbolic.tensor import shared_randomstreams as shared_randomstreams
from nnkit.symbolic.tensor import signal as signal
from nnkit.symbolic.tensor import slinalg as slinalg
from nnkit.symbolic.tensor.axes import *
from nnkit.symbolic.tensor.constructors import *
from nnkit.symbolic.tensor.elementwise import Elemwise as Elemwise
from nnkit.symbolic.tensor.extra_ops import *
from nnkit.symbolic.tensor.formulas import *
from nnkit.symbolic.tensor.indexing import *
from nnkit.symbolic.tensor.joining import *
from nnkit.symbolic.tensor.linear import *
from nnkit.symbolic.tensor.making import *
from nnkit.symbolic.tensor.math import *
from nnkit.symbolic.tensor.picking import *
from nnkit.symbolic.tensor.reductions import *
from nnkit.symbolic.tensor.shapes import *
from nnkit.symbolic.tensor.variable import *
from nnkit.symbolic.tensor.variable import as_tensor as as_tensor

as_tensor_variable = as_tensor  # Theano's name.
