"""The one list of all layers, losses, optimizers...: a new one is tested by adding one line.

Everything that is promised of all of them is tested from here: gradients, recorded and sharded
steps, both devices, files, bad input, and equality with Keras 3. ``test_catalogue.py`` fails when
something public is on no list.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import nnkit
from nnkit import constraints, initializers, layers, losses, metrics, ops, optimizers, regularizers
from nnkit.optimizers import schedules
from nnkit.testing import Shapes, alike, flat, rebuilt, several

OWN = "Keras has none"
ELSEWHERE = "compared in a file of its own"


@dataclass(frozen=True, eq=False)
class Case:
    """A layer and what its tests need to know.

    Attributes
    ----------
    layer : Layer
        Not built; tests make others from its configuration.
    shape : tuple of int or list of tuple
        Of one sample; a list of such shapes for a layer that takes a list of inputs.
    ids : int
        If not 0, inputs are whole numbers from 0 to below it, which have no gradient.
    masked : bool or tuple of bool
        Whether its input comes with a mask, of (batch, steps); for several, whether each does.
    named : dict
        The shapes of inputs that it takes by name.
    random : bool
        Whether it draws numbers in training, so that only its inference compares with Keras.
    batch : int, optional
        The one batch size that it takes.
    tolerance : float
        Allowed error of a gradient in float64, relative.
    keras : str or callable, optional
        By default Keras's layer of the same class name and configuration. Otherwise why there is
        none, or what makes it: ``lambda keras: keras.layers.Activation("elu")``.
    """

    layer: layers.Layer
    shape: Shapes
    ids: int = 0
    masked: bool | tuple[bool, ...] = False
    named: dict[str, Shapes] = field(default_factory=dict)
    random: bool = False
    batch: int | None = None
    tolerance: float = 1e-6
    keras: str | Callable[[Any], Any] | None = None

    def __str__(self) -> str:
        shapes = flat([self.shape if several(self.shape) else [self.shape], *self.named.values()])
        return "-".join([label(self.layer), *("x".join(map(str, shape)) for shape in shapes)])

    def another(self, dtype: str = "float32") -> layers.Layer:
        """The layer made anew."""
        return rebuilt(self.layer, dtype)

    def masks(self) -> list[bool]:
        """Whether each input that has no name comes with a mask."""
        one = isinstance(self.masked, bool)
        return [self.masked] * len(flat(self.shape)) if one else list(self.masked)

    def inputs(self, rng: np.random.Generator, batch: int) -> Any:
        """A batch, float32, a list if there are several inputs; those by name come last.

        In what is masked, some steps are zeros, which ``Masking`` leaves out.
        """

        def drawn(shape: tuple[int, ...]) -> np.ndarray:
            if self.ids:
                return rng.integers(0, self.ids, (batch, *shape)).astype(np.float32)
            return rng.normal(size=(batch, *shape)).astype(np.float32)

        made = [drawn(shape) for shape in flat(self.shape) + flat(self.named)]
        for x, masked in zip(made, self.masks(), strict=False):
            if masked:
                x[rng.uniform(size=x.shape[:2]) < 0.3] = 0
        return one_or_list(made)

    def call(self, layer: Any, inputs: Any) -> Any:
        """A layer's output for arrays in inference, or placeholders, as by :meth:`inputs`."""
        given = iter(inputs if several(self.shape) or self.named else [inputs])
        x = alike(self.shape, lambda _: next(given))
        named = {name: alike(shape, lambda _: next(given)) for name, shape in self.named.items()}
        told = {} if hasattr(flat(x)[0], "is_placeholder") else {"training": False}
        return layer(x, **named, **told)

    def connected(self, library: Any, layer: Any, dtype: str) -> Any:
        """A model of a layer alone, of nnkit or of Keras, which has the same names."""

        def placeholder(shape: tuple[int, ...]) -> Any:
            return library.Input(shape, batch_size=self.batch, dtype=dtype)

        inputs = [placeholder(shape) for shape in flat(self.shape) + flat(self.named)]
        masks = self.masks() + [False] * len(flat(self.named))
        seen = [
            library.layers.Masking(dtype=dtype)(x) if masked else x
            for x, masked in zip(inputs, masks, strict=True)
        ]
        outputs = self.call(layer, one_or_list(seen))
        return library.Model(one_or_list(inputs), outputs)

    def is_step(self) -> bool:
        """Whether the layer takes an array and gives one: a ``Sequential`` may have it."""
        if several(self.shape) or self.named:
            return False
        layer, shape = self.another(), (self.batch, *self.shape)
        layer.ensure_built(shape)
        return not isinstance(layer.compute_output_shape(shape), list)

    def model(self, optimizer: Any = "sgd", loss: Any = "mse", **options: Any) -> Any:
        """A compiled model of the layer alone; equal seeds give equal weights."""
        dtype = options.pop("dtype", "float32")
        layer = self.another(dtype)
        if self.is_step():
            stack = [layers.Masking(dtype=dtype)] if self.masked else []
            first = nnkit.Input(self.shape, batch_size=self.batch, dtype=dtype)
            model: Any = nnkit.Sequential([first, *stack, layer])
        else:
            model = self.connected(nnkit, layer, dtype)
        model.compile(again(optimizer), loss, **options)
        return model

    def data(self, rng: np.random.Generator, rows: int) -> tuple[Any, Any]:
        """Inputs and targets of that model; a list where there are several."""
        x, shapes = self.inputs(rng, rows), self.model().output_shape
        return x, alike(shapes, lambda s: rng.normal(size=(rows, *s[1:])).astype(np.float32))


@dataclass(frozen=True, eq=False)
class LossCase:
    """A loss, targets for predictions of shape (3, 4), and what these are.

    ``"probabilities"`` sum to 1; ``"numbers"`` may be any.
    """

    loss: losses.Loss
    y_true: np.ndarray
    predictions: str = "numbers"
    keras: str | Callable[[Any], Any] | None = None

    def __str__(self) -> str:
        return label(self.loss)

    def outputs(self, rng: np.random.Generator) -> np.ndarray:
        """Predictions, float64."""
        if self.predictions == "probabilities":
            return rng.dirichlet(np.full(4, 5.0), 3)
        return rng.normal(size=(3, 4))


@dataclass(frozen=True, eq=False)
class MetricCase:
    """A metric, and what its targets and predictions of shape (rows, 4) are.

    Targets are ``"one-hot"``, ``"labels"``, ``"numbers"``, ``"scores"`` (0 and 1 for each output),
    or ``"classes"`` (a label for each output). Predictions are ``"probabilities"`` that sum to 1,
    ``"numbers"``, ``"scores"`` from 0 to 1, or ``"classes"``.
    """

    metric: metrics.Metric
    y_true: str = "numbers"
    predictions: str = "numbers"
    keras: str | None = None

    def __str__(self) -> str:
        return label(self.metric)

    def targets(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        """Targets, as a user gives them."""
        labels = rng.integers(0, 4, rows)
        made = {
            "labels": lambda: labels,
            "one-hot": lambda: np.eye(4, dtype=np.float32)[labels],
            "numbers": lambda: rng.normal(size=(rows, 4)).astype(np.float32),
            "scores": lambda: rng.integers(0, 2, (rows, 4)).astype(np.float32),
            "classes": lambda: rng.integers(0, 4, (rows, 4)).astype(np.float32),
        }
        return made[self.y_true]()

    def outputs(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        """Predictions, float32."""
        made = {
            "probabilities": lambda: rng.dirichlet(np.ones(4), rows),
            "numbers": lambda: rng.normal(size=(rows, 4)),
            "scores": lambda: rng.integers(0, 11, (rows, 4)) / 10,  # Some are thresholds.
            "classes": lambda: rng.integers(0, 5, (rows, 4)),
        }
        return made[self.predictions]().astype(np.float32)


def label(made: Any) -> str:
    """The name of an object's class and the arguments it was given, if they can be written."""
    if isinstance(made, str):
        return made
    known = inspect.signature(type(made).__init__).parameters
    given = [
        f"{name}={value!r}"
        for name, value in made._arguments.items()
        if not (name in known and value in (known[name].default, [])) and "<" not in repr(value)
    ]
    return f"{type(made).__name__}({','.join(given)})".replace(" ", "")


def one_or_list(things: list[Any]) -> Any:
    """What a model with one input takes by itself, and one with several in a list."""
    return things if len(things) > 1 else things[0]


def again(made: Any, **changed: Any) -> Any:
    """Another object like this one; a string is left as it is."""
    if isinstance(made, str):
        return made
    return type(made).from_config(made.get_config() | changed)


def as_function(name: str) -> Callable[[Any], Any]:
    """What Keras has as a function only."""
    return lambda keras: keras.layers.Activation(name)


# Functions in place of layers, losses and so on. Files know registered ones by their names.


@nnkit.saving.register
def x_sigmoid(x: Any) -> Any:
    """x sigmoid(x)."""
    return x * ops.sigmoid(x)


@nnkit.saving.register
def cosh(y_true: Any, y_pred: Any) -> Any:
    """cosh of the difference."""
    return ops.cosh(y_pred - y_true)


@nnkit.saving.register
def halves(shape: Any, dtype: Any = None) -> Any:
    """All 0.5."""
    return np.full(shape, 0.5, dtype)


@nnkit.saving.register
def ridge(w: Any) -> Any:
    """The sum of the squares of the columns' sums."""
    return 0.02 * ops.sum(ops.square(ops.sum(w, axis=0)))


@nnkit.saving.register
def clipped(w: Any) -> Any:
    """Limited to -0.3 and 0.3."""
    return np.clip(w, -0.3, 0.3)


LAYERS = [
    # Dense, and activations as layers.
    Case(layers.Activation("tanh"), (5,)),
    Case(layers.Dense(3), (4,)),
    Case(layers.Dense(1), (1,)),
    Case(layers.Dense(3, use_bias=False), (2, 4)),
    Case(layers.Dense(4, activation="softmax"), (2, 3, 5)),
    Case(layers.Dense(4, activation="relu"), (7,)),
    Case(layers.EinsumDense("ab,bc->ac", 4, bias_axes="c", activation="tanh"), (3,)),
    Case(layers.EinsumDense("abc,cd->abd", (None, 2), bias_axes="d"), (3, 4)),
    Case(layers.EinsumDense("...x,xy->...y", 2, bias_axes="y"), (3, 2, 4)),
    Case(layers.EinsumDense("abc,cde->adbe", (2, 3, 4), bias_axes="de"), (3, 5)),
    Case(layers.EinsumDense("abc,bcd->adc", (2, 4)), (3, 4)),
    Case(layers.EinsumDense("ab...,bc->ac...", (2,), bias_axes="c"), (3, 4)),
    Case(layers.ELU(), (5,)),
    Case(layers.ELU(alpha=0.3), (3, 4)),
    Case(layers.Exponential(), (5,)),
    Case(layers.GELU(), (5,)),
    Case(
        layers.GELU(approximate=True),
        (3, 4),
        keras=lambda keras: keras.layers.Lambda(lambda x: keras.activations.gelu(x, True)),
    ),
    Case(layers.HardSigmoid(), (5,)),
    Case(layers.HardSigmoid(slope=0.2), (3, 4)),
    Case(layers.LeakyReLU(), (5,)),
    Case(layers.LeakyReLU(negative_slope=0.01), (3, 4)),
    Case(layers.LogSoftmax(), (5,)),
    Case(layers.LogSoftmax(axis=1), (3, 4), keras=OWN),
    Case(layers.Mish(), (5,)),
    Case(layers.PReLU("uniform"), (3, 4)),
    Case(layers.PReLU("uniform", "l2", "max_norm", [1, 2]), (3, 2, 4)),
    Case(layers.PReLU("uniform", shared_axes=[2, 3]), (3, 4, 2)),
    Case(layers.PReLU("uniform", shared_axes=[2]), (3, 2, 4)),
    Case(layers.ReLU(), (9,)),
    Case(layers.ReLU(max_value=1.5, negative_slope=0.3, threshold=0.2), (3, 9)),
    Case(layers.SELU(), (5,)),
    Case(layers.SiLU(), (5,)),
    Case(layers.Sigmoid(), (5, 1)),
    Case(layers.Softmax(), (5,)),
    Case(layers.Softmax(axis=1), (3, 4)),
    Case(layers.Softmax(axis=-2), (2, 3, 4)),
    Case(layers.Softplus(), (5,)),
    Case(layers.Softsign(), (5,)),
    Case(layers.Tanh(), (1,)),
    Case(layers.Dense(3, "tanh", bias_regularizer="l1", activity_regularizer="l2"), (4,)),
    # Convolution, pooling, padding.
    Case(layers.AdaptiveAveragePooling1D(3), (5, 2)),
    Case(layers.AdaptiveAveragePooling2D((2, 3), data_format="channels_first"), (2, 4, 5)),
    Case(layers.AdaptiveAveragePooling3D((2, 1, 4)), (3, 2, 2, 2)),
    Case(layers.AdaptiveMaxPooling1D(4, "channels_first"), (2, 3)),
    Case(layers.AdaptiveMaxPooling2D((3, 2)), (4, 5, 2)),
    Case(layers.AdaptiveMaxPooling3D(2), (3, 2, 4, 1)),
    Case(layers.AveragePooling1D(2), (5, 3)),
    Case(layers.AveragePooling1D(3, strides=1, padding="same"), (5, 3)),
    Case(layers.AveragePooling2D(2), (4, 5, 3)),
    Case(layers.AveragePooling2D((3, 2), strides=2, padding="same"), (5, 6, 2)),
    Case(layers.AveragePooling2D(2, data_format="channels_first"), (3, 4, 5)),
    Case(layers.AveragePooling3D(2), (2, 4, 5, 3)),
    Case(layers.AveragePooling3D((2, 1, 3), (1, 2, 2), "same", "channels_first"), (2, 3, 4, 5)),
    Case(layers.CenterCrop(2, 3), (4, 5, 2)),
    Case(layers.CenterCrop(5, 3, "channels_first"), (2, 4, 5)),
    Case(layers.Conv1D(3, 2), (5, 4)),
    Case(layers.Conv1D(4, 3, padding="causal", dilation_rate=2, groups=2), (6, 2)),
    Case(layers.Conv1D(2, 3, strides=2, padding="same", data_format="channels_first"), (3, 6)),
    Case(layers.Conv1DTranspose(3, 3, 2, "same"), (4, 2)),
    Case(layers.Conv1DTranspose(2, 2, 3, data_format="channels_first", use_bias=False), (3, 4)),
    Case(layers.Conv2D(3, 3), (4, 5, 2)),
    Case(layers.Conv2D(3, 3, padding="same", activation="relu"), (5, 4, 1)),
    Case(layers.Conv2D(1, 1), (1, 1, 1)),
    Case(layers.Conv2D(4, (3, 2), strides=(1, 2), padding="same", use_bias=False), (5, 6, 3)),
    Case(layers.Conv2D(6, 2, dilation_rate=(2, 1), groups=3, activation="tanh"), (5, 4, 3)),
    Case(layers.Conv2D(3, 2, data_format="channels_first"), (2, 4, 5)),
    Case(layers.Conv2DTranspose(3, 3), (3, 4, 2)),
    Case(layers.Conv2DTranspose(2, 3, strides=2, padding="same", activation="tanh"), (3, 4, 3)),
    Case(layers.Conv2DTranspose(1, (3, 4), strides=(3, 2), use_bias=False), (2, 3, 2)),
    Case(layers.Conv2DTranspose(2, 3, 2, "same", output_padding=1), (3, 3, 1)),
    Case(layers.Conv2DTranspose(2, 2, dilation_rate=2, data_format="channels_first"), (3, 3, 2)),
    Case(layers.Conv3D(2, 2), (2, 3, 3, 2)),
    Case(layers.Conv3D(4, (2, 3, 1), (1, 2, 2), "same", groups=2, activation="tanh"), (3, 4, 3, 2)),
    Case(
        layers.Conv3D(2, 2, dilation_rate=(2, 1, 1), data_format="channels_first", use_bias=False),
        (1, 4, 3, 2),
    ),
    Case(layers.Conv3DTranspose(2, (2, 3, 2), (2, 2, 1), "same"), (2, 3, 2, 2)),
    Case(layers.Conv3DTranspose(1, 2, data_format="channels_first", use_bias=False), (2, 3, 2, 2)),
    Case(layers.Cropping1D((1, 2)), (5, 3)),
    Case(layers.Cropping2D(((1, 0), (2, 1))), (4, 5, 2)),
    Case(layers.Cropping2D((0, 1), data_format="channels_first"), (2, 1, 4)),
    Case(layers.Cropping3D((1, (0, 1), (2, 0))), (3, 2, 4, 2)),
    Case(layers.DepthwiseConv1D(3, padding="same", depth_multiplier=2), (5, 2)),
    Case(layers.DepthwiseConv2D(2), (4, 3, 3)),
    Case(layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2), (4, 5, 2)),
    Case(layers.DepthwiseConv2D(3, strides=2, activation="relu", use_bias=False), (5, 5, 3)),
    Case(layers.DepthwiseConv2D(2, dilation_rate=2, data_format="channels_first"), (2, 5, 4)),
    Case(layers.GlobalAveragePooling1D(), (5, 3)),
    Case(layers.GlobalAveragePooling1D(), (5, 3), masked=True),
    Case(layers.GlobalAveragePooling2D(keepdims=True), (4, 5, 3)),
    Case(layers.GlobalAveragePooling2D(data_format="channels_first"), (3, 4, 5)),
    Case(layers.GlobalAveragePooling3D(), (2, 3, 2, 4)),
    Case(layers.GlobalMaxPooling1D(keepdims=True), (5, 3)),
    Case(layers.GlobalMaxPooling2D(), (4, 5, 3)),
    Case(layers.GlobalMaxPooling3D("channels_first", keepdims=True), (2, 3, 2, 4)),
    Case(layers.MaxPooling1D(3, strides=2), (8, 3)),
    Case(layers.MaxPooling1D(2, padding="same", data_format="channels_first"), (3, 5)),
    Case(layers.MaxPooling2D(), (4, 5, 3)),
    Case(layers.MaxPooling2D(3, strides=1, padding="same"), (4, 5, 2)),
    Case(layers.MaxPooling3D(), (3, 4, 5, 2)),
    Case(layers.MaxPooling3D((2, 3, 1), 1, "same", data_format="channels_first"), (2, 3, 4, 2)),
    Case(layers.Resizing(3, 7), (4, 5, 2)),
    Case(layers.Resizing(2, 3, "bicubic", crop_to_aspect_ratio=True, antialias=True), (5, 4, 1)),
    Case(layers.Resizing(4, 3, "nearest", data_format="channels_first"), (2, 3, 5)),
    Case(layers.Resizing(3, 5, pad_to_aspect_ratio=True), (4, 3, 2)),
    Case(layers.SeparableConv1D(3, 2, dilation_rate=2), (5, 2)),
    Case(layers.SeparableConv2D(3, 2), (4, 4, 2)),
    Case(
        layers.SeparableConv2D(2, 3, 2, "same", depth_multiplier=2, pointwise_regularizer="l2"),
        (5, 4, 3),
    ),
    Case(
        layers.SeparableConv2D(
            2, 2, data_format="channels_first", use_bias=False, depthwise_constraint="max_norm"
        ),
        (3, 4, 3),
    ),
    Case(layers.UpSampling1D(3), (4, 3)),
    Case(layers.UpSampling2D(), (3, 4, 2)),
    Case(layers.UpSampling2D((1, 3), data_format="channels_first"), (2, 3, 1)),
    Case(layers.UpSampling2D((2, 3), interpolation="bilinear"), (3, 4, 2)),
    Case(layers.UpSampling2D(2, "channels_first", "lanczos3"), (2, 3, 4)),
    Case(layers.UpSampling3D((2, 1, 3)), (2, 3, 2, 2)),
    Case(layers.ZeroPadding1D((2, 0)), (4, 3)),
    Case(layers.ZeroPadding1D(1, data_format="channels_first"), (3, 4)),
    Case(layers.ZeroPadding2D(), (3, 4, 2)),
    Case(layers.ZeroPadding2D(((1, 0), (2, 3)), data_format="channels_first"), (2, 1, 3)),
    Case(layers.ZeroPadding3D(), (2, 1, 3, 2)),
    Case(layers.ZeroPadding3D(((1, 0), 2, (0, 1)), "channels_first"), (2, 2, 1, 3)),
    # Normalization, noise.
    Case(layers.AlphaDropout(0.4, seed=3), (6, 5), random=True),
    Case(
        layers.AlphaDropout(0.4, (None, 1, None), seed=3),
        (6, 5),
        random=True,
        keras=lambda keras: keras.layers.AlphaDropout(0.4, (None, 1, None)),
    ),
    Case(layers.BatchNormalization(), (5,)),
    Case(layers.BatchNormalization(momentum=0.8, epsilon=0.1), (4, 3, 2)),
    Case(layers.BatchNormalization(axis=1, center=False), (3, 4, 5)),
    Case(layers.BatchNormalization(2, scale=False, beta_initializer="ones"), (4, 3, 2)),
    Case(layers.BatchNormalization(center=False, scale=False), (1,)),
    Case(layers.BatchNormalization(momentum=0.8), (5, 3), masked=True),
    Case(layers.BatchNormalization(axis=1, momentum=1.0), (4, 3), masked=True),
    Case(layers.Dropout(0.4, seed=3), (6, 5), random=True),
    Case(layers.Dropout(0.4, (None, 1, None, None), seed=3), (6, 2, 5), random=True),
    Case(layers.GaussianDropout(0.3, seed=3), (6, 5), random=True),
    Case(layers.GaussianNoise(0.1, seed=3), (6, 5), random=True),
    Case(layers.GroupNormalization(2), (5, 6)),
    Case(layers.GroupNormalization(-1, epsilon=0.1, scale=False), (4, 3, 2)),
    Case(layers.GroupNormalization(3, axis=1, center=False), (6, 3, 4)),
    Case(layers.GroupNormalization(1, axis=2), (2, 4, 3)),
    Case(layers.GroupNormalization(1), (4, 3), masked=True),
    Case(layers.LayerNormalization(), (5,)),
    Case(layers.LayerNormalization(epsilon=0.1, scale=False), (4, 3)),
    # Keras's reader of HDF5 files takes the first of several axes only.
    Case(
        layers.LayerNormalization([-1, -2], center=False),
        (2, 3, 4),
        keras=lambda keras: keras.layers.LayerNormalization([-1, -2], center=False),
    ),
    Case(layers.Normalization(), (4, 3), masked=True),
    Case(
        layers.Normalization([-1, 1], invert=True),
        (2, 3, 4),
        keras=ELSEWHERE,
    ),
    Case(layers.Normalization(None), (4, 3), keras=ELSEWHERE),
    Case(layers.Normalization(mean=[1.0, -2.0, 0.5], variance=[0.5, 2.0, 3.0]), (2, 3)),
    Case(
        layers.Normalization(mean=0.5, variance=2.0, invert=True),
        (2, 3),
        keras="there the size of the axis must be known all the same",
    ),
    Case(layers.RMSNormalization(), (5,)),
    Case(
        layers.RMSNormalization([-2, -1], epsilon=0.1),
        (2, 3, 4),
        keras=lambda keras: keras.layers.RMSNormalization([-2, -1], epsilon=0.1),
    ),
    # Keras 3.15 can't save some of these; tests/keras/test_random_images.py compares what they do.
    Case(layers.RandomBrightness(0.5, (-2, 2), seed=3), (3, 4, 2), random=True, keras=ELSEWHERE),
    Case(
        layers.RandomContrast((0.5, 0.9), (-2, 2), 3, "channels_first"),
        (2, 3, 4),
        random=True,
        keras=ELSEWHERE,
    ),
    Case(
        layers.RandomCrop(2, 3, seed=3),
        (4, 5, 2),
        random=True,
        keras="outside training, Keras 3.15 doesn't crop",
    ),
    Case(
        layers.RandomCrop(3, 2, seed=3, data_format="channels_first"),
        (1, 2, 5),
        keras="outside training, Keras 3.15 doesn't crop",
    ),
    Case(layers.RandomFlip("horizontal", seed=3), (3, 4, 2), random=True),
    Case(layers.RandomFlip(seed=3, data_format="channels_first"), (2, 3, 4), random=True),
    Case(layers.RandomRotation(0.2, seed=3), (4, 5, 2), random=True),
    Case(layers.RandomRotation((0.1, 0.2), "wrap", "nearest", 3), (3, 4, 1), random=True),
    Case(
        layers.RandomTranslation(0.3, (-0.2, 0.4), "nearest", seed=3),
        (4, 3, 2),
        random=True,
        keras=ELSEWHERE,
    ),
    Case(
        layers.RandomZoom(0.3, None, "constant", seed=3, fill_value=1.0),
        (4, 3, 1),
        random=True,
        keras=ELSEWHERE,
    ),
    Case(
        layers.RandomZoom((-0.3, -0.1), 0.5, seed=3, data_format="channels_first"),
        (1, 4, 3),
        random=True,
        keras=ELSEWHERE,
    ),
    Case(layers.SpatialDropout1D(0.4, seed=3), (6, 5), random=True),
    Case(layers.SpatialDropout2D(0.4, seed=3), (3, 2, 5), random=True),
    Case(layers.SpatialDropout2D(0.4, "channels_first", seed=3), (5, 3, 2), random=True),
    Case(layers.SpatialDropout3D(0.4, seed=3), (3, 2, 1, 5), random=True),
    Case(layers.UnitNormalization(), (4, 3), masked=True),
    Case(
        layers.UnitNormalization([1, 3]),
        (2, 3, 4),
        keras=lambda keras: keras.layers.UnitNormalization([1, 3]),
    ),
    # Attention: tests/keras/test_attention.py compares it with Keras's.
    Case(layers.Attention(), [(4, 3), (5, 3)], keras=ELSEWHERE),
    Case(layers.Attention(True, "concat"), [(4, 3), (5, 2), (5, 3)], keras=ELSEWHERE),
    Case(
        layers.Attention(True, dropout=0.3, seed=1),
        [(4, 3), (4, 3)],
        masked=(True, True),
        random=True,
        keras=ELSEWHERE,
    ),
    Case(layers.AdditiveAttention(), [(4, 3), (5, 3)], masked=(False, True), keras=ELSEWHERE),
    Case(layers.MultiHeadAttention(2, 3), [(4, 3), (5, 2)], masked=(True, True), keras=ELSEWHERE),
    Case(
        layers.MultiHeadAttention(2, 3, 2, use_gate=True, dropout=0.3, seed=1),
        [(4, 3), (5, 2), (5, 4)],
        random=True,
        keras=ELSEWHERE,
    ),
    Case(
        layers.MultiHeadAttention(2, 3, output_shape=(2, 2), kernel_regularizer="l2"),
        [(4, 2, 3), (5, 2, 3)],
        keras=ELSEWHERE,
    ),
    Case(
        layers.MultiHeadAttention(1, 2, attention_axes=1, activity_regularizer="l2"),
        [(4, 2, 3), (5, 2, 3)],
        keras=ELSEWHERE,
    ),
    # Recurrence, embedding, masks.
    Case(layers.Embedding(7, 3), (5,), ids=7),
    Case(layers.Embedding(3, 1, mask_zero=True), (4,), ids=3),
    Case(layers.Embedding(9, 2, "normal", "l2", "max_norm"), (6,), ids=9),
    Case(layers.GRU(3), (5, 2)),
    Case(layers.GRU(2, return_sequences=True, reset_after=False), (4, 3), masked=True),
    Case(layers.GRU(2, go_backwards=True, use_bias=False), (4, 1), masked=True),
    Case(layers.GRU(2, dropout=0.3, recurrent_dropout=0.2, seed=1), (3, 4), random=True),
    Case(layers.LSTM(3), (5, 2)),
    Case(layers.LSTM(2, return_sequences=True, unit_forget_bias=False), (4, 3), masked=True),
    Case(layers.LSTM(2, "relu", go_backwards=True, return_sequences=True), (4, 1)),
    Case(layers.LSTM(2, return_sequences=True, zero_output_for_mask=True), (4, 3), masked=True),
    Case(layers.LSTM(2, kernel_regularizer="l2", recurrent_constraint="max_norm"), (3, 2)),
    Case(layers.LSTM(2, dropout=0.3, recurrent_dropout=0.2, seed=1), (3, 4), random=True),
    Case(layers.LSTM(2, stateful=True), (3, 2), batch=2, keras="on JAX, it keeps no state in fit"),
    Case(layers.GRU(2, return_state=True), (4, 3), masked=True, named={"initial_state": (2,)}),
    Case(layers.GRU(2, reset_after=False), (3, 1), named={"initial_state": (2,)}),
    Case(
        layers.LSTM(2, return_sequences=True, return_state=True, go_backwards=True),
        (4, 3),
        masked=True,
        named={"initial_state": [(2,), (2,)]},
    ),
    Case(
        layers.LSTM(2, return_state=True, zero_output_for_mask=True),
        (3, 2),
        masked=True,
        keras="there the last output, too, is 0 where its step is masked",
    ),
    Case(
        layers.LSTM(2, stateful=True, return_state=True),
        (3, 2),
        named={"initial_state": [(2,), (2,)]},
        batch=2,
        keras="on JAX, it keeps no state in fit",
    ),
    Case(layers.Masking(), (4, 3)),
    Case(layers.SimpleRNN(3), (1, 1)),
    Case(layers.SimpleRNN(2, return_sequences=True, use_bias=False), (4, 3), masked=True),
    Case(layers.SimpleRNN(2, "relu", recurrent_dropout=0.2, seed=1), (3, 4), random=True),
    # Timesteps of cells, which tests/layers/test_rnn.py compares with SimpleRNN, LSTM and GRU.
    Case(
        layers.RNN([layers.LSTMCell(2, "relu"), layers.GRUCell(3)], return_sequences=True),
        (4, 3),
        masked=True,
        keras="where a step is masked, Keras 3.15 gives the first sample's state for all",
    ),
    Case(
        layers.RNN(layers.GRUCell(2), return_state=True, go_backwards=True),
        (3, 1),
        masked=True,
        named={"initial_state": (2,)},
    ),
    Case(
        layers.RNN([layers.LSTMCell(2, dropout=0.3, recurrent_dropout=0.2, seed=1)]),
        (3, 4),
        random=True,
        keras="Keras 3.15 with JAX can't run a stack of one cell",
    ),
    Case(layers.ConvLSTM1D(2, 3, dilation_rate=2, use_bias=False), (2, 5, 1)),
    Case(
        layers.ConvLSTM2D(2, (2, 3), 2, "same", return_sequences=True, go_backwards=True),
        (3, 3, 4, 2),
    ),
    Case(layers.ConvLSTM3D(1, (1, 2, 1), return_state=True), (2, 1, 2, 2, 1)),
    Case(
        layers.ConvLSTM2D(
            2, 1, data_format="channels_first", return_state=True, dropout=0.2, seed=1
        ),
        (2, 2, 3, 1),
        random=True,
        keras=ELSEWHERE,
    ),
    # Shapes and values.
    Case(layers.ActivityRegularization(0.02, 0.03), (3, 4)),
    Case(layers.CategoryEncoding(5), (3, 4), ids=5, keras=ELSEWHERE),
    Case(layers.CategoryEncoding(5, "one_hot"), (3,), ids=5, keras=ELSEWHERE),
    Case(layers.CategoryEncoding(5, "count"), (4,), ids=5, keras=ELSEWHERE),
    Case(layers.Discretization([-0.5, 0.0, 0.7]), (3, 4), keras=ELSEWHERE),
    Case(layers.Discretization([-0.5, 0.7], output_mode="count"), (4,), keras=ELSEWHERE),
    Case(layers.Flatten(), (2, 3, 4)),
    Case(layers.Flatten("channels_first"), (2, 3, 4)),
    Case(layers.Hashing(3), (4,), ids=9, keras="it needs TensorFlow"),
    Case(
        layers.IntegerLookup(vocabulary=[4, 2, 7], num_oov_indices=2, output_mode="one_hot"),
        (4,),
        ids=9,
        keras="it needs TensorFlow",
    ),
    Case(layers.Lambda(x_sigmoid), (4,), keras=as_function("silu")),
    Case(layers.Permute((2, 1)), (4, 3)),
    Case(layers.Permute((3, 1, 2)), (2, 3, 4)),
    Case(layers.RepeatVector(3), (4,)),
    Case(layers.Rescaling(0.5, offset=-1.0), (4, 3)),
    Case(layers.Reshape((-1, 2)), (4, 3)),
    # Layers that merge several inputs.
    Case(layers.Add(), [(5,), (5,)]),
    Case(layers.Add(), [(4, 3), (1, 3), (4, 1)], masked=(True, True, False)),
    Case(layers.Add(), [(4, 2, 3), (3,), (2, 1)]),
    Case(layers.Average(), [(4, 3), (4, 3), (4, 3)], masked=True),
    Case(layers.Concatenate(), [(2,), (3,), (1,)]),
    Case(layers.Concatenate(), [(4, 3), (4, 2)], masked=True),
    Case(layers.Concatenate(axis=1), [(4, 3), (2, 3), (1, 3)], masked=(True, False, True)),
    Case(layers.Concatenate(axis=-2), [(3, 1, 2), (3, 4, 2)]),
    Case(layers.Dot(axes=1), [(4,), (4,)]),
    Case(layers.Dot(axes=(2, 1), normalize=True), [(4, 3), (3, 2)]),
    Case(layers.Dot(axes=(1, 3)), [(4, 2, 3), (2, 3, 4)]),
    Case(layers.Dot(axes=(-2, -1), normalize=True), [(2, 3, 4), (3,)]),
    Case(layers.Dot(axes=2), [(3, 4, 2), (2, 4, 3)]),
    Case(layers.Identity(), (4, 3), masked=True),
    Case(layers.Maximum(), [(3, 4), (3, 4), (1, 4)]),
    Case(layers.Maximum(), [(4, 3), (4, 3), (4, 1)], masked=True),
    Case(layers.Minimum(), [(3, 4), (3, 1)]),
    Case(layers.Minimum(), [(4, 3), (1, 3), (4, 3)], masked=(True, True, False)),
    Case(layers.Multiply(), [(5,), (5,), (5,)]),
    Case(layers.Multiply(), [(4, 3), (4, 1)], masked=True),
    Case(layers.Multiply(), [(4, 3), (4, 3), (3,)], masked=(False, True, False)),
    Case(layers.Subtract(), [(4, 3), (3,)]),
    # Layers of layers.
    Case(layers.Bidirectional(layers.LSTM(2)), (4, 3)),
    Case(
        layers.Bidirectional(layers.LSTM(2, return_sequences=True, return_state=True), "mul"),
        (4, 3),
        masked=True,
        named={"initial_state": [(2,)] * 4},
    ),
    Case(layers.Bidirectional(layers.SimpleRNN(2, return_state=True), None), (4, 3)),
    Case(layers.Bidirectional(layers.GRU(2, return_sequences=True), "sum"), (4, 3), masked=True),
    Case(layers.Parallel([layers.Dense(2), [layers.Dense(3), layers.Tanh()]]), (4,), keras=OWN),
    Case(layers.Residual([layers.Dense(3), layers.Tanh()]), (3,), keras=OWN),
    Case(layers.Residual(layers.Dense(3), layers.Dense(3), "relu"), (4,), keras=OWN),
    Case(layers.SpectralNormalization(layers.Dense(3, "tanh")), (4,), keras=ELSEWHERE),
    Case(
        layers.SpectralNormalization(layers.Conv2D(2, 2, kernel_regularizer="l2"), 3),
        (3, 4, 2),
        keras=ELSEWHERE,
    ),
    Case(layers.SpectralNormalization(layers.Embedding(5, 2)), (4,), ids=5, keras=ELSEWHERE),
    Case(layers.TimeDistributed(layers.Dense(2, "tanh")), (4, 3), masked=True),
    Case(
        layers.TimeDistributed(layers.BatchNormalization()),
        (3, 2),
        masked=True,
        keras="its BatchNormalization sees one step at a time",
    ),
    Case(layers.TimeDistributed(layers.Conv2D(2, 2)), (3, 4, 3, 1)),
    Case(nnkit.Sequential([layers.BatchNormalization(), layers.Dense(3), layers.Tanh()]), (4,)),
]

# Names that an ``activation=`` argument takes.
ACTIVATIONS = [
    *("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus"),
    *("softsign", "sigmoid", "hard_sigmoid", "tanh", "exponential", "softmax", "log_softmax"),
]
# Those without a layer of their own are functions of nnkit.ops, whose tests they have; one of them
# stands for all here.
ACTIVATIONS += ["hard_silu"]

ONE_HOT = np.eye(4)[[0, 3, 1]]
ADVANTAGES = ONE_HOT * np.array([[-1.5], [2.5], [0.3]])  # Policy gradients train with such.
SHARES = np.random.default_rng(1).dirichlet(np.ones(4), 3)
LOSSES = [
    LossCase(losses.CategoricalCrossentropy(), ONE_HOT, "probabilities"),
    LossCase(losses.CategoricalCrossentropy(label_smoothing=0.2), SHARES, "probabilities"),
    LossCase(losses.CategoricalCrossentropy(from_logits=True), ONE_HOT),
    LossCase(losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2), SHARES),
    LossCase(losses.CategoricalCrossentropy(label_smoothing=0.1), ADVANTAGES, "probabilities"),
    LossCase(losses.CategoricalCrossentropy(from_logits=True), ADVANTAGES),
    LossCase(losses.SparseCategoricalCrossentropy(), np.array([2, 0, 3]), "probabilities"),
    LossCase(losses.SparseCategoricalCrossentropy(from_logits=True), np.array([2, 0, 3])),
    LossCase(losses.BinaryCrossentropy(), ONE_HOT, "probabilities"),
    LossCase(losses.BinaryCrossentropy(label_smoothing=0.1), SHARES, "probabilities"),
    LossCase(losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), ONE_HOT),
    LossCase(losses.MeanSquaredError(), SHARES),
    LossCase(losses.MeanAbsoluteError(), SHARES),
    LossCase(
        losses.SparseCategoricalCrossentropy(ignore_class=-1), np.array([2, -1, 3]), "probabilities"
    ),
    LossCase(losses.SparseCategoricalCrossentropy(True, ignore_class=7), np.array([7, 0, 7])),
    LossCase(losses.Huber(), SHARES),
    LossCase(losses.LogCosh(), SHARES),
    LossCase(losses.MeanAbsolutePercentageError(), SHARES),
    LossCase(losses.MeanSquaredLogarithmicError(), SHARES),
    LossCase(losses.KLDivergence(), SHARES, "probabilities"),
    LossCase(losses.Poisson(), SHARES, "probabilities"),
    LossCase(losses.CosineSimilarity(), SHARES),
    LossCase(losses.Hinge(), ONE_HOT),
    LossCase(losses.SquaredHinge(), 2 * ONE_HOT - 1),
    LossCase(losses.CategoricalHinge(), ONE_HOT),
    LossCase(losses.BinaryFocalCrossentropy(True, 0.3, 1.5), ONE_HOT, "probabilities"),
    LossCase(losses.BinaryFocalCrossentropy(from_logits=True, label_smoothing=0.1), ONE_HOT),
    LossCase(losses.CategoricalFocalCrossentropy(0.3, 1.5), ONE_HOT, "probabilities"),
    LossCase(losses.CategoricalFocalCrossentropy(from_logits=True, label_smoothing=0.1), ONE_HOT),
    LossCase(losses.Dice(), ONE_HOT, "probabilities"),
    LossCase(losses.Tversky(0.3, 0.8, axis=-1), ONE_HOT, "probabilities"),
    LossCase(losses.FunctionLoss(cosh), SHARES, keras=OWN),
]

HOT = ("one-hot", "probabilities")
SCORES = ("scores", "scores")
METRICS = [
    MetricCase(metrics.Accuracy(), "classes", "classes"),
    MetricCase(metrics.BinaryAccuracy(threshold=0.4), *SCORES),
    MetricCase(metrics.CategoricalAccuracy(), *HOT),
    MetricCase(metrics.SparseCategoricalAccuracy(), "labels", "probabilities"),
    MetricCase(metrics.TopKCategoricalAccuracy(2), *HOT),
    MetricCase(metrics.SparseTopKCategoricalAccuracy(2), "labels", "scores"),
    MetricCase(metrics.SparseTopKCategoricalAccuracy(2, from_sorted_ids=True), "labels", "classes"),
    MetricCase(metrics.BinaryCrossentropy(label_smoothing=0.1), *SCORES),
    MetricCase(metrics.BinaryCrossentropy(from_logits=True), "scores", "numbers"),
    MetricCase(metrics.CategoricalCrossentropy(label_smoothing=0.1), *HOT),
    MetricCase(metrics.SparseCategoricalCrossentropy(), "labels", "probabilities"),
    MetricCase(metrics.SparseCategoricalCrossentropy(from_logits=True), "labels", "numbers"),
    MetricCase(metrics.MeanSquaredError()),
    MetricCase(metrics.RootMeanSquaredError()),
    MetricCase(metrics.MeanAbsoluteError()),
    MetricCase(metrics.MeanAbsolutePercentageError()),
    MetricCase(metrics.MeanSquaredLogarithmicError(), "scores", "scores"),
    MetricCase(metrics.LogCoshError()),
    MetricCase(metrics.CosineSimilarity()),
    MetricCase(metrics.PearsonCorrelation()),
    MetricCase(metrics.ConcordanceCorrelation()),
    MetricCase(metrics.KLDivergence(), *HOT),
    MetricCase(metrics.Poisson(), *HOT),
    MetricCase(metrics.Hinge(), "scores", "numbers"),
    MetricCase(metrics.SquaredHinge(), "scores", "numbers"),
    MetricCase(metrics.CategoricalHinge(), "one-hot", "numbers"),
    MetricCase(metrics.FunctionMetric(cosh), keras=OWN),
    MetricCase(metrics.MeanMetricWrapper(losses.huber, "huber", delta=0.5), keras=OWN),
    MetricCase(metrics.TruePositives(), *SCORES),
    MetricCase(metrics.FalsePositives(0.3), *SCORES),
    MetricCase(metrics.TrueNegatives([0.7, 0.2]), *SCORES),
    MetricCase(metrics.FalseNegatives([0.0, 0.5, 1.0]), *SCORES),
    MetricCase(metrics.Precision(), *SCORES),
    MetricCase(metrics.Precision(top_k=2), *HOT),
    MetricCase(metrics.Precision([0.2, 0.9, 0.4], class_id=3), *SCORES),
    MetricCase(metrics.Recall(0.3, top_k=3, class_id=1), *HOT),
    MetricCase(metrics.Recall([0.25, 0.5, 0.75]), *SCORES),
    MetricCase(metrics.PrecisionAtRecall(0.6), *SCORES),
    MetricCase(metrics.RecallAtPrecision(0.55, num_thresholds=11), *SCORES),
    MetricCase(metrics.SensitivityAtSpecificity(0.4, class_id=2), *SCORES),
    MetricCase(metrics.SpecificityAtSensitivity(0.5, num_thresholds=1), *SCORES),
    MetricCase(metrics.AUC(), *SCORES),
    MetricCase(metrics.AUC(from_logits=True), "scores", "numbers"),
    MetricCase(metrics.AUC(7, "PR"), *SCORES),
    MetricCase(metrics.AUC(11, "PR", "minoring", label_weights=[1.0, 0.5, 2.0, 0.0]), *SCORES),
    MetricCase(metrics.AUC(30, "PRGAIN", "majoring"), *SCORES),
    MetricCase(metrics.AUC(thresholds=[0.8, 0.35, 0.3]), *SCORES),
    MetricCase(metrics.AUC(multi_label=True, label_weights=[1.0, 0.5, 2.0, 0.0]), *SCORES),
    MetricCase(metrics.AUC(8, "PR", multi_label=True, num_labels=4), *SCORES),
    MetricCase(metrics.F1Score(), *HOT),
    MetricCase(metrics.F1Score("macro", 0.5), *SCORES),
    MetricCase(metrics.FBetaScore("micro", 2.0), *HOT),
    MetricCase(metrics.FBetaScore("weighted", 0.5, 0.3), *SCORES),
    MetricCase(metrics.R2Score()),
    MetricCase(metrics.R2Score("variance_weighted_average", 3)),
    MetricCase(metrics.R2Score(None)),
    MetricCase(metrics.IoU(4, [0, 2], ignore_class=1), "classes", "classes"),
    MetricCase(metrics.IoU(4, [1, 3], sparse_y_pred=False), "labels", "probabilities"),
    MetricCase(metrics.BinaryIoU([1], 0.4), *SCORES),
    MetricCase(metrics.MeanIoU(4), "classes", "classes"),
    MetricCase(metrics.OneHotIoU(4, [0, 3]), *HOT),
    MetricCase(metrics.OneHotMeanIoU(4), *HOT),
]

OPTIMIZERS = [
    optimizers.SGD(0.1),
    optimizers.SGD(0.1, momentum=0.9),
    optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipvalue=0.01),
    optimizers.Adam(0.01, weight_decay=0.01, global_clipnorm=0.1),
    optimizers.Adam(0.01, amsgrad=True),
    optimizers.RMSprop(0.01, clipnorm=0.1),
    optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    optimizers.Adadelta(1.0),
    optimizers.Adafactor(0.1),
    optimizers.Lamb(0.01, use_ema=True, ema_overwrite_frequency=1),
    optimizers.Muon(0.01, adam_lr_ratio=0.5, exclude_layers=["dense_1"]),
    optimizers.Adagrad(0.1, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=2),
    optimizers.AdamW(schedules.CosineDecay(0.0, 20, warmup_target=0.02, warmup_steps=3)),
    optimizers.Adamax(0.01, gradient_accumulation_steps=2, clipnorm=0.1),
    optimizers.Ftrl(0.1, l1_regularization_strength=0.01, beta=0.1),
    optimizers.Lion(0.01, weight_decay=0.1),
    optimizers.Nadam(schedules.InverseTimeDecay(0.01, 1, 0.1)),
]

INITIALIZERS = [
    initializers.Constant(0.3),
    initializers.Constant([[0.5]]),
    initializers.FunctionInitializer(halves),
    initializers.GlorotNormal(),
    initializers.GlorotUniform(),
    initializers.HeNormal(),
    initializers.HeUniform(),
    initializers.Identity(gain=0.5),
    initializers.LecunNormal(),
    initializers.LecunUniform(),
    initializers.Ones(),
    initializers.Orthogonal(gain=2.0),
    initializers.RandomNormal(0.1, 0.2),
    initializers.RandomUniform(-0.1, 0.3),
    initializers.TruncatedNormal(0.1, 0.2),
    initializers.VarianceScaling(2.0, "fan_avg", "untruncated_normal"),
    initializers.Zeros(),
]

REGULARIZERS = [
    regularizers.FunctionRegularizer(ridge),
    regularizers.L1(0.02),
    regularizers.L2(0.03),
    regularizers.L1L2(0.02, 0.03),
    regularizers.OrthogonalRegularizer(0.02),
    regularizers.OrthogonalRegularizer(0.02, mode="columns"),
]

CONSTRAINTS = [
    constraints.FunctionConstraint(clipped),
    constraints.MaxNorm(0.7),
    constraints.MinMaxNorm(0.2, 0.5, rate=0.8),
    constraints.NonNeg(),
    constraints.UnitNorm(),
]
