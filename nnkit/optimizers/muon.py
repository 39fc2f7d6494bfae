"""Muon."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.engine.variable import Storage, Variable
from nnkit.optimizers.base import Optimizer, regular_expressions, squares_of, usual
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["Muon"]


class Muon(Optimizer):
    """Steps of matrices that are nearly orthogonal; AdamW for all other weights.

    K. Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks"; rms_rate: J.
    Liu et al., 2025, "Muon is scalable for LLM training". Embeddings, and all weights that don't
    have two axes, are left to AdamW; so should the last layer be, which ``exclude_layers`` names.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    adam_beta_1, adam_beta_2 : float
        As for :class:`AdamW`.
    adam_weight_decay : float, optional
        The decay of weights that are left to AdamW.
    epsilon : float
        That of AdamW, at least 0. None means 1e-7.
    weight_decay : float, optional
        That of matrices.
    clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, \
loss_scale_factor, gradient_accumulation_steps, name
        As for :class:`Optimizer`.
    exclude_layers : list of str, optional
        Weights whose path, such as ``"dense_1/kernel"``, contains one of these (regular
        expressions) are left to AdamW.
    exclude_embeddings : bool
        Whether weights with "embedding" in their path are.
    muon_a, muon_b, muon_c : float
        The factors of x, x^3 and x^5 in the iteration.
    adam_lr_ratio : float
        The learning rate of AdamW as a multiple of that of matrices, at least 0.
    momentum : float
        From 0 to 1.
    ns_steps : int
        The number of iterations, at least 1.
    nesterov : bool
        Whether the momentum is Nesterov's.
    rms_rate : float, optional
        Steps are multiplied by ``rms_rate * sqrt(max(rows, columns))``; None leaves them as they
        are.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    With W a matrix, G its gradient, M the slot ``"momentum"``, and lr the learning rate::

        M = momentum M + G
        X = G + momentum M with nesterov, or else M
        X = X / (|X| + 1e-7)                          with the norm of all elements
        X = a X + (b A + c A^2) X with A = X X^T      ns_steps times
        W -= lr rms_rate sqrt(max(rows, columns)) X

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.Muon(exclude_layers=["output"]).slots
    ('momentum', 'velocity')
    """

    recordable = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float | None = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
    ) -> None:
        clippings = clipnorm, clipvalue, global_clipnorm
        averages = use_ema, ema_momentum, ema_overwrite_frequency
        rest = loss_scale_factor, gradient_accumulation_steps, name
        super().__init__(learning_rate, weight_decay, *clippings, *averages, *rest)
        self.adam_beta_1 = checks.number("Muon", "adam_beta_1", adam_beta_1, "[0, 1)")
        self.adam_beta_2 = checks.number("Muon", "adam_beta_2", adam_beta_2, "[0, 1)")
        self.adam_weight_decay = adam_weight_decay
        if adam_weight_decay is not None:
            checks.number("Muon", "adam_weight_decay", adam_weight_decay, "[0, inf)")
        self.epsilon = checks.number("Muon", "epsilon", usual(epsilon, 1e-7), "[0, inf)")
        self.exclude_layers = regular_expressions("Muon", "exclude_layers", exclude_layers or ())
        self.exclude_embeddings = checks.flag("Muon", "exclude_embeddings", exclude_embeddings)
        self.muon_a = checks.number("Muon", "muon_a", muon_a)
        self.muon_b = checks.number("Muon", "muon_b", muon_b)
        self.muon_c = checks.number("Muon", "muon_c", muon_c)
        self.adam_lr_ratio = checks.number("Muon", "adam_lr_ratio", adam_lr_ratio, "[0, inf)")
        self.momentum = checks.number("Muon", "momentum", momentum, "[0, 1]")
        self.ns_steps = checks.integer("Muon", "ns_steps", ns_steps)
        self.nesterov = checks.flag("Muon", "nesterov", nesterov)
        self.rms_rate = rms_rate
        if rms_rate is not None:
            checks.number("Muon", "rms_rate", rms_rate, "(0, inf)")
        self.slots = ("momentum", "velocity")

    def is_left_to_adamw(self, variable: Variable) -> bool:
        """Whether a weight is no matrix for Muon."""
        if len(variable.shape) != 2 or min(variable.shape) == 0:
            return True
        if self.exclude_embeddings and "embedding" in variable.path.lower():
            return True
        return any(re.search(name, variable.path) for name in self.exclude_layers)

    def slot_shape(self, slot: str, variable: Variable) -> tuple[int, ...]:
        """That of the weight; matrices have no velocity."""
        if slot == "velocity" and not self.is_left_to_adamw(variable):
            return (0,)
        return variable.shape

    def decay_of(self, variable: Variable) -> float:
        """The weight decay of a matrix, or of a weight that is left to AdamW."""
        adam = self.is_left_to_adamw(variable)
        return (self.adam_weight_decay if adam else self.weight_decay) or 0.0

    def update_all(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """One weight after the other."""
        of_adam = empty((1,), np.float64)
        launch.scale(rate, self.adam_lr_ratio, of_adam)
        numbers = of_adam, iteration, self.adam_beta_1, self.adam_beta_2, self.epsilon
        views = [self.layout(storage, slot).views(slots[slot]) for slot in self.slots]
        for i, (m, v) in enumerate(zip(*views, strict=True)):
            weight = storage.view(storage.values, i).reshape(-1)
            gradient = storage.view(storage.gradients, i)
            if self.is_left_to_adamw(storage.variables[i]):
                launch.adam(gradient.reshape(-1), *numbers, m.reshape(-1), v.reshape(-1), weight)
            else:
                launch.sgd(self._step(gradient, m).reshape(-1), rate, weight)

    def _step(self, gradient: np.ndarray, m: np.ndarray) -> np.ndarray:
        x = empty(gradient.shape, gradient.dtype)
        launch.add_momentum(gradient, self.momentum, self.nesterov, m, x)
        launch.divide_by_norm(squares_of(x.reshape(-1)), 1e-7, x)
        wide, small = x.shape[0] <= x.shape[1], min(x.shape)
        scale = 1.0
        for left in reversed(range(self.ns_steps)):
            if left == 0 and self.rms_rate is not None:
                scale = self.rms_rate * math.sqrt(max(x.shape))
            # Of a tall matrix A is X^T X, from the other side: what it is of the transposed one.
            squares, mixed = (empty((small, small), x.dtype) for _ in range(2))
            launch.matmul(*((x, x.T) if wide else (x.T, x)), squares)
            launch.matmul(squares, squares, mixed)
            launch.mix(squares, self.muon_b, self.muon_c, mixed)
            y = empty(x.shape, x.dtype)
            launch.matmul(*((mixed, x) if wide else (x, mixed)), y)
            launch.mix(x, scale * self.muon_a, scale, y)
            x = y
        return x
