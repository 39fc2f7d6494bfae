"""From a graph to something that can be called: ``function(inputs, outputs, updates=)``."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.errors import warn
from nnkit.symbolic.config import MODES, config
from nnkit.symbolic.graph import FunctionGraph, Variable, ancestors, clone, describe
from nnkit.symbolic.pairs import default_updates, pairs, replacements, updates_of
from nnkit.symbolic.rewriting.passes import rewrite
from nnkit.symbolic.rewriting.rewriter import Change
from nnkit.symbolic.run.branches import runner
from nnkit.symbolic.tensor.variable import Constant, SharedVariable, as_tensor
from nnkit.symbolic.tools.debug import Debugger

__all__ = ["Function", "In", "MissingInputError", "Out", "UnusedInputError", "function"]


class MissingInputError(ValueError):
    """A result depends on a variable that is neither an input nor shared."""


class UnusedInputError(ValueError):
    """An input that no result depends on."""


class In:
    """An input of a function with a name or a default value.

    Parameters
    ----------
    variable : Variable
    name : str, optional
        For calls by keyword; by default the variable's.
    value : array, optional
        The default.
    update : Variable, optional
        What the default becomes after a call.
    allow_downcast : bool, optional
    borrow, mutable, strict
        Accepted for Theano's sake: an argument is never changed.

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x, rate = T.dscalars("x rate")
    >>> f = theano.function([x, theano.In(rate, value=0.5)], x * rate)
    >>> f(4), f(4, rate=2)
    (array(2.), array(8.))
    """

    def __init__(
        self,
        variable: Variable,
        name: str | None = None,
        value: Any = None,
        update: Any = None,
        allow_downcast: bool | None = None,
        borrow: bool | None = None,
        mutable: bool | None = None,
        strict: bool = False,
    ) -> None:
        if not isinstance(variable, Variable) or isinstance(variable, Constant):
            raise TypeError(f"an input must be a symbolic variable, got {variable!r}")
        if isinstance(variable, SharedVariable):
            raise TypeError(f"{describe(variable)} is shared, so it can't be an input; use givens")
        self.variable = variable
        self.name = variable.name if name is None else name
        self.update, self.allow_downcast = update, allow_downcast
        self.value: SharedVariable | None = None
        if value is not None:
            array = to_numpy(value, f"the value of {describe(variable)}", variable.type.dtype)
            self.value = SharedVariable(array.copy(), self.name, variable.type.broadcastable)
        elif update is not None:
            raise ValueError(f"the input {describe(variable)} has an update, but no value")


class Out:
    """An output of a function.

    Parameters
    ----------
    variable : Variable
    borrow : bool
        Accepted for Theano's sake: results are always copies.
    """

    def __init__(self, variable: Any, borrow: bool = False) -> None:
        self.variable = variable


def function(
    inputs: Sequence[Any] = (),
    outputs: Any = None,
    mode: str | None = None,
    updates: Any = None,
    givens: Any = None,
    no_default_updates: bool | Sequence[Any] = False,
    accept_inplace: bool = False,
    name: str | None = None,
    rebuild_strict: bool = True,
    allow_input_downcast: bool | None = None,
    profile: Any = None,
    on_unused_input: str = "raise",
) -> Function:
    """Compile a graph to a function of arrays.

    Parameters
    ----------
    inputs : sequence of Variable or In
        One that is computed from others, as a part of one is, is taken as given: its value is that
        of the argument wherever this very variable is used. (``x[0]`` written again is another
        variable, computed from x.)
    outputs : Variable, list, dict or None
        What a call returns, in the same form; for None an empty list.
    mode : {"FAST_RUN", "FAST_COMPILE", "DebugMode"}, optional
        Compiled; at once and slowly; or with every rewrite and result checked.
    updates : sequence of pairs or dict
        New values of shared variables. All are computed from the old values.
    givens : sequence of pairs or dict
        Variables to be replaced by others in the graph; no inputs.
    no_default_updates : bool or list of shared variables
        Leave out the ``default_update`` that a shared variable brings along, as those of random
        streams do: of all, or of some. Otherwise each that is needed is updated, also if only
        another's update needs it; what ``updates`` says of a variable comes first.
    accept_inplace : bool
        Accepted for Theano's sake.
    name : str, optional
    rebuild_strict : bool
        Accepted for Theano's sake.
    allow_input_downcast : bool, optional
        Whether arguments may lose precision; None: Python floats may.
    profile : optional
        Accepted for Theano's sake.
    on_unused_input : {"raise", "warn", "ignore"}

    Returns
    -------
    Function

    Raises
    ------
    MissingInputError, UnusedInputError
    TypeError, ValueError
        An update of something that is not shared, twice the same, or of another type; an input
        that is given twice, or replaced by ``givens``.

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> total = theano.shared(0.0, "total")
    >>> add = theano.function([x], total, updates=[(total, total + x.sum())])
    >>> add([1, 2]), total.get_value()
    (array(0.), array(3.))
    """
    mode = config.mode if mode is None else mode
    mode = "DebugMode" if mode == "DEBUG_MODE" else mode  # Theano has both spellings.
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(f"the inputs of a function are a list, got {inputs!r}")
    arguments = [i if isinstance(i, In) else In(i) for i in inputs]
    for i, argument in enumerate(arguments):
        if any(argument.variable is other.variable for other in arguments[:i]):
            raise ValueError(f"{describe(argument.variable)} is twice among the inputs")
    results, form = _listed(outputs)
    cuts = {i.variable: _cut(i.variable) for i in arguments if i.variable.owner is not None}
    for at, argument in enumerate(arguments):
        if argument.variable in cuts:
            arguments[at] = copy(argument)
            arguments[at].variable = cuts[argument.variable]
    changes = pairs(updates, "updates")
    changes += [(i.value, i.update) for i in arguments if i.update is not None]
    new_values = updates_of(changes)
    given = replacements(givens, "givens")
    for argument in inputs:
        variable = argument.variable if isinstance(argument, In) else argument
        if variable in given:
            raise ValueError(
                f"{describe(variable)} is an input, so givens can't replace it; replace it by "
                "something made of another input, or leave it out of the inputs"
            )
    replaced = cuts | dict(zip(given, clone(list(given.values()), cuts), strict=True))
    everything = clone([*results, *new_values.values()], replaced)
    for shared, update in default_updates(everything, no_default_updates, new_values, replaced):
        new_values[shared] = update
        everything.append(update)
    used = {id(v) for v in ancestors(everything)}
    _check_inputs(arguments, used, on_unused_input)
    known = {id(i.variable) for i in arguments}
    for variable in ancestors(everything):
        is_value = isinstance(variable, (Constant, SharedVariable))
        if variable.owner is None and id(variable) not in known and not is_value:
            raise MissingInputError(
                f"{describe(variable)} is needed, but is neither among the inputs nor shared"
            )
    return Function(
        arguments,
        everything,
        form,
        list(new_values),
        mode,
        name,
        allow_input_downcast,
    )


class Function:
    """A compiled graph; call it with arrays."""

    def __init__(
        self,
        inputs: list[In],
        everything: list[Variable],
        form: Any,
        updated: list[SharedVariable],
        mode: str,
        name: str | None,
        allow_downcast: bool | None,
    ) -> None:
        self._made = inputs, everything, form, updated, mode, name, allow_downcast
        self.name, self._inputs, self._form, self._allow = name, inputs, form, allow_downcast
        self._kinds = [
            (np.dtype(v.type.dtype), v.type.ndim, True in v.type.broadcastable)
            for v in (i.variable for i in inputs)
        ]
        changes: list[Change] = []
        self.graph = rewrite(everything, mode, changes)
        graph = FunctionGraph([i.variable for i in inputs], self.graph, updated)
        self.maker = SimpleNamespace(fgraph=graph)
        debug = mode == "DebugMode"
        self._run = Debugger(graph, changes).run if debug else runner(graph, mode)

    def __reduce__(self) -> tuple[Any, ...]:
        return Function, self._made  # In a file it is its graph.

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """The outputs for these arrays, in the form in which they were asked for."""
        arrays = self._run(self._arrays(arguments, named))
        if self._form is None:
            return arrays[0]
        return arrays if self._form is list else dict(zip(self._form, arrays, strict=True))

    def _arrays(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> list[np.ndarray]:
        count = len(arguments)
        if count > len(self._inputs):
            raise TypeError(f"{self._takes()}, got {count}")
        for name in named:
            if all(name != wanted.name for wanted in self._inputs):
                raise TypeError(f"{self!r} has no input {name!r}: {self._takes()}")
        arrays = []
        for place, wanted in enumerate(self._inputs):
            if place < count:
                value = arguments[place]
            elif wanted.name is not None and wanted.name in named:
                value = named.pop(wanted.name)
            elif wanted.value is not None:
                value = wanted.value.get_value()
            else:
                raise TypeError(f"{self._takes()}; missing is {describe(wanted.variable)}")
            arrays.append(self._array(wanted, value, place))
        for name in named:
            raise TypeError(f"{self!r} got its input {name!r} by place and by name")
        return arrays

    def _takes(self) -> str:
        """What should have come, in an error message."""
        names = ", ".join(repr(i.name or i.variable) for i in self._inputs)
        count = len(self._inputs)
        return f"{self!r} takes {count} argument{'s' * (count != 1)} ({names})"

    def _array(self, wanted: In, value: Any, place: int) -> np.ndarray:
        """An argument in the type of its variable."""
        dtype, ndim, ones = self._kinds[place]
        if type(value) is np.ndarray and value.dtype == dtype and value.ndim == ndim and not ones:
            return value  # What comes in a loop over mini-batches is not looked at any longer.
        type_ = wanted.variable.type
        try:
            array = to_numpy(value, wanted.name or "it")
        except TypeError as error:
            what = describe(wanted.variable)
            raise TypeError(f"argument {place} is for {what}, got {value!r}: {error}") from None
        if array.dtype != dtype:
            allow = self._allow if wanted.allow_downcast is None else wanted.allow_downcast
            array = _converted(array, type_.dtype, allow, value, wanted.variable, place)
        if array.ndim != type_.ndim:
            raise TypeError(
                f"argument {place} is for {describe(wanted.variable)}, so it must have "
                f"{type_.ndim} axes, got {array.ndim}: shape {array.shape}"
            )
        for axis, one in enumerate(type_.broadcastable):
            if one and array.shape[axis] != 1:
                raise TypeError(
                    f"argument {place} is for {describe(wanted.variable)}, whose axis {axis} is "
                    f"of size 1, got shape {array.shape}"
                )
        return array

    def __repr__(self) -> str:
        return f"<function {self.name}>" if self.name else "<function>"


def _converted(
    array: np.ndarray, dtype: str, allow: bool | None, value: Any, variable: Variable, place: int
) -> np.ndarray:
    """An array in another data type, if nothing is lost or that is allowed."""
    if array.dtype.kind not in "fiub":
        raise TypeError(f"argument {place} is for {describe(variable)}, got {value!r}")
    if allow or np.can_cast(array.dtype, dtype):
        return array.astype(dtype)
    if not isinstance(value, (np.ndarray, np.generic)):  # Python's numbers have no data type.
        rounds = allow is None and array.dtype.kind == "f" and dtype.startswith("float")
        with np.errstate(all="ignore"):
            converted = array.astype(dtype)
        if rounds or np.array_equal(converted, array):
            return converted
    raise TypeError(
        f"argument {place} is for {describe(variable)}, and {array.dtype} may lose something as "
        f"{dtype}; convert it, or give function allow_input_downcast=True"
    )


def _cut(variable: Any) -> Variable:
    """An input in place of a variable that others would be needed for."""
    place: Variable = variable.type(variable.name)
    place.line = variable.line
    return place


def _listed(outputs: Any) -> tuple[list[Variable], Any]:
    """The outputs as a list, and the form in which they are returned."""
    if outputs is None:
        return [], list
    if isinstance(outputs, (list, tuple)):
        return [_output(v) for v in outputs], list
    if isinstance(outputs, dict):
        return [_output(v) for v in outputs.values()], tuple(outputs)
    return [_output(outputs)], None


def _output(wanted: Any) -> Variable:
    variable: Variable = as_tensor(wanted.variable if isinstance(wanted, Out) else wanted)
    return variable


def _check_inputs(inputs: Sequence[In], used: set[int], action: str) -> None:
    if action not in ("raise", "warn", "ignore"):
        raise ValueError(f"on_unused_input is 'raise', 'warn' or 'ignore', not {action!r}")
    for i in inputs:
        if id(i.variable) not in used:
            message = f"{describe(i.variable)} is an input, but no result depends on it"
            if action == "raise":
                raise UnusedInputError(f"{message}; on_unused_input='ignore' accepts that")
            if action == "warn":
                warn(message)
