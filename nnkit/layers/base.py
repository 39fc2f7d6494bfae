"""What every layer is."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import cache, partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nnkit import budget, checks, config, regularizers
from nnkit.arguments import parameters, refuse_unknown, takes
from nnkit.conversion import is_array, to_numpy
from nnkit.engine.dispatch import empty
from nnkit.engine.variable import Exchangeable, Storage
from nnkit.errors import warn
from nnkit.layers.graph import Graph, Value
from nnkit.layers.input_spec import check_inputs
from nnkit.layers.nodes import Node, Placeholder, holds_placeholders, map_shapes, topological
from nnkit.layers.tracing import check_owned, current_trace, owned_layers, settings, traced, tracing
from nnkit.layers.weights import WeightOwner, check_name, name_among, set_weights
from nnkit.nested import leaves, mapped, packed
from nnkit.registry import lookup, snake_case, to_plain
from nnkit.spellings import say
from nnkit.utils.random import next_seed

if TYPE_CHECKING:
    from nnkit.engine.variable import Variable

__all__ = ["Layer"]

Shape = tuple[int | None, ...]

GRAPHS = "graph", "graphs", "_call_graphs"  # Attributes that are made again when needed.
_SHAPES = "input_dim", "input_length", "batch_input_shape", "batch_shape"  # Before Input.
_MOST_CALL_GRAPHS = 16  # Of one layer; what was made first is dropped.


class Layer(WeightOwner):
    """One step of a network: ``forward`` computes it, ``backward`` its gradient.

    A layer of your own defines ``forward`` and ``backward``; if it has weights, also ``build``; if
    it changes shapes, also ``compute_output_shape``. With plain NumPy it works at once: a training
    step stops for it between two recorded stretches. A layer that only calls kernels (``launch``,
    or ``@nnkit.kernel`` functions) says ``recordable = True`` and is replayed natively.

    Or it defines only ``call(self, x)`` or ``call(self, x, training)``, which computes with
    operators, :mod:`nnkit.ops`, and other layers that the layer has in its attributes, or in lists
    or dictionaries there. ``forward``, ``backward`` and ``compute_output_shape`` follow from it. It
    is run on placeholders, once for every set of sizes, so what it sets on ``self`` is forgotten.

    Parameters
    ----------
    name : str, optional
        Letters, digits, ``_``, ``.`` and ``-``. By default the class's name in snake_case, made
        unique in a model.
    trainable : bool
        False freezes the layer's weights, in models that are compiled afterwards.
    dtype : str, optional
        ``"float32"`` or ``"float64"``; by default :func:`nnkit.config.floatx`.
    input_shape : tuple of int, optional
        Shape of one sample: a model that starts with this layer is then built at once.
    activity_regularizer : str or Regularizer, optional
        A penalty on the output, divided by the batch's size.
    batch_size : int, optional
        With ``input_shape``: the size of all batches of a model that starts with this layer.
    weights : list of array, optional
        The first values of all weights, in the order of ``weights``.

    Attributes
    ----------
    activation : Layer or None
        Applied after ``forward``, by whoever calls the layer. ``forward`` itself does not apply it.
        What is assigned is resolved as the argument is: ``"relu"``, a function, a layer. A layer of
        your own with ``call`` applies it there, and nobody else does.
    layers : sequence of Layer
        Those that it is made of. Their weights are its own, and so is their freezing.
    input_spec : InputSpec, list of InputSpec or None
        What the input must be; checked whenever the layer is connected or called.
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
    named_inputs : tuple of str
        Class attribute: further arrays that a call may give by name, such as ``initial_state``;
        ``forward`` gets them as keywords. ``backward`` then returns one flat list of gradients:
        of the input or inputs, then of those that were given.
    of_sequences : bool
        Class attribute: whether a sample has the axes steps and features, so that ``input_dim=3``
        is the shape (None, 3).
    augments : bool
        Whether a call on arrays that is not told is one in training, as of layers that transform
        images at random, and of models of such layers.
    call_options : tuple of str
        Class attribute: keywords of a call that hold no arrays, for ``forward`` and
        ``compute_output_shape``.

    Notes
    -----
    A layer that is called with a list of arrays gets the list in ``forward``, and lists of shapes
    in ``build`` and ``compute_output_shape``; ``backward`` returns a list of gradients. One that
    gives several arrays returns lists from ``forward`` and ``compute_output_shape``, and
    ``backward`` gets a list.

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

    The same by ``call``:

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
    named_inputs: ClassVar[tuple[str, ...]] = ()
    call_options: ClassVar[tuple[str, ...]] = ()
    of_sequences: ClassVar[bool] = False
    input_spec: Any = None
    augments: bool = False
    adds_loss: ClassVar[bool] = False
    only_adds_loss: ClassVar[bool] = False
    fuses: ClassVar[bool] = False
    trusted: ClassVar[bool] = False
    draws_always: ClassVar[bool] = False
    is_copy = False
    activity_regularizer: Any = Exchangeable()
    _has_own_call: ClassVar[bool] = False
    _activates_in_call: ClassVar[bool] = False
    makes_mask: bool = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls)
        cls.decides_mask = cls.decides_mask or "compute_mask" in own
        if "call" in own and "forward" not in own and "recordable" not in own:
            cls.recordable = True
        cls._has_own_call = hasattr(cls, "call") and cls.forward is Layer.forward
        if "call" in own:
            of_nnkit = cls.__module__.split(".")[0] == "nnkit"
            cls._activates_in_call = cls._has_own_call and not of_nnkit
        if "build" in own:
            cls.build = _noted(own["build"])  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: str | None = None,
        input_shape: tuple[int, ...] | None = None,
        activity_regularizer: Any = None,
        batch_size: int | None = None,
        weights: Any = None,
    ) -> None:
        if dtype not in (None, "float32", "float64"):
            raise ValueError(f"dtype is 'float32' or 'float64', not {dtype!r}")
        super().__init__(snake_case(type(self).__name__) if name is None else check_name(name))
        self.named = name is not None
        self._layers: Sequence[Layer] = ()
        self._nodes: list[Node] = []
        self.trainable = checks.flag(self.name, "trainable", trainable)
        self.dtype = dtype or config.floatx()
        self.given_input_shape = (
            None
            if input_shape is None
            else checks.partial_shape(self.name, "input_shape", input_shape)
        )
        self.given_batch_size = (
            None if batch_size is None else checks.integer(self.name, "batch_size", batch_size)
        )
        self._given_weights = None if weights is None else list(weights)
        self._activation: Any = None
        self._draw_key: int | None = None
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._penalty: Any = None
        self.states: list[np.ndarray] = []
        self.input_shape: Shape | None = None
        self._weights_for: Any = None
        self.propagate = True

    @classmethod
    def computed_arguments(
        cls, arguments: tuple[Any, ...], named: dict[str, Any], known: Collection[str]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The shape of the input from ``input_dim``, ``input_length`` or ``batch_input_shape``."""
        old = {n: named[n] for n in _SHAPES if n in named and n not in known}
        if not old or "input_shape" not in known:
            return arguments, named
        for name in old:
            say(f"{cls.__name__}({name}=)", "Input(shape), the first layer of a model")
        named = {name: value for name, value in named.items() if name not in old}
        whole = old.pop("batch_input_shape", None) or old.pop("batch_shape", None)
        if whole is not None:
            size, *shape = checks.partial_shape(cls.__name__, "batch_input_shape", whole)
            return arguments, {"batch_size": size, "input_shape": tuple(shape)} | named
        dim, length = old.get("input_dim"), old.get("input_length")
        if named.get("input_shape") is None and not (dim is None and length is None):
            long = cls.of_sequences or length is not None
            named["input_shape"] = (length, dim) if long and dim is not None else (dim or length,)
        return arguments, named

    @property
    def activation(self) -> Any:
        """What is applied after ``forward``."""
        return self._activation

    @activation.setter
    def activation(self, value: Any) -> None:
        if not self._activates_in_call:
            value = self.activation_of(value)
            if value is not None and self.input_shape is not None:
                self._build_activation(value, self.compute_output_shape(self.input_shape))
        if value is not self._activation:
            self._activation = value
            self._drop_graphs()
            if self.input_shape is not None:
                Storage.moves += 1  # What is recorded is old.

    def activation_of(self, value: Any) -> Layer | None:
        """The layer for an ``activation=`` argument; None for no activation."""
        if value is None:
            return None
        from nnkit import activations  # They are layers.

        found = activations.get(value, self.dtype)
        return None if found is activations.linear else found

    def _activating(self) -> Layer | None:
        """The activation that whoever calls the layer applies."""
        activation: Layer | None = None if self._activates_in_call else self._activation
        return activation

    # ------------------------------------------------------------------ what a layer defines

    def build(self, input_shape: Any) -> None:
        """Make the weights, knowing the input's shape (the batch axis first, None)."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output for an input of this shape, or lists of shapes for several.

        Unless overridden the same, or what follows from ``call``.
        """
        if not hasattr(self, "call"):
            return input_shape
        if self.input_shape is None:  # There are no weights yet, and perhaps no layers inside.
            built = copy.deepcopy(self)
            built.ensure_built(input_shape)
            return built.compute_output_shape(input_shape)
        given = map_shapes(lambda shape: Placeholder(shape, self.dtype, "x"), input_shape)
        return self._traced_shapes({"x": given})

    def fixed_sizes(self, shape: Any) -> Any:
        """The sizes of an input's shape, or shapes, on which the weights depend.

        All but the batch's unless overridden.
        """
        return map_shapes(lambda one: tuple(one[1:]), shape)

    def forward(self, x: Any, training: bool = False) -> Any:
        """The output for a batch; keeps what ``backward`` needs on ``self``."""
        if not hasattr(self, "call"):
            raise TypeError(
                f"{type(self).__name__} must define forward(self, x, training=False), or "
                "call(self, x) with nnkit.ops"
            )
        graph, form = self._graph_for(self.added_to, {"x": x}, training)
        self._keep_for_backward(graph, x)
        return packed(form, graph.forward(leaves(x)))

    def backward(self, dy: Any) -> Any:
        """The gradient of the input, given that of the output; overwrites the weights' own."""
        if not hasattr(self, "call"):
            raise TypeError(f"{type(self).__name__} must define backward(self, dy)")
        if "graph" not in vars(self):
            raise RuntimeError(f"layer {self.name!r}: call forward(x) before backward(dy)")
        return packed(self._form, self.graph.backward(leaves(dy), self.propagate))

    def _keep_for_backward(self, graph: Graph, x: Any) -> None:
        self.graph, self._form = graph, mapped(lambda array: None, x)

    def _graph_for(
        self,
        add: Callable[..., Any],
        arguments: dict[str, Any],
        training: bool,
        masks: Sequence[np.ndarray | None] = (),
    ) -> tuple[Graph, Any]:
        """A graph of this layer for arrays like these, and the form of its outputs.

        It is made once, with ``add``: :meth:`unfold`, or :meth:`added_to`.
        """
        masked = tuple(mask is not None for mask in masks)
        form = repr(mapped(_kind, arguments))
        inside = tuple(self.walk())
        read = [settings(layer, _apart()) for layer in inside if layer.is_traced]
        key = add.__name__, form, masked, bool(training), inside, tuple(read)
        graphs = vars(self).setdefault("_call_graphs", {})
        if key not in graphs:
            graph = Graph(bool(training))

            def value_of(given: Any) -> Any:
                if not isinstance(given, np.ndarray):
                    return given
                return graph.input(given.shape, str(given.dtype))

            given = {name: mapped(value_of, value) for name, value in arguments.items()}
            for value, one in zip(graph.inputs, masked, strict=False):
                graph.may_be_masked(value, one)
            outputs = add(graph, given, bool(training))
            graph.finish(outputs)
            if len(graphs) >= _MOST_CALL_GRAPHS:
                graphs.pop(next(iter(graphs)))
            graphs[key] = graph, outputs
        made: tuple[Graph, Any] = graphs[key]
        return made

    def check_values(self, x: Any, name: str) -> None:
        """Refuse data that the layer can't take, as a model's input: once, before any work."""

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        """The mask of the output, given the input and its mask."""
        if mask is None or self.supports_masking:
            return mask
        warn(
            f"layer {self.name!r} ({type(self).__name__}) takes no notice of the mask of its input "
            "and hands none on: from here on, masked steps count like the others"
        )
        return None

    # ---------------------------------------------------------------- what a layer is offered

    def empty(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        """Memory for a result of this step, of the layer's data type; undefined until written."""
        budget.check_possible(shape, dtype or self.dtype, f"a result of {self.name!r}")
        return empty(shape, dtype or self.dtype)

    # ----------------------------------------------------------------- what others ask of it

    def ensure_built(self, input_shape: Any) -> None:
        """Build once; later inputs must fit the first."""
        if self.input_spec is not None:
            check_inputs(self.name, self.input_spec, input_shape)
        if self.input_shape is None:
            if self._weights_for is None:
                self.build(input_shape)
            else:  # The layer around it called build.
                self._check_fits(self._weights_for, input_shape)
            self.input_shape = input_shape
            if self._has_own_call and self.layers:
                self._build_inside(input_shape)
            activation = self._activating()
            if activation is not None:
                self._build_activation(activation, self.compute_output_shape(input_shape))
            if self._given_weights is not None:
                set_weights(f"layer {self.name!r}: weights=", self.weights, self._given_weights)
        else:
            self._check_fits(self.input_shape, input_shape)

    def _check_fits(self, built: Any, given: Any) -> None:
        if self.own_variables and self.fixed_sizes(built) != self.fixed_sizes(given):
            raise ValueError(
                f"layer {self.name!r} was built for inputs of shape {_samples(built)} "
                f"(without the batch axis), got {_samples(given)}"
            )

    def _build_inside(self, input_shape: Any) -> None:
        """Name the layers that ``call`` uses, and build them by running it."""
        layers = self.layers
        for i, layer in enumerate(layers):
            name_among(layers[:i], layer)
        needed = [
            name
            for name, p in inspect.signature(self.call).parameters.items()  # type: ignore[attr-defined]
            if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
        ]
        if len(needed) == 1:  # Otherwise the first call builds them.
            self.compute_output_shape(input_shape)

    def _build_activation(self, activation: Layer, shape: Shape) -> None:
        activation.ensure_built(shape)
        if activation.weights or activation.compute_output_shape(shape) != shape:
            raise ValueError(
                f"layer {self.name!r}: an activation has no weights and keeps the shape, unlike "
                f"{activation.name!r}; let it follow as a layer of its own"
            )

    def forget(self) -> None:
        """Be as before ``build``."""
        self._unbuild(None, [])
        for layer in self.layers:
            layer.forget()
        activation = self._activating()
        if activation is not None:
            activation.forget()

    def _unbuild(self, shape: Any, variables: list[Variable]) -> None:
        """Be unbuilt, with the weights, for inputs of a shape, that were there before."""
        self.own_variables = variables
        self.input_shape, self._weights_for = None, shape
        self._drop_graphs()

    def _drop_graphs(self) -> None:
        for name in GRAPHS:
            vars(self).pop(name, None)

    def parts(self) -> tuple[Layer, ...]:
        """What runs, in order: the layer, its activation, the penalty on what comes out."""
        parts: tuple[Layer, ...] = (self,)
        activation = self._activating()
        if activation is not None:
            parts += activation.parts()
        if self.activity_regularizer is not None:
            if self._penalty is None:
                make: Any = lookup("layer", "ActivityRegularization")
                self._penalty = make(name=f"{self.name}_activity", dtype=self.dtype)
                self._penalty.regularizer = self.activity_regularizer
            parts += (self._penalty,)
        return parts

    def penalties(self) -> Iterator[np.ndarray]:
        """What it adds to the loss, after ``forward``: float64 (1,) each."""
        for layer in self.inside():
            penalty = getattr(layer, "penalty", None)
            if penalty is not None:
                yield penalty

    def inside(self, around: tuple[Layer, ...] = ()) -> Iterator[Layer]:
        """The layer, without its activation, and all that is in it, however deep.

        Raises
        ------
        ValueError
            It is in itself; ``around`` are the layers around it, the outermost first.
        """
        if self in around:
            path = " -> ".join(layer.name for layer in (*around, self))
            raise ValueError(f"layer {self.name!r} is made of itself: {path}")
        yield self
        for layer in self.layers:
            yield from layer.walk((*around, self))

    def walk(self, around: tuple[Layer, ...] = ()) -> Iterator[Layer]:
        """All that runs: the layer, what is in it, and its activation."""
        for part in self.parts():
            yield from part.inside(around)

    def refuse_loops(self) -> None:
        """Raise ValueError if the layer is in itself."""
        for _ in self.walk():
            pass

    def another_use(self) -> Layer:
        """The same layer, with the same weights, for one more place of the same step.

        A layer keeps on itself what ``backward`` needs, so each use needs an object.
        """
        use = object.__new__(type(self))
        use.__dict__.update(self.__dict__)
        use._trainable = self.trainable
        use._layers = [layer.another_use() for layer in self.layers]
        use._penalty, use.is_copy = None, True
        use._drop_graphs()
        return use

    def draw_apart(self, use: int) -> None:
        """Draw other random numbers than the uses of the layer before this one in a step."""

    @property
    def drawn_as(self) -> Any:
        """What uses of a step have in common that must draw different numbers."""
        return self

    @property
    def draw_key(self) -> int:
        """The seed of random numbers that its ``call`` draws; a model's file keeps it."""
        if self._draw_key is None:
            self._draw_key = next_seed()
        return self._draw_key

    def get_state(self) -> dict[str, int]:
        """What it remembers besides weights, which a model's file keeps."""
        return {} if self._draw_key is None else {"key": self._draw_key}

    def set_state(self, state: dict[str, int]) -> None:
        """Restore what :meth:`get_state` returned."""
        if state:
            self._draw_key = checks.integer(type(self).__name__, "key", state["key"], 0, 2**63 - 1)
            self._drop_graphs()

    # --------------------------------------------------------------------------- what a call does

    def __call__(self, x: Any = None, *more: Any, **named: Any) -> Any:
        """The layer's output, its activation applied.

        Parameters
        ----------
        x : array or Placeholder, or a list of them
            (batch, ...).
        *more, **named
            ``training``: whether layers such as Dropout do what they do in training; by default
            what the network does around it, and for arrays ``augments``. ``mask``: bool
            (batch, steps), which steps of the input count; for a list of inputs a list. And what
            else ``call`` takes, or the layer: ``initial_state`` of recurrent layers.

        Returns
        -------
        numpy.ndarray or Placeholder, or a list of them
            Of placeholders, a placeholder: a node of a network.

        Raises
        ------
        TypeError, ValueError
            An argument is unknown; arrays and placeholders are mixed; or the layer doesn't take
            inputs of this shape, or as many.
        """
        unbuilt = {
            layer: (layer._weights_for, list(layer.own_variables))
            for layer in self.walk()
            if layer.input_shape is None
        }
        try:
            arguments, training = self._bound(x, more, named)
            if holds_placeholders(arguments):
                return self.connected(arguments, training)
            return self._computed(arguments, self.augments if training is None else training)
        except Exception:
            if not any(hasattr(layer, "network") and layer.built for layer in unbuilt):
                for layer, (shape, variables) in unbuilt.items():
                    layer._unbuild(shape, variables)
            raise

    @property
    def call_parameters(self) -> list[str]:
        """Names of what a call takes, the inputs first."""
        if not self._has_own_call:
            return ["x", "training", "mask", *self.named_inputs, *self.call_options]
        names = list(inspect.signature(type(self).call).parameters)  # type: ignore[attr-defined]
        return [*names[1:], *(n for n in ("training", "mask") if n not in names)]

    @property
    def takes_list(self) -> bool:
        """Whether a list of arrays is a list of inputs, not of samples: layers of one's own."""
        definer = next(c for c in type(self).__mro__ if {"call", "forward"} & vars(c).keys())
        return not definer.__module__.startswith("nnkit.")

    def _bound(
        self, x: Any, more: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[dict[str, Any], bool | None]:
        """The arguments of a call by name, those that were given; and training."""
        names = self.call_parameters
        if len(more) >= len(names):
            raise TypeError(
                f"layer {self.name!r} takes {len(names)} arguments ({', '.join(names)}), got "
                f"{len(more) + 1}"
            )
        given = dict(zip(names[1:], more, strict=False))
        refuse_unknown(f"layer {self.name!r}", named, names)
        given |= named
        if names[0] in given:
            x = given.pop(names[0])
        if x is None:
            raise TypeError(f"layer {self.name!r} is called without {names[0]!r}, its input")
        training = given.pop("training", None)
        if training is not None:
            if not isinstance(training, (bool, int, np.bool_)) or training not in (0, 1):
                raise TypeError(f"{self.name}: training is True or False, got {training!r}")
            training = bool(training)
        return {"x": x, **{k: v for k, v in given.items() if v is not None}}, training

    def connected(self, arguments: dict[str, Any], training: bool | None) -> Any:
        """The placeholders that the layer gives for others: a node of a network."""
        for value in leaves({n: arguments[n] for n in ("x", *self.named_inputs) if n in arguments}):
            if not isinstance(value, Placeholder):
                raise TypeError(
                    f"layer {self.name!r} gets placeholders and {type(value).__name__} together: "
                    "call it with placeholders only, or with arrays only"
                )
        shapes = mapped(lambda p: p.shape, arguments["x"])
        if isinstance(shapes, (list, dict)) and not self.takes_list:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) takes one input, got "
                f"{len(leaves(arguments['x']))}, of the shapes {shapes}; merge them first, for "
                "example with nnkit.layers.concatenate"
            )
        self.ensure_built(shapes)
        node = Node(self, arguments, training, self.shapes_of_outputs(arguments), self.dtype)
        if current_trace() is None:
            self._nodes.append(node)
        return node.outputs

    def shapes_of_outputs(self, arguments: dict[str, Any]) -> Any:
        """The shape of the output, or nested lists of them, for placeholders."""
        if self.is_traced:
            return self._traced_shapes(arguments)
        options = {n: arguments[n] for n in self.call_options if n in arguments}
        shapes = mapped(lambda p: p.shape, arguments["x"])
        return map_shapes(stated_shape, self.compute_output_shape(shapes, **options))

    def _traced_shapes(self, arguments: dict[str, Any]) -> Any:
        """The shapes of what ``call`` gives; not known here is whether there will be masks."""
        try:
            return mapped(lambda p: p.shape, traced(self, arguments, False)[0])
        except Exception:
            if "mask" in arguments or not takes(self.call, "mask"):  # type: ignore[attr-defined]
                raise
            # A call that needs one says so when its uses are known, if there is none.
            masks = mapped(lambda p: Placeholder(p.shape[:2], "bool", "mask"), arguments["x"])
            with suppress(Exception):
                made = traced(self, arguments | {"mask": masks}, False)[0]
                return mapped(lambda p: p.shape, made)
            raise

    def _computed(self, arguments: dict[str, Any], training: bool) -> Any:
        """The layer's output for arrays."""
        x = self.as_inputs(arguments["x"])
        others = {n: self._array_of(n, v) for n, v in arguments.items() if n not in ("x", "mask")}
        shapes = mapped(np.shape, x)
        if self.is_traced and self.input_shape is None:
            self._built_by_tracing({"x": x, **others})
        else:
            self.ensure_built(mapped_shapes(shapes, self._keeps_batch_size))
        masks = self._masks_of(arguments.get("mask"), x)
        arguments = {"x": x, **others}
        graph, form = self._graph_for(self.unfold, arguments, training, masks)
        given = leaves(list(arguments.values()))
        arrays = [value for value in given if isinstance(value, np.ndarray)]
        # In training, and where layers remember a batch, something is changed.
        changes = training or any(layer.states for layer in self.walk())
        with self.turns.alone(writes=changes), self.turns.python():
            if self.is_traced and len(self.parts()) == 1:
                self._keep_for_backward(graph, x)
            if graph.draws:
                graph.draw_anew()
            return packed(form, graph.forward(arrays, masks))

    @property
    def _keeps_batch_size(self) -> bool:
        return any(getattr(layer, "stateful", False) for layer in self.walk())

    def _built_by_tracing(self, arguments: dict[str, Any]) -> None:
        def stand_in(value: Any) -> Any:
            if not isinstance(value, np.ndarray):
                return value
            return Placeholder((None, *value.shape[1:]), str(value.dtype), "x")

        with tracing():
            self.connected({n: mapped(stand_in, v) for n, v in arguments.items()}, False)

    def _array_of(self, name: str, given: Any) -> Any:
        """What a call was given by name, arrays in the layer's data type."""

        def one(value: Any) -> Any:
            if not is_array(value):
                return value
            array = to_numpy(value, f"{self.name}: {name}")
            return array if array.dtype == bool else np.ascontiguousarray(array, self.dtype)

        return mapped(one, given)

    def _masks_of(self, given: Any, x: Any) -> list[np.ndarray | None]:
        """A mask for each input, or None."""
        arrays = leaves(x)
        if given is None:
            return [None] * len(arrays)
        masks = list(given) if isinstance(given, (list, tuple)) and isinstance(x, list) else [given]
        if len(masks) != len(arrays):
            raise ValueError(
                f"layer {self.name!r} has {len(arrays)} inputs, so mask is a list of as many, got "
                f"{len(masks)}"
            )
        return [
            None if m is None else checks.mask(self.name, m, a.shape)
            for m, a in zip(masks, arrays, strict=True)
        ]

    def unfold(self, graph: Graph, arguments: dict[str, Any], training: bool) -> Any:
        """Add a use of the layer to a graph, with all that is in it; the values that it gives.

        Parameters
        ----------
        graph : Graph
        arguments : dict
            By name, with a ``Value`` in place of each array.
        training : bool
        """
        first, *rest = self.parts()
        outputs = first.added_to(graph, arguments, training)
        for part in rest:
            outputs = mapped(partial(_followed, part, graph, training), outputs)
        return outputs

    def added_to(self, graph: Graph, arguments: dict[str, Any], training: bool) -> Any:
        """Add a use of the layer to a graph, without its activation."""
        if not self.is_traced:
            return graph.use(self, arguments, training)
        values: dict[int, Any] = {}

        def stand_in(value: Any) -> Any:
            if not isinstance(value, Value):
                return value
            placeholder = Placeholder(value.shape, value.dtype, "x")
            values[id(placeholder)] = value
            known.append(placeholder)
            return placeholder

        known: list[Placeholder] = []
        given = {name: mapped(stand_in, value) for name, value in arguments.items()}
        if "mask" not in given and takes(self.call, "mask"):  # type: ignore[attr-defined]
            mask = mapped(lambda v: graph.mask_of(v, training), arguments["x"])
            given["mask"] = mapped(stand_in, mask)
        outputs, losses = traced(self, given, training)
        nodes = topological([*leaves(outputs), *losses], known)
        check_owned(self, nodes)
        found = graph.follow(nodes, values, [outputs, losses], training, self.name)
        graph.add_losses(found[1], training)
        graph.let_decide(self, arguments["x"], found[0])
        return found[0]

    @property
    def built(self) -> bool:
        """Whether the weights exist. What is assigned to it is forgotten: nnkit knows it."""
        return self.input_shape is not None or self._weights_for is not None

    @built.setter
    def built(self, value: bool) -> None:
        pass  # Layers written for Keras set it at the end of ``build``.

    @property
    def losses(self) -> list[np.ndarray]:
        """The penalties on weights that are trained, as they are now: a number each."""
        found = []
        for variable in self.trainable_weights:
            if variable.regularizer is not None:
                penalty = np.zeros(1)
                variable.regularizer.penalty(variable.value, penalty)
                found.append(penalty[0])
        return found

    @property
    def compute_dtype(self) -> str:
        """The data type of results: that of the layer."""
        return self.dtype

    @property
    def variable_dtype(self) -> str:
        """The data type of weights: that of the layer."""
        return self.dtype

    @property
    def is_traced(self) -> bool:
        """Whether ``call`` says what the layer does."""
        return self._has_own_call

    def add_loss(self, loss: Any) -> None:
        """Add the sum of a placeholder to the loss of the model; for use in ``call``."""
        trace = current_trace()
        if trace is None or not isinstance(loss, Placeholder):
            raise TypeError(
                f"layer {self.name!r}: add_loss is for call, and takes what is computed there with "
                f"layers and nnkit.ops, got {loss!r}"
            )
        trace.losses.append(loss)

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers that it is made of."""
        return self._layers or (owned_layers(self) if self._has_own_call else ())

    @layers.setter
    def layers(self, layers: Sequence[Layer]) -> None:
        self._layers = layers

    @property
    def input(self) -> Any:
        """The placeholders that it was called with.

        Raises
        ------
        AttributeError
            It was called with none, or more than once.
        """
        return self._only_node("input").arguments["x"]

    @property
    def output(self) -> Any:
        """The placeholders that it gave; see :attr:`input`."""
        return self._only_node("output").outputs

    @property
    def output_shape(self) -> Any:
        """The shape of what it gives, batch axis first, or lists of them.

        Raises
        ------
        AttributeError
            It was not called yet, or calls gave different shapes.
        """
        if "output_shape" in vars(self):  # It means something else in a layer of one's own.
            return vars(self)["output_shape"]
        found = [mapped(lambda p: p.shape, node.outputs) for node in self._nodes]
        if not found and self.input_shape is not None:
            found = [self.compute_output_shape(self.input_shape)]
        if not found or any(shape != found[0] for shape in found):
            why = f"its calls gave {found}" if found else "it was not called yet"
            raise AttributeError(f"layer {self.name!r} has no one output_shape: {why}")
        return found[0]

    @output_shape.setter
    def output_shape(self, value: Any) -> None:
        vars(self)["output_shape"] = value

    def forget_call(self, node: Node) -> None:
        """Be as if a call with placeholders had not been."""
        self._nodes = [other for other in self._nodes if other is not node]

    def _only_node(self, name: str) -> Node:
        if len(self._nodes) != 1:
            times = f"{len(self._nodes)} times" if self._nodes else "not yet"
            raise AttributeError(
                f"layer {self.name!r} was called {times} with placeholders, so it has no one {name}"
            )
        return self._nodes[0]

    def as_inputs(self, x: Any) -> Any:
        """What a call is given as x, arrays of the layer's data type."""
        if isinstance(x, dict):
            return {name: self.as_inputs(value) for name, value in x.items()}
        several = isinstance(x, (list, tuple)) and all(is_array(v) and v.ndim > 1 for v in x)
        if several and x and self.takes_list:
            return [self.as_inputs(value) for value in x]
        x = self.as_input(x)
        self.check_values(x, "x")
        return np.ascontiguousarray(x, self.input_dtype)

    def as_input(self, x: Any) -> np.ndarray:
        """What is given as x, as an array of numbers."""
        if checks.is_expression(x):
            raise TypeError(
                f"layer {self.name!r} is called with an expression of nnkit.symbolic; it takes "
                "arrays, or placeholders: what nnkit.Input gives"
            )
        array = to_numpy(x, "x")
        if array.ndim == 0:
            raise ValueError(f"x is the single number {array}; it needs a batch axis")
        return array

    @property
    def input_dtype(self) -> str | None:
        """The data type of its input, to which a model's data are cast; None for any."""
        return self.dtype

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data, and those of every layer."""
        config = super().get_config()
        config.pop("weights", None)  # The first values, which training changes.
        for plan in self._plans:
            for option in ("initializer", "regularizer", "constraint"):
                name = f"{plan}_{option}"
                if name in config:
                    config[name] = to_plain(getattr(self, name))
        if "activation" in config:
            from nnkit import activations  # They are layers.

            config["activation"] = activations.serialize(self.activation)
        if config.get("data_format", "") is None:  # It was chosen when the layer was made.
            config["data_format"] = getattr(self, "data_format", None)
        if "activity_regularizer" in config:
            config["activity_regularizer"] = to_plain(self.activity_regularizer)
        return config | {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make a layer from what :meth:`get_config` returned."""
        config = dict(config)
        if config.get("data_format", "") is None:  # Older files leave it out.
            config["data_format"] = "channels_last"
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
        for name in (*GRAPHS, "_networks"):
            kept.pop(name, None)
        return kept | {"_nodes": []}


def _noted(build: Callable[..., None]) -> Callable[..., None]:
    """A method ``build`` that notes for which shape there are weights: they are made once."""

    @wraps(build)
    def noted(self: Layer, *given: Any, **named: Any) -> None:
        build(self, *given, **named)
        self._weights_for = next(iter((*given, *named.values())), None)

    return noted


@cache
def _apart() -> frozenset[str]:
    """Attributes that all layers have; ``call`` does not compute with them."""
    return frozenset(vars(Layer())) | {*GRAPHS, "_form", "counter"}


def _kind(given: Any) -> Any:
    """What of an argument a graph depends on."""
    return (given.shape, str(given.dtype)) if isinstance(given, np.ndarray) else given


def _followed(part: Layer, graph: Graph, training: bool, y: Value) -> Any:
    return part.added_to(graph, {"x": y}, training)


def _samples(shapes: Any) -> Any:
    """Shapes without the batch axis."""
    return map_shapes(lambda shape: shape[1:], shapes)


def mapped_shapes(shapes: Any, keep_batch: bool) -> Any:
    """Shapes of arrays as those of any batch, unless a layer remembers each row."""
    return map_shapes(lambda shape: shape if keep_batch else (None, *shape[1:]), shapes)


def stated_shape(shape: Any) -> Shape:
    """What ``compute_output_shape`` returned, if it is a shape: all that follows relies on it."""
    sizes = shape if isinstance(shape, (tuple, list)) else ()
    if not sizes or not all(
        n is None or (isinstance(n, int | np.integer) and n >= 0) for n in sizes
    ):
        raise TypeError(
            "compute_output_shape must return a tuple of sizes, the batch's first, such as "
            f"(None, 3); got {shape!r}"
        )
    return tuple(sizes)
