"""Loss: the base class of losses, and ``get``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nnkit import checks, config, registry
from nnkit.conversion import to_numpy
from nnkit.losses import targets
from nnkit.registry import Configurable, resolve, snake_case

if TYPE_CHECKING:
    from nnkit.layers import Layer

__all__ = ["Loss", "deserialize", "get", "serialize"]


class Loss(Configurable):
    """A loss: ``forward`` computes it for each row of an output, ``backward`` its gradient.

    A row is a vector along the output's last axis: (batch, k) has one for each sample,
    (batch, steps, k) one for each timestep. A custom loss defines ``forward`` and ``backward``,
    which may use NumPy. If they only launch kernels, set ``recordable = True``.

    Parameters
    ----------
    name : str, optional
        By default the class's name in snake_case.
    reduction : str
        ``"sum_over_batch_size"``: the mean over rows. With sample weights, the sum of weighted
        losses is still divided by the number of rows, as in Keras. ``"sum"``: not divided.

    Attributes
    ----------
    sparse : bool
        Whether targets are class labels (int32), not one value for every output.

    Raises
    ------
    ValueError
        The reduction is unknown.

    Examples
    --------
    >>> import numpy as np, nnkit
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

    def __init__(self, name: str | None = None, reduction: str = "sum_over_batch_size") -> None:
        self.name = snake_case(type(self).__name__) if name is None else name
        known = ("sum_over_batch_size", "sum")
        self.reduction = checks.one_of(type(self).__name__, "reduction", reduction, known)

    # --------------------------------------------------------------- what a subclass implements

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
        raise TypeError(f"{type(self).__name__} must define forward(self, y_true, y_pred)")

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """The gradient of ``sum(weights * values)`` with respect to ``y_pred``, in its shape.

        Parameters
        ----------
        weights : numpy.ndarray
            (rows,): the rows' sample weights, divided by their number unless ``reduction="sum"``.
        """
        raise TypeError(f"{type(self).__name__} must define backward(self, weights)")

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

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Compute the loss of arrays, outside of a model.

        Parameters
        ----------
        y_true, y_pred : array
            Arrays with equally many rows; a vector of predictions is n samples of one output.
        sample_weight : array, optional
            (n,).

        Returns
        -------
        float
            The mean, or the sum if ``reduction="sum"``.
        """
        values = self.forward(*batch(self, y_true, y_pred)).astype(np.float64)
        if sample_weight is not None:
            values *= row_weights(self.name, sample_weight, np.shape(y_pred)[0], values.size)
        total = float(values.sum())
        return total if self.reduction == "sum" else total / max(1, values.size)

    def __getstate__(self) -> dict[str, Any]:
        """Copy and pickle without the arrays of the last step."""
        return {k: v for k, v in self.__dict__.items() if not isinstance(v, np.ndarray)}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def batch(owner: Any, y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    """Convert arrays to the form that the ``forward`` of a loss or metric takes."""
    predictions = to_numpy(y_pred, f"{owner.name}: y_pred")
    if predictions.ndim == 0:
        raise ValueError(f"{owner.name}: y_pred is the single number {predictions}")
    dtype = predictions.dtype.name
    if dtype not in ("float32", "float64"):
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
    if weights.shape not in ((samples,), (samples, 1)):
        raise ValueError(
            f"{owner}: sample_weight must have shape ({samples},), got {weights.shape}"
        )
    return np.repeat(weights.reshape(-1), rows // max(1, samples))


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
