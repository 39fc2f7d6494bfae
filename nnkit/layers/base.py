"""What every layer is."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nnkit import checks, config, initializers
from nnkit.engine import budget
from nnkit.engine.device import empty
from nnkit.engine.variable import Variable
from nnkit.registry import Configurable, parameters, snake_case

if TYPE_CHECKING:
    from nnkit.symbolic.layers import LayerExpression

__all__ = ["Layer"]

Shape = tuple[int | None, ...]


class Layer(Configurable):
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

    Attributes
    ----------
    activation : Layer or None
        Applied after ``forward``, by whoever calls the layer. ``forward`` itself does not apply it.
    propagate : bool
        Whether ``backward`` must return the gradient of its input; False for the first layer with
        weights, which may then return None.

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

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls)
        if "call" in own and "forward" not in own and "recordable" not in own:
            cls.recordable = True

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: str | None = None,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        if dtype not in (None, "float32", "float64"):
            raise ValueError(f"dtype is 'float32' or 'float64', not {dtype!r}")
        self.name = snake_case(type(self).__name__) if name is None else check_name(name)
        self.named = name is not None
        self.trainable = checks.flag(self.name, "trainable", trainable)
        self.dtype = dtype or config.floatx()
        self.given_input_shape = (
            None if input_shape is None else checks.shape(self.name, "input_shape", input_shape)
        )
        self.activation: Layer | None = None
        self.variables: list[Variable] = []
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
            twin = copy.deepcopy(self)
            twin.ensure_built(input_shape)
            return twin.compute_output_shape(input_shape)
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

    def _expression(self, training: bool, shape: Shape) -> LayerExpression:
        """What ``call`` says for inputs of a shape."""
        from nnkit.symbolic.layers import LayerExpression  # Nobody else needs symbolic programs.

        kind = (training, *(size == 1 for size in shape[1:]))  # An axis of size 1 broadcasts.
        if kind not in self._expressions:
            self._expressions[kind] = LayerExpression(self, training, shape)
        return self._expressions[kind]

    # ---------------------------------------------------------------- what a layer is offered

    def add_weight(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Any = "glorot_uniform",
        trainable: bool = True,
    ) -> Variable:
        """Make a weight.

        Parameters
        ----------
        name : str
            For example ``"kernel"``.
        shape : tuple of int
        initializer : str or Initializer
        trainable : bool
            False for what no optimizer changes (running statistics).

        Returns
        -------
        Variable
            Its ``value`` and ``gradient`` are arrays of that shape.
        """
        shape = checks.shape(self.name, f"the shape of {name!r}", shape)
        budget.spend(shape, self.dtype, f"{self.name}/{name}")
        value = initializers.get(initializer)(shape, self.dtype)
        variable = Variable(value, name, trainable)
        variable.path = f"{self.name}/{name}"
        self.variables.append(variable)
        return variable

    def empty(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        """Memory for a result of this step, of the layer's data type; undefined until written."""
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
        self.variables, self.input_shape, self._expressions = [], None, {}
        if self.activation is not None:
            self.activation.forget()

    def parts(self) -> tuple[Layer, ...]:
        """What runs, in order: the layer, then its activation."""
        return (self,) if self.activation is None else (self, *self.activation.parts())

    def __call__(self, x: Any, training: bool = False) -> np.ndarray:
        """The layer's output, its activation applied.

        Parameters
        ----------
        x : array
            (batch, ...).
        training : bool
            Whether layers such as Dropout do what they do in training.

        Returns
        -------
        numpy.ndarray
        """
        y = np.ascontiguousarray(x, self.dtype)
        self.ensure_built((None, *y.shape[1:]))
        for part in self.parts():
            y = part.forward(y, training)
        return y

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that an optimizer updates."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that it does not."""
        return [v for v in self.variables if not (v.trainable and self.trainable)]

    @property
    def weights(self) -> list[Variable]:
        """All weights in Keras's order, those made trainable before the others."""
        return sorted(self.variables, key=lambda v: not v.trainable)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Replace all weights; every wrong shape is reported at once, and then none is set."""
        set_weights(f"layer {self.name!r}", self.weights, weights)

    def count_params(self) -> int:
        """Number of weights, counted one by one."""
        return sum(v.size for v in self.variables)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data, and those of every layer."""
        common = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        return super().get_config() | common

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
        layer.trainable = common.get("trainable", True)
        layer.dtype = common.get("dtype") or layer.dtype
        if "name" in common:
            layer.name, layer.named = check_name(common["name"]), True
        return layer

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    def __getstate__(self) -> dict[str, Any]:
        """Without the arrays of the last step, and what follows from ``call``."""
        kept = {k: v for k, v in self.__dict__.items() if not isinstance(v, np.ndarray)}
        kept.pop("_used", None)
        return kept | {"_expressions": {}}


def check_name(name: Any) -> str:
    """A name that may stand in a file."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,255}", name):
        raise ValueError(
            f"a layer's name is made of letters, digits, '_', '.' and '-', got {name!r}"
        )
    return name


def set_weights(owner: str, variables: list[Variable], weights: list[Any]) -> None:
    """Assign arrays to weights, or explain every mismatch and assign none."""
    if not isinstance(weights, (list, tuple)):
        raise TypeError(f"{owner}: weights are given as a list of arrays, got {weights!r}")
    weights = [np.asarray(w) for w in weights]
    if len(weights) != len(variables):
        raise ValueError(f"{owner} has {len(variables)} weights, got {len(weights)} arrays")
    wrong = [
        f"{v.path}: expected {v.shape}, got {w.shape}"
        for v, w in zip(variables, weights, strict=True)
        if v.shape != w.shape
    ]
    if wrong:
        raise ValueError(f"{owner}: weights of the wrong shape, none was set: {'; '.join(wrong)}")
    for variable, weight in zip(variables, weights, strict=True):
        if weight.dtype.kind not in "fiub":
            raise TypeError(f"{owner}: {variable.path} must be numbers, got {weight.dtype}")
    for variable, weight in zip(variables, weights, strict=True):
        variable.assign(weight)
