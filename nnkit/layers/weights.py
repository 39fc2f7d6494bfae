"""What a layer knows of its weights."""

from __future__ import annotations

import re
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import budget, checks, constraints, initializers, interrupts, regularizers
from nnkit.conversion import to_numpy
from nnkit.engine.turns import Turns
from nnkit.engine.variable import Storage, Variable, is_trained
from nnkit.registry import Configurable

__all__ = ["WeightOwner", "check_name", "name_among", "set_weights"]

_KNOWN = (
    "give the size in Input or input_shape, or let a layer come before that makes it known, such "
    "as global pooling"
)
# A group of HDF5 may be called anything but "."; what controls a terminal is no name.
_NAME = r"(?!\.+$)[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}"


class WeightOwner(Configurable, abstract=True):
    """Something that has weights, its own and those of the layers inside.

    Attributes
    ----------
    path : str
        Where it is in a model: ``block/dense``.
    networks : WeakSet of Network
        Those that it is in: its name is unique in each.
    turns : Turns
        Which thread may use it, and whatever has layers in common with it.
    """

    layers: Sequence[Any]
    dtype: str

    def __init__(self, name: str) -> None:
        self.name = self.path = name
        self.turns = Turns()
        self._plans: list[str] = []
        self.own_variables: list[Variable] = []

    def plan_weight(
        self, option: str, initializer: Any, regularizer: Any = None, constraint: Any = None
    ) -> None:
        """Keep how a weight begins, is penalised and bound: arguments of the constructor.

        They become the attributes ``kernel_initializer``, ``kernel_regularizer`` and
        ``kernel_constraint`` for the option ``"kernel"``.

        Raises
        ------
        TypeError, ValueError
            One of them is unknown.
        """
        if initializer is None and option == "bias":
            initializer = "zeros"  # Of other weights, zeros would never learn.
        chosen = None if initializer is None else initializers.get(initializer)
        setattr(self, f"{option}_initializer", chosen)
        setattr(self, f"{option}_regularizer", regularizers.get(regularizer))
        setattr(self, f"{option}_constraint", constraints.get(constraint))
        self._plans.append(option)

    def add_weight(
        self,
        *arguments: Any,
        shape: Any = None,
        initializer: Any = None,
        dtype: str | None = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
        plan: str | None = None,
    ) -> Variable:
        """Make a weight.

        Parameters
        ----------
        *arguments
            ``shape, initializer, dtype``, the order of Keras 3; or, if the first is a string, that
            of Keras 2: ``name, shape, dtype, initializer``, of which dtype may be left out.
        shape : tuple of int
            By default (), a number.
        initializer : str or Initializer, optional
            By default what was planned for the weight, or ``"glorot_uniform"``.
        dtype : str, optional
            That of the layer.
        trainable : bool
            False for what no optimizer changes (running statistics).
        autocast : bool
            Accepted because Keras has it; nothing is cast.
        regularizer, constraint : str or object, optional
            By default what was planned.
        aggregation : str, optional
            Accepted because Keras has it; there is one copy of each weight.
        overwrite_with_gradient : bool
            False.
        name : str, optional
            For example ``"kernel"``; by default ``"variable"``, made unique in the layer.
        plan : str, optional
            The option of :meth:`plan_weight`, if it isn't called like the weight.

        Returns
        -------
        Variable
            Its ``value`` and ``gradient`` are arrays of that shape.

        Raises
        ------
        TypeError
            An argument is given twice, or ``overwrite_with_gradient`` is True.
        ValueError
            A size is None, as in a shape taken from that of an input of any length; or the data
            type is not that of the layer.
        """
        given: dict[str, Any] = {
            "name": name,
            "shape": shape,
            "initializer": initializer,
            "dtype": dtype,
        }
        for key, value in _in_order(arguments):
            if given[key] is not None:
                raise TypeError(f"layer {self.name!r}: add_weight is given {key} twice")
            given[key] = value
        name, shape = given["name"] or self._unused_name(), given["shape"]
        initializer, dtype = given["initializer"], given["dtype"]
        shape = () if shape is None else shape
        owner = f"layer {self.name!r} ({type(self).__name__})"
        if dtype not in (None, self.dtype):
            raise ValueError(f"{owner}: {name!r} can't be {dtype}, its layer is {self.dtype}")
        if overwrite_with_gradient:
            raise TypeError(f"{owner}: add_weight takes no overwrite_with_gradient=True")
        if None in shape:
            raise ValueError(
                f"{owner}: the shape of {name!r} can't be "
                f"{shape}, since all sizes of a weight must be known; {_KNOWN}"
            )
        plan = plan or name
        if plan in self._plans:
            initializer = initializer or getattr(self, f"{plan}_initializer")
            regularizer = regularizer or getattr(self, f"{plan}_regularizer")
            constraint = constraint or getattr(self, f"{plan}_constraint")
        shape = checks.shape(self.name, f"the shape of {name!r}", shape, high=2**63)
        budget.spend(shape, self.dtype, f"{self.name}/{name}")
        interrupts.check()
        make = initializers.get(initializer or "glorot_uniform")
        value = self._first_value(name, shape, make)
        kept = regularizers.get(regularizer), constraints.get(constraint)
        variable = Variable(value, name, trainable, *kept)
        variable.path = f"{self.path}/{name}"
        self.own_variables.append(variable)
        return variable

    def _unused_name(self) -> str:
        taken = {variable.name for variable in self.own_variables}
        names = ("variable", *(f"variable_{i}" for i in range(1, len(taken) + 1)))
        return next(name for name in names if name not in taken)

    def known_size(self, shape: tuple[int | None, ...], axis: int) -> int:
        """The size of an axis of the input on which a weight's shape depends.

        Parameters
        ----------
        shape : tuple of (int or None)
            The input's, the batch axis first.
        axis : int

        Raises
        ------
        ValueError
            The size is None, or 0.
        """
        size = shape[axis]
        if not size:
            last = ", the last," if axis in (-1, len(shape) - 1) else ""
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) has weights for axis {axis}{last} of "
                f"its input, so its size must be known and at least 1, but the input's shape is "
                f"{shape}; {_KNOWN}"
            )
        return size

    def _first_value(self, name: str, shape: tuple[int, ...], make: Any) -> np.ndarray:
        if budget.limited():
            return np.zeros(shape, self.dtype)
        value = to_numpy(
            make(shape, self.dtype), f"what {type(make).__name__} gives for {self.name}/{name}"
        )
        if value.shape != shape:
            raise ValueError(
                f"layer {self.name!r}: {type(make).__name__} must give an array of shape {shape} "
                f"for {name!r}, got {value.shape}"
            )
        return value.astype(self.dtype, copy=False)

    def locate(self, path: str) -> None:
        """Say where the layer is in a model: ``block/dense``; its weights are found by that."""
        self.path = path
        for variable in self.own_variables:
            variable.path = f"{path}/{variable.name}"
        for layer in reversed(self.layers):  # What is there twice is found at its first place.
            layer.locate(f"{path}/{layer.name}")

    @property
    def networks(self) -> weakref.WeakSet[Any]:
        """The networks that it is in; not part of copies."""
        found: weakref.WeakSet[Any] = vars(self).setdefault("_networks", weakref.WeakSet())
        return found

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may change the weights; setting it sets it for layers inside.

        A model trains what was trainable when it was compiled.
        """
        return is_trained(self)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if value != getattr(self, "_trainable", value):
            Storage.moves += 1
        self._trainable = value
        for layer in self.layers:
            layer.trainable = value

    @property
    def variables(self) -> list[Variable]:
        """All weights, each once, in the order in which they were made."""
        inner = (v for layer in self.layers for v in layer.variables)
        return list(dict.fromkeys((*self.own_variables, *inner)))

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that an optimizer updates."""
        own = [v for v in self.own_variables if v.trainable] if self.trainable else []
        inner = [v for layer in self.layers for v in layer.trainable_weights]
        return list(dict.fromkeys(own + inner)) if inner else own

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that it does not."""
        trained = set(self.trainable_weights)
        return [v for v in self.variables if v not in trained]

    @property
    def trainable_variables(self) -> list[Variable]:
        """:attr:`trainable_weights`, as Keras calls them, too."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """:attr:`non_trainable_weights`, as Keras calls them, too."""
        return self.non_trainable_weights

    @property
    def weights(self) -> list[Variable]:
        """All weights in Keras's order: its own, trainable ones first; then layer by layer."""
        own = sorted(self.own_variables, key=lambda v: not v.trainable)
        inner = [v for layer in self.layers for v in layer.weights]
        return list(dict.fromkeys(own + inner)) if inner else own

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights."""
        with self.turns.alone():
            return [v.numpy() for v in self.weights]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Replace all weights; every wrong shape is reported at once, and then none is set."""
        with self.turns.alone(writes=True):
            set_weights(f"layer {self.name!r}", self.weights, weights)

    def count_params(self) -> int:
        """Number of weights, counted one by one."""
        return sum(v.size for v in self.variables)


def _in_order(arguments: tuple[Any, ...]) -> list[tuple[str, Any]]:
    """What :meth:`WeightOwner.add_weight` is given by position, by name."""
    names = ["shape", "initializer", "dtype"]
    if arguments and (arguments[0] is None or isinstance(arguments[0], str)):
        names = ["name", "shape", "dtype", "initializer"]
        third = arguments[2:3]
        if third and not (third[0] is None or str(third[0]).startswith(("float", "int"))):
            names.remove("dtype")
    if len(arguments) > len(names):
        raise TypeError(f"add_weight takes by position {', '.join(names)}; others go by name")
    return list(zip(names, arguments, strict=False))


def check_name(name: Any) -> str:
    """A name that may stand in a file, where slashes divide it into the names of groups."""
    parts = name.split("/") if isinstance(name, str) else [""]
    if not all(re.fullmatch(_NAME, part) for part in parts):
        raise ValueError(
            "a layer's name is made of 1 to 255 characters that can be seen, not of dots alone, "
            f"nor with nothing before, between or after slashes; got {name!r}"
        )
    return str(name)


def name_among(others: Sequence[Any], layer: Any) -> None:
    """Make a default name unique: dense, dense_1, dense_2. A layer that is there may come again.

    Raises
    ------
    ValueError
        The user gave both layers their name.
    """
    same = [other for other in others if other.name == layer.name and other is not layer]
    if same and layer.named and same[0].named:
        raise ValueError(f"two layers are called {layer.name!r}; give one another name=")
    if same:
        renamed = same[0] if layer.named else layer
        taken = {other.name for other in [*others, layer] if other is not renamed}
        taken |= {other.name for network in renamed.networks for other in network.layers}
        base, number = re.sub(r"_\d+$", "", renamed.name), 0
        name = base
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        renamed.name = name


def set_weights(owner: str, variables: list[Variable], weights: list[Any]) -> None:
    """Assign arrays to weights, or explain every mismatch and assign none."""
    if not isinstance(weights, (list, tuple)):
        raise TypeError(f"{owner}: weights are given as a list of arrays, got {weights!r}")
    if len(weights) != len(variables):
        raise ValueError(f"{owner} has {len(variables)} weights, got {len(weights)} arrays")
    weights = [to_numpy(w, f"{owner}: {v.path}") for v, w in zip(variables, weights, strict=True)]
    wrong = [
        f"{v.path}: expected {v.shape}, got {w.shape}"
        for v, w in zip(variables, weights, strict=True)
        if v.shape != w.shape
    ]
    if wrong:
        raise ValueError(f"{owner}: weights of the wrong shape, none was set: {'; '.join(wrong)}")
    for variable, weight in zip(variables, weights, strict=True):
        variable.assign(weight)
