"""Names and meanings in the files of each generation of Keras.

A file says which Keras wrote it, and on which backend. :func:`origin` finds its tables,
which :class:`nnkit.saving.from_keras.Translator` (settings) and :func:`nnkit.saving.stored.pair`
(weights) read. The sources are Keras 1.2.2 and 2.3.1 (``keras/legacy/interfaces.py``,
``engine/saving.py``, ``optimizers.py``), tf-keras 2.15 and Keras 3.15.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nnkit.saving import arrangements
from nnkit.saving.arrangements import Recipe
from nnkit.saving.hdf5 import Group
from nnkit.saving.safe import child, text

if TYPE_CHECKING:
    from nnkit.layers.base import Layer

__all__ = ["EVERY", "Generation", "Origin", "origin", "place_of_slots"]

EVERY = "every class"  # The entry for all classes, in tables by class.


@dataclass(frozen=True)
class Generation:
    """The form of the files of a range of Keras's versions.

    Attributes
    ----------
    name : str
    classes : dict
        Today's names of classes.
    names : dict of dict
        For each class (by today's name) or :data:`EVERY`, today's names of its arguments; None for
        a removed argument that changes nothing. Several arguments with one new name become items
        of a list, in the order of the table.
    values : dict of dict
        Today's values of arguments, by today's names of the arguments.
    defaults : dict of dict
        For each class, defaults of arguments that a file may lack.
    activations : dict
        Names of activations that had a different meaning.
    silent : set of str
        Arguments that change no result, whatever their value.
    usual : dict
        Arguments that change nothing if they have this value.
    changed : dict
        Arguments whose effect is different now, and the difference.
    of_all : dict
        Arguments that were a common setting of all layers, and the classes whose descriptions
        don't contain it.
    recipes : dict
        Recipes by class, for :func:`nnkit.saving.arrangements.arranged`.
    accuracies : dict
        By loss, the meaning of the metric ``accuracy`` where it is different from today's.
    """

    name: str
    classes: Mapping[str, str]
    names: Mapping[str, Mapping[str, str | None]]
    values: Mapping[str, Mapping[Any, Any]]
    defaults: Mapping[str, Mapping[str, Any]]
    activations: Mapping[str, Any]
    silent: frozenset[str]
    usual: Mapping[str, Any]
    changed: Mapping[str, str] = field(default_factory=dict)
    of_all: Mapping[str, Sequence[str]] = field(default_factory=dict)
    recipes: Mapping[str, Sequence[Recipe]] = field(default_factory=dict)
    accuracies: Mapping[str, str] = field(default_factory=dict)


KERAS_3 = Generation(
    "Keras 3",
    classes={},
    names={EVERY: {"lr": "learning_rate"}},
    values={"reduction": {"auto": "sum_over_batch_size"}},
    defaults={},
    activations={},
    silent=frozenset(
        {
            *("batch_input_shape", "batch_shape", "jit_compile", "is_legacy_optimizer"),
            "loss_scale_factor",  # Gradients are divided by the factor again.
            *("ema_momentum", "ema_overwrite_frequency"),  # Of use_ema, which is not silent.
        }
    ),
    usual={
        "data_format": "channels_last",
        "dilation_rate": 1,
        "groups": 1,
        "renorm_momentum": 0.99,
        "decay": 0.0,
        "initial_decay": 0.0,
    },
)

TF_KERAS = replace(
    KERAS_3,
    name="tf.keras",
    classes={
        "BatchNormalizationV1": "BatchNormalization",
        "BatchNormalizationV2": "BatchNormalization",
        "CuDNNGRU": "GRU",
        "CuDNNLSTM": "LSTM",
        "ThresholdedReLU": "ReLU",
        "UnifiedGRU": "GRU",
        "UnifiedLSTM": "LSTM",
    },
    names={
        EVERY: {"lr": "learning_rate"},
        "LeakyReLU": {"alpha": "negative_slope"},
        "ReLU": {"theta": "threshold"},
        "SpatialDropout1D": {"noise_shape": None},
        "SpatialDropout2D": {"noise_shape": None},
        "SpatialDropout3D": {"noise_shape": None},
    },
    defaults={
        "CuDNNGRU": {"recurrent_activation": "sigmoid", "reset_after": True},
        "CuDNNLSTM": {"recurrent_activation": "sigmoid"},
        "GRU": {"recurrent_activation": "hard_sigmoid", "reset_after": False},
        "LSTM": {"recurrent_activation": "hard_sigmoid"},
        "ThresholdedReLU": {"threshold": 1.0},
    },
    activations={"hard_sigmoid": {"class_name": "HardSigmoid", "config": {"slope": 0.2}}},
    silent=KERAS_3.silent
    | {
        *("implementation", "input_dim", "input_length", "unit_forget_bias", "fused"),
        *("function_type", "output_shape_type", "module"),
    },
    recipes={"LSTM": [arrangements.CUDNN_LSTM], "GRU": [arrangements.CUDNN_GRU]},
)

_BINARY = ("BCE", "BinaryCrossentropy", "bce", "binary_crossentropy")
TF_KERAS_1 = replace(
    TF_KERAS,
    name="tf.keras of TensorFlow before 2.2",
    accuracies=dict.fromkeys(_BINARY, "BinaryAccuracy"),
)

KERAS_2 = replace(
    TF_KERAS_1,
    name="Keras 2",
    # It was the norm of all gradients together.
    names={**TF_KERAS.names, EVERY: {**TF_KERAS.names[EVERY], "clipnorm": "global_clipnorm"}},
    changed={"activity_regularizer": "it took the sum over a batch, and takes the mean now"},
)

_OF_RECTANGLE = {"nb_row": "kernel_size", "nb_col": "kernel_size"}

KERAS_1 = replace(
    KERAS_2,
    name="Keras 1",
    classes={
        **KERAS_2.classes,
        "ActivityRegularizer": "L1L2",
        "AtrousConvolution1D": "Conv1D",
        "AtrousConvolution2D": "Conv2D",
        "Deconvolution2D": "Conv2DTranspose",
        "L1L2Regularizer": "L1L2",
        "TimeDistributedDense": "Dense",
        "WeightRegularizer": "L1L2",
    },
    names={
        **KERAS_2.names,
        EVERY: {
            **KERAS_2.names[EVERY],
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
        "Embedding": {
            "output_dim": "output_dim",
            "init": "embeddings_initializer",
            "W_regularizer": "embeddings_regularizer",
            "W_constraint": "embeddings_constraint",
        },
        "MaxNorm": {"m": "max_value"},
        "MinMaxNorm": {"low": "min_value", "high": "max_value"},
        "PReLU": {"init": "alpha_initializer"},
    },
    values={
        **KERAS_2.values,
        "data_format": {"tf": "channels_last", "th": "channels_first", "default": None},
    },
    silent=KERAS_2.silent | {"consume_less", "forget_bias_init", "input_dtype"},
    usual={**KERAS_2.usual, "dropout": 0.0, "mode": 0},
    of_all={
        "data_format": ("SpatialDropout2D", "SpatialDropout3D", "UpSampling2D", "ZeroPadding2D")
    },
    recipes={
        "LSTM": [arrangements.GATES_OF_LSTM, arrangements.CUDNN_LSTM],
        "GRU": [arrangements.GATES_OF_GRU, arrangements.CUDNN_GRU],
        "Conv1D": [arrangements.WITH_WIDTH, arrangements.OUTPUTS_FIRST_WITH_WIDTH],
        "Conv2D channels_first": [arrangements.OUTPUTS_FIRST],
        "Conv2DTranspose channels_first": [arrangements.OUTPUTS_FIRST_TRANSPOSE],
        "Conv2DTranspose channels_last": [arrangements.INPUTS_FIRST],
    },
)

# Convolutions that a backend computed with the kernel rotated by 180 degrees. Keras rotated the
# kernels of DepthwiseConv2D itself.
FLIPPED_BY: Mapping[str | None, Mapping[str, Sequence[Recipe]]] = {
    "theano": dict.fromkeys(("Conv1D", "Conv2D", "Conv2DTranspose"), arrangements.FLIPPED)
}


@dataclass(frozen=True)
class Origin:
    """The version of Keras and the backend that wrote a file.

    Attributes
    ----------
    generation : Generation
    backend : str or None
    """

    generation: Generation
    backend: str | None = None

    @property
    def is_old(self) -> bool:
        """Whether the file was written before Keras 3."""
        return self.generation is not KERAS_3

    def arranged(self, layer: Layer, sources: Sequence[Any]) -> list[Any]:
        """Convert the arrays that are stored for a layer to its weights."""
        recipes = self.generation.recipes, FLIPPED_BY.get(self.backend, {})
        return arrangements.arranged(layer, sources, arrangements.by_class(*recipes))

    def unsure(self, layers: Sequence[Layer]) -> list[str]:
        """Names of convolutions that may be stored rotated: Keras 1 didn't name its backend."""
        if self.generation is not KERAS_1 or self.backend is not None:
            return []
        recipes = arrangements.by_class(FLIPPED_BY["theano"])
        found = [leaf for layer in layers for leaf in layer.inside() if recipes(leaf)]
        return [leaf.name for leaf in found if max(getattr(leaf, "kernel_size", (1,))) > 1]


def place_of_slots(root: Group) -> str | None:
    """Name of the group of layers in a ``.weights.h5``, also within a layer; or None."""
    names = "layers", "_layer_checkpoint_dependencies"  # The second name in Keras 2.13.
    return next((name for name in names if isinstance(child(root, name), Group)), None)


_WORDS_OF_3 = r'"(registered_name|batch_shape)"'


def origin(root: Group) -> Origin:
    """Find the origin of a file by its attributes ``keras_version`` and ``backend``.

    Not all files of Keras 1 have a version, and no ``.weights.h5`` of Keras 3 does.
    """
    found = {}
    for name in ("keras_version", "backend"):
        groups = (root, child(root, "model_weights"))
        given = (text(g, name) for g in groups if isinstance(g, Group))
        found[name] = next((value for value in given if value is not None), None)
    version, backend = found["keras_version"], found["backend"]
    return Origin(_generation(root, version), backend)


def _generation(root: Group, version: str | None) -> Generation:
    if version is None:
        said = text(root, "model_config")
        of_3 = place_of_slots(root) if said is None else re.search(_WORDS_OF_3, said)
        return KERAS_1 if of_3 is None else KERAS_3
    numbers = [int(n) for n in re.findall(r"\d{1,6}", version)[:2]] or [3]
    if numbers[0] >= 3:
        return KERAS_3
    if numbers[0] < 2:
        return KERAS_1
    if "tf" in version:
        return TF_KERAS if numbers[1:] >= [3] else TF_KERAS_1
    return TF_KERAS if numbers[1:] >= [4] else KERAS_2
