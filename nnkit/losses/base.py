"""Loss: the base class of losses, and ``get``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nnkit import checks, config, registry
from nnkit.conversion import to_numpy
from nnkit.losses import targets
from nnkit.losses.row_function import RowFunction
from nnkit.registry import Configurable, resolve, snake_case

if TYPE_CHECKING:
    from nnkit.layers import Layer

__all__ = ["BuiltInLoss", "Loss", "deserialize", "get", "serialize"]

_MEANS = ("sum_over_batch_size", "mean")
_REDUCTIONS = (*_MEANS, "mean_with_sample_weight", "sum", "none")


class Loss(Configurable):
    """A loss: ``forward`` computes it for each row of an output, ``backward`` its gradient.

    A row is a vector along the output's last axis: (batch, k) has one for each sample,
    (batch, steps, k) one for each timestep. A custom loss defines ``call``, whose gradient is
    derived; or ``forward`` and ``backward``, which may use NumPy. If these only launch kernels, set
    ``recordable = True``.

    Parameters
    ----------
    name : str, optional
        By default the class's name in snake_case.
    reduction : str or None
        ``"sum_over_batch_size"`` or ``"mean"``: the mean over rows. With sample weights, the sum of
        weighted losses is still divided by the number of rows, as in Keras.
        ``"mean_with_sample_weight"``: the sum of weighted losses, divided by that of the weights.
        ``"sum"``: not divided. None or ``"none"``: calling the loss gives an array with the loss of
        each row; ``compile`` doesn't take such a loss.
    dtype : {"float32", "float64", None}
        Of computations outside of a model, by default that of the predictions. A model computes its
        losses in its own data type.

    Attributes
    ----------
    sparse : bool
        Whether targets are class labels (int32), not one value for every output.

    Raises
    ------
    ValueError
        The reduction or the data type is unknown.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit import ops
    >>> class Quartic(nnkit.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean((y_pred - y_true) ** 4, axis=-1)
    >>> Quartic()(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    8.0

    The same with a gradient of one's own:

    >>> class Cubic(nnkit.losses.Loss):
    ...     def forward(self, y_true, y_pred):
    ...         self.difference = y_pred - y_true.reshape(y_pred.shape)
    ...         return (abs(self.difference) ** 3).mean(axis=-1).reshape(-1)
    ...     def backward(self, weights):
    ...         d = self.difference
    ...         return 3 * d * abs(d) / d.shape[-1] * weights.reshape(*d.shape[:-1], 1)
    >>> Cubic()(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    4.0
    """

    kind: ClassVar[str] = "loss"
    needs = ("reduction",)
    recordable: ClassVar[bool] = False
    sparse: ClassVar[bool] = False
    y_pred: np.ndarray

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "call" in vars(cls) and "recordable" not in vars(cls):
            cls.recordable = True

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        owner = type(self).__name__
        self.name = snake_case(owner) if name is None else name
        if reduction is not None:
            checks.one_of(owner, "reduction", reduction, _REDUCTIONS)
        self.reduction = reduction
        self.dtype = checks.float_dtype(owner, dtype)

    # --------------------------------------------------------------- what a subclass implements

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss as an expression, from which value and gradient are derived.

        Parameters
        ----------
        y_true, y_pred : expression
            Both in the shape of the predictions, (batch, ..., k).

        Returns
        -------
        expression
            Made with :mod:`nnkit.ops`: a value for each row, for each element (then averaged over
            rows), or for the batch.
        """
        raise TypeError(
            f"{type(self).__name__} must define forward(self, y_true, y_pred) and "
            "backward(self, weights), or call(self, y_true, y_pred)"
        )

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Compute the loss of every row, and keep on ``self`` what ``backward`` needs.

        Parameters
        ----------
        y_true : numpy.ndarray
            A batch of what ``prepare`` returned, in ``target_dtype``: (batch, outputs of a sample),
            or labels.
        y_pred : numpy.ndarray
            (batch, ..., k).

        Returns
        -------
        numpy.ndarray
            (rows,).
        """
        self._y_true, self._y_pred = y_true, y_pred
        return self._rows.forward(self, y_true, y_pred)

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """The gradient of ``sum(weights * values)`` with respect to ``y_pred``, in its shape.

        Parameters
        ----------
        weights : numpy.ndarray
            (rows,): the rows' sample weights, divided by their number unless ``reduction="sum"``.
        """
        if "_y_pred" not in vars(self):
            raise TypeError(f"{type(self).__name__} must define backward(self, weights)")
        return self._rows.backward(self, self._y_true, self._y_pred, weights)

    @property
    def _rows(self) -> RowFunction:
        """What derives values and gradients from ``call``."""
        rows: RowFunction = vars(self).setdefault("_of_rows", RowFunction(self.name, self.call))
        return rows

    def values_of(self, shape: tuple[int, ...]) -> int:
        """How many values there are for predictions of a shape, by default one for each row.

        Where there are fewer, a value is repeated for several rows, one after the other.
        """
        return math.prod(shape[:-1])

    def forward_logits(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        """``forward`` for a loss that ``absorbs`` the last activation: ``z`` is its input.

        It sets ``self.y_pred`` to the activation's output; ``backward`` then returns z's gradient.
        """
        raise TypeError(f"{type(self).__name__} takes no logits")

    def absorbs(self, activation: Layer, rank: int) -> bool:
        """Whether ``forward_logits`` computes this activation, too, so that a model can skip it.

        Parameters
        ----------
        activation : Layer
        rank : int
            The number of axes of its output, with the batch's.
        """
        return False

    # ------------------------------------------------------------------- the form of targets

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """Check all targets, and bring them into the form that batches are gathered from.

        Parameters
        ----------
        y : array
            The targets as the user passed them.
        output_shape : tuple
            Shape of the model's output, batch first.

        Returns
        -------
        numpy.ndarray
            C-contiguous, n first: (n, outputs of a sample), or labels.

        Raises
        ------
        TypeError
            ``y`` doesn't contain numbers.
        ValueError
            ``y`` doesn't fit the output.
        """
        return targets.as_numbers(self.name, y, output_shape)

    def doubts(
        self,
        targets: np.ndarray,
        output_shape: tuple[int | None, ...],
        counts: np.ndarray | None = None,
    ) -> str:
        """Text of a warning about valid targets that are probably a mistake; by default none.

        Parameters
        ----------
        targets : numpy.ndarray
            All targets, as ``prepare`` returned them.
        output_shape : tuple
            Shape of the model's output, batch first.
        counts : numpy.ndarray, optional
            bool (n,) or (n, rows of a sample): whether a row's weight is not 0.
        """
        return ""

    def target_dtype(self, dtype: str) -> str:
        """The data type of ``y_true`` in a model that computes in ``dtype``."""
        return "int32" if self.sparse else dtype

    # ------------------------------------------------------------------------- outside a model

    def without_repetitions(self, values: np.ndarray, shape: tuple[int, ...]) -> Any:
        """The values of all rows as Keras gives them for predictions of a shape.

        An array with one for each row or each sample; or a single value of the batch.
        """
        count = self.values_of(shape)
        if count == values.size:
            return values.reshape(shape[:-1])
        whole = self.values_of((2, *shape[1:])) == 1  # Of a batch of two samples.
        return values[0] if whole else values[:: values.size // count]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Compute the loss of arrays, outside of a model.

        Parameters
        ----------
        y_true, y_pred : array
            Arrays with equally many rows; a vector of predictions is n samples of one output.
        sample_weight : array, optional
            (n,), or one for each row.

        Returns
        -------
        float or numpy.ndarray
            The mean, the sum if ``reduction="sum"``, or an array of all if it is None.
        """
        t, p = batch(self, y_true, y_pred)
        values = self.forward(t, p).reshape(-1).astype(np.float64)
        weights, counts = np.ones(values.size), self.counted(t)
        if sample_weight is not None:
            weights = row_weights(self.name, sample_weight, len(p), values.size)
        if counts is not None:
            weights = weights * counts.reshape(-1)
            if self.reduction in _MEANS:
                weights *= counts.size / max(1, counts.sum())
        repeated = values.size // max(1, self.values_of(p.shape))
        if self.reduction in (None, "none"):
            return self.without_repetitions((values * weights).astype(p.dtype), p.shape)
        total = float(values @ weights)
        if self.reduction == "sum":
            return total / repeated
        divisor = values.size if self.reduction in _MEANS else weights.sum()
        return float(total / divisor) if divisor else 0.0

    def counted(self, y_true: np.ndarray) -> np.ndarray | None:
        """Which rows count, if their targets may say that they don't: bool (rows,), or None."""
        return None

    def __getstate__(self) -> dict[str, Any]:
        """Copy and pickle without the arrays of the last step, and what follows from ``call``."""
        kept = {k: v for k, v in self.__dict__.items() if not isinstance(v, np.ndarray)}
        kept.pop("_of_rows", None)
        return kept

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class BuiltInLoss(Loss, abstract=True):
    """A loss of nnkit's own: its arguments are in the order of Keras's.

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)


def batch(owner: Any, y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    """Convert arrays to the form that the ``forward`` of a loss or metric takes."""
    predictions = to_numpy(y_pred, f"{owner.name}: y_pred")
    if predictions.ndim == 0:
        raise ValueError(f"{owner.name}: y_pred is the single number {predictions}")
    dtype = predictions.dtype.name
    if owner.dtype in ("float32", "float64"):
        dtype = owner.dtype
    elif dtype not in ("float32", "float64"):
        dtype = config.floatx()
    predictions = np.ascontiguousarray(predictions, dtype)
    if predictions.ndim == 1:
        predictions = predictions.reshape(-1, 1)
    prepared = owner.prepare(y_true, predictions.shape)
    if len(prepared) != len(predictions):
        raise ValueError(
            f"{owner.name}: {len(prepared)} targets, but {len(predictions)} predictions"
        )
    return prepared.astype(owner.target_dtype(dtype), copy=False), predictions


def row_weights(owner: str, sample_weight: Any, samples: int, rows: int) -> np.ndarray:
    """The weight of every row, from the weight of every sample."""
    weights = to_numpy(sample_weight, f"{owner}: sample_weight", np.float64)
    by_sample = weights.shape in ((samples,), (samples, 1))
    if not by_sample and (weights.ndim < 2 or len(weights) != samples or weights.size != rows):
        raise ValueError(
            f"{owner}: sample_weight must have shape ({samples},), or a weight for each of the "
            f"{rows} rows, got {weights.shape}"
        )
    return np.repeat(weights.reshape(-1), rows // max(1, weights.size))


def get(identifier: Any) -> Loss:
    """Find or make a loss from a loss, a name, a configuration, or a function.

    Parameters
    ----------
    identifier : Loss, str, dict or callable
        For example ``"mse"``. A function becomes a :class:`FunctionLoss`.

    Returns
    -------
    Loss

    Raises
    ------
    ValueError
        No loss has that name.
    TypeError
        ``identifier`` has another type.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.losses.get("mse")
    <MeanSquaredError name=mean_squared_error>
    """
    loss: Loss = resolve("loss", identifier)
    return loss


def serialize(loss: Any) -> Any:
    """Describe a loss by plain data, from which :func:`deserialize` makes an equal one.

    A registered function is described by its name.
    """
    return registry.serialize("loss", loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a loss of a description or a name.

    Parameters
    ----------
    name : dict or str
    custom_objects : dict, optional
        Further classes and functions by name.
    """
    return registry.deserialize("loss", name, custom_objects)
