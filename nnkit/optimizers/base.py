"""Optimizer: the base class of optimizers, and how they are found and described."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from weakref import ReferenceType, WeakKeyDictionary

import numpy as np

from nnkit import checks, registry
from nnkit.arguments import parameters
from nnkit.engine.dispatch import empty, launch
from nnkit.engine.stops import update_in_python
from nnkit.engine.variable import Layout, Storage, Variable
from nnkit.kernels import SUM_BLOCK
from nnkit.optimizers.schedules.base import LearningRateSchedule, rate_or_schedule
from nnkit.registry import Configurable, resolve, to_plain

__all__ = ["LearningRate", "Optimizer", "deserialize", "get", "serialize"]


class LearningRate(float):
    """A learning rate: a number that can also be read and set as a variable of Keras's."""

    def __new__(cls, value: float, optimizer: Optimizer) -> LearningRate:
        rate = super().__new__(cls, value)
        rate._optimizer = optimizer
        return rate

    _optimizer: Optimizer

    def numpy(self) -> np.ndarray:
        """The rate as an array of no axes."""
        return np.array(float(self))

    def assign(self, value: Any) -> None:
        """Set the optimizer's learning rate."""
        self._optimizer.learning_rate = value

    def __reduce__(self) -> Any:
        """A copy is a number and no more."""
        return float, (float(self),)


class Optimizer(Configurable):
    """An optimizer: ``update`` changes all weights by their gradients, in one step.

    A model keeps its weights in one flat vector, their gradients in a second one, and each slot of
    its optimizer in another. A custom optimizer defines ``slots``, names of vectors that start as
    zeros, and ``update``, which may use NumPy. If it only launches kernels, set
    ``recordable = True``. One that treats each weight by itself overrides ``update_all`` instead.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        At least 0, or a schedule of :mod:`nnkit.optimizers.schedules`, which follows the number of
        the step. ``nnkit.callbacks.LearningRateScheduler`` changes a number while a model trains.
    weight_decay : float, optional
        Before each step, ``w -= weight_decay * learning_rate * w`` (I. Loshchilov, F. Hutter,
        2019, "Decoupled weight decay regularization"); see :meth:`exclude_from_weight_decay`.
    clipnorm : float, optional
        The gradient of a weight is scaled down to this norm if its norm is larger.
    clipvalue : float, optional
        Every element of a gradient is clipped to [-clipvalue, clipvalue].
    global_clipnorm : float, optional
        All gradients are scaled down if their common norm is larger than this norm.
    use_ema : bool
        Whether to keep a running average of the weights, ``average = ema_momentum * average + (1 -
        ema_momentum) * w`` after each step (in the first one, the weights themselves). At the end
        of ``fit``, also one that Ctrl-C or an error ends, the weights become their averages.
    ema_momentum : float
        From 0 to 1.
    ema_overwrite_frequency : int, optional
        The weights become their averages every so many steps, too.
    loss_scale_factor : float, optional
        Greater than 0. Keras computes gradients of the loss times this factor, against underflow in
        float16, and divides them by it. In nnkit's float32 and float64 the same numbers come out
        without it, so it changes nothing.
    gradient_accumulation_steps : int, optional
        Weights change only every so many batches, at least 2, by the mean of their gradients.
        Clipping, decay and ``iterations`` count such updates; a schedule counts batches.
    name : str, optional
    decay : float
        Of Keras 2: step t, counted from 0, has the rate ``learning_rate / (1 + decay t)``.
        Callbacks and assignments change ``learning_rate``; its decay goes on. Not with a schedule.

    Attributes
    ----------
    slots : tuple of str
        Names of the vectors that the optimizer keeps besides the weights, such as momentum.
    steps_done : int
        The number of batches so far.
    undecayed : tuple
        What :meth:`exclude_from_weight_decay` was given: names and weights.

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
    needs = ("steps_done",)
    recordable: ClassVar[bool] = False
    searches: ClassVar[bool] = False  # Whether a step needs the loss at several points.
    slots: tuple[str, ...] = ()

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        *,
        decay: float = 0.0,
    ) -> None:
        owner = type(self).__name__
        self.name = owner.lower() if name is None else name
        self._learning_rate: float | LearningRateSchedule = 0.0
        self.decay = checks.number(owner, "decay", decay, "[0, inf)")
        self.learning_rate = learning_rate
        self.steps_done = 0
        self.weight_decay = _optional(owner, "weight_decay", weight_decay, "[0, inf)")
        self.clipnorm = _optional(owner, "clipnorm", clipnorm, "(0, inf)")
        self.clipvalue = _optional(owner, "clipvalue", clipvalue, "(0, inf)")
        self.global_clipnorm = _optional(owner, "global_clipnorm", global_clipnorm, "(0, inf)")
        names = ("clipnorm", "clipvalue", "global_clipnorm")
        clippings = zip(names, (clipnorm, clipvalue, global_clipnorm), strict=True)
        given = [f"{name}={value}" for name, value in clippings if value is not None]
        if len(given) > 1:
            raise ValueError(f"{owner}: give one kind of clipping at most, got {', '.join(given)}")
        self.use_ema = checks.flag(owner, "use_ema", use_ema)
        self.ema_momentum = checks.number(owner, "ema_momentum", ema_momentum, "[0, 1]")
        self.ema_overwrite_frequency = ema_overwrite_frequency
        if ema_overwrite_frequency is not None:
            checks.integer(owner, "ema_overwrite_frequency", ema_overwrite_frequency)
        self.loss_scale_factor = _optional(
            owner, "loss_scale_factor", loss_scale_factor, "(0, inf)"
        )
        self.gradient_accumulation_steps = gradient_accumulation_steps
        if gradient_accumulation_steps is not None:
            checks.integer(owner, "gradient_accumulation_steps", gradient_accumulation_steps, low=2)
        self.undecayed: tuple[Sequence[str], Sequence[Variable]] = (), ()

    # ------------------------------------------------------------------------ the learning rate

    @property
    def learning_rate(self) -> Any:
        """The current learning rate, a float that also has ``numpy()`` and ``assign(value)``.

        It may be set at any time; one that a schedule gives only to another schedule. With
        ``decay`` it is the rate that decays, as in Keras 2.
        """
        given = self._learning_rate
        if isinstance(given, LearningRateSchedule):
            given = self.rates(1)[0]
        return LearningRate(given, self)

    @learning_rate.setter
    def learning_rate(self, value: float | LearningRateSchedule) -> None:
        owner = type(self).__name__
        given = rate_or_schedule(owner, "learning_rate", value)
        if self.schedule is not None and not isinstance(given, LearningRateSchedule):
            raise TypeError(
                f"{owner}: the learning rate follows {type(self.schedule).__name__}, so it can't "
                f"be set to {value!r}; set another schedule, or compile with "
                f"{owner}(learning_rate={value!r})"
            )
        if self.decay and isinstance(given, LearningRateSchedule):
            raise ValueError(
                f"{owner}: the learning rate follows {type(given).__name__}, so it can't decay by "
                f"decay={self.decay}, too; give one of them"
            )
        self._learning_rate = given

    @property
    def schedule(self) -> LearningRateSchedule | None:
        """The schedule that the learning rate follows, if it follows one."""
        given = self._learning_rate
        return given if isinstance(given, LearningRateSchedule) else None

    def rates(self, count: int) -> np.ndarray:
        """The learning rates of the next steps: float64 (count,)."""
        given = self._learning_rate
        if isinstance(given, LearningRateSchedule):
            return given.rates(self.steps_done, count)
        return np.array(given / (1.0 + self.decay * (self.steps_done + np.arange(count))))

    # ------------------------------------------------------------------------------------ state

    @property
    def iterations(self) -> int:
        """The number of updates so far: with gradient accumulation, fewer than batches."""
        return self.steps_done // (self.gradient_accumulation_steps or 1)

    @iterations.setter
    def iterations(self, value: int) -> None:
        count = checks.integer(type(self).__name__, "iterations", value, 0, 2**62)
        self.steps_done = count * (self.gradient_accumulation_steps or 1)

    @property
    def all_slots(self) -> tuple[str, ...]:
        """Names of all vectors that are kept: averages and sums of gradients first."""
        average = ("average",) if self.use_ema else ()
        total = ("gradient_accumulator",) if self.gradient_accumulation_steps else ()
        return (*average, *total, *self.slots)

    def slot_shape(self, slot: str, variable: Variable) -> tuple[int, ...]:
        """The shape of a slot of a weight; ``update`` needs that of the weight."""
        return variable.shape

    def slot_start(self, slot: str) -> float:
        """What a slot is filled with before the first step."""
        return 0.0

    def layout(self, storage: Storage, slot: str) -> Layout:
        """Where the parts of a slot lie, one for each weight that is trained."""
        return Layout([self.slot_shape(slot, v) for v in storage.trainable_variables])

    def new_slots(self, storage: Storage) -> dict[str, np.ndarray]:
        """All slots as they are before the first step, each as a flat vector."""
        made = {}
        for slot in self.all_slots:
            flat = made[slot] = self.layout(storage, slot).zeros(storage.dtype)
            if slot == "average":
                flat[...] = storage.trainable
            elif slot in self.slots and self.slot_start(slot):
                flat.fill(self.slot_start(slot))
        return made

    @property
    def variables(self) -> list[Variable]:
        """All that is kept: the number of steps, the learning rate, and slots of each weight.

        The slots are there as soon as a model that is compiled with the optimizer has weights.
        Without a schedule there is a learning rate; what is assigned takes effect.
        """
        found: list[Variable] = [_Setting(self, "steps_done", "iteration", "int64")]
        if self.schedule is None:
            found.append(_Setting(self, "learning_rate", "learning_rate", "float64"))
        owner = keepers.get(self)
        keeper = None if owner is None else owner()
        return found if keeper is None else [*found, *keeper.slot_variables()]

    def exclude_from_weight_decay(
        self,
        var_list: Sequence[Variable] | None = None,
        var_names: Sequence[str] | None = None,
    ) -> None:
        """Don't decay some weights; what was excluded before is decayed again.

        Parameters
        ----------
        var_list : list of Variable, optional
            Weights, such as ``layer.bias``.
        var_names : list of str, optional
            A weight is excluded if its name, such as ``"bias"``, contains one of these (regular
            expressions).

        Raises
        ------
        TypeError
            ``var_list`` has something that is no weight, or ``var_names`` no string.
        ValueError
            A name is no regular expression.

        Examples
        --------
        >>> import nnkit
        >>> optimizer = nnkit.optimizers.AdamW()
        >>> optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        """
        owner = f"{type(self).__name__}.exclude_from_weight_decay"
        variables, names = list(var_list or ()), var_names or ()
        for variable in variables:
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"{owner}: var_list has weights, such as layer.bias; got {variable!r}"
                )
        self.undecayed = regular_expressions(owner, "var_names", names), variables

    def decay_of(self, variable: Variable) -> float:
        """The weight decay of a weight that isn't excluded from it; 0 without."""
        return self.weight_decay or 0.0

    def is_undecayed(self, variable: Variable) -> bool:
        """Whether a weight is excluded from weight decay."""
        names, variables = self.undecayed
        if any(variable is other for other in variables):
            return True
        return any(re.search(name, variable.name) for name in names)

    # --------------------------------------------------------------------------------- the step

    @property
    def lr(self) -> Any:
        """:attr:`learning_rate`, as Keras 2 called it; it may be set, too."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    def apply(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Do one step: clip gradients, decay weights, update, average.

        Parameters
        ----------
        storage : Storage
            The weights and their gradients, which are clipped in place.
        slots : dict of str to numpy.ndarray
            A vector like ``storage.trainable`` for each name in ``all_slots``.
        rate : numpy.ndarray
            float64 (1,), the step's learning rate.
        iteration : numpy.ndarray
            int64 (1,), the step's number, counted from 1.
        """
        own = {name: slots[name] for name in self.slots}
        if self.gradient_accumulation_steps is None:
            self._update(storage, own, rate, iteration)
        else:
            iteration = self._update_at_last(storage, slots, own, rate, iteration)
        if self.use_ema:
            numbers = iteration, self.ema_momentum, self.ema_overwrite_frequency or 0
            launch.average_weights(*numbers, slots["average"], storage.trainable)

    def _update(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        self._clip(storage)
        self._decay(storage, rate)
        if storage.has_tables and self.update_tables(storage, rate):
            return
        if self.recordable:
            self.update_all(storage, slots, rate, iteration)
        else:
            self._update_in_python(storage, slots, rate, iteration)

    def _update_in_python(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        def run(rate: np.ndarray, iteration: np.ndarray, *lasting: np.ndarray) -> None:
            self.update_all(storage, slots, rate, iteration)

        reads = rate, iteration, storage.gradients
        update_in_python(run, reads, (storage.trainable, *slots.values()))

    def _update_at_last(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        own: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> np.ndarray:
        """Every batch does an update, and undoes it unless it is the last of its group.

        So all steps are the same list of launches. Returns the number of the update.
        """
        every, update = self.gradient_accumulation_steps, empty((1,), np.int64)
        launch.count_updates(iteration, every, update)
        total = slots["gradient_accumulator"]
        launch.accumulate_gradients(iteration, every, total, storage.gradients)
        for variable in storage.trainable_variables:
            variable.use_every_row()  # Rows that this batch doesn't use have a mean, too.
        changed = [storage.trainable, *own.values()]
        before = [empty(array.shape, array.dtype) for array in changed]
        for array, kept in zip(changed, before, strict=True):
            launch.copy(array, kept)
        self._update(storage, own, rate, update)
        for array, kept in zip(changed, before, strict=True):
            launch.undo_unless_last(kept, iteration, every, array)
        return update

    def update_tables(self, storage: Storage, rate: np.ndarray) -> bool:
        """Update all weights, of tables only the rows that the batch used; False if it can't."""
        return False

    def _clip(self, storage: Storage) -> None:
        if self.clipvalue is not None:
            launch.clip_by_value(self.clipvalue, storage.gradients)
        elif self.global_clipnorm is not None:
            clip_norm(storage.gradients, self.global_clipnorm)
        elif self.clipnorm is not None:
            for variable in storage.trainable_variables:
                clip_norm(variable.gradient.reshape(variable.gradient.size), self.clipnorm)

    def _decay(self, storage: Storage, rate: np.ndarray) -> None:
        trained = storage.trainable_variables
        decays = [0.0 if self.is_undecayed(v) else self.decay_of(v) for v in trained]
        for start, end, decay in _alike(decays, storage.offsets):
            if decay:
                launch.decay_weights(rate, decay, storage.values[start:end])

    def update_all(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Change all weights: with :meth:`update`, which takes them as one vector."""
        self.update(storage.gradients, storage.trainable, slots, rate, iteration)

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

    # ---------------------------------------------------------------------------- descriptions

    def hyperparameters(self) -> tuple[Any, ...]:
        """All settings that a recorded step contains; if one changes, the step is recorded again.

        Learning rate and number of the step are not among them: a record reads both from memory.
        """
        names, variables = self.undecayed
        excluded = (*names, *map(id, variables))
        baked = [getattr(self, name, None) for name in _baked(type(self))]
        return type(self).__name__, repr(baked), excluded

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data, with their current values."""
        recorded = super().get_config()
        without = {"learning_rate"} if self.decay else {"learning_rate", "decay"}
        names = sorted(parameters(type(self)) - without)
        found = {name: to_plain(getattr(self, name, recorded.get(name))) for name in names}
        return {"learning_rate": to_plain(self._learning_rate)} | found

    def __repr__(self) -> str:
        rate = self.schedule or float(self.learning_rate)
        return f"<{type(self).__name__} learning_rate={rate}>"


# What keeps an optimizer's slots: the session of the model that it is compiled in.
keepers: WeakKeyDictionary[Optimizer, ReferenceType[Any]] = WeakKeyDictionary()


class _Setting(Variable):
    """A number of an optimizer's as a variable; what is assigned to it sets the number."""

    def __init__(self, optimizer: Optimizer, attribute: str, name: str, dtype: str) -> None:
        super().__init__(np.array(getattr(optimizer, attribute), dtype), name, trainable=False)
        self._optimizer, self._attribute = optimizer, attribute
        self.path = f"{optimizer.name}/{name}"

    def assign(self, value: Any) -> None:
        """Set the optimizer's number."""
        super().assign(value)
        setattr(self._optimizer, self._attribute, self.numpy().item())


def _alike(values: Sequence[float], offsets: Sequence[int]) -> Iterator[tuple[int, int, float]]:
    """Stretches of equal values between offsets: start, end and the value."""
    at = 0
    for value, group in itertools.groupby(values):
        count = len(list(group))
        yield offsets[at], offsets[at + count], value
        at += count


def usual(value: float | None, default: float) -> float:
    """A setting of which None means the default."""
    return default if value is None else value


def regular_expressions(owner: str, name: str, given: Any) -> list[str]:
    """Check a list of regular expressions."""
    if not isinstance(given, (list, tuple, set)) or not all(isinstance(r, str) for r in given):
        raise TypeError(f"{owner}: {name} must be a list of strings, got {given!r}")
    for expression in given:
        try:
            re.compile(expression)
        except re.error as error:
            raise ValueError(
                f"{owner}: {name} has {expression!r}, which is no regular expression: {error}"
            ) from None
    return list(given)


def clip_norm(gradient: np.ndarray, limit: float) -> None:
    """Scale a vector down to the norm ``limit`` if its norm is larger."""
    launch.clip_by_norm(squares_of(gradient), limit, gradient)


def squares_of(vector: np.ndarray) -> np.ndarray:
    """What kernels take the norm of a vector from."""
    partial = empty((2, -(-vector.size // SUM_BLOCK)), np.float64)
    launch.sum_squares(vector, partial)
    return partial


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


@functools.cache
def _baked(cls: type[Optimizer]) -> list[str]:
    """The arguments that a recorded step contains as numbers."""
    return sorted(parameters(cls) - {"learning_rate", "decay", "name"})


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer as plain data, from which :func:`deserialize` makes another.

    Parameters
    ----------
    optimizer : Optimizer

    Returns
    -------
    dict

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.serialize(nnkit.optimizers.SGD(0.1))["config"]["learning_rate"]
    0.1
    """
    described: dict[str, Any] = registry.serialize("optimizer", optimizer)
    return described


def deserialize(
    config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Optimizer:
    """Make an optimizer from what :func:`serialize` returned, here or in Keras.

    Parameters
    ----------
    config : dict
    custom_objects : dict, optional
        Custom classes by name.

    Returns
    -------
    Optimizer

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.deserialize({"class_name": "sgd", "config": {"learning_rate": 0.5}})
    <SGD learning_rate=0.5>
    """
    made: Optimizer = registry.deserialize("optimizer", config, custom_objects)
    return made


def _optional(owner: str, name: str, value: Any, interval: str) -> float | None:
    return None if value is None else checks.number(owner, name, value, interval)
