"""What every layer is."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nnkit import budget, checks, config, regularizers
from nnkit.arguments import parameters
from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import empty
from nnkit.errors import warn
from nnkit.layers.chain import Chain
from nnkit.layers.weights import WeightOwner, check_name
from nnkit.registry import lookup, snake_case, to_plain

if TYPE_CHECKING:
    from nnkit.layers.expression import LayerExpression

__all__ = ["Layer"]

Shape = tuple[int | None, ...]


class Layer(WeightOwner):
    """One step of a network: ``forward`` computes it, ``backward`` its gradient.

    A layer of your own defines ``forward`` and ``backward``; if it has weights, also ``build``; if
    it changes shapes, also ``compute_output_shape``. With plain NumPy it works at once: a training
    step stops for it between two recorded stretches. A layer that only calls kernels (``launch``,
    or ``@nnkit.kernel`` functions) says ``recordable = True`` and is replayed natively.

    Or it defines only ``call(self, x)`` or ``call(self, x, training)``, which returns an expression
    made with :mod:`nnkit.ops`. ``forward``, ``backward`` and ``compute_output_shape`` follow from
    it. It is called once to learn the expression, so what it sets on ``self`` is forgotten.

    Parameters
    ----------
    name : str, optional
        Letters, digits, ``_``, ``.`` and ``-``. By default the class's name in snake_case, made
        unique in a model.
    trainable : bool
        False freezes the layer's weights, from the next ``fit`` on.
    dtype : str, optional
        ``"float32"`` or ``"float64"``; by default :func:`nnkit.config.floatx`.
    input_shape : tuple of int, optional
        Shape of one sample: a model that starts with this layer is then built at once.
    activity_regularizer : str or Regularizer, optional
        A penalty on the output, divided by the batch's size.

    Attributes
    ----------
    activation : Layer or None
        Applied after ``forward``, by whoever calls the layer. ``forward`` itself does not apply it.
    layers : sequence of Layer
        Those that it is made of. Their weights are its own, and so is their freezing.
    propagate : bool
        Whether ``backward`` must return the gradient of its input; False for the first layer with
        weights, which may then return None.
    states : list of numpy.ndarray
        What it remembers from one step to the next besides its weights.
    supports_masking : bool
        Class attribute: whether a mask of the input (bool, (batch, steps)) is one of the output.
    uses_mask : bool
        Class attribute: whether ``forward`` has a parameter ``mask``.
    decides_mask : bool
        Class attribute: whether it has a ``compute_mask`` of its own; found out by nnkit.
    makes_mask : bool
        Whether timesteps of its output may be masked though all of its input's count.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> class Scale(nnkit.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight("factor", input_shape[1:], "ones")
    ...     def forward(self, x, training=False):
    ...         self.x = x
    ...         return x * self.factor.value
    ...     def backward(self, dy):
    ...         self.factor.gradient[...] = (dy * self.x).sum(axis=0)
    ...         return dy * self.factor.value
    >>> Scale()(np.ones((1, 2), np.float32))
    array([[1., 1.]], dtype=float32)

    The same as an expression:

    >>> class Scale(nnkit.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight("factor", input_shape[1:], "ones")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> Scale()(np.ones((1, 2), np.float32))
    array([[1., 1.]], dtype=float32)
    """

    kind: ClassVar[str] = "layer"
    needs = ("variables",)
    recordable: ClassVar[bool] = False
    supports_masking: ClassVar[bool] = False
    uses_mask: ClassVar[bool] = False
    decides_mask: ClassVar[bool] = False
    makes_mask: bool = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls)
        cls.decides_mask = cls.decides_mask or "compute_mask" in own
        if "call" in own and "forward" not in own and "recordable" not in own:
            cls.recordable = True

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: str | None = None,
        input_shape: tuple[int, ...] | None = None,
        activity_regularizer: Any = None,
    ) -> None:
        if dtype not in (None, "float32", "float64"):
            raise ValueError(f"dtype is 'float32' or 'float64', not {dtype!r}")
        super().__init__(snake_case(type(self).__name__) if name is None else check_name(name))
        self.named = name is not None
        self.layers: Sequence[Layer] = ()
        self.trainable = checks.flag(self.name, "trainable", trainable)
        self.dtype = dtype or config.floatx()
        self.given_input_shape = (
            None if input_shape is None else checks.shape(self.name, "input_shape", input_shape)
        )
        self.activation: Layer | None = None
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._penalty: Any = None
        self.states: list[np.ndarray] = []
        self.input_shape: Shape | None = None
        self.propagate = True
        self._expressions: dict[tuple[bool, ...], LayerExpression] = {}

    # ------------------------------------------------------------------ what a layer defines

    def build(self, input_shape: Shape) -> None:
        """Make the weights, knowing the input's shape (the batch axis first, None)."""

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Shape of the output for an input of this shape.

        Unless overridden the same, or what follows from ``call``.
        """
        if not hasattr(self, "call"):
            return input_shape
        if self.input_shape is None:  # There are no weights yet.
            built = copy.deepcopy(self)
            built.ensure_built(input_shape)
            return built.compute_output_shape(input_shape)
        return self._expression(False, input_shape).output_shape(self, input_shape)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The output for a batch; keeps what ``backward`` needs on ``self``."""
        if not hasattr(self, "call"):
            raise TypeError(
                f"{type(self).__name__} must define forward(self, x, training=False), or "
                "call(self, x) with nnkit.ops"
            )
        self._x, self._used = x, self._expression(bool(training), x.shape)
        return self._used.forward(self, x, training)

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """The gradient of the input, given that of the output; overwrites the weights' own."""
        if not hasattr(self, "call"):
            raise TypeError(f"{type(self).__name__} must define backward(self, dy)")
        return self._used.backward(self, self._x, dy)

    def check_values(self, x: Any, name: str) -> None:
        """Refuse data that the layer can't take, as a model's input: once, before any work."""

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None) -> np.ndarray | None:
        """The mask of the output, given the input and its mask."""
        if mask is None or self.supports_masking:
            return mask
        warn(
            f"layer {self.name!r} ({type(self).__name__}) takes no notice of the mask of its input "
            "and hands none on: from here on, masked steps count like the others"
        )
        return None

    def _expression(self, training: bool, shape: Shape) -> LayerExpression:
        """What ``call`` says for inputs of a shape."""
        from nnkit.layers.expression import LayerExpression  # Nobody else needs symbolic programs.

        kind = (training, *(size == 1 for size in shape[1:]))  # An axis of size 1 broadcasts.
        if kind not in self._expressions:
            self._expressions[kind] = LayerExpression(self, training, shape)
        return self._expressions[kind]

    # ---------------------------------------------------------------- what a layer is offered

    def empty(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        """Memory for a result of this step, of the layer's data type; undefined until written."""
        budget.check_possible(shape, dtype or self.dtype, f"a result of {self.name!r}")
        return empty(shape, dtype or self.dtype)

    # ----------------------------------------------------------------- what others ask of it

    def ensure_built(self, input_shape: Shape) -> None:
        """Build once; later inputs must fit the first."""
        if self.input_shape is None:
            self.build(input_shape)
            self.input_shape = input_shape
            if self.activation is not None:
                self._build_activation(self.activation, self.compute_output_shape(input_shape))
        elif self.variables and self.input_shape[1:] != input_shape[1:]:
            raise ValueError(
                f"layer {self.name!r} was built for inputs of shape {self.input_shape[1:]} "
                f"(without the batch axis), got {input_shape[1:]}"
            )

    def _build_activation(self, activation: Layer, shape: Shape) -> None:
        activation.ensure_built(shape)
        if activation.weights or activation.compute_output_shape(shape) != shape:
            raise ValueError(
                f"layer {self.name!r}: an activation has no weights and keeps the shape, unlike "
                f"{activation.name!r}; let it follow as a layer of its own"
            )

    def forget(self) -> None:
        """Be as before ``build``."""
        self._own_variables, self.input_shape, self._expressions = [], None, {}
        vars(self).pop("chains", None)
        for layer in self.layers:
            layer.forget()
        if self.activation is not None:
            self.activation.forget()

    def parts(self) -> tuple[Layer, ...]:
        """What runs, in order: the layer, its activation, the penalty on what comes out."""
        parts: tuple[Layer, ...] = (self,)
        if self.activation is not None:
            parts += self.activation.parts()
        if self.activity_regularizer is not None:
            if self._penalty is None:
                make: Any = lookup("layer", "ActivityRegularization")
                self._penalty = make(name=f"{self.name}_activity", dtype=self.dtype)
                self._penalty.regularizer = self.activity_regularizer
            parts += (self._penalty,)
        return parts

    def inside(self) -> Iterator[Layer]:
        """The layer, without its activation, and all that is in it, however deep."""
        yield self
        for layer in self.layers:
            yield from layer.walk()

    def walk(self) -> Iterator[Layer]:
        """All that runs: the layer, what is in it, and its activation."""
        for part in self.parts():
            yield from part.inside()

    def another_use(self) -> Layer:
        """The same layer, with the same weights, for one more place of the same step.

        A layer keeps on itself what ``backward`` needs, so each use needs an object.
        """
        use = object.__new__(type(self))
        use.__dict__.update(self.__dict__)
        use.layers = [layer.another_use() for layer in self.layers]
        use._penalty = None
        vars(use).pop("chains", None)
        return use

    def __call__(self, x: Any, training: bool = False, mask: Any = None) -> np.ndarray:
        """The layer's output, its activation applied.

        Parameters
        ----------
        x : array
            (batch, ...).
        training : bool
            Whether layers such as Dropout do what they do in training.
        mask : array, optional
            bool (batch, steps): which steps of the input count.

        Returns
        -------
        numpy.ndarray
        """
        x = self.as_input(x)
        self.check_values(x, "x")
        x = np.ascontiguousarray(x, self.input_dtype)
        self.ensure_built((None, *x.shape[1:]))
        mask = None if mask is None else checks.mask(self.name, mask, x.shape)
        # In training, and where layers remember a batch, something is changed.
        changes = bool(training) or any(layer.states for layer in self.walk())
        with self.turns.alone(writes=changes), self.turns.python():
            return Chain(self.parts()).forward(x, training, mask)

    def as_input(self, x: Any) -> np.ndarray:
        """What is given as x, as an array of numbers."""
        array = to_numpy(x, "x")
        if array.ndim == 0:
            raise ValueError(f"x is the single number {array}; it needs a batch axis")
        return array

    @property
    def input_dtype(self) -> str:
        """What a model's data is cast to if this layer is its first."""
        return self.dtype

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data, and those of every layer."""
        config = super().get_config()
        for plan in self._plans:
            for option in ("initializer", "regularizer", "constraint"):
                name = f"{plan}_{option}"
                if name in config:
                    config[name] = to_plain(getattr(self, name))
        if "activation" in config:
            from nnkit import activations  # They are layers.

            config["activation"] = activations.serialize(self.activation)
        if "activity_regularizer" in config:
            config["activity_regularizer"] = to_plain(self.activity_regularizer)
        return config | {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make a layer from what :meth:`get_config` returned."""
        config = dict(config)
        common = {
            name: config.pop(name) for name in ("name", "trainable", "dtype") if name in config
        }
        known = parameters(cls)
        layer = cls(**config, **{k: v for k, v in common.items() if k in known})
        # An __init__ of your own need not know of them.
        if not common.get("trainable", True):
            layer.trainable = False
        layer.dtype = common.get("dtype") or layer.dtype
        if "name" in common:
            layer.name, layer.named = check_name(common["name"]), True
        return layer

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    def __getstate__(self) -> dict[str, Any]:
        """Without the arrays of the last step, and what follows from ``call``."""
        kept = {k: v for k, v in self.__dict__.items() if not isinstance(v, np.ndarray)}
        for name in ("_used", "chains"):
            kept.pop(name, None)
        return kept | {"_expressions": {}}
