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

from nnkit import spellings
from nnkit.saving import arrangements
from nnkit.saving.arrangements import Recipe
from nnkit.saving.hdf5 import Group
from nnkit.saving.safe import child, text
from nnkit.spellings import EVERY

if TYPE_CHECKING:
    from nnkit.layers.base import Layer

__all__ = ["EVERY", "Generation", "Origin", "origin", "place_of_slots"]

_SPATIAL_DROPOUT = "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"
_CLASSES = {old: new for names in spellings.CLASSES.values() for old, new in names.items()}


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
        Arguments, or arguments with a value, whose effect is different now, and the difference.
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
    silent=frozenset({"batch_input_shape", "batch_shape", "jit_compile", "is_legacy_optimizer"}),
    usual={
        "data_format": "channels_last",
        "dilation_rate": 1,
        "groups": 1,
        "renorm_momentum": 0.99,
        "decay": 0.0,
        "initial_decay": 0.0,
    },
)

_OF_CONVOLUTION = dict.fromkeys(("kernel_regularizer", "kernel_constraint", "groups"))

TF_KERAS = replace(
    KERAS_3,
    name="tf.keras",
    classes=_CLASSES,
    names={
        **spellings.KERAS_2,
        # A separable convolution was described as a convolution, too.
        "SeparableConv1D": _OF_CONVOLUTION,
        "SeparableConv2D": _OF_CONVOLUTION,
        **{name: {"noise_shape": None} for name in _SPATIAL_DROPOUT},
    },
    defaults={
        **spellings.DEFAULTS,
        "GRU": {"recurrent_activation": "hard_sigmoid", "reset_after": False},
        "LSTM": {"recurrent_activation": "hard_sigmoid"},
    },
    activations={"hard_sigmoid": spellings.OLD_HARD_SIGMOID},
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
    changed={
        "activity_regularizer": "it took the sum over a batch, and takes the mean now",
        "interpolation=bilinear": "pixels were sampled at their corners, and are in the middle now",
    },
)

KERAS_1 = replace(
    KERAS_2,
    name="Keras 1",
    names={
        **KERAS_2.names,
        **spellings.KERAS_1,
        EVERY: {**KERAS_2.names[EVERY], **spellings.KERAS_1[EVERY]},
    },
    values={
        **KERAS_2.values,
        "data_format": spellings.VALUES["data_format"],
    },
    silent=KERAS_2.silent | {"consume_less", "forget_bias_init", "input_dtype"},
    usual={**KERAS_2.usual, "dropout": 0.0, "mode": 0},
    of_all={
        "data_format": (
            *("SpatialDropout2D", "UpSampling2D", "UpSampling3D", "ZeroPadding2D", "ZeroPadding3D"),
            *("Cropping2D", "Cropping3D", "SpatialDropout3D"),
        )
    },
    recipes={
        "LSTM": [arrangements.GATES_OF_LSTM, arrangements.CUDNN_LSTM],
        "GRU": [arrangements.GATES_OF_GRU, arrangements.CUDNN_GRU],
        "Conv1D": [arrangements.WITH_WIDTH, arrangements.OUTPUTS_FIRST_WITH_WIDTH],
        "Conv2D channels_first": [arrangements.OUTPUTS_FIRST],
        "Conv2DTranspose channels_first": [arrangements.OUTPUTS_FIRST_TRANSPOSE],
        "Conv2DTranspose channels_last": [arrangements.INPUTS_FIRST],
        "Conv3D channels_first": [arrangements.OUTPUTS_FIRST_OF_VOLUMES],
        "SeparableConv2D channels_first": [arrangements.OUTPUTS_FIRST_OF_BOTH],
    },
)

# Convolutions that a backend computed with the kernel rotated by 180 degrees. Keras rotated the
# kernels of DepthwiseConv2D and of separable convolutions itself.
_ROTATED = "Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose"
FLIPPED_BY: Mapping[str | None, Mapping[str, Sequence[Recipe]]] = {
    "theano": dict.fromkeys(_ROTATED, arrangements.FLIPPED)
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
