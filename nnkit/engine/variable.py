"""Weights, and the flat vectors they live in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.engine.array_reading import ArrayReading
from nnkit.engine.dispatch import at_work, launch
from nnkit.engine.mirrors import lent, private, reading, writing

__all__ = [
    "ALIGNMENT",
    "FIXED",
    "Exchangeable",
    "FreeVariable",
    "Layout",
    "Storage",
    "Variable",
    "is_trained",
]

# Within the steps of a model, what ``trainable`` of layers and weights was when it was compiled.
FIXED: ContextVar[Mapping[Any, bool]] = ContextVar("FIXED")
_NOTHING: Mapping[Any, bool] = MappingProxyType({})

ALIGNMENT = 16  # Elements: every weight starts on a cache line, so that workers don't share one.


def is_trained(part: Any) -> bool:
    """Whether a layer or weight is trained: by ``FIXED``, or else as it says itself."""
    flag: bool = FIXED.get(_NOTHING).get(part, part._trainable)
    return flag


class Exchangeable:
    """An attribute that recorded steps contain: when it is exchanged, they are old.

    Without ``__get__``, reading it takes no longer than reading any other.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __set__(self, instance: Any, value: Any) -> None:
        attributes = vars(instance)
        if attributes.get(self._name, value) is not value:
            Storage.moves += 1
        attributes[self._name] = value


class Variable(ArrayReading):
    """One weight of a layer: a named array, and the gradient of the loss with respect to it.

    It is read like an array: ``np.abs(weight)``, ``weight[0]``, ``weight.mean()``, ``weight - 1``,
    ``plt.imshow(weight)``, ``torch.from_dlpack(weight)``. All of them get a copy of the current
    values, which later training doesn't change. It is written by :meth:`assign`.

    Parameters
    ----------
    value : numpy.ndarray
        Initial value.
    name : str
        For example ``"kernel"``.
    trainable : bool
        Whether an optimizer may change it.
    regularizer, constraint : Regularizer, Constraint or None

    Attributes
    ----------
    storage : Storage or None
        The vector that the weight is part of.
    regularizer : Regularizer or None
        Its penalty is part of the loss.
    constraint : Constraint or None
        Applied after each step of an optimizer.
    rows_used : numpy.ndarray or None
        For a table of which a step uses some rows: uint8, one for each row, 0 where the gradient is
        certainly 0. ``backward`` keeps it; who else writes the gradient calls
        :meth:`use_every_row`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.Dense(2, kernel_initializer="ones")
    >>> layer.build((None, 3))
    >>> layer.kernel.sum(), (layer.kernel / 2)[0], np.asarray(layer.kernel).shape
    (np.float32(6.0), array([0.5, 0.5], dtype=float32), (3, 2))
    >>> layer.kernel.assign(layer.kernel + 1)
    >>> layer.kernel.T[0]
    array([2., 2., 2.], dtype=float32)
    """

    regularizer: Any = Exchangeable()
    constraint: Any = Exchangeable()

    def __init__(
        self,
        value: np.ndarray,
        name: str,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        self._value = np.asarray(value, order="C")  # A product may have made it by columns.
        # Unlike zeros_like, this takes no memory before it is written.
        self._gradient = np.zeros(self._value.shape, self._value.dtype)
        self.name = name
        self.path = name
        self._trainable = trainable
        self.regularizer, self.constraint = regularizer, constraint
        self.rows_used: np.ndarray | None = None
        self.storage: Storage | None = None

    @property
    def value(self) -> np.ndarray:
        """The weight. Layers read it; running statistics are written into it.

        What is assigned to it, or to ``gradient``, is copied into the same memory, which kernels
        know by its address. While a model trains on a GPU, read it anew each time.
        """
        return lent(self._value)

    @value.setter
    def value(self, value: Any) -> None:
        self._copy("value", value, self._value)

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may change it; models read it when they are compiled."""
        return is_trained(self)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if value != self._trainable:
            Storage.moves += 1
        self._trainable = value

    @property
    def gradient(self) -> np.ndarray:
        """The gradient, in the weight's shape. ``backward`` overwrites it completely."""
        if self.rows_used is not None:
            lent(self.rows_used)
            self._forget_rows()
        return lent(self._gradient)

    @gradient.setter
    def gradient(self, value: Any) -> None:
        self._forget_rows()
        self._copy("gradient", value, self._gradient)

    def assign(self, value: Any) -> None:
        """Replace the value in place.

        Raises
        ------
        ValueError
            The shapes differ.
        """
        self.value = value

    def use_every_row(self) -> None:
        """In a step, after something was added to the gradient of any row."""
        if self.rows_used is not None:
            launch.fill(1.0, self.rows_used)

    def _forget_rows(self) -> None:
        """Any row of the gradient may be written: in Python, nobody keeps ``rows_used``."""
        if self.rows_used is not None:
            _written(self.rows_used).fill(1)

    def _copy(self, what: str, value: Any, target: np.ndarray) -> None:
        value = to_numpy(value, f"the {what} of weight {self.path!r}")
        if value.shape != self.shape:
            raise ValueError(
                f"the {what} of weight {self.path!r} has shape {self.shape}, got {value.shape}"
            )
        _written(target)[...] = value

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the weight."""
        return self._value.shape

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._value.size

    @property
    def nbytes(self) -> int:
        """Bytes of the value."""
        return self._value.nbytes

    @property
    def dtype(self) -> str:
        """Data type, as a string."""
        return str(self._value.dtype)

    def numpy(self) -> np.ndarray:
        """A copy of the weight's value."""
        return reading(self._value).copy()

    def __repr__(self) -> str:
        return f"<Variable {self.path} shape={self.shape} dtype={self.dtype}>"

    def __getstate__(self) -> dict[str, Any]:
        """Without the vector that it is a view of: a copy of a weight stands alone."""
        return self.__dict__ | {"_value": self.numpy(), "_gradient": None, "storage": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        # Unlike zeros_like, this takes no memory before it is written.
        self._gradient = np.zeros(self._value.shape, self._value.dtype)


class FreeVariable(Variable):
    """A value that belongs to no layer; expressions read it anew in every step.

    ``nnkit.backend.variable`` makes one: for a factor in a loss that a callback changes.
    """

    trainable_weights: tuple[Variable, ...] = ()  # As an owner of weights has them.


def _written(array: np.ndarray) -> np.ndarray:
    """The array, for the host to write; in a step, the step keeps host and device in line."""
    return array if at_work() else writing(array)


class Layout:
    """Where arrays of some shapes lie in a flat vector, each from a cache line on.

    Parameters
    ----------
    shapes : sequence of tuple of int

    Attributes
    ----------
    offsets : list of int
        Where each begins, and then the length of the vector.
    """

    def __init__(self, shapes: Sequence[tuple[int, ...]]) -> None:
        self.shapes = tuple(shapes)
        self.offsets = [0]
        for shape in self.shapes:
            size = -(-math.prod(shape) // ALIGNMENT) * ALIGNMENT
            self.offsets.append(self.offsets[-1] + size)

    def zeros(self, dtype: Any) -> np.ndarray:
        """A vector for all arrays."""
        return private(np.zeros(self.offsets[-1], dtype))

    def view(self, flat: np.ndarray, index: int) -> np.ndarray:
        """The part of a vector that is the array with this index, in its shape."""
        shape, start = self.shapes[index], self.offsets[index]
        return flat[start : start + math.prod(shape)].reshape(shape)

    def views(self, flat: np.ndarray) -> list[np.ndarray]:
        """All arrays in a vector."""
        return [self.view(flat, i) for i in range(len(self.shapes))]


class Storage(Layout):
    """The weights of a model in one flat vector and their gradients in another.

    One vector means that an optimizer's step is one kernel over everything. A weight belongs to
    the model that used it last: ``claim`` moves weights that another model (which shares a layer)
    has taken in the meantime.

    Parameters
    ----------
    variables : sequence of Variable
        Those that the optimizer updates must come first.
    trainable : int
        How many of them the optimizer updates.
    """

    # How often any weight has moved, was frozen or thawed, or something has been exchanged: what is
    # recorded may be old then.
    moves: ClassVar[int] = 0

    def __init__(self, variables: Sequence[Variable], trainable: int) -> None:
        self.variables = tuple(variables)
        self.dtype = np.dtype(self.variables[0].dtype if self.variables else "float32")
        super().__init__([variable.shape for variable in self.variables])
        self.values = self.zeros(self.dtype)
        self.gradients = private(np.zeros(self.offsets[trainable], self.dtype))
        self.trainable = self.values[: self.offsets[trainable]]
        self.trainable_variables = self.variables[:trainable]
        self.has_tables = any(v.rows_used is not None for v in self.trainable_variables)
        self.seen = -1  # ``moves`` when all weights were here.
        self.claim()

    def claim(self) -> None:
        """Make every weight a view of this storage again."""
        if self.seen == Storage.moves:
            return
        moved = [i for i, v in enumerate(self.variables) if v.storage is not self]
        for i in moved:
            variable = self.variables[i]
            view = writing(self.view(self.values, i))
            view[...] = variable.numpy()
            variable._value, variable.storage = view, self
            if i < len(self.trainable_variables):
                variable._gradient = self.view(self.gradients, i)
                if variable.rows_used is not None:
                    private(variable.rows_used)
                    variable._forget_rows()
        if moved:
            Storage.moves += 1
        self.seen = Storage.moves

    def stretches(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
        """Gradients and values of what is trained: tables with their ``rows_used``, the rest flat.

        Yields
        ------
        gradient, value, rows_used
            Of a table; or None instead of ``rows_used``.
        """
        start = 0
        for i, variable in enumerate((*self.trainable_variables, None)):
            rows = None if variable is None else variable.rows_used
            if variable is not None and rows is None:
                continue
            end = self.offsets[i]
            if end > start:
                yield self.gradients[start:end], self.values[start:end], None
            if variable is not None:
                yield variable._gradient, variable._value, rows
                start = self.offsets[i + 1]
