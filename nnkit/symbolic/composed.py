"""Graphs used again, and operations of your own without a class.

``clone`` gives a graph with other inputs, :class:`OpFromGraph` makes one a function of variables,
and :func:`as_op` makes a Python function an operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.symbolic.derive.identities import Overridden
from nnkit.symbolic.graph import Variable
from nnkit.symbolic.graph import clone as cloned
from nnkit.symbolic.op import Op
from nnkit.symbolic.pairs import fitting, replacements
from nnkit.symbolic.tensor.variable import TensorType, as_tensor

__all__ = ["OpFromGraph", "as_op", "clone", "clone_replace"]


def clone(output: Any, replace: Any = None, **ignored: Any) -> Any:
    """A graph with some variables replaced by others.

    Parameters
    ----------
    output : Variable or sequence of Variable
    replace : dict or sequence of pairs
        What to replace, and by what: of the same type, or one that converts without loss.
    ignored
        Theano's other arguments. Shared variables and inputs are never copied.

    Returns
    -------
    Variable or list of Variable

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x, y = T.dvectors("x y")
    >>> theano.pp(theano.clone(T.exp(x) + x, {x: 2 * y}))
    'exp(2 * y) + 2 * y'
    """
    by = replacements(replace, "replace")
    several = isinstance(output, (list, tuple))
    made = cloned([as_tensor(v) for v in (output if several else [output])], by)
    return made if several else made[0]


clone_replace = clone  # PyTensor's name.


class OpFromGraph:
    """A function of variables made of a graph: call it as often as you like.

    Parameters
    ----------
    inputs : sequence of Variable
    outputs : sequence of Variable
    inline : bool
        Accepted for Theano's sake: a call is always replaced by the graph itself.
    lop_overrides : callable, optional
        The gradient, instead of the graph's own: from lists of the inputs, the outputs and the
        gradients by these, a list of the gradients by the inputs.
    grad_overrides : callable, optional
        The gradient from lists of the inputs and of the gradients by the outputs only.
    name : str, optional
        Shown in errors.
    **ignored
        Accepted for Theano's sake.

    Examples
    --------
    A threshold with the gradient of the identity:

    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> step = theano.OpFromGraph([x], [T.sgn(x)], grad_overrides=lambda inputs, grads: grads)
    >>> T.grad(step(x).sum(), x).eval({x: [-2.0, 3.0]})
    array([1., 1.])
    """

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        inline: bool = True,
        lop_overrides: Callable[..., Any] | None = None,
        grad_overrides: Callable[..., Any] | None = None,
        name: str | None = None,
        **ignored: Any,
    ) -> None:
        self.inputs, self.outputs, self.name = list(inputs), list(outputs), name
        self._gradient = lop_overrides
        if grad_overrides is not None:
            self._gradient = lambda inputs, outputs, grads: grad_overrides(inputs, grads)

    def __call__(self, *inputs: Any) -> Any:
        """The output for other inputs, or a list of them."""
        if len(inputs) != len(self.inputs):
            raise TypeError(
                f"{self.name or 'OpFromGraph'} takes {len(self.inputs)} inputs "
                f"({', '.join(map(repr, self.inputs))}), got {len(inputs)}"
            )
        given = [as_tensor(x) for x in inputs]
        made = clone(self.outputs, list(zip(self.inputs, given, strict=True)))
        if self._gradient is not None:
            made = Overridden(self._gradient, len(made)).applied(*made, *given)
        return made if len(made) > 1 else made[0]


@dataclass(frozen=True, repr=False)
class FromFunction(Op):
    """What a Python function makes of arrays.

    Parameters
    ----------
    function : callable
    itypes, otypes : tuple of TensorType
        Of the inputs and the outputs.
    """

    function: Callable[..., Any]
    itypes: tuple[TensorType, ...]
    otypes: tuple[TensorType, ...]

    def __repr__(self) -> str:
        return self.function.__name__

    def __call__(self, *inputs: Any, name: str | None = None) -> Any:
        """Apply it to variables, or what they can be made of."""
        if len(inputs) != len(self.itypes):
            raise TypeError(f"{self} takes {len(self.itypes)} inputs, got {len(inputs)}")
        wanted = [kind(f"input {i}") for i, kind in enumerate(self.itypes)]
        pairs = zip(inputs, wanted, strict=True)
        return super().__call__(*(fitting(x, v, f"{self}: {v} can't be") for x, v in pairs))

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As declared."""
        return self.otypes

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """Call the function, and see that it kept to what was declared."""
        made = self.function(*arrays)
        results = tuple(made) if isinstance(made, (tuple, list)) else (made,)
        if len(results) != len(self.otypes):
            raise TypeError(f"{self} declares {len(self.otypes)} outputs, and gave {len(results)}")
        pairs = zip(results, self.otypes, strict=True)
        checked = [to_numpy(r, f"a result of {self}", kind.dtype) for r, kind in pairs]
        for result, kind in zip(checked, self.otypes, strict=True):
            if result.ndim != kind.ndim:
                raise TypeError(f"{self} declares {kind}, and gave shape {result.shape}")
        return tuple(checked)


def as_op(
    itypes: Any, otypes: Any, infer_shape: Any = None
) -> Callable[[Callable[..., Any]], FromFunction]:
    """Make an operation of a function of arrays, as a decorator. It has no gradient.

    Parameters
    ----------
    itypes, otypes : TensorType or sequence of TensorType
        Of the inputs and the outputs.
    infer_shape
        Accepted for Theano's sake.

    Examples
    --------
    >>> import numpy as np
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> @theano.as_op(itypes=[T.dvector], otypes=[T.dscalar])
    ... def median(x):
    ...     return np.median(x)
    >>> x = T.dvector("x")
    >>> median(x).eval({x: [5.0, 1.0, 2.0]})
    array(2.)
    """
    inputs, outputs = (
        tuple(given) if isinstance(given, (list, tuple)) else (given,) for given in (itypes, otypes)
    )
    for kind in (*inputs, *outputs):
        if not isinstance(kind, TensorType):
            raise TypeError(f"as_op takes types such as T.dvector, got {kind!r}")
    return lambda function: FromFunction(function, inputs, outputs)
