"""Aims: the losses and metrics that ``compile`` is given, for each output of a network."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from nnkit import checks, losses, metrics
from nnkit.arguments import did_you_mean
from nnkit.layers.base import Shape
from nnkit.losses.base import Loss
from nnkit.metrics import Metric
from nnkit.networks import Network
from nnkit.registry import each, flat, is_one
from nnkit.training.objective import Goal, names_of

__all__ = ["Aims", "for_outputs"]


class Aims:
    """What a model is to learn.

    Parameters
    ----------
    loss : loss, or a list or dictionary of them
        One for all outputs, or one for each: in order, or by the output's name. None for an output
        without a loss.
    loss_weights : list or dictionary of float, optional
        Factors of the outputs' losses in the loss of the model.
    metrics, weighted_metrics : list or dictionary
        Of a model with one output a list; otherwise a list or dictionary with a list for each
        output, or, as in Keras 2, one list for all of them that has not as many entries as there
        are outputs.
    own : callable
        ``own(part)`` gives a loss or metric that belongs to the model alone.

    Raises
    ------
    TypeError, ValueError
        Something is unknown, or two results would have one name.
    """

    def __init__(
        self,
        loss: Any,
        loss_weights: Any,
        metrics: Any,
        weighted_metrics: Any,
        own: Callable[[Any], Any] = lambda part: part,
    ) -> None:
        self.loss = each(loss, lambda one: own(_loss(one)))
        self.metrics = _checked("metrics", metrics, own)
        self.weighted = _checked("weighted_metrics", weighted_metrics, own)
        self.weights = each(loss_weights, partial(checks.number, "compile", "loss_weights"))

    def goals(self, network: Network) -> list[Goal]:
        """What each output is compared with.

        Raises
        ------
        ValueError
            A list has another length than there are outputs, or a name is not one of an output.
        """
        names, shapes = network.output_names, network.output_shapes
        found = for_outputs("loss", self.loss, names, spread=True)
        weights = for_outputs("loss_weights", self.weights, names)
        plain = _metrics_for("metrics", self.metrics, names)
        weighted = _metrics_for("weighted_metrics", self.weighted, names)
        used: set[int] = set()

        def apart(part: Any) -> Any:
            """The part, or a copy for another output: it keeps arrays of a step on itself."""
            part = copy.copy(part) if id(part) in used else part
            used.add(id(part))
            return part

        goals = []
        for i, name in enumerate(names):
            loss: Loss | None = None if found[i] is None else apart(found[i])
            made = [
                [built(apart(_metric(m, loss, shapes[i])), loss, shapes[i]) for m in given[i] or []]
                for given in (plain, weighted)
            ]
            for metric in made[1]:
                if metric.in_python and not metric.takes_weights:
                    raise ValueError(
                        f"{metric.name}: its update_state takes no sample_weight, so it can't be "
                        "one of weighted_metrics"
                    )
            weight = 1.0 if weights[i] is None else weights[i]
            goals.append(Goal(name, loss, weight, *made))
        _refuse_twice(names_of(goals))
        return goals

    @property
    def usual_reduction(self) -> bool:
        """Whether all losses are means over rows, so that the size of a batch doesn't matter."""
        return all(loss.reduction != "sum" for loss in flat(self.loss))


def _loss(given: Any) -> Loss:
    """A loss that gives a number to make small."""
    loss = losses.get(given)
    if loss.reduction in (None, "none"):
        raise ValueError(
            f"compile: the loss {loss.name!r} has reduction={loss.reduction!r}, which gives a loss "
            "for each row; a model makes one number small: give another reduction"
        )
    return loss


def built(metric: Metric, loss: Loss | None, shape: Shape) -> Metric:
    """The metric, with the state that an output's shape asks for."""
    metric.ensure_built(shape, loss is not None and loss.sparse)
    return metric


def _refuse_twice(names: Sequence[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two results would be called {twice.pop()!r}; give metrics other names")


def _metric(given: Any, loss: Loss | None, shape: Shape) -> Metric:
    return metrics.get(given, loss, shape)


def for_outputs(what: str, given: Any, names: Sequence[str], spread: bool = False) -> list[Any]:
    """What an argument says for each output.

    Parameters
    ----------
    what : str
        The argument's name, for errors.
    given : object
        None, a list in the order of the outputs, or a dictionary by their names; with one output,
        or ``spread``, also the thing itself.
    names : sequence of str
        Of the outputs.
    spread : bool
        Whether one thing is for all outputs.

    Raises
    ------
    ValueError
        The list has another length, or a name is unknown.
    """
    count = len(names)
    if given is None:
        return [None] * count
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                raise ValueError(
                    f"{what} names the output {name!r}"
                    f"{did_you_mean(str(name), names)} The outputs are {list(names)}"
                )
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) != count:
            raise ValueError(
                f"{what} is a list of {len(given)}, but the model has {count} "
                f"output{'s' if count > 1 else ''}: {list(names)}"
            )
        return list(given)
    if spread or count == 1:
        return [given] * count
    raise ValueError(
        f"with {count} outputs, {what} is a list, or a dictionary by the outputs' names "
        f"{list(names)}, got {given!r}"
    )


def _metrics_for(what: str, given: Any, names: Sequence[str]) -> list[Any]:
    """A list of metrics for each output."""
    if len(names) == 1 and isinstance(given, (list, tuple)):
        nested = len(given) == 1 and isinstance(given[0], (list, tuple))
        return [list(given[0] if nested else given)]
    flat = isinstance(given, (list, tuple)) and all(m is not None and is_one(m) for m in given)
    if flat and given and len(given) != len(names):  # Keras 2: all of them for each output.
        return [[copy.copy(m) if isinstance(m, Metric) else m for m in given] for _ in names]
    found = for_outputs(what, given or None, names)
    return [m if m is None or isinstance(m, (list, tuple)) else [m] for m in found]


def _checked(what: str, given: Any, own: Callable[[Any], Any]) -> Any:
    """Metrics as they were given; unknown ones are refused now, not after the first data."""
    if given is None:
        return []
    if isinstance(given, str) or not isinstance(given, (Sequence, Mapping)):
        raise TypeError(f"{what} is a list, for example ['accuracy'], got {given!r}")

    def checked(one: Any) -> Any:
        metrics.get(one)
        return own(one)

    if not isinstance(given, Mapping) and all(is_one(m) for m in given):
        _refuse_twice(["loss", *(metrics.get(m).name for m in given if m is not None)])
    return each(given, checked)
