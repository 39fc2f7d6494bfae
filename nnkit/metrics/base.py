"""Metric: the base class of metrics, and ``get``."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nnkit import initializers, registry
from nnkit.checks import is_expression
from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import empty, launch, recording
from nnkit.engine.variable import Variable
from nnkit.interrupts import allowed
from nnkit.losses import targets
from nnkit.losses.base import Loss, batch, row_weights
from nnkit.losses.row_function import RowFunction
from nnkit.registry import Configurable, resolve, snake_case

__all__ = ["Metric", "State", "deserialize", "get", "serialize"]

Shape = tuple[int | None, ...]


class State(Variable):
    """A few numbers that a metric keeps over an epoch, in float64; see ``Metric.add_weight``.

    It is read like an array, and written by ``assign``, ``assign_add`` and ``assign_sub``.
    """

    def __init__(self, value: np.ndarray, name: str) -> None:
        super().__init__(np.asarray(value, np.float64), name, trainable=False)

    def assign(self, value: Any) -> None:
        """Replace the numbers; one number is taken for all, an expression for its value."""
        self.value = np.broadcast_to(self._evaluated(value), self.shape)

    def assign_add(self, value: Any) -> None:
        """Add a number, or an array of the same shape."""
        self.assign(self.value + self._evaluated(value))

    def assign_sub(self, value: Any) -> None:
        """Subtract a number, or an array of the same shape."""
        self.assign(self.value - self._evaluated(value))

    def _evaluated(self, value: Any) -> np.ndarray:
        if is_expression(value):
            value = value.eval()
        array = to_numpy(value, f"the state {self.name!r}")
        try:
            fits = np.broadcast_shapes(array.shape, self.shape) == self.shape
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"the state {self.name!r} has shape {self.shape}, got {array.shape}")
        return array

    def move(self, memory: np.ndarray) -> None:
        """Live in other memory from now on, with the numbers that are there."""
        self._value = memory.reshape(self.shape)


class Metric(Configurable):
    """What is reported of an epoch: a state that each batch adds to, and a result.

    There are three ways to define one. ``call`` (an expression) or ``forward`` (NumPy) gives a
    number for every row of an output, of which the result is the mean over the epoch. Or, as in
    Keras, ``__init__`` makes a state by :meth:`add_weight`, ``update_state`` adds a batch to it,
    and ``result`` says what follows; these methods use NumPy, or :mod:`nnkit.ops`, whose functions
    give arrays there. Or ``update`` adds a batch by launching kernels, with ``recordable = True``.

    Outside of a model, ``update_state``, ``result`` and ``reset_state`` work as in Keras.

    Parameters
    ----------
    dtype : data type, optional
        Of predictions, outside of a model; by default their own. States are float64.
    name : str, optional
        The name in logs and history; by default the class's name in snake_case.

    Attributes
    ----------
    direction : {"min", "max", None}
        Whether smaller or larger values are better, for callbacks that look for an improvement.
        With None, these callbacks need their argument ``mode``.
    sparse : bool or None
        Whether targets are class labels (int32), not one value for every output. None: they are in
        the form that the model's loss takes.
    variables : list of State
        What the metric keeps over an epoch.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> class Bias(nnkit.metrics.Metric):
    ...     def forward(self, y_true, y_pred):
    ...         return (y_pred - y_true).mean(axis=-1)
    >>> bias = Bias()
    >>> bias.update_state(np.array([[1.0], [2.0]]), np.array([[2.0], [4.0]]))
    >>> bias.result()
    1.5
    >>> class Worst(nnkit.metrics.Metric):
    ...     def __init__(self, **options):
    ...         super().__init__(**options)
    ...         self.worst = self.add_weight(name="worst", initializer="zeros")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.worst.assign(np.maximum(self.worst, np.abs(y_pred - y_true).max()))
    ...     def result(self):
    ...         return self.worst
    >>> worst = Worst()
    >>> worst.update_state(np.array([[1.0], [2.0]]), np.array([[2.0], [4.0]]))
    >>> float(worst.result())
    2.0
    """

    kind: ClassVar[str] = "metric"
    needs = ("_variables",)
    recordable: ClassVar[bool] = False
    sparse: ClassVar[bool | None] = False
    direction: str | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "update_state" in vars(cls) and "sparse" not in vars(cls) and cls.sparse is False:
            cls.sparse = None
        if "call" in vars(cls) and "recordable" not in vars(cls):
            cls.recordable = True

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = snake_case(type(self).__name__) if name is None else name
        self.dtype = None if dtype is None else str(getattr(dtype, "name", dtype))
        self._variables: list[State] = []
        self.built = False

    # --------------------------------------------------------------------------------- the state

    def add_variable(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> State:
        """Make a part of the state; see :meth:`add_weight`.

        Parameters
        ----------
        shape, initializer, dtype
            As for :meth:`add_weight`.
        aggregation : str
            Accepted for Keras's sake: a model's workers have one state.
        name : str, optional
        """
        return self.add_weight(shape, initializer, dtype, name)

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> State:
        """Make a part of the state: numbers that ``update_state`` changes.

        Parameters
        ----------
        shape : tuple of int
        initializer : str or Initializer, optional
            By default zeros. An epoch begins with what ``reset_state`` sets: zeros in any case.
        dtype : data type, optional
            Accepted for Keras's sake; all state is float64.
        name : str, optional
        """
        if "_variables" not in vars(self):
            raise TypeError(f"{type(self).__name__}: call super().__init__() before add_weight")
        shape = tuple(int(n) for n in np.atleast_1d(np.asarray(shape, np.int64)))
        made = initializers.get("zeros" if initializer is None else initializer)
        value = np.asarray(made(shape, "float64"), np.float64).reshape(shape)
        state = State(value, name or f"state_{len(self._variables)}")
        self._variables.append(state)
        return state

    @property
    def variables(self) -> list[State]:
        """All parts of the state, those of metrics that are attributes of this one included."""
        inner = [value for value in vars(self).values() if isinstance(value, Metric)]
        return [*self._variables, *(state for metric in inner for state in metric.variables)]

    def build(self, output_shape: Shape) -> None:
        """Make the parts of the state whose sizes follow from an output's shape, batch first."""
        if self.by_rows:
            self.sums = self.add_weight((2,), name="total_and_count")

    def ensure_built(self, output_shape: Shape, labels: bool = False) -> None:
        """Build the metric if it is not.

        Parameters
        ----------
        output_shape : tuple
        labels : bool
            Whether targets are class labels.
        """
        if not self.built:
            self.build(output_shape)
            self.built = True
            if self.in_python and not self.variables:
                self._find_variables(output_shape, labels)

    def _find_variables(self, output_shape: Shape, labels: bool) -> None:
        """Let ``update_state`` make its state, if it does so for the first batch."""
        y_pred = np.zeros([n or 1 for n in output_shape], np.float32)
        y_true = np.zeros(y_pred.shape[:-1], np.int32) if labels else np.zeros_like(y_pred)
        with recording(None):
            self.update_in_python(y_true, y_pred, None)
        self.reset_state()
        if not self.variables:
            raise TypeError(
                f"{type(self).__name__}: what update_state adds up must be kept in a state: "
                "self.total = self.add_weight(name='total') in __init__, and "
                "self.total.assign_add(...) in update_state"
            )

    @property
    def by_rows(self) -> bool:
        """Whether the metric is a mean of the numbers that ``forward`` gives for rows."""
        cls = type(self)
        return cls.update is Metric.update and cls.update_state is Metric.update_state

    @property
    def in_python(self) -> bool:
        """Whether the metric has an ``update_state`` of its own."""
        return type(self).update_state is not Metric.update_state

    # --------------------------------------------------------------- what a subclass implements

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The value of every row as an expression; see :meth:`nnkit.losses.Loss.call`."""
        raise TypeError(
            f"{type(self).__name__} must define forward(self, y_true, y_pred), or "
            "call(self, y_true, y_pred), or update_state(self, y_true, y_pred, sample_weight)"
        )

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The value of every row.

        Parameters
        ----------
        y_true : numpy.ndarray
            (batch, outputs of a sample) in y_pred's type, or labels.
        y_pred : numpy.ndarray
            (batch, ..., k).

        Returns
        -------
        numpy.ndarray
            (rows,), where a row is the last axis of ``y_pred``.
        """
        rows = vars(self).setdefault("_of_rows", RowFunction(self.name, self.call))
        values: np.ndarray = rows.forward(self, y_true, y_pred)
        return values

    def update(self, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray) -> None:
        """Add a batch to the state by launching kernels, in a step.

        Parameters
        ----------
        y_true : numpy.ndarray
            (batch, outputs of a sample) in y_pred's type, or labels.
        y_pred : numpy.ndarray
            (batch, ..., k).
        weights : numpy.ndarray
            (rows,): weights of rows, 1 by default and 0 for masked ones.
        """
        self.add(self.forward(y_true, y_pred).reshape(-1), y_true, weights)

    def add(self, values: np.ndarray, y_true: np.ndarray, weights: np.ndarray) -> None:
        """Add what ``forward`` gave for rows to the state of a mean.

        Parameters
        ----------
        values : numpy.ndarray
            (rows,).
        y_true, weights
            As for :meth:`update`.
        """
        counted = self.counted(y_true)
        if counted is not None:
            given, weights = weights, empty(weights.shape, weights.dtype)
            launch.multiply(given, counted, weights)
        launch.accumulate_weighted(values, weights, self.sums.value)

    def counted(self, y_true: np.ndarray) -> np.ndarray | None:
        """Which rows count by their targets, after ``forward``; None: all."""
        return None

    def prepare(self, y: Any, output_shape: Shape) -> np.ndarray:
        """Check a user's targets, and bring them into the form that batches are gathered from."""
        check = targets.as_labels if self.sparse else targets.as_numbers
        return check(self.name, y, output_shape)

    def check(self, prepared: np.ndarray, output_shape: Shape) -> None:
        """Check targets that a loss has prepared, if the metric is stricter than the loss."""

    def target_dtype(self, dtype: str) -> str:
        """The data type of ``y_true`` for predictions of type ``dtype``."""
        return "int32" if self.sparse else dtype

    # --------------------------------------------------------------------------- Keras's protocol

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add a batch to the state.

        Parameters
        ----------
        y_true, y_pred : array
            Arrays with equally many rows; a vector of predictions is n samples of one output.
        sample_weight : array, optional
            (n,), or a weight for each row.
        """
        t, p = batch(self, y_true, y_pred)
        self.ensure_built(p.shape)
        rows = p.size // max(1, p.shape[-1])
        weights = np.ones(rows)
        if sample_weight is not None:
            weights = row_weights(self.name, sample_weight, len(p), rows)
        self.update(t, p, np.ascontiguousarray(weights, p.dtype))

    def result(self) -> Any:
        """What follows from all batches since the last reset; by default the mean, 0 of none."""
        total, count = self.sums.numpy().tolist() if self.built else (0.0, 0.0)
        return total / count if count else 0.0

    def reset_state(self) -> None:
        """Forget all batches."""
        for state in self.variables:
            state.assign(0.0)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """``update_state``, then ``result``."""
        self.update_state(*arguments, **named)
        return self.result()

    def update_in_python(
        self, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray | None
    ) -> None:
        """Call a custom ``update_state``, as a step does; ``weights`` only if it takes them."""
        given = () if weights is None or not self.takes_weights else (weights,)
        try:
            with allowed():
                self.update_state(y_true, y_pred, *given)
        except Exception as error:
            error.add_note(f"This was in update_state of {self.name!r}.")
            raise

    @property
    def takes_weights(self) -> bool:
        """Whether ``update_state`` takes weights of samples."""
        known = inspect.signature(self.update_state).parameters.values()
        places = [p for p in known if p.kind is not p.KEYWORD_ONLY]
        return len(places) > 2 or any(p.kind is p.VAR_POSITIONAL for p in known)

    # -------------------------------------------------------------------------------- copies, text

    def __copy__(self) -> Metric:
        """A copy has a state of its own."""
        twin = type(self).__new__(type(self))
        own = {id(state): State(state.numpy(), state.name) for state in self._variables}

        def copied(value: Any) -> Any:
            if isinstance(value, Metric):
                return copy.copy(value)
            if isinstance(value, list):
                return [copied(one) for one in value]
            return own.get(id(value), value)

        vars(twin).update({name: copied(value) for name, value in self.__getstate__().items()})
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """Copy and pickle without what was derived from an expression."""
        return {name: value for name, value in vars(self).items() if name != "_of_rows"}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def get(identifier: Any, loss: Loss | None = None, output_shape: Shape | None = None) -> Metric:
    """Find or make a metric from a metric, a name, a configuration, or a function.

    ``"accuracy"`` and ``"acc"`` depend on the targets, as in Keras: SparseCategoricalAccuracy if
    the loss takes labels, BinaryAccuracy for a single output, otherwise CategoricalAccuracy. The
    metric then has the name that was given.

    Parameters
    ----------
    identifier : Metric, str, dict or callable
        For example ``"accuracy"``. A function becomes a :class:`FunctionMetric`.
    loss : Loss, optional
        The model's loss, which decides on the form of the targets.
    output_shape : tuple, optional
        Shape of the model's output, batch first.

    Returns
    -------
    Metric

    Raises
    ------
    ValueError
        No metric has that name, or the metric takes other targets than the loss.
    TypeError
        ``identifier`` has another type.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.metrics.get("accuracy", output_shape=(None, 1))
    <BinaryAccuracy name=accuracy>
    """
    name = identifier
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc"):
        identifier = _accuracy(loss, output_shape)
    metric: Metric = resolve("metric", identifier)
    if isinstance(name, str):
        metric.name = name
    if loss is not None and metric.sparse not in (None, loss.sparse):
        needs = {True: "class numbers", False: "one value for every output"}
        raise ValueError(
            f"metric {metric.name!r} takes targets that are {needs[bool(metric.sparse)]}, but the "
            f"loss {loss.name!r} takes {needs[loss.sparse]}"
        )
    return metric


def _accuracy(loss: Loss | None, output_shape: Shape | None) -> str:
    if loss is not None and loss.sparse:
        return "SparseCategoricalAccuracy"
    if output_shape is not None and output_shape[-1] == 1:
        return "BinaryAccuracy"
    return "CategoricalAccuracy"


def serialize(metric: Any) -> Any:
    """Describe a metric by plain data, from which :func:`deserialize` makes an equal one.

    A registered function is described by its name.
    """
    return registry.serialize("metric", metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a metric of a description or a name.

    Parameters
    ----------
    config : dict or str
    custom_objects : dict, optional
        Further classes and functions by name.
    """
    return registry.deserialize("metric", config, custom_objects)
