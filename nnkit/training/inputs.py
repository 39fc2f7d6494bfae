"""Checks and conversion of the data that users pass to ``fit``, ``evaluate`` and ``predict``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.arguments import did_you_mean
from nnkit.checks import integer
from nnkit.conversion import is_array
from nnkit.data import Arrays, as_array, check_finite, check_lengths, sample_weights
from nnkit.errors import warn
from nnkit.losses.base import Loss
from nnkit.networks import Network, Pending
from nnkit.training.aims import for_outputs
from nnkit.training.objective import Goal

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer

__all__ = [
    "arrays",
    "batch_size",
    "check_all_finite",
    "check_batch",
    "check_names",
    "check_values",
    "check_whole_batches",
    "checked",
    "compared",
    "fitted",
    "keys_of",
    "on_host",
    "only_input",
    "prepared",
    "samples",
    "targets_for",
    "validation_arrays",
    "warn_of_doubts",
]

Shape = tuple[int | None, ...]


def arrays(
    model: Trainer,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
) -> Arrays:
    """Check data against a model and each other; build the model if this is its first."""
    given = samples(model.network, x)
    check_all_finite(model.network, given, model.dtype)
    given = checked(model, given, form=x)
    network, goals = model.built_network(), model.goals()
    if not len(given[0]):
        check_lengths({"x": given[0]})
    targets, weights = compared(network, goals, given[0], y, sample_weight)
    outputs = network.output_shapes_for([(None, *a.shape[1:]) for a in given])
    return prepared(network, goals, Arrays(given, targets, weights), outputs, class_weight)


def check_all_finite(network: Network | Pending, given: Sequence[Any], dtype: str) -> None:
    """Refuse samples with NaN or infinity in one of the inputs."""
    for name, array in zip(_names(network, given), given, strict=True):
        check_finite(array, name, dtype)


def compared(
    network: Network, goals: Sequence[Goal], x: Any, y: Any, sample_weight: Any
) -> tuple[list[np.ndarray | None], list[np.ndarray | None]]:
    """Targets and weights for each output, as arrays of as many rows as the samples x."""
    many, rows = len(goals) > 1, len(x)
    targets, weights = [y], [sample_weight]
    if many or isinstance(y, Mapping):
        targets = for_outputs("y", _listed(y, goals), network.output_names)
    if many:
        weights = _weights(sample_weight, network.output_names)
    found: list[np.ndarray | None] = []
    weighed: list[np.ndarray | None] = []
    for goal, target, weight in zip(goals, targets, weights, strict=True):
        name = _target_name(goal, many)
        if not goal.needs_targets:
            if target is not None and not any(goal.needs_targets for goal in goals):
                raise ValueError(
                    f"{name} is given, but the output {goal.name!r} has neither loss nor metrics: "
                    "compile needs a loss, for example loss='mse' or "
                    "'sparse_categorical_crossentropy'"
                )
            if target is not None:  # Data often has targets of all outputs.
                check_lengths({"x": x, name: targets_for(target, name, rows)})
            found.append(None)
            weighed.append(None)
            continue
        target = targets_for(target, name, rows)
        if len(target) != rows:
            check_lengths({"x": x, name: target})
        if weight is not None:
            weight = targets_for(weight, "sample_weight", rows)
            check_lengths({"y": target, "sample_weight": weight})
        found.append(target)
        weighed.append(weight)
    return found, weighed


def _target_name(goal: Goal, many: bool) -> str:
    return f"y[{goal.name!r}]" if many else "y"


def prepared(
    network: Network,
    goals: Sequence[Goal],
    data: Arrays,
    outputs: Sequence[Shape],
    class_weight: Mapping[int, float] | None,
) -> Arrays:
    """The data with targets and weights as steps read them, their values checked.

    Parameters
    ----------
    network : Network
    goals : sequence of Goal
    data : Arrays
        Targets and weights are from :func:`compared`.
    outputs : sequence of tuple
        Shapes of the outputs.
    class_weight : dict or None
    """
    many = len(goals) > 1
    if class_weight is not None and many:
        raise ValueError("class_weight is for models with one output; give sample_weight")
    found: list[np.ndarray | None] = []
    weighed: list[np.ndarray | None] = []
    forms: dict[str, tuple[int, ...]] = {}  # What only metrics of the user's own ask for.
    pairs = zip(goals, data.y, data.weight, outputs, strict=True)
    for goal, target, weight, shape in pairs:
        if target is None:
            found.append(None)
            weighed.append(None)
            continue
        name = _target_name(goal, many)
        check_finite(target, name, network.dtype)
        ready = _prepare(goal, target, (len(data), *shape[1:]), name if many else "")
        found.append(ready)
        if any(metric.in_python for metric in goal.all_metrics):
            forms[goal.name] = target.shape[1:]
        weighed.append(sample_weights(ready, weight, class_weight, network.dtype, shape))
    listed = [forms.get(goal.name) for goal in goals] if forms else []
    return Arrays(data.x, found, weighed, listed)


def _prepare(goal: Goal, target: np.ndarray, shape: Shape, name: str) -> np.ndarray:
    form: Any = goal.loss or goal.all_metrics[0]
    try:
        prepared: np.ndarray = form.prepare(target, shape)
        if goal.loss is not None:
            for metric in goal.all_metrics:
                metric.check(prepared, shape)
        return prepared
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}" if name else str(error)) from error


def _listed(y: Any, goals: Sequence[Goal]) -> Any:
    """Targets as a list for several outputs; those of outputs without a loss may be left out."""
    needing = [goal for goal in goals if goal.needs_targets]
    if isinstance(y, (list, tuple)) and len(y) == len(needing) < len(goals):
        left = iter(y)
        return [next(left) if goal.needs_targets else None for goal in goals]
    if y is not None and not isinstance(y, (list, tuple, Mapping)) and len(needing) == 1:
        return [y if goal.needs_targets else None for goal in goals]
    return y


def _weights(given: Any, names: Sequence[str]) -> list[Any]:
    """Weights for each output: one array is for all."""
    whole = given is not None and not isinstance(given, Mapping)
    if whole and (is_array(given) or not any(_is_weights(v) for v in given)):
        return [given] * len(names)
    return for_outputs("sample_weight", given, names)


def _is_weights(value: Any) -> bool:
    return value is None or is_array(value) or isinstance(value, (list, tuple))


def validation_arrays(model: Trainer, given: Any) -> Arrays:
    """What ``fit`` is given as ``validation_data``, checked like the rest."""
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise ValueError("validation_data is (x, y) or (x, y, sample_weight)")
    try:
        return arrays(model, *given)
    except (TypeError, ValueError) as error:
        raise type(error)(f"validation_data: {error}") from error


def samples(network: Network | Pending, x: Any) -> list[Any]:
    """What is given as x as a list of arrays, one for each input.

    Raises
    ------
    TypeError, ValueError
        It is not as many arrays as there are inputs, or a name is unknown or missing.
    """
    if isinstance(x, np.ndarray) and (not isinstance(network, Network) or len(network.inputs) == 1):
        return [as_array(x, "x", stays=True)]
    if not isinstance(network, Network):
        if isinstance(x, Mapping):
            return [as_array(x[n], f"x[{n!r}]", stays=True) for n in sorted(x, key=str)]
        several = isinstance(x, (list, tuple)) and all(is_array(v) and v.ndim > 1 for v in x)
        if several and len(x) > 1 and not network.is_line:
            return [as_array(v, f"x[{i}]", stays=True) for i, v in enumerate(x)]
        return [as_array(only_input(x, "x", None, None), "x", stays=True)]
    names = network.input_names
    keys = keys_of(network, x) if isinstance(x, Mapping) else None
    if keys is not None and len(keys) == len(names):
        names = keys
    if len(names) > 1 and not (isinstance(x, Mapping) and set(x) <= set(names)):
        x = _in_order(network.input_form, x)
    if len(names) == 1:
        shape = network.input_shapes[0][1:]
        return [as_array(only_input(x, "x", shape, names[0]), "x", stays=True)]
    if isinstance(x, Mapping):
        check_names(x, names)
        return [as_array(x[name], f"x[{name!r}]", stays=True) for name in names]
    if not isinstance(x, (list, tuple)) or len(x) != len(names):
        said = f"a list of {len(x)}" if isinstance(x, (list, tuple)) else f"a {type(x).__name__}"
        raise ValueError(
            f"the model has {len(names)} inputs, so x is a list of as many arrays, or a dictionary "
            f"by their names {names}, got {said}"
        )
    return [as_array(v, f"x[{n!r}]", stays=True) for n, v in zip(names, x, strict=True)]


def keys_of(network: Network, x: Mapping[str, Any]) -> list[str]:
    """By what a dictionary names the inputs: the keys of the model's own one, or their names."""
    form, names = network.input_form, network.input_names
    if isinstance(form, dict) and (set(x) == set(form) or not set(x) <= set(names)):
        return sorted(form, key=str)
    return names


def _in_order(form: Any, x: Any) -> Any:
    """What is given for nested lists and dictionaries of inputs, as a list."""
    if isinstance(form, dict) and isinstance(x, Mapping):
        keys = sorted(form, key=str)
        check_names(x, keys)
        pairs = [(form[key], x[key]) for key in keys]
    elif isinstance(form, (list, tuple)) and isinstance(x, (list, tuple)) and len(x) == len(form):
        pairs = list(zip(form, x, strict=True))
    else:
        return x
    found = []
    for inner, value in pairs:
        nested = isinstance(inner, (list, tuple, dict))
        several = _in_order(inner, value) if nested else [value]
        found += several if isinstance(several, list) else [several]
    return found


def check_names(x: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse a dictionary with an unknown input, or without one.

    Raises
    ------
    ValueError
    """
    for name in x:
        if name not in names:
            raise ValueError(
                f"x names the input {name!r}{did_you_mean(str(name), names)} The inputs are "
                f"{list(names)}"
            )
    lacking = [name for name in names if name not in x]
    if lacking:
        raise ValueError(f"x lacks the inputs {lacking}")


def _names(network: Network | Pending, given: Sequence[Any]) -> list[str]:
    """What errors call the inputs."""
    if len(given) == 1:
        return ["x"]
    names = network.input_names if isinstance(network, Network) else range(len(given))
    return [f"x[{name!r}]" for name in names]


def checked(model: Trainer, given: list[Any], form: Any = None) -> list[Any]:
    """Samples with the axes that a model takes; the model is built if it was not.

    Parameters
    ----------
    model : Trainer
    given : list of array
        One for each input.
    form : object
        What the user gave, whose lists and dictionaries a new model's inputs get.
    """
    if not isinstance(model.network, Network) and all(a.ndim > 1 for a in given):
        shapes = [(None, *a.shape[1:]) for a in given]
        if len(shapes) == 1:
            model.build(shapes[0])
        elif isinstance(form, Mapping):
            model.build(dict(zip(sorted(form, key=str), shapes, strict=True)))
        else:
            model.build(shapes)
    network = model.network
    if isinstance(network, Network):
        sizes = [array.shape[1:] for array in given]
        if sizes == network.samples:
            return _valid(network, given)
    if isinstance(network, Network) and _differ(given, network.input_shapes):
        model.widened([(None, *a.shape[1:]) for a in given])
        network = model.network
    if not isinstance(network, Network):
        return [_with_axes((), x, "x") for x in given]
    pairs = zip(given, network.input_shapes, _names(network, given), strict=True)
    made = [
        x if x.shape[1:] == shape[1:] else _with_axes(shape[1:], x, name)
        for x, shape, name in pairs
    ]
    return _valid(network, made)


def _valid(network: Network, given: list[Any]) -> list[Any]:
    """Samples of the right shapes, if they are equally many and layers can take their values."""
    if len(given) > 1:
        check_lengths(dict(zip(_names(network, given), given, strict=True)))
    check_values(network, given)
    return given


def check_values(network: Network, given: Sequence[Any]) -> None:
    """Refuse values that the layers behind an input can't take."""
    if not network.checks_values:
        return
    for number, name in enumerate(_names(network, given)):
        network.check_values(number, given[number], name)


def _differ(given: Sequence[Any], shapes: Sequence[Shape]) -> bool:
    """Whether arrays have the right number of axes, but other sizes."""
    pairs = list(zip(given, shapes, strict=True))
    return all(a.ndim == len(s) for a, s in pairs) and not all(
        fits(a.shape[1:], s[1:]) for a, s in pairs
    )


def _with_axes(shape: Shape, x: Any, name: str) -> Any:
    found = fitted(x, shape)
    if shape and fits(found.shape[1:], shape):
        return found
    hint = ""
    if x.ndim == 1 and not shape:
        hint = "; samples of one feature need an axis for it: x[:, None]"
    elif fits(x.shape, shape):
        hint = "; a single sample needs a batch axis: x[None]"
    raise ValueError(
        f"{name} has samples of shape {x.shape[1:]}, but the model takes "
        f"{shape or 'at least one axis'}{hint}"
    )


def fits(sample: Shape, shape: Shape) -> bool:
    """Whether a sample has a shape, in which None is any size."""
    return len(sample) == len(shape) and all(
        n is None or n == m for n, m in zip(shape, sample, strict=True)
    )


def warn_of_doubts(network: Network, goals: Sequence[Goal], data: Arrays, name: str = "") -> bool:
    """Warn of targets that can be taken but are rarely meant; whether there were any."""
    for i, (goal, y) in enumerate(zip(goals, data.y, strict=True)):
        if goal.loss is None or y is None or type(goal.loss).doubts is Loss.doubts:
            continue
        weight = data.weight[i]
        counts = None if weight is None else weight != 0
        if network.makes_mask:
            counts = np.zeros((len(data), 1), bool)  # Which steps count, only the step knows.
        shape = network.output_shapes_for(data.shapes)[i]
        doubts = goal.loss.doubts(y, shape, counts)
        if doubts:
            which = f"{goal.name}: " if len(goals) > 1 else ""
            warn(f"{name}: {which}{doubts}" if name else which + doubts, UserWarning)
            return True
    return False


def batch_size(network: Network | Pending, method: str, name: str, given: Any, default: int) -> int:
    """How many rows a batch has, by an argument of a method."""
    fixed = network.fixed_batch_size
    if given is None:
        return fixed or default
    size = integer(method, name, given)
    if fixed and size != fixed:
        raise ValueError(
            f"{method}: {name} is {size}, but the model is stateful, with batches of {fixed} "
            f"rows; leave {name} out"
        )
    return size


def check_whole_batches(network: Network | Pending, data: Any, name: str) -> None:
    """Refuse a smaller last batch where each row is remembered."""
    fixed = network.fixed_batch_size
    if fixed and len(data) % fixed:
        raise ValueError(
            f"{name} has {len(data)} samples, but the model is stateful, with batches of "
            f"{fixed} rows: give a multiple of {fixed}"
        )


def check_batch(network: Network, given: Sequence[Any]) -> None:
    """Refuse a batch without rows, with inputs of other lengths, or of a wrong size."""
    rows = check_lengths(dict(zip(_names(network, given), given, strict=True)))
    fixed = network.fixed_batch_size
    if fixed and rows != fixed:
        raise ValueError(
            f"the batch has {rows} samples, but the model is stateful, with batches of {fixed} rows"
        )


def on_host(given: Sequence[Any]) -> list[np.ndarray]:
    """Arrays, those in a GPU's memory copied to the host."""
    return [a if isinstance(a, np.ndarray) else a.numpy() for a in given]


def fitted(x: Any, shape: Shape) -> Any:
    """Samples with the axes that a model takes, where they differ by a last axis of size 1.

    As in Keras, it may be missing or too many: (n,) for samples of shape (1,), (n, 28, 28) for
    (28, 28, 1), or (n, 5, 1) for (5,). Nothing is copied.
    """
    sample = x.shape[1:]
    if not fits(sample, shape):
        if fits((*sample, 1), shape) and shape[-1] == 1:
            return x.reshape(*x.shape, 1)
        if sample and sample[-1] == 1 and fits(sample[:-1], shape):
            return x.reshape(x.shape[:-1])
    return x


def only_input(x: Any, name: str, shape: Shape | None, input_name: str | None) -> Any:
    """The array in a list or dictionary of one input; x itself if it is neither.

    A list of one array may also be a list of one sample. What fits the model's shape is meant; both
    can fit only where they are the same numbers.

    Parameters
    ----------
    x : object
        As the user gave it.
    name : str
        What errors call it.
    shape : tuple of (int or None), or None
        Of a sample, None before the model is built.
    input_name : str or None
        Of the model's Input, None if it has none.

    Raises
    ------
    TypeError
        A dictionary of something else than the model's input.
    """
    if isinstance(x, Mapping):
        if input_name is None or set(x) != {input_name}:
            called = "" if input_name is None else f", called {input_name!r}"
            raise TypeError(
                f"{name} is a dictionary; the model has one input{called}: give the array "
                f"alone, got {str(list(x))[:200]}"
            )
        return x[input_name]
    inner = _only_array(x, name)
    if inner is None:
        return x
    if shape is not None and not fits(fitted(inner, shape).shape[1:], shape):
        sample = inner.reshape(1, *inner.shape)
        if fits(fitted(sample, shape).shape[1:], shape):
            return sample
    return inner


def targets_for(y: Any, name: str, rows: int) -> np.ndarray:
    """Targets or weights of so many samples, also if they come as the one array of a list."""
    inner = _only_array(y, name)
    array: np.ndarray = as_array(y if inner is None or len(inner) != rows else inner, name)
    return array


def _only_array(value: Any, name: str) -> Any:
    """The one array of a list, None if it is no list of one array."""
    if not isinstance(value, (list, tuple)) or len(value) != 1 or not is_array(value[0]):
        return None
    return None if getattr(value[0], "ndim", 1) == 0 else as_array(value[0], name, stays=True)
