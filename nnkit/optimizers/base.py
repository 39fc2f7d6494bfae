"""What every optimizer is."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnkit import checks
from nnkit.engine.device import empty, launch
from nnkit.engine.stops import update_in_python
from nnkit.engine.variable import Storage
from nnkit.kernels import SUM_BLOCK
from nnkit.registry import Configurable, parameters, resolve, to_plain

__all__ = ["Optimizer", "get"]


class Optimizer(Configurable):
    """Changes weights by their gradients: ``update`` is one step for all weights at once.

    A model keeps its weights in one flat vector, their gradients in another, and so does an
    optimizer with what it remembers. An optimizer of your own defines ``slots``, names of vectors
    that start as zeros, and ``update``; with plain NumPy it works at once. One that only calls
    kernels says ``recordable = True``.

    Parameters
    ----------
    learning_rate : float
        From 0 on. ``nnkit.callbacks.LearningRateScheduler`` changes it while a model trains.
    weight_decay : float, optional
        Before each step, weights lose this share times the learning rate, whatever the gradient
        (I. Loshchilov, F. Hutter, 2019, "Decoupled weight decay regularization").
    clipnorm : float, optional
        A weight's gradient with a greater norm is scaled down to it.
    clipvalue : float, optional
        Every element of a gradient is limited to -clipvalue ... clipvalue.
    global_clipnorm : float, optional
        If all gradients together have a greater norm, they are scaled down to it.
    name : str, optional

    Attributes
    ----------
    slots : tuple of str
        What the optimizer remembers for each weight.
    iterations : int
        Steps done.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be, or more than one of the three clippings is given.

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
        clippings = {
            "clipnorm": clipnorm,
            "clipvalue": clipvalue,
            "global_clipnorm": global_clipnorm,
        }
        given = [f"{key}={value}" for key, value in clippings.items() if value is not None]
        if len(given) > 1:
            raise ValueError(f"{owner}: give one kind of clipping at most, got {', '.join(given)}")

    @property
    def learning_rate(self) -> float:
        """Size of the steps; may be set at any time."""
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
        """One step: clip, decay, update.

        Parameters
        ----------
        storage : Storage
            Of the weights; the gradients are clipped in place.
        slots : dict of str to numpy.ndarray
            A vector like ``storage.trainable`` for each name in ``slots``.
        rate : numpy.ndarray
            float64 (1,), the learning rate of this step.
        iteration : numpy.ndarray
            int64 (1,), the number of this step, from 1 on.
        """
        self.clip(storage)
        if self.weight_decay:
            launch.decay_weights(rate, self.weight_decay, storage.trainable)
        self.step(storage, slots, rate, iteration)

    def step(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """:meth:`update` everything at once."""
        arguments = (storage.gradients, storage.trainable, slots, rate, iteration)
        if self.recordable:
            self.update(*arguments)
        else:
            reads = storage.gradients, rate, iteration
            updates = storage.trainable, *slots.values()
            update_in_python(lambda *arrays: self.update(*arguments), reads, updates)

    def clip(self, storage: Storage) -> None:
        """Limit the gradients, in place."""
        if self.clipvalue is not None:
            launch.clip_by_value(self.clipvalue, storage.gradients)
        elif self.global_clipnorm is not None:
            clip_norm(storage.gradients, self.global_clipnorm)
        elif self.clipnorm is not None:
            for variable in storage.trainable_variables:
                clip_norm(variable.gradient.reshape(variable.gradient.size), self.clipnorm)

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Change the parameters and slots in place; all are vectors of one size."""
        raise TypeError(
            f"{type(self).__name__} must define "
            "update(self, gradients, parameters, slots, rate, iteration)"
        )

    def hyperparameters(self) -> tuple[Any, ...]:
        """All that a recorded step took from this object: record anew when it changes.

        Without the learning rate and the number of the step, which a record reads from memory.
        """
        config = self.get_config()
        baked = [name for name in config if name not in ("learning_rate", "name")]
        return (type(self).__name__, *((name, repr(config[name])) for name in baked))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data, with the values they have now."""
        recorded = super().get_config()
        return {
            name: to_plain(getattr(self, name, recorded.get(name)))
            for name in sorted(parameters(type(self)))
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} learning_rate={self.learning_rate}>"


def clip_norm(gradient: np.ndarray, limit: float) -> None:
    """Scale a vector down to a norm, if it has a greater one."""
    partial = empty((2, -(-gradient.size // SUM_BLOCK)), np.float64)
    launch.sum_squares(gradient, partial)
    launch.clip_by_norm(partial, limit, gradient)


def get(identifier: Any) -> Optimizer:
    """An optimizer from itself, a name, or a configuration.

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
        It is something else.

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
