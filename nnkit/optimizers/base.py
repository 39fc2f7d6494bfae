"""Optimizer: the base class of optimizers, and ``get``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nnkit import checks, registry
from nnkit.arguments import parameters
from nnkit.engine.dispatch import empty, launch
from nnkit.engine.stops import update_in_python
from nnkit.engine.variable import Storage
from nnkit.kernels import SUM_BLOCK
from nnkit.registry import Configurable, resolve, to_plain

__all__ = ["Optimizer", "deserialize", "get", "serialize"]


class Optimizer(Configurable):
    """An optimizer: ``update`` changes all weights by their gradients, in one step.

    A model keeps its weights in one flat vector, their gradients in a second one, and each slot of
    its optimizer in another. A custom optimizer defines ``slots``, names of vectors that start as
    zeros, and ``update``, which may use NumPy. If it only launches kernels, set
    ``recordable = True``.

    Parameters
    ----------
    learning_rate : float
        At least 0. ``nnkit.callbacks.LearningRateScheduler`` changes it while a model trains.
    weight_decay : float, optional
        Before each step, ``w -= weight_decay * learning_rate * w`` (I. Loshchilov, F. Hutter,
        2019, "Decoupled weight decay regularization").
    clipnorm : float, optional
        The gradient of a weight is scaled down to this norm if its norm is larger.
    clipvalue : float, optional
        Every element of a gradient is clipped to [-clipvalue, clipvalue].
    global_clipnorm : float, optional
        All gradients are scaled down if their common norm is larger than this norm.
    name : str, optional

    Attributes
    ----------
    slots : tuple of str
        Names of the vectors that the optimizer keeps besides the weights, such as momentum.
    iterations : int
        The number of steps so far.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value, or more than one kind of clipping is given.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> class SignSGD(nnkit.optimizers.Optimizer):
    ...     def update(self, gradients, parameters, slots, rate, iteration):
    ...         parameters -= (rate * np.sign(gradients)).astype(parameters.dtype)
    >>> SignSGD(learning_rate=0.1).learning_rate
    0.1
    """

    kind: ClassVar[str] = "optimizer"
    needs = ("iterations",)
    recordable: ClassVar[bool] = False
    slots: tuple[str, ...] = ()

    def __init__(
        self,
        learning_rate: float = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        *,
        name: str | None = None,
    ) -> None:
        owner = type(self).__name__
        self.name = owner.lower() if name is None else name
        self.learning_rate = learning_rate
        self.iterations = 0
        self.weight_decay = _optional(owner, "weight_decay", weight_decay, "[0, inf)")
        self.clipnorm = _optional(owner, "clipnorm", clipnorm, "(0, inf)")
        self.clipvalue = _optional(owner, "clipvalue", clipvalue, "(0, inf)")
        self.global_clipnorm = _optional(owner, "global_clipnorm", global_clipnorm, "(0, inf)")
        names = ("clipnorm", "clipvalue", "global_clipnorm")
        clippings = zip(names, (clipnorm, clipvalue, global_clipnorm), strict=True)
        given = [f"{name}={value}" for name, value in clippings if value is not None]
        if len(given) > 1:
            raise ValueError(f"{owner}: give one kind of clipping at most, got {', '.join(given)}")

    @property
    def learning_rate(self) -> float:
        """The learning rate, a float; it may be set at any time."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        owner = type(self).__name__
        if callable(value) or isinstance(value, (Configurable, dict)):
            raise TypeError(
                f"{owner}: learning_rate must be a number, got {value!r}; for one that changes, "
                "give fit the callback nnkit.callbacks.LearningRateScheduler(schedule)"
            )
        self._learning_rate = checks.number(owner, "learning_rate", value, "[0, inf)")

    def apply(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Do one step: clip gradients, decay weights, update.

        Parameters
        ----------
        storage : Storage
            The weights and their gradients, which are clipped in place.
        slots : dict of str to numpy.ndarray
            A vector like ``storage.trainable`` for each name in ``slots``.
        rate : numpy.ndarray
            float64 (1,), the step's learning rate.
        iteration : numpy.ndarray
            int64 (1,), the step's number, counted from 1.
        """
        options = self.clipvalue, self.clipnorm, self.global_clipnorm, self.weight_decay
        if any(option is not None for option in options):
            self._clip_and_decay(storage, rate)
        if storage.has_tables and self.update_tables(storage, rate):
            return
        arguments = storage.gradients, storage.trainable, slots, rate, iteration
        if self.recordable:
            self.update(*arguments)
        else:
            reads = storage.gradients, rate, iteration
            updates = storage.trainable, *slots.values()
            update_in_python(lambda *arrays: self.update(*arguments), reads, updates)

    def update_tables(self, storage: Storage, rate: np.ndarray) -> bool:
        """Update all weights, of tables only the rows that the batch used; False if it can't."""
        return False

    def _clip_and_decay(self, storage: Storage, rate: np.ndarray) -> None:
        if self.clipvalue is not None:
            launch.clip_by_value(self.clipvalue, storage.gradients)
        elif self.global_clipnorm is not None:
            clip_norm(storage.gradients, self.global_clipnorm)
        elif self.clipnorm is not None:
            for variable in storage.trainable_variables:
                clip_norm(variable.gradient.reshape(variable.gradient.size), self.clipnorm)
        if self.weight_decay:
            launch.decay_weights(rate, self.weight_decay, storage.trainable)

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Change the parameters and slots in place; all vectors have the same size."""
        raise TypeError(
            f"{type(self).__name__} must define "
            "update(self, gradients, parameters, slots, rate, iteration)"
        )

    def hyperparameters(self) -> tuple[Any, ...]:
        """All settings that a recorded step contains; if one changes, the step is recorded again.

        Learning rate and number of the step are not among them: a record reads both from memory.
        """
        config = self.get_config()
        baked = [name for name in config if name not in ("learning_rate", "name")]
        return (type(self).__name__, *((name, repr(config[name])) for name in baked))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data, with their current values."""
        recorded = super().get_config()
        return {
            name: to_plain(getattr(self, name, recorded.get(name)))
            for name in sorted(parameters(type(self)))
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} learning_rate={self.learning_rate}>"


def clip_norm(gradient: np.ndarray, limit: float) -> None:
    """Scale a vector down to the norm ``limit`` if its norm is larger."""
    partial = empty((2, -(-gradient.size // SUM_BLOCK)), np.float64)
    launch.sum_squares(gradient, partial)
    launch.clip_by_norm(partial, limit, gradient)


def get(identifier: Any) -> Optimizer:
    """Find or make an optimizer from an optimizer, a name, or a configuration.

    Parameters
    ----------
    identifier : Optimizer, str or dict
        For example ``"adam"``.

    Returns
    -------
    Optimizer

    Raises
    ------
    ValueError
        No optimizer has that name.
    TypeError
        ``identifier`` has another type.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.get("adam")
    <Adam learning_rate=0.001>
    """
    optimizer: Optimizer = resolve("optimizer", identifier)
    return optimizer


def _optional(owner: str, name: str, value: Any, interval: str) -> float | None:
    return None if value is None else checks.number(owner, name, value, interval)


def serialize(optimizer: Any) -> Any:
    """Describe a optimizer by plain data, from which :func:`deserialize` makes an equal one.

    A registered function is described by its name.
    """
    return registry.serialize("optimizer", optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a optimizer of a description or a name.

    Parameters
    ----------
    config : dict or str
    custom_objects : dict, optional
        Further classes and functions by name.
    """
    return registry.deserialize("optimizer", config, custom_objects)
