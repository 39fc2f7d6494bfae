"""Old spellings: names that classes and arguments had in Keras 1 and 2, and their names today.

These tables are all that nnkit knows of them. Constructors and methods take old names through
:func:`today`, packages find old names of classes here (:mod:`nnkit.missing`) and old paths of
modules (:mod:`nnkit.paths`); :mod:`nnkit.saving.keras_versions` reads files by the same tables.

Each use of an old name is a ``PendingDeprecationWarning``, once a spelling. Python shows it to
those who ask for it: ``python -W default::PendingDeprecationWarning``.

The sources are Keras 1.2.2 and 2.3.1 (``keras/legacy/interfaces.py``, ``keras/optimizers.py``),
tf-keras 2.15 and Keras 3.15.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nnkit.errors import warn

__all__ = [
    "CLASSES",
    "DEFAULTS",
    "EVERY",
    "KERAS_1",
    "KERAS_2",
    "MODULES",
    "NO_EFFECT",
    "OLD_HARD_SIGMOID",
    "POSITIONS",
    "RESULTS",
    "SCRIPTS",
    "VALUES",
    "say",
    "today",
]

EVERY = "every class"  # The entry for all classes, in tables by class.

# For a class, old names of arguments and today's; None for a removed argument that changes nothing.
# Several arguments with one new name become items of a tuple, in the order of the table.
Names = Mapping[str, Mapping[str, str | None]]

# ------------------------------------------------------------------------------ classes, modules

# Names of classes by the package that has them.
CLASSES: Mapping[str, Mapping[str, str]] = {
    "nnkit.layers": {
        "AtrousConvolution1D": "Conv1D",
        "AtrousConvolution2D": "Conv2D",
        "BatchNormalizationV1": "BatchNormalization",
        "BatchNormalizationV2": "BatchNormalization",
        "CuDNNGRU": "GRU",
        "CuDNNLSTM": "LSTM",
        "Deconvolution2D": "Conv2DTranspose",
        "ThresholdedReLU": "ReLU",
        "TimeDistributedDense": "Dense",
        "UnifiedGRU": "GRU",
        "UnifiedLSTM": "LSTM",
    },
    "nnkit.regularizers": {
        "ActivityRegularizer": "L1L2",
        "L1L2Regularizer": "L1L2",
        "WeightRegularizer": "L1L2",
        "activity_l1": "L1",
        "activity_l1l2": "L1L2",
        "activity_l2": "L2",
        "l1l2": "L1L2",
    },
    "nnkit.constraints": {"maxnorm": "MaxNorm", "nonneg": "NonNeg", "unitnorm": "UnitNorm"},
}

# Defaults that a class had under its old name, by today's names.
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "CuDNNGRU": {"recurrent_activation": "sigmoid", "reset_after": True},
    "CuDNNLSTM": {"recurrent_activation": "sigmoid"},
    "ThresholdedReLU": {"threshold": 1.0},
    "activity_l1l2": {"l1": 0.01, "l2": 0.01},
    "l1l2": {"l1": 0.01, "l2": 0.01},
}

# What an old path of a module had is in another module now. Some of the old paths are modules of
# nnkit's own, which have it besides what is theirs.
MODULES: Mapping[str, str] = {
    f"nnkit.{old}": f"nnkit.{new}"
    for new, paths in {
        "callbacks": ("callbacks.callbacks",),
        "initializers": ("initializations",),
        "layers": (
            *("engine", "engine.base_layer", "engine.input_layer", "engine.topology"),
            *("layers.advanced_activations", "layers.convolutional"),
            *("layers.convolutional_recurrent", "layers.core", "layers.cudnn_recurrent"),
            *("layers.embeddings", "layers.experimental", "layers.experimental.preprocessing"),
            *("layers.local", "layers.merge", "layers.noise", "layers.normalization"),
            *("layers.pooling", "layers.recurrent", "layers.wrappers"),
        ),
        "losses": ("objectives",),
        "models": ("engine.network", "engine.sequential", "engine.training"),
        "optimizers": ("optimizers.legacy",),
        "utils": (
            *("utils.data_utils", "utils.generic_utils", "utils.io_utils", "utils.layer_utils"),
            *("utils.np_utils", "utils.vis_utils", "utils.visualize_util"),
        ),
    }.items()
    for old in paths
}

# ------------------------------------------------------------------------------------- arguments

KERAS_2: Names = {
    EVERY: {"lr": "learning_rate"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "ReLU": {"theta": "threshold"},
}

_OF_RECTANGLE = {"nb_row": "kernel_size", "nb_col": "kernel_size"}

KERAS_1: Names = {
    EVERY: {
        "U_regularizer": "recurrent_regularizer",
        "W_constraint": "kernel_constraint",
        "W_regularizer": "kernel_regularizer",
        "atrous_rate": "dilation_rate",
        "b_constraint": "bias_constraint",
        "b_regularizer": "bias_regularizer",
        "beta_init": "beta_initializer",
        "bias": "use_bias",
        "border_mode": "padding",
        "dim_ordering": "data_format",
        "dropout_U": "recurrent_dropout",
        "dropout_W": "dropout",
        "filter_length": "kernel_size",
        "gamma_init": "gamma_initializer",
        "init": "kernel_initializer",
        "inner_activation": "recurrent_activation",
        "inner_init": "recurrent_initializer",
        "length": "size",
        "nb_filter": "filters",
        "output_dim": "units",
        "p": "rate",
        "pool_length": "pool_size",
        "sigma": "stddev",
        "stride": "strides",
        "subsample": "strides",
        "subsample_length": "strides",
    },
    "Conv2D": _OF_RECTANGLE,
    "Conv2DTranspose": _OF_RECTANGLE,
    "Conv3D": dict.fromkeys(("kernel_dim1", "kernel_dim2", "kernel_dim3"), "kernel_size"),
    "Embedding": {
        "output_dim": "output_dim",
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
    },
    "MaxNorm": {"m": "max_value"},
    "MinMaxNorm": {"low": "min_value", "high": "max_value"},
    "PReLU": {"init": "alpha_initializer"},
    "SeparableConv2D": _OF_RECTANGLE,
}

_QUEUE = dict.fromkeys(
    ("max_q_size", "max_queue_size", "nb_worker", "pickle_safe", "use_multiprocessing", "workers")
)

# Those that only programs have, as they are no settings of layers, or would change nothing in a
# file. A class's entry holds for its subclasses.
SCRIPTS: Names = {
    "InputLayer": {"input_shape": "shape", "batch_input_shape": "batch_shape"},
    "LSTM": {"forget_bias_init": "unit_forget_bias"},
    "Layer": {"autocast": None, "input_dtype": None},
    "Model": {"input": "inputs", "output": "outputs"},
    "ProgbarLogger": dict.fromkeys(("count_mode", "stateful_metrics")),
    "Recurrent": dict.fromkeys(("consume_less", "implementation", "use_cudnn")),
    "ReduceLROnPlateau": {"epsilon": "min_delta"},
    "Reshape": {"dims": "target_shape"},
    "TensorBoard": dict.fromkeys(
        ("batch_size", "embeddings_data", "embeddings_layer_names", "write_grads")
    ),
    "evaluate": _QUEUE,
    "fit": {"nb_epoch": "epochs", **_QUEUE},
    "predict": _QUEUE,
}

# Names of results, which programs read from logs and history, and monitor.
# They are the last words of a result's name: val_acc, val_label_acc. Before Keras 2.3, a metric
# given by its short name had the long one in results.
RESULTS: Mapping[str, str] = {
    "acc": "accuracy",
    "mean_absolute_error": "mae",
    "mean_absolute_percentage_error": "mape",
    "mean_squared_error": "mse",
    "mean_squared_logarithmic_error": "msle",
}

# Today's values of arguments, by today's names of the arguments.
VALUES: Mapping[str, Mapping[Any, Any]] = {
    "data_format": {"tf": "channels_last", "th": "channels_first", "default": None},
    "unit_forget_bias": {"one": True, "ones": True, "zero": False, "zeros": False},
}

OLD_HARD_SIGMOID = {"class_name": "HardSigmoid", "config": {"slope": 0.2}}  # Before Keras 3.

# Arguments that nnkit lacks and that change nothing if they have one of these values.
NO_EFFECT: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "BatchNormalization": {
        "fused": (None, True, False),
        "mode": (0,),
        "renorm": (False,),
        "synchronized": (False,),
        "virtual_batch_size": (None,),
    },
    "Dense": {"quantization_config": (None,)},
    "Embedding": {"dropout": (0, None), "lora_rank": (None,), "quantization_config": (None,)},
    "Layer": {"dynamic": (False,), "lora_alpha": (None,), "lora_rank": (None,)},
    "ModelCheckpoint": {"period": (1,)},
    "Recurrent": {"time_major": (False,)},
    "save": {"options": (None,), "save_format": (None, "h5"), "signatures": (None,)},
    "save_weights": {"options": (None,), "save_format": (None, "h5")},
    "test_on_batch": {"reset_metrics": (True,)},
    "train_on_batch": {"reset_metrics": (True,)},
    "compile": {
        "sample_weight_mode": (None, "temporal"),  # Weights of any shape that fits are taken.
        "target_tensors": (None,),
    },
}

# Arguments for which None was the default, and stands for the default of today.
UNSET: Mapping[str, frozenset[str]] = {"Optimizer": frozenset({"epsilon"})}

_IMAGE = "init", "activation", "weights", "border_mode", "subsample", "dim_ordering"

# The order of arguments in Keras 1 where it was different, by today's name of the class. It holds
# where a number takes the place of a size, and the class or an argument has its name of Keras 1:
# Convolution2D(32, 3, 3), and Conv2D(32, 3, 3, border_mode="same").
POSITIONS: Mapping[str, Sequence[str]] = {
    "Conv2D": ("nb_filter", "nb_row", "nb_col", *_IMAGE),
    "Conv3D": ("nb_filter", "kernel_dim1", "kernel_dim2", "kernel_dim3", *_IMAGE),
    "SeparableConv2D": ("nb_filter", "nb_row", "nb_col", *_IMAGE),
}

# ----------------------------------------------------------------------------------- their use


class NamedResults(dict[str, Any]):
    """NamedResults by name, and also by the names that they had before: ``"acc"`` for accuracy.

    Only today's names are listed.

    Examples
    --------
    >>> logs = NamedResults(loss=0.5, accuracy=0.75)
    >>> logs["acc"], logs.get("acc"), "acc" in logs, list(logs)
    (0.75, 0.75, True, ['loss', 'accuracy'])
    """

    def __missing__(self, name: str) -> Any:
        today = self._today(name)
        if today is None:
            raise KeyError(name)
        say(f"the result {name!r}", repr(today))
        return super().__getitem__(today)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self._today(name) is not None

    def _today(self, name: object) -> str | None:
        """The name that a result has, by one that it had."""
        if isinstance(name, str):
            for old, new in RESULTS.items():
                found = name.removesuffix(old) + new
                behind = name.endswith(f"_{old}") or name == old
                if behind and super().__contains__(found):
                    return found
        return None

    def get(self, name: str, default: Any = None) -> Any:
        """The result, or another value if there is none of this name."""
        try:
            return self[name]
        except KeyError:
            return default


_said: set[str] = set()


def say(old: str, new: str | None) -> None:
    """Warn of an old spelling, the first time only; None for what may be left out today."""
    if old not in _said:
        _said.add(old)
        advice = f"today it is {new}" if new else "it has no effect, leave it out"
        warn(f"{old} is an old spelling: {advice}", PendingDeprecationWarning)


def today(
    owner: str,
    lineage: Sequence[str],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    known: Collection[str],
    former: str = "",
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments of a call in today's spelling.

    Parameters
    ----------
    owner : str
        The class or method, for messages.
    lineage : sequence of str
        Its name, and those of its base classes, whose entries hold for it, too.
    arguments, named
        What it is called with.
    known : collection of str
        The arguments that it has. These are never renamed, nor is anything to a name that is not
        among them.
    former : str
        The old name by which a class was called.

    Raises
    ------
    TypeError
        An argument is given under both names, or it has a value that would change results.

    Examples
    --------
    >>> today("Dense", ["Dense"], (), {"output_dim": 3, "bias": False}, ["units", "use_bias"])
    ((), {'use_bias': False, 'units': 3})
    """
    arguments, named = _by_name(lineage[0], arguments, named, former)
    for base in lineage:
        for name in UNSET.get(base, ()):
            if named.get(name, ...) is None:
                named = {k: v for k, v in named.items() if k != name}
    if named.keys() <= set(known):
        return arguments, named
    names = names_of(lineage)
    kept = {old: value for old, value in named.items() if old in known or old not in names}
    for old, new in names.items():
        if old not in named or old in known:
            continue
        if new is None:
            say(f"{owner}({old}=)", None)
            continue
        if new not in known:
            kept[old] = named[old]  # It is unknown.
            continue
        if new in named:
            raise TypeError(
                f"{owner}: {old!r} is the old name of {new!r}, and both are given; give one of them"
            )
        same = [o for o, n in names.items() if n == new and o in named and o not in known]
        values = tuple(named[o] for o in same)
        kept[new] = _value(old, new, values[0] if len(values) == 1 else values)
        say(f"{owner}({old}=)", f"{owner}({new}=)")
    return arguments, _without_effect(owner, lineage, kept, known)


def names_of(lineage: Sequence[str]) -> dict[str, str | None]:
    """Old names of the arguments of a class; what its own entries say comes before all else."""
    found: dict[str, str | None] = {}
    for base in (EVERY, *reversed(lineage)):
        for table in (KERAS_1, KERAS_2, SCRIPTS):
            found |= table.get(base, {})
    return found


def _by_name(
    cls: str, arguments: tuple[Any, ...], named: dict[str, Any], former: str
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments in the order of Keras 1 by their names."""
    order = POSITIONS.get(cls)
    if order is None:
        return arguments, named
    sizes = [i for i, n in enumerate(order) if n.startswith(("nb_row", "nb_col", "kernel_dim"))]
    given = arguments[sizes[0] : sizes[-1] + 1]
    whole = len(given) == len(sizes) and all(type(n) is int for n in given)
    old = former or any(name in KERAS_1[EVERY] for name in named)
    if not (whole and old):
        return arguments, named
    if len(arguments) > len(order):
        raise TypeError(f"{former or cls}: the order of Keras 1 is {', '.join(order)}")
    return (), dict(zip(order, arguments, strict=False)) | named


def _value(old: str, new: str, value: Any) -> Any:
    if old == "inner_activation" and value == "hard_sigmoid":
        return OLD_HARD_SIGMOID
    meanings = VALUES.get(new, {})
    return meanings[value] if isinstance(value, str) and value in meanings else value


def _without_effect(
    owner: str, lineage: Sequence[str], named: dict[str, Any], known: Collection[str]
) -> dict[str, Any]:
    kept = dict(named)
    for base in lineage:
        for name, values in NO_EFFECT.get(base, {}).items():
            if name not in kept or name in known:
                continue
            if not any(kept[name] is v or kept[name] == v for v in values):
                raise TypeError(
                    f"{owner}: nnkit has no {name!r}, and {name}={kept[name]!r} would change the "
                    f"result; taken, without an effect, are {', '.join(map(repr, values))}"
                )
            del kept[name]
    return kept
